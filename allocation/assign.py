"""From prices to whole units: each goes where it brings most net of prices, and never beyond what there is.

Decided in integers alone. Units that strictly prefer one place go first; where more want a place than it can take,
those that would lose most by being refused come before the others. Ties between places are shared out by what the
places have left, drawn by the unit's hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocation.problem import NOWHERE, Group, Hashes, Ints, Problem, room, toll

_IMPOSSIBLE = np.iinfo(np.int64).min // 4


def assign(problem: Problem, prices: Ints) -> Ints:
    """The place of each unit, as a position among the places of its group; NOWHERE where it is held.

    First at the prices; then once more without them, for what was left over on both sides: a price that is a little too
    high leaves no capacity idle.
    """
    place = np.full(problem.size, NOWHERE, dtype=np.int64)
    left = problem.limits.copy()
    for prices_now in (prices, np.zeros_like(prices)):
        waiting = np.flatnonzero(place == NOWHERE)
        waiting = _round(problem, prices_now, place, left, waiting, decided_only=True)
        while len(waiting):
            waiting = _round(problem, prices_now, place, left, waiting, decided_only=False)
    return place


def _round(problem: Problem, prices: Ints, place: Ints, left: Ints, waiting: Ints, *, decided_only: bool) -> Ints:
    """Lets the waiting units bid, places those that fit (in `place`, off `left`), and returns who still waits.

    The first bid in order always fits, so rounds come to an end.
    """
    bids = _Bids.joined([_bids_of_block(problem, block, prices, left) for block in _blocks(problem, waiting)])
    undecided = bids.only(bids.tied) if decided_only else bids.only(np.zeros(len(bids.rows), dtype=np.bool_))
    bids = bids.only(~bids.tied) if decided_only else bids
    accepted = _accepted(problem, bids, left)
    place[bids.rows[accepted]] = bids.place[accepted]
    return np.sort(np.concatenate([undecided.rows, bids.rows[~accepted]]))


@dataclass(frozen=True, slots=True)
class _Bids:
    """What units want: a place, what they would lose by being refused it, and what they gain against being held."""

    rows: Ints
    place: Ints
    loss: Ints
    gain: Ints
    tied: np.ndarray

    @classmethod
    def joined(cls, parts: list[_Bids]) -> _Bids:
        empty = np.zeros(0, dtype=np.int64)
        none = cls(empty, empty, empty, empty, empty.astype(np.bool_))
        return cls(*(np.concatenate([getattr(part, name) for part in (none, *parts)]) for name in cls.__slots__))

    def only(self, kept: np.ndarray) -> _Bids:
        return _Bids(*(getattr(self, name)[kept] for name in self.__slots__))


def _blocks(problem: Problem, waiting: Ints) -> Iterator[tuple[Group, Ints]]:
    for group, rows in problem.blocks():
        first, last = np.searchsorted(waiting, (rows[0], rows[-1] + 1))
        if first < last and len(group.places):
            yield group, waiting[first:last]


def _bids_of_block(problem: Problem, block: tuple[Group, Ints], prices: Ints, left: Ints) -> _Bids:
    group, rows = block
    accounts = problem.accounts[rows]
    net = problem.values(group, rows) - accounts[:, None] * toll(group, prices)
    places_left = room(group, left)
    net[accounts[:, None] > places_left] = _IMPOSSIBLE
    best = net.max(axis=1, initial=_IMPOSSIBLE)
    bidding = np.flatnonzero(best >= 0)
    net, best = net[bidding], best[bidding]
    wanted = net == best[:, None]
    tied = wanted.sum(axis=1) > 1
    place = wanted.argmax(axis=1)
    place[tied] = _draw(wanted[tied], places_left, problem.hashes[rows[bidding[tied]]])
    net[np.arange(len(bidding)), place] = 0  # what remains beside it is the next best place, or being held
    next_best = np.maximum(net.max(axis=1, initial=0), 0)
    return _Bids(rows[bidding], place, (best - next_best) // accounts[bidding], best // accounts[bidding], tied)


def _draw(wanted: np.ndarray, room: Ints, hashes: Hashes) -> Ints:
    """One of the wanted places for each row, as likely as it has room."""
    shares = np.cumsum(np.where(wanted, np.minimum(room, 1 << 40), 0), axis=1)
    drawn = (hashes % shares[:, -1].astype(np.uint64)).astype(np.int64)
    chosen: Ints = (shares > drawn[:, None]).argmax(axis=1)
    return chosen


def _accepted(problem: Problem, bids: _Bids, left: Ints) -> np.ndarray:
    """Which bids fit, each limit being given out in the order of loss, gain and hash."""
    order = np.lexsort((bids.rows, problem.hashes[bids.rows], -bids.gain, -bids.loss))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    bid, limit, use = _uses(problem, bids)
    by_limit = np.lexsort((rank[bid], limit))
    bid, limit, use = bid[by_limit], limit[by_limit], use[by_limit]
    running = np.cumsum(use)
    begins = np.searchsorted(limit, limit)
    within = running - (running - use)[begins]
    accepted = np.ones(len(bids.rows), dtype=np.bool_)
    accepted[bid[within > left[limit]]] = False
    taken = accepted[bid]
    np.subtract.at(left, limit[taken], use[taken])
    return accepted


def _uses(problem: Problem, bids: _Bids) -> tuple[Ints, Ints, Ints]:
    """For every bid and every limit that it uses: the bid, the limit, and how much of it."""
    parts = []
    for group in problem.groups:
        first, last = np.searchsorted(bids.rows, (group.start, group.stop))
        inside = np.arange(first, last)
        for limit, uses in zip(group.limits, group.uses, strict=True):
            use = uses[bids.place[inside]] * problem.accounts[bids.rows[inside]]
            using = use > 0
            parts.append(np.stack([inside[using], np.full(using.sum(), limit), use[using]]))
    joined = np.concatenate([np.zeros((3, 0), dtype=np.int64), *parts], axis=1)
    return joined[0], joined[1], joined[2]
