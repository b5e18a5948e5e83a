"""Rule files of cleaning: the repository's own decodes, and each mistake has its code and place."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.rule_files import parse_document, read_document
from adapters.settings import PROJECT
from expectations.contact_points.rules import decode_cleaning
from tasks.stages.rules import read_rules

GOOD = """\
cleaning:
  - id: contact_points
    title: Contact points
    owner: operations
    valid_from: 2026-01-01
    review_by: 2027-01-01
    reason: Nobody who owes nothing is called again.
    look_back_days: 180
    stale_after_days: 365
    retire_after_wrong_parties: 3
    shared_from_debtors: 4
    wrong_party_outcomes: [wrong_party]
    proving_outcomes: [right_party, promise]
    refused_number_types: [premium_rate]
    demo_prefixes: ["+84000"]
"""

SECOND = GOOD.removeprefix("cleaning:\n").replace("id: contact_points", "id: stricter").replace("2026-01", "2026-06")

MISTAKES = [
    ("[wrong_party]", "[wrong_partie]", "PNT001", 12, 'Did you mean "wrong_party"?'),
    ("promise]", "promises]", "PNT001", 13, 'Did you mean "promise"?'),
    ("promise]", "wrong_party]", "PNT002", 13, "cannot prove a point and retire it"),
    ("+84000", "84000", "PNT005", 15, "begins no international number"),
    ("cleaning:\n", "tidying: []\ncleaning:\n", "PNT004", 1, 'found "tidying"'),
    ("review_by: 2027-01-01\n", "\n", "RUL004", 2, "needs valid_to or review_by"),
    ("reason: Nobody who owes nothing is called again.\n", "\n", "RUL002", 2, '"reason" is missing'),
    ("stale_after_days: 365", "stale_after_days: 0", "RUL005", 9, "greater than or equal to 1"),
    ("retire_after_wrong_parties: 3", "retire_after: 3", "RUL001", 10, 'unknown key "retire_after"'),
    ("shared_from_debtors: 4", "shared_from_debtors: 1", "RUL005", 11, "greater than or equal to 2"),
    ("[premium_rate]", "[premium]", "RUL003", 14, "premium_rate"),
]


def decoded(text):
    document, issues = parse_document(text, "cleaning.yaml")
    assert not issues
    return decode_cleaning([document])


def test_the_rule_in_the_repository_holds_and_is_among_the_rules_that_are_signed():
    rules = read_rules(PROJECT)
    assert [issue for issue in rules.issues if issue.code.startswith(("PNT", "YML"))] == []
    placed = rules.cleaning.at(date(2026, 9, 30))
    assert placed is not None
    assert placed.version in {content.version for content in rules.contents()}
    assert placed.version not in rules.reached(date(2026, 9, 30)), "no night reads it"


def test_each_file_names_its_schema_and_every_key_is_explained_in_the_guide():
    for path in (PROJECT / "expectations" / "contact_points").glob("*.yaml"):
        document, _ = read_document(path)
        assert "docs/schemas/cleaning.json" in path.read_text(encoding="utf-8").splitlines()[0]
        assert document is not None
        guide = (PROJECT / "docs" / "contact-points.md").read_text(encoding="utf-8")
        own = {key for rule in document.data["cleaning"] for key in rule if key.endswith(("s", "parties"))}
        assert {key for key in own if f"`{key}`" not in guide} == set()


@pytest.mark.parametrize(("old", "new", "code", "line", "text"), MISTAKES)
def test_a_mistake_has_its_code_and_place(old, new, code, line, text):
    assert GOOD.count(old) == 1
    _, issues = decoded(GOOD.replace(old, new))
    found = [issue for issue in issues if issue.code == code and issue.location.line == line]
    assert found, [str(issue) for issue in issues]
    assert text in str(found[0])


def test_a_good_file_has_no_findings_and_one_rule_in_force():
    book, issues = decoded(GOOD)
    assert issues == ()
    assert book.at(date(2025, 12, 31)) is None
    assert book.at(date(2026, 1, 1)).rule.id == "contact_points"


def test_two_rules_on_one_day_are_refused_and_one_after_the_other_is_not():
    _, issues = decoded(GOOD + SECOND)
    assert [issue.code for issue in issues] == ["PNT003"]
    _, issues = decoded(GOOD.replace("review_by: 2027-01-01", "valid_to: 2026-06-01") + SECOND)
    assert issues == ()


@pytest.mark.parametrize("text", ["cleaning: 7\n", "[]\n"])
def test_a_file_without_a_list_of_rules_is_told(text):
    _, issues = decoded(text)
    assert [issue.code for issue in issues] == ["PNT004"]
