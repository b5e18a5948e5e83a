"""The checklist of going live: each item open at first, each closed by what it asks for, and by nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.environment import name_environment
from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.runs import StageResult, State, begin_attempt, finish_stage
from adapters.store.schema import releases, runs
from adapters.store.signatures import sign
from adapters.world import open_world
from tasks.checkup.going_live import ASKED, confirm, look_at_going_live
from tasks.stages.rules import read_rules
from tests.conftest import SteppingClock

NOW = datetime(2026, 10, 1, tzinfo=UTC)
SEEN = ("environment", "signed rules", "people", "opening of the dispatch", "opening of pay", "dry week", "ledger")


@pytest.fixture
def world(tmp_path):
    """Named production; below its home there is no rule book, which would take seconds to read."""
    home = tmp_path / "home"
    return open_world(Settings(home=home, rules=home, environment="production"), clock=SteppingClock(NOW))


def open_items(world):
    return {each.about: [issue.code for issue in each.issues] for each in look_at_going_live(world) if each.issues}


def attempt_of(world):
    return begin_attempt(world.store, "test", None)


def night(world, day, *, stages=("gate", "report"), outcome=State.DONE):
    run = f"run-{day}"
    with world.store.write("test") as connection:
        connection.execute(
            runs.insert().values(run_id=run, kind="nightly", business_date=day, manifest={}, recorded_at=NOW)
        )
        for stage in stages:
            finish_stage(world.store, connection, run, None, StageResult(stage, outcome, {}))


def test_at_first_everything_but_an_empty_ledger_is_open(world):
    found = open_items(world)
    assert set(found) == {*(name for name in SEEN if name not in {"signed rules", "ledger"}), *(a.item for a in ASKED)}
    assert {code for codes in found.values() for code in codes} == {"DOC030", "DOC031"}


def test_a_store_that_is_named_production_is(world):
    name_environment(world.settings, world.store, attempt_of(world), by="ops", reason="")
    assert "environment" not in open_items(world)


def test_an_opening_of_the_dispatch_is_seen_with_who_made_it(world):
    with world.store.write("test") as connection:
        connection.execute(
            releases.insert().values(sequence=1, release_id="r", kind="opening", valid_from=date(2026, 9, 1), path="p",
                                     sha256="s", rows=451, by_name="ops", reason="", recorded_at=NOW)
        )  # fmt: skip
    (found,) = [each for each in look_at_going_live(world) if each.about == "opening of the dispatch"]
    assert (found.found, found.issues) == ("451 accounts from 2026-09-01 on, by ops", ())


def test_where_there_is_no_state_of_pay_somebody_says_so(world):
    confirm(world, "nothing-carried-over", attempt_of(world), by="hr", note="the first year")
    assert "opening of pay" not in open_items(world)


@pytest.mark.parametrize(
    ("missing", "halted", "is_open"),
    [(None, None, False), (3, None, True), (None, 5, True), (7, None, False)],
    ids=["whole", "a gap", "a halt", "one before the week"],
)
def test_a_dry_week_is_seven_whole_nights_in_a_row(world, missing, halted, is_open):
    for number in range(8):
        if number != missing:
            outcome = State.HALTED if number == halted else State.DONE
            night(world, date(2026, 9, 30) - timedelta(days=number), outcome=outcome)
    assert ("dry week" in open_items(world)) == is_open


def test_nights_that_did_not_report_are_no_dry_week(world):
    for number in range(8):
        night(world, date(2026, 9, 30) - timedelta(days=number), stages=("gate",))
    assert "dry week" in open_items(world)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.item)
def test_what_people_confirm_is_closed_until_its_days_are_over(world, asked):
    confirm(world, asked.item, attempt_of(world), by="head of operations", note="seen on Monday")
    assert asked.item not in open_items(world)
    (found,) = [each for each in look_at_going_live(world) if each.about == asked.item]
    assert found.found == "head of operations, 2026-10-01: seen on Monday"
    for days, codes in ((asked.holds_days, None), (asked.holds_days + 1, ["DOC032"])):
        later = open_world(world.settings, clock=SteppingClock(NOW + timedelta(days=days)))
        assert open_items(later).get(asked.item) == codes


@pytest.mark.parametrize(
    ("item", "by", "note"), [("dry week", "ops", "seen"), ("backup", "", "seen"), ("backup", "ops", " ")]
)
def test_what_is_seen_by_the_program_or_said_by_nobody_is_not_confirmed(world, item, by, note):
    with pytest.raises(RefusedError, match="DOC033"):
        confirm(world, item, attempt_of(world), by=by, note=note)


@pytest.mark.slow
@pytest.mark.parametrize(("signer", "is_open"), [("finance", False), ("demo signer", True), (None, True)])
def test_rules_are_signed_by_people(tmp_path, signer, is_open):
    world = open_world(Settings(home=tmp_path / "home"), clock=SteppingClock(NOW))
    if signer:
        contents = read_rules(world.settings.rules, None).contents()
        sign(world.store, contents, proposer="head of collections", signer=signer)
    found = open_items(world)
    assert ("signed rules" in found) == is_open
    assert "people" not in found, "the house's approvers are several"
