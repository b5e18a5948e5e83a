"""From a problem to who goes where, with the proof of how good that is."""

from __future__ import annotations

from dataclasses import dataclass

from allocation.assign import assign
from allocation.exchange import exchange
from allocation.finish import finish
from allocation.minimums import fill_minimums
from allocation.prices import solve_prices
from allocation.problem import Ints, Problem, Violation, proven_bound, violations

_WARM_GAP_AT_MOST = 1e-4  # beyond it yesterday's prices were no help, and the solver begins anew


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
        return (self.bound - self.value) / max(self.bound, 1)


def solve(problem: Problem, before: Ints | None = None, *, exactly: bool = True) -> Solution:
    """Equal problems give equal solutions; `before`, yesterday's prices, saves time and keeps changes small.

    Small teams end with a programme in whole numbers, unless it is not to be solved `exactly`.
    """
    found = _solved(problem, before, exactly=exactly)
    if before is None or found.gap <= _WARM_GAP_AT_MOST:
        return found
    afresh = _solved(problem, None, exactly=exactly)
    return afresh if (len(afresh.violations), afresh.gap) < (len(found.violations), found.gap) else found


def _solved(problem: Problem, before: Ints | None, *, exactly: bool) -> Solution:
    prices = solve_prices(problem, before)
    place = fill_minimums(problem, prices, assign(problem, prices))
    place = exchange(problem, prices, place)
    place = finish(problem, prices, place) if exactly else place
    used = problem.used(place)
    bound = proven_bound(problem, prices, used)
    return Solution(prices, place, problem.value(place), bound, violations(problem.limits, used))
