"""Limits with a minimum: met at the least loss, priced below zero, and told where they cannot be met."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from allocation.problem import NOWHERE, PARTS, Group, Limit, Limits, Measure, Problem, Uses, Violation, proven_bound
from allocation.solve import solve


def two_places(worth, limits, *, fits=(1.0, 0.5), uses=((0, 0, 1), (1, 1, 1)), costs=None, amounts=None):
    """One group, a good place 0 and a poor place 1; `amounts` are a second measure."""
    size, worth = len(worth), np.array(worth, dtype=np.int64) * 1_000_000
    parts = np.array([int(fit * PARTS) for fit in fits])
    group = Group(0, size, np.arange(len(fits)), parts, Uses.of(uses), costs if costs is None else np.array(costs))
    none, ones = np.full(size, NOWHERE), np.ones(size, dtype=np.int64)
    hashes = np.random.default_rng(1).integers(0, 2**63, size).astype(np.uint64)
    measures = () if amounts is None else (Measure.of("balance", np.array(amounts), worth),)
    return Problem((group,), ones, worth, 0 * ones, none, hashes, Limits.of(limits), measures)


@pytest.mark.parametrize("asked", [0, 1, 37, 99, 100])
def test_a_minimum_is_met_by_those_who_lose_least(asked):
    problem = two_places(range(1, 101), [Limit("good"), Limit("poor", lo=asked)])
    found = solve(problem)
    assert not found.violations
    assert sorted(np.flatnonzero(found.place == 1)) == list(range(asked))  # the smallest lose least by half of it
    assert found.prices[0] == 0
    assert found.prices[1] < 0 or asked == 0
    assert found.gap < 1e-3


def test_a_minimum_above_what_is_eligible_is_told_with_what_is_missing():
    problem = two_places(range(1, 11), [Limit("good", hi=100), Limit("poor", lo=25)])
    found = solve(problem)
    assert found.violations == (Violation("poor", 25, 10),)
    assert str(found.violations[0]) == "poor: 10 where 25 is the least: 15 cannot be met"
    assert (found.place == 1).all()  # as few are missing as can be
    assert found.bound >= found.value


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ([Limit("good", hi=5), Limit("poor", lo=3, hi=0)], (Violation("poor", 3, 0),)),
        ([Limit("good", lo=4, hi=6), Limit("poor", lo=5, hi=9)], ()),
        ([Limit("good", lo=8, hi=9), Limit("poor", lo=5, hi=9)], None),  # 13 of 10
    ],
)
def test_contradictions_end_in_statements_and_never_pass_a_maximum(limits, told):
    found = solve(two_places([5] * 10, limits))
    used = [int((found.place == place).sum()) for place in (0, 1)]
    assert all(one <= limit.hi for one, limit in zip(used, limits, strict=True))
    if told is None:
        assert sum(violation.missing for violation in found.violations) == 3
    else:
        assert found.violations == told


def test_without_capacity_everybody_is_held_and_the_minimum_told():
    problem = two_places([1, 2], [Limit("good", hi=0), Limit("all", lo=1)], uses=[(0, 0, 1), (1, 0, 1), (0, 1, 1)])
    found = solve(problem)
    assert (found.place == NOWHERE).all()
    assert found.violations == (Violation("all", 1, 0),)


def test_a_minimum_of_balance_counts_what_each_unit_has_of_it():
    balances = [1, 1, 1, 50, 1, 1]
    problem = two_places([9] * 6, [Limit("good"), Limit("poor", lo=50, by=1)], amounts=balances)
    found = solve(problem)
    assert list(np.flatnonzero(found.place == 1)) == [3]
    assert not found.violations


def test_a_maximum_of_balance_is_kept():
    problem = two_places([9, 8, 7, 6], [Limit("good", hi=10, by=1), Limit("poor", hi=2)], amounts=[8, 7, 2, 2])
    found = solve(problem)
    assert problem.used(found.place)[0] <= 10


@pytest.mark.parametrize(("cost", "worked"), [(0, 10), (3_500_000, 7), (20_000_000, 0)])
def test_an_account_that_costs_more_than_it_brings_is_held(cost, worked):
    problem = two_places(range(1, 11), [Limit("good")], fits=(1.0,), uses=[(0, 0, 1)], costs=[cost])
    assert (solve(problem).place != NOWHERE).sum() == worked


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(0, 30), st.integers(0, 30), st.integers(1, 40))
def test_what_is_told_is_what_is_missing_and_nothing_more(seed, least_good, least_poor, size):
    draw = np.random.default_rng(seed)
    limits = [Limit("good", lo=least_good, hi=35), Limit("poor", lo=least_poor, hi=25)]
    problem = two_places(draw.integers(1, 1000, size), limits)
    found = solve(problem)
    used = problem.used(found.place)
    assert (used <= problem.limits.hi).all()
    asked = zip(problem.limits.names, problem.limits.lo.tolist(), used.tolist(), strict=True)
    assert found.violations == tuple(Violation(name, lo, one) for name, lo, one in asked if one < lo)
    missing = sum(one.missing for one in found.violations)
    assert missing == max(least_good + least_poor - size, least_poor - 25, 0)
    reached = replace(problem.limits, lo=np.minimum(problem.limits.lo, used))
    assert found.value <= proven_bound(replace(problem, limits=reached), found.prices) <= found.bound


@settings(max_examples=30)
@example(98)  # a minimum above the maximum beside it
@given(st.integers(0, 10_000))
def test_whole_numbers_reach_the_optimum_of_a_brute_force_search(seed):
    """Units of several accounts, a maximum in balance and a minimum in accounts: least is missing, then most is won."""
    draw = np.random.default_rng(seed)
    size = 6
    limits = [Limit("good", hi=int(draw.integers(4, 20)), by=1), Limit("poor", lo=int(draw.integers(0, 5)), hi=3)]
    problem = two_places(draw.integers(1, 100, size), limits, amounts=draw.integers(1, 9, size), costs=[0, 3_000_000])
    found = solve(problem)
    best = max(_outcomes(problem))
    assert (-sum(one.missing for one in found.violations), found.value) == pytest.approx(best, rel=5e-5)


def _outcomes(problem):
    for choice in product((NOWHERE, 0, 1), repeat=problem.size):
        place = np.array(choice)
        used = problem.used(place)
        if (used <= problem.limits.hi).all():
            yield -int(np.maximum(problem.limits.lo - used, 0).sum()), problem.value(place)
