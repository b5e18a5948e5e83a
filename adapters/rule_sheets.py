"""Sheets among the rule files, CSV and Excel, as documents of cells that know their places.

What is read is what somebody saw in the spreadsheet: a cell whose value a spreadsheet would show otherwise, or not at
all, is refused. What the cells mean is not known here.
"""

from __future__ import annotations

import csv
import re
import warnings
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from domain.documents import Document
from domain.documents import Path as Steps
from domain.issues import Issue, Location

_UNREAD = (".xls", ".xlsb", ".xlsm", ".ods", ".tsv")
SUFFIXES = (".csv", ".xlsx", *_UNREAD)
MOST_CELLS = 2_000_000
_DELIMITERS = (",", ";", "\t")
_NEUTRALISED = re.compile(r"'(?=[=+\-@])")
_DECORATION = re.compile(r'_.|\*.|\\.|"[^"]*"|\[[^\]]*\]')
_PLAIN_FORMAT = re.compile(r"(?:#,##)?0(?:\.(0+))?(%?)")
_UTF8 = "Save it as CSV UTF-8"


def read_sheets(path: Path, name: str) -> tuple[Document | None, tuple[Issue, ...]]:
    """The file's sheets: `{"sheets": [{"name": …, "rows": [[cell, …], …]}]}`, or what keeps it from being read.

    Cells are text, Decimal, bool, date or None. A sheet whose name begins with # is a note, and left out.
    Codes: SHT001 a file that cannot be read, SHT002 joined cells, SHT003 a cell without a plain value, SHT004 a number
    that is not what the sheet shows.
    """
    document, issues = read_cells(path, name)
    return (None if issues else document), issues


def read_cells(path: Path, name: str) -> tuple[Document | None, tuple[Issue, ...]]:
    """The same, with the cells that can be read even if others cannot: for sheets of which only a part is looked at."""
    read = _Read(name)
    try:
        sheets = _sheets(path, read)
    except _UnreadableError as error:
        return None, (Issue("SHT001", Location(name, error.line), error.message, error.hint),)
    return Document(name, {"sheets": sheets}, read.places), tuple(read.issues)


def _sheets(path: Path, read: _Read) -> list[dict[str, Any]]:
    match path.suffix.lower():
        case ".xlsx":
            return _workbook(path, read)
        case ".csv":
            return [_csv(path, read)]
    raise _UnreadableError(f"sheets are read from .csv and .xlsx, not from {path.suffix}", "Save it as .xlsx")


class _UnreadableError(Exception):
    def __init__(self, message: str, hint: str, line: int = 0) -> None:
        super().__init__(message)
        self.message, self.hint, self.line = message, hint, line


@dataclass(slots=True)
class _Read:
    """What has been found in one file so far."""

    name: str
    places: dict[Steps, Location] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    def report(self, code: str, place: Location, message: str, hint: str) -> None:
        self.issues.append(Issue(code, place, message, hint))


def _csv(path: Path, read: _Read) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _UnreadableError(f"not UTF-8: {error.reason} at byte {error.start}", _UTF8) from None
    if "\0" in text:
        raise _UnreadableError("not a text: it holds zero bytes", _UTF8)
    first = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    rows: list[list[Any]] = []
    line = 1
    try:
        for record in reader:
            for column, _ in enumerate(record):
                read.places["sheets", 0, "rows", len(rows), column] = Location(read.name, line, column + 1)
            rows.append([_NEUTRALISED.sub("", cell, 1) if cell else None for cell in record])
            line = reader.line_num + 1
    except csv.Error as error:
        raise _UnreadableError(f"not CSV: {error}", "Save it as CSV again", line) from None
    return {"name": "", "rows": rows}


def _workbook(path: Path, read: _Read) -> list[dict[str, Any]]:
    from openpyxl import load_workbook

    from adapters.importing.streams import LIMITS, BadFileError
    from adapters.importing.workbooks import DAMAGED, check_parts, look_through

    try:
        check_parts(path, LIMITS)
        has_formulas = look_through(path, LIMITS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            values = load_workbook(path, data_only=True, keep_links=False)
            formulas = load_workbook(path, keep_links=False) if has_formulas else None
    except BadFileError as error:
        raise _UnreadableError(error.finding.message, error.finding.hint) from None
    except DAMAGED:
        raise _UnreadableError("the workbook is damaged inside", "Save it as .xlsx again") from None
    named = [sheet for sheet in values.worksheets if not sheet.title.startswith("#")]
    return [
        {"name": sheet.title, "rows": _rows(sheet, formulas[sheet.title] if formulas else None, number, read)}
        for number, sheet in enumerate(named)
    ]


def _rows(sheet: Any, formulas: Any, number: int, read: _Read) -> list[list[Any]]:
    if sheet.max_row * sheet.max_column > MOST_CELLS:
        used = f"the sheet {sheet.title} is used up to row {sheet.max_row} and column {sheet.max_column}"
        raise _UnreadableError(used, "Delete the empty rows and columns around the table")
    for joined in sheet.merged_cells.ranges:
        place = Location(read.name, joined.min_row, joined.min_col, sheet.title)
        read.report("SHT002", place, f"the cells {joined.coord} are joined", "Split them, and fill each one")
    rows: list[list[Any]] = []
    for cells in sheet.iter_rows():
        for column, cell in enumerate(cells):
            place = Location(read.name, cell.row, column + 1, sheet.title)
            read.places["sheets", number, "rows", len(rows), column] = place
        rows.append([_cell(cell, formulas, read, Location(read.name, cell.row, cell.column, sheet.title))
                     for cell in cells])  # fmt: skip
    return rows


def _cell(cell: Any, formulas: Any, read: _Read, place: Location) -> Any:
    value = cell.value
    if value is None:
        if formulas is not None and formulas.cell(cell.row, cell.column).data_type == "f":
            hint = "Open the workbook, let it compute, and save it"
            read.report("SHT003", place, "a formula without a value", hint)
        return None
    if cell.data_type == "e":
        read.report("SHT003", place, f"the error {value}", "Correct the workbook")
        return None
    match value:
        case str():
            return _NEUTRALISED.sub("", value, 1)
        case bool():
            return value
        case float() | int():
            return _number(value, cell.number_format, read, place)
        case datetime() if value.time() == time():
            return value.date()
        case date() if not isinstance(value, datetime):
            return value
    read.report("SHT003", place, f"a {type(value).__name__}, {value}", "Write a text, a number or a day")
    return None


def _number(value: float, shown_as: str, read: _Read, place: Location) -> Decimal | str | None:
    """The shortest decimal number that gives the same float; what was computed has more digits than are shown.

    What is shown as a percentage is given as the text of one.
    """
    from adapters.importing.damage import KEPT_DIGITS
    from adapters.importing.typed import digits_of, plain

    number = Decimal(repr(value))
    if digits_of(number) > KEPT_DIGITS:
        hint = "Round it in the workbook, such as by ROUND(…, 2)"
        read.report("SHT004", place, f"{plain(number)} was computed, and has more digits than are shown", hint)
        return None
    places = _places_shown(shown_as)
    if places is not None and number != round(number, places):
        text = f"the cell holds {plain(number)} and shows fewer digits ({shown_as})"
        read.report("SHT004", place, text, "Show all of its digits, or round it")
        return None
    is_percentage = "%" in _DECORATION.sub("", shown_as)
    return f"{plain(number.scaleb(2))}%" if is_percentage else Decimal(plain(number))


def _places_shown(number_format: str) -> int | None:
    """Digits after the point that a plain format leaves of a number; None where the format is of another kind."""
    found = _PLAIN_FORMAT.fullmatch(_DECORATION.sub("", number_format.partition(";")[0]).strip())
    return None if found is None else len(found[1] or "") + (2 if found[2] else 0)
