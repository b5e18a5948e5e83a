"""The page of a night: what the gate said, what was allocated, how everybody stands, and what the month may pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from domain.ids import RunId
from domain.manifest import Waiver
from domain.records import (
    CheckResult,
    Grain,
    KpiResult,
    Outcome,
    PayoutLine,
    Score,
    ScorePart,
    TableVerdict,
    Verdict,
)
from reports.formats import Formats
from reports.kpi_tables import GRAINS, KpiLabel, Matrix, MatrixRow, Text, kpi_matrices
from reports.languages import Language, words_of
from reports.marks import Mark, outcome_mark, state_mark
from reports.pages import render

SHOWN_FIRST = (Grain.PORTFOLIO, Grain.DEPARTMENT, Grain.TEAM)
FOLDED = (Grain.EMPLOYEE, Grain.POSTING, Grain.PARTNER, Grain.BRANCH, Grain.SEGMENT)


@dataclass(frozen=True, slots=True)
class NightReport:
    """What the page shows; a stage that did not run has no results here, and its summary says so.

    `labels` are in the order in which KPIs are shown. `book_label` says that the book is a demo, and `run_label` that
    the run is no official one; both stand on top. `forecast` is what the month would pay by its results so far.
    """

    business_date: date
    run_id: RunId
    verdict: Verdict
    stages: tuple[StageSummary, ...] = ()
    labels: Mapping[str, KpiLabel] = field(default_factory=dict)
    kpis: tuple[KpiResult, ...] = ()
    rolls: tuple[RollTable, ...] = ()
    scores: tuple[Score, ...] = ()
    forecast: tuple[PayoutLine, ...] = ()
    links: tuple[Link, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    book_label: str = ""
    run_label: str = ""


@dataclass(frozen=True, slots=True)
class StageSummary:
    """`outcome` is the store's word: done, halted, waiting or failed; `note` says what that means for the morning."""

    name: str
    outcome: str
    figures: tuple[tuple[str, str | int | Decimal], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class RollTable:
    """Roll rates of one measure, such as balance or accounts, bucket by bucket."""

    title: str
    rows: tuple[RollRow, ...]


@dataclass(frozen=True, slots=True)
class RollRow:
    """What rolled on from `bucket`; None where the KPI is not measured for it."""

    bucket: str
    by_stock: KpiResult | None
    by_cohort: KpiResult | None


@dataclass(frozen=True, slots=True)
class Link:
    """A file to open, relative to the page: a page that is moved with its files keeps its links.

    Raises: ValueError for an absolute path or an address.
    """

    title: str
    href: str
    note: str = ""

    def __post_init__(self) -> None:
        address = urlsplit(self.href)
        if address.scheme or address.netloc or address.path.startswith(("/", "\\")):
            raise ValueError(f"{self.href!r} is not relative to the page")


def night_page(report: NightReport, language: Language = Language.ENGLISH) -> str:
    """The page: the verdict first, and what nobody needs every morning folded."""
    page = _page(report, Formats(language))
    return render("night.html.j2", language, report=report, page=page, book_label=report.book_label)


@dataclass(frozen=True, slots=True)
class _Page:
    headline: tuple[Mark, str, str]
    stages: tuple[tuple[Mark, StageSummary], ...]
    tables: tuple[_Table, ...]
    findings: tuple[tuple[Mark, CheckResult], ...]
    rolls: tuple[Matrix, ...]
    shown: tuple[_GrainTables, ...]
    folded: tuple[_GrainTables, ...]
    scorecards: tuple[_Scorecard, ...]
    forecast: tuple[_Forecast, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    verdict: TableVerdict
    mark: Mark
    failed: int


@dataclass(frozen=True, slots=True)
class _GrainTables:
    name: str
    entities: int
    tables: tuple[Matrix, ...]


@dataclass(frozen=True, slots=True)
class _Scorecard:
    """`lowest`, `median` and `highest` are those of the scores that have a value."""

    name: str
    scores: int
    without: int
    lowest: str
    median: str
    highest: str
    table: Matrix


@dataclass(frozen=True, slots=True)
class _Forecast:
    scope: str
    currency: str
    payees: int
    amount: Decimal


def _page(report: NightReport, formats: Formats) -> _Page:
    checks = [check for table in report.verdict.tables for check in table.checks if check.outcome is not Outcome.PASS]
    worst_first = sorted(checks, key=lambda check: (-check.outcome.rank, check.table, check.layer, check.check))
    tables = sorted(report.verdict.tables, key=lambda table: (-table.outcome.rank, table.table))

    return _Page(
        _headline(report.verdict, formats.language),
        tuple((state_mark(stage.outcome, formats.language), stage) for stage in report.stages),
        tuple(_table(table, formats.language) for table in tables),
        tuple((outcome_mark(check.outcome, formats.language), check) for check in worst_first),
        tuple(_roll_matrix(table, formats) for table in report.rolls),
        tuple(_grain_tables(report, SHOWN_FIRST, formats)),
        tuple(_grain_tables(report, FOLDED, formats)),
        tuple(_scorecards(report, formats)),
        tuple(_forecast(report.forecast)),
    )


def _headline(verdict: Verdict, language: Language) -> tuple[Mark, str, str]:
    """The worst outcome and the tables that have it; a gate that judged nothing has halted."""
    words, outcome = words_of(language), verdict.outcome
    names = sorted(table.table for table in verdict.tables if table.outcome is outcome)
    number = len(names)
    match outcome:
        case Outcome.HALT if not names:
            text = words.gettext("The gate judged no table: that is a halt")
        case Outcome.HALT:
            text = words.ngettext("%(num)s table halted", "%(num)s tables halted", number)
        case Outcome.WAIVED:
            text = words.ngettext(
                "No table halted; for %(num)s a halt was waived",
                "No table halted; for %(num)s halts were waived",
                number,
            )
        case Outcome.WARN:
            text = words.ngettext(
                "No table halted; %(num)s has warnings", "No table halted; %(num)s have warnings", number
            )
        case Outcome.NOT_YET_KNOWN:
            text = words.ngettext(
                "No table halted; %(num)s has too little history to compare with",
                "No table halted; %(num)s have too little history to compare with",
                number,
            )
        case Outcome.PASS:
            text = words.ngettext("%(num)s table passed", "All %(num)s tables passed", number)
    return outcome_mark(outcome, language), text % {"num": number}, "" if outcome is Outcome.PASS else ", ".join(names)


def _table(table: TableVerdict, language: Language) -> _Table:
    failed = sum(check.outcome is not Outcome.PASS for check in table.checks)
    return _Table(table, outcome_mark(table.outcome, language), failed)


def _grain_tables(report: NightReport, grains: Sequence[Grain], formats: Formats) -> Iterator[_GrainTables]:
    for grain in grains:
        entities = {result.entity for result in report.kpis if result.grain is grain}
        if entities:
            name = words_of(formats.language).gettext(GRAINS[grain])
            yield _GrainTables(name, len(entities), kpi_matrices(report.kpis, report.labels, grain, formats))


def _roll_matrix(table: RollTable, formats: Formats) -> Matrix:
    gettext = words_of(formats.language).gettext
    columns = (Text(gettext("By stock")), Text(gettext("By cohort")))
    rows = (
        MatrixRow(Text(row.bucket), (_roll_cell(row.by_stock, formats), _roll_cell(row.by_cohort, formats)))
        for row in table.rows
    )
    return Matrix(table.title, gettext("From the bucket"), columns, (("", tuple(rows)),))


def _roll_cell(result: KpiResult | None, formats: Formats) -> Text:
    if result is None:
        return Text("–", is_missing=True)
    sums = ""
    if result.numerator is not None and result.denominator is not None:
        sums = f"{formats.number(result.numerator)} / {formats.number(result.denominator)}"
    return Text(formats.value(result, is_share=True), sums, is_missing=result.value is None)


def _scorecards(report: NightReport, formats: Formats) -> Iterator[_Scorecard]:
    by_card: dict[str, list[Score]] = defaultdict(list)
    for score in sorted(report.scores, key=lambda score: (score.scorecard, score.grain, score.entity)):
        by_card[score.scorecard].append(score)
    for name, scores in by_card.items():
        values = sorted(score.score for score in scores if score.score is not None)
        low, middle, high = (values[0], values[(len(values) - 1) // 2], values[-1]) if values else (None, None, None)
        yield _Scorecard(
            name,
            len(scores),
            len(scores) - len(values),
            _score(low, formats),
            _score(middle, formats),
            _score(high, formats),
            _score_matrix(scores, report, formats),
        )


def _score_matrix(scores: Sequence[Score], report: NightReport, formats: Formats) -> Matrix:
    """One row per person: the score, and what each KPI adds to it with the attainment behind it."""
    gettext = words_of(formats.language).gettext
    columns = list(dict.fromkeys((part.kpi, part.is_gate) for score in scores for part in score.parts))
    titles = [
        Text(report.labels[kpi].title if kpi in report.labels else kpi, gettext("gate") if is_gate else "")
        for kpi, is_gate in columns
    ]
    rows = [_score_row(score, columns, formats) for score in scores]
    return Matrix("", gettext(GRAINS[scores[0].grain]), (Text(gettext("Score")), *titles), (("", tuple(rows)),))


def _score_row(score: Score, columns: Sequence[tuple[str, bool]], formats: Formats) -> MatrixRow:
    parts = {(part.kpi, part.is_gate): part for part in score.parts}
    total = Text(_score(score.score, formats), is_missing=score.score is None)
    return MatrixRow(Text(score.entity), (total, *(_part(parts.get(column), formats) for column in columns)))


def _part(part: ScorePart | None, formats: Formats) -> Text:
    if part is None:
        return Text("–", is_missing=True)
    if part.contribution is None:
        return Text(words_of(formats.language).gettext("no value"), part.note, is_missing=True)
    attained = formats.share(part.attainment) if part.attainment is not None else part.note
    return Text(formats.short(part.contribution), attained)


def _score(score: Decimal | None, formats: Formats) -> str:
    return formats.short(score) if score is not None else words_of(formats.language).gettext("no value")


def _forecast(lines: Iterable[PayoutLine]) -> Iterator[_Forecast]:
    payees: dict[tuple[str, str], set[str]] = defaultdict(set)
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        payees[line.scope, line.currency].add(line.payee)
        sums[line.scope, line.currency] += line.amount
    for scope, currency in sorted(sums):
        yield _Forecast(scope, currency, len(payees[scope, currency]), sums[scope, currency])
