"""What the solver sees: units of work, the places that each group of them may go to, and limits with prices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

PARTS = 10_000  # fits and switching costs are whole parts of ten thousand, so that values stay integers
ROWS_AT_ONCE = 8_192  # a block of scores stays in the processor's cache; results do not depend on it

NOWHERE = -1
NO_MAXIMUM = 1 << 62
ACCOUNTS = 0  # the measure that every problem has: how many accounts a unit is

_BITS_OF_PRICES = 20  # how fine prices of other measures are, beside the mean worth of what they measure
_BITS_OF_PRODUCTS = 60


@dataclass(frozen=True, slots=True)
class Limit:
    """At least `lo` and at most `hi` of what is used: for each unit at a place, its measure × the place's use.

    `by` is the number of the measure: ACCOUNTS, or the position in `Problem.measures` plus one. A limit without a
    minimum has lo = 0, one without a maximum hi = NO_MAXIMUM. Maximums are never passed; minimums that cannot be met
    are told as violations.
    """

    name: str
    lo: int = 0
    hi: int = NO_MAXIMUM
    by: int = ACCOUNTS


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of a problem, in columns; a limit's number is its position."""

    names: tuple[str, ...]
    lo: Ints
    hi: Ints
    by: Ints

    @classmethod
    def of(cls, limits: Iterable[Limit]) -> Limits:
        rows = tuple(limits)
        columns = ([row.lo for row in rows], [row.hi for row in rows], [row.by for row in rows])
        return cls(tuple(row.name for row in rows), *(np.array(column, dtype=np.int64) for column in columns))

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Uses:
    """What places take from limits: entry e says that place `place[e]` (a position among the group's places) takes
    `amount[e]` ≥ 0 of limit `limit[e]` for each one that the limit's measure counts of a unit. In any order."""

    place: Ints
    limit: Ints
    amount: Ints

    @classmethod
    def of(cls, entries: Iterable[tuple[int, int, int]]) -> Uses:
        """From triples (place, limit, amount)."""
        columns = np.array(list(entries), dtype=np.int64).reshape(-1, 3).T
        return cls(*(np.ascontiguousarray(column) for column in columns))


@dataclass(frozen=True, slots=True)
class Group:
    """Units that may go to the same places: `start`..`stop` of the problem's units.

    `places` are destinations by number, in ascending order. `fit_parts[j]` is what a unit brings at place j, in parts
    of its worth; `costs[j]` what working one account there costs, in quanta (left out: nothing); `uses` what it takes
    of the limits. Without any place, a group `is_reachable` if there are destinations for it, all of them full.
    """

    start: int
    stop: int
    places: Ints
    fit_parts: Ints
    uses: Uses
    costs: Ints | None = None
    is_reachable: bool = True


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that limits count other than accounts: minutes, balance or expected value, as a whole number per unit.

    Prices of limits by this measure are in quanta per 2**shift of it: they would be too coarse otherwise.
    """

    name: str
    amounts: Ints
    shift: int

    @classmethod
    def of(cls, name: str, amounts: Ints, worth: Ints) -> Measure:
        """With the shift that makes prices fine, and still leaves room for the largest amount × price."""
        mean_amount, mean_worth = (max(float(each.sum()) / max(len(each), 1), 1.0) for each in (amounts, worth))
        wanted = _BITS_OF_PRICES + np.log2(mean_amount / mean_worth)
        largest_product = max(float(amounts.max(initial=1)), 1.0) / mean_amount * max(float(worth.max(initial=1)), 1.0)
        return cls(
            name, amounts, int(np.clip(np.ceil(wanted), 0, max(_BITS_OF_PRODUCTS - np.log2(largest_product), 0)))
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Integers throughout: worth, costs and prices in quanta, so that sums are exact in any order.

    Units are ordered by group. `owner[i]` is the position of the present owner among the places of the unit's group,
    or NOWHERE; every other place then brings `switching[i]` less. What a unit brings at a place is its worth × fit,
    less switching, less accounts × the place's costs; nobody has to work it, and then it brings nothing.
    """

    groups: tuple[Group, ...]
    accounts: Ints
    worth: Ints
    switching: Ints
    owner: Ints
    hashes: Hashes
    limits: Limits
    measures: tuple[Measure, ...] = ()

    @property
    def size(self) -> int:
        return len(self.worth)

    @property
    def amounts(self) -> tuple[Ints, ...]:
        """Of each measure by number, what each unit has of it."""
        return (self.accounts, *(measure.amounts for measure in self.measures))

    @property
    def shifts(self) -> Ints:
        """Of each limit, the shift of its measure: its price is in quanta per 2**shift."""
        return np.array([0, *(measure.shift for measure in self.measures)], dtype=np.int64)[self.limits.by]

    def values(self, group: Group, rows: Ints) -> Ints:
        """What each of the units `rows` brings at each place of their group, in quanta."""
        found: Ints = self.worth[rows, None] * group.fit_parts
        found //= PARTS
        found -= self.switching[rows, None]
        if group.costs is not None:
            found -= self.accounts[rows, None] * group.costs
        owned = np.flatnonzero(self.owner[rows] != NOWHERE)
        found[owned, self.owner[rows[owned]]] += self.switching[rows[owned]]
        return found

    def tolls(self, group: Group, rows: Ints, prices: Ints) -> Ints:
        """What each of the units pays at each place of their group for the limits that it uses there, rounded down."""
        paid = np.zeros((len(rows), len(group.places)), dtype=np.int64)
        for number, amounts in enumerate(self.amounts):
            of_measure = self.limits.by[group.uses.limit] == number
            if of_measure.any():
                toll = np.zeros(len(group.places), dtype=np.int64)
                entries = (group.uses.place[of_measure], group.uses.limit[of_measure], group.uses.amount[of_measure])
                np.add.at(toll, entries[0], entries[2] * prices[entries[1]])
                shift = self.measures[number - 1].shift if number else 0
                paid += (amounts[rows, None] * toll) >> shift
        return paid

    def nets(self, group: Group, rows: Ints, prices: Ints) -> Ints:
        """Values less tolls."""
        return self.values(group, rows) - self.tolls(group, rows, prices)

    def used(self, place: Ints) -> Ints:
        """How much of each limit is used, if each unit is at its `place`."""
        used = np.zeros(len(self.limits), dtype=np.int64)
        for group in self.groups:
            inside = place[group.start : group.stop]
            placed = np.flatnonzero(inside != NOWHERE)
            for number, amounts in enumerate(self.amounts):
                of_measure = self.limits.by[group.uses.limit] == number
                if len(placed) and of_measure.any():
                    taken = np.zeros(len(group.places), dtype=np.int64)
                    np.add.at(taken, inside[placed], amounts[group.start + placed])
                    limit, at = group.uses.limit[of_measure], group.uses.place[of_measure]
                    np.add.at(used, limit, group.uses.amount[of_measure] * taken[at])
        return used

    def value(self, place: Ints) -> int:
        """What all units bring, if each is at its `place`."""
        value = 0
        for group, rows in self.blocks():
            placed = np.flatnonzero(place[rows] != NOWHERE)
            if len(placed):
                value += int(self.values(group, rows[placed])[np.arange(len(placed)), place[rows[placed]]].sum())
        return value

    def sampled(self, every: int) -> Problem:
        """About one unit of each `every`, drawn by hash, with limits in proportion."""
        kept = self.hashes % np.uint64(every) == 0
        before = np.concatenate([[0], np.cumsum(kept)])
        groups = tuple(
            replace(group, start=int(before[group.start]), stop=int(before[group.stop])) for group in self.groups
        )
        share = float(self.accounts[kept].sum()) / max(float(self.accounts.sum()), 1.0)
        lo, hi = ((bound * share).astype(np.int64) for bound in (self.limits.lo, self.limits.hi))
        return Problem(
            groups,
            self.accounts[kept],
            self.worth[kept],
            self.switching[kept],
            self.owner[kept],
            self.hashes[kept] // np.uint64(every),  # so that a sample of the sample is drawn anew
            replace(self.limits, lo=lo, hi=np.where(self.limits.hi == NO_MAXIMUM, NO_MAXIMUM, hi)),
            tuple(replace(measure, amounts=measure.amounts[kept]) for measure in self.measures),
        )

    def blocks(self) -> Iterator[tuple[Group, Ints]]:
        """Every unit once, in blocks of one group each."""
        for group in self.groups:
            for start in range(group.start, group.stop, ROWS_AT_ONCE):
                yield group, np.arange(start, min(start + ROWS_AT_ONCE, group.stop), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Violation:
    """A bound of a limit that the allocation does not keep: `asked` (its minimum, or its maximum) and `reached`."""

    limit: str
    asked: int
    reached: int

    @property
    def missing(self) -> int:
        """By how much; below zero where a maximum is passed."""
        return self.asked - self.reached

    def __str__(self) -> str:
        if self.missing > 0:
            return f"{self.limit}: {self.reached} where {self.asked} is the least: {self.missing} cannot be met"
        return f"{self.limit}: {self.reached} where {self.asked} is the most"


def violations(limits: Limits, used: Ints) -> tuple[Violation, ...]:
    """Which minimums are not met and which maximums are passed, in order of limits."""
    bounds = zip(limits.names, limits.lo.tolist(), limits.hi.tolist(), used.tolist(), strict=True)
    return tuple(
        Violation(name, lo if reached < lo else hi, reached)
        for name, lo, hi, reached in bounds
        if not lo <= reached <= hi
    )


def proven_bound(problem: Problem, prices: Ints, used: Ints | None = None) -> int:
    """No allocation can bring more, whatever the prices: the Lagrangian dual, in Python's unbounded integers.

    A price above zero is for the maximum, one below zero for the minimum. With `used`, no allocation that meets the
    minimums at least as far as that brings more: what cannot be met would otherwise leave nothing to compare with.
    """
    bound = sum(_dearest(problem, prices, used))
    for group, rows in problem.blocks():
        if len(group.places):
            bound += int(np.maximum(problem.nets(group, rows, prices).max(axis=1), 0).sum())
    return bound


def _dearest(problem: Problem, prices: Ints, used: Ints | None) -> Iterator[int]:
    """What the limits are worth at the prices: each in full, minimums as debts; rounded up."""
    limits = problem.limits
    lo = limits.lo if used is None else np.minimum(limits.lo, used)
    columns: Sequence[list[int]] = (prices.tolist(), lo.tolist(), limits.hi.tolist(), problem.shifts.tolist())
    for price, least, most, shift in zip(*columns, strict=True):
        yield -((-(most if price > 0 else least) * price) >> shift)
