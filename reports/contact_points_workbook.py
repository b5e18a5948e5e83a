"""The workbook of a cleaning of contact points: the page's numbers, to be filtered and summed; nobody's data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from reports.cells import Book, Cell, Column
from reports.contact_points import (
    FINDINGS,
    KINDS,
    OUTCOMES,
    ContactPointReport,
    PointCount,
    findings_of,
    jurisdiction_text,
    outcomes_of,
    title_of,
)
from reports.languages import Language, words_of

Row = Sequence[Cell]


def write_contact_points_workbook(
    report: ContactPointReport, path: Path, language: Language = Language.ENGLISH
) -> None:
    """Fills `path` with the sheets Outcomes, Findings and Limits."""
    _ = words_of(language).gettext
    where = (Column(_("Jurisdiction"), 14), Column(_("Kind"), 16, grows=True))
    points = Column(_("Points"), 12, is_number=True)
    usable = Column(_("Usable"), 12, is_number=True)
    with Book(path, title=title_of(report, language), label=report.book_label) as book:
        outcome = (Column(_("Outcome"), 18, grows=True), points, usable, Column(_("Meaning"), 40, grows=True))
        book.sheet(_("Outcomes"), (*where, *outcome), list(_outcome_rows(report, language)), fixed=3)
        finding = (Column(_("Finding"), 24, grows=True), Column(_("Code"), 18, grows=True), points)
        columns = (*where, *finding, Column(_("What to do"), 40, grows=True))
        book.sheet(_("Findings"), columns, list(_finding_rows(report, language)), fixed=3)
        named = (Column(_("Limit or source"), 34, grows=True), Column(_("Value"), 40, grows=True))
        book.sheet(_("Limits and sources"), named, list(_source_rows(report, language)))


def _outcome_rows(report: ContactPointReport, language: Language) -> Iterator[Row]:
    _ = words_of(language).gettext
    for start, counts in _cells(report, language):
        for code, points in outcomes_of(counts).items():
            usable = sum(each.points for each in counts if each.is_usable and each.outcome == code)
            if points:
                yield [*start, _(OUTCOMES[code].title), points, usable, _(OUTCOMES[code].text)]


def _finding_rows(report: ContactPointReport, language: Language) -> Iterator[Row]:
    _ = words_of(language).gettext
    for start, counts in _cells(report, language):
        for code, points in findings_of(counts).items():
            yield [*start, _(FINDINGS[code].title), code, points, _(FINDINGS[code].text)]


def _cells(report: ContactPointReport, language: Language) -> Iterator[tuple[list[str], list[PointCount]]]:
    """The counts of each jurisdiction and kind, in their order."""
    _ = words_of(language).gettext
    kinds = list(KINDS)
    ordered = sorted(report.counts, key=lambda each: (each.jurisdiction, kinds.index(each.kind)))
    for (jurisdiction, kind), counts in groupby(ordered, key=lambda each: (each.jurisdiction, each.kind)):
        yield [jurisdiction_text(jurisdiction, language), _(KINDS[kind])], list(counts)


def _source_rows(report: ContactPointReport, language: Language) -> Iterator[Row]:
    _ = words_of(language).gettext
    limits, read = report.limits, report.look_back
    yield [_("As of"), report.as_of.isoformat()]
    yield [_("Cleaning"), report.cleaning]
    yield [_("Stale after days"), limits.stale_after_days]
    yield [_("Retired after wrong parties"), limits.retire_after_wrong_parties]
    yield [_("Shared from debtors"), limits.shared_from_debtors]
    yield [_("Reason"), limits.reason]
    yield [_("Owner"), limits.owner]
    yield [_("To be reviewed by"), limits.review_by.isoformat() if limits.review_by else ""]
    yield [_("Rule version"), limits.rule.digest]
    yield [_("Contacts read"), read.contacts]
    yield [_("First day of contacts"), read.start.isoformat()]
    yield [_("Days with accepted contacts"), read.days_accepted]
    yield [_("Days that were never accepted"), read.days_never_accepted]
    for state in report.states:
        yield [f"{state.table} {state.business_date}", state.version]
