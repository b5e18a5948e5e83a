"""Cascades: what is expected of a department or team, shared out among its employees by a stated rule.

The weight of an employee is the basis (the same for all, the accounts that they may own, or a KPI) times the days that
count. Parts are whole multiples of a stated step and sum to the whole (largest remainder, ties by id). What does not
add up over people, such as a share, passes down whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.money import CONTEXT, share_out
from domain.records import Grain, KpiResult, ValueState
from domain.rules import Placed
from domain.staff import DayShareKeys, Span, StaffPosting
from kpi_rules.figures import Figure, adds_up
from kpi_rules.language import Cascade, CascadeKpi, Sharing, Target
from kpi_rules.stays import Away, Stay, Workforce, stays_of

Results = Mapping[tuple[Grain, str], Mapping[str, list[KpiResult]]]


@dataclass(frozen=True, slots=True)
class Part:
    """What of a whole falls to one stay; `note` says how it came about, or why there is none."""

    state: ValueState
    value: Decimal | None
    note: str


def reaches(target: Target, at: StaffPosting) -> bool:
    """Whether somebody posted there has a part of the values."""
    return target.cascade is not None and at.role in target.cascade.roles and is_within(target, at)


def is_within(target: Target, at: StaffPosting) -> bool:
    """Whether the posting is in the department or team that the target speaks of."""
    return target.department in {None, at.department} and target.team in {None, at.team}


@dataclass(slots=True)
class Cascades:
    """The parts of every stay in every whole; a whole is shared out when the first of its parts is asked for."""

    people: Workforce
    results: Results
    figures: Mapping[str, Figure]
    _shared: dict[tuple[int, str, str], dict[str, Part]] = field(default_factory=dict)
    _stays: tuple[Stay, ...] = ()
    _measured_as: dict[str, tuple[Grain, str]] = field(default_factory=dict)
    _away: dict[str, Away | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        period = self.people.period
        self._stays = stays_of(self.people.staff, period.start, period.last_day)
        begun = stays_of(self.people.staff, period.start, self.people.as_of)
        self._measured_as = {stay.key: stay.entity for stay in begun}

    def away(self, stay: Stay) -> Away | None:
        """The long leave of which all days of the stay so far are."""
        if stay.key not in self._away:
            self._away[stay.key] = self.people.away_throughout(stay)
        return self._away[stay.key]

    def part(self, placed: Placed[Target], kpi: str, at: StaffPosting, stay: Stay) -> Part:
        """The part of the stay in the value of the team or department that the posting is in."""
        whole = at.team if placed.rule.each is Grain.TEAM else at.department
        key = (id(placed), kpi, whole)
        if key not in self._shared and placed.rule.cascade is not None:
            self._shared[key] = _Sharing(self, placed, placed.rule.cascade, kpi, whole).parts()
        name = f"{placed.rule.each} {whole}"
        return self._shared.get(key, {}).get(stay.key) or Part(
            ValueState.NO_VALUE, None, f"no day in {name} that counts"
        )

    def members(self, placed: Placed[Target], whole: str) -> Iterable[_Member]:
        """Everybody with a day in the team or department that counts, also of those who come later in the period."""
        for stay in self._stays:
            spans: dict[str, list[Span]] = defaultdict(list)
            for span in self.people.spans(stay):
                posting = span.posting
                unit = posting.team if placed.rule.each is Grain.TEAM else posting.department
                if unit == whole and reaches(placed.rule, posting):
                    spans[posting.team].append(span)
            last = self.people.spans(stay)[-1:]
            yield from (
                _Member(stay, team, tuple(days), is_last=any(span in days for span in last))
                for team, days in sorted(spans.items())
            )

    def measured(self, kpi: str, stay: Stay, currency: str | None) -> KpiResult | None:
        """The KPI of the stay, of those who have begun it."""
        entity = self._measured_as.get(stay.key)
        found = self.results.get(entity, {}).get(kpi, []) if entity else []
        return next((each for each in found if each.currency in {"", currency or ""}), None)


@dataclass(frozen=True, slots=True)
class _Member:
    """Somebody in one team of the whole; `is_last`: their last day in the department is there."""

    stay: Stay
    team: str
    spans: tuple[Span, ...]
    is_last: bool


class _CannotBeWeighedError(Exception):
    def __init__(self, state: ValueState, note: str) -> None:
        super().__init__(note)
        self.state, self.note = state, note


@dataclass(frozen=True, slots=True)
class _Sharing:
    """One value of one team or department on its way to the people."""

    cascades: Cascades
    placed: Placed[Target]
    cascade: Cascade
    kpi: str
    whole: str

    def parts(self) -> dict[str, Part]:
        members = tuple(self.cascades.members(self.placed, self.whole))
        try:
            return self._parts(members)
        except _CannotBeWeighedError as error:
            return {member.stay.key: Part(error.state, None, error.note) for member in members}

    def _parts(self, members: tuple[_Member, ...]) -> dict[str, Part]:
        cascade, value = self.cascade, self.placed.rule.values[self.kpi]
        name = f"{self.placed.rule.each} {self.whole}"
        if not adds_up(self.kpi, self.cascades.figures):
            return {member.stay.key: Part(ValueState.VALUE, value, f"as of {name}") for member in members}
        if cascade.teams is None:
            return self._among_people(members, value, name, "")
        by_team: dict[str, list[_Member]] = defaultdict(list)
        for member in members:
            by_team[member.team].append(member)
        weights = {team: sum(self._weights(cascade.teams, mine).values(), Decimal(0)) for team, mine in by_team.items()}
        found: dict[str, Part] = {}
        for team, amount in _shared(value, cascade.teams.step, weights).items():
            how = self._how(cascade.teams, weights[team], weights)
            note = f", which has {canonical_decimal(amount)} of {canonical_decimal(value)} of {name} by {how}"
            for key, part in self._among_people(by_team[team], amount, f"team {team}", note).items():
                found[key] = together([found[key], part]) if key in found else part
        return found

    def _among_people(self, members: Iterable[_Member], value: Decimal, name: str, note: str) -> dict[str, Part]:
        weights = self._weights(self.cascade, members)
        if not any(weights.values()):
            note = f"nobody in {name} has a weight by {self._factors(self.cascade)}"
            return {key: Part(ValueState.NO_VALUE, None, note) for key in weights}
        parts = _shared(value, self.cascade.step, weights)
        return {
            key: Part(
                ValueState.VALUE,
                amount,
                f"{canonical_decimal(amount)} of {canonical_decimal(value)} of {name} by "
                f"{self._how(self.cascade, weights[key], weights)}{note}",
            )
            for key, amount in parts.items()
        }

    def _weights(self, sharing: Sharing, members: Iterable[_Member]) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for member in members:
            found[member.stay.key] += CONTEXT.multiply(self._basis(sharing, member.stay), self._days(member))
        return dict(found)

    def _days(self, member: _Member) -> Decimal:
        by = self.placed.rule.prorate
        if not isinstance(by, DayShareKeys):
            return Decimal(member.is_last)
        if self.cascades.people.working_days is None:
            raise _CannotBeWeighedError(ValueState.HALTED, DAYS_HALTED)
        share = self.cascades.people.share(member.stay, member.spans, by)
        if share is None:
            people = self.cascades.people
            note = f"the calendar of {member.stay.employee.jurisdiction} has no working day of {people.period}"
            raise _CannotBeWeighedError(ValueState.NO_VALUE, note)
        return share.counted

    def _basis(self, sharing: Sharing, stay: Stay) -> Decimal:
        match sharing.by:
            case CascadeKpi(kpi=kpi):
                result = self.cascades.measured(kpi, stay, self.placed.rule.currency)
                if result and result.state is ValueState.HALTED:
                    note = f"halted: {kpi} reads a table that the gate has stopped"
                    raise _CannotBeWeighedError(ValueState.HALTED, note)
                return max(Decimal(0), (result.value if result else None) or Decimal(0))
            case "capacity":
                if self.cascades.people.capacities is None:
                    raise _CannotBeWeighedError(ValueState.HALTED, "halted: the gate has stopped the table capacity")
                return self.cascades.people.capacities.get(stay.employee.employee_id, Decimal(0))
        return Decimal(1)

    def _how(self, sharing: Sharing, mine: Decimal, weights: Mapping[str, Decimal]) -> str:
        """Such as `overdue_at_opening × days worked, 21 of 336`."""
        whole = sum(weights.values(), Decimal(0))
        return f"{self._factors(sharing)}, {canonical_decimal(mine)} of {canonical_decimal(whole)}"

    def _factors(self, sharing: Sharing) -> str:
        by = self.placed.rule.prorate
        basis = sharing.by.kpi if isinstance(sharing.by, CascadeKpi) else sharing.by.replace("equal", "head")
        days = by.by.replace("_", " ") if isinstance(by, DayShareKeys) else ""
        return days if days and basis == "head" else " × ".join(each for each in (basis, days) if each)


DAYS_HALTED = "halted: it depends on the days worked, and a table that says them has been stopped"


def together(parts: Iterable[Part]) -> Part:
    """The parts of several wholes that fall to one stay, as one."""
    found = list(parts)
    if len(found) == 1:
        return found[0]
    worst = next((each for each in found if each.state is ValueState.HALTED), None)
    if worst:
        return worst
    values = [each.value for each in found if each.value is not None]
    note = " + ".join(each.note for each in found if each.value) or found[-1].note
    state = ValueState.VALUE if values else ValueState.NO_VALUE
    return Part(state, sum(values, Decimal(0)) if values else None, note)


def _shared(value: Decimal, step: Decimal, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The value in whole steps by weight; nothing where nobody has a weight.

    The checks see to it that the value is a whole number of steps.
    """
    if not any(weights.values()):
        return dict.fromkeys(weights, Decimal(0))
    units = share_out(int(CONTEXT.divide_int(value, step)), weights)
    return {key: CONTEXT.multiply(Decimal(number), step) for key, number in units.items()}
