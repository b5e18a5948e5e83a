"""Rules that were signed in words which this version of the program no longer has: what people are told who look back
at what was paid by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.signatures import Signed, sign
from adapters.world import open_world
from domain.ids import digest_of
from domain.rules import RuleKind
from flows.cli import app
from tasks.stages.recompute import UnreadableRulesError, contracts_as_signed
from tasks.stages.rules import sound_rules
from tasks.stages.tying import untied
from tests.conftest import SteppingClock, copy_of
from tests.stages.claimed import night, rule_book, settle, sign_all
from tests.stages.test_claims import BOOK, CLAIMS, END, pay
from tests.stages.test_month_end import edited

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


@pytest.fixture(scope="module")
def paid_world(tmp_path_factory):
    """September, settled and paid by the contract of `claimed`."""
    rules = rule_book(tmp_path_factory.mktemp("rules"))
    found = open_world(Settings(home=tmp_path_factory.mktemp("paid") / "home", rules=rules), clock=SteppingClock())
    sign_all(found)
    night(found, END, BOOK)
    night(found, CLAIMS, BOOK)
    settle(found, "2026-09", CLAIMS)
    assert pay(found) == {"fee:by_claims 2026-09": 300_000, "vat:by_claims 2026-09": 30_000}
    return found


@pytest.fixture
def paid(request, tmp_path, paid_world):
    with copy_of(paid_world, tmp_path / "home", request) as found:
        yield found


def typed(world, *words: str) -> tuple[int, str]:
    env = {"RECOUP_HOME": str(world.settings.home), "RECOUP_RULES": str(world.settings.rules), "COLUMNS": "400"}
    result = CliRunner().invoke(app, words, env=env)
    assert result.exception is None or isinstance(result.exception, (SystemExit, RefusedError)), result.exception
    return result.exit_code, result.output + str(result.exception or "")


def in_other_words(world, kind: str) -> None:
    assert edited(
        world, f"UPDATE rule_signatures SET content = replace(content, 'title', 'name') WHERE kind = '{kind}'"
    )


def test_what_was_paid_by_a_contract_in_words_of_before_is_told_and_nothing_else_is_said_to_be_wrong(paid):
    assert typed(paid, "verify") == (0, "2 entries, 0 findings\n")
    in_other_words(paid, "contract")
    code, said = typed(paid, "verify", "--json")
    assert code == 1
    assert said.count("LED024") == 1
    assert "contract by_claims from 2026-01-01" in said
    assert "Nothing is known to be wrong" in said
    code, said = typed(paid, "explain", "payout", "R01", "--period", "2026-09")
    assert code == 1
    assert "LED024" in said
    assert "fee:by_claims 2026-09: 300,000 VND" in said


def test_a_policy_that_does_not_decode_any_more_keeps_nobody_from_an_explanation(paid):
    """It was a traceback: every policy that was ever signed was read, whoever was asked about."""
    in_other_words(paid, "policy")
    _, said = typed(paid, "explain", "payout", "R01", "--period", "2026-09")
    assert "fee:by_claims 2026-09: 300,000 VND" in said
    assert "LED024" in said


def test_the_scores_of_a_night_whose_rules_cannot_be_read_are_not_said_to_be_wrong(paid):
    """Nor are they said to hold together: a KPI that is left out counts the wrong way round."""
    rules = sound_rules(paid.settings.rules)
    kinds = {RuleKind.KPI, RuleKind.SCORECARD}
    versions = tuple(version for version in rules.reached(END) if version.kind in kinds)
    run = night(paid, END, BOOK, rules=versions)
    with paid.store.read() as connection:
        assert untied(connection, run) == ()
    in_other_words(paid, "scorecard")
    with paid.store.read() as connection:
        (found,) = untied(connection, run)
    assert found.code == "LED024"
    assert "scorecard field_scorecard from 2000-01-01" in found.message


def test_a_night_whose_rules_of_then_cannot_be_read_is_refused_with_what_to_do(paid, contents):
    """The files have moved on since, and what the store has is in words of before."""
    old = next(each for each in contents if each.version.id == "standard_vnd")
    words = {key: value for key, value in old.content.items() if key != "schedule"} | {"schedule": OLD_SCHEDULE}
    version = replace(old.version, digest=digest_of(words))
    sign(paid.store, [replace(old, version=version, content=words)], proposer="a", signer="b")
    night(paid, END, BOOK, rules=(replace(version, proposer="a", signer="b"),))
    code, said = typed(paid, "explain", "payout", "R01", "--period", "2026-09")
    assert code == 1
    assert "RUL012 this version of Recoup cannot read the rules of this night" in said
