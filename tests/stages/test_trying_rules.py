"""`recoup try`: a scorecard and a KPI of the house on given values."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from adapters.errors import RefusedError
from adapters.settings import PROJECT
from tasks.stages.trying import try_rule_file


@pytest.fixture
def tried(tmp_path):
    def attempt(rule, text):
        inputs = tmp_path / "values.yaml"
        inputs.write_text(text)
        return try_rule_file(PROJECT, None, rule, inputs)

    return attempt


def test_a_scorecard_on_values_and_the_targets_of_its_department(tried):
    found = tried("legal_scorecard", "{recovery_rate: 0.04, promise_kept: 0.4, complaint_rate: 0.005}")
    assert found.score == 100
    assert {part.kpi: part.attainment for part in found.parts} == dict.fromkeys(
        ("recovery_rate", "promise_kept", "complaint_rate"), Decimal(1)
    )


def test_targets_of_ones_own_and_a_part_without_value(tried):
    found = tried("legal_scorecard", "{recovery_rate: 0.04, promise_kept: 0.4, targets: {promise_kept: 0.8}}")
    parts = {part.kpi: part for part in found.parts}
    assert parts["promise_kept"].attainment == Decimal("0.5")
    assert parts["complaint_rate"].contribution is None
    assert found.score is not None
    assert found.score < 100


@pytest.mark.parametrize(
    ("kpi", "text", "value"),
    [
        ("promise_kept", "{numerator: 3, denominator: 4}", Decimal("0.75")),
        ("promise_kept", "{numerator: 3, denominator: 0}", None),
        ("recovery_rate", "{numerator: 5, denominator: 20}", Decimal("0.25")),
        ("average_overdue", "{overdue_days: 60, days_of_period: 30}", Decimal(2)),
    ],
)
def test_a_kpi_on_what_it_is_made_of(tried, kpi, text, value):
    assert tried(kpi, text).value == value


@pytest.mark.parametrize(
    ("rule", "text", "said"),
    [
        ("legal_scorecards", "{}", 'no policy, scorecard, KPI, contract or standing.*Did you mean "legal_scorecard"'),
        ("legal_scorecard", "{promise_keep: 1}", r'values.yaml:1:2 KPI052 "promise_keep".*Did you mean "promise_kept"'),
        ("legal_scorecard", "{promise_kept: much}", "KPI052|POL079 promise_kept: 'much' is no number"),
        ("legal_scorecard", "{targets: {call: 1}}", r'values.yaml:1:12 KPI052 "call"'),
        ("promise_kept", "{kept: 1}", 'KPI052 "kept"'),
        ("recovered", "{}", "recovered is counted in rows.*recoup explain kpi recovered"),
        ("promise_kept", "[1]", "no mapping"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(tried, rule, text, said):
    with pytest.raises(RefusedError, match=said):
        tried(rule, text)


PAID = """\
on: 2026-06-30
placements: {one: {placed_on: 2026-06-01, age_days: 200}}
payments:
  first: {amount: 1_000_000}
  back: {on: 2026-06-30, amount: -400_000, reverses: first}
  forgiven: {amount: 5, waiver: 5}
"""


def test_a_contract_on_given_placements_and_payments(tried):
    found = tried("standard_vnd", PAID).found
    assert [(each.component, each.amount) for each in found.payouts] == [
        ("fee:standard_vnd", 132_000),
        ("vat:standard_vnd", 13_200),
    ]
    assert [each.reason.value for each in found.without_fee] == ["not_counted"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("amount: 1_000_000", "amounts: 1", "RUL001"),
        ("reverses: first", "reverses: frist", 'CON074.*Did you mean "first"'),
        ("{amount: 1_000_000}", "{amount: 1, placement: two}", "CON074.*of no placement"),
        ("on: 2026-06-30\n", "", "RUL002.*on"),
    ],
)
def test_what_a_contract_cannot_be_tried_with_is_named(tried, old, new, said):
    try:
        issues = tried("standard_vnd", PAID.replace(old, new, 1)).issues
    except RefusedError as refused:
        issues = [str(refused)]
    assert len(issues) == 1
    assert re.search(said, str(issues[0]))
