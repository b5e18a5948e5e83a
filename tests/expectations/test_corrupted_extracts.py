"""A clean night passes; each corrupted extract halts or warns, and says what and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.suite_runner import run_suites
from domain.records import CheckResult, Outcome, Verdict
from expectations.batch_checks import suite_for
from expectations.statements import work_for
from expectations.suites import Baseline, DayFigures, DayKind, Night
from expectations.verdicts import Judged, night_verdict

DAY = date(2026, 3, 4)
GATED = ("accounts", "employees", "staff_postings", "parties", "contacts", "payments")

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]


@dataclass(frozen=True)
class Gate:
    """The night's gate over small tables, in the order in which the task runs it."""

    book: Any
    thresholds: Mapping[str, Any]

    def judge(self, tables: Tables, *, baselines: bool = True, working_day: bool = True) -> Verdict:
        self.book.clear()
        self.book.fill(**tables)
        judged = [self._contract(name, rows) for name, rows in tables.items() if name in GATED]
        previous = {"accounts": DAY - timedelta(days=1)} if baselines else {}
        night = Night(DAY, DayKind.WORKING if working_day else DayKind.OFF, frozenset(GATED), previous)
        past = _baselines() if baselines else {}
        suites = [suite_for(self.thresholds[name], night, past.get(name, Baseline(name))) for name in GATED]
        runs = {run.table: run.results for run in run_suites(filter(None, suites), self.book.connection)}
        judged = [replace(one, suite=runs.get(one.table), has_suite=one.table in runs) for one in judged]
        return night_verdict(DAY, judged, self.thresholds, working_day=working_day)

    def _contract(self, name: str, rows: Rows) -> Judged:
        work = work_for(name)
        counts = work.read_counts(self.book.read(work.counts))
        split = work.split(counts)
        totals = work.read_totals(self.book.read(split.totals if split else work.clean_totals))
        if split:
            self.book.fill(**{name: self.book.read(split.accepted)})
        return Judged(name, landed=True, sent_before=True, counts=counts, totals=totals)


@pytest.fixture
def gate(any_book, thresholds):
    return Gate(any_book, thresholds)


@pytest.fixture
def clean(good) -> Tables:
    """A hundred accounts, a fifth of which pay a twentieth of their balance, and a call to each of them."""
    numbers = range(100)
    before = [good("accounts", account_id=f"A{n}", debtor_id=f"D{n}", days_past_due=11) for n in numbers]
    payments = [_payment(good, n) for n in numbers[:20]]
    paid = {one["account_id"]: one["amount"] for one in payments}
    accounts = [
        one | {"balance": one["balance"] - paid.get(one["account_id"], Decimal(0)), "days_past_due": 12}
        for one in before
    ]
    employees = [good("employees", employee_id=f"E{n}") for n in range(10)]
    return {
        "accounts_previous": before,
        "accounts": accounts,
        "employees": employees,
        "staff_postings": [good("staff_postings", employee_id=one["employee_id"]) for one in employees],
        "parties": [good("parties", party_id=f"X{n}", debtor_id=f"D{n}", national_id=f"0012{n:08d}") for n in numbers],
        "contacts": [
            good("contacts", contact_id=f"C{n}", account_id=f"A{n}", party_id=f"X{n}", employee_id=f"E{n % 10}")
            | {"contact_point_id": f"N{n}"}
            for n in numbers
        ],
        "contact_points": [
            {"contact_point_id": f"N{n}", "party_id": f"X{n}", "kind": "phone", "value": f"+8490000{n:04d}"}
            | {"verified_on": None, "state": "active"}
            for n in numbers
        ],
        "payments": payments,
    }


def _payment(good, n: int) -> dict[str, Any]:
    amounts = {"amount": 50_000, "principal": 40_000, "interest": 10_000, "fee": 0}
    return good("payments", payment_id=f"P{n}", account_id=f"A{n}") | {k: Decimal(v) for k, v in amounts.items()}


def _baselines() -> dict[str, Baseline]:
    rows = {"accounts": 100, "employees": 10, "staff_postings": 10, "contacts": 100, "payments": 20}
    sums = {"payments": (("VND", Decimal(1_000_000)),), "accounts": (("VND", Decimal(100_000_000)),)}
    days = [DAY - timedelta(days=back) for back in range(1, 29)]
    return {
        name: Baseline(
            name,
            tuple(
                DayFigures(day, DayKind.OFF if day.weekday() > 4 else DayKind.WORKING, number, sums.get(name, ()))
                for day in days
            ),
        )
        for name, number in rows.items()
    }


def test_a_clean_night_passes(gate, clean):
    verdict = gate.judge(clean)
    fine = {Outcome.PASS, Outcome.NOT_YET_KNOWN}
    assert [str(one) for table in verdict.tables for one in table.checks if one.outcome not in fine] == []
    assert all(table.totals.tie_out for table in verdict.tables)


def test_without_history_it_says_not_yet_known_and_does_not_pass(gate, clean):
    verdict = gate.judge({**clean, "accounts_previous": []}, baselines=False)
    assert [str(one) for table in verdict.tables for one in table.checks if one.outcome is Outcome.HALT] == []
    assert verdict.outcome is Outcome.NOT_YET_KNOWN
    unknown = {one.check for table in verdict.tables for one in table.checks if one.outcome is Outcome.NOT_YET_KNOWN}
    assert unknown >= {"payments.volume", "payments.sum", "payments.mean", "accounts.roll", "accounts.mix"}


def _times(rows: Rows, factor: int, *columns: str) -> Rows:
    return [one | {name: one[name] * factor for name in columns} for one in rows]


_AMOUNTS = ("amount", "principal", "interest", "fee")


def _shifted(rows: Rows, days: int, *columns: str) -> Rows:
    return [one | {name: one[name] + timedelta(days=days) for name in columns} for one in rows]


Corrupt = Callable[[Tables], Tables]

HALTING: list[tuple[str, Corrupt, str, str]] = [
    (
        "payments ×100",
        lambda t: {"payments": _times(t["payments"], 100, *_AMOUNTS)},
        "payments.over_balance",
        "off 20, rows 20",
    ),
    (
        "payments ×100, by their sum",
        lambda t: {"payments": _times(t["payments"], 100, *_AMOUNTS)},
        "payments.sum",
        "currency VND, rows 20, amount 100000000.0000",
    ),
    (
        "payments ×100, against the balances",
        lambda t: {"payments": _times(t["payments"], 100, *_AMOUNTS)},
        "accounts.roll",
        "currency VND, today 99000000.0000, previous 100000000.0000, paid 100000000.0000",
    ),
    (
        "a doubled file",
        lambda t: {"payments": t["payments"] * 2},
        "payments.duplicates",
        "20 of 40 rows (50.00 %): equal rows",
    ),
    (
        "a file doubled with other contents",
        lambda t: {"payments": t["payments"] + [one | {"receipt": "copy"} for one in t["payments"]]},
        "payments.quarantine",
        "40 of 40 rows (100.00 %): payments.duplicate_key",
    ),
    (
        "a file sent eleven times under new keys",
        lambda t: {"contacts": _renamed(t["contacts"], times=11)},
        "contacts.volume",
        "1,100 rows",
    ),
    (
        "yesterday's payments again",
        lambda t: {"payments_history": t["payments"]},
        "payments.quarantine",
        "20 of 20 rows (100.00 %): payments.payment_id.seen_before 20",
    ),
    (
        "calls of another date",
        lambda t: {"contacts": _shifted(t["contacts"], -1, "started_at", "started_wall")},
        "contacts.dates",
        "off 100, rows 100",
    ),
    (
        "half of the book",
        lambda t: {"accounts": t["accounts"][20:70], "payments": [], "contacts": t["contacts"][20:70]},
        "accounts.volume",
        "50 rows",
    ),
    (
        "an empty file",
        lambda t: {"contacts": []},
        "contacts.rows",
        "0 rows",
    ),
    (
        "a product that is missing",
        lambda t: {"accounts": _recoded(t["accounts"], 40), "accounts_previous": t["accounts_previous"]},
        "accounts.mix",
        "column product, code card, now 60, then 100; column product, code overdraft, now 40, then 0",
    ),
    (
        "accounts that were written off are open again",
        lambda t: {"accounts_previous": [one | {"status": "charged_off"} for one in t["accounts_previous"]]},
        "accounts.reopened",
        "off 100, rows 100",
    ),
    (
        "parts that do not add up",
        lambda t: {"payments": _times(t["payments"], 2, "principal")},
        "payments.quarantine",
        "20 of 20 rows (100.00 %): payments.amount.split 20",
    ),
    (
        "staff of another time",
        lambda t: {"staff_postings": _shifted(t["staff_postings"], 90, "valid_from")},
        "contacts.posted",
        "off 100, rows 100",
    ),
]  # fmt: skip


def _renamed(rows: Rows, *, times: int) -> Rows:
    return [one | {"contact_id": f"{one['contact_id']}-{number}"} for one in rows for number in range(times)]


def _recoded(rows: Rows, number: int) -> Rows:
    return [one | {"product": "overdraft"} for one in rows[:number]] + rows[number:]


@pytest.mark.parametrize(
    ("corrupt", "check", "found"), [case[1:] for case in HALTING], ids=[case[0] for case in HALTING]
)
def test_a_corrupted_extract_halts_and_says_what_was_found(gate, clean, corrupt, check, found):
    verdict = gate.judge({**clean, **corrupt(clean)})
    assert verdict.outcome is Outcome.HALT
    result = _result(verdict, check)
    assert (result.outcome, result.found) == (Outcome.HALT, found)
    assert result.expected
    assert result.hint


@pytest.mark.parametrize(
    ("corrupt", "check"),
    [
        (lambda t: {"payments": _times(t["payments"], 100, *_AMOUNTS)}, "payments.over_balance"),
        (lambda t: {"payments": t["payments"] * 2}, "payments.duplicates"),
    ],
    ids=["payments ×100", "a doubled file"],
)
def test_the_first_night_catches_it_without_any_history(gate, clean, corrupt, check):
    verdict = gate.judge({**clean, "accounts_previous": [], **corrupt(clean)}, baselines=False)
    assert _result(verdict, check).outcome is Outcome.HALT


def test_on_the_first_night_payments_that_paid_accounts_off_are_no_flood(gate, clean):
    """A book that begins at a month-end: what is left is nothing, and does not say what was owed."""
    paid = {row["account_id"] for row in clean["payments"]}
    nothing = {"principal": 0, "balance": 0, "overdue_amount": 0, "days_past_due": 0}
    off = [one | nothing if one["account_id"] in paid else one for one in clean["accounts"]]
    verdict = gate.judge({**clean, "accounts_previous": [], "accounts": off}, baselines=False)
    assert _result(verdict, "payments.over_balance").outcome is Outcome.PASS


def test_one_bad_row_warns_and_is_named(gate, clean):
    clean["payments"][0]["channel"] = "cheque"
    verdict = gate.judge(clean)
    assert _result(verdict, "payments.channel.code").found == "1 of 20 rows"
    assert _result(verdict, "payments.quarantine").outcome is Outcome.WARN
    totals = next(table.totals for table in verdict.tables if table.table == "payments")
    assert totals.money == (("VND", Decimal(1_000_000), Decimal(950_000), Decimal(50_000), Decimal(0)),)


def test_a_day_off_may_have_no_calls_and_no_payments(gate, clean):
    quiet = {**clean, "payments": [], "contacts": [], "accounts": clean["accounts_previous"]}
    assert gate.judge(quiet, working_day=False).halted == frozenset()
    assert gate.judge(quiet, working_day=True).halted >= {"contacts", "payments"}


def _result(verdict: Verdict, check: str) -> CheckResult:
    return next(one for table in verdict.tables for one in table.checks if one.check == check)
