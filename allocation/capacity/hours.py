"""What ten more hours at each team would bring: the allocation solved again with them, beside what prices say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from allocation.allocate import in_quanta
from allocation.destinations import Destination
from allocation.limits import capacity_of
from allocation.problem import Ints, Problem
from allocation.solve import Solution, solve
from allocation.strategies import Strategy
from allocation.units import Work

EXTRA_MINUTES = 600
_CENTS = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class TenHours:
    """Of a team, for the horizon of expected recovery; amounts in the comparison currency, all estimates.

    `extra` more of the capacity that the strategy counts (minutes, or accounts); `value` is what the allocation with it
    brings more, and surely between `low` and `high` (the proven bounds of both); `by_price` what the prices of tonight
    say: exact only for a first minute. `cost` is that of ten hours.
    """

    jurisdiction: str
    department: str
    team: str
    extra: int
    value: Decimal
    low: Decimal
    high: Decimal
    by_price: Decimal
    cost: Decimal | None


def ten_hours(
    work: Work,
    destinations: Sequence[Destination],
    strategy: Strategy,
    minutes_of_month: Mapping[str, int],
    hour_costs: Mapping[str, Decimal],
    prices_before: Mapping[str, float] | None = None,
) -> tuple[TenHours, ...]:
    """`destinations` in the order of the problem's limits; `minutes_of_month` are what each collector has in the thirty
    days that capacity is of. Collectors without minutes, and those whose capacity is taken up by accounts that stay
    with them, are no place that the problem could send anything to: they get none, and teams without any other are
    left out.
    """
    problem, digits = work.problem, work.digits
    base = _settled(problem, in_quanta(problem, digits, prices_before))
    teams: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number, one in enumerate(destinations):
        if not one.is_partner and minutes_of_month.get(one.id, 0) > 0 and problem.limits.hi[number] > 0:
            teams[one.jurisdiction, one.department or "", one.team or ""].append(number)
    extra = {team: _extra(mine, destinations, strategy, minutes_of_month) for team, mine in sorted(teams.items())}
    again = {team: solve(_with_more(problem, more), base.prices) for team, more in extra.items()}
    kept = [one.value for one in again.values() if np.all(problem.used(one.place) <= problem.limits.hi)]
    value = max([base.value, *kept])  # who made no use of more has found an allocation of tonight
    return tuple(
        TenHours(
            *team,
            sum(extra[team].values()),
            _worth(one.value - value, digits),
            _worth(one.value - base.bound, digits),
            _worth(one.bound - value, digits),
            _worth(sum(_price(problem, base, number) * more for number, more in extra[team].items()), digits),
            None if (cost := hour_costs.get(team[1])) is None else (cost * EXTRA_MINUTES / 60).quantize(_CENTS),
        )
        for team, one in again.items()
    )


def _settled(problem: Problem, before: Ints | None) -> Solution:
    """Solved once more from its own prices, as every team's will be: so that only the hours make a difference."""
    first = solve(problem, before)
    again = solve(problem, first.prices)
    return max(first, again, key=lambda one: one.value)


def _extra(
    mine: Sequence[int], destinations: Sequence[Destination], strategy: Strategy, minutes: Mapping[str, int]
) -> dict[int, int]:
    """Ten hours as capacity, shared out by minutes, by largest remainders: the team's capacity × 600 ÷ its minutes."""
    whole_minutes = sum(minutes[destinations[number].id] for number in mine)
    capacity = {number: capacity_of(destinations[number], strategy) for number in mine}
    whole = sum(capacity.values()) * EXTRA_MINUTES // whole_minutes
    parts = {number: divmod(whole * minutes[destinations[number].id], whole_minutes) for number in mine}
    left = whole - sum(part for part, _ in parts.values())
    first = sorted(mine, key=lambda number: (-parts[number][1], destinations[number].id))[:left]
    return {number: parts[number][0] + (number in first) for number in mine}


def _with_more(problem: Problem, more: Mapping[int, int]) -> Problem:
    """The same problem with more capacity of some of its places."""
    hi = problem.limits.hi.copy()
    for number, extra in more.items():
        hi[number] += extra
    return replace(problem, limits=replace(problem.limits, hi=hi))


def _price(problem: Problem, solution: Solution, number: int) -> float:
    return max(float(solution.prices[number]), 0.0) / float(np.exp2(problem.shifts[number]))


def _worth(quanta: float, digits: int) -> Decimal:
    return (Decimal(round(quanta)).scaleb(-digits)).quantize(_CENTS)
