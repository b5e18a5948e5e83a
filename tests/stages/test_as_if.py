"""Rules put where a month needs them, on the documents: other rules stay as they are, places go with their rules."""

from __future__ import annotations

from datetime import date

from adapters.rule_files import RuleBook, parse_document, read_rule_book
from domain.rules import RuleKind
from kpi_rules.rulebook import decode_kpi_rules
from tasks.stages.as_if import as_if, without

TEXT = """
targets:
  - {id: a, valid_from: 2020-01-01, valid_to: 2026-11-01}
  - {id: b, valid_from: 2020-01-01, review_by: 2027-01-01}
  - {id: a, valid_from: 2026-11-01, valid_to: 2026-12-01}
  - {id: a, valid_from: 2026-12-01, review_by: 2027-01-01}
kpis:
  - {id: a, valid_from: 2026-11-01, review_by: 2027-01-01}
"""
A, B = (RuleKind.TARGET, "a"), (RuleKind.TARGET, "b")
SEPTEMBER = date(2026, 9, 1)


def book():
    document, _ = parse_document(TEXT, "rules.yaml")
    return RuleBook((document,), ())


def rules_of(found):
    (document,) = found.documents
    return [
        (
            rule["id"],
            rule["valid_from"],
            rule.get("valid_to"),
            rule.get("review_by"),
            document.place(("targets", number, "id")).line,
        )
        for number, rule in enumerate(document.data["targets"])
    ]


UNTOUCHED = ("b", date(2020, 1, 1), None, date(2027, 1, 1), 4)


def test_one_version_takes_the_place_of_all_from_where_the_first_began():
    found = rules_of(as_if(book(), {A: date(2026, 12, 1)}, SEPTEMBER))
    assert found == [UNTOUCHED, ("a", date(2020, 1, 1), None, date(2027, 1, 1), 6)]


def test_a_version_with_an_end_is_reviewed_by_then():
    found = rules_of(as_if(book(), {A: date(2026, 11, 1)}, SEPTEMBER))
    assert found == [UNTOUCHED, ("a", date(2020, 1, 1), None, date(2026, 12, 1), 5)]


def test_a_rule_that_is_new_holds_from_the_start_of_the_month():
    found = as_if(book(), {(RuleKind.KPI, "a"): date(2026, 11, 1)}, SEPTEMBER)
    assert [rule["valid_from"] for rule in found.documents[0].data["kpis"]] == [SEPTEMBER]
    assert rules_of(found) == rules_of(book())


def test_a_rule_that_has_ended_is_not_there():
    assert rules_of(as_if(book(), {A: None}, SEPTEMBER)) == [UNTOUCHED]


def test_versions_are_left_out_by_their_first_day():
    left = rules_of(without(book(), [(*A, date(2026, 11, 1)), (*B, date(2020, 1, 1))]))
    assert [(name, first, line) for name, first, *_, line in left] == [
        ("a", date(2020, 1, 1), 3),
        ("a", date(2026, 12, 1), 6),
    ]


def test_the_book_itself_is_never_changed():
    one = book()
    as_if(one, {A: None}, SEPTEMBER)
    assert rules_of(one) == rules_of(book())


def test_rules_of_sheets_are_put_and_left_out_like_others(tmp_path):
    """A sheet is cells until it is decoded: what is rewritten are the rules that it stands for."""
    sheet = "kpi_rules/targets/sheet.csv"
    (tmp_path / "kpi_rules/targets").mkdir(parents=True)
    rows = "kpi,value,owner,department,valid_from,review_by\ncalls_made,90,o,{0},2026-12-01,2027-01-01\n"
    (tmp_path / sheet).write_text(rows.format("field") + rows.format("legal").splitlines()[1] + "\n", encoding="utf-8")
    read = read_rule_book(tmp_path)
    before = [placed.rule for placed in decode_kpi_rules(read.below("kpi_rules"))[0].targets]
    assert [rule.valid_from for rule in before] == [date(2026, 12, 1)] * 2
    field = next(rule for rule in before if rule.department == "field")
    moved = as_if(read, {(RuleKind.TARGET, field.id): field.valid_from}, SEPTEMBER)
    after = decode_kpi_rules(moved.below("kpi_rules"))[0].targets
    assert {(each.rule.department, each.rule.valid_from) for each in after} == {
        ("field", SEPTEMBER),
        ("legal", date(2026, 12, 1)),
    }
    assert {each.place("id").path for each in after} == {sheet}
    left = without(read, [(RuleKind.TARGET, field.id, field.valid_from)])
    assert [each.rule.department for each in decode_kpi_rules(left.below("kpi_rules"))[0].targets] == ["legal"]
