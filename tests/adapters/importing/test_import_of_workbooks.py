"""Excel workbooks: what cells become, which sheet and rows are read, and what is refused, with its place."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from openpyxl.styles import numbers

from adapters.importing import Limits

BUDGETS = """
    title: Budgets
    source: {{format: xlsx{source}}}
    tables:
      budgets:
        columns:
          department_id: {{from: Department}}
          month: {{from: Month}}
          budget_type: {{constant: bonus}}
          amount: {{from: Amount}}
          currency: {{constant: VND}}
"""
DAY = dt.date(2025, 12, 31)
HEAD = ["Department", "Month", "Amount"]
MONTH = dt.datetime(2025, 12, 1)  # noqa: DTZ001 - cells have no zone


def book(*rows, head=HEAD, title="Budget", formats=()):
    """A workbook of one sheet; `formats` are number formats by cell."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in ([head] if head else []), rows:
        for cells in row:
            sheet.append(cells)
    for cell, written in formats:
        sheet[cell].number_format = written
    return saved(workbook)


def saved(workbook):
    sink = io.BytesIO()
    workbook.save(sink)
    return sink.getvalue()


def with_part(content, name, change):
    """The workbook with one part of its archive changed."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            text = old.read(part.filename)
            new.writestr(part.filename, change(text) if part.filename == name else text)
    return sink.getvalue()


def run(bench, content, source="", **options):
    return bench.run(BUDGETS.format(source=source), {"in.xlsx": content}, **options)


ENTITY = b'<!DOCTYPE x [<!ENTITY a "b">]>'
SHEET = "xl/worksheets/sheet1.xml"


def computed():
    """A workbook with 0.1 + 0.2, as Excel writes it."""
    return with_part(book(["D1", MONTH, 1.5]), SHEET, lambda xml: xml.replace(b"1.5", b"0.30000000000000004"))


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        (12, "12.0000"),
        (0.1, "0.1000"),
        (1.1, "1.1000"),
        (1234.56, "1234.5600"),
        (-0.0001, "-0.0001"),
        (1e5, "100000.0000"),
        (12345678901.2345, "12345678901.2345"),
        ("12.5", "12.5000"),
        ("-12", "-12.0000"),
        ("(12)", "-12.0000"),
        (None, None),
    ],
)
def test_numbers_are_the_shortest_that_give_the_float(bench, cell, amount):
    assert run(bench, book(["D1", MONTH, cell])).issues == ()
    (found,) = bench.rows("budgets", "amount::VARCHAR")[0]
    assert found == amount


def test_the_text_that_excel_writes_for_one_point_one_is_one_point_one(bench):
    """Excel writes seventeen digits into the file and means the float."""
    content = with_part(book(["D1", MONTH, 1.5]), SHEET, lambda xml: xml.replace(b"1.5", b"1.1000000000000001"))
    assert run(bench, content).issues == ()
    assert bench.rows("budgets", "amount::VARCHAR") == [("1.1000",)]


@pytest.mark.parametrize(
    ("cell", "shown", "month"),
    [
        (MONTH, "yyyy-mm-dd", "2025-12-01"),
        (dt.date(2025, 12, 1), "dd/mm/yyyy", "2025-12-01"),
        ("2025-12-01", "General", "2025-12-01"),
        (45992, numbers.FORMAT_DATE_DDMMYY, "2025-12-01"),
    ],
)
def test_dates_are_dates(bench, cell, shown, month):
    assert run(bench, book(["D1", cell, 1], formats=[("B2", shown)])).issues == ()
    assert bench.rows("budgets", "month::VARCHAR") == [(month,)]


def test_booleans_times_and_fractions_are_read_from_cells_of_their_kind(bench):
    mapping = """
        title: Reviews and visits
        source: {format: xlsx}
        tables:
          reviews:
            columns:
              review_id: {from: V}
              employee_id: {from: V}
              reviewed_on: {from: D}
              score: {from: S}
              critical_fail: {from: M}
          visits:
            columns:
              visit_id: {from: V}
              account_id: {from: V}
              planned_on: {from: D}
              made_at: {from: T}
              outcome: {constant: met_debtor}
    """
    moment = dt.datetime(2025, 12, 30, 17, 5, 9)  # noqa: DTZ001 - cells have no zone
    rows = [["7", MONTH, moment, 0.95, True], ["8", MONTH, MONTH, 1, False]]
    assert bench.run(mapping, {"in.xlsx": book(*rows, head=["V", "D", "T", "S", "M"])}).issues == ()
    assert bench.rows("reviews", "score::VARCHAR, critical_fail") == [("0.9500000000", True), ("1.0000000000", False)]
    assert bench.rows("visits", "made_at::VARCHAR") == [("2025-12-30 17:05:09",), ("2025-12-01 00:00:00",)]


@pytest.mark.parametrize(
    ("key", "shown", "read"),
    [
        ("0012", "@", "0012"),
        (12, "General", "12"),
        (12, "0000", "0012"),
        (123456789012345, "0", "123456789012345"),
    ],
)
def test_keys_keep_their_zeros_where_the_cell_shows_them(bench, key, shown, read):
    assert run(bench, book([key, MONTH, 1], formats=[("A2", shown)])).issues == ()
    assert bench.rows("budgets", "department_id") == [(read,)]


def test_the_sheet_is_chosen_by_name_or_number_and_the_header_by_its_row(bench):
    workbook = openpyxl.Workbook()
    workbook.active.title = "Notes"
    sheet = workbook.create_sheet("Ngân sách")
    for cells in (["Budget of the year"], [], HEAD, ["D1", MONTH, 1], [], ["D2", MONTH, 2]):
        sheet.append(cells)
    content = saved(workbook)
    for chosen in ("Ngân sách", 2):
        report = run(bench, content, f", sheet: {chosen}, header_row: 3")
        assert report.issues == ()
        assert bench.rows("budgets", "department_id, amount::INT") == [("D1", 1), ("D2", 2)]


def test_a_row_is_counted_as_the_workbook_shows_it_also_below_blank_rows(bench):
    content = book(["D1", MONTH, 1], [], [], ["D2", MONTH, "x"], [], ["D3", MONTH, "y"])
    issues = run(bench, content).issues
    assert [(issue.location.line, issue.location.column) for issue in issues] == [(5, 3), (7, 3)]
    assert issues[0].location.path.endswith("in.xlsx[Budget]")


REFUSED = [
    (computed(), "", "IMP050", ":2:3", "more than 15 digits"),
    (book([1.1e22, MONTH, 1]), "", "IMP048", ":2:1", "keeps 15 digits"),
    (book([1100000000000000000, MONTH, 1]), "", "IMP048", ":2:1", "keeps 15 digits"),
    (book(["1.10E+22", MONTH, 1]), "", "IMP048", ":2:1", "digits are lost"),
    (book(["'0012", MONTH, 1]), "", "IMP048", ":2:1", "apostrophe"),
    (book([MONTH, MONTH, 1]), "", "IMP048", ":2:1", "took the key for one"),
    (book(["D1", 45992, 1]), "", "IMP043", ":2:2", "45992"),
    (book(["D1", MONTH, "1.234,56"]), "", "IMP040", ":2:3", "a decimal comma"),
    (book(["D1", MONTH, True]), "", "IMP040", ":2:3", "true"),
    (book(["D1", MONTH, "#REF!"]), "", "IMP037", ":2:3", "#REF!"),
    (book(["D1", MONTH, "=SUM(A1:A1)"]), "", "IMP037", ":2:3", "a formula without a value"),
    (book(["D1", MONTH, dt.timedelta(hours=30)]), "", "IMP029", ":2:3", "timedelta"),
    (book(head=["Department", "Month"]), "", "IMP025", ":1", 'no column "Amount"'),
    (book(head=[*HEAD, "Month"]), "", "IMP024", ":1:2", "2 columns"),
]
WHOLE = [
    (b"", "", "IMP020", "empty"),
    (b"Department,Month,Amount\n", "", "IMP027", "a text, not a workbook"),
    (b"PAR1....PAR1", "", "IMP027", "a Parquet file, not a workbook"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "", "IMP027", "old or encrypted"),
    (book(["D1", MONTH, 1])[:-100], "", "IMP038", "cut off"),
    (book(["D1", MONTH, 1]), ", sheet: Budgets", "IMP036", 'no sheet "Budgets"'),
    (book(["D1", MONTH, 1]), ", sheet: 2", "IMP036", "there are Budget"),
    (with_part(book(["D1", MONTH, 1]), SHEET, lambda xml: xml[: len(xml) // 2]), "", "IMP020", "damaged inside"),
    (with_part(book(["D1", MONTH, 1]), SHEET, lambda xml: ENTITY + xml), "", "IMP020", "entities"),
    (with_part(book(["D1", MONTH, 1]), "xl/workbook.xml", lambda _: b""), "", "IMP020", "damaged inside"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "source", "code", "place", "said"), REFUSED)
def test_cells_that_are_refused(bench, content, source, code, place, said):
    issues = run(bench, content, source).issues
    (issue,) = [issue for issue in issues if issue.is_error]
    assert (issue.code, str(issue.location)) == (code, f"{bench.folder}/in.xlsx[Budget]{place}")
    assert said in str(issue)
    assert bench.written == []


@pytest.mark.parametrize(("content", "source", "code", "said"), WHOLE)
def test_workbooks_that_are_refused(bench, content, source, code, said):
    (issue,) = run(bench, content, source).issues
    assert (issue.code, str(issue.location)) == (code, f"{bench.folder}/in.xlsx")
    assert said in str(issue)
    assert bench.written == []


def test_several_sheets_and_none_stated(bench):
    workbook = openpyxl.Workbook()
    workbook.create_sheet("Second")
    (issue,) = run(bench, saved(workbook)).issues
    assert (issue.code, issue.hint) == ("IMP036", "State source: sheet; there are Sheet, Second")


def test_an_archive_that_is_no_workbook_and_one_that_is_binary(bench):
    for part, said in (("word/document.xml", "no workbook"), ("xl/workbook.bin", ".xlsb")):
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w") as archive:
            archive.writestr(part, "x")
        (issue,) = run(bench, sink.getvalue()).issues
        assert issue.code == "IMP027"
        assert said in issue.message


def test_computed_numbers_are_taken_as_excel_shows_them_if_the_mapping_says_so(bench):
    assert run(bench, computed(), ", fifteen_digits: true").issues == ()
    assert bench.rows("budgets", "amount::VARCHAR") == [("0.3000",)]


def test_a_formula_with_its_value_is_the_value(bench):
    content = book(["D1", MONTH, "=1+1"])
    assert b"<v></v>" in content or b"<v />" in zipfile.ZipFile(io.BytesIO(content)).read(SHEET)
    valued = with_part(content, SHEET, lambda xml: xml.replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>"))
    assert run(bench, valued).issues == ()
    assert bench.rows("budgets", "amount::INT") == [(2,)]


def test_of_many_wrong_cells_the_first_twenty_are_shown(bench):
    issues = run(bench, book(*(["D1", MONTH, "#N/A"] for _ in range(50)))).issues
    assert [issue.code for issue in issues] == ["IMP037"] * 21
    assert "50 values" in issues[-1].message


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(bench):
    bomb = with_part(book(["D1", MONTH, 1]), SHEET, lambda xml: xml + b" " * 150_000_000)
    assert len(bomb) < 500_000
    (issue,) = run(bench, bomb).issues
    assert (issue.code, "200 times" in issue.message) == ("IMP031", True)
    (issue,) = run(bench, book(["D1", MONTH, 1]), limits=Limits(unpacked_bytes=1000)).issues
    assert (issue.code, "1,000 bytes" in issue.message) == ("IMP031", True)


def test_a_text_of_many_megabytes_in_one_cell_is_refused(bench):
    long = with_part(
        book(["D1", MONTH, 1]), SHEET, lambda xml: xml.replace(b"<v>1</v>", b"<v>" + b"1" * 3_000_000 + b"</v>")
    )
    (issue,) = run(bench, long).issues
    assert (issue.code, SHEET in issue.message) == ("IMP030", True)


def test_a_row_number_beyond_the_last_row_ends_the_sheet(bench):
    content = with_part(book(["D1", MONTH, 1]), SHEET, lambda xml: xml.replace(b'<row r="2"', b'<row r="999999999"'))
    report = run(bench, content)
    assert [issue.code for issue in report.issues] in (["IMP034"], ["IMP020"])


def test_the_date_in_the_name_of_a_file(bench):
    mapping = BUDGETS.format(source=", file_name: 'budget_%Y%m%d*.xlsx'")
    content = book(["D1", MONTH, 1])
    assert bench.run(mapping, {f"budget_{DAY:%Y%m%d}_v2.xlsx": content}).issues == ()
    (issue,) = bench.run(mapping, {"budget_20251230.xlsx": content}).issues
    assert (issue.code, issue.is_error) == ("IMP033", True)
    (issue,) = bench.run(mapping, {"budget.xlsx": content}).issues
    assert "is not named as the mapping says" in issue.message
