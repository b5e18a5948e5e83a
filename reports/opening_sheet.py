"""The template of an opening of pay as a sheet that HR fills in: CSV, or a workbook that says what its columns are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter

from reports.cells import CREATED
from reports.csv_files import csv_text, neutralised

MEANINGS: Mapping[str, str] = {
    "what": "carried: a column that policies carry over. owed: what is deducted from pay. receivable: owed by a leaver",
    "payee": "Employee id; TOTAL in a line that states the control total of the old system",
    "department": "Department whose batch it belongs to; empty in control totals",
    "component": "Of carried: the component of pay. Otherwise empty",
    "column": "Of carried: the column of the policy, such as a year to date or what is owed of draws. Otherwise empty",
    "period": "Month to which it belongs: 2026-08. It lies before going live",
    "amount": "Digits with a point, and no groups: 1234567.50. What is owed is positive. 0 where there is nothing",
    "currency": "Currency of pay: VND, CNY …",
    "note": "Kept, and shown where the amount is explained",
}


def opening_sheet(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As CSV, with the mark by which Excel reads it rightly."""
    return csv_text(columns, rows, for_excel=True)


def write_opening_workbook(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Fills `path`. Cells of months are text: a spreadsheet would make days of them."""
    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as workbook:
        workbook.set_properties({"created": CREATED})
        bold, text = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "@"})
        sheet = workbook.add_worksheet("opening")
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
        for at, name in enumerate(columns):
            sheet.set_column(at, at, 40 if name == "note" else 16, None if name == "amount" else text)
        sheet.write_row(0, 0, columns, bold)
        for number, row in enumerate(rows, start=1):
            for at, cell in enumerate(row):
                if cell:
                    sheet.write_string(number, at, neutralised(cell), text)
        notes = workbook.add_worksheet("#columns")
        notes.set_column(0, 0, 16)
        notes.set_column(1, 1, 110)
        for number, each in enumerate((("column", "meaning"), *MEANINGS.items())):
            notes.write_row(number, 0, each, bold if number == 0 else None)
