"""Bonus schemes of collectors that others published: each is a policy file, and gives the published figures."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.rule_files import read_document
from incentives.book import decode_policies
from incentives.trial import try_policy

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT.parent / "shared" / "data" / "published" / "collection_examples.json"
SCHEMES = Path(__file__).with_name("published_collection_schemes.yaml")


@pytest.fixture(scope="module")
def published():
    if not EXAMPLES.exists():
        pytest.skip(f"the published examples are not beside the repository: {EXAMPLES.relative_to(ROOT.parent)}")
    return {each["id"]: each for each in json.loads(EXAMPLES.read_text(), parse_float=Decimal)}


@pytest.fixture(scope="module")
def columns():
    document, issues = read_document(SCHEMES)
    assert not issues
    book, issues = decode_policies([document])
    assert not issues, "\n".join(map(str, issues))
    policies = book.on(date(2026, 1, 1))

    def columns_of(policy, **inputs):
        row = try_policy(policies[policy], {name: Decimal(value) for name, value in inputs.items()}).row
        assert row is not None
        assert row.stop is None
        return {step.name: step.value for step in row.steps}

    return columns_of


def test_every_bonus_scheme_of_the_collection_is_a_policy(published):
    schemes = {name for name, each in published.items() if each["kind"] in {"collector_bonus", "tier_gate"}}
    assert {name.replace("-", "_") for name in schemes} == {
        "priority_breakeven",
        "eoc_quarter_points",
        "over_goal_25",
        "comcast_tier_shift",
    }


def test_a_fifth_of_the_fees_above_breakeven(published, columns):
    example = published["priority-breakeven"]
    values = columns("priority_breakeven", **example["inputs"])
    assert {name: values[name] for name in example["expected"]} == example["expected"]


def test_points_of_a_quarter(published, columns):
    given, said = (published["eoc-quarter-points"][key] for key in ("inputs", "expected"))
    past_due, over_90, deductions = (sum(month[part] for month in given["monthly"]) for part in range(3))
    gross = given["gross_quarter"]
    values = columns("eoc_quarter_points", past_due=past_due, over_90=over_90, deductions=deductions, gross=gross)
    assert (values["points"], values["share"]) == (said["points"], said["payout_at_45"])
    shares = [
        columns("eoc_quarter_points", past_due=points, over_90=0, deductions=0, gross=gross)["share"]
        for points in given["score_tests"]
    ]
    assert shares == said["payouts"]


def test_a_quarter_of_what_lies_above_the_goal(published, columns):
    given, said = (published["over-goal-25"][key] for key in ("inputs", "expected"))
    found = [columns("over_goal_25", goal=given["goal"], fees=fees)["payable"] for fees in given["fees"]]
    assert found == said["bonus"]


def test_a_tier_is_shifted_down_and_up(published, columns):
    given, said = (published["comcast-tier-shift"][key] for key in ("inputs", "expected"))
    for case, tier in zip(given["cases"], said["tier"], strict=True):
        inputs = {
            "base_tier": given["order"].index(case["base"]),
            "quality": Decimal(case["qa"]) / 100,
            "adherence": Decimal(case["ca"]) / 100,
        }
        assert given["order"][int(columns("comcast_tier_shift", **inputs)["tier"])] == tier
