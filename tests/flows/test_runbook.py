"""Each failure leads to an entry of the runbook that is there."""

import re
from pathlib import Path

import pytest

from adapters.settings import Settings
from flows import runbook
from flows.automations import notices
from flows.runbook import PAGE, runbook_place
from tests.house.test_codes_are_documented import codes_of_the_sources
from tests.house.test_documents import anchors_of

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
TOLD_ONLY = {"FLW002", "FLW004", "FLW025"}  # in logs, of runs that go on


@pytest.mark.parametrize(
    ("message", "entry"),
    [
        ("the night of 2026-10-30 is halted: payments\npayments.volume: …", "halted"),
        ("FLW001 the book is taken by nightly 2026-10-30", "flw001"),
        ("FLW006 1 of 2 nights did not end well\n2026-10-29: FLW011 nothing has landed", "flw006"),
        ("BAT016 the batch is void", "bat"),
        ("an official run uses signed rules only\nstrategies.yaml SIG002 …", "sig"),
        ("SIM010 the new policies cost 3 % more", "refused"),
        ("no space left on device", "failed"),
        ("another release was made meanwhile; run the stage again", "start-it-again"),
    ],
)
def test_a_message_leads_to_its_entry(message, entry):
    assert runbook_place(message) == f"{PAGE}#{entry}"


def test_every_entry_that_code_can_name_is_there():
    there = anchors_of(TEXT)
    words = set(runbook._WORDS.values())
    codes = {code.lower() for code in codes_of_the_sources() - TOLD_ONLY if code.startswith("FLW")}
    named = {notice.entry for notice in notices(Settings.model_construct())}
    kinds = {kind.lower() for kind in runbook.ENTRIES}
    assert sorted((words | codes | named | kinds | {"failed", "refused"}) - there) == []


def test_every_entry_says_what_to_do():
    for entry in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        assert "**Do**" in entry or "See [FLW" in entry, entry.splitlines()[0]
