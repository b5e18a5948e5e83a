"""Whose accounts are held beside each other: collectors of one team, by the book of a night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from allocation.destinations import Destination
from allocation.limits import capacity_of, comparable
from allocation.rows import MISSING, Book
from allocation.strategies import Strategy
from allocation.teams import Teams
from allocation.units import Work


def members_of(book: Book, destinations: Sequence[Destination], strategy: Strategy, work: Work) -> Teams:
    """Collectors with any capacity, in teams of two or more; accounts that stay with them count as theirs."""
    within = strategy.rule.fairness.within if strategy.rule.fairness else "team"
    found = [
        (name, number)
        for number, end in enumerate(destinations)
        if (name := _team(end, within)) and capacity_of(end, strategy) > 0
    ]
    sizes = Counter(name for name, _ in found)
    names = sorted(name for name, size in sizes.items() if size > 1)
    member = [(names.index(name), number) for name, number in found if sizes[name] > 1]
    place = np.array([number for _, number in member], dtype=np.int64)
    return Teams(
        tuple(names),
        tuple(destinations[number].key for number in place.tolist()),
        place,
        np.array([team for team, _ in member], dtype=np.int64),
        np.array([capacity_of(destinations[number], strategy) for number in place.tolist()], dtype=np.int64),
        _worth_that_stays(book, strategy, work, len(destinations))[place],
    )


def _team(end: Destination, within: str) -> str:
    """What the team is called; empty for whoever is in none."""
    if end.is_partner or end.department is None:
        return ""
    if within == "department":
        return end.department
    return f"{end.department} / {end.team}" if end.team else ""


def _worth_that_stays(book: Book, strategy: Strategy, work: Work, destinations: int) -> np.ndarray:
    """Of each destination, in quanta."""
    rows = np.flatnonzero(book.is_fixed & (book.fixed_to != MISSING))
    worth = np.rint(comparable(book, strategy, work.expected)[rows] * 10.0**work.digits).astype(np.int64)
    found = np.zeros(destinations, dtype=np.int64)
    np.add.at(found, book.fixed_to[rows], worth)
    return found
