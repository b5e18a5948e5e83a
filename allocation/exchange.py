"""Small exchanges after the assignment: a refused unit takes the place of another that minds leaving less.

Needed where units are of unequal size (all accounts of a debtor together): the last few accounts of room go to small
units, and a large one is sent far down its list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocation.problem import NOWHERE, Group, Ints, Problem, room, toll

_SWEEPS_AT_MOST = 3
_TRIES_AT_MOST = 400  # in a sweep
_PLACES_TRIED_AT_MOST = 3
_GOOD_ENOUGH_PARTS = 100_000  # when all losses together are below this part of the whole worth, nothing is tried


def exchange(problem: Problem, prices: Ints, place: Ints) -> Ints:
    """The improved place of each unit. Every exchange raises the value, and no limit is passed."""
    board = _Board(problem, prices, place.copy(), left_over(problem, place), _groups_of_units(problem))
    for _ in range(_SWEEPS_AT_MOST):
        exchanges = sum(_improve(board, int(row)) for row in _losers(problem, prices, board.place))
        if not exchanges:
            break
    return board.place


def left_over(problem: Problem, place: Ints) -> Ints:
    """What is left of each limit; below zero where it is passed."""
    left = problem.limits.copy()
    for group in problem.groups:
        inside = place[group.start : group.stop]
        taken = np.zeros(len(group.places), dtype=np.int64)
        placed = inside != NOWHERE
        np.add.at(taken, inside[placed], problem.accounts[group.start : group.stop][placed])
        left[group.limits] -= group.uses @ taken
    return left


@dataclass(frozen=True, slots=True)
class _Board:
    problem: Problem
    prices: Ints
    place: Ints
    left: Ints
    group_of: Ints

    def group(self, row: int) -> Group:
        return self.problem.groups[int(self.group_of[row])]

    def value(self, row: int, place: int) -> int:
        if place == NOWHERE:
            return 0
        return int(self.problem.values(self.group(row), np.array([row]))[0, place])

    def move(self, row: int, place: int) -> None:
        group, accounts = self.group(row), self.problem.accounts[row]
        for position, sign in ((self.place[row], 1), (place, -1)):
            if position != NOWHERE:
                self.left[group.limits] += sign * group.uses[:, position] * accounts
        self.place[row] = place


def _groups_of_units(problem: Problem) -> Ints:
    return np.repeat(np.arange(len(problem.groups)), [group.stop - group.start for group in problem.groups])


def _losers(problem: Problem, prices: Ints, place: Ints) -> Ints:
    """The units that are farthest from their best place at the prices, worst first; none if it does not matter."""
    loss = np.zeros(problem.size, dtype=np.int64)
    for group, rows in problem.blocks():
        if len(group.places):
            net = problem.values(group, rows) - problem.accounts[rows, None] * toll(group, prices)
            own = net[np.arange(len(rows)), place[rows]]
            loss[rows] = np.maximum(net.max(axis=1), 0) - np.where(place[rows] == NOWHERE, 0, own)
    if int(loss.sum()) <= int(problem.worth.sum()) // _GOOD_ENOUGH_PARTS:
        return np.zeros(0, dtype=np.int64)
    worst = np.lexsort((problem.hashes, -loss))[:_TRIES_AT_MOST]
    return worst[loss[worst] > 0]


def _improve(board: _Board, row: int) -> bool:
    """Moves the unit to a better place, with at most one other making room, if the two gain; tells whether it did."""
    was = int(board.place[row])
    before = board.value(row, was)
    board.move(row, NOWHERE)
    options = [option for wanted in _wanted(board, row, was) for option in _options(board, row, wanted)]
    best = max(options, key=lambda option: (option.gain, -option.place, -option.other), default=None)
    if best is None or best.gain <= before:
        board.move(row, was)
        return False
    if best.other != NOWHERE:
        board.move(best.other, best.other_place)
    board.move(row, best.place)
    return True


@dataclass(frozen=True, slots=True)
class _Option:
    """The unit goes to `place`; `other` (a unit, or NOWHERE) goes to `other_place`; together they bring `gain`."""

    gain: int
    place: int
    other: int = NOWHERE
    other_place: int = NOWHERE


def _wanted(board: _Board, row: int, was: int) -> Ints:
    """The few places that the unit prefers at the prices to where it was."""
    group = board.group(row)
    net = board.problem.values(group, np.array([row]))[0] - board.problem.accounts[row] * toll(group, board.prices)
    order = np.argsort(-net, kind="stable")
    better: Ints = order[net[order] > (0 if was == NOWHERE else net[was])]
    return better[:_PLACES_TRIED_AT_MOST]


def _options(board: _Board, row: int, place: int) -> Iterator[_Option]:
    """Straight to the place if it has room, else with the unit there that loses least by making room."""
    group, value = board.group(row), board.value(row, place)
    need = group.uses[:, place] * board.problem.accounts[row]
    if (board.left[group.limits] >= need).all():
        yield _Option(value, place)
        return
    for other_group in board.problem.groups:
        there = np.flatnonzero(other_group.places == group.places[place])
        if len(there):
            yield from _cheapest(board, _Request(group, place, value, need), other_group, int(there[0]))


@dataclass(frozen=True, slots=True)
class _Request:
    group: Group
    place: int
    value: int
    need: Ints


def _cheapest(board: _Board, request: _Request, group: Group, there: int) -> Iterator[_Option]:
    problem, left = board.problem, board.left
    rows = group.start + np.flatnonzero(board.place[group.start : group.stop] == there)
    freed = np.zeros(len(left), dtype=np.int64)
    freed[group.limits] = group.uses[:, there]
    limits = request.group.limits
    rows = rows[(left[limits] + problem.accounts[rows, None] * freed[limits] >= request.need).all(axis=1)]
    if not len(rows):
        return
    values = problem.values(group, rows)
    stays = values[:, there].copy()
    values[problem.accounts[rows, None] > room(group, left)] = 0
    values[:, there] = 0
    elsewhere = values.argmax(axis=1)
    cost = stays - values[np.arange(len(rows)), elsewhere]
    cheapest = int(cost.argmin())
    target = int(elsewhere[cheapest]) if values[cheapest, elsewhere[cheapest]] > 0 else NOWHERE
    yield _Option(request.value - int(cost[cheapest]), request.place, int(rows[cheapest]), target)
