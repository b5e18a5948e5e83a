"""KPIs whose definition changes within a month: each definition counts its own days, where the file says so.

`changes: by_days` makes of the versions of a month pieces, each the measure of one version over its days, which add up.
`refuse` lets no version begin where another one held in the same month. Left out, or `whole_month`, the version of the
business date counts for the whole month.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from domain.issues import Issue
from domain.periods import Period
from kpi_rules.figures import Division, Figure, Formula, Measure, Part, Pieces, Version
from kpi_rules.language import Aggregation

Days = tuple[date, date]  # the first and the last, both included

_EXTREMES = frozenset({Aggregation.MIN, Aggregation.MAX})


def by_its_days(figure: Figure, figures: Iterable[Figure], day: date) -> Figure:
    """The figure of a business date: of pieces, if it says so and does not hold since the first of the month."""
    if figure.versions or not _has_changed(figure, day):
        return figure
    known = tuple(figures)
    held = tuple(_held(figure.id, known, (Period.of(day).start, day)))
    if tuple(_faults_alone(figure, known)) or not _alike(each for each, _ in held):
        return figure  # the check has told it
    made = _pieced(held, known)
    return replace(figure, made=made, versions=tuple(Version(each.placed, *days) for each, days in held))


def earlier_versions(current: Iterable[Figure], figures: Iterable[Figure], day: date) -> tuple[Figure, ...]:
    """What figures of a business date are made of by days, and is in force no more."""
    month, known, reached = (Period.of(day).start, day), tuple(figures), set[str]()
    for figure in current:
        if _has_changed(figure, day):
            reached |= {figure.id}.union(*(each.operands for each, _ in _held(figure.id, known, month)))
    held = [each for name in sorted(reached) for each, _ in _held(name, known, month)]
    return tuple(each for each in held if not each.rule.holds_on(day))


def _has_changed(figure: Figure, day: date) -> bool:
    return figure.rule.changes == "by_days" and figure.rule.valid_from > Period.of(day).start


def check_changes(figures: Iterable[Figure]) -> Iterator[Issue]:
    """What cannot be told apart by days, and what must not change within a month but does; once for each rule."""
    known = tuple(figures)
    yield from dict.fromkeys(issue for figure in known for issue in _faults(figure, known))


def _faults(figure: Figure, figures: tuple[Figure, ...]) -> Iterator[Issue]:
    alone = tuple(_faults_alone(figure, figures)) if figure.rule.changes == "by_days" else ()
    yield from alone
    began = figure.rule.valid_from
    held = tuple(each for each, _ in _held(figure.id, figures, (Period.of(began).start, began)))
    if len(held) > 1 and not alone:
        yield from _faults_of_change(figure, held)


def _held(name: str, figures: Iterable[Figure], within: Days) -> Iterator[tuple[Figure, Days]]:
    """The versions of the figure in order, each with its days among these."""
    for figure in sorted(figures, key=lambda each: each.rule.valid_from):
        first, last = max(figure.rule.valid_from, within[0]), min(_last_day(figure), within[1])
        if figure.id == name and first <= last:
            yield figure, (first, last)


def _last_day(figure: Figure) -> date:
    return date.max if figure.rule.valid_to is None else figure.rule.valid_to - timedelta(days=1)


def _pieced(held: tuple[tuple[Figure, Days], ...], figures: tuple[Figure, ...]) -> Pieces | Division:
    parts = [_pieces([(each.parts[n], days) for each, days in held], figures) for n in range(len(held[0][0].parts))]
    return Division(*parts) if isinstance(held[0][0].made, Division) else parts[0]


def _pieces(parts: Iterable[tuple[Part, Days]], figures: tuple[Figure, ...]) -> Pieces:
    return Pieces(tuple(measure for part, days in parts for measure in _measures(part, days, figures)))


def _measures(part: Part, days: Days, figures: tuple[Figure, ...]) -> Iterator[Measure]:
    """Of a KPI that is named: the measures of its own versions on these days."""
    if isinstance(part, Measure):
        yield part.on_days(days)
    elif isinstance(part, str):
        for figure, own in _held(part, figures, days):
            if isinstance(figure.made, Measure):
                yield figure.made.on_days(own)


def _faults_alone(figure: Figure, figures: tuple[Figure, ...]) -> Iterator[Issue]:
    """Only what happens on a day, and adds up, can be told apart by days."""
    place = figure.placed.place("changes")
    if isinstance(figure.made, Formula):
        text = "a formula goes by the version of the business date"
        yield Issue("KPI019", place, f"by_days: {text}", "Leave it out, and write it at the KPIs of the formula")
        return
    reached = [(figure, measure) for measure in figure.measures]
    for name in sorted(figure.operands):
        for operand in (each for each in figures if each.id == name):
            reached += [(operand, measure) for measure in operand.measures]
            if not isinstance(operand.made, Measure):
                text = f'by_days: "{name}" is no single measure'
                yield Issue("KPI019", place, text, "Write its measure out here, or leave by_days out")
    for owner, measure in reached:
        if why := _why_not(measure):
            whose = "" if owner is figure else f'"{owner.id}": '
            yield Issue(
                "KPI019", place, f"by_days: {whose}{why}", "Write whole_month, or begin on the first of a month"
            )


def _why_not(measure: Measure) -> str:
    if measure.source.rows.is_state:
        return f"{measure.source.dataset} shows one day, not what happened on each"
    if measure.source.window_days:
        return "a window of days reaches over the change"
    if not measure.adds_up:
        return "what is distinct in two parts of a month does not add up"
    return ""


def _faults_of_change(figure: Figure, versions: tuple[Figure, ...]) -> Iterator[Issue]:
    """Of a version that begins where another one held in the same month."""
    what, began = f'"{figure.rule.id}"', figure.rule.valid_from
    hint = "Let it begin on the first of a month"
    if any(each.rule.changes == "refuse" for each in versions):
        text = f"{what} changes on {began}, within a month, which `changes: refuse` forbids"
        yield Issue("KPI018", figure.placed.place("valid_from"), text, hint)
    elif figure.rule.changes == "by_days" and not _alike(versions):
        text = f"by_days: {what} is measured in another way since {began}, and the two do not add up"
        yield Issue("KPI019", figure.placed.place("changes"), text, hint)


def _alike(figures: Iterable[Figure]) -> bool:
    """Whether the versions are of one shape: sums and counts, or the same extreme; ratios of these."""
    return len({tuple(_shape(figure)) for figure in figures}) <= 1


def _shape(figure: Figure) -> Iterator[str]:
    yield type(figure.made).__name__
    for measure in figure.measures if isinstance(figure.made, Measure) else ():
        yield measure.aggregation if measure.aggregation in _EXTREMES else "sum"
