"""Each mistake in a mapping is told with its code, line and column, and nothing is written."""

import textwrap

import pytest

from adapters.importing import MappingFile, decode_mapping
from adapters.rule_files import parse_document

GOOD = """\
title: Costs
source: {format: csv}
tables:
  costs:
    fields:
      dear: {from: amount, type: money}
    columns:
      cost_centre: {from: id}
      month: {constant: 2025-12-01}
      cost_type: {constant: staff}
      amount: {expression: dear + 1}
      currency: {constant: VND}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "code", "place", "said"),
    [
        ("costs:", "cost:", "IMP001", "map.yaml:5:5", 'Did you mean "costs"?'),
        ("title: Costs", "title: Costs\nempty: [costs]", "IMP001", "map.yaml:2:9", "filled under tables"),
        ("title: Costs", "title: Costs\nempty: [leaf]", "IMP001", "map.yaml:2:9", 'Did you mean "leave"?'),
        ("cost_type:", "cost_typ:", "IMP002", "map.yaml:10:17", 'Did you mean "cost_type"?'),
        ("      currency: {constant: VND}\n", "", "IMP003", "map.yaml:8:7", '"currency"'),
        ("constant: staff", "constant: stuff", "IMP004", "map.yaml:10:29", "none of staff"),
        ("constant: 2025-12-01", "constant: December", "IMP004", "map.yaml:9:25", "month is a date"),
        ("expression: dear + 1", "constant: 1.23456", "IMP004", "map.yaml:11:26", "more digits"),
        ("expression: dear + 1", "constant: 1000000000000000", "IMP004", "map.yaml:11:26", "more digits"),
        ("expression: dear + 1", "constant: true", "IMP004", "map.yaml:11:26", "amount is a money"),
        ("expression: dear + 1", "from: x, default: nothing", "IMP004", "map.yaml:11:34", "amount is a money"),
        ("expression: dear + 1", "from: x, codes: {a: b}", "IMP004", "map.yaml:11:36", "amount is a money"),
        ("dear: {", "amount: {", "IMP006", "map.yaml:6:15", "already names"),
        ("dear: {", "business_date: {", "IMP006", "map.yaml:6:22", "already names"),
        ("dear: {", "very dear: {", "IMP006", "map.yaml:6:18", "no name for expressions"),
        ("{from: id}", '{format: "C{id"}', "IMP007", "map.yaml:8:29", "do not close"),
        ("{from: id}", '{format: "C{entry_date}"}', "IMP007", "map.yaml:8:29", "needs unpivot"),
        ("{from: id}", '{format: ""}', "RUL005", "map.yaml:8:29", "at least 1"),
        ("{from: id}", "{from: id, sign: negate}", "IMP008", "map.yaml:8:20", "for numbers"),
        ("{from: id}", "{from: id, date_format: '%d%m%Y'}", "IMP008", "map.yaml:8:20", "for dates"),
        ("{from: id}", "{from: id, time_zone: Asia/Taipei}", "IMP008", "map.yaml:8:42", "none for a id"),
        ("expression: dear + 1", 'format: "{amount}"', "IMP008", "map.yaml:11:24", "format makes texts"),
        ("dear + 1", "deer + 1", "EXP003", "map.yaml:11:28", 'Did you mean "dear"?'),
        ("dear + 1", "dear / 2", "EXP008", "map.yaml:11:28", "not divided"),
        ("dear + 1", "is_missing(dear)", "EXP004", "map.yaml:11:28", "expected a money"),
        ("    fields:", "    rows: dear\n    fields:", "EXP004", "map.yaml:5:11", "expected a bool"),
        ("from: id", "form: id", "RUL005", "map.yaml:8:20", "one of from, constant, expression or format"),
        ("from: id", "from: id, cods: {}", "RUL001", "map.yaml:8:31", 'unknown key "cods"'),
        ("format: csv", "format: ods", "RUL003", "map.yaml:2:18", "csv"),
        ("format: csv", "format: csv, encoding: utf-9", "RUL004", "map.yaml:2:33", "unknown encoding"),
        ("format: csv", "format: csv, header: false", "RUL004", "map.yaml:2:9", "names"),
        ("format: csv", "format: csv, names: [a, b]", "RUL004", "map.yaml:2:9", "names"),
        ("format: csv", "format: csv, thousands_mark: '.'", "RUL004", "map.yaml:2:9", "thousands mark"),
        ("format: csv", "format: csv, date_format: '%d/%m'", "RUL004", "map.yaml:2:36", "a year, a month and a day"),
        ("format: csv", "format: csv, date_format: '%d/%m/%Q'", "RUL004", "map.yaml:2:36", "%Q is not read"),
        ("format: csv", "format: parquet, delimiter: ';'", "RUL001", "map.yaml:2:27", "delimiter"),
        (
            "dear: {from: amount,",
            "dear: {from: amount, codes: {a: 1}, scale: 2,",
            "RUL004",
            "map.yaml:6:13",
            "final values",
        ),
        ("    fields:", "    unpivot: {entries: []}\n    fields:", "RUL005", "map.yaml:5:24", "at least 1"),
        (
            "    fields:",
            "    unpivot: {entries: [{texts: {a: x}}, {texts: {b: x}}]}\n    fields:",
            "RUL004",
            "map.yaml:5:14",
            "the same names",
        ),
        (
            "    fields:",
            "    unpivot: {only_business_date: true, entries: [{texts: {a: x}}]}\n    fields:",
            "RUL004",
            "map.yaml:5:14",
            "needs a date",
        ),
    ],
)
def test_mistakes(bench, right, wrong, code, place, said):
    assert right in GOOD
    report = bench.run(GOOD.replace(right, wrong, 1), "id,amount\n1,2\n")
    found = [issue for issue in report.issues if issue.code == code]
    assert found, report.issues
    assert said in str(found[0])
    assert str(found[0].location) == place
    assert bench.written == []


def test_all_mistakes_are_told_at_once(bench):
    wrong = (
        GOOD.replace("constant: staff", "constant: stuff").replace("dear + 1", "deer + 1").replace("month:", "moon:")
    )
    codes = [issue.code for issue in bench.run(wrong, "").issues]
    assert codes == ["IMP002", "IMP004", "EXP003", "IMP003"]


def test_the_mapping_itself_is_right(bench):
    report = bench.run(GOOD, "id,amount\n1,2\n")
    assert not report.failed
    assert [str(row[3]) for row in bench.rows("costs")] == ["3.0000"]


def test_the_language_has_a_schema():
    schema = MappingFile.model_json_schema()
    assert {"title", "source", "tables", "empty"} == set(schema["properties"])
    assert "Whether the first line names the columns" in str(schema)


def test_no_entry_for_the_business_date(bench):
    mapping = GOOD.replace(
        "    fields:", "    unpivot: {only_business_date: true, entries: [{date: 2025-11-30}]}\n    fields:"
    )
    (issue,) = bench.run(mapping, "id,amount\n1,2\n").issues
    assert (issue.code, str(issue.location)) == ("IMP009", "map.yaml:5:14")
    assert "2025-11-30" in issue.hint


def test_decoding_alone_needs_no_file():
    document, _ = parse_document(textwrap.dedent(GOOD), "map.yaml")
    mapping, issues = decode_mapping(document)
    assert issues == ()
    assert [value.name for value in mapping.targets[0].columns][:2] == ["cost_centre", "month"]
    assert dict(mapping.wanted).keys() == {"id", "amount"}
