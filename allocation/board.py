"""Where units are while they are moved one by one: what that uses, and which moves the limits allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocation.problem import NOWHERE, Group, Ints, Problem
from allocation.takes import Takes


@dataclass(frozen=True, slots=True)
class Board:
    """`place` and `used` change with every move."""

    problem: Problem
    prices: Ints
    takes: Takes
    place: Ints
    used: Ints

    @classmethod
    def of(cls, problem: Problem, prices: Ints, place: Ints) -> Board:
        return cls(problem, prices, Takes.of(problem), place.copy(), problem.used(place))

    @property
    def left(self) -> Ints:
        """What is left of each maximum."""
        return self.problem.limits.hi - self.used

    def group(self, row: int) -> Group:
        return self.problem.groups[int(self.takes.group[row])]

    def value(self, row: int, place: int) -> int:
        return 0 if place == NOWHERE else int(self.values(row)[place])

    def values(self, row: int) -> Ints:
        """What the unit brings at each place of its group."""
        found: Ints = self.problem.values(self.group(row), np.array([row]))[0]
        return found

    def nets(self, row: int) -> Ints:
        found: Ints = self.problem.nets(self.group(row), np.array([row]), self.prices)[0]
        return found

    def change(self, *moves: tuple[int, int]) -> Ints:
        """How much more of each limit would be used after the moves (unit, new place)."""
        change = np.zeros(len(self.used), dtype=np.int64)
        rows = np.array([row for row, _ in moves], dtype=np.int64)
        for places, sign in ((self.place[rows], -1), (np.array([place for _, place in moves]), 1)):
            limit, need = self.takes.needs(self.problem, rows, places)
            np.add.at(change, limit, sign * need)
        return change

    def allows(self, change: Ints) -> bool:
        """Whether no maximum would be passed, and no minimum be missed by more than it is."""
        limits, after = self.problem.limits, self.used + change
        kept = (change <= 0) | (after <= limits.hi)
        return bool((kept & ((change >= 0) | (after >= np.minimum(limits.lo, self.used)))).all())

    def move(self, *moves: tuple[int, int]) -> None:
        self.used[:] += self.change(*moves)
        for row, place in moves:
            self.place[row] = place
