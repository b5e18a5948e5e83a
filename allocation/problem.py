"""What the solver sees: units of work, the destinations that each group of them may go to, and limits with prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

PARTS = 10_000  # fits and switching costs are whole parts of ten thousand, so that values stay integers
ROWS_AT_ONCE = 8_192  # a block of scores stays in the processor's cache; results do not depend on it

NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Group:
    """Units that may go to the same places: `start`..`stop` of the problem's units.

    `places` are destinations by number. `fit_parts[j]` is what a unit brings at place j, in parts of its worth;
    `uses[r, j]` is how much one account at place j takes from limit r; `limits` names the r. Without any place, a group
    `is_reachable` if there are destinations for it, all of them full.
    """

    start: int
    stop: int
    places: Ints
    fit_parts: Ints
    limits: Ints
    uses: Ints
    is_reachable: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """Integers throughout: worth, costs and prices in quanta, so that sums are exact in any order.

    Units are ordered by group. `owner[i]` is the position of the present owner among the places of the unit's group,
    or NOWHERE; every other place then brings `switching[i]` less. `limits[r]` is what may be used of limit r.
    """

    groups: tuple[Group, ...]
    accounts: Ints
    worth: Ints
    switching: Ints
    owner: Ints
    hashes: Hashes
    limits: Ints

    @property
    def size(self) -> int:
        return len(self.worth)

    def values(self, group: Group, rows: Ints) -> Ints:
        """What each of the units `rows` brings at each place of their group, in quanta."""
        worth = self.worth[rows, None]
        found: Ints = worth * group.fit_parts // PARTS - self.switching[rows, None]
        owned = np.flatnonzero(self.owner[rows] != NOWHERE)
        found[owned, self.owner[rows[owned]]] += self.switching[rows[owned]]
        return found

    def sampled(self, every: int) -> Problem:
        """About one unit of each `every`, drawn by hash, with limits in proportion."""
        kept = self.hashes % np.uint64(every) == 0
        before = np.concatenate([[0], np.cumsum(kept)])
        groups = tuple(
            replace(group, start=int(before[group.start]), stop=int(before[group.stop])) for group in self.groups
        )
        return Problem(
            groups,
            self.accounts[kept],
            self.worth[kept],
            self.switching[kept],
            self.owner[kept],
            self.hashes[kept],
            self.limits * int(self.accounts[kept].sum()) // max(int(self.accounts.sum()), 1),
        )

    def blocks(self) -> Iterator[tuple[Group, Ints]]:
        """Every unit once, in blocks of one group each."""
        for group in self.groups:
            for start in range(group.start, group.stop, ROWS_AT_ONCE):
                yield group, np.arange(start, min(start + ROWS_AT_ONCE, group.stop), dtype=np.int64)


def toll(group: Group, prices: npt.NDArray[np.int64]) -> Ints:
    """What one account pays at each place of the group: the prices of all limits that it uses there."""
    paid: Ints = (group.uses * prices[group.limits, None]).sum(axis=0)
    return paid


def room(group: Group, left: Ints) -> Ints:
    """How many accounts each place of the group can still take."""
    most = np.full(len(group.places), np.iinfo(np.int64).max)
    for limit, uses in zip(group.limits, group.uses, strict=True):
        used = uses > 0
        most[used] = np.minimum(most[used], left[limit] // uses[used])
    return most


def proven_bound(problem: Problem, prices: Ints) -> int:
    """No allocation can bring more, whatever the prices: the Lagrangian dual, in Python's unbounded integers."""
    bound = sum(int(limit) * int(price) for limit, price in zip(problem.limits, prices, strict=True))
    for group, rows in problem.blocks():
        net = problem.values(group, rows) - problem.accounts[rows, None] * toll(group, prices)
        bound += int(np.maximum(net.max(axis=1, initial=0), 0).sum())
    return bound
