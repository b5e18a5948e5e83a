"""Targets as a sheet that managers go on with: CSV, or a workbook with what the columns and KPIs are beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from domain.ids import canonical_decimal
from reports.cells import CREATED, is_kept
from reports.csv_files import csv_text, neutralised

Value = str | Decimal | date | None

_WIDTH, _WIDE = 14, 60


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of the sheet: its name, what stands in it, and the words that are offered for it."""

    name: str
    meaning: str
    words: tuple[str, ...] = ()


def write_target_sheet(
    path: Path,
    columns: Sequence[SheetColumn],
    rows: Iterable[Mapping[str, Value]],
    kpis: Iterable[tuple[str, str, str]],
    *,
    as_workbook: bool,
) -> None:
    """Fills `path`, a workbook or CSV; `kpis` are id, unit and title of what may be expected.

    Numbers with more digits than a spreadsheet keeps are written as text, and are read back as they were.
    """
    names = [column.name for column in columns]
    table = [[row[name] for name in names] for row in rows]
    if as_workbook:
        _write_workbook(path, columns, table, tuple(kpis))
    else:
        texts = [[_plain(value) if isinstance(value, Decimal) else value for value in row] for row in table]
        path.write_text(csv_text(names, texts, for_excel=True), encoding="utf-8", newline="")


def _plain(number: Decimal) -> str:
    """Digits and a point; a zero behind three decimals, which some countries would take for thousands.

    >>> [_plain(Decimal(text)) for text in ("23.129", "0.129", "1000", "1234.567")]
    ['23.1290', '0.129', '1000', '1234.567']
    """
    text = canonical_decimal(number)
    return f"{text}0" if re.fullmatch(r"[1-9][0-9]{0,2}\.[0-9]{3}", text) else text


def _write_workbook(
    path: Path, columns: Sequence[SheetColumn], table: Sequence[Sequence[Value]], kpis: Sequence[tuple[str, str, str]]
) -> None:
    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as workbook:
        workbook.set_properties({"created": CREATED})
        bold = workbook.add_format({"bold": True})
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet = workbook.add_worksheet("targets")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, _WIDTH)
        sheet.write_row(0, 0, [column.name for column in columns], bold)
        for number, row in enumerate(table, start=1):
            for at, value in enumerate(row):
                _write(sheet, number, at, value, day)
        for at, column in enumerate(columns):
            if column.words:
                sheet.data_validation(1, at, 10_000, at, {"validate": "list", "source": list(column.words)})
        _write_notes(workbook, "#columns", ("column", "meaning"), [(each.name, each.meaning) for each in columns], bold)
        _write_notes(workbook, "#kpis", ("kpi", "unit", "title"), kpis, bold)


def _write(sheet: Any, row: int, column: int, value: Value, day: Any) -> None:
    match value:
        case Decimal() if is_kept(value):
            sheet.write_number(row, column, value)
        case Decimal():
            sheet.write_string(row, column, canonical_decimal(value))
        case date():
            sheet.write_datetime(row, column, value, day)
        case str():
            sheet.write_string(row, column, neutralised(value))


def _write_notes(workbook: Any, name: str, header: Sequence[str], rows: Iterable[Sequence[str]], bold: Any) -> None:
    """A sheet for people; its name begins with #, so that it is not read as targets."""
    sheet = workbook.add_worksheet(name)
    sheet.set_column(0, len(header) - 2, _WIDTH * 2)
    sheet.set_column(len(header) - 1, len(header) - 1, _WIDE)
    for number, row in enumerate((header, *rows)):
        for at, text in enumerate(row):
            sheet.write_string(number, at, neutralised(text), *([bold] if number == 0 else []))
