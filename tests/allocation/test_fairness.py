"""The fairness band: members of a team get about the same expected value for their capacity; narrower costs more."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.fairness import curve, fairly
from allocation.problem import NOWHERE, PARTS, Group, Limit, Limits, Problem, Uses
from allocation.solve import solve
from allocation.strategies import Strategy
from allocation.teams import Teams, compared_in


def book(seed=1, *, units=600, size=3, sigma=0.8, filled=0.9, owned=0.0, minutes=(1, 1)):
    """Two teams; the second alone may work half of the accounts, and abler members bring more of any."""
    draw = np.random.default_rng(seed)
    worth = (draw.lognormal(8, sigma, units) * 1000).astype(np.int64)
    places = np.arange(2 * size)
    capacity = (draw.uniform(0.6, 1.4, 2 * size) * units * filled / (2 * size)).astype(np.int64)
    groups, half = [], units // 2
    for start, stop, own, use in ((0, half, places, minutes[0]), (half, units, places[size:], minutes[1])):
        uses = Uses.of((at, int(place), use) for at, place in enumerate(own))
        groups.append(Group(start, stop, own, draw.integers(PARTS * 6 // 10, PARTS, len(own)), uses))
    width = np.where(np.arange(units) < half, 2 * size, size)
    owner = np.where(draw.random(units) < owned, draw.integers(0, width), NOWHERE)
    ones, hashes = np.ones(units, dtype=np.int64), draw.integers(0, 2**63, units).astype(np.uint64)
    limits = Limits.of(Limit(f"collector {number}", hi=int(most)) for number, most in enumerate(capacity))
    problem = Problem(tuple(groups), ones, worth, np.where(owner == NOWHERE, 0, worth // 7), owner, hashes, limits)
    return problem, teams_of(capacity, np.repeat([0, 1], size))


def teams_of(capacity, team, fixed=None):
    keys = tuple(f"employee:E{number}" for number in range(len(team)))
    names = tuple(f"team {number}" for number in range(int(max(team)) + 1))
    none = np.zeros(len(team), dtype=np.int64)
    return Teams(
        names, keys, np.arange(len(team)), np.array(team), np.maximum(capacity, 1), none if fixed is None else fixed
    )


def with_band(problem, teams, band):
    return fairly(problem, teams, band, solve(problem))


@pytest.mark.parametrize("owned", [0.0, 0.7])
@pytest.mark.parametrize("minutes", [(1, 1), (3, 1)])
def test_without_a_band_the_abler_get_the_better_accounts_and_with_it_everybody_a_fair_share(owned, minutes):
    problem, teams = book(owned=owned, minutes=minutes)
    found = with_band(problem, teams, 500)
    assert max(one.ratio for one in compared_in(problem, teams).spreads(found.free.place)) > 1.5
    assert found.outside == ()
    assert all(0.95 <= one.lowest <= 1 <= one.highest <= 1.05 for one in found.spreads)
    assert found.solution.violations == ()
    assert found.solution.value <= found.solution.bound <= found.free.bound
    assert found.cost_at_least <= found.cost < found.cost_at_least + 0.02


def test_each_narrower_band_costs_more_and_spreads_less():
    _, (none, *points) = curve(*book(units=1500), (2_000, 1_000, 500, 200))
    assert (none.band, none.cost, none.cost_at_least, none.outside) == (None, 0, 0, 0)
    assert [point.outside for point in points] == [0] * 4
    spreads = [point.spread for point in (none, *points)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] <= 1.02 / 0.98
    costs = [point.cost for point in (none, *points)]
    assert all(wide < narrow + 2e-3 for wide, narrow in pairwise(costs))
    least = [point.cost_at_least for point in (none, *points)]
    assert all(wide < narrow + 1e-3 for wide, narrow in pairwise(least))


def test_who_is_within_the_band_anyway_is_left_where_they_are():
    problem, teams = book()
    narrow = with_band(problem, teams, 500).solution
    found = fairly(problem, teams, 600, narrow)
    assert (found.solution.place == narrow.place).all()
    assert found.cost == 0


def test_what_stays_with_a_member_counts_as_theirs():
    problem, _ = book()
    capacity, worth = problem.limits.hi, int(problem.worth.sum())
    fixed = np.array([worth // 20, 0, 0, 0, 0, 0])
    teams = teams_of(capacity, [0, 0, 0, 1, 1, 1], fixed)
    found = with_band(problem, teams, 500)
    assert found.outside == ()
    compared = compared_in(problem, teams)
    has = compared.given(found.solution.place) - compared.fixed
    assert has[0] / capacity[0] < 0.8 * has[1] / capacity[1]
    assert found.solution.value <= found.solution.bound


def test_an_account_of_more_than_anyones_share_is_worked_all_the_same_and_told():
    problem, teams = book(units=60)
    worth = problem.worth.copy()
    worth[3] = worth.sum()
    found = with_band(replace(problem, worth=worth), teams, 1_000)
    assert found.solution.place[3] != NOWHERE
    assert any(ratio > 1.1 for _, ratio in found.outside)
    assert found.solution.value <= found.solution.bound


def test_minimums_and_maximums_hold_beside_the_band():
    problem, teams = book()
    asked = problem.limits.hi[5] * 95 // 100
    lo = problem.limits.lo.copy()
    lo[5] = asked
    found = with_band(replace(problem, limits=replace(problem.limits, lo=lo)), teams, 1_000)
    assert found.solution.violations == ()
    assert problem.used(found.solution.place)[5] >= asked


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.sampled_from([50, 500, 2_000]), st.floats(0, 1.5), st.sampled_from([0.0, 0.8]))
def test_whatever_the_book_limits_hold_the_bound_is_one_and_the_same_again_is_the_same(seed, band, filled, owned):
    problem, teams = book(seed, units=60, size=2, sigma=1.2, filled=filled, owned=owned, minutes=(2, 3))
    free = solve(problem)
    found, again = fairly(problem, teams, band, free), fairly(problem, teams, band, free)
    assert (problem.used(found.solution.place) <= problem.limits.hi).all()
    assert problem.value(found.solution.place) == found.solution.value <= found.solution.bound
    assert (found.solution.place == again.solution.place).all()
    assert (found.solution.prices == again.solution.prices).all()
    outside = compared_in(problem, teams).ratios(found.solution.place)
    told = {key for key, _ in found.outside}
    far = {key for key, ratio in zip(teams.keys, outside, strict=True) if abs(ratio - 1) > band / PARTS + 1e-6}
    assert far <= told


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_no_allocation_within_the_band_brings_more_than_the_bound(seed):
    """By trying every allocation of six units to three members of a team, whatever their capacities."""
    draw = np.random.default_rng(seed)
    worth = draw.integers(60, 100, 6) * 1_000_000
    uses = Uses.of((place, place, 1) for place in range(3))
    group = Group(0, 6, np.arange(3), draw.integers(PARTS // 2, PARTS, 3), uses)
    limits = Limits.of(Limit(str(place), hi=int(most)) for place, most in enumerate(draw.integers(2, 4, 3)))
    none, ones = np.full(6, NOWHERE), np.ones(6, dtype=np.int64)
    problem = Problem((group,), ones, worth, 0 * ones, none, draw.integers(0, 2**63, 6).astype(np.uint64), limits)
    teams, band = teams_of(limits.hi, [0, 0, 0]), 3_000
    found, compared = with_band(problem, teams, band), compared_in(problem, teams)
    # Outside at no member by more than what was found.
    reached = compared.ratios(found.solution.place)
    lo, hi = np.minimum(reached, 0.7), np.maximum(reached, 1.3)
    for choice in product((NOWHERE, 0, 1, 2), repeat=6):
        place = np.array(choice)
        ratios = compared.ratios(place)
        if (problem.used(place) <= limits.hi).all() and (lo <= ratios).all() and (ratios <= hi).all():
            assert problem.value(place) <= found.solution.bound


BAND = "    fairness: {band: 0.10}\n    segments:"


def team_book(hand, *, band=True, accounts=60):
    """Three collectors of a team, two of whom have had all of the accounts, and one who is alone in another."""
    rows = [
        {"account_id": f"A{number:03d}", "overdue_amount": Decimal(50 + 7 * (number * 37 % 60)),
         "owner_kind": "employee", "owner_id": "E1" if number % 3 else "E2"}
        for number in range(accounts)
    ]  # fmt: skip
    ends = [hand.collector(name, 20) for name in ("E1", "E2", "E3")]
    strategy: Strategy = hand.strategy(hand.text.replace("    segments:", BAND, 1) if band else hand.text)
    return hand.allocate(hand.book(*rows), *ends, hand.collector("E9", 5, team="phone 2"), strategy=strategy)


def test_a_strategy_with_a_band_tells_spread_and_cost_and_why_an_account_moved(hand):
    made = team_book(hand)
    (spread,) = made.summary.spreads
    assert (spread.team, spread.members) == ("phone / phone 1", 3)
    assert 0.9 <= spread.lowest <= spread.highest <= 1.1
    told = made.summary.fairness
    assert told.band == Decimal("0.10")
    assert told.outside == ()
    assert made.summary.value == pytest.approx(told.value_without * (1 - told.cost))
    assert not any(name.startswith("fairness:") for name in made.summary.prices)
    assert "fair_share" in hand.reasons(made).values()
    # What each has for its capacity, from the rows themselves.
    worth = dict.fromkeys(("E1", "E2", "E3"), 0.0)
    for row in made.accounts.to_pylist():
        if row["owner_id"] in worth:
            worth[row["owner_id"]] += row["expected_recovery"] / 20
    mean = sum(worth.values()) / 3
    assert spread.mean == pytest.approx(mean, rel=1e-6)
    assert max(worth.values()) / mean == pytest.approx(spread.highest, rel=1e-6)


def test_without_a_band_the_spread_is_told_too_and_nothing_else_changes(hand):
    made = team_book(hand, band=False)
    assert made.summary.fairness is None
    assert made.summary.spreads[0].ratio > 1.2
    assert "fair_share" not in hand.reasons(made).values()


def test_who_cannot_be_brought_into_the_band_is_named_with_how_far(hand):
    rows = [{"account_id": f"A{n}", "language": "km" if n < 2 else "vi"} for n in range(12)]
    ends = [hand.collector("E1", 10, skills=frozenset({"km"})), hand.collector("E2", 10)]
    made = hand.allocate(hand.book(*rows), *ends, strategy=hand.strategy(hand.text.replace("    segments:", BAND, 1)))
    assert made.summary.allocated == 12
    assert any(
        text == "fairness:employee:E1 has 0.333 of its team's mean where 0.90 to 1.10 is the band"
        for text in made.summary.violations
    )


def test_where_nothing_is_worked_a_band_costs_nothing():
    problem, teams = book(units=0, size=2)
    _, points = curve(problem, teams, (1_000,))
    assert [(point.value, point.cost, point.cost_at_least) for point in points] == [(0, 0, 0)] * 2
