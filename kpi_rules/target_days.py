"""Targets that change within a month: by days, each day counts with the target that was in force on it.

The target of the business date says whether it is so; what holds on that day is taken to hold to the end of the month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import pairwise

from domain.ids import canonical_decimal
from domain.money import CONTEXT
from domain.periods import Period
from domain.rules import Placed
from domain.staff import DayShareKeys, Share, Span
from kpi_rules.language import Target
from kpi_rules.stays import Stay, Workforce

ForDay = Callable[[date], Placed[Target] | None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of the month on which one target holds for somebody, half-open."""

    placed: Placed[Target]
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Counted:
    """What a stretch counts with: so many of all days, of a kind that has a name."""

    stretch: Stretch
    share: Share
    days: str


def goes_by_days(target: Target, as_of: date) -> bool:
    """Whether the target of the business date leaves the days before it began to what held then."""
    return target.changes == "by_days" and target.valid_from > Period.of(as_of).start


def replaced_within_month(targets: Iterable[Placed[Target]], as_of: date) -> tuple[Placed[Target], ...]:
    """Targets of earlier days of the month that those of the business date count with, and that hold no more."""
    known, start = tuple(targets), Period.of(as_of).start
    current = (each.rule for each in known if each.rule.holds_on(as_of))
    kpis = {kpi for target in current if goes_by_days(target, as_of) for kpi in target.values}
    return tuple(
        each
        for each in known
        if kpis & each.rule.values.keys() and each.rule.valid_to and start < each.rule.valid_to <= as_of
    )


def stretches(on: ForDay, turns: Iterable[date], people: Workforce) -> tuple[Stretch, ...]:
    """The month cut at these days up to the business date; days without a target are left out."""
    period, as_of = people.period, people.as_of
    cuts = sorted({period.start, *(day for day in turns if period.start < day <= as_of)})
    found = ((on(start), start, end) for start, end in pairwise((*cuts, period.end)))
    return tuple(Stretch(placed, start, end) for placed, start, end in found if placed)


def counted(found: Iterable[Stretch], stay: Stay, people: Workforce) -> Iterator[Counted | None]:
    """Of what grows with the days: those of each stretch that its rule's `prorate` counts, of all of the month.

    `whole` asks for all of it from everybody, so that it counts calendar days whoever was there. None where the
    calendar has no working day of the month.
    """
    everybody = Decimal((people.period.end - people.period.start).days)
    for stretch in found:
        by = stretch.placed.rule.prorate
        if not isinstance(by, DayShareKeys):
            days = Decimal((stretch.end - stretch.start).days)
            yield Counted(stretch, Share(days, everybody), "calendar days")
            continue
        share = people.share(stay, _within(people.spans(stay), stretch), by)
        yield Counted(stretch, share, by.by.replace("_", " ")) if share else None


def there(found: Iterable[Stretch], stay: Stay, people: Workforce) -> tuple[Counted, ...]:
    """Of shares and means: the calendar days of each stretch on which somebody was there, of all on which they were."""
    spans, known = people.spans(stay), tuple(found)
    days = [sum(((span.end - span.start).days for span in _within(spans, each)), 0) for each in known]
    days = days if any(days) else [(each.end - each.start).days for each in known]
    whole = Decimal(sum(days))
    return tuple(Counted(each, Share(Decimal(one), whole), "days") for each, one in zip(known, days, strict=True))


def value_by_days(parts: Iterable[Counted], kpi: str) -> Decimal:
    """Each value times its days, over all days: divided once for all that are counted alike."""
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    for part in parts:
        value = part.stretch.placed.rule.values[kpi]
        sums[part.share.whole] = CONTEXT.add(sums[part.share.whole], CONTEXT.multiply(value, part.share.counted))
    return reduce(CONTEXT.add, (CONTEXT.divide(product, whole) for whole, product in sums.items()))


def note_by_days(parts: Iterable[Counted], kpi: str) -> str:
    """Such as `a.yaml:9:7, 100 for 10 of 31 calendar days + a.yaml:20:7, 200 for 21 of 31 calendar days`."""
    return " + ".join(
        f"{part.stretch.placed.place('values', kpi)}, {canonical_decimal(part.stretch.placed.rule.values[kpi])} for "
        f"{canonical_decimal(part.share.counted)} of {canonical_decimal(part.share.whole)} {part.days}"
        for part in parts
    )


def _within(spans: Iterable[Span], stretch: Stretch) -> tuple[Span, ...]:
    clipped = (Span(each.posting, max(each.start, stretch.start), min(each.end, stretch.end)) for each in spans)
    return tuple(each for each in clipped if each.start < each.end)
