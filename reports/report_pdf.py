"""A report on paper: the same sections as its page, as a PDF. Equal reports give equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from domain.ids import canonical_json
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.sections import Card, Day, Heading, Name, Number, Report, Row, Section, Value
from reports.statement_files import fonts_of
from reports.typesetting import typeset

_MOST_ROWS = 60  # of one table on paper; the workbook has all of them


def report_pdf(report: Report, language: Language) -> bytes:
    """The PDF, with a pinned date of creation. Ask `missing_fonts` first."""
    return typeset("report.typ", {"content": canonical_json(_content(report, language))})


def _content(report: Report, language: Language) -> dict[str, Any]:
    formats, gettext = Formats(language), words_of(language).gettext
    foot = (
        f"{gettext('Made by recoup from')} {', '.join(report.runs)}. {gettext('People and debts appear by id only.')}"
    )
    return {
        "title": report.title,
        "label": report.book_label,
        "foot": foot,
        "language": language.value,
        "fonts": list(fonts_of()),
        "facts": [list(each) for each in (*report.facts, (gettext("For"), report.audience))],
        "warnings": list(report.warnings),
        "cards": [_card(each, formats) for each in report.cards],
        "sections": [_section(each, language) for each in report.sections],
    }


def _card(card: Card, formats: Formats) -> dict[str, str]:
    figure = f"{card.number.text(formats)} {card.number.currency}".strip()
    return {"title": card.title, "figure": figure, "note": card.note}


def _section(section: Section, language: Language) -> dict[str, Any]:
    formats, gettext = Formats(language), words_of(language).gettext
    shown = [row for row in section.rows if row.kind != "group"][: min(section.shown or _MOST_ROWS, _MOST_ROWS)]
    more = gettext("The first %(shown)s of %(all)s; the workbook has all of them.")
    counts = {"shown": formats.count(len(shown)), "all": formats.count(len(section.rows))}
    return {
        "title": section.title,
        "rule": section.rule,
        "notes": list(section.notes),
        "empty": section.empty,
        "heads": list(_heads(section.headings)),
        "rows": [_row(each, len(section.headings), formats) for each in shown],
        "more": more % counts if len(shown) < len(section.rows) else "",
        "plots": list(_plots(section, formats)),
    }


def _heads(headings: Iterable[Heading]) -> Iterator[dict[str, Any]]:
    """Words take the room that numbers leave; the first column is names, which are short."""
    every = tuple(headings)
    words = [place for place, head in enumerate(every) if not head.is_number]
    growing = {*(words[1:] or words)}
    for place, head in enumerate(every):
        yield {"text": head.title, "note": head.note, "is_number": head.is_number, "grows": place in growing}


def _row(row: Row, width: int, formats: Formats) -> dict[str, Any]:
    cells = [_cell(each, formats) for each in row.cells]
    empty = {"text": "", "note": "", "tone": ""}
    return {"cells": cells + [empty] * (width - len(cells)), "is_total": row.kind == "total"}


def _cell(value: Value, formats: Formats) -> dict[str, str]:
    match value:
        case str():
            return {"text": value, "note": "", "tone": ""}
        case Name(text, note):
            return {"text": text, "note": note, "tone": ""}
        case Day():
            return {"text": value.text(formats), "note": "", "tone": ""}
        case Number():
            return {"text": value.text(formats), "note": value.note, "tone": value.tone}


def _plots(section: Section, formats: Formats) -> Iterator[dict[str, str]]:
    """Pictures as the page has them, with the namespace that a file of its own needs."""
    if not section.plots:
        return
    from reports.drawing import drawn

    for number, plot in enumerate(section.plots, start=1):
        svg = str(drawn(plot, f"{section.name}-pdf-{number}", formats))
        yield {"title": plot.title, "svg": svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)}
