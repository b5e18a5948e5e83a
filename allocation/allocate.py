"""Who works which account: from the book of a night to an owner and a reason for every account in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from allocation.decisions import Night, decisions
from allocation.destinations import Destination
from allocation.drawing import Draw, Lots, draw
from allocation.fairness import fairly
from allocation.members import members_of
from allocation.pins import Pins
from allocation.problem import PARTS, Ints, Problem
from allocation.recovery import RecoveryTable
from allocation.rows import Book, read_book
from allocation.solve import solve
from allocation.strategies import Strategy
from allocation.summary import Summary, summary
from allocation.teams import Teams
from allocation.units import Work, work_of


@dataclass(frozen=True, slots=True)
class Allocation:
    """One row per account of the book, in order of account_id (see decisions.py), and what it comes to."""

    accounts: pa.Table
    summary: Summary
    draw: Draw | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a night decides on. `book` and `barred` are the results of `book_statement` and `barred_statement`, in any
    order of rows; `salt` decides ties, and nothing else; `lots` are drawn before anything is optimised."""

    book: pa.Table
    barred: pa.Table
    destinations: Sequence[Destination]
    strategy: Strategy
    recovery: RecoveryTable
    prices_before: Mapping[str, float] | None = None
    pins: Pins = field(default_factory=dict)
    salt: str = ""
    lots: Lots | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before anything is decided by price: the book after the lots, and the solver's problem."""

    book: Book
    destinations: tuple[Destination, ...]
    strategy: Strategy
    recovery: RecoveryTable
    work: Work
    draw: Draw | None


def allocate(
    book: pa.Table,
    barred: pa.Table,
    destinations: Sequence[Destination],
    strategy: Strategy,
    recovery: RecoveryTable,
    *,
    prices_before: Mapping[str, float] | None = None,
    pins: Pins = MappingProxyType({}),
    salt: str = "",
    lots: Lots | None = None,
) -> Allocation:
    """`allocated` of what is given piece by piece."""
    asked = Asked(book, barred, destinations, strategy, recovery, prices_before, pins, salt, lots)
    return allocated(asked)


def allocated(asked: Asked) -> Allocation:
    """An owner and a reason for every account of the book.

    Equal inputs give equal results, whatever the order of rows and the number of threads. Capacities are never passed,
    but by running placements and by `pins`, which people have decided: these stay where they are, and are told as
    violations.
    """
    known = prepare(asked)
    work = known.work
    solution = solve(work.problem, in_quanta(work.problem, work.digits, asked.prices_before))
    night = _night(Night(known.book, known.destinations, known.strategy, work, solution, teams_in(known)))
    accounts = decisions(night)
    return Allocation(accounts, summary(night, accounts, asked.recovery), known.draw)


def prepare(asked: Asked) -> Prepared:
    strategy = asked.strategy
    ordered = tuple(sorted(asked.destinations, key=lambda destination: (destination.kind, destination.id)))
    read = read_book(asked.book, asked.barred, ordered, strategy, asked.pins)
    drawn = draw(read, ordered, strategy, asked.lots) if asked.lots and asked.lots.experiments else None
    book = drawn.book if drawn else read
    return Prepared(
        book, ordered, strategy, asked.recovery, work_of(book, ordered, strategy, asked.recovery, asked.salt), drawn
    )


def teams_in(known: Prepared) -> Teams:
    """Who is held beside whom, with a fairness band or without."""
    return members_of(known.book, known.destinations, known.strategy, known.work)


def _night(plain: Night) -> Night:
    """The night within its fairness band, if the strategy has one."""
    fairness = plain.strategy.rule.fairness
    if fairness is None or not len(plain.teams):
        return plain
    fair = fairly(plain.work.problem, plain.teams, int(fairness.band * PARTS), plain.solution)
    return replace(plain, work=replace(plain.work, problem=fair.problem), solution=fair.solution, fair=fair)


def in_quanta(problem: Problem, digits: int, prices: Mapping[str, float] | None) -> Ints | None:
    """Yesterday's prices by number of limit; None if none of the limits had one."""
    names = problem.limits.names
    if not prices or not set(prices) & set(names):
        return None
    known = np.array([prices.get(name, 0.0) for name in names])
    rounded: Ints = np.rint(known * 10.0**digits * np.exp2(problem.shifts)).astype(np.int64)
    return rounded
