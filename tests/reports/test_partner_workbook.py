"""The workbook of a partner's file: the contracted columns, and no cell that runs."""

from datetime import date
from decimal import Decimal

import openpyxl

from reports.csv_files import PhoneNumber
from reports.partner_workbook import write_partner_workbook


def test_a_workbook_has_the_columns_the_lines_and_no_formula(tmp_path):
    path = tmp_path / "lines.xlsx"
    line = ("007", "=1+1", PhoneNumber("+84901234567"), Decimal("1234.50"), 12, date(2026, 9, 4), None)
    large = ("008", "@x", None, Decimal("1234567890123456.7891"), -3, None, None)
    write_partner_workbook(path, "P1", list("abcdefg"), [line, large])
    (sheet,) = openpyxl.load_workbook(path).worksheets
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        list("abcdefg"),
        ["007", "=1+1", "+84901234567", 1234.5, 12, "2026-09-04", None],
        ["008", "@x", None, "1234567890123456.7891", -3, None, None],
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}
