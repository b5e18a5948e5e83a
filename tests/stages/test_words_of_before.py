"""Contracts that were signed in words which this version of the program no longer has."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from adapters.settings import Settings
from adapters.store.signatures import Signed
from domain.rules import RuleKind
from tasks.stages.recompute import UnreadableRulesError, contracts_as_signed
from tasks.stages.rules import sound_rules

OLD_SCHEDULE = {"by": "age_at_placement_days", "boundary": "at", "bands": [{"start": "0", "rate": "0.08"}]}


@pytest.fixture(scope="module")
def contents():
    return [each for each in sound_rules(Settings().rules).contents() if each.version.kind is RuleKind.CONTRACT]


def signed(contents, **changed):
    manifest = SimpleNamespace(rules=tuple(each.version for each in contents))
    known = {
        each.version.digest: Signed(
            RuleKind.CONTRACT, each.version.id, each.version.digest, {**each.content, **changed}, "a", "b",
            datetime(2026, 1, 1, tzinfo=UTC),
        )
        for each in contents
    }  # fmt: skip
    return manifest, known


def test_contracts_as_signed_are_read_back_whole(contents):
    book = contracts_as_signed(*signed(contents))
    assert {version.id for version in book.versions()} == {each.version.id for each in contents}


def test_a_contract_in_words_of_before_is_refused_by_name_with_what_cannot_be_read(contents):
    with pytest.raises(UnreadableRulesError, match=r"contract standard_vnd from 2025-01-01.*unknown key"):
        contracts_as_signed(*signed(contents, schedule=OLD_SCHEDULE))
