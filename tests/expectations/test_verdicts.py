"""Verdicts fail closed: whatever was not looked at does not pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.catalogue import CATALOGUE
from domain.records import CheckResult, ControlTotals, Outcome
from expectations.statements import Counts
from expectations.verdicts import (
    Judged,
    night_verdict,
    not_judgeable,
    schema_findings,
    table_verdict,
    worst_by_check,
)

DAY = date(2026, 3, 4)
PASSED = CheckResult("payments", "payments.evaluated", "suite", Outcome.PASS, 10, 0, "10 rows", "rows")


def judged(**changes) -> Judged:
    counts = Counts("payments", 1000, 1000, 0, ())
    whole = Judged("payments", True, True, (), counts, ControlTotals(1000, 1000, 0, 0), True, (PASSED,))
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
    ("it has no rows", with_rows(rows=0), Outcome.HALT),
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
