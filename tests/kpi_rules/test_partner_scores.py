"""Scores of partners: peers, ties, targets, too little to go by, and no order of rows that could matter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import digest_of
from domain.partners import Partner
from domain.records import Grain, KpiResult, Unit, ValueState
from kpi_rules.partner_scores import score_partners
from kpi_rules.regrading import comes_to

START, AS_OF = date(2026, 10, 1), date(2026, 10, 31)
HEAD = "title: T, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01"
BOOK = """
kpis:
  - {id: rate, HEAD, unit: ratio, good: higher, grains: [partner], type: ratio,
     numerator: {dataset: contacts, measure: count}, denominator: {dataset: complaints, measure: count}}
  - {id: bad, HEAD, unit: ratio, good: lower, grains: [partner], type: ratio,
     numerator: {dataset: complaints, measure: count}, denominator: {dataset: contacts, measure: count}}
  - {id: accounts, HEAD, unit: count, good: higher, grains: [partner], type: simple, dataset: contacts, measure: count}
scorecards:
  - {id: card, HEAD, missing: MISSING, scores: SCORES,
     curve: {points: [{attainment: 0, points: 0}, {attainment: 1, points: 100}], below: 0, above: 100},
     parts: [PARTS], gates: [GATES]}
targets:
  - {id: everybody, HEAD, each: partner, values: {bad: 0.01}}
  - {id: own, HEAD, each: partner, partner: P2, values: {bad: 0.02}}
"""
BEST = "{kpi: rate, weight: 1, peers: {against: best, tie_band: BAND, fewest: 2}}"
PARTNERS = (
    Partner("P1", "law_firm", "VN", date(2020, 1, 1)),
    Partner("P2", "law_firm", "VN", date(2020, 1, 1)),
    Partner("P3", "asset_manager", "VN", date(2020, 1, 1)),
    Partner("P4", "asset_manager", "VN", date(2020, 1, 1), date(2026, 10, 1)),
)


@pytest.fixture
def scored(rules_of):
    def score(values, *, parts=BEST, scores="{}", missing="zero", gates="", band="0", partners=PARTNERS, earlier=()):
        text = BOOK.replace("PARTS", parts).replace("SCORES", scores).replace("MISSING", missing)
        rules = rules_of(text.replace("GATES", gates).replace("BAND", band).replace("HEAD", HEAD))
        found = score_partners(rules, _results(values), partners, start=START, as_of=AS_OF, earlier=_results(earlier))
        return {each.entity: each for each in found}

    return score


def _results(values):
    return [
        KpiResult(kpi, digest_of(kpi), Grain.PARTNER, name, START, AS_OF, Unit.RATIO,
                  ValueState.NO_VALUE if value is None else ValueState.VALUE, None if value is None else Decimal(value))
        for (name, kpi), value in dict(values).items()
    ]  # fmt: skip


def points(found):
    return {name: None if each.score is None else round(each.score, 2) for name, each in found.items()}


def test_everybody_is_held_beside_the_best(scored):
    found = scored({("P1", "rate"): "0.4", ("P2", "rate"): "0.3", ("P3", "rate"): "0.1"})
    assert points(found) == {"P1": 100, "P2": 75, "P3": 25}
    assert {each.parts[0].note for each in found.values()} == {"best of 3 peers: P1 with 0.4"}


def test_whose_contract_ended_before_the_month_is_not_scored_and_no_peer(scored):
    assert "P4" not in scored({("P4", "rate"): "0.9", ("P1", "rate"): "0.4", ("P2", "rate"): "0.4"})


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ("{alike_in: [legal_type]}", {"P1": 100, "P2": 75, "P3": None}),  # P3 has no peer with a value
        ("{groups: [{id: g, partners: [P2, P3]}]}", {"P1": None, "P2": 100, "P3": 33.33}),
        ("{partners: [P2, P3]}", {"P2": 100, "P3": 33.33}),
    ],
)
def test_who_is_a_peer_the_scorecard_says(scored, scores, expected):
    found = scored({("P1", "rate"): "0.4", ("P2", "rate"): "0.3", ("P3", "rate"): "0.1"}, scores=scores)
    assert points(found) == {
        name: None if value is None else round(Decimal(str(value)), 2) for name, value in expected.items()
    }


@pytest.mark.parametrize(("band", "expected"), [("0", 97.5), ("0.02", 97.5), ("0.025", 100), ("0.1", 100)])
def test_within_the_band_of_the_best_is_as_good(scored, band, expected):
    found = scored({("P1", "rate"): "0.4", ("P2", "rate"): "0.39"}, band=band)
    assert points(found)["P2"] == Decimal(str(expected))


def test_less_is_better_beside_a_target_and_each_may_have_one_of_their_own(scored):
    found = scored({("P1", "bad"): "0", ("P2", "bad"): "0.03", ("P3", "bad"): "0.02"}, parts="{kpi: bad, weight: 1}")
    assert points(found) == {"P1": 100, "P2": 50, "P3": 0}
    assert found["P2"].parts[0].target == Decimal("0.02")


EVIDENCE = BEST.replace("weight: 1", "weight: 1, enough: {kpi: accounts, at_least: 30}")


def test_too_few_accounts_make_nobody_the_best_and_judge_nobody(scored):
    values = {("P1", "rate"): "0.9", ("P2", "rate"): "0.3", ("P3", "rate"): "0.1"}
    values |= {("P1", "accounts"): "4", ("P2", "accounts"): "30", ("P3", "accounts"): "300"}
    found = scored(values, parts=EVIDENCE, missing="redistribute")
    assert points(found) == {"P1": None, "P2": 100, "P3": Decimal("33.33")}
    assert found["P1"].parts[0].note == "too little to go by: accounts is 4, 30 are needed"
    assert found["P1"].parts[0].value == Decimal("0.9")


def test_a_gate_caps_the_score(scored):
    gate = "{kpi: bad, at_most: 0.05, otherwise: {score_at_most: 60}, missing: fails}"
    found = scored(
        {("P1", "rate"): "0.4", ("P2", "rate"): "0.4", ("P2", "bad"): "0.01", ("P1", "bad"): "0.06"}, gates=gate
    )
    assert points(found) == {"P1": 60, "P2": 100, "P3": None}


def test_a_stored_score_is_found_again_from_its_parts(scored, rules_of):
    values = {("P1", "rate"): "0.4", ("P2", "rate"): "0.39", ("P3", "rate"): "0.1", ("P1", "accounts"): "50"}
    values |= {("P2", "accounts"): "50"}
    text = BOOK.replace("PARTS", EVIDENCE).replace("SCORES", "{}").replace("MISSING", "zero").replace("GATES", "")
    rules = rules_of(text.replace("BAND", "0.05").replace("HEAD", HEAD))
    figures = {figure.id: figure for figure in rules.figures}
    for each in score_partners(rules, _results(values), PARTNERS, start=START, as_of=AS_OF):
        assert comes_to(rules.scorecards[0].rule, each, figures) == each


names = st.sampled_from(["P1", "P2", "P3"])
values = st.dictionaries(st.tuples(names, st.sampled_from(["rate", "accounts"])), st.decimals(0, 100, places=2))


@given(values, st.randoms(use_true_random=False))
def test_no_order_of_rows_or_partners_matters(decoded_rules, found, random):
    text = BOOK.replace("PARTS", EVIDENCE).replace("SCORES", "{}").replace("MISSING", "zero").replace("GATES", "")
    rules, _ = decoded_rules(text.replace("BAND", "0.05").replace("HEAD", HEAD))
    results, partners = _results(found), list(PARTNERS)
    straight = score_partners(rules, results, partners, start=START, as_of=AS_OF)
    random.shuffle(results)
    random.shuffle(partners)
    assert score_partners(rules, results, partners, start=START, as_of=AS_OF) == straight


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("scores: SCORES,", "", "KPI080"),
        ("scores: SCORES", "scores: {}, department: field", "KPI080"),
        ("SCORES", "{groups: [{id: a, partners: [P1]}, {id: b, partners: [P1]}]}", "KPI081"),
        ("partner: P2, values", "department: D, values", "KPI034"),
        ("each: partner, partner: P2", "partner: P2", "KPI034"),
        ("{kpi: accounts, at_least", "{kpi: nothing, at_least", "KPI0"),
        (
            "each: partner, values: {bad: 0.01}",
            "each: partner, cascade: {by: equal, step: 1}, values: {bad: 1}",
            "TGT010",
        ),
    ],
)
def test_what_is_wrong_is_told(decoded, old, new, code):
    text = BOOK.replace(old, new).replace("PARTS", EVIDENCE.replace(old, new)).replace("SCORES", "{}")
    text = text.replace("MISSING", "zero").replace("GATES", "").replace("BAND", "0").replace("HEAD", HEAD)
    _, issues = decoded(text)
    assert any(issue.code.startswith(code) for issue in issues), issues
