"""One scorecard or one KPI on given values: what `recoup try` prints, and what rule tests compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.expressions import evaluate
from domain.records import ScorePart, ValueState
from domain.staff import StaffPosting
from kpi_rules.figures import Division, Figure, Formula
from kpi_rules.grading import Measured, grade
from kpi_rules.language import Scorecard, ScorecardPart
from kpi_rules.results import divide
from kpi_rules.rulebook import KpiRules
from kpi_rules.target_values import partner_target, target_for

Values = Mapping[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class TriedScore:
    """The score, None where no part has a value, and the rows that add up to it."""

    score: Decimal | None
    parts: tuple[ScorePart, ...]


def try_scorecard(rules: KpiRules, card: Scorecard, given: Values, targets: Values, day: date) -> TriedScore:
    """The score of values of KPIs; what is left out has no value, and the target that the department has on the day.

    `rules` are those in force on `day`. Of what is held against peers, the target stands for what they reached.
    """
    gated = {gate.kpi: Measured(ValueState.VALUE, given.get(gate.kpi), None) for gate in card.gates}
    measured = {part.kpi: _measured(rules, card, part, given, targets, day) for part in card.parts}
    _, score, parts = grade(card, measured, gated)
    return TriedScore(score, parts)


def read_by_scorecard(card: Scorecard) -> list[str]:
    """The KPIs that it weighs, that say whether there is enough to go by, or by which it is gated."""
    enough = (part.enough.kpi for part in card.parts if part.enough)
    return [*(part.kpi for part in card.parts), *(gate.kpi for gate in card.gates), *enough]


def try_figure(figure: Figure, given: Values) -> Decimal | None:
    """The value of a ratio, or of a formula over KPIs; None where it has none. Names: see `read_by_figure`.

    Raises: ValueError for a figure that is counted in rows.
    """
    match figure.made:
        case Formula(expression):
            value = evaluate(expression, {name: given.get(name) for name in read_by_figure(figure)})
            return value if isinstance(value, Decimal) else None
        case Division():
            return divide(given.get("numerator"), given.get("denominator"))
    raise ValueError(f"{figure.id} is counted in rows: there is nothing to compute from given values")


def read_by_figure(figure: Figure) -> list[str]:
    """The names that it is computed from; none of one that is counted in rows."""
    match figure.made:
        case Formula(expression):
            return sorted(expression.names)
        case Division():
            return ["numerator", "denominator"]
    return []


def _measured(
    rules: KpiRules, card: Scorecard, part: ScorecardPart, given: Values, targets: Values, day: date
) -> Measured:
    kpi = part.kpi
    of_each = [placed for placed in rules.targets if placed.rule.cascade is None]
    somebody = StaffPosting(card.department, "", card.roles[0], day)
    stated = partner_target(of_each, kpi, "") if card.scores else target_for(of_each, kpi, "", somebody)
    target = targets.get(kpi, stated.rule.values[kpi] if stated and not part.peers else None)
    lower = any(figure.id == kpi and figure.rule.good == "lower" for figure in rules.figures)
    tie_band = part.peers.tie_band if part.peers else Decimal(0)
    return Measured(ValueState.VALUE, given.get(kpi), target, lower, tie_band=tie_band)
