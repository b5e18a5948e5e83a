"""Working days of Vietnam and China: the `holidays` library, and decrees that it does not know yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import holidays

from domain.periods import days_between

JURISDICTIONS = ("VN", "CN")

# Swaps of Vietnam's New Year of 2026, announced after the library's data: the Friday off, the Saturday after worked.
OVERRIDES: Mapping[tuple[str, date], tuple[bool, str]] = MappingProxyType(
    {
        ("VN", date(2026, 1, 2)): (False, "Day off (substituted from 01/10/2026)"),
        ("VN", date(2026, 1, 10)): (True, "Make-up workday for 01/02/2026"),
    }
)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    jurisdiction: str
    day: date
    is_working_day: bool
    name: str | None


def calendar_days(first: date, after_last: date) -> tuple[CalendarDay, ...]:
    """Each day of each jurisdiction from `first` up to, not including, `after_last`."""
    return tuple(day for code in JURISDICTIONS for day in _of_jurisdiction(code, first, after_last))


def _of_jurisdiction(code: str, first: date, after_last: date) -> Iterator[CalendarDay]:
    known = holidays.country_holidays(code, years=range(first.year, after_last.year + 1), language="en_US")
    for day in days_between(first, after_last):
        works, name = known.is_working_day(day), known.get(day)
        if works and day.weekday() >= 5:
            name = "Make-up workday"
        works, name = OVERRIDES.get((code, day), (works, name))
        yield CalendarDay(code, day, works, name)
