"""What no price could change: accounts for which nobody has capacity, and debtors larger than anybody's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from allocation.problem import ACCOUNTS, NO_MAXIMUM, Group, Ints, Problem
from allocation.rows import Book
from allocation.strategies import Strategy
from allocation.units import Work

NO_CAPACITY, TOO_LARGE = "no_capacity", "debtor_too_large"


@dataclass(frozen=True, slots=True)
class Shortage:
    """Accounts of a segment that cannot be worked whatever they bring, `of` all of its free accounts.

    `who` may work them: departments, and partners. Without capacity (`code` NO_CAPACITY) they have no room at all. Of
    debtors who are too large (TOO_LARGE) the `largest` has `asked` accounts, where `room` is the most that any of those
    who may have it has room for. `minutes` are those of one account, 0 where the strategy counts accounts.
    """

    code: str
    segment: str
    who: str
    accounts: int
    of: int
    minutes: int
    debtors: int = 0
    largest: str = ""
    asked: int = 0
    room: int = 0

    def __str__(self) -> str:
        if self.code == NO_CAPACITY:
            return (
                f"segment {self.segment}: at most {self.of - self.accounts} of {self.of} accounts can be worked: "
                f"whoever may work {self.in_full(self.accounts)} of them has no capacity ({self.who})"
            )
        return (
            f"segment {self.segment}: debtors with more accounts than anybody has room for ({self.who}): "
            f"{self.debtors}, with {self.accounts} accounts; the largest, {self.largest}, asks "
            f"{self.in_full(self.asked)}, and {self.in_full(self.room)} is the most that anybody has"
        )

    def in_full(self, accounts: int) -> str:
        """So many accounts, with their minutes where these are counted."""
        return f"{accounts} ({accounts * self.minutes} minutes)" if self.minutes else f"{accounts}"


def shortages(book: Book, strategy: Strategy, work: Work) -> tuple[Shortage, ...]:
    """In the order of the strategy's segments, of each first what has no capacity."""
    return _shortages(book, strategy, work, _short(work.problem))


def shortages_of(book: Book, strategy: Strategy, work: Work, account_id: str) -> tuple[Shortage, ...]:
    """Why one account, with the others of its debtor, can be worked by nobody, whatever it brings; empty if it can."""
    row = pc.index(book.table["account_id"], account_id).as_py()
    units = work.unit[work.rows == row]
    mine = (each for each in _short(work.problem) if np.isin(units, each.units).any())
    return _shortages(book, strategy, work, (_Short(each.code, units, each.room) for each in mine))


@dataclass(frozen=True, slots=True)
class _Short:
    """Units of one group for which there is no room, and the most accounts that any place of theirs has room for."""

    code: str
    units: Ints
    room: int


def _short(problem: Problem) -> Iterator[_Short]:
    for group in problem.groups:
        units = np.arange(group.start, group.stop)
        room = int(_room(problem, group).max(initial=0))
        large = units[problem.accounts[units] > room]
        if len(large) and group.is_reachable:
            yield _Short(TOO_LARGE if room else NO_CAPACITY, large, room)


def _room(problem: Problem, group: Group) -> Ints:
    """How many accounts each place could have if nobody else's went there."""
    uses, limits = group.uses, problem.limits
    counted = (limits.by[uses.limit] == ACCOUNTS) & (uses.amount > 0)
    room = np.full(len(group.places), NO_MAXIMUM, dtype=np.int64)
    np.minimum.at(room, uses.place[counted], limits.hi[uses.limit[counted]] // uses.amount[counted])
    return room


def _shortages(book: Book, strategy: Strategy, work: Work, short: Iterable[_Short]) -> tuple[Shortage, ...]:
    found: defaultdict[tuple[int, str], list[_Short]] = defaultdict(list)
    for each in short:
        found[int(work.segment[each.units[0]]), each.code].append(each)
    ordered = sorted(found, key=lambda key: (key[0], key[1] != NO_CAPACITY))
    return tuple(_shortage(book, strategy, work, segment, found[segment, code]) for segment, code in ordered)


def _shortage(book: Book, strategy: Strategy, work: Work, segment: int, short: Sequence[_Short]) -> Shortage:
    rule, accounts = strategy.segments[segment].rule, work.problem.accounts
    units, code = np.concatenate([each.units for each in short]), short[0].code
    rooms = np.concatenate([np.full(len(each.units), each.room) for each in short])
    at = int(np.argmax(accounts[units]))
    row = int(work.rows[np.flatnonzero(work.unit == units[at])[0]])
    named = (len(units), book.table["debtor_id"][row].as_py(), int(accounts[units[at]]), int(rooms[at]))
    return Shortage(
        code,
        rule.id,
        ", ".join([*rule.departments, *(["partners"] if rule.partners else [])]),
        int(accounts[units].sum()),
        int(accounts[work.segment == segment].sum()),
        rule.handling_minutes or 0 if strategy.rule.capacity.by == "minutes" else 0,
        *(named if code == TOO_LARGE else ()),
    )
