"""The page of the gate over many nights: rows, what was set aside, and which checks failed when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from markupsafe import Markup

from domain.records import ControlTotals, Outcome, Verdict
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.marks import Mark, outcome_mark
from reports.pages import render
from reports.plots import SIGNS, Nights, TableNight

FAILING = (Outcome.HALT, Outcome.WAIVED, Outcome.WARN)
MOST_FREQUENT = 10


@dataclass(frozen=True, slots=True)
class TrendReport:
    """One verdict per business date, oldest first; checks that passed in every night may be left out of them."""

    nights: tuple[Verdict, ...]
    book_label: str = ""


@dataclass(frozen=True, slots=True)
class FailingCheck:
    """In how many nights a check did not let its table pass; `last` is the newest of them."""

    table: str
    check: str
    halted: int
    waived: int
    warned: int
    last: date

    @property
    def nights(self) -> int:
        return self.halted + self.waived + self.warned


def trend_page(report: TrendReport, language: Language = Language.ENGLISH) -> str:
    """The page: counts of nights, the checks that fail most, a plot for each table, and every outcome by date."""
    return render("trends.html.j2", language, page=_page(report, Formats(language)), book_label=report.book_label)


def nights_by_outcome(nights: Sequence[Verdict]) -> Mapping[Outcome, int]:
    """Nights by the worst outcome of their tables; every outcome, the gravest first."""
    found = Counter(night.outcome for night in nights)
    return {outcome: found[outcome] for outcome in reversed(Outcome)}


def failing_checks(nights: Sequence[Verdict]) -> tuple[FailingCheck, ...]:
    """Checks that warned, were waived or halted at least once: the most frequent first, then by name."""
    failed = sorted(
        (check.table, check.check, night.business_date, check.outcome)
        for night in nights
        for table in night.tables
        for check in table.checks
        if check.outcome in FAILING
    )
    found = [_counted(*key, tuple(rows)) for key, rows in groupby(failed, key=lambda row: (row[0], row[1]))]
    return tuple(sorted(found, key=lambda each: (-each.nights, -each.halted, each.table, each.check)))


def _counted(table: str, check: str, rows: Sequence[tuple[str, str, date, Outcome]]) -> FailingCheck:
    times = Counter(outcome for _, _, _, outcome in rows)
    days = [day for _, _, day, _ in rows]
    return FailingCheck(table, check, times[Outcome.HALT], times[Outcome.WAIVED], times[Outcome.WARN], max(days))


@dataclass(frozen=True, slots=True)
class _Cell:
    """`title` says date and outcome in words; a night without this table or check has an empty cell."""

    sign: str
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class _Strip:
    heading: str
    cells: tuple[_Cell, ...]


@dataclass(frozen=True, slots=True)
class _Plot:
    table: str
    nights: str
    picture: Markup


@dataclass(frozen=True, slots=True)
class _Page:
    span: str
    mark: Mark
    headline: str
    detail: str
    counts: tuple[tuple[Mark, int], ...]
    legend: tuple[tuple[str, Mark], ...]
    frequent: tuple[FailingCheck, ...]
    more: int
    plots: tuple[_Plot, ...]
    months: tuple[tuple[str, int], ...]
    days: tuple[int, ...]
    tables: tuple[_Strip, ...]
    checks: tuple[_Strip, ...]


def _page(report: TrendReport, formats: Formats) -> _Page:
    nights, language = report.nights, formats.language
    days = [night.business_date for night in nights]
    failing, counts = failing_checks(nights), nights_by_outcome(nights)
    return _Page(
        span=f"{formats.day(days[0])} – {formats.day(days[-1])}" if days else "",
        mark=outcome_mark(nights[-1].outcome, language) if nights else Mark("·", "", "plain"),
        headline=_headline(counts, formats),
        detail=_detail(nights, formats),
        counts=tuple((outcome_mark(outcome, language), number) for outcome, number in counts.items()),
        legend=tuple((sign.text, outcome_mark(outcome, language)) for outcome, sign in SIGNS.items()),
        frequent=failing[:MOST_FREQUENT],
        more=max(len(failing) - MOST_FREQUENT, 0),
        plots=tuple(_plots(nights, formats)),
        months=tuple((month, len(list(group))) for month, group in groupby(f"{day:%Y-%m}" for day in days)),
        days=tuple(day.day for day in days),
        tables=tuple(_table_strips(nights, formats)),
        checks=tuple(_check_strips(nights, failing, formats)),
    )


def _headline(counts: Mapping[Outcome, int], formats: Formats) -> str:
    gettext, nights = words_of(formats.language).gettext, sum(counts.values())
    if not nights:
        return gettext("No night was gated in these days")
    shown = {"halted": formats.count(counts[Outcome.HALT]), "warned": formats.count(counts[Outcome.WARN])}
    return gettext("%(halted)s of %(nights)s nights halted, %(warned)s warned") % {
        **shown,
        "nights": formats.count(nights),
    }


def _detail(nights: Sequence[Verdict], formats: Formats) -> str:
    if not nights:
        return ""
    newest = {"day": formats.day(nights[-1].business_date)}
    said = outcome_mark(nights[-1].outcome, formats.language).text
    return words_of(formats.language).gettext("The newest, %(day)s: %(outcome)s.") % {**newest, "outcome": said}


def _plots(nights: Sequence[Verdict], formats: Formats) -> Iterator[_Plot]:
    """A plot for each table that landed; all of them over the same days, so that they can be compared."""
    from reports.drawing import drawn  # half a second to load, which only the page needs

    words, days = words_of(formats.language), tuple(night.business_date for night in nights)
    about = words.gettext("A line of the rows landed and one of those accepted, with a sign for the outcome of each "
                          "night; below them bars of the rows that were set aside.")  # fmt: skip
    for number, (table, found) in enumerate(_by_table(nights).items()):
        told = words.ngettext("%(num)s night", "%(num)s nights", len(found)) % {"num": formats.count(len(found))}
        plot = Nights(f"{table}, {told}", about, tuple(found), days)
        yield _Plot(table, told, drawn(plot, f"plot{number}", formats))


def _by_table(nights: Sequence[Verdict]) -> Mapping[str, Sequence[TableNight]]:
    found: dict[str, list[TableNight]] = {}
    for night in nights:
        for table in night.tables:
            one = TableNight(night.business_date, table.outcome, table.totals)
            found.setdefault(table.table, []).append(one)
    landed = {table for table, rows in found.items() if any(row.totals != ControlTotals(0, 0, 0, 0) for row in rows)}
    return {table: found[table] for table in sorted(landed)}


def _table_strips(nights: Sequence[Verdict], formats: Formats) -> Iterator[_Strip]:
    every = words_of(formats.language).gettext("The night")
    yield _strip(every, nights, {night.business_date: night.outcome for night in nights}, formats)
    for table in sorted({table.table for night in nights for table in night.tables}):
        found = {night.business_date: each.outcome for night in nights for each in night.tables if each.table == table}
        yield _strip(table, nights, found, formats)


def _check_strips(nights: Sequence[Verdict], failing: Sequence[FailingCheck], formats: Formats) -> Iterator[_Strip]:
    found: dict[tuple[str, str], dict[date, Outcome]] = {}
    for night in nights:
        for table in night.tables:
            for check in table.checks:
                found.setdefault((check.table, check.check), {})[night.business_date] = check.outcome
    for each in failing:
        yield _strip(each.check, nights, found[each.table, each.check], formats)


def _strip(heading: str, nights: Sequence[Verdict], found: Mapping[date, Outcome], formats: Formats) -> _Strip:
    return _Strip(heading, tuple(_cell(night.business_date, found, formats) for night in nights))


def _cell(day: date, found: Mapping[date, Outcome], formats: Formats) -> _Cell:
    if day not in found:
        return _Cell("", "none", "")
    mark = outcome_mark(found[day], formats.language)
    return _Cell(mark.sign, mark.tone, f"{day.isoformat()}: {mark.text}")
