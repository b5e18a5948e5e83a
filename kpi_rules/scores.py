"""Scores: the KPIs of a person against their targets, through curves, weighed as the department's scorecard says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from domain.ids import Digest
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, Unit, ValueState
from domain.rules import Placed, version_digest
from domain.staff import Employee, WorkingDays
from kpi_rules.cascades import Cascades, Results
from kpi_rules.figures import Figure
from kpi_rules.grading import Measured, grade
from kpi_rules.language import Peers, Scorecard, ScorecardPart
from kpi_rules.rulebook import KpiRules
from kpi_rules.stays import Stay, Workforce, stays_of
from kpi_rules.target_values import due_target


def score(
    rules: KpiRules,
    results: Iterable[KpiResult],
    staff: Iterable[Employee],
    working_days: WorkingDays | None,
    *,
    start: date,
    as_of: date,
    capacities: Mapping[str, Decimal] | None = None,
    earlier: Iterable[KpiResult] = (),
) -> tuple[Score, ...]:
    """One score per person and department with a scorecard, by employee.

    The rules are those in force on `as_of`. Somebody who moved is scored in each department, for what they did there;
    within a department, team and role are those of the last posting. `working_days` is None where the gate has stopped
    a table that says who worked when, `capacities` (accounts that each may own) where it has stopped that table.
    `earlier` are the results of nights of earlier months, from which values are carried.
    """
    known = tuple(staff)
    current = rules.on(as_of)
    cards = {placed.rule.department: placed for placed in current.scorecards}
    found = _by_entity(results)
    nights = {night: _by_entity(each) for night, each in _by_night(earlier).items()}
    scored = [
        (card, stay, found[stay.entity])
        for stay in stays_of(known, start, as_of)
        if (card := cards.get(stay.last.department)) and stay.last.role in card.rule.roles
    ]
    figures = {figure.id: figure for figure in current.figures}
    people = Workforce(known, Period.of(start), as_of, working_days, capacities, current.long_leave)
    there = [each for each in scored if people.away_on(each[1].employee, as_of) is None]
    cascades = Cascades(people, found, figures)
    day = _Day(current, figures, cascades, start, as_of, _references(there, figures), nights,
               {card.rule.id: version_digest(card.rule) for card in cards.values()})  # fmt: skip
    return tuple(_score(card, day, stay, mine) for card, stay, mine in scored)


@dataclass(frozen=True, slots=True)
class _Day:
    """What is the same for everybody."""

    rules: KpiRules
    figures: Mapping[str, Figure]
    cascades: Cascades
    start: date
    as_of: date
    references: Mapping[tuple[str, str], _Reference]
    earlier: Mapping[date, Results]
    versions: Mapping[str, Digest]


def _by_entity(results: Iterable[KpiResult]) -> Results:
    found: dict[tuple[Grain, str], dict[str, list[KpiResult]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        found[result.grain, result.entity][result.kpi].append(result)
    return found


def _by_night(results: Iterable[KpiResult]) -> dict[date, list[KpiResult]]:
    found: dict[date, list[KpiResult]] = defaultdict(list)
    for result in results:
        found[result.as_of].append(result)
    return found


@dataclass(frozen=True, slots=True)
class _Reference:
    """What the peers with one scorecard reached in one KPI: how many had a value, and the best or middle one."""

    peers: int
    value: Decimal


_Scored = tuple[Placed[Scorecard], Stay, Mapping[str, list[KpiResult]]]


def _references(scored: Iterable[_Scored], figures: Mapping[str, Figure]) -> dict[tuple[str, str], _Reference]:
    values: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    against: dict[tuple[str, str], str] = {}
    for card, _, results in scored:
        for part in card.rule.parts:
            if part.peers and part.kpi in figures:
                result, _ = _of_one_currency(results.get(part.kpi, []), part.peers.currency)
                against[card.rule.id, part.kpi] = part.peers.against
                values[card.rule.id, part.kpi] += [result.value] if result and result.value is not None else []
    return {
        (card_id, kpi): _Reference(
            len(found), _middle(found) if against[card_id, kpi] == "median" else _best(found, figures[kpi])
        )
        for (card_id, kpi), found in values.items()
        if found
    }


def _best(values: Sequence[Decimal], figure: Figure) -> Decimal:
    return min(values) if figure.rule.good == "lower" else max(values)


def _middle(values: Sequence[Decimal]) -> Decimal:
    """The middle value; of an even number of them, halfway between the two in the middle."""
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else CONTEXT.divide(CONTEXT.add(low, high), Decimal(2))


def _score(card: Placed[Scorecard], day: _Day, stay: Stay, results: Mapping[str, list[KpiResult]]) -> Score:
    measured = {part.kpi: _measured(results.get(part.kpi, []), card.rule, part, day, stay) for part in card.rule.parts}
    gated = {gate.kpi: _gated(results.get(gate.kpi, [])) for gate in card.rule.gates}
    state, points, parts = grade(card.rule, measured, gated)
    return Score(
        scorecard=card.rule.id,
        rule=day.versions[card.rule.id],
        grain=Grain.EMPLOYEE,
        entity=stay.employee.employee_id,
        start=day.start,
        as_of=day.as_of,
        state=state,
        score=points,
        parts=parts,
    )


_HALTED = Measured(ValueState.HALTED, None, None, note="halted: it reads a table that the gate has stopped")


def _gated(results: list[KpiResult]) -> Measured:
    if any(result.state is ValueState.HALTED for result in results):
        return _HALTED
    result, why = _of_one_currency(results, None)
    value = result.value if result else None
    return Measured(ValueState.NO_VALUE if value is None else ValueState.VALUE, value, None, note=why)


def _measured(results: list[KpiResult], card: Scorecard, part: ScorecardPart, day: _Day, stay: Stay) -> Measured:
    """The value of the month, or where the card says so, the last one of an earlier month in the same department."""
    found = _measured_from(results, card, part, day, stay)
    if card.carry is None or found.value is not None or found.state is ValueState.HALTED:
        return found
    for night in sorted(day.earlier, reverse=True):
        then = Period.of(night)
        if _months_between(then, Period.of(day.as_of)) <= card.carry.months:
            stays = stays_of([stay.employee], then.start, night)
            entity = next((each.entity for each in stays if each.last.department == stay.last.department), None)
            mine = day.earlier[night].get(entity, {}) if entity else {}
            carried = _measured_from(mine.get(part.kpi, []), card, part, day, stay)
            if carried.state is ValueState.VALUE:
                return replace(carried, note=f"carried from {night}; {carried.note}")
    return found


def _months_between(earlier: Period, later: Period) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def _measured_from(results: list[KpiResult], card: Scorecard, part: ScorecardPart, day: _Day, stay: Stay) -> Measured:
    if any(result.state is ValueState.HALTED for result in results):
        return _HALTED
    if part.peers and not day.cascades.away(stay):
        return _beside_peers(results, part.kpi, part.peers, day.references.get((card.id, part.kpi)), day.figures)
    kpi = part.kpi
    due = due_target(day.rules.all_targets, kpi, stay, day.cascades)
    result, why = _of_one_currency(results, due.currency)
    value = result.value if result else None
    if due.state is not ValueState.VALUE:
        return Measured(due.state, value, None, note=due.note)
    state = ValueState.NO_VALUE if value is None else ValueState.VALUE
    is_lower = day.figures[kpi].rule.good == "lower"
    return Measured(state, value, due.value, is_lower, f"{why}; {due.note}" if why else due.note)


def _beside_peers(
    results: list[KpiResult], kpi: str, peers: Peers, reference: _Reference | None, figures: Mapping[str, Figure]
) -> Measured:
    result, why = _of_one_currency(results, peers.currency)
    number = reference.peers if reference else 0
    if result is None or result.value is None:
        return Measured(ValueState.NO_VALUE, None, None, note=why)
    if reference is None or number < peers.fewest:
        note = f"no target: {number} peers with a value, {peers.fewest} are needed"
        return Measured(ValueState.NO_VALUE, result.value, None, note=note)
    if not reference.value:
        note = f"no target: the {peers.against} of {number} peers is 0"
        return Measured(ValueState.NO_VALUE, result.value, None, note=note)
    note, is_lower = f"{peers.against} of {number} peers", figures[kpi].rule.good == "lower"
    return Measured(ValueState.VALUE, result.value, reference.value, is_lower, note, peers.tie_band)


def _of_one_currency(results: list[KpiResult], currency: str | None) -> tuple[KpiResult | None, str]:
    """The result that can be held against the target; amounts in different currencies are never added or compared."""
    fitting = [result for result in results if not currency or result.currency in {"", currency}]
    if len(fitting) == 1 and (fitting[0].unit is not Unit.MONEY or currency):
        return fitting[0], "" if fitting[0].value is not None else "no value"
    if not fitting:
        return None, "no value" if not results else f"no value in {currency}"
    return None, "several currencies: " + ", ".join(sorted(result.currency for result in fitting))
