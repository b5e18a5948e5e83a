"""Small exchanges after the assignment: a refused unit takes the place of another that minds leaving less.

Needed where units are of unequal size (all accounts of a debtor together): the last few accounts of room go to small
units, and a large one is sent far down its list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocation.assign import fits, room
from allocation.board import Board
from allocation.problem import NOWHERE, Group, Ints, Problem

_SWEEPS_AT_MOST = 3
_TRIES_AT_MOST = 400  # in a sweep
_PLACES_TRIED_AT_MOST = 3
_OTHERS_TRIED_AT_MOST = 3
_GOOD_ENOUGH_PARTS = 100_000  # when all losses together are below this part of the whole worth, nothing is tried


def exchange(problem: Problem, prices: Ints, place: Ints) -> Ints:
    """The improved place of each unit. Every exchange raises the value; no maximum is passed and no minimum missed that
    was kept before."""
    board = Board.of(problem, prices, place)
    for _ in range(_SWEEPS_AT_MOST):
        exchanges = sum(_improve(board, int(row)) for row in _losers(board))
        if not exchanges:
            break
    return board.place


def _losers(board: Board) -> Ints:
    """The units that are farthest from their best place at the prices, worst first; none if it does not matter."""
    problem, place = board.problem, board.place
    loss = np.zeros(problem.size, dtype=np.int64)
    for group, rows in problem.blocks():
        if len(group.places):
            net = problem.nets(group, rows, board.prices)
            own = net[np.arange(len(rows)), place[rows]]
            loss[rows] = np.maximum(net.max(axis=1), 0) - np.where(place[rows] == NOWHERE, 0, own)
    if int(loss.sum()) <= int(problem.worth.sum()) // _GOOD_ENOUGH_PARTS:
        return np.zeros(0, dtype=np.int64)
    worst = np.lexsort((problem.hashes, -loss))[:_TRIES_AT_MOST]
    return worst[loss[worst] > 0]


def _improve(board: Board, row: int) -> bool:
    """Moves the unit to a better place, with at most one other making room, if the two gain; tells whether it did."""
    now = board.value(row, int(board.place[row]))
    options = [option for wanted in _wanted(board, row) for option in _options(board, row, int(wanted))]
    best = max(options, key=lambda option: (option.gain, -option.place, -option.other), default=None)
    if best is None or best.gain <= now:
        return False
    board.move(*best.moves(row))
    return True


@dataclass(frozen=True, slots=True)
class _Option:
    """The unit goes to `place`; `other` (a unit, or NOWHERE) goes to `other_place`; together they bring `gain`."""

    gain: int
    place: int
    other: int = NOWHERE
    other_place: int = NOWHERE

    def moves(self, row: int) -> tuple[tuple[int, int], ...]:
        own = (row, self.place)
        return (own,) if self.other == NOWHERE else ((self.other, self.other_place), own)


def _wanted(board: Board, row: int) -> Ints:
    """The few places that the unit prefers at the prices to where it is."""
    was, net = int(board.place[row]), board.nets(row)
    order = np.argsort(-net, kind="stable")
    better: Ints = order[net[order] > (0 if was == NOWHERE else net[was])]
    return better[:_PLACES_TRIED_AT_MOST]


def _options(board: Board, row: int, place: int) -> Iterator[_Option]:
    """Straight to the place if it has room, else with the unit there that loses least by making room."""
    group, value = board.group(row), board.value(row, place)
    if board.allows(board.change((row, place))):
        yield _Option(value, place)
        return
    for other_group in board.problem.groups:
        there = np.searchsorted(other_group.places, group.places[place])
        if there < len(other_group.places) and other_group.places[there] == group.places[place]:
            yield from _cheapest(board, row, _Option(value, place), other_group, int(there))


def _cheapest(board: Board, row: int, wish: _Option, group: Group, there: int) -> Iterator[_Option]:
    problem = board.problem
    rows = group.start + np.flatnonzero(board.place[group.start : group.stop] == there)
    if not len(rows):
        return
    values = problem.values(group, rows)
    stays = values[:, there].copy()
    free = board.left - np.minimum(board.change((row, NOWHERE)), 0)
    values[~fits(problem, rows, room(problem, group, free))] = 0
    values[:, there] = 0
    elsewhere = values.argmax(axis=1)
    brings = values[np.arange(len(rows)), elsewhere]
    cost = stays - brings
    for other in np.argsort(cost, kind="stable")[:_OTHERS_TRIED_AT_MOST]:
        target = int(elsewhere[other]) if brings[other] > 0 else NOWHERE
        option = _Option(wish.gain - int(cost[other]), wish.place, int(rows[other]), target)
        if board.allows(board.change(*option.moves(row))):
            yield option
            return
