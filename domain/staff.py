"""The staff: where somebody worked in a period, on what terms, and which days count."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from domain.documents import RuleModel
from domain.periods import Period, days_between

# The working days of each jurisdiction.
WorkingDays = Mapping[str, frozenset[date]]

LeaveType = Literal["annual", "sick", "parental", "unpaid"]


class DayCount(StrEnum):
    CALENDAR = "calendar_days"
    WORKING = "working_days"
    WORKED = "days_worked"


class DayShareKeys(RuleModel):
    """Which share of a period counts: joiners, leavers, transfers, part-timers, leave."""

    by: DayCount
    """Days of the posting over all days of the period: calendar days, working days, or working days less leave."""
    employment_share: bool
    """Whether each day counts with the share of full time on that day."""
    without_leave: tuple[LeaveType, ...] = ()
    """Kinds of leave that are not worked; for `days_worked` only, and needed there."""

    @property
    def is_leave_stated(self) -> bool:
        """`days_worked`, and only it, states which kinds of leave are not worked."""
        return (self.by is DayCount.WORKED) == bool(self.without_leave)


@dataclass(frozen=True, slots=True)
class StaffPosting:
    """A stretch of work in one place, from `valid_from` up to, not including, `valid_to` (None: still there)."""

    department: str
    team: str
    role: str
    valid_from: date
    valid_to: date | None = None
    manager: str = ""  # who leads them; empty if nobody is named


@dataclass(frozen=True, slots=True)
class Terms:
    """The share of full time over a stretch of days, above 0 and at most 1."""

    full_time_share: Decimal
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """An absence, half-open: `ends_on` is the first day back."""

    leave_type: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Employee:
    """`currency` is that of pay, `exited_on` the first day no longer there."""

    employee_id: str
    currency: str
    jurisdiction: str
    hired_on: date
    exited_on: date | None
    postings: tuple[StaffPosting, ...]
    terms: tuple[Terms, ...]
    leave: tuple[Leave, ...] = ()

    def share_on(self, day: date) -> Decimal:
        """The share of full time on `day`; 0 where no terms hold."""
        holding = (each.full_time_share for each in self.terms if _holds(each.valid_from, each.valid_to, day))
        return next(holding, Decimal(0))

    def is_away(self, day: date, kinds: tuple[str, ...]) -> bool:
        return any(each.leave_type in kinds and each.starts_on <= day < each.ends_on for each in self.leave)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of one posting within the period, half-open."""

    posting: StaffPosting
    start: date
    end: date


def spans_of(employee: Employee, period: Period, cuts: tuple[date, ...] = ()) -> tuple[Span, ...]:
    """The employee's postings within the period and the employment, in order, cut also at `cuts`."""
    first, last = max(period.start, employee.hired_on), period.end
    if employee.exited_on is not None:
        last = min(last, employee.exited_on)
    found: list[Span] = []
    for posting in employee.postings if len(employee.postings) == 1 else sorted(employee.postings, key=_posting_order):
        start = max(first, posting.valid_from)
        end = last if posting.valid_to is None else min(last, posting.valid_to)
        if start < end:
            found += (
                [Span(posting, *piece) for piece in _pieces(start, end, cuts)] if cuts else [Span(posting, start, end)]
            )
    return tuple(found)


def _posting_order(posting: StaffPosting) -> tuple[date, str, str]:
    return posting.valid_from, posting.department, posting.team


def absences_of(employee: Employee, kinds: tuple[str, ...], days: int) -> tuple[tuple[date, date], ...]:
    """Stretches of leave of these kinds that last at least so many calendar days, half-open, in order.

    Leaves that follow each other without a day between them are one stretch.
    """
    stretches: list[tuple[date, date]] = []
    for leave in sorted(employee.leave, key=lambda each: (each.starts_on, each.ends_on)):
        if leave.leave_type not in kinds:
            continue
        if stretches and leave.starts_on <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], leave.ends_on))
        else:
            stretches.append((leave.starts_on, leave.ends_on))
    return tuple((start, end) for start, end in stretches if (end - start).days >= days)


def without_days(spans: tuple[Span, ...], start: date, end: date) -> tuple[Span, ...]:
    """The spans without the days from `start` up to, not including, `end`."""
    pieces = (
        (span, first, last)
        for span in spans
        for first, last in ((span.start, min(span.end, start)), (max(span.start, end), span.end))
    )
    return tuple(Span(span.posting, first, last) for span, first, last in pieces if first < last)


def overlap(spans: tuple[Span, ...]) -> bool:
    if len(spans) < 2:
        return False
    return any(one.end > other.start for one, other in pairwise(sorted(spans, key=lambda span: span.start)))


@dataclass(frozen=True, slots=True)
class Share:
    """Days that count, each weighted by its share of full time where the policy says so, of all days of the period."""

    counted: Decimal
    whole: Decimal


def share_of_period(
    employee: Employee,
    spans: tuple[Span, ...],
    period: Period,
    working: frozenset[date] | None,
    *,
    by: DayCount,
    employment_share: bool,
    without_leave: tuple[str, ...],
) -> Share | None:
    """The share of the period that the spans cover, or None where the calendar is needed and has no working day.

    Units: days. The spans of one employee over a whole month add up to at most the whole.
    """
    counting = _counting(period, working, by)
    if not counting:
        return None
    counted = Decimal(0)
    for span in spans:
        days = counting[bisect_left(counting, span.start) : bisect_left(counting, span.end)]
        if by is DayCount.WORKED and employee.leave:
            days = tuple(day for day in days if not employee.is_away(day, without_leave))
        counted += _weighed(employee, days) if employment_share else len(days)
    return Share(counted, Decimal(len(counting)))


def _weighed(employee: Employee, days: Sequence[date]) -> Decimal:
    """The sum of the shares of full time over the days, which are in order."""
    if not days:
        return Decimal(0)
    terms = employee.terms[0] if len(employee.terms) == 1 else None
    if terms is not None and all(_holds(terms.valid_from, terms.valid_to, day) for day in (days[0], days[-1])):
        return len(days) * terms.full_time_share
    return sum((employee.share_on(day) for day in days), Decimal(0))


@lru_cache(maxsize=256)
def _counting(period: Period, working: frozenset[date] | None, by: DayCount) -> tuple[date, ...]:
    if by is DayCount.CALENDAR:
        return tuple(days_between(period.start, period.end))
    return tuple(sorted(day for day in working or () if day in period))


def _pieces(start: date, end: date, cuts: tuple[date, ...]) -> Iterator[tuple[date, date]]:
    return pairwise([start, *(cut for cut in cuts if start < cut < end), end])


def _holds(start: date, end: date | None, day: date) -> bool:
    return start <= day and (end is None or day < end)
