"""A report as a page and as a workbook."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from reports.cells import Book, Column
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.marks import Mark
from reports.pages import render
from reports.sections import Report, Section, TieOut, cells_of, columns_of

MOST_SHEET_NAME = 31  # characters, of spreadsheets
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def report_page(report: Report, language: Language) -> str:
    return render(
        "report.html.j2",
        language,
        report=report,
        pictures={section.name: _pictures(section, language) for section in report.sections},
        ties=_ties(report, language),
        book_label=report.book_label,
    )


@dataclass(frozen=True, slots=True)
class _Picture:
    title: str
    drawn: Markup


def _pictures(section: Section, language: Language) -> tuple[_Picture, ...]:
    """What draws takes half a second to load: it is loaded for the first plot, and where there is none not at all."""
    if not section.plots:
        return ()
    from reports.drawing import drawn

    names = (f"{section.name}-plot-{number}" for number, _ in enumerate(section.plots, start=1))
    return tuple(
        _Picture(plot.title, drawn(plot, name, Formats(language)))
        for name, plot in zip(names, section.plots, strict=True)
    )


def write_report_workbook(report: Report, path: Path, language: Language) -> None:
    """Fills `path` with a sheet for each section, one of the definitions, one of what ties out if anything does."""
    gettext = words_of(language).gettext
    formats = Formats(language)
    title = f"{report.title}, {formats.day(report.business_date)}"
    with Book(path, title=f"{title}, {report.scope}" if report.scope else title, label=report.book_label) as book:
        for section, name in zip(report.sections, sheet_names([each.title for each in report.sections]), strict=True):
            rows = cells_of(section.rows, len(section.headings))
            if not rows:
                rows = [[section.empty, *[None] * (len(section.headings) - 1)]]
            book.sheet(name, columns_of(section), rows)
        defined = [
            [each.title, each.formula, each.unit, each.direction, each.owner, each.version]
            for each in report.definitions
        ]
        book.sheet(gettext("Definitions"), _definition_columns(language), defined)
        tied = [[tie.title, tie.here.cell, tie.there.cell, mark.text] for mark, tie in _ties(report, language)]
        if tied:
            book.sheet(gettext("Ties out"), _tie_columns(language), tied)


def sheet_names(titles: Iterable[str]) -> list[str]:
    """Titles as spreadsheets take them: without their forbidden signs, at most 31 characters, no two alike.

    >>> sheet_names(["Teams: A/B", "teams A B", ""])
    ['Teams A B', 'teams A B 2', 'Sheet']
    """
    found: list[str] = []
    for title in titles:
        plain = " ".join(_FORBIDDEN.sub(" ", title).split()).strip("'") or "Sheet"
        name, number = plain[:MOST_SHEET_NAME], 1
        while name.casefold() in {each.casefold() for each in found}:
            number += 1
            name = f"{plain[: MOST_SHEET_NAME - len(str(number)) - 1]} {number}"
        found.append(name)
    return found


def _ties(report: Report, language: Language) -> list[tuple[Mark, TieOut]]:
    gettext = words_of(language).gettext
    equal, unequal = Mark("✓", gettext("equal"), "good"), Mark("✕", gettext("not equal"), "bad")
    return [(equal if tie.is_equal else unequal, tie) for tie in report.tie_outs]


def _definition_columns(language: Language) -> tuple[Column, ...]:
    gettext = words_of(language).gettext
    return (
        Column(gettext("KPI"), 26, grows=True),
        Column(gettext("Formula in words"), 60, grows=True),
        Column(gettext("Unit"), 12),
        Column(gettext("Direction"), 18, grows=True),
        Column(gettext("Owner"), 22, grows=True),
        Column(gettext("Rule version"), 30, grows=True),
    )


def _tie_columns(language: Language) -> tuple[Column, ...]:
    gettext = words_of(language).gettext
    return (
        Column(gettext("What"), 50, grows=True),
        Column(gettext("In this report"), 20, is_number=True),
        Column(gettext("Found another way"), 20, is_number=True),
        Column(gettext("Outcome"), 12),
    )
