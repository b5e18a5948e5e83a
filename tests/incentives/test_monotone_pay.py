"""Who does more is not paid less, whatever the bands, wherever the steps promise it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.staff import Share
from tests.incentives.test_policy_steps import PAY, paid

MONEY = "inputs:\n  x: {kpi: x, unit: money, missing: hold}\nsteps:\n"
STARTS = st.sets(st.integers(1, 900), min_size=1, max_size=4).map(lambda found: [0, *sorted(found)])
RATES = st.lists(st.integers(0, 40), min_size=5, max_size=5)
PAIRS = st.tuples(st.decimals(0, 1_200, places=2), st.decimals(0, 1_200, places=2)).map(sorted)
AROUND = """\
  - {name: raised, kind: floor, of: earned, at: 20}
  - {name: capped, kind: cap, of: raised, at: 200}
  - {name: passed, kind: gate, of: capped, when: x < 30, factor: 0.5}
  - {name: kicked, kind: kicker, of: passed, when: x >= 700, amount: 5}
  - {name: result, kind: prorate, of: kicked, by: calendar_days, employment_share: false}
"""


def bands(starts, column, values):
    return (
        "[" + ", ".join(f"{{from: {at}, {column}: {value}}}" for at, value in zip(starts, values, strict=False)) + "]"
    )


def step(kind, starts, numbers):
    """One step that promises it: slices at any rate, the rest where the figures ascend."""
    rates, ascending = ([number / 100 for number in each] for each in (numbers, sorted(numbers)))
    points = [{"at": at, "value": value} for at, value in zip(starts, ascending, strict=False)]
    curve = ", ".join(f"{{at: {point['at']}, value: {point['value']}}}" for point in points)
    return {
        "marginal": f"kind: tiers, mode: marginal, of: x, below: zero, bands: {bands(starts, 'rate', rates)}}}",
        "whole": "kind: tiers, mode: whole_amount, of: x, basis: x, boundary: at, below: zero, "
        f"bands: {bands(starts, 'rate', ascending)}}}",
        "stepped": "kind: tiers, mode: stepped, basis: x, boundary: above, below: zero, "
        f"bands: {bands(starts, 'amount', sorted(numbers))}}}",
        "curve": f"kind: curve, of: x, unit: money, below: flat, above: flat, points: [{curve}]}}",
    }[kind]


@pytest.mark.parametrize("kind", ["marginal", "whole", "stepped", "curve"])
@settings(max_examples=25)
@given(starts=STARTS, rates=RATES, pair=PAIRS, days=st.integers(0, 30))
def test_more_is_never_paid_less(policy_of, kind, starts, rates, pair, days):
    policy = policy_of(
        MONEY + f"  - {{name: earned, {step(kind, starts, rates)}\n" + AROUND + PAY, part_period="prorated"
    )
    less, more = (paid(policy, x, share=Share(Decimal(days), Decimal(30))) for x in pair)
    assert less <= more


def test_a_higher_band_with_a_lower_rate_on_everything_promises_nothing(policy_of):
    """So the property is no matter of course: 100 at 20 % is more than 101 at 10 %."""
    tiers = "kind: tiers, mode: whole_amount, of: x, basis: x, boundary: above, below: zero"
    policy = policy_of(MONEY + f"  - {{name: result, {tiers}, bands: {bands([0, 100], 'rate', [0.2, 0.1])}}}\n" + PAY)
    assert (paid(policy, 100), paid(policy, 101)) == (Decimal(20), Decimal("10.1"))
