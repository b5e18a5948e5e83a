"""From the payments to what was paid: each difference is covered by reasons with amounts, or it is an error."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from adapters.store.results import write_held, write_kpis
from adapters.store.runs import StageResult, State, finish_stage
from domain.ids import digest_of
from domain.manifest import Stage
from domain.periods import Period
from domain.records import Grain, KpiResult, Unit, ValueState
from incentives.ledger import BatchKind, LedgerKey
from incentives.payroll import Terms
from tasks.stages.payroll import PAYROLL, write_pay_files
from tasks.stages.payroll_return import take_in
from tasks.stages.review import tie_out_of, write_review
from tests.stages.paid import house_policy, line_by, month_end_run, publish_lines

SEPTEMBER = Period(2026, 9)
SCORES = {"E0001": "100", "E0002": "60"}  # 4,200,000 and 2,100,000
CREDITS = {"currency": "VND", "eligible": "1000", "credited": "900", "tie_out": True}


def kpi(grain: Grain, entity: str, value: int) -> KpiResult:
    as_of, amount = date(2026, 9, 30), Decimal(value)
    rule, start = digest_of("recovered"), SEPTEMBER.start
    return KpiResult(
        "recovered", rule, grain, entity, start, as_of, Unit.MONEY, ValueState.VALUE, amount, currency="VND"
    )


@pytest.fixture
def night(world):
    """A night that credited 900 of 1,000: 700 to employees, 200 to a partner."""
    run = month_end_run(world, SEPTEMBER, nonce="night")
    uncredited = [{"reason": "house", "rows": 1, "money": "100"}]
    with world.store.write("test") as connection:
        write_kpis(connection, run, [kpi(Grain.EMPLOYEE, "E0001", 700), kpi(Grain.PARTNER, "R01", 200)])
        summary = {"credits": [{**CREDITS, "uncredited": uncredited}]}
        gated = {"business_date": "2026-09-30", "accepted": {}, "halted": []}
        finish_stage(world.store, connection, run, None, StageResult(Stage.GATE.value, State.DONE, gated))
        finish_stage(world.store, connection, run, None, StageResult(Stage.MEASURE.value, State.DONE, summary))
    return run


def batch_of(world, night, *, decisions=4, posted=None, held=()):
    policy = house_policy(world, "field_vnd")
    inputs = {"critical_fails": "0", "upheld_complaints": "0"}
    lines = [line_by(policy, payee, "field", {**inputs, "score": score}) for payee, score in SCORES.items()]
    run = month_end_run(world, SEPTEMBER, source=night)
    with world.store.write("test") as connection:
        write_held(connection, run, "bonus", held)
    names = {payee for payee, *_ in held}
    return publish_lines(world, run, "field", lines, decisions=decisions, posted=posted, held=names)


def steps_of(world) -> dict[str, tuple[int, dict[str, int]]]:
    (found,), _ = tie_out_of(world, SEPTEMBER)
    (chain,) = found.chains
    return {
        row.step.name: (int(row.step.total), {text: int(amount) for text, amount in row.step.reasons})
        for row in chain.rows
    }


def unexplained(world) -> list[str]:
    _, issues = tie_out_of(world, SEPTEMBER)
    return [f"{issue.code} {issue.location} {issue.message}" for issue in issues]


def test_the_whole_chain_from_payments_to_what_was_paid(world, night, tmp_path):
    batch = batch_of(world, night)
    exports = write_pay_files(world, batch, terms_of=lambda *_: {payee: Terms("PR", "CC") for payee in SCORES})
    assert {export.kind for export in exports} == {"payroll", "journal"}
    back = tmp_path / "back.csv"
    rows = ["line_id,outcome,amount,currency,paid_on,reason", "1-1,paid,4200000,VND,2026-10-05,"]
    back.write_text("\n".join([*rows, "2-1,rejected,2100000,VND,,account closed"]), encoding="utf-8")
    take_in(world, back, by="clerk")
    assert steps_of(world) == {
        "Payments without waivers": (1000, {}),
        "Credited to an owner": (900, {"uncredited: house": -100}),
        "KPI “recovered” of employees": (700, {"counts for partners": -200}),
        "Payout lines": (6_300_000, {}),
        "To be posted by the batches": (6_300_000, {}),
        "Posted in the ledger": (6_300_000, {}),
        "In the payroll files": (6_300_000, {}),
        "Paid, by the return files": (4_200_000, {"rejected: account closed": -2_100_000}),
    }
    assert unexplained(world) == []


def test_before_the_file_is_written_and_answered_the_tie_out_says_so(world, night):
    batch = batch_of(world, night)
    steps = steps_of(world)
    assert steps["In the payroll files"] == (0, {f"{batch} is not written yet": -6_300_000})
    write_pay_files(world, batch, terms_of=lambda *_: {payee: Terms("PR", "CC") for payee in SCORES})
    assert steps_of(world)["Paid, by the return files"] == (0, {"no answer yet": -6_300_000})
    assert unexplained(world) == []


def test_an_unpublished_batch_is_the_reason_why_the_ledger_has_nothing(world, night):
    batch = batch_of(world, night, decisions=3)
    assert steps_of(world)["Posted in the ledger"] == (0, {f"{batch} is approved": -6_300_000})
    assert unexplained(world) == []


def key_of(payee: str) -> LedgerKey:
    return LedgerKey(BatchKind.BONUS, payee, "performance_bonus:field", SEPTEMBER, "VND")


def test_what_was_posted_before_is_a_reason_with_its_amount(world, night):
    batch_of(world, night, posted={key_of("E0001"): 4_000_000}, decisions=3)
    assert steps_of(world)["To be posted by the batches"] == (2_300_000, {"posted before": -4_000_000})
    assert unexplained(world) == []


def test_who_is_held_keeps_what_was_posted_and_that_is_a_reason(world, night):
    held = [("E0009", "performance_bonus:field", "missing_input: no score")]
    batch_of(world, night, posted={key_of("E0009"): 500}, held=held)
    assert steps_of(world)["To be posted by the batches"] == (6_300_000, {"posted before": -500, "held": 500})
    assert unexplained(world) == []


def test_a_key_that_is_neither_posted_nor_held_is_an_error(world, night):
    batch_of(world, night, held=[("E0002", "another_component:field", "missing_input: no score")])
    assert "TIE001 bonus, VND, To be posted by the batches -2100000" in unexplained(world)[0]


def test_credits_that_the_kpi_does_not_have_are_an_error(world, night):
    with world.store.write("test") as connection:
        write_kpis(connection, night, [kpi(Grain.EMPLOYEE, "E0009", 5)])
    batch_of(world, night)
    (found,) = unexplained(world)
    assert found == (
        "TIE001 bonus, VND, KPI “recovered” of employees 5 of the difference -195 to the step before has no reason"
    )


def test_a_payroll_file_without_a_line_of_the_ledger_is_an_error(world, night):
    batch = batch_of(world, night)
    write_pay_files(world, batch, terms_of=lambda *_: {payee: Terms("PR", "CC") for payee in SCORES})
    with world.store.engine.begin() as connection:
        for guard in ("update", "delete", "insert"):
            connection.exec_driver_sql(f"DROP TRIGGER guard_pay_exports_{guard}")
        connection.exec_driver_sql(f"UPDATE pay_exports SET totals = '{{\"VND\":6299999}}' WHERE kind = '{PAYROLL}'")
    assert [each.split(", ")[2].partition(" ")[0] for each in unexplained(world)] == ["In", "Paid"]


def test_it_lies_beside_the_workbook_as_json(world, night):
    batch_of(world, night)
    (path,) = [path for path in write_review(world, SEPTEMBER) if path.name == "bonus-tie-out.json"]
    (chain,) = json.loads(path.read_text(encoding="utf-8"))
    assert (chain["currency"], chain["steps"][1]) == (
        "VND",
        {
            "step": "Credited to an owner",
            "total": "900",
            "difference": "-100",
            "reasons": [{"reason": "uncredited: house", "amount": "-100"}],
            "unexplained": "0",
        },
    )
