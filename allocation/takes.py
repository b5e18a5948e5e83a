"""What each slot takes of which limits, in whole numbers. A *slot* is a place as one group sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocation.problem import NOWHERE, Ints, Problem


@dataclass(frozen=True, slots=True)
class Takes:
    """Slots are numbered through, group by group: `first[g]` is the first one of group g, and the last is their number.

    In row s and each column: `use[s]` of limit `limit[s]` for each one of measure `measure[s]`; columns that a slot
    does not need say 0 of limit 0. `group[i]` is the group of unit i.
    """

    first: Ints
    limit: Ints
    measure: Ints
    use: Ints
    group: Ints

    @property
    def width(self) -> int:
        return int(self.limit.shape[1])

    @classmethod
    def of(cls, problem: Problem) -> Takes:
        first = np.concatenate([[0], np.cumsum([len(group.places) for group in problem.groups])]).astype(np.int64)
        slot, limit, use = _entries(problem, first)
        order = np.argsort(slot, kind="stable")
        counts = np.bincount(slot, minlength=int(first[-1]))
        column = np.arange(len(slot)) - np.repeat(np.cumsum(counts) - counts, counts)
        at, shape = (slot[order], column), (int(first[-1]), int(counts.max(initial=0)))
        tables = [np.zeros(shape, dtype=np.int64) for _ in range(3)]
        for table, column_of in zip(tables, (limit, problem.limits.by[limit], use), strict=True):
            table[at] = column_of[order]
        sizes = [group.stop - group.start for group in problem.groups]
        return cls(first, tables[0], tables[1], tables[2], np.repeat(np.arange(len(sizes)), sizes))

    def slots(self, rows: Ints, place: Ints) -> Ints:
        """The slot of each of the units at its place, which is not NOWHERE."""
        found: Ints = self.first[self.group[rows]] + place
        return found

    def needs(self, problem: Problem, rows: Ints, place: Ints) -> tuple[Ints, Ints]:
        """Of which limits (columns), and how much, each of the units takes at its place; nothing at NOWHERE."""
        slot = np.where(place == NOWHERE, 0, self.slots(rows, place))
        amounts = np.stack(problem.amounts)[:, rows] if len(problem.amounts) > 1 else problem.accounts[None, rows]
        taken = self.use[slot] * amounts[self.measure[slot], np.arange(len(rows))[:, None]]
        taken[place == NOWHERE] = 0
        return self.limit[slot], taken


def _entries(problem: Problem, first: Ints) -> tuple[Ints, Ints, Ints]:
    """Slot, limit and use of every entry of every group."""
    empty = np.zeros(0, dtype=np.int64)
    parts = [
        (group.uses.place + start, group.uses.limit, group.uses.amount)
        for group, start in zip(problem.groups, first[:-1].tolist(), strict=True)
    ]
    slot, limit, use = (np.concatenate(column) for column in zip((empty, empty, empty), *parts, strict=True))
    used = use > 0
    return slot[used], limit[used], use[used]
