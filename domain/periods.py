"""Periods are half-open: from the first day to the day after the last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month, written 2026-10."""

    year: int
    month: int

    def __post_init__(self) -> None:
        date(self.year, self.month, 1)

    @classmethod
    def parse(cls, text: str) -> Period:
        """Raises: ValueError unless `text` is YYYY-MM.

        >>> Period.parse("2026-10").end
        datetime.date(2026, 11, 1)
        """
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
            raise ValueError(f"{text!r} is no period; write year and month, such as 2026-10")
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, day: date) -> Period:
        return cls(day.year, day.month)

    @property
    def start(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def end(self) -> date:
        """The first day that no longer belongs to the period."""
        return date(self.year + self.month // 12, self.month % 12 + 1, 1)

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def next(self) -> Period:
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> Period:
        return Period.of(self.start - timedelta(days=1))

    def months_after(self, other: Period) -> int:
        """How many months it lies after the other one; negative before it.

        >>> Period(2027, 1).months_after(Period(2026, 11))
        2
        """
        return (self.year - other.year) * 12 + self.month - other.month

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def days_between(start: date, end: date) -> Iterator[date]:
    """Each day from `start` up to, not including, `end`."""
    return (start + timedelta(days=offset) for offset in range((end - start).days))
