"""Verdicts fail closed: whatever was not looked at does not pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.catalogue import CATALOGUE
from domain.records import CheckResult, ControlTotals, Outcome
from expectations.limits import MoneyLimit, ReasonLimits
from expectations.stated import Statement
from expectations.statements import ALL_REASONS, Counts, SetAside
from expectations.verdicts import (
    Judged,
    night_verdict,
    not_judgeable,
    schema_findings,
    table_verdict,
    worst_by_check,
)

DAY = date(2026, 3, 4)
PASSED = CheckResult("payments", "payments.rows", "suite", Outcome.PASS, 10, 0, "10 rows", "rows")


def judged(**changes) -> Judged:
    counts = Counts("payments", 1000, 1000, 0, ())
    whole = Judged(
        "payments",
        landed=True,
        sent_before=True,
        counts=counts,
        totals=ControlTotals(1000, 1000, 0, 0),
        has_suite=True,
        suite=(PASSED,),
    )
    return replace(whole, **changes)


def with_rows(*, bad: int = 0, double: int = 0, rows: int = 1000) -> Judged:
    counts = Counts("payments", rows, rows, bad, (("payments.channel.code", bad),))
    return judged(counts=counts, totals=ControlTotals(rows, rows - bad - double, bad, double))


CASES = [
    ("everything is in order", judged(), Outcome.PASS),
    ("its suite was not run", judged(suite=None), Outcome.HALT),
    ("its suite has no results", judged(suite=()), Outcome.HALT),
    ("it has no suite", judged(suite=None, has_suite=False), Outcome.PASS),
    ("its rows were not counted", judged(counts=None), Outcome.HALT),
    ("its totals were not taken", judged(totals=None), Outcome.HALT),
    ("rows got lost", judged(totals=ControlTotals(1000, 998, 1, 0)), Outcome.HALT),
    (
        "money got lost",
        judged(totals=ControlTotals(1, 1, 0, 0, (("VND", Decimal(9), Decimal(8), Decimal(0), Decimal(0)),))),
        Outcome.HALT,
    ),
    ("it is missing, and always due", judged(landed=False), Outcome.HALT),
    ("it has no suite and no rows", replace(with_rows(rows=0), has_suite=False, suite=None), Outcome.HALT),
    ("one row is bad", with_rows(bad=1), Outcome.WARN),
    ("at the limit of the share", with_rows(bad=10), Outcome.WARN),
    ("above it", with_rows(bad=11), Outcome.HALT),
    ("rows that are spared", with_rows(bad=3, rows=5), Outcome.WARN),
    ("more than are spared", with_rows(bad=4, rows=5), Outcome.HALT),
    ("one copy", with_rows(double=1), Outcome.WARN),
    ("a doubled file", with_rows(double=500), Outcome.HALT),
    ("a check not yet known", judged(suite=(replace(PASSED, outcome=Outcome.NOT_YET_KNOWN),)), Outcome.NOT_YET_KNOWN),
    ("a check that halts", judged(suite=(PASSED, replace(PASSED, check="x", outcome=Outcome.HALT))), Outcome.HALT),
]


@pytest.mark.parametrize(("one", "outcome"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_outcome_of_a_table(thresholds, one, outcome):
    assert table_verdict(one, thresholds["payments"], working_day=True).outcome is outcome


def test_a_table_without_thresholds_halts():
    verdict = table_verdict(judged(), None, working_day=True)
    assert verdict.outcome is Outcome.HALT
    assert verdict.checks[0].found == "no thresholds in force"


def test_a_night_without_tables_halts(thresholds):
    assert night_verdict(DAY, (), thresholds, working_day=True).outcome is Outcome.HALT


@pytest.mark.parametrize(
    ("table", "sent_before", "outcome"),
    [
        ("payments", False, Outcome.HALT),
        ("contacts", True, Outcome.HALT),
        ("contacts", False, None),
        ("leave", True, Outcome.WARN),
        ("leave", False, None),
        ("opening_dispatch", True, None),
    ],
)
def test_a_missing_extract(thresholds, table, sent_before, outcome):
    """Always due, due once it has come, used in its last version, or wanted only once; None is nothing to say."""
    verdict = table_verdict(Judged(table, landed=False, sent_before=sent_before), thresholds[table], working_day=True)
    assert (verdict and verdict.outcome) is outcome


DUE = {"payment_id": "VARCHAR", "amount": "DECIMAL(18,4)"}


@pytest.mark.parametrize(
    ("landed", "check", "outcome", "found"),
    [
        ({"payment_id": "VARCHAR"}, "payments.amount.column", Outcome.HALT, 'no column "amount"'),
        ({**DUE, "amount": "DOUBLE"}, "payments.amount.type", Outcome.HALT, "amount is DOUBLE"),
        ({**DUE, "note": "VARCHAR"}, "payments.note.extra", Outcome.WARN, 'a column "note" more'),
    ],
    ids=["a dropped column", "another type", "a column more"],
)
def test_columns_of_a_landed_file(thresholds, landed, check, outcome, found):
    (finding,) = schema_findings(CATALOGUE["payments"], landed, DUE)
    assert (finding.check, finding.outcome, finding.found) == (check, outcome, found)
    verdict = table_verdict(judged(schema=(finding,)), thresholds["payments"], working_day=True)
    assert verdict.outcome is outcome


def test_a_renamed_column_is_recognised():
    findings = schema_findings(CATALOGUE["payments"], {"payment_id": "VARCHAR", "amount_paid": "VARCHAR"}, DUE)
    assert findings[0].hint == 'Did you mean "amount_paid"?'


def test_nothing_is_found_in_the_catalogues_own_columns():
    assert schema_findings(CATALOGUE["payments"], DUE, DUE) == ()


def test_a_table_that_refers_to_an_unreadable_one_is_not_judged():
    finding = not_judgeable("payments", ("payments", "accounts", "payments_history"), {"accounts", "visits"})
    assert finding.outcome is Outcome.HALT
    assert finding.found == "the columns of accounts cannot be read"
    assert not_judgeable("payments", ("payments", "accounts"), {"payments", "visits"}) is None


def test_of_two_levels_of_one_check_the_graver_counts():
    warn, halt = (replace(PASSED, outcome=outcome) for outcome in (Outcome.WARN, Outcome.HALT))
    assert worst_by_check((PASSED, halt, warn, replace(PASSED, check="b"))) == (halt, replace(PASSED, check="b"))


def test_the_verdict_names_the_tables_that_halt(thresholds):
    verdict = night_verdict(DAY, (judged(), Judged("accounts", False, True)), thresholds, working_day=True)
    assert verdict.halted == frozenset({"accounts"})
    assert verdict.tables[1].checks[0].found == "no extract has landed"


REASON = "payments.amount.split"
LIMITED = [
    # rows set aside for the reason, their money in VND, the reason's limits, outcome of that check
    (2, 900, {"halt_share": 1}, Outcome.WARN),
    (2, 900, {"halt_share": 1, "halt_rows": 1}, Outcome.HALT),
    (2, 900, {"halt_share": "0.001"}, Outcome.HALT),
    (2, 900, {"halt_share": 1, "halt_money": [{"currency": "VND", "amount": 900}]}, Outcome.WARN),
    (2, 901, {"halt_share": 1, "halt_money": [{"currency": "VND", "amount": 900}]}, Outcome.HALT),
    (2, 901, {"halt_share": 1, "halt_money": [{"currency": "CNY", "amount": 1}]}, Outcome.WARN),
]


@pytest.mark.parametrize(("rows", "money", "limits", "outcome"), LIMITED)
def test_one_reason_halts_by_its_own_limits(thresholds, rows, money, limits, outcome):
    limited = thresholds["payments"].quarantine.model_copy(
        update={"rules": (ReasonLimits.model_validate({"reason": REASON, **limits}),)}
    )
    aside = SetAside(((ALL_REASONS, rows, (("VND", Decimal(money)),)), (REASON, rows, (("VND", Decimal(money)),))))
    counts = Counts("payments", 1000, 1000, rows, ((REASON, rows),))
    one = judged(counts=counts, totals=ControlTotals(1000, 1000 - rows, rows, 0), set_aside=aside)
    verdict = table_verdict(one, thresholds["payments"].model_copy(update={"quarantine": limited}), working_day=True)
    assert next(check.outcome for check in verdict.checks if check.check == REASON) is outcome


def test_all_that_is_set_aside_halts_by_its_money(thresholds):
    limit = MoneyLimit(currency="VND", amount=Decimal(1_000_000))
    limited = thresholds["payments"].quarantine.model_copy(update={"halt_money": (limit,)})
    aside = SetAside(((ALL_REASONS, 1, (("VND", Decimal(1_000_001)),)),))
    verdict = table_verdict(
        replace(with_rows(bad=1), set_aside=aside),
        thresholds["payments"].model_copy(update={"quarantine": limited}),
        working_day=True,
    )
    (check,) = [check for check in verdict.checks if check.outcome is Outcome.HALT]
    assert check.check == "payments.quarantine"
    assert "1,000,001 VND" in check.found
    assert "at most 1,000,000 VND" in check.expected


STATED = [
    (Statement("payments", "", 1000, None), Outcome.PASS),
    (Statement("payments", "", 1001, None), Outcome.HALT),
    (Statement("payments", "VND", None, Decimal(500)), Outcome.PASS),
    (Statement("payments", "VND", 1000, Decimal("500.01")), Outcome.HALT),
    (Statement("payments", "CNY", None, Decimal(1)), Outcome.HALT),
    (Statement("payments", "CNY", None, Decimal(0)), Outcome.PASS),
]


@pytest.mark.parametrize(("statement", "outcome"), STATED)
def test_what_the_source_states_is_what_landed(thresholds, statement, outcome):
    five, none = Decimal(500), Decimal(0)
    totals = ControlTotals(1000, 1000, 0, 0, (("VND", five, five, none, none),))
    verdict = table_verdict(judged(totals=totals, stated=(statement,)), thresholds["payments"], working_day=True)
    (check,) = [check for check in verdict.checks if check.check == "payments.stated_totals"]
    assert check.outcome is outcome


def test_where_the_source_states_nothing_there_is_no_such_check(thresholds):
    verdict = table_verdict(judged(), thresholds["payments"], working_day=True)
    assert "payments.stated_totals" not in {check.check for check in verdict.checks}
