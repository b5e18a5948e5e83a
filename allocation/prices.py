"""One price per limit, such that each unit going where it brings most, net of prices, just fills what there is.

The dual of the assignment problem is convex but has edges; it is smoothed by log-sum-exp at a temperature, minimised
by projected Newton steps, and cooled down. Prices are estimates in float64: they are rounded to whole quanta before
anything is decided by them, and the bound is then proven in integers. What is summed over units are shares in binary
fractions, so that the sums are exact: threads and the order of addition leave no trace in the prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from allocation.problem import NOWHERE, PARTS, ROWS_AT_ONCE, Floats, Group, Ints, Problem

_TEMPERATURES = tuple(3e-5 * 4**step for step in range(7, -1, -1))  # in multiples of the mean worth of an account
_WARM, _COLDEST = 4, 2  # how many of them are left to do from yesterday's prices, and from those of a sample
_SAMPLED_FROM_UNITS = 200_000
_SAMPLE_UNITS = 50_000
_STEPS_AT_MOST = 12
_STEPS_BACK_AT_MOST = 8
_FIRST_REACH = 20.0  # how far a first step may move prices, in temperatures
_FURTHER = 3.0  # how much farther than the last one a step may go
_WORTHWHILE = 2e-7  # share of the value that a step must gain, for another one to be tried
_GRAIN = 2.0**17  # shares are multiples of its inverse; products of two, summed over a block, stay below 2**53
_UNBALANCED_AT_MOST = 3e-3  # share of all capacity that may be over or under, when a temperature is done


def solve_prices(problem: Problem, before: Ints | None = None) -> Ints:
    """The price of each limit in quanta per unit of use; `before` (yesterday's) saves most of the way.

    Large problems begin with a sample drawn by hash.
    """
    if not len(problem.limits) or not problem.size:
        return np.zeros(len(problem.limits), dtype=np.int64)
    steps = len(_TEMPERATURES) if before is None else _WARM
    if problem.size > _SAMPLED_FROM_UNITS:
        before = solve_prices(problem.sampled(problem.size // _SAMPLE_UNITS), before)
        steps = _COLDEST
    scaled = _Scaled.of(problem)
    prices = np.zeros(len(problem.limits)) if before is None else before / scaled.quanta
    for temperature in _TEMPERATURES[-steps:]:
        prices = _minimise(scaled, prices, temperature)
    return np.maximum(np.rint(prices * scaled.quanta), 0).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Scaled:
    """The problem per account and in multiples of the mean worth of an account (`quanta`)."""

    problem: Problem
    quanta: float
    worth: Floats
    switching: Floats
    accounts: Floats
    limits: Floats

    @classmethod
    def of(cls, problem: Problem) -> _Scaled:
        quanta = max(float(problem.worth.sum()) / float(problem.accounts.sum()), 1.0)
        accounts = problem.accounts.astype(np.float64)
        worth, switching = problem.worth / accounts / quanta, problem.switching / accounts / quanta
        return cls(problem, quanta, worth, switching, accounts, problem.limits.astype(np.float64))


@dataclass(frozen=True, slots=True)
class _Local:
    """The smoothed dual at some prices: its value, slope and curvature."""

    value: float
    slope: Floats
    curvature: Floats


def _minimise(scaled: _Scaled, prices: Floats, temperature: float) -> Floats:
    here, reach = _smoothed(scaled, prices, temperature), min(1.0, _FIRST_REACH * temperature)
    for _ in range(_STEPS_AT_MOST):
        moving = np.flatnonzero((prices > 0) | (here.slope < 0))
        if np.abs(here.slope[moving]).sum() <= _UNBALANCED_AT_MOST * scaled.limits.sum():
            break
        found = _descend(scaled, prices, here, moving, reach, temperature)
        if found is None:
            break
        reach = _FURTHER * float(np.abs(found[0] - prices).max())
        gained = here.value - found[1].value
        prices, here = found
        if gained < _WORTHWHILE * here.value:
            break
    return prices


def _descend(
    scaled: _Scaled, prices: Floats, here: _Local, moving: npt.NDArray[np.intp], reach: float, temperature: float
) -> tuple[Floats, _Local] | None:
    """The first step, of ever shorter reach, that goes down by a fair share of what the slope promises."""
    for _ in range(_STEPS_BACK_AT_MOST):
        there = np.maximum(prices + _newton_step(here, moving, reach), 0.0)
        found = _smoothed(scaled, there, temperature)
        if found.value <= here.value + 1e-4 * float((here.slope * (there - prices)).sum()):
            return there, found
        reach *= 0.2
    return None


def _newton_step(here: _Local, moving: npt.NDArray[np.intp], reach: float) -> Floats:
    """Where the dual is flat, Newton would run away: each price is held back to about `reach` by its own slope."""
    curvature = here.curvature[np.ix_(moving, moving)]
    held_back = np.abs(here.slope[moving]) / reach + 1e-9 * max(float(np.diag(curvature).max(initial=0.0)), 1e-9)
    step = np.zeros(len(here.slope))
    step[moving] = -_solved(curvature + np.diag(held_back), here.slope[moving])
    return step


def _solved(matrix: Floats, right: Floats) -> Floats:
    """Gauss and Jordan, for a positive definite matrix: LAPACK's answer would depend on the number of threads."""
    table = np.column_stack([matrix, right])
    for pivot in range(len(right)):
        table[pivot] /= table[pivot, pivot]
        others = np.arange(len(right)) != pivot
        table[others] -= table[others, pivot, None] * table[pivot]
    return table[:, -1]


def _smoothed(scaled: _Scaled, prices: Floats, temperature: float) -> _Local:
    value = float(scaled.limits @ prices)
    slope = scaled.limits.copy()
    curvature = np.zeros((len(prices), len(prices)))
    for group in scaled.problem.groups:
        taken, together, gained = _of_group(scaled, group, prices, temperature)
        value += temperature * gained
        slope[group.limits] -= group.uses @ taken
        curvature[np.ix_(group.limits, group.limits)] += group.uses @ (np.diag(taken) - together) @ group.uses.T
    return _Local(value, slope, curvature / temperature)


def _of_group(scaled: _Scaled, group: Group, prices: Floats, temperature: float) -> tuple[Floats, Floats, float]:
    """Accounts taken by each place, and by each pair of places together, when units choose softly; hold is free."""
    places = len(group.places)
    taken, together, gained = np.zeros(places), np.zeros((places, places)), 0.0
    if not places:
        return taken, together, gained
    fit, paid = group.fit_parts / PARTS / temperature, prices[group.limits] @ group.uses / temperature
    for start in range(group.start, group.stop, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, group.stop))
        net = scaled.worth[rows, None] * fit - paid
        _charge_switching(net, scaled.switching[rows] / temperature, scaled.problem.owner[rows])
        best = np.maximum(net.max(axis=1), 0.0)
        share = np.exp(net - best[:, None], out=net)
        whole = share.sum(axis=1) + np.exp(-best)
        share /= whole[:, None]
        share = np.rint(share * _GRAIN) / _GRAIN
        weighted = share * scaled.accounts[rows, None]
        taken += weighted.sum(axis=0)
        together += weighted.T @ share
        gained += float((scaled.accounts[rows] * (best + np.log(whole))).sum())
    return taken, together, gained


def _charge_switching(net: Floats, switching: Floats, owner: Ints) -> None:
    net -= switching[:, None]
    owned = np.flatnonzero(owner != NOWHERE)
    net[owned, owner[owned]] += switching[owned]
