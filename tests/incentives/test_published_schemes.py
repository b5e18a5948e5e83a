"""Schemes that others published: each is a policy file, and gives the published figures."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.rule_files import read_document
from domain.staff import Share
from incentives.book import decode_policies
from incentives.trial import FULL_PERIOD, try_policy

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT.parent / "shared" / "data" / "published" / "incentive_examples.json"
SCHEMES = Path(__file__).with_name("published_schemes.yaml")

# The example's inputs, one case each, under the policy's input names; and what its source prints, by step.
CASES = {
    "bonuspaycalc-accelerator": lambda given, said: [(given, {"payable": said["amount"]})],
    "excelforum-quarterly-accelerator": lambda given, said: _each(given, said, base="base", payable="amount"),
    "hr-cap": lambda given, said: [(given, {"payable": said["amount"]})],
    "oracle-not-split": lambda given, said: _each(given, said, base="base", rate="rate"),
    "collector-breakeven-plan": lambda given, said: [({"salary": 4000, "fees": given["fees_earned"]}, said)],
    "of-marginal-amount": lambda given, said: _each(given, said, base="base", payable="amount"),
    "simplicity-monthly-kicker": lambda given, said: _each(given, said, base="base", payable="amount"),
    "commission-problem": lambda given, said: [
        (dict(zip(("locks", "stocks", "barrels"), sold, strict=True)), {"payable": pays})
        for sold, pays in zip(given["cases"], said["amount"], strict=True)
    ],
    "bonuspaycalc-payout-curve": lambda given, said: _each(given, said, attainment="attainment", payable="amount"),
    "bonuspaycalc-kpi-weighting": lambda given, said: [
        (
            dict(zip(("revenue", "retention", "quality"), given["achievement"], strict=True)),
            {"factor": said["factor"], "payable": said["amount"]},
        )
    ],
    "comish-marginal-quota": lambda given, said: [
        (given, {"effective_rate": said["effective_rate"], "payable": said["amount"]})
    ],
    "quotapath-nonrecoverable-draw": lambda given, said: [(given, {"top_up": said["top_up"], "total": said["total"]})],
}


@pytest.fixture(scope="module")
def published():
    if not EXAMPLES.exists():
        pytest.skip(f"the published examples are not beside the repository: {EXAMPLES.relative_to(ROOT.parent)}")
    return {each["id"]: each for each in json.loads(EXAMPLES.read_text(), parse_float=Decimal)}


@pytest.fixture(scope="module")
def policies():
    document, issues = read_document(SCHEMES)
    assert not issues
    book, issues = decode_policies([document])
    assert not issues, "\n".join(map(str, issues))
    return book.on(date(2026, 1, 1))


@pytest.mark.parametrize("example", CASES)
def test_the_scheme_gives_the_published_figures(published, policies, example):
    found = published[example]
    for inputs, expected in CASES[example](found["inputs"], found["expected"]):
        values = _columns(policies[example.replace("-", "_")], inputs)
        for name, figure in expected.items():
            assert abs(values[name] - figure) <= found.get("tolerance", 0), name


@pytest.mark.parametrize("example", ["prorate-rounding-order", "prorate-days-leaver"])
def test_days_of_the_year_are_rounded_once(published, policies, example):
    given, said = published[example]["inputs"], published[example]["expected"]
    days = (date.fromisoformat(given["end"]) - date.fromisoformat(given["start"])).days + 1
    assert days == said["days"]
    share = Share(Decimal(days), Decimal(365))
    assert _columns(policies["prorate_rounding_order"], {}, share)["payable"] == said["amount"]


def test_every_scheme_is_tried(policies):
    assert {name.replace("-", "_") for name in [*CASES, "prorate-rounding-order"]} == set(policies)


def _each(given, said, **names):
    """One case for each value: the first name is the input, the others are steps."""
    (name, key), *steps = names.items()
    return [
        ({name: value}, {step: said[column][index] for step, column in steps}) for index, value in enumerate(given[key])
    ]


def _columns(policy, inputs, share=FULL_PERIOD):
    row = try_policy(policy, {name: Decimal(value) for name, value in inputs.items()}, share=share).row
    assert row is not None
    assert row.stop is None
    return {step.name: step.value for step in row.steps}
