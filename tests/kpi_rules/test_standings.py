"""What a month proposes: conditions beside figures, months in a row, chance, and steps in their order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rule_files import parse_document
from domain.ids import digest_of
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, Unit, ValueState
from domain.standings import MonthFigure, PartnerState
from kpi_rules.standing_book import decode_standings
from kpi_rules.standing_language import LeagueCondition
from kpi_rules.standings import PartnerMonths, conditions_of, proposed

OCTOBER, SEPTEMBER, AUGUST = Period(2026, 10), Period(2026, 9), Period(2026, 8)
RULE = """
standings:
  - id: standing
    title: T
    owner: o
    valid_from: 2026-01-01
    review_by: 2027-12-31
    states:
      - {state: good, decided_by: [managers]}
      - {state: watch, decided_by: [managers]}
      - {state: rectification, decided_by: [managers], deadline_days: 30}
      - {state: suspension, decided_by: [managers, directors], placed: keeps}
    steps:
      - {from: [watch], to: good, all_of: [{score: partner_month, at_least: 70}]}
      - {from: [good], to: watch, any_of: [CONDITION]}
      - {from: [watch], to: rectification, any_of: [{score: partner_month, below: 60, months: 2}]}
      - {from: [rectification], to: suspension, all_of: [{deadline: missed}, {months_in_state: 2}]}
"""
BY_SCORE = "{score: partner_month, below: 60, months: 2}"


@pytest.fixture(scope="module")
def rule_of(house_rules):
    def rule(condition=BY_SCORE):
        document, issues = parse_document(RULE.replace("CONDITION", condition), "kpi_rules/standings/a.yaml")
        assert document is not None, issues
        book, issues = decode_standings([document], house_rules)
        assert issues == ()
        return book.standings[0].rule

    return rule


def scores(**by_month):
    months = {"aug": AUGUST, "sep": SEPTEMBER, "oct": OCTOBER}
    return {
        months[name]: {"partner_month": Score("partner_month", digest_of(1), Grain.PARTNER, "P1", month(name).start,
                                              month(name).last_day, state(value), decimal(value), ())}
        for name, value in by_month.items()
    }  # fmt: skip


def month(name):
    return {"aug": AUGUST, "sep": SEPTEMBER, "oct": OCTOBER}[name]


def state(value):
    return ValueState.NO_VALUE if value is None else ValueState.VALUE


def decimal(value):
    return None if value is None else Decimal(value)


def ratio(kpi, above, below, of=OCTOBER):
    value = Decimal(above) / Decimal(below)
    return KpiResult(kpi, digest_of(kpi), Grain.PARTNER, "P1", of.start, of.last_day, Unit.RATIO, ValueState.VALUE,
                     value, Decimal(above), Decimal(below))  # fmt: skip


def months_of(standing=PartnerState.GOOD, since=None, by_month=None, **more):
    return PartnerMonths("P1", standing, since, by_month or {}, more.pop("kpis", {}), **more)


@pytest.mark.parametrize(
    ("by_month", "expected"),
    [
        ({"sep": "59.9", "oct": "50"}, "watch"),
        ({"sep": "60", "oct": "50"}, "good"),  # below is below
        ({"oct": "50"}, "good"),  # a month that was not measured is no second one
        ({"sep": None, "oct": "50"}, "good"),
        ({"sep": "50", "oct": "70"}, "good"),
    ],
)
def test_two_months_in_a_row(rule_of, by_month, expected):
    found = proposed(rule_of(), months_of(by_month=scores(**by_month)), OCTOBER)
    assert found.state == expected


def test_a_step_to_a_worse_state_is_looked_at_before_one_to_a_better(rule_of):
    rule = rule_of()
    worse = months_of(PartnerState.WATCH, date(2026, 9, 3), scores(sep="50", oct="59"))
    assert proposed(rule, worse, OCTOBER).state is PartnerState.RECTIFICATION
    better = months_of(PartnerState.WATCH, date(2026, 9, 3), scores(sep="50", oct="90"))
    assert proposed(rule, better, OCTOBER).state is PartnerState.GOOD
    between = months_of(PartnerState.WATCH, date(2026, 9, 3), scores(sep="50", oct="65"))
    assert proposed(rule, between, OCTOBER).state is PartnerState.WATCH


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        (30, 1000, "watch"),  # 2.1 % to 4.3 %: surely more than 2 %
        (25, 1000, "good"),  # 2.5 %, from 1.7 % on: it may be chance
        (2, 20, "good"),  # 10 % of twenty cases say nothing
        (10, 29, "good"),  # fewer than thirty cases
        (12, 30, "watch"),
    ],
)
def test_a_small_partner_is_not_judged_by_chance(rule_of, above, below, expected):
    rule = rule_of("{kpi: upheld_complaint_rate, above: 0.02, surely: true}")
    kpis = {OCTOBER: {"upheld_complaint_rate": ratio("upheld_complaint_rate", above, below)}}
    found = proposed(rule, months_of(kpis=kpis), OCTOBER)
    assert found.state == expected
    looked = found.looked[0]
    assert looked.figures[0].cases == below
    assert looked.figures[0].low is not None


def test_too_little_to_go_by_holds_neither_way(rule_of):
    rule = rule_of("{kpi: upheld_complaint_rate, above: 0.02, enough: {kpi: accounts_had, at_least: 50}}")
    rate, had = ratio("upheld_complaint_rate", 5, 40), ratio("accounts_had", 40, 1)
    found = proposed(rule, months_of(kpis={OCTOBER: {"upheld_complaint_rate": rate, "accounts_had": had}}), OCTOBER)
    assert found.state is PartnerState.GOOD
    assert found.looked[0].figures[0].note == "too little to go by: accounts_had is 40, 50 are needed"


@pytest.mark.parametrize(
    ("wanted", "verdicts", "expected"),
    [
        ("worse", ["worse"], "watch"),
        ("worse", ["not told apart"], "good"),
        ("worse", ["too few cases"], "good"),
        ("not worse", ["not told apart"], "watch"),
        ("not worse", ["too few cases"], "good"),
        ("worse, months: 2", ["worse", "worse"], "watch"),
        ("worse, months: 2", ["worse", "better"], "good"),
        ("worse, months: 2", ["worse"], "good"),
    ],
)
def test_like_for_like(rule_of, wanted, verdicts, expected):
    rule = rule_of(f"{{league: recovery_rate, alike_in: [bucket, placed], verdict: {wanted}}}")
    (condition,) = (each for each in conditions_of(rule) if isinstance(each, LeagueCondition))
    leagues = {
        (of, condition): MonthFigure(str(of), Decimal(1), note=verdict)
        for of, verdict in zip((OCTOBER, SEPTEMBER), verdicts, strict=False)
    }
    assert proposed(rule, months_of(leagues=leagues), OCTOBER).state == expected


@pytest.mark.parametrize(
    ("overdue", "since", "expected"),
    [
        (True, date(2026, 8, 3), "suspension"),
        (True, date(2026, 9, 3), "rectification"),  # one month in the state
        (False, date(2026, 8, 3), "rectification"),
        (None, date(2026, 8, 3), "rectification"),
    ],
)
def test_a_missed_deadline_escalates(rule_of, overdue, since, expected):
    months = months_of(PartnerState.RECTIFICATION, since, is_overdue=overdue)
    assert proposed(rule_of(), months, OCTOBER).state == expected


@pytest.mark.parametrize(
    ("overdue", "ended", "missed", "met"),
    [
        (None, None, False, False),  # there is no rectification
        (False, None, False, False),
        (True, None, True, False),
        (False, "put_right", False, True),
        (False, "unfounded", False, True),
        (False, "not_put_right", True, False),
        (False, "", True, False),  # closed in words alone
    ],
)
def test_what_came_of_a_rectification_decides_and_not_that_its_action_was_closed(rule_of, overdue, ended, missed, met):
    for condition, holds in (("{deadline: missed}", missed), ("{deadline: met}", met)):
        found = proposed(rule_of(condition), months_of(is_overdue=overdue, ended=ended), OCTOBER)
        assert found.looked[0].holds is holds
        assert (ended or "") in found.looked[0].note


def test_the_rule_says_which_endings_count(rule_of):
    rule = rule_of("{deadline: met, outcomes: [mended]}")
    for ended, expected in (("mended", "watch"), ("put_right", "good")):
        assert proposed(rule, months_of(is_overdue=False, ended=ended), OCTOBER).state == expected


@pytest.mark.parametrize(
    ("condition", "broken", "expected"),
    [
        ("{commitments: broken}", {OCTOBER: ("staff",)}, "watch"),
        ("{commitments: broken, count: 2}", {OCTOBER: ("staff",)}, "good"),
        ("{commitments: broken, months: 2}", {OCTOBER: ("staff",)}, "good"),
        ("{commitments: broken, months: 2}", {OCTOBER: ("staff",), SEPTEMBER: ("calls",)}, "watch"),
        ("{commitments: kept}", {OCTOBER: ()}, "watch"),
        ("{commitments: kept}", {OCTOBER: ("staff",)}, "good"),
        ("{commitments: kept}", {}, "good"),  # what was not followed was not kept
    ],
)
def test_commitments(rule_of, condition, broken, expected):
    assert proposed(rule_of(condition), months_of(broken=broken), OCTOBER).state == expected


values = st.none() | st.decimals(0, 100, places=1)


@given(values, values, values, st.sampled_from(list(PartnerState)))
def test_only_stated_steps_are_proposed_and_nothing_by_nothing(house_rules, one, two, three, standing):
    document, _ = parse_document(RULE.replace("CONDITION", BY_SCORE), "kpi_rules/standings/a.yaml")
    rule = decode_standings([document], house_rules)[0].standings[0].rule
    months = months_of(standing, date(2026, 8, 1), scores(aug=one, sep=two, oct=three))
    found = proposed(rule, months, OCTOBER)
    if found.step is None:
        assert found.state is standing
    else:
        assert standing in found.step.start
        assert three is not None
    assert proposed(rule, months_of(standing, by_month=scores(aug=one)), OCTOBER).state is standing


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("standings:", "standing:", "STD010"),
        ("      - {state: watch, decided_by: [managers]}\n", "", "STD011"),
        ("{from: [watch], to: good", "{from: [good], to: good", "STD012"),
        ("any_of: [CONDITION]", "any_of: []", "STD013"),
        ("{state: watch, decided_by: [managers]}", "{state: good, decided_by: [managers]}", "STD014"),
        ("decided_by: [managers, directors]", "decided_by: [managers, managers]", "STD014"),
        (", deadline_days: 30", "", "STD015"),
        (", placed: keeps", "", "STD016"),
        ("{score: partner_month, at_least: 70}", "{score: partner_month}", "STD017"),
        ("{score: partner_month, at_least: 70}", "{score: field_scorecard, at_least: 70}", "STD018"),
        ("CONDITION", "{kpi: qa_score, below: 0.5}", "STD019"),
        ("CONDITION", "{kpi: recovered, below: 5}", "STD019"),
        ("CONDITION", "{league: partner_review_score, verdict: worse}", "STD019"),
        ("CONDITION", "{kpi: nothing, below: 5}", "STD019"),
        ("any_of: [CONDITION]", "any_of: [{sc0re: partner_month}]", "RUL"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(house_rules, old, new, code):
    text = RULE.replace(old, new, 1).replace("CONDITION", BY_SCORE)
    document, _ = parse_document(text, "kpi_rules/standings/a.yaml")
    _, issues = decode_standings([document], house_rules)
    assert any(issue.code.startswith(code) and issue.location.line for issue in issues), issues


def test_two_rules_for_one_partner_are_told(house_rules):
    second = RULE.split("standings:\n")[1].replace("id: standing", "id: other")
    document, _ = parse_document((RULE + second).replace("CONDITION", BY_SCORE), "kpi_rules/standings/a.yaml")
    _, issues = decode_standings([document], house_rules)
    assert [issue.code for issue in issues] == ["STD021"]
