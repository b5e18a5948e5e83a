"""A score once more, with some of its values, targets or attainments replaced: what another system's figures give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from domain.records import Score, ScorePart, ValueState
from kpi_rules.figures import Figure
from kpi_rules.grading import Measured, grade
from kpi_rules.language import Scorecard, ScorecardPart


@dataclass(frozen=True, slots=True)
class Given:
    """What takes the place of what was measured, by KPI."""

    values: Mapping[str, Decimal] = field(default_factory=dict)
    targets: Mapping[str, Decimal] = field(default_factory=dict)
    attainments: Mapping[str, Decimal] = field(default_factory=dict)


def regraded(card: Scorecard, score: Score, figures: Mapping[str, Figure], given: Given) -> Score | None:
    """The score as the scorecard gives it with what is given; all else stays as it was stored.

    None where the scorecard does not give the stored score without it: then it is another version of the card.
    """
    if comes_to(card, score, figures).score != score.score:
        return None
    return _graded(card, score, figures, given)


def comes_to(card: Scorecard, score: Score, figures: Mapping[str, Figure]) -> Score:
    """What the stored values and targets of its parts come to, by the scorecard's own arithmetic."""
    return _graded(card, score, figures, Given())


def _graded(card: Scorecard, score: Score, figures: Mapping[str, Figure], given: Given) -> Score:
    parts = {part.kpi: part for part in score.parts if not part.is_gate}
    gates = {part.kpi: part for part in score.parts if part.is_gate}
    measured = {each.kpi: _measured(each, parts.get(each.kpi), figures, given) for each in card.parts}
    gated = {each.kpi: _gated(gates.get(each.kpi), given.values.get(each.kpi)) for each in card.gates}
    state, points, found = grade(card, measured, gated)
    return replace(score, state=state, score=points, parts=found)


def _measured(part: ScorecardPart, stored: ScorePart | None, figures: Mapping[str, Figure], given: Given) -> Measured:
    if part.kpi in given.attainments:
        return Measured(ValueState.VALUE, given.attainments[part.kpi], Decimal(1))
    value = given.values.get(part.kpi, stored.value if stored else None)
    target = given.targets.get(part.kpi, stored.target if stored else None)
    state = ValueState.NO_VALUE if value is None else ValueState.VALUE
    is_lower = part.kpi in figures and figures[part.kpi].rule.good == "lower"
    band = part.peers.tie_band if part.peers else Decimal(0)
    return Measured(state, value, target, is_lower, stored.note if stored else "", band)


def _gated(stored: ScorePart | None, given: Decimal | None) -> Measured:
    value = given if given is not None else stored.value if stored else None
    return Measured(ValueState.NO_VALUE if value is None else ValueState.VALUE, value, None)
