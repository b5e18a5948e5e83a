"""Threshold files: the repository's own decode, and each mistake has its code and place."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.rule_files import parse_document
from adapters.settings import PROJECT
from domain.catalogue import CATALOGUE
from expectations.limits import decode_thresholds

GOOD = """\
thresholds:
  - id: payments
    title: Payments
    owner: operations
    valid_from: 2026-01-01
    review_by: 2027-01-01
    reason: Pay follows payments.
    quarantine: {halt_share: 0.01}
    duplicates: {halt_share: 0.01}
"""

MISTAKES = [
    ("id: payments", "id: payment", "GAT001", 2, 'no table "payment". Did you mean "payments"?'),
    (
        "duplicates:",
        "volume: {warn_factor: 3, halt_factor: 2, minimum_days: 5}\n    duplicates:",
        "RUL004",
        9,
        "before",
    ),
    ("halt_share: 0.01}", "warn_share: 0.5, halt_share: 0.01}", "RUL004", 8, "before it warns"),
    ("halt_share: 0.01}", "halt_shore: 0.01}", "RUL001", 8, 'unknown key "halt_shore"'),
    ("halt_share: 0.01}", "halt_share: 1.5}", "RUL005", 8, "less than or equal to 1"),
    ("reason: Pay follows payments.", "due: sometimes", "RUL003", 7, '"due"'),
    ("reason: Pay follows payments.", "due: always", "RUL002", 2, '"reason" is missing'),
    ("duplicates:", "roll: {warn_share: 0, halt_share: 1}\n    duplicates:", "GAT003", 9, "does not fit"),
    ("duplicates:", "mix: {columns: [channel], warn_share: 0, halt_share: 1}\n    duplicates:", "GAT003", 9, "mix"),
    (
        "duplicates:",
        "filled: [{column: amount, warn_share: 0, halt_share: 0.5}]\n    duplicates:",
        "GAT002",
        9,
        "may be missing",
    ),
    (
        "duplicates:",
        "holds: [{name: paid, rule: amuont > 0, hint: See, warn_share: 0, halt_share: 1}]\n    duplicates:",
        "EXP003",
        9,
        'Did you mean "amount"?',
    ),
    (
        "duplicates:",
        """history_mix:
      {columns: [channel], where: chanel == "cash", minimum_days: 1, minimum_rows: 1, warn_share: 0, halt_share: 1}
    duplicates:""",
        "EXP003",
        10,
        'Did you mean "channel"?',
    ),
    (
        "duplicates:",
        "known: [{column: reverses, table: accounts, warn_share: 0, halt_share: 1}]\n    duplicates:",
        "GAT001",
        9,
        "no table of events",
    ),
    (
        "duplicates:",
        (
            "parts: {columns: [channel], whole: amount, minimum_days: 8, minimum_rows: 9, warn_share: 0, halt_share: 1}"
            "\n    duplicates:"
        ),
        "GAT002",
        9,
        "no column of money",
    ),
    (
        "duplicates:",
        "dates: {columns: [payed_on], warn_share: 0, halt_share: 1}\n    duplicates:",
        "GAT002",
        9,
        'Did you mean "paid_on"?',
    ),
    (
        "{halt_share: 0.01}",
        "{halt_share: 0.01, rules: [{reason: payments.amount.splt, halt_share: 0}]}",
        "GAT006",
        8,
        'Did you mean "payments.amount.split"?',
    ),
    ("{halt_share: 0.01}", "{halt_share: 0.01, halt_money: [{currency: VDN, amount: 1}]}", "GAT006", 8, "VND"),
    (
        "duplicates: {halt_share: 0.01}",
        "duplicates: {halt_share: 0, halt_money: [{currency: VND, amount: 1}]}",
        "GAT003",
        9,
        "Remove",
    ),
    ("thresholds:", "treshold: []\nthresholds:", "GAT005", 1, 'found "treshold"'),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "text"), MISTAKES, ids=[m[1].split("\n")[0] for m in MISTAKES])
def test_a_mistake_is_told_with_its_place(old, new, code, line, text):
    _, issues = _decoded(GOOD.replace(old, new, 1))
    found = [issue for issue in issues if issue.code == code]
    assert found, issues
    assert found[0].location.line == line
    assert text in str(found[0])


def test_a_table_without_thresholds_is_warned_about():
    decoded, issues = _decoded(GOOD)
    assert {issue.code for issue in issues} == {"GAT004"}
    assert len(issues) == len(CATALOGUE) - 1
    assert not any(issue.is_error for issue in issues)
    assert decoded.at(date(2026, 3, 4)).keys() == {"payments"}


def test_a_version_holds_from_its_first_day_to_its_last():
    later = GOOD + GOOD.removeprefix("thresholds:\n").replace("2026-01-01", "2026-06-01")
    decoded, issues = _decoded(later.replace("review_by: 2027-01-01", "valid_to: 2026-06-01", 1))
    assert not any(issue.is_error for issue in issues)
    assert decoded.at(date(2025, 12, 31)) == {}
    versions = {decoded.versions_at(day)[0].digest for day in (date(2026, 5, 31), date(2026, 6, 1))}
    assert len(versions) == 2


def test_the_repository_covers_every_table_since_before_any_book(thresholds):
    assert thresholds.keys() == CATALOGUE.keys()
    assert all(rule.valid_from <= date(2005, 4, 30) and rule.review_by and rule.reason for rule in thresholds.values())


def test_the_example_of_the_guide_is_sound():
    guide = (PROJECT / "docs" / "rules" / "gates.md").read_text(encoding="utf-8")
    decoded, issues = _decoded(guide.partition("```yaml\n")[2].partition("```")[0])
    assert [issue for issue in issues if issue.is_error] == []
    assert decoded.at(date(2026, 3, 4)).keys() == {"payments"}


def _decoded(text: str):
    document, issues = parse_document(text, "expectations/thresholds/test.yaml")
    assert document is not None, issues
    return decode_thresholds([document])
