"""Classes of like units: what a programme can share out where units are too many to be decided one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocation.problem import NOWHERE, Floats, Hashes, Ints, Problem
from allocation.takes import Takes

_BINS_AT_MOST = 64  # of worth, among what a group has of one owner


@dataclass(frozen=True, slots=True)
class Classes:
    """`of_unit[i]` is the class of unit i. Columns are pairs of a class and a place of its group, in order of both;
    classes whose units can go nowhere are left out, and of those `of_unit` is NOWHERE.

    Of the classes: `amounts` (by measure, all units together), `worth`, the `first` column (and at the end, how many
    columns there are). Of the columns: `owner` (the class), `at` (the place among the group's), `slot`, `value` (of all
    units of the class there).
    """

    of_unit: Ints
    amounts: Floats
    worth: Floats
    first: Ints
    owner: Ints
    at: Ints
    slot: Ints
    value: Floats

    @property
    def count(self) -> int:
        return len(self.worth)

    @classmethod
    def of(cls, problem: Problem, place: Ints, columns: int) -> Classes:
        """As many as make about so many columns; `place` is where units are without a band."""
        takes, of_unit = Takes.of(problem), _classed(problem, place, columns)
        rows = np.flatnonzero(of_unit != NOWHERE)
        count = int(of_unit.max(initial=NOWHERE)) + 1
        group = np.zeros(count, dtype=np.int64)
        group[of_unit[rows]] = takes.group[rows]
        width = np.diff(takes.first)[group]
        first = np.concatenate([[0], np.cumsum(width)]).astype(np.int64)
        owner = np.repeat(np.arange(count), width)
        at = np.arange(first[-1]) - first[owner]
        amounts = np.stack([_summed(of_unit[rows], amounts[rows], count) for amounts in problem.amounts])
        worth = _summed(of_unit[rows], problem.worth[rows], count)
        value = _values(problem, of_unit, first)
        return cls(of_unit, amounts, worth, first, owner, at, takes.first[group][owner] + at, value)


def _classed(problem: Problem, place: Ints, columns: int) -> Ints:
    """Units of one group and owner, worked or not, in bins of worth for each account: narrow where units are worth
    much, and where they are many."""
    width = np.array([len(group.places) for group in problem.groups], dtype=np.int64)
    group = np.repeat(np.arange(len(width)), [one.stop - one.start for one in problem.groups])
    rows = np.flatnonzero(width[group] > 0)
    owners = int(problem.owner.max(initial=NOWHERE)) + 2
    key = ((group * owners + problem.owner + 1) * 2 + (place == NOWHERE))[rows]
    kinds, kind = np.unique(key, return_inverse=True)
    bins = columns // max(int(width[kinds // (2 * owners)].sum()), 1)
    worth = problem.worth[rows] / problem.accounts[rows]
    inside = _binned(kind, worth, problem.hashes[rows], int(np.clip(bins, 1, _BINS_AT_MOST)))
    found = np.full(problem.size, NOWHERE, dtype=np.int64)
    found[rows] = np.unique(kind * _BINS_AT_MOST + inside, return_inverse=True)[1]
    return found


def _binned(kind: Ints, worth: Floats, hashes: Hashes, bins: int) -> Ints:
    """The number of each unit's bin in its kind, in order of worth; all bins of a kind have as much of the roots."""
    order = np.lexsort((hashes, worth, kind))
    root = np.sqrt(worth[order])
    until = np.cumsum(root)
    begins = np.searchsorted(kind[order], kind[order])
    whole = np.bincount(kind, np.sqrt(worth))[kind[order]]
    inside = (until - root / 2 - (until - root)[begins]) / whole * bins
    found = np.empty(len(kind), dtype=np.int64)
    found[order] = np.clip(inside, 0, bins - 1).astype(np.int64)
    return found


def _values(problem: Problem, of_unit: Ints, first: Ints) -> Floats:
    found = np.zeros(int(first[-1]))
    for group, rows in problem.blocks():
        if len(group.places):
            columns = first[of_unit[rows], None] + np.arange(len(group.places))
            np.add.at(found, columns, problem.values(group, rows).astype(np.float64))
    return found


def _summed(of_unit: Ints, amounts: Ints, count: int) -> Floats:
    return np.bincount(of_unit, amounts.astype(np.float64), count).astype(np.float64)
