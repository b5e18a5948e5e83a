"""Applicants: points by criteria, knock-outs whatever the result, ranks, and nothing that depends on the order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rule_files import parse_document
from domain.issues import Location
from kpi_rules.selection import Applicant, answer_faults, judged, sheet_faults
from kpi_rules.standing_book import decode_standings

RULE = """
selections:
  - id: new_partners
    title: T
    owner: o
    valid_from: 2026-01-01
    review_by: 2027-01-01
    jurisdiction: VN
    at_least: 50
    criteria:
      - {id: years, title: Years, weight: 0.4, points: [{value: 0, points: 0}, {value: 10, points: 100}]}
      - {id: secure, title: Secure, weight: 0.4, choices: {iso: 100, audited: 60, none: 0}, at_least: 60}
      - {id: people, title: People, weight: 0.2, missing: zero,
         points: [{value: 10, points: 50}, {value: 20, points: 100}]}
    trial: {segments: [legal], champion: R01, days: 60, usual_rate: 0.1, worth_knowing: 0.05, capacity_share: 0.3}
"""
LAW = ("law_firm", "asset_manager")


@pytest.fixture(scope="module")
def book_of(house_rules):
    def book(text=RULE):
        document, issues = parse_document(text, "kpi_rules/standings/a.yaml")
        assert document is not None, issues
        return decode_standings([document], house_rules)

    return book


@pytest.fixture(scope="module")
def rule(book_of):
    book, issues = book_of()
    assert issues == ()
    return book.selections[0].rule


def applicant(name, years="", secure="", people="", legal_type="law_firm"):
    return Applicant(name, legal_type, {"years": years, "secure": secure, "people": people}, Location("a.csv", 2))


@pytest.mark.parametrize(
    ("who", "result", "out", "chosen"),
    [
        (applicant("A", "10", "iso", "20"), "100", [], True),
        (applicant("B", "5", "audited", "15"), "59", [], True),  # 0.4·50 + 0.4·60 + 0.2·75
        (applicant("C", "25", "iso", "3"), "90", [], True),  # the first and the last point hold beyond them
        (applicant("D", "5", "audited"), "44", [], False),  # nothing said of people: no points
        (applicant("E", "10", "none", "20"), "60", ["Secure: 0 points, at least 60 are needed"], False),
        (applicant("F", "", "iso", "20"), "60", ["Years: nothing said"], False),
        (applicant("G", "10", "iso", "20", "agency"), "100",
         ["type agency may not collect in VN: asset_manager, law_firm may"], False),
    ],
)  # fmt: skip
def test_an_applicant_is_judged(rule, who, result, out, chosen):
    (found,) = judged(rule, [who], LAW)
    assert (found.result, list(found.knocked_out), found.is_chosen) == (Decimal(result), out, chosen)
    assert sum(part.contribution for part in found.parts) == found.result


def test_ranks_count_those_who_are_not_out_and_equals_share_one(rule):
    best, alike = applicant("B", "10", "iso", "20"), applicant("A", "5", "iso", "20")
    found = judged(rule, [applicant("Z", "10", "none", "20"), alike, applicant("C", "5", "iso", "20"), best], LAW)
    assert [(each.applicant, each.rank) for each in found] == [("B", 1), ("A", 2), ("C", 2), ("Z", None)]


answers = st.builds(
    applicant,
    st.sampled_from("ABCDEFGH"),
    st.sampled_from(["", "0", "3", "7.5", "12"]),
    st.sampled_from(["", "iso", "audited", "none"]),
    st.sampled_from(["", "4", "11", "30"]),
    st.sampled_from([*LAW, "agency"]),
)


@given(st.lists(answers, unique_by=lambda each: each.name), st.randoms(use_true_random=False))
def test_no_order_of_rows_matters_and_nobody_out_is_chosen(house_rules, found, random):
    document, _ = parse_document(RULE, "kpi_rules/standings/a.yaml")
    rule = decode_standings([document], house_rules)[0].selections[0].rule
    straight = judged(rule, found, LAW)
    random.shuffle(found)
    assert judged(rule, found, LAW) == straight
    assert not any(each.is_chosen and each.knocked_out for each in straight)
    ranked = [each.result for each in straight if each.rank is not None]
    assert ranked == sorted(ranked, reverse=True)


def test_what_is_wrong_with_a_sheet_is_told_at_once(rule):
    header = ["applicant", "legal_type", "yaers", "secure", "people"]
    found = list(sheet_faults(rule, header, Location("a.csv")))
    assert [(each.code, each.message) for each in found] == [
        ("SEL001", 'no column "years"'),
        ("SEL002", 'nothing reads the column "yaers"'),
    ]
    wrong = [applicant("A", "many", "iso", "3"), applicant("A", "5", "ISO", "3"), applicant("", "5", "iso", "3")]
    assert [each.code for each in answer_faults(rule, wrong)] == ["SEL004", "SEL003", "SEL004", "SEL003"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("weight: 0.2", "weight: 0.3", "SEL010"),
        ("id: people, title", "id: years, title", "SEL011"),
        ("choices: {iso: 100, audited: 60, none: 0}, ", "", "SEL012"),
        ("{value: 10, points: 100}", "{value: 0, points: 100}", "SEL013"),
        ("usual_rate: 0.1", "usual_rate: 0.1, measure: recovered_of_overdue", "SEL014"),
        ("worth_knowing: 0.05", "worth_knowing: 0.95", "SEL015"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_at_its_place(book_of, old, new, code):
    book, issues = book_of(RULE.replace(old, new, 1))
    assert code in {issue.code for issue in issues}
    assert all(issue.location.line for issue in issues)
    assert book.selections == ()
