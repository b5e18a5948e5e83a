"""A file of overrides, CSV or XLSX: one account and its new owner in each row, read whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters.errors import RefusedError
from adapters.rule_sheets import read_sheets
from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.issues import Issue, Location
from tasks.stages.reassign import Wanted

COLUMNS = ("account_id", "owner")


def read_overrides(path: Path) -> tuple[Wanted, ...]:
    """What the first sheet wants, in its order; other columns are notes.

    Raises: RefusedError with everything that is wrong with the file.
    """
    document, issues = read_sheets(path, path.name)
    if document is None:
        raise RefusedError("\n".join(map(str, issues)))
    sheet = document.data["sheets"][0]["rows"] if document.data["sheets"] else []
    header = [str(cell).strip() for cell in sheet[0]] if sheet else []
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise RefusedError("\n".join(str(_without(document, path, name, header)) for name in missing))
    places = [header.index(name) for name in COLUMNS]
    found = tuple(_rows(document, sheet, places))
    wrong = [each for each in found if isinstance(each, Issue)]
    if wrong:
        raise RefusedError("\n".join(map(str, wrong)))
    return tuple(each for each in found if isinstance(each, Wanted))


def _without(document: Document, path: Path, name: str, header: Sequence[str]) -> Issue:
    place = document.place(("sheets", 0, "rows", 0, 0)) if header else Location(path.name)
    hint = suggestion(name, header) or f"The header line names {' and '.join(COLUMNS)}"
    return Issue("DSP017", place, f'no column "{name}"', hint)


def _rows(document: Document, rows: Sequence[Sequence[Any]], places: Sequence[int]) -> Iterator[Wanted | Issue]:
    for number, row in enumerate(rows[1:], start=1):
        if all(cell is None for cell in row):
            continue
        cells = [_text(row[place]) if place < len(row) else "" for place in places]
        at = [document.place(("sheets", 0, "rows", number, place)) for place in places]
        empty = [index for index, cell in enumerate(cells) if not cell]
        if not empty:
            yield Wanted(cells[0], cells[1], at[0])
        for index in empty:
            yield Issue("DSP017", at[index], f"{COLUMNS[index]} is empty", "Fill it, or delete the row")


def _text(cell: Any) -> str:
    """Ids that a spreadsheet has made a number of are text again where no digit was lost."""
    if isinstance(cell, Decimal) and cell == cell.to_integral_value():
        return f"{cell:f}"
    return "" if cell is None else str(cell).strip()
