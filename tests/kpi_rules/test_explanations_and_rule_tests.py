"""The rules that lie in the repository, the tests that managers wrote beside them, and how figures are explained."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapters.rule_files import parse_document, read_document
from domain.ids import short
from domain.rules import version_digest
from kpi_rules.explanations import explain, recomputes
from kpi_rules.rule_tests import run_rule_tests

DEPARTMENTS = {"phone_early", "phone_late", "field", "legal", "restructuring"}


def test_the_house_has_its_kpis_and_a_scorecard_per_department(house_rules):
    assert len({figure.rule.id for figure in house_rules.figures}) >= 12
    assert {placed.rule.department for placed in house_rules.scorecards if not placed.rule.scores} == DEPARTMENTS
    assert [placed.rule.id for placed in house_rules.scorecards if placed.rule.scores] == ["partner_month"]
    assert len(house_rules.versions()) == len({(version.kind, version.id) for version in house_rules.versions()})


def test_the_tests_beside_the_rules_pass(house_rules, request):
    folder = request.config.rootpath / "kpi_rules"
    own = {"actions", "signals", "standings"}  # books with tests of their own kind
    paths = [path for path in sorted(folder.rglob("*.test.yaml")) if path.parent.name not in own]
    documents = [read_document(path)[0] for path in paths]
    assert documents
    assert run_rule_tests(house_rules, documents) == ()


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (
            "kpi: calls_per_hour, given: {calls_made: 9, minutes_worked: 60}, value: 8",
            "1:107 KPI051 expected 8, found 9",
        ),
        ("kpi: calls_per_hour, given: {calls_made: 9}, value: 8", "KPI051 found no value"),
        ("kpi: calls_per_hours, given: {}, value: null", "KPI050 Did you mean"),
        ("kpi: calls_made, given: {}, value: null", "KPI050 no ratio or derived"),
        ("kpi: calls_per_hour, given: {call_made: 9}, value: null", "KPI052 calls_made"),
        ("scorecard: legal_scorecard, given: {qa_score: 1}, score: null", "KPI052 qa_score"),
        ("scorecard: legal_score, given: {}, score: null", "KPI050 legal_scorecard"),
        ("scorecard: legal_scorecard, given: {}", "RUL002 score"),
        ("kpi: promise_kept, given: {numerator: 2, denominator: 3}, value: 0.66, digits: 2", "KPI051 found 0.67"),
    ],
)
def test_a_test_that_fails_or_tests_nothing_is_told_at_its_place(test, told, house_rules):
    document, _ = parse_document(f"tests: [{{name: n, on: 2026-10-31, {test}}}]", "t.yaml")
    (issue,) = run_rule_tests(house_rules, [document])
    assert all(words in str(issue) for words in told.split(" ", 2)), str(issue)


def test_a_ratio_is_explained_by_its_sums_and_the_line_of_its_rule(book, house_rules):
    book.add("promises", promise_id="M1", account_id="A1", employee_id="E1", amount=Decimal(10))
    results = book.night(house_rules).results
    result = next(each for each in results if (each.kpi, each.entity) == ("promise_kept", "E1"))
    figure = next(figure for figure in house_rules.figures if figure.id == "promise_kept")
    assert explain(result, house_rules).splitlines() == [
        "Promises kept (promise_kept) of employee E1, 2026-10-01 to 2026-10-20",
        "= 0",
        figure.rule.about,
        'numerator: number of promises_due grace_days=3 where state != "cancelled" and paid >= 0.9 * amount = 0',
        'denominator: number of promises_due grace_days=3 where state != "cancelled" = 1',
        f"rule: {figure.placed.place('id')}, version {short(version_digest(figure.rule))}",
    ]


def test_a_formula_is_explained_by_the_values_of_its_operands(book, house_rules):
    book.add("attendance", employee_id="E1", day=date(2026, 10, 2), minutes_worked=30)
    book.add("contacts", contact_id="C1", employee_id="E1")
    results = book.night(house_rules).results
    result = next(each for each in results if (each.kpi, each.entity) == ("calls_per_hour", "E1"))
    lines = explain(result, house_rules, results).splitlines()
    assert lines[1] == "= 2"
    assert lines[3:6] == ["formula: 60 * calls_made / minutes_worked", "  calls_made = 1", "  minutes_worked = 30"]


def test_every_stored_ratio_recomputes_from_its_stored_sums(book, house_rules):
    book.add("accounts_opening", account_id="A1", days_past_due=20, balance=Decimal(30), overdue_amount=Decimal(7))
    book.add("accounts", account_id="A1", days_past_due=50, balance=Decimal(31))
    results = book.night(house_rules).results
    assert all(recomputes(result) for result in results)
    assert any(result.denominator for result in results)
