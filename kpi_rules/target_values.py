"""What somebody has to reach in a department: the narrowest target, and the part of it for the days there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import Grain, ValueState, posting_name
from domain.rules import Placed
from domain.staff import DayShareKeys, Employee, StaffPosting, WorkingDays, share_of_period, spans_of
from kpi_rules.figures import Figure, grows_with_days
from kpi_rules.language import Target


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody in one department of the period; `last` is their last posting there, `moved` if there are others."""

    employee: Employee
    last: StaffPosting
    moved: bool

    @property
    def entity(self) -> tuple[Grain, str]:
        """Whose figures are those of the stay."""
        name = self.employee.employee_id
        return (Grain.POSTING, posting_name(name, self.last.department)) if self.moved else (Grain.EMPLOYEE, name)


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


def target_for(targets: Iterable[Placed[Target]], kpi: str, employee: str, at: StaffPosting) -> Placed[Target] | None:
    """The target of the narrowest scope that the person is in: their own, the team's, the department's, everybody's."""
    mine = [placed for placed in targets if kpi in placed.rule.values and _is_in_scope(placed.rule, employee, at)]
    return max(mine, key=lambda placed: _narrowness(placed.rule), default=None)


@dataclass(frozen=True, slots=True)
class DueTarget:
    """What has to be reached; `note` says where it stands and how the days there made it, or why there is none."""

    state: ValueState
    value: Decimal | None
    note: str
    currency: str | None = None


def due_target(
    targets: Iterable[Placed[Target]],
    kpi: str,
    stay: Stay,
    period: Period,
    *,
    figures: Mapping[str, Figure],
    working_days: WorkingDays | None,
) -> DueTarget:
    """The target of a KPI for a stay, of the whole period, also before the period has ended.

    What grows with the days (calls, money) is due for the share of the period that the rule's `prorate` counts; shares
    and means are due in full. `working_days` is None where the gate has stopped a table that says who worked when.
    """
    placed = target_for(targets, kpi, stay.employee.employee_id, stay.last)
    if placed is None:
        return DueTarget(ValueState.NO_VALUE, None, "no target")
    target, place = placed.rule.values[kpi], f"target: {placed.place('values', kpi)}"
    by = placed.rule.prorate
    if not isinstance(by, DayShareKeys) or not grows_with_days(kpi, figures):
        return DueTarget(ValueState.VALUE, target, place, placed.rule.currency)
    if working_days is None:
        note = "halted: it depends on the days worked, and a table that says them has been stopped"
        return DueTarget(ValueState.HALTED, None, note, placed.rule.currency)
    return _prorated(target, by, stay, period, working_days.get(stay.employee.jurisdiction), place, placed.rule)


def _prorated(
    target: Decimal,
    by: DayShareKeys,
    stay: Stay,
    period: Period,
    working: frozenset[date] | None,
    place: str,
    rule: Target,
) -> DueTarget:
    spans = tuple(span for span in spans_of(stay.employee, period) if span.posting.department == stay.last.department)
    share = share_of_period(
        stay.employee, spans, period, working,
        by=by.by, employment_share=by.employment_share, without_leave=by.without_leave,
    )  # fmt: skip
    if share is None:
        note = f"no target: the calendar of {stay.employee.jurisdiction} has no working day of {period}"
        return DueTarget(ValueState.NO_VALUE, None, note, rule.currency)
    days = f"{canonical_decimal(share.counted)} of {canonical_decimal(share.whole)} {by.by.replace('_', ' ')}"
    if not share.counted:
        return DueTarget(ValueState.NO_VALUE, None, f"no target: {days}; {place}", rule.currency)
    if share.counted == share.whole:
        return DueTarget(ValueState.VALUE, target, place, rule.currency)
    due = CONTEXT.divide(CONTEXT.multiply(target, share.counted), share.whole)
    return DueTarget(ValueState.VALUE, due, f"{place}, {canonical_decimal(target)} for {days}", rule.currency)


def _is_in_scope(target: Target, employee: str, at: StaffPosting) -> bool:
    mine = (at.department, at.team, employee)
    wanted = (target.department, target.team, target.employee)
    return target.each is Grain.EMPLOYEE and all(want in {None, own} for want, own in zip(wanted, mine, strict=True))


def _narrowness(target: Target) -> int:
    return 3 if target.employee else 2 if target.team else 1 if target.department else 0
