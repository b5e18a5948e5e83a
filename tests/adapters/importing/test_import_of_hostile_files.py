"""Extracts that lie: of another date, damaged by a spreadsheet, in other marks, cut off. Each told, none written.

Files that ask for too much memory are in tests/stages/test_landing_limits.py, landing files in test_landing.py there.
"""

import gzip
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.importing import Limits

DAY = date(2025, 12, 31)
HEAD = "id,amount\n"
CSV = "{format: csv, delimiter: ',', encoding: utf-8}"

# source, content, code, place in the file, what the message says
REFUSED = [
    (CSV, HEAD + "1.10E+22,2\n", "IMP048", ":2:1", "digits are lost"),
    (CSV, HEAD + "1.1e22,2\n", "IMP048", ":2:1", "digits are lost"),
    (CSV, HEAD + "4711.0,2\n", "IMP048", ":2:1", "floating-point"),
    (CSV, HEAD + "'0012,2\n", "IMP048", ":2:1", "apostrophe"),
    (CSV, HEAD + '"=""0012""",2\n', "IMP048", ":2:1", "formula"),
    (CSV, HEAD + "+cmd|' /C calc'!A0,2\n", "IMP048", ":2:1", "formula"),
    (CSV, HEAD + "110000000000001000,2\n220000000000002000,2\n", "IMP048", ":1:1", "a spreadsheet has rounded them"),
    (CSV, HEAD + '1,"1.234,56"\n', "IMP040", ":2:2", "it is written with a decimal comma"),
    (CSV, HEAD + '1,"1,234.56"\n', "IMP040", ":2:2", "it is written with commas for thousands"),
    (CSV, HEAD + "1,1.500.000\n", "IMP040", ":2:2", "points for thousands"),
    (CSV, HEAD + "1,1.5E+07\n", "IMP040", ":2:2", "may have cut digits"),
    (CSV, HEAD + "1,2\n3", "IMP038", ":3", "the file ends in the middle of this row"),
    (CSV, HEAD + '1,2\n3,"4', "IMP038", ":3", "the file ends in the middle of this row"),
    (CSV, HEAD + "1,2\n\0\0,3\n", "IMP032", ":3", "2 such places"),
    (CSV, HEAD + "1," + "2" * 1_200_000 + "\n", "IMP030", ":2", "1,000,000"),
    (CSV, "id;amount\n1;2\n", "IMP025", ":1", "Known are id;amount"),
    (CSV, "<html><body><table></table></body></html>", "IMP027", "", "a web page"),
    (CSV, b"BZh91AY&SY", "IMP027", "", "bzip2"),
    ("{format: csv, as_of: day}", "id,amount,day\n1,2,2025-12-31\n1,2,2025-12-30\n", "IMP033", ":3:3", "2025-12-30"),
    ("{format: csv, as_of: day}", "id,amount,day\n1,2,\n", "IMP033", ":2:3", "says nothing, not 2025-12-31"),
    (
        "{format: csv, as_of: day, date_format: '%d/%m/%Y'}",
        "id,amount,day\n1,2,30/12/2025\n",
        "IMP033",
        ":2:3",
        "30/12",
    ),
    ("{format: csv, as_of: day}", HEAD + "1,2\n", "IMP025", ":1", 'no column "day"'),
    ("{format: csv, file_name: 'costs_%Y%m%d.csv'}", HEAD + "1,2\n", "IMP033", "", "not named as the mapping says"),
]


@pytest.mark.parametrize(("source", "content", "code", "place", "said"), REFUSED)
def test_refused(bench, costs, source, content, code, place, said):
    report = bench.run(costs(source), content, limits=Limits(line_bytes=1_000_000))
    issue = next(issue for issue in report.issues if issue.is_error)
    assert (issue.code, str(issue.location)) == (code, f"{bench.folder}/in.csv{place}")
    assert said in str(issue)
    assert bench.written == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("costs_2025-12-30.csv", "IMP033"),
        ("20251230_costs.csv", "IMP033"),
        ("costs_2025-12-31.csv", None),
        ("costs_20251231_20260101.csv", None),
        ("costs_120251230.csv", None),
    ],
)
def test_a_date_in_a_name_that_the_mapping_does_not_speak_of_is_a_warning(bench, costs, name, code):
    report = bench.run(costs(), {name: HEAD + "1,2\n"})
    assert [(issue.code, issue.is_error) for issue in report.issues] == ([(code, False)] if code else [])
    assert [table.rows for table in report.tables] == [1]


def test_the_same_content_twice_is_refused(bench, costs):
    files = {"a.csv": HEAD + "1,2\n", "b.csv": HEAD + "1,2\n"}
    (issue,) = bench.run(costs(), files).issues
    assert (issue.code, issue.location.path[-5:]) == ("IMP035", "b.csv")
    assert bench.written == []


def test_a_stated_delimiter_that_shows_fewer_columns_is_told_with_the_one_that_shows_them(bench, costs):
    report = bench.run(costs(CSV), "id;amount\n1;2\n")
    assert [issue.code for issue in report.issues] == ["IMP025", "IMP025", "IMP023"]
    assert '";" would show the columns' in report.issues[-1].message


def test_a_mark_that_always_stands_before_three_digits_is_a_warning(bench, costs):
    """500.000 is half a million to the bank, and five hundred to the import."""
    report = bench.run(costs(), HEAD + "1,500.000\n2,20.000\n3,1.500\n4,7\n")
    assert [(issue.code, issue.is_error) for issue in report.issues] == [("IMP051", False)]
    report = bench.run(costs(), HEAD + "1,500.000\n2,20.000\n3,1.5\n")
    assert report.issues == ()


def test_a_formula_in_a_text_is_kept_and_told(bench):
    mapping = """
        title: Skills
        source: {format: csv}
        tables:
          skills:
            columns:
              employee_id: {from: id}
              skill: {from: skill}
    """
    report = bench.run(mapping, 'id,skill\n1,"=HYPERLINK(""http://x"",""y"")"\n2,+84 901 234\n3,-5 points\n')
    assert [(issue.code, issue.is_error, issue.location.line) for issue in report.issues] == [("IMP049", False, 2)]
    assert bench.rows("skills", "skill")[0] == ('=HYPERLINK("http://x","y")',)


def test_keys_that_rightly_end_in_zeros_are_named(bench, costs):
    content = HEAD + "110000000000001000,2\n220000000000002000,2\n"
    assert bench.run(costs(), content, round_keys=("costs.cost_centre",)).issues == ()
    assert bench.run(costs(), content, round_keys=("costs.month",)).failed


def test_a_key_in_a_composed_text_is_looked_at_before_it_is_composed(bench, costs):
    (issue,) = bench.run(costs(cost_centre='{format: "VN-{id}"}'), HEAD + "1.10E+22,2\n").issues
    assert (issue.code, '"1.10E+22"' in issue.message) == ("IMP048", True)


def test_a_bomb_is_refused(bench, costs):
    packed = gzip.compress(HEAD.encode() + b"1,2\n" * 40_000_000, mtime=0)
    (issue,) = bench.run(costs(), {"in.csv.gz": packed}).issues
    assert (issue.code, "200 times" in issue.message) == ("IMP031", True)


def test_parquet_that_is_cut_off_or_damaged_is_told(bench, costs):
    pq.write_table(
        pa.table({"id": [f"{n:030d}" for n in range(1000)], "amount": [1] * 1000}), bench.folder / "x.parquet"
    )
    whole = (bench.folder / "x.parquet").read_bytes()
    for content, code in (
        (whole[:-1], "IMP038"),
        (whole[:-20] + b"\xff" * 16 + b"PAR1", "IMP020"),
        (whole[:4] + b"\xff" * 500 + whole[504:], "IMP020"),
    ):
        (issue,) = bench.run(costs("{format: parquet}"), content).issues
        assert issue.code == code
    assert bench.written == []


def test_everything_wrong_in_several_files_is_told_at_once(bench, costs):
    files = {
        "a.csv": HEAD + "1\n",
        "b.csv": HEAD + "1,2\n3",
        "c.csv": b"",
        "d.csv": HEAD.encode() + b"1,\xff\n",
        "e.csv": HEAD + "1,\0\n",
    }
    found = [(issue.code, issue.location.path[-5:]) for issue in bench.run(costs(CSV), files).issues]
    assert found == [
        ("IMP026", "a.csv"),
        ("IMP038", "b.csv"),
        ("IMP020", "c.csv"),
        ("IMP021", "d.csv"),
        ("IMP032", "e.csv"),
    ]


def test_a_missing_file_is_told_with_the_others(bench, costs):
    from adapters.importing import import_extract
    from adapters.rule_files import parse_document

    document, _ = parse_document(costs(), "map.yaml")
    assert document is not None
    files = [bench.folder / "none.csv", bench.put("a.csv", HEAD + "x,y\n"), bench.folder]
    report = import_extract(
        document, files, business_date=DAY, landing=bench.folder / "landing", memory_limit="256MB", threads=1
    )
    assert [issue.code for issue in report.issues] == ["IMP020", "IMP020"]
    assert "there is none of this name" in report.issues[0].message
    assert "s a directory" in report.issues[1].message
