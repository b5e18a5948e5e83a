"""What makes an approved batch void although its rows, rules and inputs are as they were."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.store.batches import batch_named, insert_decision
from adapters.store.ledger import read_entries
from domain.ids import VersionId, digest_of
from domain.manifest import Input
from domain.periods import Period
from flows.cli import app
from incentives.ledger import BatchKind
from tasks.stages import decide
from tasks.stages.calculation import pay_calculation_version
from tasks.stages.disputes import batch_to_adjust
from tasks.stages.settling import Case
from tests.stages.paid import CHAIN, house_policy, line_by, month_end_run, publish_lines

SEPTEMBER = Period(2026, 9)
SCORES = {"score": "80", "critical_fails": "0", "upheld_complaints": "0"}


@pytest.mark.parametrize(("program", "is_void"), [("another one", True), ("this one", False)])
def test_a_batch_that_another_version_of_the_program_calculated_is_not_paid(any_world, program, is_void):
    line = line_by(house_policy(any_world, "field_vnd"), "E0001", "field", SCORES)
    calculation = digest_of(program) if is_void else pay_calculation_version()
    accounts = Input("accounts", SEPTEMBER.last_day, VersionId("0" * 64))
    run = month_end_run(any_world, SEPTEMBER, calculation=calculation, landed=(accounts,))
    batch = publish_lines(any_world, run, "field", [line], decisions=len(CHAIN))
    refused = _refusal(lambda: decide.publish(any_world, batch, by="publisher"))
    assert ("BAT016 another version of Recoup calculates now" in refused) is is_void
    with any_world.store.read() as connection:
        assert bool(read_entries(connection)) is not is_void


def _refusal(action):
    try:
        action()
    except RefusedError as error:
        return str(error)
    return ""


def decided(world, batch, decision, step=1):
    """The decision stands in the store, whoever made it."""
    row = {"batch_id": batch, "step": step, "decision": decision, "role": "preparer", "by_name": "preparer"}
    with world.store.write("test") as connection:
        insert_decision(world.store, connection, {**row, "reason": "prepared again", "content_hash": "0" * 64})


def batches_of(world, *scopes):
    """A prepared batch for each of the scopes, in this order; the same scope may come again."""
    policy = house_policy(world, "field_vnd")
    found = []
    for number, scope in enumerate(scopes):
        run = month_end_run(world, SEPTEMBER, nonce=str(number))
        found.append(publish_lines(world, run, scope, [line_by(policy, "E0001", scope, SCORES)], decisions=0))
    return found


def named(world, prefix):
    with world.store.read() as connection:
        return batch_named(connection, prefix).batch_id


@pytest.mark.parametrize("decision", ["void", "returned"])
def test_the_beginning_of_an_id_means_the_batch_that_still_counts(any_world, decision):
    before, now = batches_of(any_world, "field", "field")
    assert "should name one batch" in _refusal(lambda: named(any_world, "bonus-2026-09-field"))
    decided(any_world, before, decision)
    assert named(any_world, "bonus-2026-09-field") == now
    assert named(any_world, before) == before, "a whole id means itself"
    decided(any_world, now, "void")
    assert "should name one batch" in _refusal(lambda: named(any_world, "bonus-2026-09-field"))


def test_another_department_is_never_meant_because_the_first_ones_batch_is_void(any_world):
    before, _ = batches_of(any_world, "field", "field_south")
    decided(any_world, before, "void")
    assert "should name one batch" in _refusal(lambda: named(any_world, "bonus-2026-09-field"))


def test_approving_by_the_beginning_of_an_id_says_which_batch_is_meant(world, monkeypatch):
    before, now = batches_of(world, "field", "field")
    decided(world, before, "void")
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    done = CliRunner().invoke(app, ["hold", "bonus-2026-09-field", "--by", "demo hr", "--reason", "a doubt"])
    told = " ".join(done.stdout.split())
    assert f"bonus-2026-09-field means {now}: another one is void or returned" in told, done.output


def test_an_upheld_dispute_is_settled_in_the_batch_that_took_the_place_of_the_void_one(any_world):
    before, now, other = batches_of(any_world, "field", "field", "legal")
    case = Case(None, before, BatchKind.BONUS, "field", SEPTEMBER, "E0001", "performance_bonus:field")
    assert batch_to_adjust(any_world, case) in {before, now}
    decided(any_world, before, "void")
    assert batch_to_adjust(any_world, case) == now
    decided(any_world, now, "void")
    assert batch_to_adjust(any_world, case) == before != other
