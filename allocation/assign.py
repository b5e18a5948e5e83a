"""From prices to whole units: each goes where it brings most net of prices, and never beyond what there is.

Decided in integers alone. Units that strictly prefer one place go first; where more want a place than it can take,
those that would lose most by being refused come before the others. Ties between places are shared out by what the
places have left, drawn by the unit's hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from allocation.problem import NOWHERE, Flags, Group, Hashes, Ints, Problem
from allocation.takes import Takes

_IMPOSSIBLE = np.iinfo(np.int64).min // 4
_ROOM_AT_MOST = 1 << 40


def assign(problem: Problem, prices: Ints, wanted: Ints | None = None) -> Ints:
    """The place of each unit, as a position among the places of its group; NOWHERE where it is held.

    First where it is `wanted`, if that is said; then at the prices; then once more without them, for what was left over
    on both sides: a price that is a little too high leaves no capacity idle.
    """
    desk = _Desk(problem, Takes.of(problem), np.full(problem.size, NOWHERE, dtype=np.int64), problem.limits.hi.copy())
    if wanted is not None:
        _grant(desk, wanted)
    for prices_now in (prices, np.zeros_like(prices)):
        waiting = np.flatnonzero(desk.place == NOWHERE)
        waiting = _round(desk, prices_now, waiting, decided_only=True)
        while len(waiting):
            waiting = _round(desk, prices_now, waiting, decided_only=False)
    return desk.place


def _grant(desk: _Desk, wanted: Ints) -> None:
    """Places units where they are wanted, those of the highest worth first where not all fit."""
    rows = np.flatnonzero(wanted != NOWHERE)
    none, worth = np.zeros(len(rows), dtype=np.int64), desk.problem.worth[rows] // desk.problem.accounts[rows]
    bids = _Bids(rows, wanted[rows], none, worth, none.astype(np.bool_))
    accepted = _accepted(desk, bids)
    desk.place[rows[accepted]] = bids.place[accepted]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where units are so far (`place`), and what is left of each maximum (`left`): both are filled in."""

    problem: Problem
    takes: Takes
    place: Ints
    left: Ints


def room(problem: Problem, group: Group, left: Ints) -> Ints:
    """By measure: how much each place of the group can still take."""
    most = np.full((len(problem.amounts), len(group.places)), np.iinfo(np.int64).max)
    uses = group.uses
    using = np.flatnonzero(uses.amount > 0)
    limit = uses.limit[using]
    np.minimum.at(most, (problem.limits.by[limit], uses.place[using]), left[limit] // uses.amount[using])
    return most


def fits(problem: Problem, rows: Ints, most: Ints) -> Flags:
    """Whether each of the units has room at each place."""
    found: Flags = problem.accounts[rows, None] <= most[0]
    for amounts, of_measure in zip(problem.amounts[1:], most[1:], strict=True):
        found &= amounts[rows, None] <= of_measure
    return found


def _round(desk: _Desk, prices: Ints, waiting: Ints, *, decided_only: bool) -> Ints:
    """Lets the waiting units bid, places those that fit, and returns who still waits.

    The first bid in order always fits, so rounds come to an end.
    """
    blocks = _blocks(desk.problem, waiting)
    bids = _Bids.joined([_bids_of_block(desk.problem, block, prices, desk.left) for block in blocks])
    undecided = bids.only(bids.tied if decided_only else np.zeros(len(bids.rows), dtype=np.bool_))
    bids = bids.only(~bids.tied) if decided_only else bids
    accepted = _accepted(desk, bids)
    desk.place[bids.rows[accepted]] = bids.place[accepted]
    return np.sort(np.concatenate([undecided.rows, bids.rows[~accepted]]))


@dataclass(frozen=True, slots=True)
class _Bids:
    """What units want: a place, what they would lose by being refused it, and what they gain against being held."""

    rows: Ints
    place: Ints
    loss: Ints
    gain: Ints
    tied: Flags

    @classmethod
    def joined(cls, parts: list[_Bids]) -> _Bids:
        empty = np.zeros(0, dtype=np.int64)
        none = cls(empty, empty, empty, empty, empty.astype(np.bool_))
        return cls(*(np.concatenate([getattr(part, name) for part in (none, *parts)]) for name in cls.__slots__))

    def only(self, kept: Flags) -> _Bids:
        return _Bids(*(getattr(self, name)[kept] for name in self.__slots__))


def _blocks(problem: Problem, waiting: Ints) -> Iterator[tuple[Group, Ints]]:
    for group, rows in problem.blocks():
        first, last = np.searchsorted(waiting, (rows[0], rows[-1] + 1))
        if first < last and len(group.places):
            yield group, waiting[first:last]


def _bids_of_block(problem: Problem, block: tuple[Group, Ints], prices: Ints, left: Ints) -> _Bids:
    group, rows = block
    accounts = problem.accounts[rows]
    net, most = problem.nets(group, rows, prices), room(problem, group, left)
    net[~fits(problem, rows, most)] = _IMPOSSIBLE
    best = net.max(axis=1, initial=_IMPOSSIBLE)
    bidding = np.flatnonzero(best >= 0)
    net, best = net[bidding], best[bidding]
    wanted = net == best[:, None]
    tied = wanted.sum(axis=1) > 1
    place = wanted.argmax(axis=1)
    place[tied] = _draw(wanted[tied], most[0], problem.hashes[rows[bidding[tied]]])
    net[np.arange(len(bidding)), place] = 0  # what remains beside it is the next best place, or being held
    next_best = np.maximum(net.max(axis=1, initial=0), 0)
    return _Bids(rows[bidding], place, (best - next_best) // accounts[bidding], best // accounts[bidding], tied)


def _draw(wanted: Flags, most: Ints, hashes: Hashes) -> Ints:
    """One of the wanted places for each row, as likely as it has room."""
    shares = np.cumsum(np.where(wanted, np.minimum(most, _ROOM_AT_MOST), 0), axis=1)
    drawn = (hashes % shares[:, -1].astype(np.uint64)).astype(np.int64)
    chosen: Ints = (shares > drawn[:, None]).argmax(axis=1)
    return chosen


def _accepted(desk: _Desk, bids: _Bids) -> Flags:
    """Which bids fit, each maximum being given out in the order of loss, gain and hash; takes them off `left`."""
    limit, need = desk.takes.needs(desk.problem, bids.rows, bids.place)
    wanted = np.zeros_like(desk.left)
    np.add.at(wanted, limit, need)
    short = ((wanted > desk.left)[limit] & (need > 0)).any(axis=1)
    accepted: Flags = np.logical_not(short)
    at_stake = np.flatnonzero(short)
    accepted[at_stake] = _best_that_fit(desk, bids, at_stake, wanted > desk.left, (limit[at_stake], need[at_stake]))
    np.subtract.at(desk.left, limit[accepted], need[accepted])
    return accepted


def _best_that_fit(desk: _Desk, bids: _Bids, at_stake: Ints, is_short: Flags, needs: tuple[Ints, Ints]) -> Flags:
    rows = bids.rows[at_stake]
    order = np.lexsort((rows, desk.problem.hashes[rows], -bids.gain[at_stake], -bids.loss[at_stake]))
    limits, amounts = needs[0][order], needs[1][order]
    bid, column = np.nonzero(is_short[limits] & (amounts > 0))
    limit, need = limits[bid, column], amounts[bid, column]
    by_limit = np.argsort(limit, kind="stable")
    bid, limit, need = bid[by_limit], limit[by_limit], need[by_limit]
    running = np.cumsum(need)
    begins = np.searchsorted(limit, limit)
    within = running - (running - need)[begins]
    fitting = np.ones(len(order), dtype=np.bool_)
    fitting[bid[within > desk.left[limit]]] = False
    accepted = np.empty_like(fitting)
    accepted[order] = fitting
    return accepted
