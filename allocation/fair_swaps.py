"""The last differences between members of a team: single units change hands, or two of them, until all are in the band.

Units are drawn by shares, so a large one may leave somebody outside. Whoever is farthest outside gives to, or takes
from, those of the team who lie on the other side; of all such moves the one is made that leaves least outside, at the
least loss. No capacity, quota or minimum is touched, and nobody else is put farther outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocation.board import Board
from allocation.problem import Floats, Ints
from allocation.teams import Compared

_STEPS_PER_MEMBER = 60
_PARTNERS_AT_MOST = 12
_UNITS_AT_MOST = (100, 40)  # of each of the two: those that lose least beside their worth, and the largest
_TRIES_AT_MOST = 30  # of pairs, until the limits allow one
_MISSED_WEIGHT = 1_000.0  # what one of expected value outside weighs beside one that is lost: nearly all


def even_out(compared: Compared, band: int, place: Ints) -> Ints:
    """The place of each unit; by no member farther outside the band, and by all together less."""
    board = Board.of(compared.problem, np.zeros(len(compared.problem.limits), dtype=np.int64), place)
    table = _Table(compared, band, board)
    stuck: set[int] = set()
    for _ in range(_STEPS_PER_MEMBER * len(compared.teams)):
        worst = table.worst(stuck)
        if worst is None:
            break
        if table.help(worst):
            stuck -= set(table.team_of(worst))
        else:
            stuck.add(worst)
    return board.place


@dataclass(frozen=True, slots=True)
class _Table:
    compared: Compared
    band: int
    board: Board

    @property
    def given(self) -> Ints:
        found: Ints = self.board.used[self.compared.first :] + self.compared.fixed
        return found

    def team_of(self, member: int) -> list[int]:
        team = self.compared.teams.team
        found: list[int] = np.flatnonzero(team == team[member]).tolist()
        return found

    def worst(self, stuck: set[int]) -> int | None:
        """Who lies farthest outside, beside what would be fair, of those who can still be helped."""
        given = self.given
        lo, hi = self.compared.bounds(given, self.band)
        outside = _outside(given, lo, hi) / np.maximum(hi, 1)
        outside[list(stuck)] = 0
        found = int(outside.argmax()) if len(outside) else 0
        return found if len(outside) and outside[found] > 0 else None

    def help(self, member: int) -> bool:
        """One move with the best of a few partners; tells whether there was one."""
        given = self.given
        lo, hi = self.compared.bounds(given, self.band)
        gives = bool(given[member] > hi[member])
        ratio = given / np.maximum(hi, 1)
        others = [other for other in self.team_of(member) if other != member]
        others.sort(key=lambda other: (ratio[other] if gives else -ratio[other], other))
        moves = None
        best = 0.0
        for other in others[:_PARTNERS_AT_MOST]:
            pair = (member, other) if gives else (other, member)
            for score, found in self._options(pair, given, lo, hi):
                if score < best:
                    best, moves = score, found
        if moves is not None:
            self.board.move(*moves)
        return moves is not None

    def _options(
        self, pair: tuple[int, int], given: Ints, lo: Ints, hi: Ints
    ) -> Iterator[tuple[float, tuple[tuple[int, int], ...]]]:
        """The best move from the first of the pair to the second that the limits allow, if any leaves less outside:
        what is outside then and lost, against now."""
        ends = np.array(pair)
        there, back = self._units(pair), self._units(pair[::-1])
        worth = there.amount[:, None] - np.append(back.amount, 0)[None, :]
        loss = (there.loss[:, None] + np.append(back.loss, 0)[None, :]) / 2.0**self.compared.coarse
        now = _outside(given[ends], lo[ends], hi[ends]).sum()
        one, two = given[pair[0]] - worth, given[pair[1]] + worth
        then = _outside(one, lo[pair[0]], hi[pair[0]]) + _outside(two, lo[pair[1]], hi[pair[1]])
        score = np.where(then < now, _MISSED_WEIGHT * (then - now) + loss, np.inf).ravel()
        for number in np.argsort(score, kind="stable")[:_TRIES_AT_MOST].tolist():
            if not score[number] < 0:
                return
            first, second = divmod(number, len(back.row) + 1)
            moves = [(int(there.row[first]), int(there.target[first]))]
            if second < len(back.row):
                moves.append((int(back.row[second]), int(back.target[second])))
            if self.board.allows(self.board.change(*moves)):
                yield float(score[number]), tuple(moves)
                return

    def _units(self, pair: tuple[int, int]) -> _Units:
        """Units of the first that the second may have, as many as are looked at."""
        board, problem = self.board, self.compared.problem
        parts = [np.zeros((4, 0), dtype=np.int64)]
        one, two = self.compared.teams.place[list(pair)]
        for group in problem.groups:
            at, target = np.searchsorted(group.places, (one, two))
            if max(at, target) < len(group.places) and group.places[at] == one and group.places[target] == two:
                rows = group.start + np.flatnonzero(board.place[group.start : group.stop] == at)
                values = problem.values(group, rows)
                amounts = problem.measures[-1].amounts[rows]
                parts.append(np.stack([rows, np.full(len(rows), target), amounts, values[:, at] - values[:, target]]))
        found = _Units(*np.concatenate(parts, axis=1))
        if len(found.row) <= sum(_UNITS_AT_MOST):
            return found
        cheapest = np.argsort(found.loss / np.maximum(found.amount, 1), kind="stable")[: _UNITS_AT_MOST[0]]
        largest = np.argsort(-found.amount, kind="stable")[: _UNITS_AT_MOST[1]]
        kept = np.union1d(cheapest, largest)
        return _Units(*(getattr(found, name)[kept] for name in _Units.__slots__))


@dataclass(frozen=True, slots=True)
class _Units:
    """Units, the place that they would go to, what the measure counts of them, and what going there loses."""

    row: Ints
    target: Ints
    amount: Ints
    loss: Ints


def _outside(given: Ints, lo: Ints, hi: Ints) -> Floats:
    found: Floats = (np.maximum(given - hi, 0) + np.maximum(lo - given, 0)).astype(np.float64)
    return found
