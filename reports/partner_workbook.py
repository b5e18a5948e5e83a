"""A placement or recall file as workbook: the contracted columns and lines of the CSV, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from reports.cells import Book, Cell
from reports.csv_files import PhoneNumber, Value


def write_partner_workbook(path: Path, name: str, columns: Sequence[str], lines: Sequence[Sequence[Value]]) -> None:
    """Text stays text, whatever it begins with; an amount is a number where a spreadsheet keeps all of its digits."""
    with Book(path, title=name, label="") as book:
        book.lines("lines", columns, [[_cell(value) for value in line] for line in lines])


def _cell(value: Value) -> Cell:
    match value:
        case date():
            return value.isoformat()
        case PhoneNumber(text):
            return text
        case _:
            return value
