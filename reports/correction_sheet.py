"""The sheet on which quarantined rows are corrected: a CSV that names each row and what is wrong with it.

A cell that comes back as it went out is unchanged, also where a spreadsheet's formula sign was neutralised on the way.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from domain.ids import canonical_decimal
from domain.issues import Issue, Location
from domain.tables import Table
from reports.csv_files import neutralised

ROW, REASONS, ACTION = "row", "reasons", "action"
DROP = "drop"
_MOST_ISSUES = 100

Cells = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row as it came, each value as text; None where it has none. `row` is the digest that names it."""

    row: str
    reasons: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Edited:
    """What came back: whole rows with their new values, and rows to be left out, by their names."""

    replaced: Mapping[str, Cells]
    dropped: tuple[str, ...]


NOTHING_EDITED = Edited({}, ())


def quarantined_row(table: Table, name: str, reasons: str, values: Sequence[Any]) -> QuarantinedRow:
    return QuarantinedRow(name, reasons.rstrip(","), dict(zip(table.names, map(_text, values), strict=True)))


def correction_sheet(table: Table, rows: Sequence[QuarantinedRow]) -> str:
    """The file's text; a byte order mark in front, without which spreadsheets read Vietnamese and Chinese wrongly."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([ROW, REASONS, ACTION, *table.names])
    for row in rows:
        writer.writerow([row.row, row.reasons, "", *(_shown(row.cells[name]) for name in table.names)])
    return f"\ufeff{text.getvalue()}"


def read_correction_sheet(path: Path, table: Table, rows: Sequence[QuarantinedRow]) -> tuple[Edited, tuple[Issue, ...]]:
    """What was changed beside `rows`, and everything that is wrong with the file.

    COR001 a file or column that cannot be read, COR002 a row that is not in the quarantine, or comes twice, COR003
    another action than `drop`.
    """
    lines, unreadable = _lines(path)
    header = lines[0] if lines else []
    issues = unreadable or tuple(_wrong_header(path, table, header))
    if issues:
        return NOTHING_EDITED, issues
    numbered = [(number, dict(zip(header, line, strict=False))) for number, line in enumerate(lines[1:], start=2)]
    wrong = tuple(_wrong_lines(path, {row.row for row in rows}, numbered))
    if wrong:
        return NOTHING_EDITED, wrong[:_MOST_ISSUES]
    return _edited({row.row: row.cells for row in rows}, [line for _, line in numbered]), ()


def _lines(path: Path) -> tuple[list[list[str]], tuple[Issue, ...]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, strict=True)), ()
    except (UnicodeDecodeError, csv.Error) as error:
        return [], (Issue("COR001", Location(path.name), f"cannot be read: {error}", "Save it as CSV in UTF-8"),)


def _edited(known: Mapping[str, Cells], lines: Iterable[Mapping[str, str]]) -> Edited:
    """Rows that are not on the sheet, and rows that came back as they went out, stay in quarantine."""
    replaced: dict[str, Cells] = {}
    dropped: list[str] = []
    for line in lines:
        before = known[line[ROW]]
        cells = {column: _value(line.get(column), value) for column, value in before.items()}
        if _action(line) == DROP:
            dropped.append(line[ROW])
        elif cells != before:
            replaced[line[ROW]] = cells
    return Edited(replaced, tuple(dropped))


def _wrong_header(path: Path, table: Table, header: Sequence[str]) -> Iterator[Issue]:
    due = [ROW, *table.names]
    hint = f"Keep the columns of the export: {', '.join([ROW, REASONS, ACTION, *table.names])}"
    for name in due:
        if name not in header:
            yield Issue("COR001", Location(path.name, 1), f'no column "{name}"', hint)
    for name in header:
        if name not in {*due, REASONS, ACTION}:
            yield Issue("COR001", Location(path.name, 1), f'a column "{name}" that {table.name} does not have', hint)


def _wrong_lines(
    path: Path, known: AbstractSet[str], lines: Iterable[tuple[int, Mapping[str, str]]]
) -> Iterator[Issue]:
    seen: set[str] = set()
    for number, line in lines:
        place, name = Location(path.name, number), line.get(ROW, "")
        if name not in known:
            hint = "Export it again: other data may have landed"
            yield Issue("COR002", place, f'row "{name}" is not in the quarantine', hint)
        elif name in seen:
            yield Issue("COR002", place, f'row "{name}" comes twice', "Keep one of the two")
        if _action(line) not in {"", DROP}:
            yield Issue("COR003", place, f'action "{_action(line)}"', f"Leave it empty, or write {DROP}")
        seen.add(name)


def _action(line: Mapping[str, str]) -> str:
    return line.get(ACTION, "").strip().lower()


def _text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return canonical_decimal(value)
        case datetime():
            return value.isoformat(" ")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _shown(text: str | None) -> str:
    """Numbers stay numbers, also negative ones; other text that a spreadsheet would run is neutralised."""
    if text is None:
        return ""
    return text if _is_number(text) else neutralised(text)


def _value(cell: str | None, before: str | None) -> str | None:
    if cell is None or cell == _shown(before):
        return before
    text = cell[1:] if cell.startswith("'") and neutralised(cell[1:]) == cell else cell
    return text.strip() or None


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal() and text.isascii()
