"""No cell of a CSV file runs as a formula, whichever separator the reader takes; numbers stay numbers."""

import csv
import re
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.csv_files import PhoneNumber, csv_text, neutralised, write_csv

RUNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
dangerous = st.lists(st.sampled_from([*RUNS, ";", "\t", "\n", "\r", " ", '"', ",", "'", "cmd|", "a"])).map("".join)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("E0001", "E0001"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+84 90", "'+84 90"),
        ("-5 points", "'-5 points"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t'=1"),
        ("\r", "'\r"),
        ("＝1+1", "'＝1+1"),
        ("  =1", "  '=1"),
        ("late; =1", "late; '=1"),
        ("a = b - c", "a = b - c"),
        ("", ""),
    ],
)
def test_text_that_would_run_gets_an_apostrophe(text, written):
    assert neutralised(text) == written


@given(st.lists(dangerous, min_size=1, max_size=3))
def test_no_cell_begins_with_what_a_spreadsheet_runs(texts):
    row = next(csv.reader(StringIO(csv_text(["x"] * len(texts), [texts]).partition("\r\n")[2], newline="")), [""])
    for cell in (part for each in row for part in re.split(r"[;\t\r\n]", each)):
        assert not cell.strip().startswith(RUNS)


@given(st.lists(st.one_of(st.none(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False)), min_size=2))
def test_numbers_come_back_exactly(values):
    text = csv_text([f"c{number}" for number, _ in enumerate(values)], [values])
    row = list(csv.reader(StringIO(text)))[1]
    assert [Decimal(cell) if cell else None for cell in row] == values


def test_dates_headers_and_the_mark_for_excel():
    text = csv_text(["payee", "=day"], [["E0001", date(2026, 9, 30)]])
    assert text == "payee,'=day\r\nE0001,2026-09-30\r\n"
    assert csv_text(["a"], [], for_excel=True) == "\ufeffa\r\n"


def test_a_row_of_another_width_is_refused():
    with pytest.raises(ValueError, match="row 1 has 1 cells, the header has 2"):
        csv_text(["a", "b"], [["x"]])


@pytest.mark.parametrize("text", ["+84912345678", "+842438251234;ext=12"])
def test_a_telephone_number_for_another_system_arrives_as_it_is(text):
    assert csv_text(["value"], [[PhoneNumber(text)]]) == f"value\r\n{text}\r\n"


@given(dangerous)
def test_nothing_but_a_telephone_number_passes_as_one(text):
    with pytest.raises(ValueError, match="5 to 15 digits"):
        PhoneNumber(text)
    with pytest.raises(ValueError, match="5 to 15 digits"):
        PhoneNumber(f"+84912345678{text or ' '}")


def test_a_file_written_row_by_row_is_what_the_text_would_be(tmp_path):
    header, rows = ["payee", "day"], [["=E0001", date(2026, 9, 30)], ["E0002", None]]
    assert write_csv(tmp_path / "rows.csv", header, iter(rows)) == 2
    assert (tmp_path / "rows.csv").read_bytes().decode() == csv_text(header, rows)
    with pytest.raises(ValueError, match="row 1 has 1 cells"):
        write_csv(tmp_path / "short.csv", header, [["E0001"]])
