"""Tests beside standing rules: they pass, they can fail, and what they state in vain is told; endings are known."""

from __future__ import annotations

import pytest

from adapters.rule_files import parse_document
from adapters.settings import Settings
from kpi_rules.action_terms import ActionTermsBook, decode_action_terms
from kpi_rules.standing_book import decode_standings, outcome_faults
from kpi_rules.standing_trial import run_standing_tests

STANDINGS, TERMS = "kpi_rules/standings/standard.yaml", "kpi_rules/actions/house.yaml"
TEST = """
tests:
  - name: two months
    standing: partner_standing
    on: 2026-10-31
    months:
      - {scores: {partner_month: 55}}
      - {scores: {partner_month: 59.9}}
    proposed: watch
"""


def read(name):
    document, issues = parse_document((Settings().rules / name).read_text(encoding="utf-8"), name)
    assert document is not None, issues
    return document


@pytest.fixture(scope="module")
def book(house_rules):
    found, issues = decode_standings([read(STANDINGS)], house_rules)
    assert issues == ()
    return found


def told(book, text):
    document, issues = parse_document(text, "kpi_rules/standings/a.test.yaml")
    assert document is not None, issues
    return [str(each) for each in run_standing_tests(book, [document])]


def test_the_tests_of_the_house_pass(book):
    assert run_standing_tests(book, [read("kpi_rules/standings/standard.test.yaml")]) == ()


def test_a_test_of_the_same_month_passes(book):
    assert told(book, TEST) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("proposed: watch", "proposed: good", ':9:15 STD028 "two months": expected good, found watch'),
        ("59.9", "60", ':9:15 STD028 "two months": expected watch, found good'),
        ("standing: partner_standing", "standing: partner_standings", ":4:15 STD030 no standing rule"),
        ("on: 2026-10-31", "on: 2024-10-31", ":4:15 STD030 no standing rule"),
        ("partner_month: 55", "partner_mont: 55", 'STD030 "partner_mont" is not read by partner_standing'),
        ("partner_month: 55}", "partner_month: 55}, kpis: {recovered: 1}", ':7:57 STD030 "recovered" is not read'),
        ("months:", "month:", "RUL001 unknown key"),
        ("partner_month: 55}", "partner_month: 55}, leagues: {recovery_rate: poor}", "RUL"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(book, old, new, said):
    assert TEST.count(old) == 1
    found = told(book, TEST.replace(old, new))
    assert any(said in each for each in found), found


def test_more_months_than_the_rule_looks_at_are_told(book):
    more = "".join(f"      - {{scores: {{partner_month: {score}}}}}\n" for score in (50, 50))
    found = told(book, TEST.replace("    proposed", f"{more}    proposed"))
    assert found == ["kpi_rules/standings/a.test.yaml:10:9 STD030 the rule looks at 3 months. Take this month out"]


def test_an_ending_that_no_terms_have_is_told(book, house_rules):
    terms, issues = decode_action_terms([read(TERMS)], ["managers", "hr_controllers"])
    assert terms.placed, issues
    assert [*outcome_faults(book, terms)] == []
    text = (Settings().rules / STANDINGS).read_text(encoding="utf-8")
    assert text.count("{deadline: met}") == 1
    document, _ = parse_document(text.replace("{deadline: met}", "{deadline: met, outcomes: [put_rigth]}"), STANDINGS)
    wrong, issues = decode_standings([document], house_rules)
    assert issues == ()
    (issue,) = outcome_faults(wrong, terms)
    assert issue.code == "STD029"
    assert "put_rigth" in issue.message
    assert "put_right" in issue.hint
    assert {each.code for each in outcome_faults(book, ActionTermsBook())} == {"STD029"}, "nobody says how they end"
