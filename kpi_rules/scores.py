"""Scores: the KPIs of a person or partner against their targets, through curves, weighed as the scorecard says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from domain.ids import Digest
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, ValueState
from domain.rules import Placed, version_digest
from domain.staff import Employee, WorkingDays
from kpi_rules.cascades import Cascades, Results
from kpi_rules.figures import Figure
from kpi_rules.grading import Measured, grade
from kpi_rules.language import Peers, Scorecard, ScorecardPart
from kpi_rules.peers import (
    HALTED,
    Reference,
    beside_peers,
    gated,
    is_halted,
    of_one_currency,
    reference_of,
    too_little,
    without_evidence,
)
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
    cards = {placed.rule.department: placed for placed in current.scorecards if placed.rule.department}
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
    references: Mapping[tuple[str, str], Reference]
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


_Scored = tuple[Placed[Scorecard], Stay, Mapping[str, list[KpiResult]]]


def _references(scored: Iterable[_Scored], figures: Mapping[str, Figure]) -> dict[tuple[str, str], Reference]:
    values: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    peers: dict[tuple[str, str], Peers] = {}
    for card, _, results in scored:
        for part in card.rule.parts:
            if part.peers and part.kpi in figures and not too_little(part.enough, results):
                result, _ = of_one_currency(results.get(part.kpi, []), part.peers.currency)
                peers[card.rule.id, part.kpi] = part.peers
                values[card.rule.id, part.kpi] += [result.value] if result and result.value is not None else []
    return {key: reference_of(found, peers[key], figures[key[1]]) for key, found in values.items() if found}


def _score(card: Placed[Scorecard], day: _Day, stay: Stay, results: Mapping[str, list[KpiResult]]) -> Score:
    measured = {part.kpi: _measured(results, card.rule, part, day, stay) for part in card.rule.parts}
    gates = {gate.kpi: gated(results.get(gate.kpi, [])) for gate in card.rule.gates}
    state, points, parts = grade(card.rule, measured, gates)
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


_Mine = Mapping[str, Sequence[KpiResult]]


def _measured(results: _Mine, card: Scorecard, part: ScorecardPart, day: _Day, stay: Stay) -> Measured:
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
            carried = _measured_from(mine, card, part, day, stay)
            if carried.state is ValueState.VALUE:
                return replace(carried, note=f"carried from {night}; {carried.note}")
    return found


def _months_between(earlier: Period, later: Period) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def _measured_from(mine: _Mine, card: Scorecard, part: ScorecardPart, day: _Day, stay: Stay) -> Measured:
    results = mine.get(part.kpi, ())
    if is_halted(part, mine):
        return HALTED
    if why := too_little(part.enough, mine):
        return without_evidence(results, part, why)
    if part.peers and not day.cascades.away(stay):
        return beside_peers(results, part.kpi, part.peers, day.references.get((card.id, part.kpi)), day.figures)
    kpi = part.kpi
    due = due_target(day.rules.all_targets, kpi, stay, day.cascades)
    result, why = of_one_currency(results, due.currency)
    value = result.value if result else None
    if due.state is not ValueState.VALUE:
        return Measured(due.state, value, None, note=due.note)
    state = ValueState.NO_VALUE if value is None else ValueState.VALUE
    is_lower = day.figures[kpi].rule.good == "lower"
    return Measured(state, value, due.value, is_lower, f"{why}; {due.note}" if why else due.note)
