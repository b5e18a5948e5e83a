"""Minimums that the assignment left unmet: units are moved there that lose least, as far as there are any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocation.board import Board
from allocation.problem import NOWHERE, Group, Ints, Problem

_LOOKS_AT_MOST = 4  # at who could come: each move changes what the next ones may do


def fill_minimums(problem: Problem, prices: Ints, place: Ints) -> Ints:
    """The place of each unit, with as much of every minimum met as single moves can meet, and as few of them as needed.

    What is still short then cannot be met, or not without a chain of moves.
    """
    if (problem.used(place) >= problem.limits.lo).all():
        return place
    board = Board.of(problem, prices, place)
    for _ in range(_LOOKS_AT_MOST):
        short = np.flatnonzero(board.used < problem.limits.lo)
        if not sum(_fill(board, int(limit)) for limit in short):
            break
    return board.place


def _fill(board: Board, limit: int) -> int:
    """Moves units to places that count for the minimum, least loss for each one counted first; how many it moved."""
    moved = 0
    for row, place in _comers(board, limit):
        missing = board.problem.limits.lo[limit] - board.used[limit]
        if missing <= 0:
            break
        change = board.change((row, place))
        if change[limit] > 0 and board.allows(change):
            board.move((row, place))
            moved += 1
    return moved


def _comers(board: Board, limit: int) -> Iterator[tuple[int, int]]:
    """Units that could count for the limit and do not yet, with the place; in the order of what that loses."""
    parts = [_comers_of_group(board, limit, group) for group in board.problem.groups if limit in group.uses.limit]
    if parts:
        rows, place, loss = (np.concatenate([getattr(part, name) for part in parts]) for name in _Comers.__slots__)
        order = np.lexsort((place, board.problem.hashes[rows], loss))
        yield from zip(rows[order].tolist(), place[order].tolist(), strict=True)


@dataclass(frozen=True, slots=True)
class _Comers:
    rows: Ints
    place: Ints
    loss: np.ndarray


def _comers_of_group(board: Board, limit: int, group: Group) -> _Comers:
    """`loss` is of net value, for each one that the limit would count more."""
    problem, uses = board.problem, group.uses
    use = np.zeros(len(group.places), dtype=np.int64)
    entries = uses.limit == limit
    np.add.at(use, uses.place[entries], uses.amount[entries])
    rows = np.arange(group.start, group.stop)
    at = board.place[rows]
    now = np.where(at == NOWHERE, 0, use[at])
    rows, at, now = rows[now < use.max()], at[now < use.max()], now[now < use.max()]
    net = problem.nets(group, rows, board.prices)
    own = np.where(at == NOWHERE, 0, net[np.arange(len(rows)), at])
    more = (use - now[:, None]) * problem.amounts[problem.limits.by[limit]][rows, None]
    unit, place = np.nonzero(more > 0)
    loss = (own[unit] - net[unit, place]) / more[unit, place]
    return _Comers(rows[unit], place, loss)
