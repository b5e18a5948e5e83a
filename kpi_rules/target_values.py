"""What somebody has to reach in a department: the narrowest target, and the part of it for the days there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.money import CONTEXT
from domain.records import Grain, ValueState
from domain.rules import Placed
from domain.staff import DayShareKeys, StaffPosting
from kpi_rules.cascades import DAYS_HALTED, Cascades, Part, is_within, reaches, together
from kpi_rules.figures import adds_up, grows_with_days
from kpi_rules.language import Target
from kpi_rules.stays import Stay, Workforce
from kpi_rules.target_days import Counted, counted, goes_by_days, note_by_days, stretches, there, value_by_days


def target_for(targets: Iterable[Placed[Target]], kpi: str, employee: str, at: StaffPosting) -> Placed[Target] | None:
    """The target of the narrowest scope that the person is in: their own, the team's, the department's, everybody's.

    It is one for each employee, or one of the team or department of which the employees have parts.
    """
    mine = [placed for placed in targets if kpi in placed.rule.values and _is_in_scope(placed.rule, employee, at)]
    return max(mine, key=lambda placed: _narrowness(placed.rule), default=None)


def partner_target(targets: Iterable[Placed[Target]], kpi: str, partner: str) -> Placed[Target] | None:
    """The target of each partner, or the partner's own, which comes before it; of the whole period."""
    of_partners = (placed for placed in targets if placed.rule.each is Grain.PARTNER and kpi in placed.rule.values)
    mine = [placed for placed in of_partners if placed.rule.partner in {None, partner}]
    return max(mine, key=lambda placed: placed.rule.partner is not None, default=None)


@dataclass(frozen=True, slots=True)
class DueTarget:
    """What has to be reached; `note` says where it stands and how the days there made it, or why there is none."""

    state: ValueState
    value: Decimal | None
    note: str
    currency: str | None = None


def due_target(targets: Iterable[Placed[Target]], kpi: str, stay: Stay, cascades: Cascades) -> DueTarget:
    """The target of a KPI for a stay, of the whole period, also before the period has ended.

    What grows with the days (calls, money) is due for the share of the period that the rule's `prorate` counts; shares
    and means are due in full. Of whoever is on long leave on every day so far, nothing is due. `targets` are those in
    force, and those that they count with by days.
    """
    known, people = tuple(targets), cascades.people
    current = tuple(each for each in known if each.rule.holds_on(people.as_of))
    if away := cascades.away(stay):
        return DueTarget(ValueState.NO_VALUE, None, f"no target: {away}")
    placed = target_for(current, kpi, stay.employee.employee_id, stay.last)
    if placed is None:
        return DueTarget(ValueState.NO_VALUE, None, "no target")
    if placed.rule.cascade is not None:
        return _shared_out(current, placed, kpi, stay, cascades)
    if goes_by_days(placed.rule, people.as_of):
        return _by_days(known, placed, kpi, stay, cascades)
    target, place = placed.rule.values[kpi], f"target: {placed.place('values', kpi)}"
    by = placed.rule.prorate
    if not isinstance(by, DayShareKeys) or not grows_with_days(kpi, cascades.figures):
        return DueTarget(ValueState.VALUE, target, place, placed.rule.currency)
    if people.working_days is None:
        return DueTarget(ValueState.HALTED, None, DAYS_HALTED, placed.rule.currency)
    return _prorated(target, by, stay, people, place, placed.rule)


def _by_days(
    targets: tuple[Placed[Target], ...], last: Placed[Target], kpi: str, stay: Stay, cascades: Cascades
) -> DueTarget:
    """Each day with the target in force on it: what grows with the days added up, shares and means as their mean."""
    people, currency = cascades.people, last.rule.currency

    def on(day: date) -> Placed[Target] | None:
        held = (each for each in targets if each.rule.holds_on(day))
        return target_for(held, kpi, stay.employee.employee_id, stay.last)

    turns = {day for each in targets for day in (each.rule.valid_from, each.rule.valid_to) if day}
    found = stretches(on, turns, people)
    for each in found:
        if each.placed.rule.cascade or each.placed.rule.currency != currency:
            note = f"no target: {each.placed.place('values', kpi)} is shared out or in another currency, so not by days"
            return DueTarget(ValueState.NO_VALUE, None, note, currency)
    parts: tuple[Counted | None, ...] = there(found, stay, people)
    if grows_with_days(kpi, cascades.figures):
        if people.working_days is None and any(isinstance(each.placed.rule.prorate, DayShareKeys) for each in found):
            return DueTarget(ValueState.HALTED, None, DAYS_HALTED, currency)
        parts = tuple(counted(found, stay, people))
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        note = f"no target: the calendar of {stay.employee.jurisdiction} has no working day of {people.period}"
        return DueTarget(ValueState.NO_VALUE, None, note, currency)
    note = note_by_days((part for part in known if part.share.counted), kpi)
    if not note:
        return DueTarget(ValueState.NO_VALUE, None, f"no target: no day counts; {last.place('values', kpi)}", currency)
    return DueTarget(ValueState.VALUE, value_by_days(known, kpi), f"target: {note}", currency)


def _shared_out(
    targets: tuple[Placed[Target], ...], last: Placed[Target], kpi: str, stay: Stay, cascades: Cascades
) -> DueTarget:
    """The parts of every team that the person was in, within the department; of shares and means the last one's."""
    due: dict[tuple[int, str], Part] = {}
    for posting in _postings_of(stay, cascades.people) if adds_up(kpi, cascades.figures) else (stay.last,):
        placed = target_for(targets, kpi, stay.employee.employee_id, posting)
        if placed is not None and placed.rule.cascade is not None:
            whole = posting.team if placed.rule.each is Grain.TEAM else posting.department
            due[id(placed), whole] = cascades.part(placed, kpi, posting, stay)
    part, place = together(due.values()), f"target: {last.place('values', kpi)}"
    if part.state is ValueState.HALTED:
        return DueTarget(part.state, None, part.note, last.rule.currency)
    if not part.value:
        return DueTarget(ValueState.NO_VALUE, None, f"no target: {part.note}; {place}", last.rule.currency)
    return DueTarget(ValueState.VALUE, part.value, f"{place}, {part.note}", last.rule.currency)


def _postings_of(stay: Stay, people: Workforce) -> tuple[StaffPosting, ...]:
    """Those of the stay, the last one included, in order."""
    return tuple(dict.fromkeys((*(span.posting for span in people.spans(stay)), stay.last)))


def _prorated(target: Decimal, by: DayShareKeys, stay: Stay, people: Workforce, place: str, rule: Target) -> DueTarget:
    share = people.share(stay, people.spans(stay), by)
    if share is None:
        note = f"no target: the calendar of {stay.employee.jurisdiction} has no working day of {people.period}"
        return DueTarget(ValueState.NO_VALUE, None, note, rule.currency)
    days = f"{canonical_decimal(share.counted)} of {canonical_decimal(share.whole)} {by.by.replace('_', ' ')}"
    if not share.counted:
        return DueTarget(ValueState.NO_VALUE, None, f"no target: {days}; {place}", rule.currency)
    if share.counted == share.whole:
        return DueTarget(ValueState.VALUE, target, place, rule.currency)
    due = CONTEXT.divide(CONTEXT.multiply(target, share.counted), share.whole)
    return DueTarget(ValueState.VALUE, due, f"{place}, {canonical_decimal(target)} for {days}", rule.currency)


def _is_in_scope(target: Target, employee: str, at: StaffPosting) -> bool:
    if target.each is not Grain.EMPLOYEE:
        return reaches(target, at)
    return target.employee in {None, employee} and is_within(target, at)


def _narrowness(target: Target) -> int:
    return 3 if target.employee else 2 if target.team else 1 if target.department else 0
