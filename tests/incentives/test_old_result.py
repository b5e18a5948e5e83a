"""The old spreadsheet is read rightly, or refused at the cell."""

from __future__ import annotations

from decimal import Decimal

import openpyxl
import pytest

from adapters.rule_sheets import read_cells
from incentives.old_result import Layout, number_of, read_old_result

VIETNAMESE = Layout({"payee": "Mã NV", "amount": "Thưởng"}, currency="VND")

NUMBERS = {
    "1234567": "1234567", "1.234.567": "1234567", "1,234,567": "1234567", "1 234 567": "1234567",
    "1.234.567,50": "1234567.50", "1,234,567.5": "1234567.5", "-1.234.567": "-1234567", "(1.234.567)": "-1234567",
    "1.234.567 đ": "1234567", "1.234.567 VND": "1234567", "12.5": "12.5", "12,5": "12.5", "95%": "0.95",
    "95,5 %": "0.955",    "1.234,5": "1234.5", "1\u00a0234\u00a0567": "1234567",
}  # fmt: skip
WITH_COMMA = {"1.234": "1234", "12,5": "12.5", "1.234,567": "1234.567", "1.234.567,8": "1234567.8"}
NOT_TOLD = ("1.234", "1,234", "12.34.567", "1.234,567.8", "abc", "", "1e6", "--5")


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_a_text_that_means_one_number_is_that_number(text, number):
    assert number_of(text) == Decimal(number)


@pytest.mark.parametrize(("text", "number"), WITH_COMMA.items())
def test_the_stated_mark_tells_what_else_could_mean_two(text, number):
    assert number_of(text, ",") == Decimal(number)


@pytest.mark.parametrize("text", NOT_TOLD)
def test_a_text_that_means_two_numbers_or_none_is_told(text):
    assert isinstance(number_of(text), str)


def workbook(tmp_path, *rows, merged="", sheets=()):
    path, book = tmp_path / "old.xlsx", openpyxl.Workbook()
    book.active.title = "T9"
    for row in rows:
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    for name in sheets:
        book.create_sheet(name).append(["x"])
    book.save(path)
    return path


def read(path, layout=VIETNAMESE):
    document, faults = read_cells(path, path.name)
    return read_old_result(document, layout, faults)


TITLE, HEADER = ["BẢNG THƯỞNG THÁNG 9"], ["STT", "Mã  NV", "Họ tên", "Thưởng"]
ROWS = ([1, "E1", "…", 1_000_000], [2, "E2", "…", "1.500.000"])


def test_a_title_over_joined_cells_empty_rows_and_a_row_of_totals_are_passed_over(tmp_path):
    total, signed = [None, "Tổng cộng", None, 2_500_000], [None, None, "Người lập bảng", None]
    path = workbook(tmp_path, TITLE, [], HEADER, *ROWS, [], total, signed, merged="A1:D1")
    found, issues = read(path)
    assert issues == ()
    assert [(line.payee, line.amount, str(line.place)) for line in found.lines] == [
        ("E1", 1_000_000, "old.xlsx!T9!B4"),
        ("E2", 1_500_000, "old.xlsx!T9!B5"),
    ]
    assert [note.code for note in found.notes] == ["PAR016"]
    assert found.totals == {"VND": 2_500_000}


def test_figures_and_components_are_read_by_their_headings(tmp_path):
    header = ["Mã NV", "Khoản", "Thu hồi", "Điểm", "Thưởng"]
    columns = {**VIETNAMESE.columns, "component": "Khoản", "kpi:recovered": "thu hồi", "score": "Điểm"}
    path = workbook(
        tmp_path, header, ["E1", "bonus", "98.000.000", 95.5, 1_000_000], ["E1", "meals", None, None, 5_000]
    )
    found, issues = read(path, Layout(columns, currency="VND"))
    assert issues == ()
    assert [(line.component, dict(line.figures)) for line in found.lines] == [
        ("bonus", {"kpi:recovered": 98_000_000, "score": Decimal("95.5")}),
        ("meals", {}),
    ]


# what is wrong: the rows below the header, the code and the cell
WRONG = {
    "a total that is none": ([*ROWS, [None, "Tổng", None, 2_400_000]], "PAR016", "old.xlsx!T9!D4"),
    "an amount of nobody": ([*ROWS, [3, None, "?", 700_000]], "PAR016", "old.xlsx!T9!D4"),
    "a payee twice": ([*ROWS, [3, "E1", "", 5]], "PAR014", "old.xlsx!T9!B4"),
    "two readings": ([[1, "E1", "", "1.500"]], "PAR013", "old.xlsx!T9!D2"),
    "no amount": ([[1, "E1", "", None]], "PAR013", "old.xlsx!T9!D2"),
    "words": ([[1, "E1", "", "nghỉ việc"]], "PAR013", "old.xlsx!T9!D2"),
    "nobody": ([], "PAR010", "old.xlsx!T9!A1"),
}


@pytest.mark.parametrize(("rows", "code", "place"), WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_read_is_told_at_its_cell(tmp_path, rows, code, place):
    _, issues = read(workbook(tmp_path, HEADER, *rows))
    assert [(issue.code, str(issue.location)) for issue in issues] == [(code, place)]


def test_joined_cells_among_the_payees_are_refused(tmp_path):
    _, issues = read(workbook(tmp_path, HEADER, *ROWS, merged="B2:B3"))
    assert [(issue.code, str(issue.location)) for issue in issues][:1] == [("SHT002", "old.xlsx!T9!B2")]


LAYOUTS = {
    "another heading": (Layout({"payee": "Mã", "amount": "Thưởng"}, currency="VND"), "PAR012", "Mã  NV"),
    "nothing of the kind": (Layout({"wage": "Lương"}, currency="VND"), "PAR011", "wage"),
    "a heading that is not there": (
        Layout({**VIETNAMESE.columns, "score": "Điểm"}, currency="VND"), "PAR012", "Điểm"),
    "another sheet": (Layout(VIETNAMESE.columns, currency="VND", sheet="T8"), "PAR010", "T9"),
    "no currency": (Layout(VIETNAMESE.columns), "PAR015", "--currency"),
    "no such currency": (Layout(VIETNAMESE.columns, currency="VDN"), "PAR015", "VND"),
}  # fmt: skip


@pytest.mark.parametrize(("layout", "code", "said"), LAYOUTS.values(), ids=list(LAYOUTS))
def test_a_layout_that_does_not_fit_is_told(tmp_path, layout, code, said):
    _, issues = read(workbook(tmp_path, HEADER, *ROWS), layout)
    assert {issue.code for issue in issues} == {code}
    assert said in str(issues[0])


def test_one_of_several_sheets_has_to_be_named(tmp_path):
    path = workbook(tmp_path, HEADER, *ROWS, sheets=("Chi tiết",))
    assert [issue.code for issue in read(path)[1]] == ["PAR010"]
    found, issues = read(path, Layout(VIETNAMESE.columns, currency="VND", sheet="T9"))
    assert (len(found.lines), issues) == (2, ())


def test_a_file_with_semicolons_is_read_like_any_other(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("\ufeffMã NV;Thưởng\r\nE1;1.000.000\r\n;\r\nTổng;1.000.000\r\n", encoding="utf-8")
    found, issues = read(path)
    assert (issues, [line.amount for line in found.lines]) == ((), [1_000_000])
