"""One price per limit, such that each unit going where it brings most, net of prices, just fills what there is.

A price above zero keeps a maximum, one below zero meets a minimum. The dual of the assignment problem is convex but has
edges; it is smoothed by log-sum-exp at a temperature, minimised by projected Newton steps, and cooled down. Only the
choices that are near a unit's best are looked at (`contested`), and looked for anew when prices have moved. Prices are
estimates in float64: they are rounded to whole quanta before anything is decided by them, and the bound is then proven
in integers. Sums run in the order of units, in one thread: the number of threads leaves no trace.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocation.contested import Contested, contested
from allocation.curvature import Curvature, curvature_of
from allocation.problem import NO_MAXIMUM, Floats, Ints, Problem
from allocation.slots import Slots

_TEMPERATURES = tuple(3e-5 * 4**step for step in range(7, -1, -1))  # in multiples of the mean worth of an account
_WARM, _AFTER_SAMPLE = 4, 3  # how many of them are left to do from yesterday's prices, and from those of a sample
_SAMPLE_UNITS = 12_000  # or more, if there are many limits
_SAMPLE_UNITS_PER_LIMIT = 20
_FEW_PER_LIMIT = (100, 30)  # units in the sample: its prices are so much further off, and begin hotter
_SAMPLED_AT_MOST = 4  # one unit of so many is in the sample
_STEPS_AT_MOST = 12
_STEPS_BACK_AT_MOST = 8
_FIRST_REACH = 20.0  # how far a first step may move prices, in temperatures
_FURTHER = 3.0  # how much farther than the last one a step may go
_WORTHWHILE = 2e-7  # share of the value that a step must gain, for another one to be tried
_UNBALANCED_AT_MOST = 3e-3  # share of all accounts that may be over or under, when a temperature is done
_FINELY = 1 / 30  # of both, when the last one is done
_WIDTH = 14.0  # choices so many temperatures below the best are as good as never taken
_MARGIN = 0.5  # of the width: how far a step may move tolls; after half of it, choices are looked for anew
_DEAREST = 4.0  # in multiples of the largest value of an account: what no price passes, and no unmet minimum


def solve_prices(problem: Problem, before: Ints | None = None, *, sampling: bool = True) -> Ints:
    """The price of each limit in quanta per unit of use; `before` (yesterday's) saves most of the way.

    Without it large problems begin with a sample drawn by hash, unless there is to be no `sampling`. Yesterday's prices
    are better than a sample's: where most units have an owner whom they would only leave for much, the few that are
    free in a sample say little.
    """
    if not len(problem.limits) or not problem.size:
        return np.zeros(len(problem.limits), dtype=np.int64)
    steps = len(_TEMPERATURES) if before is None else _WARM
    every = _sampled(problem) if sampling and before is None else 0
    if every:
        before = solve_prices(problem.sampled(every))
        steps = _AFTER_SAMPLE + sum(problem.size // every < units * len(problem.limits) for units in _FEW_PER_LIMIT)
    search = _Search.of(problem)
    prices = np.zeros(len(problem.limits)) if before is None else search.within(before / search.slots.unit_price)
    for temperature in _TEMPERATURES[-steps:]:
        prices = _minimise(search, prices, temperature, _FINELY if temperature == _TEMPERATURES[-1] else 1.0)
    return np.rint(prices * search.slots.unit_price).astype(np.int64)


def begins_with_sample(problem: Problem) -> bool:
    """Whether prices are first sought on a part of the problem, where none are known from before."""
    return _sampled(problem) > 0


def _sampled(problem: Problem) -> int:
    """One unit of how many is in the sample; 0 where the whole is small enough to begin with."""
    every = problem.size // max(_SAMPLE_UNITS, _SAMPLE_UNITS_PER_LIMIT * len(problem.limits))
    return min(every, _SAMPLED_AT_MOST) if every > 2 else 0


@dataclass(frozen=True, slots=True)
class _Search:
    slots: Slots
    accounts: float
    lowest: Floats
    highest: Floats

    @classmethod
    def of(cls, problem: Problem) -> _Search:
        slots = Slots.of(problem)
        dearest = _DEAREST * max(float((problem.worth / problem.accounts).max()) / slots.quanta, 1.0)
        lowest = np.where(problem.limits.lo > 0, -dearest, 0.0)
        return cls(
            slots, float(problem.accounts.sum()), lowest, np.where(problem.limits.hi == NO_MAXIMUM, 0.0, 2 * dearest)
        )

    def within(self, prices: Floats) -> Floats:
        """Never above zero without a maximum, nor below without a minimum."""
        return np.clip(prices, self.lowest, self.highest)

    def slope(self, prices: Floats, used: Floats) -> Floats:
        """What is left of the bound that each price keeps; nothing at zero while both bounds hold, nor at the ends."""
        over, under = np.minimum(self.slots.hi - used, 0.0), np.maximum(self.slots.lo - used, 0.0)
        slope = np.where(prices > 0, self.slots.hi - used, np.where(prices < 0, self.slots.lo - used, over + under))
        stuck = ((prices >= self.highest) & (slope < 0)) | ((prices <= self.lowest) & (slope > 0))
        return np.where(stuck, 0.0, slope)


def _minimise(search: _Search, prices: Floats, temperature: float, rest: float) -> Floats:
    """Newton steps at one temperature, until what is over and under is little, or nothing is gained any more; `rest` is
    the part of both that may be left."""
    width, reach = _WIDTH * temperature, min(1.0, _FIRST_REACH * temperature)
    choices, looked_at = contested(search.slots, prices, width), prices
    here = _smoothed(choices, prices, temperature)
    for _ in range(_STEPS_AT_MOST):
        slope = search.slope(prices, here.used)
        if np.abs(slope).sum() <= rest * _UNBALANCED_AT_MOST * search.accounts:
            break
        found = _descend(search, choices, here, slope, reach, _MARGIN * width)
        if found is None:
            break
        reach, gained = _FURTHER * float(np.abs(found.prices - here.prices).max()), here.value - found.value
        here = found
        if gained < rest * _WORTHWHILE * abs(here.value):
            break
        if np.abs(search.slots.tolls(here.prices - looked_at)).max() > _MARGIN / 2 * width:
            choices, looked_at = contested(search.slots, here.prices, width), here.prices
            here = _smoothed(choices, here.prices, temperature)
    return here.prices


@dataclass(frozen=True, slots=True)
class _Local:
    """The smoothed dual at some prices: its value, and what is used of each limit."""

    prices: Floats
    temperature: float
    value: float
    used: Floats


def _smoothed(choices: Contested, prices: Floats, temperature: float) -> _Local:
    share, gained = _shares(choices, prices, temperature)
    used = choices.slots.loads(choices.settled + choices.taken(share))
    return _Local(prices, temperature, _fixed(choices, prices) + gained, used)


def _shares(choices: Contested, prices: Floats, temperature: float) -> tuple[Floats, float]:
    """How likely each pair is, and what the contested units bring net of prices; being held brings nothing."""
    net = (choices.value - choices.paid(choices.slots.tolls(prices))) / temperature
    if not len(net):
        return net, 0.0
    best = np.maximum(np.maximum.reduceat(net, choices.first), 0.0)
    share = np.exp(net - best[choices.unit])
    whole = np.add.reduceat(share, choices.first) + np.exp(-best)
    share /= whole[choices.unit]
    return share, temperature * float((choices.accounts * (best + np.log(whole))).sum())


def _fixed(choices: Contested, prices: Floats) -> float:
    """What limits are worth at the prices, and what units bring that have one choice."""
    slots = choices.slots
    worth = np.where(prices > 0, np.where(np.isinf(slots.hi), 0.0, slots.hi), slots.lo) * prices
    return float(worth.sum()) + choices.settled_value - float((choices.settled * slots.tolls(prices)).sum())


def _descend(
    search: _Search, choices: Contested, here: _Local, slope: Floats, reach: float, farthest: float
) -> _Local | None:
    """The first step, of ever shorter reach, that goes down by a fair share of what the slope promises.

    No toll moves more than `farthest`: beyond it, choices that were left out would count.
    """
    curvature = curvature_of(choices, lambda some: _shares(some, here.prices, here.temperature)[0], here.temperature)
    for _ in range(_STEPS_BACK_AT_MOST):
        step = _newton_step(curvature, slope, reach)
        step *= min(1.0, farthest / max(float(np.abs(search.slots.tolls(step)).max()), 1e-300))
        there = search.within(here.prices + step)
        there = np.where(here.prices * there < 0, 0.0, there)  # a price stops at zero, where the slope has its edge
        found = _smoothed(choices, there, here.temperature)
        if found.value <= here.value + 1e-4 * float((slope * (there - here.prices)).sum()):
            return found
        reach *= 0.2
    return None


def _newton_step(curvature: Curvature, slope: Floats, reach: float) -> Floats:
    """Where the dual is flat, Newton would run away: each price is held back to about `reach` by its own slope."""
    moving = np.flatnonzero(slope)
    held_back = np.abs(slope[moving]) / reach + 1e-9 * max(float(curvature.diagonal[moving].max(initial=0.0)), 1e-9)
    step = np.zeros(len(slope))
    step[moving] = -curvature.solved(moving, held_back, slope[moving])
    return step
