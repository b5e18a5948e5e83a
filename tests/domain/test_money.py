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


def test_the_refusal_names_the_amount_and_what_to_do():
    with pytest.raises(ValueError, match=r"^0\.5 VND is not a whole number of minor units: round it first, at a named"):
        to_minor(Decimal("0.5"), "VND")


def test_amounts_of_forty_digits_lose_none():
    amount = Decimal("9" * 40)
    assert to_minor(amount, "CNY") == int("9" * 40 + "00")
    assert from_minor(int("9" * 40), "CNY") == Decimal("9" * 38 + ".99")
    assert round_to(Decimal("9" * 40 + ".5"), 0, Rounding.DOWN) == amount


def test_an_unknown_currency_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"^unknown currency 'XXX'; known are CNY, EUR, IDR"):
        to_minor(Decimal(1), "XXX")


@given(amounts, st.sampled_from(sorted(MINOR_DIGITS)))
def test_minor_units_come_back(minor, currency):
    assert to_minor(from_minor(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("number", "digits", "mode", "rounded"),
    [
        ("2.5", 0, Rounding.HALF_UP, "3"),
        ("2.5", 0, Rounding.HALF_EVEN, "2"),
        ("3.5", 0, Rounding.HALF_EVEN, "4"),
        ("2.9", 0, Rounding.DOWN, "2"),
        ("-2.9", 0, Rounding.DOWN, "-2"),
        ("2.1", 0, Rounding.UP, "3"),
        ("-2.1", 0, Rounding.UP, "-3"),
        ("2.345", 2, Rounding.HALF_UP, "2.35"),
        ("2.345", 2, Rounding.HALF_EVEN, "2.34"),
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


@pytest.mark.parametrize(
    ("total", "by_weight", "shares"),
    [
        pytest.param(100, {"a": "1", "b": "1", "c": "1"}, {"a": 34, "b": 33, "c": 33}, id="equals by id"),
        pytest.param(100, {"c": "1", "b": "1", "a": "1"}, {"c": 33, "b": 33, "a": 34}, id="however they are listed"),
        pytest.param(-100, {"a": "1", "b": "1", "c": "1"}, {"a": -34, "b": -33, "c": -33}, id="the mirror"),
        pytest.param(10, {"a": "1", "b": "2", "c": "4"}, {"a": 1, "b": 3, "c": 6}, id="the largest remainder first"),
        pytest.param(11, {"a": "1", "b": "2", "c": "4"}, {"a": 2, "b": 3, "c": 6}, id="0.571, 0.143, 0.286"),
        pytest.param(-11, {"a": "1", "b": "2", "c": "4"}, {"a": -2, "b": -3, "c": -6}, id="and mirrored"),
        pytest.param(7, {"a": "0", "b": "0.5"}, {"a": 0, "b": 7}, id="nothing without weight"),
        pytest.param(0, {"a": "1", "b": "1"}, {"a": 0, "b": 0}, id="nothing of nothing"),
        pytest.param(1, {"a": "1", "b": "1"}, {"a": 1, "b": 0}, id="one unit"),
        pytest.param(3, {"a": "0.1", "b": "0.2"}, {"a": 1, "b": 2}, id="without a remainder"),
    ],
)
def test_shares_are_those_of_the_largest_remainder(total, by_weight, shares):
    assert share_out(total, {key: Decimal(weight) for key, weight in by_weight.items()}) == shares


@pytest.mark.parametrize("by_weight", [{"a": "-1", "b": "2"}, {"a": "0"}, {"a": "-1"}, {}])
def test_weights_below_zero_and_no_weight_at_all_are_refused(by_weight):
    with pytest.raises(ValueError, match=r"^shares need weights of zero or more, and at least one above zero$"):
        share_out(10, {key: Decimal(weight) for key, weight in by_weight.items()})


@given(st.integers(0, 10**6), weights.filter(lambda found: sum(found.values()) > 0))
def test_the_order_of_weights_does_not_matter(total, by_weight):
    assert share_out(total, by_weight) == share_out(total, dict(reversed(by_weight.items())))
