"""Whether stored figures hold together: ratios beside their sums, scores beside their parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.issues import Issue, Location
from domain.records import KpiResult, Score, ScorePart, ValueState
from domain.rules import version_digest
from kpi_rules.explanations import recomputes
from kpi_rules.regrading import comes_to
from kpi_rules.results import divide
from kpi_rules.rulebook import KpiRules

_HINT = "Find out what was changed by hand; restore the store from the backup"


def untied_ratios(results: Iterable[KpiResult], place: Location) -> Iterator[Issue]:
    """LED017: a ratio that is not its numerator divided by its denominator, as they are stored."""
    for result in results:
        if not recomputes(result):
            found = _shown(divide(result.numerator, result.denominator))
            whose = f"{result.kpi} of {result.grain} {result.entity}"
            message = f"{whose}: {_shown(result.value)} is stored, its sums give {found}"
            yield Issue("LED017", place, message, _HINT)


def untied_scores(scores: Iterable[Score], rules: KpiRules, place: Location) -> Iterator[Issue]:
    """LED016: a score, or a part of one, that is not what its stored values and targets come to.

    `rules` are those of the night. Of a halted score there is nothing to hold it against: it must have no value.
    LED014: the scorecard is not among them.
    """
    cards = {version_digest(placed.rule): placed.rule for placed in rules.scorecards}
    figures = {figure.id: figure for figure in rules.figures}
    for score in scores:
        whose = f"{score.scorecard} of {score.grain} {score.entity}"
        if score.state is ValueState.HALTED:
            yield from _unequal(whose, score.score, None, place)
        elif score.rule not in cards:
            yield Issue("LED014", place, f"{whose}: its scorecard is not in the store", _HINT)
        else:
            again = comes_to(cards[score.rule], score, figures)
            yield from _unequal(whose, score.score, again.score, place)
            yield from _unequal_parts(whose, score.parts, again.parts, place)


def _unequal_parts(
    whose: str, stored: Iterable[ScorePart], found: Iterable[ScorePart], place: Location
) -> Iterator[Issue]:
    """Attainments are read by policies too, so a part that was edited is told although the score may be as it was."""
    now = {(part.kpi, part.is_gate): part for part in found}
    before = {(part.kpi, part.is_gate): part for part in stored}
    for key in sorted(before.keys() | now.keys()):
        for name in ("attainment", "points", "weight", "contribution"):
            was, gives = (getattr(parts[key], name) if key in parts else None for parts in (before, now))
            yield from _unequal(f"{whose}, {key[0]}, {name}", was, gives, place)


def _unequal(what: str, stored: Decimal | None, found: Decimal | None, place: Location) -> Iterator[Issue]:
    if stored != found:
        message = f"{what}: {_shown(stored)} is stored, its parts give {_shown(found)}"
        yield Issue("LED016", place, message, _HINT)


def _shown(number: Decimal | None) -> str:
    return "no value" if number is None else canonical_decimal(number)
