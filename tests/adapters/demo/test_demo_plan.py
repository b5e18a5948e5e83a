"""Which plans make no book."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from adapters.demo import DemoPlan
from adapters.demo.calendars import calendar_days
from adapters.demo.draws import MACROS, Draws
from domain.periods import Period

GOOD = {
    "accounts": 200,
    "employees": 20,
    "partners": 2,
    "start": date(2026, 9, 1),
    "end": date(2026, 9, 30),
    "seed": 1,
}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"accounts": 99}, "accounts: from 100"),
        ({"accounts": 100_000_000}, "accounts: from 100 to 99999999"),
        ({"employees": 14}, "employees: at least 15"),
        ({"partners": 1}, "partners: at least 2"),
        ({"end": date(2026, 8, 31)}, "before it starts"),
        ({"seed": -1}, "seed: zero or more"),
        ({"state_dates": (date(2026, 10, 1),)}, "state dates outside the book: 2026-10-01"),
    ],
)
def test_a_plan_that_makes_no_book_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        DemoPlan(**{**GOOD, **wrong})


def test_a_plan_knows_its_days_and_months():
    plan = DemoPlan(**{**GOOD, "start": date(2026, 9, 30), "end": date(2026, 10, 1)})
    assert plan.days == plan.dates_of_state == (date(2026, 9, 30), date(2026, 10, 1))
    assert plan.months == (Period(2026, 9), Period(2026, 10))


def test_a_draw_is_the_same_in_python_and_in_sql():
    draws, connection = Draws(5), duckdb.connect()
    connection.execute(MACROS)
    query = f"SELECT list({draws.sql('test', 'range', 1000)} ORDER BY range) FROM range(1000)"
    ((drawn,),) = connection.execute(query).fetchall()
    assert drawn == [draws.number("test", key, below=1000) for key in range(1000)]
    assert abs(Decimal(sum(drawn)) / 1000 - Decimal("499.5")) < 30


@pytest.mark.parametrize(
    ("jurisdiction", "day", "works"),
    [
        ("VN", date(2026, 8, 22), True),  # a Saturday worked for the Monday before National Day
        ("VN", date(2026, 8, 31), False),
        ("VN", date(2026, 1, 10), True),  # known from the overrides alone
        ("VN", date(2026, 1, 2), False),
        ("CN", date(2026, 10, 10), True),  # a Saturday worked for Golden Week
        ("CN", date(2026, 10, 7), False),
        ("VN", date(2026, 10, 7), True),
        ("VN", date(2026, 10, 10), False),
    ],
)
def test_calendars_know_holidays_and_make_up_workdays(jurisdiction, day, works):
    days = {(each.jurisdiction, each.day): each for each in calendar_days(date(2026, 1, 1), date(2027, 1, 1))}
    assert days[jurisdiction, day].is_working_day is works
