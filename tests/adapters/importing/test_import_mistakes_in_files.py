"""Each mistake in a file is told with its code, file, row and column, and nothing is written."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEAD = "id,amount\n"
LAYOUTS = {
    "utf-8": "{format: csv}",
    "comma": "{format: csv, delimiter: ',', encoding: utf-8}",
    "gb18030": "{format: csv, delimiter: ',', encoding: gb18030}",
    "utf-16": "{format: csv, delimiter: ',', encoding: utf-16}",
    "parquet": "{format: parquet}",
}


@pytest.mark.parametrize(
    ("layout", "content", "code", "place", "said"),
    [
        ("utf-8", b"", "IMP020", "in.csv", "empty"),
        ("utf-8", gzip.compress(b"id,amount\n1,2\n" * 500, mtime=0)[:40], "IMP038", "in.csv", "cut off"),
        ("parquet", b"id,amount\n1,2\n", "IMP027", "in.csv", "no Parquet file"),
        ("comma", HEAD.encode() + b"1,2\n\xc4\xff,3\n", "IMP021", "in.csv:3", "0xC4 at offset 14 is not utf-8"),
        ("gb18030", HEAD.encode() + b"1,2\n\x81\x20,3\n", "IMP021", "in.csv:3", "0x81 at offset 14"),
        ("utf-16", HEAD.encode("utf-16") + b"\x00\xd8\x00\x00", "IMP021", "in.csv:2", "at offset 22"),
        ("comma", b"id,amount\r\n1,2\r\n\xff\r\n", "IMP021", "in.csv:3", "at offset 16"),
        ("utf-8", b"id;amount,id\n1;2,3\n", "IMP023", "in.csv:1", "delimiter"),
        ("comma", b"id,amount,amount\n1,2,3\n", "IMP024", "in.csv:1:2", '2 columns are called "amount"'),
        ("utf-8", b"id,amuont\n1,2\n", "IMP025", "in.csv:1", 'Did you mean "amuont"?'),
        ("parquet", {"id": ["1"], "sum": [2]}, "IMP025", "in.csv:1", 'no column "amount"'),
        ("utf-8", b"id,amount\n1,2\n3\n", "IMP026", "in.csv:3", "fewer columns"),
        ("utf-8", b"id,amount\n1,2\n3,4\n5,6,7\n", "IMP026", "in.csv:4", "more columns"),
        ("utf-8", b'id,amount\n1,"2\n3,4\n', "IMP026", "in.csv:2", "not closed"),
        ("utf-8", b'id,amount\n1,"2"3\n', "IMP026", "in.csv:2", "quote"),
        ("utf-8", b"PK\x03\x04\x14\x00", "IMP027", "in.csv", "Save it as CSV"),
        ("utf-8", b"PAR1\x15\x04", "IMP027", "in.csv", "format: parquet"),
        ("parquet", {"id": ["1"], "amount": [[2]]}, "IMP029", "in.csv", "BIGINT[]"),
    ],
)
def test_mistakes(bench, costs, layout, content, code, place, said):
    report = bench.run(costs(LAYOUTS[layout]), as_file(bench, content))
    (issue,) = report.issues
    assert (issue.code, str(issue.location)) == (code, f"{bench.folder}/{place}")
    assert said in str(issue)
    assert report.failed
    assert bench.written == []


def test_a_file_that_is_not_there(bench, costs):
    report = bench.run(costs(), {})
    assert [issue.code for issue in report.issues] == ["IMP020"]


def test_rows_of_the_second_file_count_from_its_own_start(bench, costs):
    files = {"a.csv": HEAD + "1,2\n", "b.csv": "x;amount;id\n1;2;3\n1;no;3\n"}
    (issue,) = bench.run(costs(), files).issues
    assert str(issue.location) == f"{bench.folder}/b.csv:3:2"


def test_every_broken_file_is_told(bench, costs):
    report = bench.run(costs(), {"a.csv": "", "b.csv": "id,x\n", "c.csv": HEAD + "1\n"})
    assert [(issue.code, issue.location.path[-5:]) for issue in report.issues] == [
        ("IMP020", "a.csv"),
        ("IMP025", "b.csv"),
        ("IMP026", "c.csv"),
    ]


def test_of_many_broken_rows_the_first_twenty_are_shown(bench, costs):
    report = bench.run(costs(), HEAD + "1\n" * 50)
    assert len(report.issues) == 21
    assert "50 rows" in report.issues[-1].message


def test_of_many_wrong_values_the_first_twenty_are_shown_and_counted_by_reason(bench, costs):
    content = HEAD + "1,two\n" * 30 + "1,0.00001\n" * 3
    issues = bench.run(costs(), content).issues
    assert [issue.code for issue in issues] == ["IMP040"] * 21 + ["IMP041"] * 3
    assert "30 values" in issues[20].message
    assert [issue.location.line for issue in issues[21:]] == [32, 33, 34]


def test_one_wrong_value_in_one_table_keeps_all_tables_from_being_written(bench, costs):
    mapping = (
        costs()
        + "  budgets:\n    columns:\n"
        + "".join(
            f"      {name}: {how}\n"
            for name, how in {
                "department_id": "{from: id}",
                "month": "{constant: 2025-12-01}",
                "budget_type": "{constant: bonus}",
                "amount": "{constant: 1}",
                "currency": "{constant: VND}",
            }.items()
        )
    )
    assert bench.run(mapping, HEAD + "1,2\n2,x\n").failed
    assert bench.written == []
    bench.run(mapping, HEAD + "1,2\n2,3\n")
    assert [path.name for path in bench.written] == ["2025-12-31", "budgets.parquet", "costs.parquet"]


def test_a_wrong_import_leaves_what_was_landed_before(bench, costs):
    bench.run(costs(), HEAD + "1,2\n")
    before = bench.file("costs").read_bytes()
    bench.run(costs(), HEAD + "1,x\n")
    assert bench.file("costs").read_bytes() == before


def test_a_personal_value_is_not_shown(bench):
    mapping = """
        title: Mail addresses
        source: {format: csv}
        tables:
          contact_points:
            columns:
              contact_point_id: {from: id}
              party_id: {from: id}
              kind: {constant: phone}
              value: {from: number, codes: {"1": "2"}}
              state: {constant: active}
    """
    (issue,) = bench.run(mapping, "id,number\n1,0901234567\n").issues
    assert "0901234567" not in str(issue)


def test_a_message_is_one_line_of_printable_signs(bench, costs):
    (issue,) = bench.run(costs(), HEAD + '1,"two\n\x1b[31m"\n').issues
    assert '"two\ufffd\ufffd[31m"' in str(issue)


def test_blank_lines_are_no_rows(bench, costs):
    (issue,) = bench.run(costs(), HEAD + "1,2\n\n3,x\n").issues
    assert issue.location.line == 3


def as_file(bench, content):
    if isinstance(content, bytes):
        return content
    pq.write_table(pa.table(content), bench.folder / "made.parquet")
    return (bench.folder / "made.parquet").read_bytes()
