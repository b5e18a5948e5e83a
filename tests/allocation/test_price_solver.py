"""The solver on random problems: feasible, near the proven bound, and the bound never below what HiGHS proves."""

from dataclasses import replace

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.prices import solve_prices
from allocation.problem import NOWHERE, PARTS, Group, Limit, Limits, Problem, Uses, proven_bound
from allocation.solve import solve


def random_problem(seed, *, units, places, groups=1, filled=0.9, sizes=(1,), owned=0.0, minutes=False):
    """Groups with places of their own; `filled` is the share of the accounts that there is room for."""
    draw = np.random.default_rng(seed)
    group_of = np.sort(draw.integers(0, groups, units))
    accounts = draw.choice(sizes, units).astype(np.int64)
    worth = (draw.lognormal(8, 1, units) * accounts * 1000).astype(np.int64)
    limits, made, owner = np.zeros(places + groups, dtype=np.int64), [], np.full(units, NOWHERE)
    for number in range(groups):
        own = np.flatnonzero(np.arange(places) % groups == number)
        rows = np.flatnonzero(group_of == number)
        use = np.full(len(own), 7 if minutes else 1)
        limits[own] = (accounts[rows].sum() * filled / len(own) * draw.uniform(0.5, 1.5, len(own))).astype(int) * use
        limits[places + number] = accounts[rows].sum() // 2  # the first place of each group has at most half of it
        uses = Uses.of([*((at, number_of, int(use[at])) for at, number_of in enumerate(own)), (0, places + number, 1)])
        fit = draw.integers(PARTS // 2, PARTS, len(own))
        start = int(np.searchsorted(group_of, number))
        made.append(Group(start, start + len(rows), own, fit, uses))
        owner[rows] = np.where(draw.random(len(rows)) < owned, draw.integers(0, len(own), len(rows)), NOWHERE)
    switching = np.where(owner == NOWHERE, 0, worth * 15 // 100)
    rows = Limits.of(Limit(str(number), hi=hi) for number, hi in enumerate(limits.tolist()))
    return Problem(
        tuple(made), accounts, worth, switching, owner, draw.integers(0, 2**63, units).astype(np.uint64), rows
    )


def left_over(problem, place):
    return problem.limits.hi - problem.used(place)


def solved(problem, before=None):
    found = solve(problem, before)
    return found.prices, found.place


def group_numbers(problem):
    return [number for number, group in enumerate(problem.groups) for _ in range(group.start, group.stop)]


def best_by_highs(problem):
    """The optimum of the whole-number problem, by a solver that shares nothing with ours; None if there is none."""
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("mip_rel_gap", 1e-9)
    terms = [[] for _ in problem.limits.names]
    objective = 0
    for row, number in enumerate(group_numbers(problem)):
        group = problem.groups[number]
        worth = problem.values(group, np.array([row]))[0]
        taken = [model.addBinary() for _ in group.places]
        model.addConstr(sum(taken) <= 1)
        objective += sum(float(one) * variable for one, variable in zip(worth, taken, strict=True))
        for place, limit, use in zip(group.uses.place, group.uses.limit, group.uses.amount, strict=True):
            amount = problem.amounts[problem.limits.by[limit]][row]
            terms[limit].append(float(use * amount) * taken[place])
    for lo, hi, used in zip(problem.limits.lo, problem.limits.hi, terms, strict=True):
        if used:
            model.addConstr(sum(used) <= float(hi))
            model.addConstr(sum(used) >= float(lo))
    model.maximize(objective)
    is_optimal = model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return model.getInfo().objective_function_value if is_optimal else None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("sizes", "owned"), [((1,), 0.0), ((1,), 0.8), ((1, 1, 2, 3), 0.5)])
def test_tiny_problems_reach_the_optimum_that_highs_finds(seed, sizes, owned):
    problem = random_problem(seed, units=40, places=4, groups=2, sizes=sizes, owned=owned, minutes=seed % 2 == 1)
    prices, place = solved(problem)
    best = best_by_highs(problem)
    assert proven_bound(problem, prices) >= best * (1 - 1e-9)
    assert best * (1 - 5e-5) <= Problem.value(problem, place) <= best * (1 + 1e-9)


@pytest.mark.parametrize("owned", [0.0, 0.9])
@pytest.mark.parametrize("sizes", [(1,), (1, 1, 1, 2, 3)])
def test_problems_of_a_real_size_come_within_a_hundred_thousandth_of_the_bound(sizes, owned):
    problem = random_problem(5, units=8000, places=24, groups=4, sizes=sizes, owned=owned)
    prices, place = solved(problem)
    bound = proven_bound(problem, prices)
    assert 0 <= (bound - Problem.value(problem, place)) / bound < 1e-5
    assert (left_over(problem, place) >= 0).all()


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0, 1.5), st.booleans())
def test_limits_hold_whatever_there_is(seed, filled, minutes):
    problem = random_problem(seed, units=60, places=5, filled=filled, sizes=(1, 2, 3), owned=0.5, minutes=minutes)
    prices, place = solved(problem)
    assert (left_over(problem, place) >= 0).all()
    assert Problem.value(problem, place) <= proven_bound(problem, prices)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(0, 4))
def test_more_capacity_never_lowers_the_bound(seed, widened):
    problem = random_problem(seed, units=300, places=5, filled=0.7)
    hi = problem.limits.hi.copy()
    hi[widened] += 10
    wider = replace(problem, limits=replace(problem.limits, hi=hi))
    bounds = [proven_bound(one, solve_prices(one)) for one in (problem, wider)]
    assert bounds[1] >= bounds[0] * (1 - 1e-4)  # each is within the gap of its optimum


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(0, 4), st.integers(1, 30), st.floats(0.2, 1.1))
def test_more_capacity_never_lowers_the_value_by_more_than_the_gap(seed, widened, more, filled):
    """The best value never falls. What is found is below it by the gap at most, which the exact finish keeps small."""
    problem = random_problem(seed, units=60, places=5, filled=filled, owned=0.5)
    hi = problem.limits.hi.copy()
    hi[widened] += more
    less, wider = solve(problem), solve(replace(problem, limits=replace(problem.limits, hi=hi)))
    assert wider.value >= less.value * (1 - 1e-4)
    assert wider.bound >= less.value


def test_any_prices_give_a_bound_and_good_ones_a_lower_one():
    problem = random_problem(1, units=200, places=4, filled=0.5)
    none = np.zeros_like(problem.limits.hi)
    assert proven_bound(problem, solve_prices(problem)) < proven_bound(problem, none)


def test_yesterdays_prices_lead_to_the_same_value():
    problem = random_problem(2, units=3000, places=12, groups=3, sizes=(1, 2), owned=0.5)
    prices, place = solved(problem)
    _, again = solved(problem, prices)
    assert Problem.value(problem, again) == pytest.approx(Problem.value(problem, place), rel=1e-4)


def test_without_any_capacity_everybody_is_held():
    problem = random_problem(3, units=50, places=3, filled=0.0)
    _, place = solved(problem)
    assert (place == NOWHERE).all()


def test_ties_are_shared_out_by_the_room_that_there_is():
    problem = random_problem(4, units=4000, places=2, filled=3.0)
    group = replace(problem.groups[0], fit_parts=np.array([PARTS, PARTS]), uses=Uses.of([(0, 0, 1), (1, 1, 1)]))
    rooms = Limits.of([Limit("large", hi=9000), Limit("small", hi=3000)])
    alike = replace(problem, groups=(group,), limits=rooms)
    _, place = solved(alike)
    assert np.mean(place == 0) == pytest.approx(0.75, abs=0.03)


def test_sampled_start_serves_large_problems_too():
    problem = random_problem(6, units=30_000, places=10, groups=2, sizes=(1, 2))
    sample = problem.sampled(8)
    assert sample.size == pytest.approx(problem.size / 8, rel=0.1)
    bound = proven_bound(problem, solve_prices(sample))
    assert bound == pytest.approx(proven_bound(problem, solve_prices(problem)), rel=2e-3)
