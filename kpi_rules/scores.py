"""Scores: the KPIs of a person against their targets, through curves, weighed as the department's scorecard says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.money import CONTEXT
from domain.records import Grain, KpiResult, Score, ScorePart, Unit, ValueState, posting_name
from domain.rules import Placed, version_digest
from kpi_rules.language import Curve, Scorecard, ScorecardPart, Target
from kpi_rules.rulebook import KpiRules


@dataclass(frozen=True, slots=True)
class Posting:
    """Where somebody worked, from `valid_from` up to, not including, `valid_to`."""

    employee: str
    department: str
    team: str
    role: str
    valid_from: date
    valid_to: date | None = None


def score(
    rules: KpiRules, results: Iterable[KpiResult], postings: Sequence[Posting], *, start: date, as_of: date
) -> tuple[Score, ...]:
    """One score per person and department with a scorecard, by employee.

    The rules are those in force on `as_of`. Somebody who moved is scored in each department, for what they did there;
    within a department, team and role are those of the last posting. A target is the whole period's, also before the
    period has ended.
    """
    current = rules.on(as_of)
    cards = {placed.rule.department: placed for placed in current.scorecards}
    found: dict[tuple[Grain, str], dict[str, list[KpiResult]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        found[result.grain, result.entity][result.kpi].append(result)
    stays = stays_of(postings, start, as_of)
    moved = moved_among(stays)
    return tuple(
        _score(card, current, stay, found[_entity(stay, moved)], start, as_of)
        for stay in stays
        if (card := cards.get(stay.department)) and stay.role in card.rule.roles
    )


def stays_of(postings: Sequence[Posting], start: date, as_of: date) -> tuple[Posting, ...]:
    """Of each person and department, the last posting that held on a day of the period; by employee."""
    held = [each for each in postings if each.valid_from <= as_of and (each.valid_to is None or each.valid_to > start)]
    ordered = sorted(held, key=lambda each: (each.employee, each.valid_from))
    last = {(each.employee, each.department): each for each in ordered}
    return tuple(sorted(last.values(), key=lambda each: (each.employee, each.valid_from)))


def moved_among(stays: Iterable[Posting]) -> frozenset[tuple[str, str]]:
    """Employee and department of everybody who was in several."""
    departments: dict[str, set[str]] = defaultdict(set)
    for stay in stays:
        departments[stay.employee].add(stay.department)
    return frozenset((employee, each) for employee, names in departments.items() if len(names) > 1 for each in names)


def _entity(stay: Posting, moved: frozenset[tuple[str, str]]) -> tuple[Grain, str]:
    if (stay.employee, stay.department) in moved:
        return Grain.POSTING, posting_name(stay.employee, stay.department)
    return Grain.EMPLOYEE, stay.employee


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


def target_for(targets: Iterable[Placed[Target]], kpi: str, posting: Posting) -> Placed[Target] | None:
    """The target of the narrowest scope that the person is in: their own, the team's, the department's, everybody's."""
    mine = [placed for placed in targets if kpi in placed.rule.values and _is_in_scope(placed.rule, posting)]
    return max(mine, key=lambda placed: _narrowness(placed.rule), default=None)


def _score(
    card: Placed[Scorecard],
    rules: KpiRules,
    posting: Posting,
    results: Mapping[str, list[KpiResult]],
    start: date,
    as_of: date,
) -> Score:
    lower = {figure.id for figure in rules.figures if figure.rule.good == "lower"}
    measured = {
        part.kpi: _measured(results.get(part.kpi, []), target_for(rules.targets, part.kpi, posting), part.kpi, lower)
        for part in card.rule.parts
    }
    state, points, parts = grade(card.rule, measured)
    return Score(
        scorecard=card.rule.id,
        rule=version_digest(card.rule),
        grain=Grain.EMPLOYEE,
        entity=posting.employee,
        start=start,
        as_of=as_of,
        state=state,
        score=points,
        parts=parts,
    )


def _measured(results: list[KpiResult], target: Placed[Target] | None, kpi: str, lower: set[str]) -> Measured:
    if any(result.state is ValueState.HALTED for result in results):
        return Measured(ValueState.HALTED, None, None, note="halted: it reads a table that the gate has stopped")
    result, why = _of_one_currency(results, target)
    value = result.value if result else None
    if target is None:
        return Measured(ValueState.NO_VALUE, value, None, note="no target")
    note = f"target: {target.place('values', kpi)}"
    state = ValueState.NO_VALUE if value is None else ValueState.VALUE
    return Measured(state, value, target.rule.values[kpi], kpi in lower, f"{why}; {note}" if why else note)


def _of_one_currency(results: list[KpiResult], target: Placed[Target] | None) -> tuple[KpiResult | None, str]:
    """The result that can be held against the target; amounts in different currencies are never added or compared."""
    currency = target.rule.currency if target else None
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


def _is_in_scope(target: Target, posting: Posting) -> bool:
    mine = (posting.department, posting.team, posting.employee)
    wanted = (target.department, target.team, target.employee)
    return target.each is Grain.EMPLOYEE and all(want in {None, own} for want, own in zip(wanted, mine, strict=True))


def _narrowness(target: Target) -> int:
    return 3 if target.employee else 2 if target.team else 1 if target.department else 0
