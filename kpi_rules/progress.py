"""How far somebody is: targets as they are due by a day, the share of them that was reached, and who falls behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.money import CONTEXT
from domain.periods import Period
from domain.records import Grain, ScorePart
from kpi_rules.figures import Division, Figure, Formula, Part, grows_with_days, measures_in
from kpi_rules.grading import attainment_of

WHOLE = Decimal(1)


def accrues(kpi: str, figures: Mapping[str, Figure]) -> bool:
    """Whether the figure of a month builds up from zero: sums and counts of events, and shares of what stands still,
    such as what was recovered of what was overdue at opening. A share of events, such as promises kept, does not."""
    figure = figures.get(kpi)
    match figure.made if figure else None:
        case Division(numerator, denominator):
            return _builds_up(numerator, figures) and not _builds_up(denominator, figures)
    return grows_with_days(kpi, figures)


def share_passed(working: frozenset[date] | None, as_of: date) -> Decimal:
    """The share of the month's working days that have passed, the business date included; all without a calendar."""
    period = Period.of(as_of)
    days = [day for day in working or () if day in period]
    return CONTEXT.divide(Decimal(sum(day <= as_of for day in days)), Decimal(len(days))) if days else WHOLE


def due_by_now(kpi: str, target: Decimal, figures: Mapping[str, Figure], passed: Decimal) -> Decimal:
    """Of a figure that accrues, the part of the month's target for the working days passed; else the whole target."""
    return CONTEXT.multiply(target, passed) if accrues(kpi, figures) else target


def reached(parts: Iterable[ScorePart], figures: Mapping[str, Figure], passed: Decimal) -> Decimal | None:
    """The share of the targets due by now that was reached, weighed as the scorecard weighs them, each between 0 and 1:
    what is beyond one target does not make up for another. None if nothing has a value and a target."""
    shares = [
        (part.weight, _share(part.value, due_by_now(part.kpi, part.target, figures, passed), figures[part.kpi]))
        for part in parts
        if not part.is_gate and part.value is not None and part.target is not None and part.kpi in figures
    ]
    known = [(weight, share) for weight, share in shares if share is not None]
    whole = sum((weight for weight, _ in known), Decimal(0))
    got = sum((CONTEXT.multiply(weight, share) for weight, share in known), Decimal(0))
    return CONTEXT.divide(got, whole) if whole else None


Entity = tuple[Grain, str]


@dataclass(frozen=True, slots=True)
class Week:
    """What was reached by the last measured night of a week, by employee and team."""

    ending: date
    reached: Mapping[Entity, Decimal]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Weeks in a row, up to the newest, below the share: `first` is the night of the first of them."""

    entity: Entity
    first: date
    weeks: int
    reached: Decimal


def stretches(weeks: Sequence[Week], *, below: Decimal, at_least: int) -> tuple[Stretch, ...]:
    """Who is below the share in the newest week and was in the weeks before it, for `at_least` weeks; by first day.

    A week without a measured night is none, and a week in which somebody has no value neither counts nor ends a
    stretch: somebody on leave does not catch up by it.
    """
    newest_first = sorted(weeks, key=lambda week: week.ending, reverse=True)
    found = (_stretch(entity, newest_first, below) for entity in (newest_first[0].reached if newest_first else ()))
    return tuple(
        sorted(
            (each for each in found if each is not None and each.weeks >= at_least),
            key=lambda each: (each.first, each.entity),
        )
    )


def _stretch(entity: Entity, newest_first: Sequence[Week], below: Decimal) -> Stretch | None:
    behind: list[date] = []
    for week in newest_first:
        share = week.reached.get(entity)
        if share is not None and share >= below:
            break
        behind += [week.ending] if share is not None else []
    return Stretch(entity, behind[-1], len(behind), newest_first[0].reached[entity]) if behind else None


def _share(value: Decimal, due: Decimal, figure: Figure) -> Decimal | None:
    if not due:
        return None
    attained = attainment_of(value, due, lower_is_better=figure.rule.good == "lower")
    return min(max(attained, Decimal(0)), WHOLE)


def _builds_up(part: Part, figures: Mapping[str, Figure]) -> bool:
    if isinstance(part, str):
        figure = figures.get(part)
        if figure is None:
            return False
        if isinstance(figure.made, Formula):
            return any(_builds_up(name, figures) for name in figure.operands)
        return grows_with_days(part, figures)
    measures = measures_in(part)
    return all(not (each.source.rows.is_state or each.source.window_days) for each in measures)
