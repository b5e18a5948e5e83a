"""The workbook as openpyxl reads it back: sheets, numbers, formats, formulas that check, and text that never runs."""

import zipfile
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.workbook import Workbook

from reports.batch_report import BatchReport
from reports.cells import CREATED, HEADER_ROW, MOST_CHARACTERS, MOST_ROWS, Book, Column, Money, is_kept
from reports.languages import Language
from reports.workbook import write_batch_workbook
from tests.reports import sample

NAMES = ["Summary", "Lines", "Steps", "Changes", "By policy", "Exceptions", "Checks", "Tie-out", "Rules"]


def read(path: Path, *, values: bool = False) -> Workbook:
    """With `values`, formulas are read as the results that were written beside them."""
    return openpyxl.load_workbook(BytesIO(path.read_bytes()), data_only=values)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("workbook") / ".part-without-suffix"
    write_batch_workbook(sample.month_end(), path)
    return path


@pytest.fixture(scope="module")
def book(path) -> Workbook:
    return read(path)


def table(book: Workbook, name: str) -> list[dict[str, object]]:
    header, *rows = book[name].iter_rows(min_row=HEADER_ROW + 1, values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_every_sheet_is_labelled_filtered_and_frozen(book):
    assert book.sheetnames == NAMES
    for sheet in book:
        assert sheet["A1"].value == f"Month-end September 2026 · {sheet.title}"
        assert sheet["A2"].value == sample.LABEL
        assert sample.LABEL in sheet.oddHeader.right.text
        assert sheet.freeze_panes in {"B5", "D5", "E5"}
        assert sheet.auto_filter.ref.startswith("A4:")
        assert sheet.print_title_rows == "$4:$4"
        assert all(sheet.column_dimensions[letter].width >= 8 for letter in ("A", "B"))


def test_columns_of_the_calculation_go_by_their_titles(tmp_path):
    report = sample.month_end()
    rules = {line.rule: {"target": "mục tiêu"} for batch in report.batches for line in batch.lines}
    write_batch_workbook(replace(report, names=rules), tmp_path / "book")
    rows = table(read(tmp_path / "book"), "Steps")
    assert {"mục tiêu", "payout"} <= {row["Step"] for row in rows}
    assert any("mục tiêu" in str(row["Made from"]) for row in rows)
    assert not any(row["Step"] == "target" for row in rows)


def test_a_number_that_is_written_as_text_is_shown_whole(tmp_path):
    """A narrow column would show its last digits alone, which are another number."""
    exact = Decimal("1119374.472276949057134815649545")
    with Book(tmp_path / "book", title="t", label="") as made:
        made.sheet("s", [Column("Value", 10, is_number=True)], [[exact]])
    sheet = read(tmp_path / "book")["s"]
    assert sheet.cell(HEADER_ROW + 2, 1).value == str(exact)
    assert sheet.column_dimensions["A"].width > len(str(exact))


def test_totals_are_numbers_in_the_format_of_their_currency(book):
    rows = [row for row in table(book, "Summary") if row["Department or partner"] == "phone_early"]
    assert [(row["Currency"], row["Amount"], row["Posted before"], row["To be posted"]) for row in rows] == [
        ("CNY", 854.69, 0, 854.69),
        ("VND", 25_987_500, 1_410_000, 24_577_500),
    ]
    assert book["Summary"]["G5"].number_format == "#,##0.00_ ;[Red]-#,##0.00_ "
    assert book["Summary"]["G6"].number_format == "#,##0_ ;[Red]-#,##0_ "
    assert [row["Next"] for row in rows] == ["hr", "hr"]


def test_there_is_a_line_for_each_key_and_a_row_for_each_step(book):
    lines, steps = table(book, "Lines"), table(book, "Steps")
    assert len(lines) == 24
    assert len(steps) == 23 * 6
    taken_back = next(row for row in lines if row["Payee"] == "E0099")
    assert (taken_back["Amount"], taken_back["Posted before"], taken_back["To be posted"]) == (0, 410_000, -410_000)
    last = [row for row in steps if row["Is the amount"] == "yes"]
    assert [row["Value"] for row in last] == [row["Amount"] for row in lines if row["Payee"] != "E0099"]
    assert steps[4]["Made from"] == "target 3000000; payout 0.5375"
    assert steps[4]["Rule"] == f"{sample.POLICY}:41:9"


def test_who_is_not_paid_is_listed_with_the_reason(book):
    codes = [(row["Payee"], row["Code"]) for row in table(book, "Exceptions")]
    assert codes == [
        ("E0072", "postings_overlap"),
        ("E0031", "missing_input"),
        ("E0088", "without_policy"),
        ("E0099", "2026-08"),
    ]


def test_checks_are_formulas_and_say_zero(path, book):
    formulas = [row["By formula"] for row in table(book, "Checks")]
    assert len(formulas) == 12
    assert all(formula.startswith("=ROUND(") for formula in formulas)
    assert "'Lines'!$J$5:$J$28" in formulas[0]
    results = table(read(path, values=True), "Checks")
    assert {(row["By formula"], row["By recoup"], row["Outcome"]) for row in results} == {(0, 0, "zero")}


def test_a_check_that_fails_says_so(tmp_path):
    line = sample.payout_line("E0001")
    frozen = replace(sample.frozen(line), desired=line.amount - 3, difference=line.amount - 3)
    batch = replace(sample.reviewed_batch("phone_early", line), differences=(frozen,))
    write_batch_workbook(replace(sample.month_end(), batches=(batch,)), tmp_path / "a")
    row = next(row for row in table(read(tmp_path / "a", values=True), "Checks") if "frozen" in row["Check"])
    assert (row["By formula"], row["By recoup"], row["Outcome"]) == (3, 3, "not zero")


def test_the_chain_of_totals_subtracts_by_formula(path, book):
    sheet, values = book["Tie-out"], read(path, values=True)["Tie-out"]
    assert (sheet["D6"].value, values["D6"].value) == ("=ROUND(C6-C5,2)", -221_200_000)
    assert (sheet["D9"].value, sheet["F9"].value) == ("starts", 0)
    assert (sheet["F6"].value, values["F6"].value) == ("=ROUND(ABS(D6-E6),2)", 0)
    assert values["G6"].value == "waivers: -221,200,000"


def test_changes_stand_beside_last_month_with_the_reason_and_are_subtracted_by_formula(path, book):
    rows = {row["Payee"]: row for row in table(read(path, values=True), "Changes")}
    changed = rows["E0001"]
    assert (changed["Last month"], changed["This month"], changed["Difference"]) == (1_500_000, 1_612_500, 112_500)
    assert (changed["Why"], changed["Posted before"]) == ("score 60 → 63", 1_000_000)
    assert (rows["E0097"]["What"], rows["E0097"]["This month"]) == ("no longer paid", None)
    assert (rows["E0003"]["What"], rows["E0003"]["Last month"]) == ("new this month", None)
    assert book["Changes"]["H5"].value == "=N(G5)-N(F5)"


def test_a_change_that_is_lost_breaks_its_check(tmp_path):
    twice = sample.month_end().before[0]
    report = replace(sample.month_end(), before=(*sample.month_end().before, twice))
    write_batch_workbook(report, tmp_path / "a")
    rows = table(read(tmp_path / "a", values=True), "Checks")
    (check,) = [row for row in rows if "what changed" in str(row["Check"]) and row["Currency"] == "VND"]
    assert (check["By recoup"], check["Outcome"]) == (1_500_000, "not zero")


def test_policies_are_summed_up_by_quarters(path):
    row = next(row for row in table(read(path, values=True), "By policy") if row["Policy"] == "field_vnd")
    assert (row["Payees"], row["Least"], row["Median"], row["Most"]) == (8, 1_500_000, 1_631_250, 1_762_500)


def test_equal_reports_give_equal_bytes_at_any_time(path, tmp_path):
    write_batch_workbook(sample.month_end(), tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()
    assert read(path).properties.created == CREATED
    with zipfile.ZipFile(path) as files:
        assert {file.date_time for file in files.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_lines_in_another_order_give_equal_bytes(path, tmp_path):
    report = sample.month_end()
    batches = tuple(
        replace(batch, lines=batch.lines[::-1], differences=batch.differences[::-1]) for batch in report.batches
    )
    write_batch_workbook(replace(report, batches=batches, rules=report.rules[::-1]), tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_an_empty_month_end_is_a_workbook_too(tmp_path):
    empty = BatchReport(sample.PERIOD, sample.RUN, sample.month_end().calculation, ())
    write_batch_workbook(empty, tmp_path / "a")
    assert read(tmp_path / "a").sheetnames == NAMES


@pytest.mark.parametrize("language", Language)
def test_sheets_and_references_in_every_language(language, tmp_path):
    write_batch_workbook(sample.month_end(), tmp_path / "a", language)
    book = read(tmp_path / "a")
    names = book.sheetnames
    assert len(set(names)) == len(NAMES)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)
    assert f"'{names[1]}'!" in book[names[6]]["C5"].value


# What one cell makes of any value.


def written(tmp_path_factory, *cells) -> list:
    path = tmp_path_factory.mktemp("cell") / "a.xlsx"
    with Book(path, title="t", label="") as book:
        book.sheet("s", [Column("c", 10, grows=True)], [[cell] for cell in cells])
    return [row[0] for row in read(path)["s"].iter_rows(min_row=HEADER_ROW + 2)]


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


@given(text=st.tuples(st.sampled_from(["=", "+", "-", "@", "\t=", "＝"]), texts).map("".join))
def test_no_text_is_a_formula_and_it_stays_text_when_edited(tmp_path_factory, text):
    (cell,) = written(tmp_path_factory, text)
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", text, True)


def test_plain_text_has_no_prefix_and_addresses_are_no_links(tmp_path_factory):
    plain, address = written(tmp_path_factory, "E0001", "mailto:nobody")
    assert (plain.value, plain.quotePrefix, address.hyperlink) == ("E0001", False, None)


@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4))
def test_a_number_keeps_every_digit_or_is_text(tmp_path_factory, number):
    (cell,) = written(tmp_path_factory, Money(number, "VND"))
    assert Decimal(str(cell.value)) == number
    assert cell.data_type == ("n" if is_kept(number) else "s")


def test_a_text_that_is_too_long_for_a_cell_is_cut_with_a_mark(tmp_path_factory):
    (cell,) = written(tmp_path_factory, "x" * 40_000)
    assert len(cell.value) == MOST_CHARACTERS
    assert cell.value.endswith("x…")


def test_a_table_that_is_longer_than_a_sheet_is_refused(tmp_path):
    with pytest.raises(ValueError, match="1048573 rows do not fit"), Book(tmp_path / "a", title="t", label="") as book:
        book.sheet("s", [Column("c", 10)], [[]] * (MOST_ROWS - HEADER_ROW))
