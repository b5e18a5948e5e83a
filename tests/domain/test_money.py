"""Money: minor units, rounding and shares."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import MINOR_DIGITS, Rounding, from_minor, round_to, share_out, to_minor

amounts = st.integers(-(10**18), 10**18)
weights = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.decimals(0, 1000, places=3), min_size=1)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1500", "VND", 1500), ("12.30", "CNY", 1230), ("1.005", "JOD", 1005), ("-0.01", "CNY", -1)],
)
def test_minor_units_follow_the_currency(amount, currency, minor):
    assert to_minor(Decimal(amount), currency) == minor
    assert from_minor(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(("amount", "currency"), [("0.5", "VND"), ("1.001", "CNY")])
def test_an_amount_below_the_minor_unit_is_refused_not_rounded(amount, currency):
    with pytest.raises(ValueError, match="round it first"):
        to_minor(Decimal(amount), currency)


def test_an_unknown_currency_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown currency 'XXX'; known are CNY"):
        to_minor(Decimal(1), "XXX")


@given(amounts, st.sampled_from(sorted(MINOR_DIGITS)))
def test_minor_units_come_back(minor, currency):
    assert to_minor(from_minor(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("number", "digits", "mode", "rounded"),
    [
        ("2.5", 0, Rounding.HALF_UP, "3"),
        ("2.5", 0, Rounding.HALF_EVEN, "2"),
        ("2.9", 0, Rounding.DOWN, "2"),
        ("-2.5", 0, Rounding.HALF_UP, "-3"),
        ("1249", -2, Rounding.HALF_UP, "1200"),
    ],
)
def test_rounding_is_what_the_step_says(number, digits, mode, rounded):
    assert round_to(Decimal(number), digits, mode) == Decimal(rounded)


@given(st.integers(-(10**15), 10**15), weights)
def test_shares_sum_to_the_whole_and_none_is_off_by_a_unit(total, by_weight):
    whole = sum(by_weight.values())
    if whole == 0:
        with pytest.raises(ValueError, match="at least one above zero"):
            share_out(total, by_weight)
        return
    shares = share_out(total, by_weight)
    assert sum(shares.values()) == total
    for key, weight in by_weight.items():
        assert abs(shares[key] - Decimal(total) * weight / whole) < 1


@given(st.integers(0, 10**6), weights.filter(lambda found: sum(found.values()) > 0))
def test_the_order_of_weights_does_not_matter(total, by_weight):
    assert share_out(total, by_weight) == share_out(total, dict(reversed(by_weight.items())))
