"""Published rules and figures of collections, as rule files: each gives what was published."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest

from adapters.rule_files import parse_document
from domain.ids import digest_of
from domain.records import Grain, KpiResult, Unit, ValueState
from domain.staff import Employee, StaffPosting
from kpi_rules.limit_language import Per
from kpi_rules.limit_trial import TriedContact, breaks
from kpi_rules.rule_tests import run_rule_tests
from kpi_rules.scores import score

START, AS_OF = date(2026, 10, 1), date(2026, 10, 31)
HEAD = "title: T, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01"


@pytest.fixture(scope="module")
def published(shared_data):
    path = shared_data / "published" / "collection_examples.json"
    return {each["id"]: each for each in json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)}


def _kpis(*names: str) -> str:
    return "".join(
        f"  - {{id: {name}, {HEAD}, unit: ratio, good: higher, grains: [employee], type: simple,"
        " dataset: reviews, measure: average, of: score}\n"
        for name in names
    )


def _formula(name: str, formula: str) -> str:
    return (
        f"  - {{id: {name}, {HEAD}, unit: ratio, good: higher, grains: [employee], type: derived,"
        f' formula: "{formula}"}}\n'
    )


def _test(kpi: str, given: dict, value: object, digits: int) -> str:
    expected = f"value: {value}, digits: {digits}"
    return f"tests: [{{name: t, kpi: {kpi}, on: 2026-10-31, given: {json.dumps(given)}, {expected}}}]"


@pytest.mark.parametrize(
    ("example", "formula", "names", "expected", "digits"),
    [
        (
            "cei-quadient-trap",
            "100 * (begin + sales - end_total) / (begin + sales - end_current)",
            ("begin", "sales", "end_total", "end_current"),
            "cei_1dp",
            1,
        ),
        (
            "ofcom-drop-rate",
            "100 * (drops - drops * ag / (ag + live)) / (drops - drops * ag / (ag + live) + live)",
            ("drops", "ag", "live"),
            "rate_pct",
            2,
        ),
    ],
)
def test_a_published_formula_gives_the_published_figure(example, formula, names, expected, digits, published, decoded):
    one = published[example]
    rules, issues = decoded("kpis:\n" + _kpis(*names) + _formula("figure", formula))
    assert issues == ()
    text = _test("figure", one["inputs"], one["expected"][expected], digits)
    document, _ = parse_document(text, "t.test.yaml")
    assert run_rule_tests(rules, [document]) == ()
    wrong, _ = parse_document(text.replace("value: ", "value: 1"), "t.test.yaml")
    assert [issue.code for issue in run_rule_tests(rules, [wrong])] == ["KPI051"]


CARD = """scorecards:
  - {{id: card, {head}, department: agencies, missing: zero,
     curve: {{points: [{{attainment: 0, points: 0}}, {{attainment: 1, points: 100}}], below: 0, above: 100}},
     parts: [{parts}]}}
"""


def _scores(rules, values):
    staff = [
        Employee(name, "VND", "VN", START, None, (StaffPosting("agencies", "T", "collector", START),), ())
        for name in {name for name, _ in values}
    ]
    results = [
        KpiResult(kpi, digest_of(kpi), Grain.EMPLOYEE, name, START, AS_OF, Unit.RATIO, ValueState.VALUE, value)
        for (name, kpi), value in values.items()
    ]
    found = score(rules, results, staff, {}, start=START, as_of=AS_OF)
    return {each.entity: each for each in found}


def _against_the_best(weights, tie_band="0"):
    parts = ", ".join(
        f"{{kpi: {name}, weight: {weight}, peers: {{against: best, tie_band: {tie_band}, fewest: 2}}}}"
        for name, weight in weights.items()
    )
    return "kpis:\n" + _kpis(*weights) + CARD.format(head=HEAD, parts=parts)


def test_agencies_are_scored_against_the_best_of_their_peers(published, rules_of):
    """70 points for the rate, 20 for accounts serviced, 10 for resolutions, each as a share of the best agency's."""
    one = published["ed-cpcs-2011q1-inverse"]
    rate = one["expected"]["pioneer_rate_over_vanru_rate"]
    rules = rules_of(_against_the_best({"rate": "0.7", "serviced": "0.2", "resolved": "0.1"}))
    values = {("Pioneer", "rate"): rate, ("Van Ru", "rate"): Decimal(1)}
    values |= {(name, kpi): Decimal(1) for name in ("Pioneer", "Van Ru") for kpi in ("serviced", "resolved")}
    points = {name: found.parts[0].contribution for name, found in _scores(rules, values).items()}
    published_points = {name: one["inputs"]["published"][name]["dollars_pts"] for name in points}
    assert {name: round(value, 2) for name, value in points.items()} == published_points


def test_a_weighted_quality_score_gives_the_published_sum(published, rules_of):
    one = published["debitura-quality-score"]
    weights = {"collection": "0.25", "ratings": "0.35", "support": "0.10", "sla": "0.15", "compliance": "0.15"}
    parts = ", ".join(f"{{kpi: {name}, weight: {weight}}}" for name, weight in weights.items())
    targets = ", ".join(f"{name}: 100" for name in weights)
    text = "kpis:\n" + _kpis(*weights) + CARD.format(head=HEAD, parts=parts)
    rules = rules_of(f"{text}targets:\n  - {{id: t, {HEAD}, values: {{{targets}}}}}\n")
    found = _scores(rules, {("Q", name): Decimal(value) for name, value in one["inputs"].items()})
    assert found["Q"].score == one["expected"]["quality_score"]


def test_agencies_within_half_a_point_are_tied(published, rules_of):
    """The tie is of scores; against the best, half a point of 93.59 is a band of 0.5 ÷ 93.59."""
    one = published["ed-cpcs-tie"]
    scores = {name: Decimal(value) for name, value in one["inputs"]["scores"].items()}
    band = round(Decimal(one["inputs"]["tie_threshold"]) / max(scores.values()), 6)
    totals = {(name, "total"): value for name, value in scores.items()}
    found = _scores(rules_of(_against_the_best({"total": "1"}, str(band))), totals)
    assert one["expected"]["tied"] is True
    assert {each.parts[0].attainment for each in found.values()} == {Decimal(1)}
    apart = _scores(rules_of(_against_the_best({"total": "1"})), totals)
    assert max(apart, key=lambda name: apart[name].score) == one["expected"]["official_rank_1"]


def _breaking(rules, limit, times):
    (checked,) = (each for each in rules.limits if each.rule.id == limit)
    facts = {"direction": "out", "channel": "call", "outcome": "right_party", "consent": False}
    contacts = [
        TriedContact(datetime.combine(AS_OF, datetime.strptime(each, "%H:%M").time()), dict.fromkeys(Per, "x"), facts)  # noqa: DTZ007
        for each in times
    ]
    return [each for each, is_breach in zip(times, breaks(checked, contacts, ()), strict=True) if is_breach]


def test_the_standard_of_china(published, house_rules):
    one = published["cn-gbt-45251"]
    times = one["inputs"]["effective_calls_min_of_day"]
    early_or_late = _breaking(house_rules, "cn_hours", times)
    assert early_or_late == one["expected"]["hours_violations"]
    inside = [each for each in times if each not in early_or_late]
    assert _breaking(house_rules, "cn_calls_a_day", inside) == one["expected"]["over_limit_inside_hours"]


def test_the_hours_of_india(published, house_rules):
    one = published["in-rbi-hours"]
    expected = [
        at for at, is_breach in zip(one["inputs"]["times"], one["expected"]["violation"], strict=True) if is_breach
    ]
    assert _breaking(house_rules, "in_hours", one["inputs"]["times"]) == expected
