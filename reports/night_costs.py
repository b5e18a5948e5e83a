"""What nights cost, as operations reads it: is anything growing, and which stage is it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from domain.costs import ORDER, Cost, NightCost, newest_of_stage
from domain.money import CONTEXT
from reports.languages import Language
from reports.marks import state_mark
from reports.plots import Line, Lines, Tone
from reports.scopes import Scope
from reports.sections import Card, Day, Heading, Number, Report, Row, Section, Shape
from reports.views import About, View

LEAST_NIGHTS = 4  # of a comparison of the first nights with the last
GROWN = Decimal("1.5")  # times the median: what is marked


@dataclass(frozen=True, slots=True)
class NightCosts:
    """Every attempt at an official night of some dates, oldest first."""

    about: About
    nights: tuple[NightCost, ...]


def night_costs_report(facts: NightCosts, language: Language) -> Report:
    view = _Costs(facts.about, language, Scope(), facts)
    gettext = view.gettext
    return view.report(
        "nights",
        gettext("What nights cost"),
        audience=gettext("operations engineers"),
        cards=view.cards(),
        sections=(view.stages(), view.each()),
        facts=(),
    )


@dataclass(frozen=True, slots=True)
class _Costs(View):
    facts: NightCosts

    def cards(self) -> Iterator[Card]:
        if not self.facts.nights:
            return
        gettext, newest = self.gettext, self.facts.nights[-1]
        before = _median(night.seconds for night in self.facts.nights[:-1] if night.stages)
        note = gettext("median before: %(seconds)s") % {"seconds": self.formats.short(before)} if before else ""
        yield Card(gettext("Seconds of the newest night"), _seconds(newest.seconds, before), note)
        yield Card(gettext("Highest memory, MiB"), Number(newest.peak_mib))
        yield Card(gettext("Written to disk, MiB"), Number(newest.written_mib))
        attempts = sum(night.business_date == newest.business_date for night in self.facts.nights)
        yield Card(gettext("Attempts it took"), Number(attempts))

    def stages(self) -> Section:
        """Each stage of the newest night beside the nights before it, and the first nights beside the last."""
        gettext = self.gettext
        headings = (
            Heading(gettext("Stage"), is_number=False),
            Heading(gettext("Seconds")),
            Heading(gettext("Median before")),
            Heading(gettext("Longest")),
            Heading(gettext("Last third ÷ first third")),
            Heading(gettext("Processor seconds")),
            Heading(gettext("Memory, MiB")),
            Heading(gettext("Written, MiB")),
            Heading(gettext("Rows")),
        )
        found = {stage: tuple(newest_of_stage(self.facts.nights, stage).values()) for stage in ORDER}
        rows = tuple(self._stage_row(stage, costs) for stage, costs in found.items() if costs)
        rule = gettext(
            "By the newest attempt that had to do the stage: what was finished before costs nothing. Marked: more than "
            "half as long again as the median of the nights before. Rows are rows landed or judged, accounts decided "
            "on, figures, payout lines, files."
        )
        empty = gettext("No night was run in these days.")
        return Section("stages", gettext("By stage"), rule, headings, rows, empty, plots=tuple(self._plots(found)))

    def _stage_row(self, stage: str, costs: tuple[Cost, ...]) -> Row:
        newest, before = costs[-1], _median(each.seconds for each in costs[:-1])
        return Row(
            (
                stage,
                _seconds(newest.seconds, before),
                Number(before, Shape.NUMBER),
                Number(max(each.seconds for each in costs), Shape.NUMBER),
                Number(_growth(costs), Shape.NUMBER),
                Number(newest.cpu_seconds, Shape.NUMBER),
                Number(newest.peak_mib),
                Number(newest.written_mib),
                Number(newest.rows),
            )
        )

    def _plots(self, found: dict[str, tuple[Cost, ...]]) -> Iterator[Lines]:
        """One of each stage, for they differ by orders of magnitude."""
        gettext = self.gettext
        for stage, costs in found.items():
            if len(costs) < LEAST_NIGHTS:
                continue
            points = tuple((number, Number(each.seconds, Shape.NUMBER)) for number, each in enumerate(costs, start=1))
            about = gettext("A line of the seconds that the stage took in each night.")
            line = Line(gettext("seconds"), Tone.MAIN, points, has_marks=True)
            yield Lines(f"{stage}: {gettext('seconds')}", about, gettext("nights, the newest last"), (line,))

    def each(self) -> Section:
        gettext = self.gettext
        headings = (
            Heading(gettext("Business date"), is_number=False),
            Heading(gettext("Begun, UTC"), is_number=False),
            Heading(gettext("How it ended"), is_number=False),
            Heading(gettext("Seconds")),
            Heading(gettext("Processor seconds")),
            Heading(gettext("Memory, MiB")),
            Heading(gettext("Written, MiB")),
        )
        rows = tuple(self._night_row(night) for night in reversed(self.facts.nights))
        rule = gettext("Every attempt at an official night, the newest first, with what its stages took.")
        return Section("nights", gettext("By night"), rule, headings, rows, gettext("No night was run in these days."))

    def _night_row(self, night: NightCost) -> Row:
        return Row(
            (
                Day(night.business_date),
                f"{night.started_at:%Y-%m-%d %H:%M}",
                state_mark(night.state, self.language).text,
                Number(night.seconds, Shape.NUMBER),
                Number(night.cpu_seconds, Shape.NUMBER),
                Number(night.peak_mib),
                Number(night.written_mib),
            )
        )


def _seconds(value: Decimal, before: Decimal | None) -> Number:
    return Number(value, Shape.NUMBER, tone="bad" if before and value > before * GROWN else "")


def _median(values: Iterable[Decimal]) -> Decimal | None:
    known = tuple(values)
    return median(known) if known else None


def _growth(costs: tuple[Cost, ...]) -> Decimal | None:
    """The median of the last third of the nights as a multiple of that of the first; none of few nights."""
    third = len(costs) // 3
    if len(costs) < LEAST_NIGHTS or not third:
        return None
    first, last = (_median(each.seconds for each in part) for part in (costs[:third], costs[-third:]))
    return CONTEXT.divide(last, first) if first and last is not None else None
