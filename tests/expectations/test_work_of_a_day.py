"""Calls beside attendance, leave, clocks and earlier days: each fault as the check that names it, and quiet days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from adapters.suite_runner import run_suites
from domain.records import CheckResult, Outcome
from expectations.batch_checks import suite_for
from expectations.suites import Baseline, DayKind, Night
from tests.expectations.conftest import Book, new_book

DAY = date(2026, 3, 4)
EARLIER = [DAY - timedelta(days=back) for back in range(1, 15)]
EMPLOYEES, CALLS = 12, 50

Rows = list[dict[str, Any]]
Judge = Callable[..., dict[str, CheckResult]]


@pytest.fixture(scope="module")
def calls(good):
    """`calls(day, {n: how many})`: answered calls of a minute, to each account in turn, by employee number."""

    def make(day: date, by_employee: dict[int, int]) -> Rows:
        return [
            _call(good, day, employee, number) for employee, count in by_employee.items() for number in range(count)
        ]

    return make


def _call(good, day: date, employee: int, number: int) -> dict[str, Any]:
    account = f"A{(employee * CALLS + number) % 100}"
    started = datetime.combine(day, datetime.min.time()) + timedelta(hours=2 + number % 8, minutes=employee)
    return good(
        "contacts",
        contact_id=f"C{day}-{employee}-{number}",
        account_id=account,
        party_id=f"X{account}",
        contact_point_id=f"N{account}",
        employee_id=f"E{employee}",
        started_at=started,
        started_wall=started + timedelta(hours=7),
        outcome="talked" if number % 2 else "no_answer",
        duration_seconds=60 + number if number % 2 else 0,
    )


@pytest.fixture(scope="module")
def standing(good, calls) -> dict[str, Rows]:
    """A book of a hundred accounts and two weeks of calls."""
    everybody = range(EMPLOYEES)
    usual = dict.fromkeys(everybody, CALLS)
    earlier = [row for day in EARLIER for row in calls(day, usual)]
    return {
        "accounts": [good("accounts", account_id=f"A{n}", debtor_id=f"D{n}") for n in range(100)],
        "parties": [good("parties", party_id=f"XA{n}", debtor_id=f"D{n}") for n in range(100)],
        "employees": [good("employees", employee_id=f"E{n}") for n in everybody],
        "staff_postings": [good("staff_postings", employee_id=f"E{n}") for n in everybody],
        "attendance": [good("attendance", employee_id=f"E{n}", minutes_on_calls=35) for n in everybody],
        "leave": [good("leave", employee_id="E0")],
        "contacts": calls(DAY, usual),
        "contacts_history": earlier,
        "contacts_alike": earlier,
    }


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def standing_book(request, standing) -> Iterator[Book]:
    """The book on either database, filled once: whoever changes a table puts it back."""
    url = "duckdb:///:memory:" if request.param == "duckdb" else request.getfixturevalue("postgresql")
    with new_book(url) as book:
        book.fill(**standing)
        yield book


@pytest.fixture
def judge(standing_book, standing, thresholds) -> Iterator[Judge]:
    """The results of the suite of contacts, by check, over the standing book with some tables replaced."""
    replaced: set[str] = set()

    def of(*, working_day: bool = True, **tables: Rows) -> dict[str, CheckResult]:
        replaced.update(tables)
        standing_book.fill(**{**{name: standing[name] for name in replaced}, **tables})
        landed = frozenset({"accounts", "contacts", "attendance"})
        night = Night(
            DAY, DayKind.WORKING if working_day else DayKind.OFF, landed, {}, *[{"contacts": frozenset(EARLIER)}] * 2
        )
        suite = suite_for(thresholds["contacts"], night, Baseline("contacts"))
        (run,) = run_suites([suite], standing_book.connection)
        worst: dict[str, CheckResult] = {}
        for result in run.results:
            if result.check not in worst or result.outcome.rank > worst[result.check].outcome.rank:
                worst[result.check] = result
        return worst

    yield of
    standing_book.fill(**{name: standing[name] for name in replaced})


def test_a_usual_day_passes(judge):
    outcomes = {one.check: one.outcome for one in judge().values()}
    assert {check for check, outcome in outcomes.items() if outcome is not Outcome.PASS} == {"contacts.volume"}
    assert outcomes["contacts.volume"] is Outcome.NOT_YET_KNOWN


def _shifted(rows: Rows, hours: int) -> Rows:
    return [row | {"started_wall": row["started_wall"] + timedelta(hours=hours)} for row in rows]


FAULTS = [
    ("local time written as UTC", lambda rows, _: {"contacts": _shifted(rows, -7)}, "contacts.clocks", Outcome.HALT),
    (
        "one clock is an hour fast",
        lambda rows, _: {"contacts": [*rows[1:], *_shifted(rows[:1], 1)]},
        "contacts.clocks",
        Outcome.WARN,
    ),
    ("calls at night", lambda rows, _: {"contacts": _shifted(rows, 13)}, "contacts.hours", Outcome.HALT),
    (
        "everybody is on leave",
        lambda _, good: {"leave": [_leave(good, n) for n in range(EMPLOYEES)]},
        "contacts.on_leave",
        Outcome.HALT,
    ),
    ("one caller is on leave", lambda _, good: {"leave": [_leave(good, 0)]}, "contacts.on_leave", Outcome.WARN),
    ("nobody came to work", lambda *_: {"attendance": []}, "contacts.at_work", Outcome.HALT),
    ("half of the calls are gone", lambda rows, _: {"contacts": rows[::2]}, "contacts.minutes", Outcome.HALT),
    (
        "the same calls under new keys",
        lambda rows, _: {"contacts": [*rows, *_renamed(rows)]},
        "contacts.repeated",
        Outcome.HALT,
    ),
    ("calls of strangers' debts", lambda rows, _: {"contacts": _moved(rows)}, "contacts.strangers", Outcome.HALT),
    ("milliseconds", lambda rows, _: {"contacts": _longer(rows, 1000)}, "contacts.duration_seconds.mean", Outcome.HALT),
    (
        "every call lasts a minute",
        lambda rows, _: {"contacts": _same_length(rows)},
        "contacts.duration_seconds.commonest",
        Outcome.HALT,
    ),
    ("nobody answers any more", lambda rows, _: {"contacts": _unanswered(rows)}, "contacts.history_mix", Outcome.HALT),
]


def _leave(good, employee: int) -> dict[str, Any]:
    return good("leave", employee_id=f"E{employee}", starts_on=DAY, ends_on=DAY + timedelta(days=1))


def _renamed(rows: Rows) -> Rows:
    return [row | {"contact_id": f"{row['contact_id']}-2"} for row in rows]


def _moved(rows: Rows) -> Rows:
    return [row | {"party_id": "XA0"} for row in rows]


def _longer(rows: Rows, factor: int) -> Rows:
    return [row | {"duration_seconds": row["duration_seconds"] * factor} for row in rows]


def _same_length(rows: Rows) -> Rows:
    return [row | {"duration_seconds": 60 if row["duration_seconds"] else 0} for row in rows]


def _unanswered(rows: Rows) -> Rows:
    return [row | {"outcome": "no_answer", "duration_seconds": 0} for row in rows]


@pytest.mark.parametrize(("spoil", "check", "outcome"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_a_fault_is_told_by_the_check_that_names_it(judge, calls, good, spoil, check, outcome):
    found = judge(**spoil(calls(DAY, dict.fromkeys(range(EMPLOYEES), CALLS)), good))[check]
    assert (found.outcome, bool(found.found), bool(found.hint)) == (outcome, True, True)


@pytest.mark.parametrize(
    ("by_employee", "outcome"),
    [
        (dict.fromkeys(range(EMPLOYEES), CALLS) | {3: 3 * CALLS}, Outcome.PASS),
        (dict.fromkeys(range(EMPLOYEES), CALLS) | {3: 3 * CALLS + 1}, Outcome.WARN),
        (dict.fromkeys(range(4), 4 * CALLS) | dict.fromkeys(range(4, EMPLOYEES), CALLS), Outcome.HALT),
        (dict.fromkeys(range(4), 4 * CALLS), Outcome.PASS),
    ],
    ids=["three times as much", "more than that", "a third of all", "a few stand in for all"],
)
def test_nobody_has_far_more_rows_than_on_their_busiest_day(judge, calls, by_employee, outcome):
    assert judge(contacts=calls(DAY, by_employee))["contacts.by_employee"].outcome is outcome


def test_who_works_on_a_day_off_may_take_the_calls_of_all(judge, calls):
    busy = calls(DAY, dict.fromkeys(range(EMPLOYEES), 4 * CALLS))
    assert "contacts.by_employee" not in judge(contacts=busy, working_day=False)
    assert judge(contacts=busy)["contacts.by_employee"].outcome is Outcome.HALT


@pytest.mark.parametrize(
    ("made", "planned", "outcome"),
    [
        (("met_debtor", "nobody"), 5, Outcome.PASS),
        (("met_debtor", "nobody"), 200, Outcome.PASS),
        (("met_debtor",), 5, Outcome.WARN),
        (("moved",), 5, Outcome.HALT),
    ],
    ids=["as ever", "many are planned", "everybody was met", "everybody moved"],
)
def test_only_visits_that_were_made_are_compared(any_book, good, thresholds, made, planned, outcome):
    def visits(outcomes: tuple[str, ...], number: int) -> Rows:
        done = [good("visits", visit_id=f"V{n}", outcome=outcomes[n % len(outcomes)]) for n in range(40)]
        none = {"made_at": None, "recorded_at": None, "latitude": None, "longitude": None, "outcome": "planned"}
        return [*done, *(good("visits", visit_id=f"W{n}", **none) for n in range(number))]

    any_book.fill(visits=visits(made, planned), visits_alike=visits(("met_debtor", "nobody"), 5))
    earlier = {"visits": frozenset(EARLIER)}
    night = Night(DAY, DayKind.WORKING, frozenset({"visits"}), {}, earlier, earlier)
    (run,) = run_suites([suite_for(thresholds["visits"], night, Baseline("visits"))], any_book.connection)
    found = [one.outcome for one in run.results if one.check == "visits.history_mix"]
    assert max(found, key=lambda one: one.rank) is outcome
