"""Grading: values beside targets become attainments, points on a curve, weighed parts, and a score that gates cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from domain.ids import canonical_decimal
from domain.money import CONTEXT
from domain.records import ScorePart, ValueState
from kpi_rules.language import Curve, Scorecard, ScorecardPart, ScoreGate


@dataclass(frozen=True, slots=True)
class Measured:
    """A KPI's value beside its target; `note` says where the target stands, or why there is no value.

    A value that is off by no more than the share `tie_band` of the target is on target.
    """

    state: ValueState
    value: Decimal | None
    target: Decimal | None
    lower_is_better: bool = False
    note: str = ""
    tie_band: Decimal = Decimal(0)


def grade(
    card: Scorecard, measured: Mapping[str, Measured], gated: Mapping[str, Measured]
) -> tuple[ValueState, Decimal | None, tuple[ScorePart, ...]]:
    """The score and its parts; the score is the sum of the contributions, those of gates (`gated`, by KPI) included.

    A part without value or target gives its weight to the others in proportion, or earns nothing, as the card says.
    A halted part halts the score; a score of which every part is missing has no value.
    """
    points = {part.kpi: _points(part.curve or card.curve, measured[part.kpi]) for part in card.parts}
    present = sum((part.weight for part in card.parts if points[part.kpi] is not None), Decimal(0))
    whole = present if _missing(card) == "redistribute" else Decimal(1)
    parts = tuple(_part(part, measured[part.kpi], points[part.kpi], card, whole) for part in card.parts)
    if any(each.state is ValueState.HALTED for each in (*measured.values(), *gated.values())):
        return ValueState.HALTED, None, parts
    if not present:
        return ValueState.NO_VALUE, None, parts
    reached = sum((part.contribution or Decimal(0) for part in parts), Decimal(0))
    gates = tuple(_gates(card, gated, reached))
    return ValueState.VALUE, sum((gate.contribution or Decimal(0) for gate in gates), reached), (*parts, *gates)


def _missing(card: Scorecard) -> str:
    """What becomes of the weight of a part without value, also of one for which there is nothing to carry."""
    return card.carry.otherwise if card.carry else card.missing


def _gates(card: Scorecard, gated: Mapping[str, Measured], reached: Decimal) -> Iterator[ScorePart]:
    for gate in card.gates:
        value = gated[gate.kpi].value
        left = reached if _holds(gate, value) else _cut(gate, reached)
        limit = gate.at_least if gate.at_most is None else gate.at_most
        note = "gate: no value" if value is None else "gate"
        yield ScorePart(gate.kpi, value, limit, None, None, Decimal(0), left - reached, f"{note}; {_said(gate)}")
        reached = left


def _holds(gate: ScoreGate, value: Decimal | None) -> bool:
    if value is None:
        return gate.missing == "holds"
    return value <= gate.at_most if gate.at_most is not None else value >= (gate.at_least or Decimal(0))


def _cut(gate: ScoreGate, reached: Decimal) -> Decimal:
    if gate.otherwise.times is not None:
        return min(reached, CONTEXT.multiply(reached, gate.otherwise.times))  # a gate never lifts a score below zero
    return reached if gate.otherwise.score_at_most is None else min(reached, gate.otherwise.score_at_most)


def _said(gate: ScoreGate) -> str:
    bound = "at least" if gate.at_most is None else "at most"
    limit, effect = gate.at_least if gate.at_most is None else gate.at_most, gate.otherwise
    cut = f"times {effect.times}" if effect.times is not None else f"at most {effect.score_at_most}"
    return f"{bound} {canonical_decimal(limit or Decimal(0))}, or else {cut}"


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


def _points(curve: Curve, measured: Measured) -> Decimal | None:
    attainment = _attainment(measured)
    return None if attainment is None else points_on(curve, attainment)


def _attainment(measured: Measured) -> Decimal | None:
    if measured.value is None or measured.target is None:
        return None
    if measured.tie_band and abs(measured.value - measured.target) <= abs(measured.target) * measured.tie_band:
        return Decimal(1)
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
        return Decimal(0) if _missing(card) == "zero" else None
    return CONTEXT.divide(CONTEXT.multiply(points, weight), whole)
