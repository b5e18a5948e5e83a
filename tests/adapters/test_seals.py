"""Rows of a run that were changed, added or taken out by hand are found by name, and the store refuses it before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapters.store.guards import guard_faults, guard_names
from adapters.store.results import write_held, write_kpis, write_payout_lines, write_scores
from adapters.store.runs import begin_attempt, record_run
from adapters.store.schema import RESULTS, STORE
from adapters.store.seals import FIGURES, PAYOUTS, broken_seals, results_digest, write_seals
from domain.ids import digest_of
from domain.manifest import Manifest, RunKind, Stage
from domain.records import Grain, KpiResult, PayoutLine, Score, ScorePart, Step, Unit, ValueState

DAY, RULE = date(2026, 9, 30), digest_of("rule")


def kpi(name, entity, value, currency="VND"):
    halves = Decimal("1.50"), Decimal(3)
    return KpiResult(
        name, RULE, Grain.EMPLOYEE, entity, DAY, DAY, Unit.MONEY, ValueState.VALUE, value, *halves, currency
    )


def score_of(entity):
    part = ScorePart("recovered", *map(Decimal, ("5.10", "4", "1.2", "100", "0.5", "50")), "note")
    return Score("field", RULE, Grain.EMPLOYEE, entity, DAY, DAY, ValueState.VALUE, Decimal("88.0"), (part,))


def line_of(payee):
    steps = (Step("earned", "formula", Decimal("10.0"), (("score", "88"),), "a.yaml:1:1", "vì làm tốt 好"),)
    return PayoutLine(payee, "bonus:field", "2026-09", "VND", Decimal(10), "field", RULE, steps)


def stored(world):
    """A run with rows in every sealed table."""
    manifest = Manifest(RunKind.NIGHTLY, DAY, DAY, (Stage.MEASURE,), digest_of("calculation"), ())
    run = record_run(world.store, manifest, begin_attempt(world.store, "nightly", DAY))
    with world.store.write("test") as connection:
        write_kpis(connection, run, [kpi("recovered", "E1", Decimal("100.50")), kpi("recovered", "E2", None),
                                     kpi("visits", "E1", Decimal(7), "")])  # fmt: skip
        write_scores(connection, run, [score_of("E1"), score_of("E2")])
        write_payout_lines(connection, run, "bonus", [line_of("E1"), line_of("E2")])
        write_held(connection, run, "bonus", [("E3", "", "left")])
        write_seals(connection, run, (*FIGURES, *PAYOUTS))
    return run


@pytest.fixture
def sealed(any_world):
    return any_world, stored(any_world)


def after(world, table, statement, found):
    """What is found once rows were changed past the guards; nothing of it stays."""
    with world.store.engine.connect() as connection, connection.begin() as transaction:
        for guard in guard_names(STORE.tables[table], world.store.dialect):
            on = f" ON {table}" if world.store.dialect == "postgresql" else ""
            connection.execute(sa.text(f"DROP TRIGGER {guard}{on}"))
        assert connection.execute(sa.text(statement)).rowcount
        told = found(connection)
        transaction.rollback()
    return told


EDITS = {
    "UPDATE kpi_results SET value = '101' WHERE kpi = 'recovered' AND entity = 'E1'": (
        "kpi_results: rows changed since they were stored: entity E1; kpi recovered"
    ),
    "UPDATE kpi_results SET value = '0' WHERE entity = 'E2'": (
        "kpi_results: rows changed since they were stored: entity E2; kpi recovered"
    ),
    "DELETE FROM kpi_results WHERE kpi = 'visits'": (
        "kpi_results: 1 row missing since they were stored: entity E1; kpi visits"
    ),
    "INSERT INTO kpi_results SELECT run_id, kpi, grain, 'E9', currency, rule, start, as_of, unit, state, value, "
    "numerator, denominator FROM kpi_results WHERE kpi = 'visits'": (
        "kpi_results: 1 row added since they were stored: entity E9; kpi visits"
    ),
    "UPDATE scores SET score = '99', parts = replace(parts, '50', '61') WHERE entity = 'E1'": (
        "scores: rows changed since they were stored: entity E1; scorecard field"
    ),
    "UPDATE payout_lines SET steps = replace(steps, '88', '89') WHERE payee = 'E2'": (
        "payout_lines: rows changed since they were stored: component bonus:field; payee E2"
    ),
    "DELETE FROM held_payees": "held_payees: 1 row missing since they were stored: component (everything); payee E3",
}


def test_what_differs_is_told_by_table_and_row(sealed):
    world, run = sealed
    with world.store.read() as connection:
        assert list(broken_seals(connection, run)) == []
    for statement, said in EDITS.items():
        found = after(world, said.partition(":")[0], statement, lambda each: list(map(str, broken_seals(each, run))))
        assert found == [said]


def test_a_seal_that_was_edited_with_its_rows_is_another_one_under_the_month(sealed):
    """The month-end's manifest, and so its id and its ledger entries, hold the digest of the seals."""
    world, run = sealed
    with world.store.read() as connection:
        before = results_digest(connection, run, FIGURES)
    statement = "UPDATE result_seals SET digest = 'other' WHERE table_name = 'scores'"
    now = after(world, "result_seals", statement, lambda each: results_digest(each, run, FIGURES))
    assert before not in {None, now}
    assert len(after(world, "result_seals", statement, lambda each: list(broken_seals(each, run)))) == 1


def test_both_databases_have_the_same_seals(sealed):
    """The digests are stated here: the same text of a row on both, in any alphabet."""
    with sealed[0].store.read() as connection:
        seals = dict(connection.execute(sa.text("SELECT table_name, digest FROM result_seals")).all())
    assert {name: digest[:12] for name, digest in seals.items()} == {
        "held_payees": "ccffe2683c94",
        "kpi_results": "0aa8948ab7ef",
        "payout_lines": "324c49583909",
        "scores": "486ce76c3fc9",
    }


def test_what_a_run_stored_is_neither_changed_nor_taken_away(sealed):
    """Tables with rows refuse it; of all of them the guards are there, and their absence is seen at every start."""
    world, _ = sealed
    for statement in ("UPDATE scores SET score = '1'", "DELETE FROM kpi_results", "DELETE FROM payout_lines"):
        with pytest.raises(sa.exc.DBAPIError, match="is append-only"), world.store.write("test") as connection:
            connection.execute(sa.text(statement))
    with world.store.read() as connection:
        assert guard_faults(connection, RESULTS) == ()
