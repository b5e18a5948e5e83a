"""A problem per account and in multiples of what is usual, in floats: what prices are estimated from.

A *slot* is a place as one group sees it; slots are numbered through, group by group. What a slot takes of limits is
brought to usual accounts, so that every limit's price is of the order of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocation.problem import NO_MAXIMUM, PARTS, Floats, Group, Ints, Problem
from allocation.takes import Takes


@dataclass(frozen=True, slots=True)
class Entries:
    """What slots take of limits by one measure: `amount` in usual accounts, in any order."""

    slot: Ints
    limit: Ints
    amount: Floats


@dataclass(frozen=True, slots=True)
class Slots:
    """`quanta` is the mean worth of an account; `unit_price[r]` how many quanta a scaled price of one is for limit r.

    `lo` and `hi` are bounds in usual accounts. `usual[k]` is the mean of measure k per account; entries are by measure,
    and again as a table: `amount` beside `takes`.
    """

    problem: Problem
    first: Ints
    quanta: float
    usual: Floats
    unit_price: Floats
    lo: Floats
    hi: Floats
    entries: tuple[Entries, ...]
    takes: Takes
    amount: Floats

    @classmethod
    def of(cls, problem: Problem) -> Slots:
        takes = Takes.of(problem)
        accounts = max(float(problem.accounts.sum()), 1.0)
        quanta = max(float(problem.worth.sum()) / accounts, 1.0)
        usual = np.array([max(float(amounts.sum()) / accounts, 1e-9) for amounts in problem.amounts])
        slot, column = np.nonzero(takes.use)
        limit, by, use = takes.limit[slot, column], takes.measure[slot, column], takes.use[slot, column]
        scale = _mean_use(problem, limit, use) * usual[problem.limits.by]
        scaled = use * usual[by] / scale[limit]
        entries = tuple(Entries(slot[by == k], limit[by == k], scaled[by == k]) for k in range(len(usual)))
        hi = np.where(problem.limits.hi == NO_MAXIMUM, np.inf, problem.limits.hi / scale)
        unit_price = quanta / scale * np.exp2(problem.shifts)
        amounts = takes.use * usual[takes.measure] / scale[takes.limit]
        return cls(
            problem, takes.first, quanta, usual, unit_price, problem.limits.lo / scale, hi, entries, takes, amounts
        )

    @property
    def count(self) -> int:
        return int(self.first[-1])

    def tolls(self, prices: Floats) -> Floats:
        """By measure and slot: what a usual account pays there."""
        return np.stack(
            [
                np.bincount(part.slot, part.amount * prices[part.limit], self.count) if len(part.slot) else
                np.zeros(self.count)
                for part in self.entries
            ]
        )  # fmt: skip

    def loads(self, taken: Floats) -> Floats:
        """How much of each limit is used, from what slots take of each measure (rows of `taken`)."""
        used = np.zeros(len(self.lo))
        for part, amounts in zip(self.entries, taken, strict=True):
            used += np.bincount(part.limit, part.amount * amounts[part.slot], len(used))
        return used

    def amounts(self, rows: Ints) -> Floats:
        """By measure: how much of it an account of each unit is, beside the usual."""
        accounts = self.problem.accounts[rows]
        return np.stack([amounts[rows] / accounts / mean for amounts, mean in
                         zip(self.problem.amounts, self.usual, strict=True)])  # fmt: skip

    def values(self, group: Group, rows: Ints) -> Floats:
        """What an account of each unit brings at each place of the group."""
        problem, accounts = self.problem, self.problem.accounts[rows] * self.quanta
        found = (problem.worth[rows] / accounts)[:, None] * (group.fit_parts / PARTS)
        switching = problem.switching[rows] / accounts
        found -= switching[:, None]
        if group.costs is not None:
            found -= group.costs / self.quanta
        owner = problem.owner[rows]
        owned = np.flatnonzero(owner >= 0)
        found[owned, owner[owned]] += switching[owned]
        return found


def _mean_use(problem: Problem, limit: Ints, amount: Ints) -> Floats:
    count = len(problem.limits)
    entries = np.bincount(limit, minlength=count)
    return np.where(entries > 0, np.bincount(limit, amount, count) / np.maximum(entries, 1), 1.0)
