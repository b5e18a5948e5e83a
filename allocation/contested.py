"""The choices that prices can still change: pairs of a unit and a slot that are near the unit's best.

Most units have one place that is far better than all others, or none worth going to. They are summed up once; what is
left is small, and prices are sought on it alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocation.problem import ROWS_AT_ONCE, Floats, Group, Ints
from allocation.slots import Slots


@dataclass(frozen=True, slots=True)
class Contested:
    """Pairs in order of units: `unit[p]` (0, 1, … of those that are contested), `slot[p]` and `value[p]` per account.

    Of the units: `group`, `first` (pair), `accounts` and `amounts` (their measures beside the usual).
    `settled` is what slots take (by measure) of units that have one choice, which bring `settled_value`.
    """

    slots: Slots
    group: Ints
    unit: Ints
    slot: Ints
    value: Floats
    first: Ints
    accounts: Floats
    amounts: Floats
    settled: Floats
    settled_value: float

    def paid(self, tolls: Floats) -> Floats:
        """What an account of each pair's unit pays at its slot."""
        paid: Floats = tolls[0][self.slot]  # of accounts, every account is one
        for amounts, toll in zip(self.amounts[1:], tolls[1:], strict=True):
            paid += amounts[self.unit] * toll[self.slot]
        return paid

    def taken(self, weight: Floats) -> Floats:
        """By measure: what slots take of the contested units, each pair with its weight."""
        weighted = weight * self.accounts[self.unit]
        others = (weighted * amounts[self.unit] for amounts in self.amounts[1:])
        return np.stack([np.bincount(self.slot, each, self.slots.count) for each in (weighted, *others)])

    def thinned(self, every: int) -> Contested:
        """One unit of each `every`, weighing as much as all of them; nothing is settled."""
        units = np.arange(0, len(self.accounts), every)
        counts = np.diff(np.append(self.first, len(self.unit)))[units]
        first = np.cumsum(counts) - counts
        pairs = np.arange(counts.sum()) + np.repeat(self.first[units] - first, counts)
        return Contested(
            self.slots,
            self.group[units],
            np.repeat(np.arange(len(units)), counts),
            self.slot[pairs],
            self.value[pairs],
            first,
            self.accounts[units] * every,
            self.amounts[:, units],
            np.zeros_like(self.settled),
            0.0,
        )


def contested(slots: Slots, prices: Floats, width: float) -> Contested:
    """Pairs that are at most `width` below the best of their unit at the prices; being held is always a choice."""
    tolls = slots.tolls(prices)
    parts = [_near_best(slots, group, rows, tolls, int(start), width) for group, start, rows in _blocks(slots)]
    rows, counts, slot, alone, alone_at = (
        np.concatenate([np.zeros(0, dtype=np.int64), *(getattr(part, name) for part in parts)])
        for name in ("rows", "counts", "slot", "alone", "alone_at")
    )
    value = np.concatenate([np.zeros(0), *(part.value for part in parts)])
    taken = slots.amounts(alone) * slots.problem.accounts[alone]
    return Contested(
        slots,
        slots.takes.group[rows],
        np.repeat(np.arange(len(rows)), counts),
        slot,
        value,
        np.cumsum(counts) - counts,
        slots.problem.accounts[rows].astype(np.float64),
        slots.amounts(rows),
        np.stack([np.bincount(alone_at, amounts, slots.count) for amounts in taken]),
        sum(part.alone_value for part in parts),
    )


@dataclass(frozen=True, slots=True)
class _NearBest:
    """Of one block: contested units with the number of their pairs, the pairs, and units with one place and its slot;
    units that nobody would take are left out."""

    rows: Ints
    counts: Ints
    slot: Ints
    value: Floats
    alone: Ints
    alone_at: Ints
    alone_value: float


def _blocks(slots: Slots) -> list[tuple[Group, int, Ints]]:
    return [
        (group, int(start), np.arange(begin, min(begin + ROWS_AT_ONCE, group.stop)))
        for group, start in zip(slots.problem.groups, slots.first[:-1], strict=True)
        if len(group.places)
        for begin in range(group.start, group.stop, ROWS_AT_ONCE)
    ]


def _near_best(slots: Slots, group: Group, rows: Ints, tolls: Floats, start: int, width: float) -> _NearBest:
    values = slots.values(group, rows)
    net = values.copy()
    for amounts, toll in zip(slots.amounts(rows), tolls[:, start : start + len(group.places)], strict=True):
        if toll.any():
            net -= amounts[:, None] * toll
    best = np.maximum(net.max(axis=1), 0.0)
    near = net >= (best - width)[:, None]
    counts = near.sum(axis=1)
    may_be_held = best <= width
    is_alone = (counts == 1) & ~may_be_held
    is_contested = (counts > 0) & ~is_alone
    unit, at = np.nonzero(near & is_contested[:, None])
    alone = np.flatnonzero(is_alone)
    alone_at = near[alone].argmax(axis=1)
    brought = values[alone, alone_at] * slots.problem.accounts[rows[alone]]
    pairs = (at + start, values[unit, at])
    return _NearBest(rows[is_contested], counts[is_contested], *pairs, rows[alone], alone_at + start,
                     float(brought.sum()))  # fmt: skip
