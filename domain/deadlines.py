"""Deadlines: so many calendar or working days from a day on, and what is left of them when the clock stood still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_WEEKEND = 5  # Saturday, as weekdays count from Monday, 0


class DayCount(StrEnum):
    """Which days count."""

    CALENDAR = "calendar"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of a jurisdiction up to `last`; behind it, and before its first, Monday to Friday are taken."""

    working: frozenset[date] = frozenset()

    @property
    def last(self) -> date | None:
        return max(self.working, default=None)

    def is_working(self, day: date) -> bool:
        known = bool(self.working) and min(self.working) <= day <= max(self.working)
        return day in self.working if known else day.weekday() < _WEEKEND

    def counts(self, day: date, count: DayCount) -> bool:
        return count is DayCount.CALENDAR or self.is_working(day)


@dataclass(frozen=True, slots=True)
class Due:
    """The last day on which something is not overdue; `is_assumed`: the calendar did not reach so far."""

    day: date
    is_assumed: bool = False


def due_after(start: date, days: int, count: DayCount, calendar: Calendar) -> Due:
    """The day on which the last of `days` ends; the first of them is the day after `start`.

    Working days beyond the calendar that landed are those from Monday to Friday, and that is said.

    >>> due_after(date(2026, 9, 4), 3, DayCount.WORKING, Calendar()).day  # a Friday
    datetime.date(2026, 9, 9)
    >>> due_after(date(2026, 9, 4), 3, DayCount.CALENDAR, Calendar()).day
    datetime.date(2026, 9, 7)
    """
    if days < 0:
        raise ValueError(f"a deadline lies zero days or more ahead, got {days}")
    day, left = start, days
    while left:
        day += timedelta(days=1)
        left -= calendar.counts(day, count)
    last = calendar.last
    return Due(day, count is DayCount.WORKING and (last is None or day > last))


def days_between(start: date, end: date, count: DayCount, calendar: Calendar) -> int:
    """How many days count after `start`, up to and with `end`; below zero where `end` lies before `start`."""
    if end < start:
        return -days_between(end, start, count, calendar)
    return sum(calendar.counts(start + timedelta(days=ahead), count) for ahead in range(1, (end - start).days + 1))


def after_standing_still(deadline: date, stopped_on: date, going_on: date, count: DayCount, calendar: Calendar) -> Due:
    """The deadline of what waited from `stopped_on` to `going_on`: what was left then is left now."""
    return due_after(going_on, max(0, days_between(stopped_on, deadline, count, calendar)), count, calendar)
