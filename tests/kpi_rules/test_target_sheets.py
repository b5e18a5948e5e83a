"""Targets that managers keep in a sheet: the same rules as in YAML, and every cell that is no target is told."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.formula import ArrayFormula

from adapters.rule_files import parse_document, read_document, read_rule_book
from domain.issues import Severity
from domain.rules import version_digest
from kpi_rules.rulebook import decode_kpi_rules
from kpi_rules.target_sheets import COLUMNS, rows_of
from reports.target_sheet import SheetColumn, write_target_sheet

KPIS = """
kpis:
  - {id: calls, title: C, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: count, good: higher,
     grains: [employee, team, department], type: simple, dataset: contacts, measure: count}
  - {id: rate, title: R, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: ratio, good: higher,
     grains: [employee], type: ratio, numerator: calls, denominator: calls}
  - {id: money, title: M, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: money, good: higher,
     grains: [employee, team], type: simple, dataset: credits, measure: sum, of: recovered}
"""
HEAD = "kpi,value,owner,department,team,period,prorate,currency\n"


@pytest.fixture
def sheet(tmp_path):
    """A function from the content of a sheet beside KPIs to the rules and what is wrong with them."""

    def read(content, name="field.csv"):
        path = tmp_path / name
        if isinstance(content, Workbook):
            content.save(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        document, issues = read_document(path, f"kpi_rules/targets/{name}")
        kpis, _ = parse_document(KPIS, "kpis.yaml")
        rules, found = decode_kpi_rules([kpis, *([document] if document else [])])
        return rules, (*issues, *found)

    return read


def targets_of(read):
    rules, issues = read
    assert issues == (), "\n".join(map(str, issues))
    return {placed.rule.id: placed for placed in rules.targets}


def workbook(rows, **sheets):
    book = Workbook()
    book.active.title = "Q4"
    for row in rows:
        book.active.append(row)
    for name, others in sheets.items():
        extra = book.create_sheet(name.replace("notes", "#notes"))
        for row in others:
            extra.append(row)
    return book


def test_a_sheet_says_what_a_change_within_a_month_means(sheet):
    head = "kpi,value,owner,department,valid_from,valid_to,review_by,prorate,changes\n"
    rows = (
        "calls,100,head,field,2026-01-01,2026-10-11,,whole,\n",
        "calls,200,head,field,2026-10-11,,2027-01-01,whole,{}\n",
    )
    rules, issues = sheet(head + rows[0] + rows[1].format("by_days"))
    assert (issues, [placed.rule.changes for placed in rules.targets]) == ((), [None, "by_days"])
    assert {placed.rule.id for placed in rules.targets} == {"field_department_field"}
    assert [row["changes"] for row in rows_of(rules.targets)] == [None, "by_days"]
    _, refused = sheet(head + rows[0] + rows[1].format("refuse"))
    assert [(issue.code, str(issue.location)[-3:]) for issue in refused] == [("KPI018", "3:5")]
    _, unknown = sheet(head + rows[0] + rows[1].format("daily"))
    assert [(issue.code, str(issue.location)[-3:]) for issue in unknown] == [("RUL003", "3:9")]


def test_rows_of_one_scope_and_period_are_one_rule(sheet):
    found = targets_of(
        sheet(
            HEAD
            + "calls,900,head,field,,2026-10,whole,\nrate,25%,,field,,2026-10,,\n"
            + "calls,950,head,,FT-1,2026-Q4,whole,\nmoney,40000000.5,head,field,,2026,whole,VND\n"
        )
    )
    assert {name: dict(placed.rule.values) for name, placed in found.items()} == {
        "field_department_field": {"calls": Decimal(900), "rate": Decimal("0.25")},
        "field_team_ft_1": {"calls": Decimal(950)},
        "field_department_field_vnd": {"money": Decimal("40000000.5")},
    }
    rule = found["field_department_field"].rule
    assert (rule.valid_from, rule.valid_to, rule.owner) == (date(2026, 10, 1), date(2026, 11, 1), "head")
    assert rule.title == "field: department field"
    quarter, year = found["field_team_ft_1"].rule, found["field_department_field_vnd"].rule
    assert (quarter.valid_from, quarter.valid_to) == (date(2026, 10, 1), date(2027, 1, 1))
    assert (year.valid_from, year.valid_to) == (date(2026, 1, 1), date(2027, 1, 1))
    assert str(found["field_department_field"].place("values", "rate")) == "kpi_rules/targets/field.csv:3:2"


def test_a_sheet_gives_the_version_that_yaml_gives(sheet, decoded):
    text = (
        "targets:\n  - id: t\n    title: T\n    owner: o\n    valid_from: 2026-10-01\n    valid_to: 2026-11-01\n"
        "    team: FT1\n    prorate: {by: days_worked, employment_share: true, without_leave: [parental, unpaid]}\n"
        "    values: {calls: 900, rate: 0.250}\n"
    )
    rules, _ = decoded(KPIS + text)
    read = sheet(
        "id;title;kpi;value;owner;team;period;prorate;employment_share;without_leave\n"
        "t;T;calls;900.0;o;FT1;2026-10;days_worked;yes;parental, unpaid\nt;;rate;0.25;;;2026-10;;;\n"
    )
    assert targets_of(read)["t"].version == rules.targets[0].version


def test_a_row_of_another_scope_voids_no_signature(sheet):
    before = targets_of(sheet(HEAD + "calls,900,head,field,,2026-10,whole,\n"))
    after = targets_of(sheet(HEAD + "calls,800,head,legal,,2026-10,whole,\ncalls,900,head,field,,2026-10,whole,\n"))
    changed = targets_of(sheet(HEAD + "calls,901,head,field,,2026-10,whole,\n"))
    name = "field_department_field"
    assert before[name].version == after[name].version != changed[name].version


# what is wrong, sheet, code, place, words
CELLS = [
    ("a column that there is not", "kpis,value\n", "TGT001", "1:1", 'unknown column "kpis". Did you mean "kpi"?'),
    ("a column twice", "kpi,value,kpi\n", "TGT001", "1:3", "second column"),
    ("no values", "kpi,owner\n", "TGT001", "1:1", 'no column "value"'),
    ("a value under no name", "kpi,value,\ncalls,1,oops\n", "TGT002", "2:3", "without a name"),
    ("a row without a value", HEAD + "calls,,head,,,2026-10,whole,\n", "TGT002", "2:1", 'no "value"'),
    ("thousands", HEAD + 'calls,"1,000",head,,,2026-10,whole,\n', "TGT003", "2:2", "Write 1000 without separators"),
    ("thousands or decimals", HEAD + "calls,1.000,head,,,2026-10,whole,\n", "TGT003", "2:2", "or 1.0000"),
    ("a space between thousands", HEAD + "calls,1 000 000,h,,,2026-10,whole,\n", "TGT003", "2:2", "Write 1000000"),
    ("a decimal comma", HEAD + 'rate,"0,85",head,,,2026-10,,\n', "TGT003", "2:2", "Write 0.85"),
    ("a word", HEAD + "calls,many,head,,,2026-10,whole,\n", "TGT003", "2:2", "is no number"),
    ("a day of another order", "kpi,value,owner,valid_from\nrate,1,h,01/10/2026\n", "TGT004", "2:4", "is no day"),
    ("a day that there is not", "kpi,value,owner,valid_from\nrate,1,h,2026-02-30\n", "TGT004", "2:4", "is no day"),
    ("a period that is none", HEAD + "rate,1,head,,,10/2026,,\n", "TGT004", "2:6", "is no period"),
    ("a period and days", "kpi,value,owner,period,valid_to\nrate,1,h,2026,2026-03-01\n", "TGT004", "2:4", "beside"),
    ("a target twice", HEAD + "rate,1,h,,,2026,,\nrate,2,h,,,2026,,\n", "TGT005", "3:2", "field.csv:2:2"),
    ("two owners of one rule", HEAD + "rate,1,h,,,2026,,\ncalls,2,g,,,2026,whole,\n", "TGT006", "3:3", '"owner" is g'),
    ("days of no proration", "kpi,value,owner,period,without_leave\nrate,1,h,2026,unpaid\n", "TGT006", "2:5", "only"),
    ("a share that is no answer", "kpi,value,owner,period,prorate,employment_share\ncalls,1,h,2026,working_days,so\n",
     "TGT007", "2:6", "yes or no"),
    ("a percentage of calls", HEAD + "calls,90%,h,,,2026,whole,\n", "TGT008", "2:2", "is a count"),
    ("no owner", HEAD + "rate,1,,,,2026,,\n", "RUL002", "2:1", '"owner" is missing'),
    ("no end", "kpi,value,owner,valid_from\nrate,1,h,2026-10-01\n", "RUL004", "2:1", "review_by"),
    ("a KPI that there is not", HEAD + "call,1,h,,,2026,whole,\n", "KPI007", "2:2", 'Did you mean "calls"?'),
    ("a target of zero", HEAD + "rate,0,h,,,2026,,\n", "RUL005", "2:2", "greater than 0"),
    ("an amount without currency", HEAD + "money,5,h,,,2026,whole,\n", "KPI033", "2:2", "without a currency"),
    ("calls of half a month", HEAD + "calls,5,h,,,2026,,\n", "KPI035", "2:2", "does not say"),
    ("two scopes", HEAD + "rate,5,h,field,FT1,2026,,\n", "KPI031", "2:5", "one scope"),
    ("an unclosed quote", HEAD + 'rate,"5,h,field,FT1,2026,,\n', "SHT001", "2", "not CSV"),
    ("another encoding", (HEAD + "rate,5,quản lý,,,2026,,\n").encode("utf-16"), "SHT001", "", "not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code", "place", "words"), [case[1:] for case in CELLS], ids=[case[0] for case in CELLS]
)
def test_a_cell_that_is_wrong_is_told_once_at_its_place(content, code, place, words, sheet):
    _, issues = sheet(content)
    assert [(issue.code, str(issue.location)) for issue in issues] == [
        (code, ":".join(["kpi_rules/targets/field.csv", *([place] if place else [])]))
    ]
    assert words in str(issues[0])


def test_each_code_and_each_column_stands_in_the_guide(request):
    guide = (request.config.rootpath / "docs" / "rules" / "kpis.md").read_text(encoding="utf-8")
    assert {f"`{case[2]}`" for case in CELLS if case[2][:3] in {"TGT", "SHT"}} <= set(guide.split())
    assert all(f"`{name}`" in guide for name in COLUMNS)


def test_the_sheet_of_the_guide_is_sound(request, rule_book, tmp_path):
    guide = (request.config.rootpath / "docs" / "rules" / "kpis.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (\w+,.*)$", guide[guide.index("### Targets in a sheet") :], re.MULTILINE)
    assert lines[0].startswith("kpi,value,owner")
    (tmp_path / "field.csv").write_text("\n".join(lines), encoding="utf-8")
    document, _ = read_document(tmp_path / "field.csv")
    rules, issues = decode_kpi_rules([*rule_book.below("kpi_rules/rules"), document])
    assert [issue for issue in issues if issue.is_error] == []
    values = [value for placed in rules.targets for value in placed.rule.values.values()]
    assert values == [Decimal("0.065"), Decimal(60), Decimal(40000000)]


def test_a_target_in_a_sheet_and_in_yaml_is_stated_twice(sheet, tmp_path):
    yaml = tmp_path / "other.yaml"
    yaml.write_text(
        "targets:\n  - {id: t, title: T, owner: o, valid_from: 2026-10-01, review_by: 2027-01-01, team: FT1,\n"
        "     values: {rate: 0.5}}\n"
    )
    document, _ = read_document(tmp_path / "other.yaml")
    path = tmp_path / "s.csv"
    path.write_text(HEAD + "rate,0.5,h,,FT1,2026-12,,\n")
    kpis, _ = parse_document(KPIS, "kpis.yaml")
    _, issues = decode_kpi_rules([kpis, document, read_document(path)[0]])
    assert [(issue.code, str(issue.location)) for issue in issues] == [("KPI030", "s.csv:2:2")]
    assert "other.yaml:3:21" in issues[0].message


def test_a_workbook_is_read_as_it_is_shown(sheet):
    book = workbook(
        [["kpi", "value", "owner", "period", "prorate", "team", "#why"],
         ["rate", 0.1, "h", date(2026, 10, 1), None, 12, "as last year"],
         ["calls", "1000", "h", "2026-10", "whole", "12", None]],
        Q1=[["kpi", "value", "owner", "period"], ["rate", 0.25, "h", "2027-Q1"]],
        notes=[["whatever", 1]],
    )  # fmt: skip
    book.active["B2"].number_format = "0.0%"
    found = targets_of(sheet(book, "plan.xlsx"))
    assert dict(found["plan_team_12"].rule.values) == {"rate": Decimal("0.1"), "calls": Decimal(1000)}
    assert found["plan_team_12"].rule.valid_to == date(2026, 11, 1)
    assert str(found["plan_team_12"].place("values", "calls")) == "kpi_rules/targets/plan.xlsx!Q4!B3"
    assert str(found["plan"].place("values", "rate")) == "kpi_rules/targets/plan.xlsx!Q1!B2"


def _damaged(change):
    book = workbook([["kpi", "value", "owner", "period", "team"], ["rate", 0.1, "h", "2026-10", "FT1"],
                     ["rate", 0.1, "h", "2026-11", "FT1"]])  # fmt: skip
    change(book.active)
    return book


def _set(cell, value, shown=None):
    def change(sheet):
        sheet[cell] = value
        sheet[cell].number_format = shown or sheet[cell].number_format

    return change


@pytest.mark.parametrize(
    ("change", "code", "cell", "words"),
    [
        (lambda sheet: sheet.merge_cells("E2:E3"), "SHT002", "E2", "E2:E3 are joined"),
        (_set("B2", "=1/4"), "SHT003", "B2", "a formula without a value"),
        (_set("B2", ArrayFormula("B2", "=1/4")), "SHT003", "B2", "a formula without a value"),
        (_set("B2", "#N/A"), "SHT003", "B2", "the error #N/A"),
        (_set("B2", 1 / 3), "SHT004", "B2", "was computed"),
        (_set("B2", 0.125, "0%"), "SHT004", "B2", "holds 0.125 and shows fewer digits (0%)"),
        (_set("B2", 1234.5, "#,##0_);(#,##0)"), "SHT004", "B2", "holds 1234.5"),
        (_set("B2", date(2026, 1, 2)), "TGT003", "B2", "is no number"),
        (_set("E2", date(2026, 1, 2)), "TGT004", "E2", "took it for the day"),
    ],
    ids=["joined cells", "a formula", "an array formula", "an error", "computed", "a percentage", "rounded", "a day",
         "a team that became a day"],
)  # fmt: skip
def test_a_cell_that_is_not_what_the_sheet_shows_is_refused(change, code, cell, words, sheet):
    _, issues = sheet(_damaged(change), "plan.xlsx")
    assert [(issue.code, str(issue.location)) for issue in issues] == [(code, f"kpi_rules/targets/plan.xlsx!Q4!{cell}")]
    assert words in issues[0].message


def test_a_number_that_is_shown_as_a_percentage_is_one(sheet):
    book = workbook([["kpi", "value", "owner", "period", "prorate"], ["calls", 0.9, "h", "2026-10", "whole"]])
    book.active["B2"].number_format = "0%"
    _, issues = sheet(book, "plan.xlsx")
    assert [(issue.code, str(issue.location)[-2:]) for issue in issues] == [("TGT008", "B2")]


@pytest.mark.parametrize("name", ["plan.xls", "plan.xlsx", "plan.XLSX", "plan.ods"])
def test_a_file_that_is_no_sheet_is_told_and_not_passed_over(name, tmp_path):
    folder = tmp_path / "kpi_rules" / "targets"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"PK\x03\x04 and then nothing")
    (folder / f"~${name}").write_bytes(b"left open")
    book = read_rule_book(tmp_path)
    assert [(issue.code, issue.location.path) for issue in book.issues] == [("SHT001", f"kpi_rules/targets/{name}")]


def test_a_sheet_is_a_part_of_the_rule_book_and_of_an_overlay(tmp_path):
    for root, value in (("book", 1), ("overlay", 2)):
        folder = tmp_path / root / "kpi_rules" / "targets"
        folder.mkdir(parents=True)
        (folder / "s.csv").write_text(f"kpi,value\ncalls,{value}\n")
    book, over = (read_rule_book(tmp_path / "book", overlay) for overlay in (None, tmp_path / "overlay"))
    assert [each.documents[0].data["sheets"][0]["rows"][1] for each in (book, over)] == [["calls", "1"], ["calls", "2"]]
    assert book.digest != over.digest


texts = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=8).filter(
    lambda text: text == text.strip()
)
values = st.decimals(min_value="0.000001", max_value=10**20, places=6, allow_nan=False)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@settings(max_examples=15)
@given(title=texts, scope=texts, value=values, share=st.booleans(), whole=st.booleans())
def test_what_is_exported_comes_back_as_the_same_version(suffix, title, scope, value, share, whole, decoded_rules,
                                                         tmp_path_factory):  # fmt: skip
    by = "whole" if whole else f"{{by: working_days, employment_share: {str(share).lower()}}}"
    rules, issues = decoded_rules(
        KPIS + f"targets:\n  - {{id: t, title: {_quoted(title)}, owner: o, valid_from: 2026-10-01, "
        f"review_by: 2027-01-01,\n     team: {_quoted(scope)}, prorate: {by},\n"
        f"     values: {{calls: {value:f}, rate: 0.5}}}}\n"
    )
    assert not issues
    path = tmp_path_factory.mktemp("export") / f"t.{suffix}"
    columns = [SheetColumn(name, "", ("a", "b")) for name in COLUMNS]
    write_target_sheet(path, columns, list(rows_of(rules.targets)), [], as_workbook=suffix == "xlsx")
    document, unread = read_document(path)
    kpis, _ = parse_document(KPIS, "kpis.yaml")
    again, found = decode_kpi_rules([kpis, document])
    assert (unread, found) == ((), ())
    assert [each.version for each in again.targets] == [each.version for each in rules.targets]


def test_the_house_targets_survive_a_sheet(house_rules, tmp_path):
    write_target_sheet(
        tmp_path / "t.xlsx", [SheetColumn(name, "") for name in COLUMNS], list(rows_of(house_rules.targets)), [],
        as_workbook=True,
    )  # fmt: skip
    document, _ = read_document(tmp_path / "t.xlsx")
    again, issues = decode_kpi_rules([document])
    assert not [issue for issue in issues if issue.code != "KPI007" and issue.severity is Severity.ERROR]
    assert {version_digest(each.rule) for each in again.targets} == {
        version_digest(each.rule) for each in house_rules.targets
    }


def _quoted(text):
    return "'" + text.replace("'", "''") + "'"
