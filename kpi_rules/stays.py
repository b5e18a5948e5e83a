"""Who was where in a period, and on which of its days something is expected of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.periods import Period
from domain.records import Grain, posting_name
from domain.rules import Placed
from domain.staff import (
    DayShareKeys,
    Employee,
    Share,
    Span,
    StaffPosting,
    WorkingDays,
    absences_of,
    share_of_period,
    spans_of,
    without_days,
)
from kpi_rules.language import LongLeave


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody in one department of the period; `last` is their last posting there, `moved` if there are others."""

    employee: Employee
    last: StaffPosting
    moved: bool

    @property
    def key(self) -> str:
        """Employee and department."""
        return posting_name(self.employee.employee_id, self.last.department)

    @property
    def entity(self) -> tuple[Grain, str]:
        """Whose figures are those of the stay."""
        return (Grain.POSTING, self.key) if self.moved else (Grain.EMPLOYEE, self.employee.employee_id)


def stays_of(staff: Iterable[Employee], start: date, as_of: date) -> tuple[Stay, ...]:
    """Each department in which each employee was posted on a day of the period, by employee."""
    found: list[Stay] = []
    for employee in sorted(staff, key=lambda each: each.employee_id):
        begun = [each for each in employee.postings if each.valid_from <= as_of]
        held = [each for each in begun if each.valid_to is None or each.valid_to > start]
        last = {each.department: each for each in sorted(held, key=lambda each: each.valid_from)}
        ordered = sorted(last.values(), key=lambda each: each.valid_from)
        found += [Stay(employee, each, moved=len(last) > 1) for each in ordered]
    return tuple(found)


def moved_among(stays: Iterable[Stay]) -> frozenset[tuple[str, str]]:
    """Employee and department of everybody who was in several."""
    return frozenset((stay.employee.employee_id, stay.last.department) for stay in stays if stay.moved)


@dataclass(frozen=True, slots=True)
class Away:
    """A long leave, half-open, by the rule that makes it one."""

    placed: Placed[LongLeave]
    start: date
    end: date

    def __str__(self) -> str:
        return f"on long leave from {self.start} up to {self.end}, {self.placed.place('id')}"


@dataclass(frozen=True, slots=True)
class Workforce:
    """The people of a period as they are known on `as_of`, and what says which of their days count.

    `working_days` is None where the gate has stopped a table that says who worked when, `capacities` (accounts that
    each may own at once) where it has stopped that table.
    """

    staff: tuple[Employee, ...]
    period: Period
    as_of: date
    working_days: WorkingDays | None
    capacities: Mapping[str, Decimal] | None
    long_leave: tuple[Placed[LongLeave], ...]

    def spans(self, stay: Stay) -> tuple[Span, ...]:
        """The days in the department within the period, those of long leave left out."""
        spans = tuple(span for span in spans_of(stay.employee, self.period) if _is_in(span.posting, stay))
        for placed in self.long_leave:
            rule = placed.rule
            for away in absences_of(stay.employee, rule.kinds, rule.days):
                spans = without_days(spans, *away)
        return spans

    def away_throughout(self, stay: Stay) -> Away | None:
        """The long leave of which all days of the stay up to `as_of` are; None if one of them is not."""
        there = tuple(
            span for span in spans_of(stay.employee, self.period)
            if _is_in(span.posting, stay) and span.start <= self.as_of
        )  # fmt: skip
        if not there or any(span.start <= self.as_of for span in self.spans(stay)):
            return None
        return self.away_on(stay.employee, self.as_of) or self.away_on(stay.employee, there[-1].start)

    def away_on(self, employee: Employee, day: date) -> Away | None:
        """The long leave that somebody is on."""
        for placed in self.long_leave:
            for start, end in absences_of(employee, placed.rule.kinds, placed.rule.days):
                if start <= day < end:
                    return Away(placed, start, end)
        return None

    def share(self, stay: Stay, spans: tuple[Span, ...], by: DayShareKeys) -> Share | None:
        """The days of the spans that count; None where the calendar has no working day of the period."""
        working = (self.working_days or {}).get(stay.employee.jurisdiction)
        return share_of_period(
            stay.employee, spans, self.period, working,
            by=by.by, employment_share=by.employment_share, without_leave=by.without_leave,
        )  # fmt: skip


def _is_in(posting: StaffPosting, stay: Stay) -> bool:
    return posting.department == stay.last.department
