"""What tiered rates pay, as a table that finance could check."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.tiers import Boundary, marginal, reached, slices


@dataclass(frozen=True)
class Band:
    start: Decimal
    rate: Decimal


BANDS = (Band(Decimal(0), Decimal("0.10")), Band(Decimal(100), Decimal("0.20")), Band(Decimal(500), Decimal(0)))


@st.composite
def bands(draw):
    starts = sorted(draw(st.sets(st.integers(1, 300), max_size=4)))
    rates = draw(st.lists(st.decimals(0, 1, places=2), min_size=len(starts) + 1, max_size=len(starts) + 1))
    return tuple(Band(Decimal(start), rate) for start, rate in zip([0, *starts], rates, strict=True))


@pytest.mark.parametrize(
    ("amount", "pays"),
    [("0", "0"), ("100", "10"), ("100.01", "10.002"), ("500", "90"), ("600", "90"), ("-100.01", "-10.002")],
)
def test_each_slice_earns_the_rate_of_its_own_band(amount, pays):
    assert marginal(BANDS, Decimal(amount)) == Decimal(pays)


@pytest.mark.parametrize(
    ("number", "at", "above"),
    [("-1", None, None), ("0", 0, 0), ("99.99", 0, 0), ("100", 1, 0), ("100.01", 1, 1), ("500", 2, 1), ("501", 2, 2)],
)
def test_the_boundary_rule_decides_only_at_the_start_of_a_band(number, at, above):
    assert reached(BANDS, Decimal(number), Boundary.AT) == at
    assert reached(BANDS, Decimal(number), Boundary.ABOVE) == above


@pytest.mark.parametrize(
    ("number", "at", "above"), [("99", None, None), ("100", 0, None), ("101", 0, 0), ("500", 1, 0)]
)
def test_a_first_band_above_zero_is_a_threshold_like_the_others(number, at, above):
    assert reached(BANDS[1:], Decimal(number), Boundary.AT) == at
    assert reached(BANDS[1:], Decimal(number), Boundary.ABOVE) == above


def test_an_amount_exactly_at_a_start_has_no_empty_slice_above_it():
    assert [(part.start, part.amount) for part in slices(BANDS, Decimal(100))] == [(0, 100)]
    assert [(part.start, part.amount) for part in slices(BANDS, Decimal(101))] == [(0, 100), (100, 1)]


@given(bands(), st.decimals(-400, 400, places=2))
def test_slices_add_up_and_pay_what_counting_cents_pays(some, amount):
    assert sum((part.amount for part in slices(some, amount)), Decimal(0)) == amount
    assert marginal(some, amount) == _pay_cent_by_cent(some, amount)


@given(bands(), st.decimals(0, 400, places=2))
def test_the_boundary_rule_agrees_with_looking_through_the_bands(some, number):
    for boundary in Boundary:
        assert reached(some, number, boundary) == _look_up(some, number, boundary)


def _pay_cent_by_cent(some, amount: Decimal) -> Decimal:
    """The slow oracle: each cent earns the rate of the band that it falls into."""
    cents, total = int(abs(amount) * 100), Decimal(0)
    for band, following in pairwise([*some, Band(Decimal(10**6), Decimal(0))]):
        inside = sum(1 for cent in (0, cents - 1) if band.start * 100 <= cent < following.start * 100)
        first, end = int(band.start * 100), int(following.start * 100)
        count = len(range(first, min(end, cents))) if cents > first else 0
        assert inside <= 2
        total += count * band.rate / 100
    return total.copy_sign(amount) if amount else total


def _look_up(some, number: Decimal, boundary: Boundary) -> int:
    index = 0
    for candidate, band in enumerate(some[1:], start=1):
        if number > band.start or (number == band.start and boundary is Boundary.AT):
            index = candidate
    return index
