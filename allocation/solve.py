"""From a problem to who goes where, with the proof of how good that is."""

from __future__ import annotations

from dataclasses import dataclass

from allocation.assign import assign
from allocation.exchange import exchange
from allocation.finish import finish
from allocation.minimums import fill_minimums
from allocation.prices import begins_with_sample, solve_prices
from allocation.problem import Ints, Problem, Violation, proven_bound, violations

_START_GAP_AT_MOST = 1e-4  # beyond it the prices that were begun with were no help, and others are tried


@dataclass(frozen=True, slots=True)
class Solution:
    """Prices of the limits, and the place of each unit; `value` and `bound` in quanta.

    No allocation that meets the minimums at least as far as this one does brings more than `bound`. `violations` are
    minimums that cannot be met, with what was reached; maximums are never passed.
    """

    prices: Ints
    place: Ints
    value: int
    bound: int
    violations: tuple[Violation, ...] = ()

    @property
    def gap(self) -> float:
        """How far below the proven bound the value is, as a share of the bound."""
        return _gap(self.value, self.bound)


def solve(problem: Problem, before: Ints | None = None, *, exactly: bool = True) -> Solution:
    """Equal problems give equal solutions; `before`, yesterday's prices, saves time and keeps changes small.

    Small teams end with a programme in whole numbers, unless it is not to be solved `exactly`.
    """
    start = _best_start(problem, before)
    place = exchange(problem, start.prices, start.place)
    place = finish(problem, start.prices, place) if exactly else place
    used = problem.used(place)
    bound = proven_bound(problem, start.prices, used)
    return Solution(start.prices, place, problem.value(place), bound, violations(problem.limits, used))


@dataclass(frozen=True, slots=True)
class _Start:
    """Where prices alone bring each unit, how many limits that violates, and the gap to the bound."""

    prices: Ints
    place: Ints
    violated: int
    gap: float

    def shortfall(self) -> tuple[int, float]:
        return self.violated, self.gap


def _best_start(problem: Problem, before: Ints | None) -> _Start:
    """From yesterday's prices; if they were no help afresh; and if a sample said too little, without one.

    A sample says little where most units have an owner whom they would only leave for much: few are free in it.
    """
    start = _start(problem, before)
    if before is not None and start.gap > _START_GAP_AT_MOST:
        start = min(start, _start(problem, None), key=_Start.shortfall)
    if start.gap > _START_GAP_AT_MOST and begins_with_sample(problem):
        start = min(start, _start(problem, None, sampling=False), key=_Start.shortfall)
    return start


def _start(problem: Problem, before: Ints | None, *, sampling: bool = True) -> _Start:
    prices = solve_prices(problem, before, sampling=sampling)
    place = fill_minimums(problem, prices, assign(problem, prices))
    used = problem.used(place)
    bound = proven_bound(problem, prices, used)
    return _Start(prices, place, len(violations(problem.limits, used)), _gap(problem.value(place), bound))


def _gap(value: int, bound: int) -> float:
    return (bound - value) / max(bound, 1)
