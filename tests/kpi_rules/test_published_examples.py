"""Published rules and figures of collections, as rule files: each gives what was published."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest

from adapters.rule_files import parse_document
from domain.ids import digest_of
from domain.partners import Partner
from domain.records import Grain, KpiResult, Unit, ValueState
from kpi_rules.limit_language import Per
from kpi_rules.limit_trial import TriedContact, breaks
from kpi_rules.partner_scores import score_partners
from kpi_rules.rule_tests import run_rule_tests

START, AS_OF = date(2026, 10, 1), date(2026, 10, 31)
HEAD = "title: T, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01"


@pytest.fixture(scope="module")
def published(shared_data):
    path = shared_data / "published" / "collection_examples.json"
    return {each["id"]: each for each in json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)}


def _kpis(*names: str) -> str:
    return "".join(
        f"  - {{id: {name}, {HEAD}, unit: ratio, good: higher, grains: [partner], type: simple,"
        " dataset: contacts, measure: average, of: duration_seconds}\n"
        for name in names
    )


def _formula(name: str, formula: str) -> str:
    return (
        f"  - {{id: {name}, {HEAD}, unit: ratio, good: higher, grains: [partner], type: derived,"
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
  - {{id: card, {head}, missing: zero, scores: {scores},
     curve: {{points: [{{attainment: 0, points: 0}}, {{attainment: 1, points: 100}}], below: 0, above: 100}},
     parts: [{parts}]}}
"""


def _scores(rules, values):
    agencies = [Partner(name, "agency", "US", START) for name in sorted({name for name, _ in values})]
    results = [
        KpiResult(kpi, digest_of(kpi), Grain.PARTNER, name, START, AS_OF, Unit.RATIO, ValueState.VALUE, value)
        for (name, kpi), value in values.items()
    ]
    found = score_partners(rules, results, agencies, start=START, as_of=AS_OF)
    return {each.entity: each for each in found}


def _against_the_best(weights, scores="{}"):
    parts = ", ".join(
        f"{{kpi: {name}, weight: {weight}, peers: {{against: best, tie_band: 0, fewest: 2}}}}"
        for name, weight in weights.items()
    )
    return "kpis:\n" + _kpis(*weights) + CARD.format(head=HEAD, parts=parts, scores=scores)


GROUPS = (
    "{groups: [{id: unrestricted, partners: [Pioneer, ConServe, Van Ru, Fourth]}, {id: small, partners: [S1, S2]}]}"
)


def test_agencies_are_scored_against_the_best_of_their_peer_group(published, rules_of):
    """70 points for the rate, 20 for accounts serviced, 10 for resolutions, each as a share of the best agency's.

    Published are totals and two agencies' points for the rate. What they have beside these is split alike between the
    two other measures, in which a fourth agency leads; a small business that collects twice as much is no peer.
    """
    one = published["ed-cpcs-2011q1-inverse"]
    given, expected = one["inputs"]["published"], one["expected"]
    rules = rules_of(_against_the_best({"rate": "0.7", "serviced": "0.2", "resolved": "0.1"}, GROUPS))
    rates = {"Van Ru": Decimal(1), "Pioneer": expected["pioneer_rate_over_vanru_rate"], "ConServe": Decimal("0.98")}
    others = {"Van Ru": expected["vanru_other_pts"], "Pioneer": expected["pioneer_other_pts"],
              "ConServe": given["ConServe"]["total"] - Decimal("68.6")}  # fmt: skip
    values = {("Fourth", "rate"): Decimal("0.85"), ("S1", "rate"): Decimal(2), ("S2", "rate"): Decimal(1)}
    values |= {(name, "rate"): rate for name, rate in rates.items()}
    for kpi in ("serviced", "resolved"):
        values |= {("Fourth", kpi): Decimal(3), ("S1", kpi): Decimal(9), ("S2", kpi): Decimal(9)}
        values |= {(name, kpi): points / 10 for name, points in others.items()}  # of 30 points, beside the leader's 3
    found = _scores(rules, values)
    assert {name: round(found[name].score, 2) for name in given} == {
        name: each["total"] for name, each in given.items()
    }
    points = {name: round(found[name].parts[0].contribution, 2) for name in ("Pioneer", "Van Ru")}
    assert points == {name: given[name]["dollars_pts"] for name in points}
    ranked = sorted(found, key=lambda name: -found[name].score)
    assert [name for name in ranked if name in given] == expected["rank"]
    led = [part.attainment == 1 for part in found["Pioneer"].parts]
    assert any(led) is not expected["winner_led_no_category"]
    assert found["Pioneer"].parts[0].note == "best of 4 peers of unrestricted: Van Ru with 1"


def test_a_weighted_quality_score_gives_the_published_sum(published, rules_of):
    one = published["debitura-quality-score"]
    weights = {"collection": "0.25", "ratings": "0.35", "support": "0.10", "sla": "0.15", "compliance": "0.15"}
    parts = ", ".join(f"{{kpi: {name}, weight: {weight}}}" for name, weight in weights.items())
    targets = ", ".join(f"{name}: 100" for name in weights)
    text = "kpis:\n" + _kpis(*weights) + CARD.format(head=HEAD, parts=parts, scores="{}")
    rules = rules_of(f"{text}targets:\n  - {{id: t, {HEAD}, each: partner, values: {{{targets}}}}}\n")
    found = _scores(rules, {("Q", name): Decimal(value) for name, value in one["inputs"].items()})
    assert found["Q"].score == one["expected"]["quality_score"]


def test_the_collection_part_of_that_score_is_full_from_a_quarter_of_the_principal_on(rules_of):
    text = "kpis:\n" + _kpis("recovered") + CARD.format(head=HEAD, parts="{kpi: recovered, weight: 1}", scores="{}")
    rules = rules_of(f"{text}targets:\n  - {{id: t, {HEAD}, each: partner, values: {{recovered: 0.25}}}}\n")
    found = _scores(rules, {(str(share), "recovered"): Decimal(share) / 100 for share in (0, 10, 25, 60)})
    assert {name: each.score for name, each in found.items()} == {"0": 0, "10": 40, "25": 100, "60": 100}


def test_agencies_within_half_a_point_are_tied_and_get_equally_many_accounts(published, rules_of):
    """The tie is of scores: it is the band of the shares, and leaves the official ranking as it is."""
    one = published["ed-cpcs-tie"]
    expected, scores = one["expected"], {name: Decimal(value) for name, value in one["inputs"]["scores"].items()}
    found = _scores(
        rules_of(_against_the_best({"total": "1"})), {(name, "total"): each for name, each in scores.items()}
    )
    assert max(found, key=lambda name: found[name].score) == expected["official_rank_1"]
    assert max(scores.values()) - min(scores.values()) == expected["diff"]
    assert expected["tied"]
    assert expected["equal_placements"]


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
