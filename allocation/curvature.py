"""The curvature of the smoothed dual, and Newton's equations: a table for few limits, conjugate gradients for many.

Neither uses LAPACK or lets BLAS add up rounded numbers: the answer would depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from allocation.contested import Contested
from allocation.problem import Floats, Ints
from allocation.slots import Slots

_TABLE_AT_MOST = 128  # limits
_UNITS_ENOUGH = 40_000
_PRODUCTS_AT_ONCE = 1 << 18  # so small that BLAS does not wake other threads for it: waiting for them takes longer
_GRAIN = 2.0**17  # entries are multiples of its inverse: products of two, summed over a block, stay below 2**53
_CLOSE_ENOUGH = 1e-2  # of the right side, for conjugate gradients: the next step corrects the rest
_TURNS_AT_MOST = 60

Positions = npt.NDArray[np.intp]


class Curvature(Protocol):
    @property
    def diagonal(self) -> Floats: ...

    def solved(self, moving: Positions, held_back: Floats, right: Floats) -> Floats:
        """x with (curvature of the `moving` limits + diagonal of `held_back`) x = right."""


def curvature_of(choices: Contested, shares: Callable[[Contested], Floats], temperature: float) -> Curvature:
    """Of many units, a part is enough: curvature decides how fast prices are found, not which."""
    choices = choices.thinned(max(len(choices.accounts) // _UNITS_ENOUGH, 1))
    share = shares(choices)
    if len(choices.slots.lo) <= _TABLE_AT_MOST:
        return _Table(_table(choices, share) / temperature)
    return _Products(choices, share, temperature, _diagonal(choices, share) / temperature)


@dataclass(frozen=True, slots=True)
class _Table:
    table: Floats

    @property
    def diagonal(self) -> Floats:
        return np.diag(self.table)

    def solved(self, moving: Positions, held_back: Floats, right: Floats) -> Floats:
        """Gauss and Jordan, for a positive definite matrix."""
        table = np.column_stack([self.table[np.ix_(moving, moving)] + np.diag(held_back), right])
        for pivot in range(len(right)):
            table[pivot] /= table[pivot, pivot]
            column = table[:, pivot].copy()
            column[pivot] = 0.0
            table -= column[:, None] * table[pivot]
        return table[:, -1]


def _table(choices: Contested, share: Floats) -> Floats:
    """Σ over units: what both limits take together, less the product of what each takes on average."""
    limits = len(choices.slots.lo)
    weighted = share * choices.accounts[choices.unit]
    table = np.zeros(limits * limits)
    takes = [
        (choices.slots.takes.limit[choices.slot, column], _takes(choices, column))
        for column in range(choices.slots.takes.width)
    ]
    for limit, amount in takes:
        for other, other_amount in takes:
            table += np.bincount(limit * limits + other, weighted * amount * other_amount, limits * limits)
    for group in np.unique(choices.group):
        table -= _of_means(choices, share, int(group))
    return table.reshape(limits, limits)


def _of_means(choices: Contested, share: Floats, group: int) -> Floats:
    """Σ over the units of a group of account × mean × mean, for each two limits."""
    slots, limits = choices.slots, len(choices.slots.lo)
    units = np.arange(*np.searchsorted(choices.group, (group, group + 1)))
    pairs = slice(*np.searchsorted(choices.unit, (units[0], units[-1] + 1)))
    own = np.arange(slots.takes.first[group], slots.takes.first[group + 1])
    chosen = np.zeros((len(units), len(own)))
    chosen[choices.unit[pairs] - units[0], choices.slot[pairs] - own[0]] = np.rint(share[pairs] * _GRAIN) / _GRAIN
    found = np.zeros(limits * limits)
    for one, one_amounts in enumerate(choices.amounts):
        for two, two_amounts in enumerate(choices.amounts):
            weights = choices.accounts[units] * one_amounts[units] * two_amounts[units]
            found += _on_limits(slots, own, (one, two), _summed_products(chosen, weights))
    return found


def _summed_products(chosen: Floats, weights: Floats) -> Floats:
    places = chosen.shape[1]
    at_once = max(_PRODUCTS_AT_ONCE // places**2, 1)
    summed = np.zeros((places, places))
    for start in range(0, len(chosen), at_once):
        block = chosen[start : start + at_once]
        summed += (block * weights[start : start + at_once, None]).T @ block
    return summed


def _on_limits(slots: Slots, own: Ints, measures: tuple[int, int], summed: Floats) -> Floats:
    """What a table over the slots of a group comes to over limits, by what the slots take by the two measures."""
    takes, limits = slots.takes, len(slots.lo)
    found = np.zeros(limits * limits)
    for one in range(takes.width):
        for two in range(takes.width):
            amount = np.where(takes.measure[own, one] == measures[0], slots.amount[own, one], 0.0)
            other = np.where(takes.measure[own, two] == measures[1], slots.amount[own, two], 0.0)
            key = takes.limit[own, one][:, None] * limits + takes.limit[own, two]
            found += np.bincount(key.ravel(), (amount[:, None] * other * summed).ravel(), limits * limits)
    return found


def _takes(choices: Contested, column: int) -> Floats:
    """What an account of each pair's unit takes of the limit in this column of its slot."""
    amount: Floats = choices.slots.amount[choices.slot, column]
    if len(choices.amounts) == 1:
        return amount
    taken: Floats = amount * choices.amounts[choices.slots.takes.measure[choices.slot, column], choices.unit]
    return taken


@dataclass(frozen=True, slots=True)
class _Products:
    choices: Contested
    share: Floats
    temperature: float
    diagonal: Floats

    def solved(self, moving: Positions, held_back: Floats, right: Floats) -> Floats:
        found, rest = np.zeros(len(right)), right.copy()
        scale = 1 / (self.diagonal[moving] + held_back)
        ahead = scale * rest
        before = float((rest * ahead).sum())
        enough = _CLOSE_ENOUGH**2 * before
        for _ in range(_TURNS_AT_MOST):
            product = self._times(moving, ahead) + held_back * ahead
            length = before / float((ahead * product).sum())
            found += length * ahead
            rest -= length * product
            now = float((rest * rest * scale).sum())
            if now <= enough:
                break
            ahead = scale * rest + now / before * ahead
            before = now
        return found

    def _times(self, moving: Positions, vector: Floats) -> Floats:
        choices, slots = self.choices, self.choices.slots
        whole = np.zeros(len(slots.lo))
        whole[moving] = vector
        paid = choices.paid(slots.tolls(whole))
        mean = np.bincount(choices.unit, self.share * paid, len(choices.accounts))
        taken = choices.taken(self.share * (paid - mean[choices.unit]))
        product: Floats = slots.loads(taken)[moving] / self.temperature
        return product


def _diagonal(choices: Contested, share: Floats) -> Floats:
    """What each limit's own curvature comes to, if no unit has two places that use it."""
    slots = choices.slots
    spread = share * (1 - share) * choices.accounts[choices.unit]
    diagonal = np.zeros(len(slots.lo))
    for column in range(slots.takes.width):
        limit, amount = slots.takes.limit[choices.slot, column], _takes(choices, column)
        diagonal += np.bincount(limit, spread * amount**2, len(diagonal))
    return diagonal
