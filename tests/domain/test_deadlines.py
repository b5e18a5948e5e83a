"""Deadlines in calendar and working days, as a table that compliance could check, and against counting by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deadlines import Calendar, DayCount, after_standing_still, days_between, due_after

# Vietnam around its national day of 2026: the 1st and 2nd of September are holidays, the 5th and 6th a weekend.
HOLIDAYS = {date(2026, 9, 1), date(2026, 9, 2)}
DAYS = [date(2026, 8, 1) + timedelta(days=ahead) for ahead in range(92)]
VIETNAM = Calendar(frozenset(day for day in DAYS if day.weekday() < 5 and day not in HOLIDAYS))


@pytest.mark.parametrize(
    ("start", "days", "count", "due"),
    [
        ("2026-09-03", 7, DayCount.WORKING, "2026-09-14"),
        ("2026-08-31", 1, DayCount.WORKING, "2026-09-03"),
        ("2026-09-04", 1, DayCount.WORKING, "2026-09-07"),
        ("2026-09-05", 1, DayCount.WORKING, "2026-09-07"),
        ("2026-09-04", 0, DayCount.WORKING, "2026-09-04"),
        ("2026-08-31", 15, DayCount.CALENDAR, "2026-09-15"),
    ],
    ids=["seven", "over holidays", "over a weekend", "from a Saturday", "the same day", "calendar days"],
)
def test_the_first_day_counted_is_the_one_after(start, days, count, due):
    found = due_after(date.fromisoformat(start), days, count, VIETNAM)
    assert (found.day, found.is_assumed) == (date.fromisoformat(due), False)


def test_beyond_the_calendar_monday_to_friday_are_taken_and_that_is_said():
    last = VIETNAM.last
    found = due_after(last, 3, DayCount.WORKING, VIETNAM)
    assert found.is_assumed
    assert all(day.weekday() < 5 for day in [found.day])
    assert due_after(date(2026, 9, 1), 1, DayCount.WORKING, Calendar()).is_assumed
    assert not due_after(last, 3, DayCount.CALENDAR, VIETNAM).is_assumed


@pytest.mark.parametrize(
    ("stopped", "going_on", "due"),
    [
        ("2026-09-09", "2026-09-11", "2026-09-16"),
        ("2026-09-14", "2026-09-21", "2026-09-21"),
        ("2026-09-03", "2026-09-03", "2026-09-14"),
        ("2026-09-18", "2026-09-25", "2026-09-25"),
    ],
    ids=["three were left", "none was left", "it did not wait", "it was overdue already"],
)
def test_what_was_left_when_the_clock_stopped_is_left_when_it_goes_on(stopped, going_on, due):
    found = after_standing_still(
        date(2026, 9, 14), date.fromisoformat(stopped), date.fromisoformat(going_on), DayCount.WORKING, VIETNAM
    )
    assert found.day == date.fromisoformat(due)


@given(st.sampled_from(DAYS[:60]), st.integers(0, 20), st.sampled_from(list(DayCount)))
def test_so_many_days_lie_between_and_the_deadline_is_the_first_such_day(start, days, count):
    due = due_after(start, days, count, VIETNAM).day
    assert _counted_by_hand(start, due, count) == days == days_between(start, due, count, VIETNAM)
    assert days == 0 or _counted_by_hand(start, due - timedelta(days=1), count) == days - 1
    assert days_between(due, start, count, VIETNAM) == -days


def _counted_by_hand(start, end, count):
    """The slow oracle: every day of the span, looked at one by one."""
    span = [day for day in DAYS if start < day <= end]
    return len(span if count is DayCount.CALENDAR else [d for d in span if d.weekday() < 5 and d not in HOLIDAYS])
