"""The fairness band: the members of a team get about the same expected value for what they can work.

Whoever is measured by what they recover is measured by their accounts first. Held beside each other are members of a
team, by the expected value of what they have (whoever works it) ÷ their capacity (minutes, or accounts). The band says
how far from the team's own mean that may be. It never costs a capacity, a quota or an account: what cannot be evened
out so is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from allocation.assign import assign
from allocation.fair_bound import fair_bound
from allocation.fair_shares import shared_out
from allocation.fair_swaps import even_out
from allocation.minimums import fill_minimums
from allocation.problem import Ints, Problem, violations
from allocation.solve import Solution, solve
from allocation.teams import Compared, Spread, Teams, compared_in

CURVE = (2_000, 1_000, 500, 200, 100)  # the bands that the cost of fairness is shown for, in ten-thousandths


@dataclass(frozen=True, slots=True)
class FairSolution:
    """`problem` has a limit for each member, which holds nothing back and has a price: what is paid for expected value
    there. `free` is the solution without the band. `outside` are the members that lie outside it all the same, and how
    much they have beside their team's mean."""

    problem: Problem
    solution: Solution
    free: Solution
    spreads: tuple[Spread, ...]
    outside: tuple[tuple[str, float], ...]

    @property
    def cost(self) -> float:
        """What the band costs, as a share of the value without it; nothing where there is no value."""
        return 1 - self.solution.value / self.free.value if self.free.value > 0 else 0.0

    @property
    def cost_at_least(self) -> float:
        """What any allocation would cost that keeps the band as well: what the proven bound leaves."""
        return max(1 - self.solution.bound / self.free.value, 0.0) if self.free.value > 0 else 0.0

    @property
    def outside_keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.outside)


@dataclass(frozen=True, slots=True)
class Point:
    """What a band (in ten-thousandths of the mean; None for none) comes to.

    `cost` and `cost_at_least` are shares of the value without it: this allocation's, and that of any that keeps the
    band as well. `lowest` and `highest` are over all members, beside their team's mean; `spread` is the widest highest
    ÷ lowest of a team, infinite where somebody has nothing.
    """

    band: int | None
    value: int
    cost: float
    cost_at_least: float
    lowest: float
    highest: float
    spread: float
    outside: int


def curve(problem: Problem, teams: Teams, bands: Iterable[int] = CURVE) -> tuple[Solution, tuple[Point, ...]]:
    """The same book without a band, and with each of them: the solution without, and spread and cost of all."""
    free = solve(problem)
    without = FairSolution(problem, free, free, compared_in(problem, teams).spreads(free.place), ())
    fair = ((band, fairly(problem, teams, band, free)) for band in bands)
    return free, (_point(None, without), *(_point(band, found) for band, found in fair))


def fairly(problem: Problem, teams: Teams, band: int, free: Solution) -> FairSolution:
    """The allocation within the band, from the one without it; where that is within it already, the same.

    Who is to have which share of what is a linear programme over classes of like units; units are drawn by it, and the
    last differences are swapped away.
    """
    compared = compared_in(problem, teams)
    if not len(compared.outside(free.place, band)):
        prices = np.append(free.prices[: compared.first], np.zeros(len(teams), dtype=np.int64))
        return _solved(compared, band, free, prices, free.place)
    wanted, prices = shared_out(compared, band, free.place)
    place = fill_minimums(compared.problem, prices, assign(compared.problem, prices, wanted))
    return _solved(compared, band, free, prices, even_out(compared, band, place))


def _solved(compared: Compared, band: int, free: Solution, prices: Ints, place: Ints) -> FairSolution:
    problem, ratios = compared.problem, compared.ratios(place)
    prices, bound = fair_bound(compared, band, prices, place)
    told = violations(problem.limits, problem.used(place))
    solution = Solution(prices, place, problem.value(place), bound, told)
    outside = (
        (compared.teams.keys[member], float(ratios[member])) for member in compared.outside(place, band).tolist()
    )
    return FairSolution(problem, solution, free, compared.spreads(place), tuple(outside))


def _point(band: int | None, found: FairSolution) -> Point:
    lowest = min((one.lowest for one in found.spreads), default=1.0)
    highest = max((one.highest for one in found.spreads), default=1.0)
    widest = max((one.ratio for one in found.spreads), default=1.0)
    least = 0.0 if band is None else found.cost_at_least
    return Point(band, found.solution.value, found.cost, least, lowest, highest, widest, len(found.outside))
