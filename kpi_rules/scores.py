"""Scores: the KPIs of a person against their targets, through curves, weighed as the department's scorecard says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.money import CONTEXT
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, ScorePart, Unit, ValueState
from domain.rules import Placed, version_digest
from domain.staff import Employee, WorkingDays
from kpi_rules.figures import Figure
from kpi_rules.language import Curve, Scorecard, ScorecardPart
from kpi_rules.rulebook import KpiRules
from kpi_rules.target_values import Stay, due_target, stays_of


def score(
    rules: KpiRules,
    results: Iterable[KpiResult],
    staff: Iterable[Employee],
    working_days: WorkingDays | None,
    *,
    start: date,
    as_of: date,
) -> tuple[Score, ...]:
    """One score per person and department with a scorecard, by employee.

    The rules are those in force on `as_of`. Somebody who moved is scored in each department, for what they did there;
    within a department, team and role are those of the last posting. `working_days` is None where the gate has stopped
    a table that says who worked when.
    """
    current = rules.on(as_of)
    cards = {placed.rule.department: placed for placed in current.scorecards}
    found: dict[tuple[Grain, str], dict[str, list[KpiResult]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        found[result.grain, result.entity][result.kpi].append(result)
    day = _Day(current, {figure.id: figure for figure in current.figures}, working_days, start, as_of)
    return tuple(
        _score(card, day, stay, found[stay.entity])
        for stay in stays_of(staff, start, as_of)
        if (card := cards.get(stay.last.department)) and stay.last.role in card.rule.roles
    )


@dataclass(frozen=True, slots=True)
class _Day:
    """What is the same for everybody."""

    rules: KpiRules
    figures: Mapping[str, Figure]
    working_days: WorkingDays | None
    start: date
    as_of: date


@dataclass(frozen=True, slots=True)
class Measured:
    """A KPI's value beside its target; `note` says where the target stands, or why there is no value."""

    state: ValueState
    value: Decimal | None
    target: Decimal | None
    lower_is_better: bool = False
    note: str = ""


def grade(
    card: Scorecard, measured: Mapping[str, Measured]
) -> tuple[ValueState, Decimal | None, tuple[ScorePart, ...]]:
    """The score and its parts; the score is the sum of the contributions.

    A part without value or target gives its weight to the others in proportion, or earns nothing, as the card says.
    A halted part halts the score; a score of which every part is missing has no value.
    """
    points = {part.kpi: _points(part.curve or card.curve, measured[part.kpi]) for part in card.parts}
    present = sum((part.weight for part in card.parts if points[part.kpi] is not None), Decimal(0))
    whole = present if card.missing == "redistribute" else Decimal(1)
    parts = tuple(_part(part, measured[part.kpi], points[part.kpi], card, whole) for part in card.parts)
    if any(each.state is ValueState.HALTED for each in measured.values()):
        return ValueState.HALTED, None, parts
    if not present:
        return ValueState.NO_VALUE, None, parts
    return ValueState.VALUE, sum((part.contribution or Decimal(0) for part in parts), Decimal(0)), parts


def attainment_of(value: Decimal, target: Decimal, *, lower_is_better: bool) -> Decimal:
    """1 on target. Higher is better: value ÷ target. Lower is better: 2 − value ÷ target, which needs no value above 0.

    >>> attainment_of(Decimal(3), Decimal(4), lower_is_better=False)
    Decimal('0.75')
    >>> attainment_of(Decimal(0), Decimal(4), lower_is_better=True)
    Decimal('2')
    """
    reached = CONTEXT.divide(value, target)
    return CONTEXT.subtract(Decimal(2), reached) if lower_is_better else reached


def points_on(curve: Curve, attainment: Decimal) -> Decimal:
    """The stated points at a stated attainment, a straight line between two of them, the floor below, the cap above."""
    if attainment < curve.points[0].attainment:
        return curve.below
    if attainment > curve.points[-1].attainment:
        return curve.above
    low, high = next(pair for pair in pairwise(curve.points) if attainment <= pair[1].attainment)
    gone = CONTEXT.multiply(attainment - low.attainment, high.points - low.points)
    return CONTEXT.add(low.points, CONTEXT.divide(gone, high.attainment - low.attainment))


def _score(card: Placed[Scorecard], day: _Day, stay: Stay, results: Mapping[str, list[KpiResult]]) -> Score:
    measured = {part.kpi: _measured(results.get(part.kpi, []), part.kpi, day, stay) for part in card.rule.parts}
    state, points, parts = grade(card.rule, measured)
    return Score(
        scorecard=card.rule.id,
        rule=version_digest(card.rule),
        grain=Grain.EMPLOYEE,
        entity=stay.employee.employee_id,
        start=day.start,
        as_of=day.as_of,
        state=state,
        score=points,
        parts=parts,
    )


def _measured(results: list[KpiResult], kpi: str, day: _Day, stay: Stay) -> Measured:
    if any(result.state is ValueState.HALTED for result in results):
        return Measured(ValueState.HALTED, None, None, note="halted: it reads a table that the gate has stopped")
    due = due_target(
        day.rules.targets, kpi, stay, Period.of(day.start), figures=day.figures, working_days=day.working_days
    )
    result, why = _of_one_currency(results, due.currency)
    value = result.value if result else None
    if due.state is not ValueState.VALUE:
        return Measured(due.state, value, None, note=due.note)
    state = ValueState.NO_VALUE if value is None else ValueState.VALUE
    is_lower = day.figures[kpi].rule.good == "lower"
    return Measured(state, value, due.value, is_lower, f"{why}; {due.note}" if why else due.note)


def _of_one_currency(results: list[KpiResult], currency: str | None) -> tuple[KpiResult | None, str]:
    """The result that can be held against the target; amounts in different currencies are never added or compared."""
    fitting = [result for result in results if not currency or result.currency in {"", currency}]
    if len(fitting) == 1 and (fitting[0].unit is not Unit.MONEY or currency):
        return fitting[0], "" if fitting[0].value is not None else "no value"
    if not fitting:
        return None, "no value" if not results else f"no value in {currency}"
    return None, "several currencies: " + ", ".join(sorted(result.currency for result in fitting))


def _points(curve: Curve, measured: Measured) -> Decimal | None:
    attainment = _attainment(measured)
    return None if attainment is None else points_on(curve, attainment)


def _attainment(measured: Measured) -> Decimal | None:
    if measured.value is None or measured.target is None:
        return None
    return attainment_of(measured.value, measured.target, lower_is_better=measured.lower_is_better)


def _part(
    part: ScorecardPart, measured: Measured, points: Decimal | None, card: Scorecard, whole: Decimal
) -> ScorePart:
    return ScorePart(
        kpi=part.kpi,
        value=measured.value,
        target=measured.target,
        attainment=_attainment(measured),
        points=points,
        weight=part.weight,
        contribution=_contribution(part.weight, points, card, whole),
        note=f"{measured.note}; weight of {whole} in all" if whole not in {0, 1} else measured.note,
    )


def _contribution(weight: Decimal, points: Decimal | None, card: Scorecard, whole: Decimal) -> Decimal | None:
    """Points × weight ÷ the weights that count; None where the weight went to others."""
    if points is None:
        return Decimal(0) if card.missing == "zero" else None
    return CONTEXT.divide(CONTEXT.multiply(points, weight), whole)
