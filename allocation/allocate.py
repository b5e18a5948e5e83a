"""Who works which account: from the book of a night to an owner and a reason for every account in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from allocation.assign import assign
from allocation.decisions import Night, Solution, decisions
from allocation.destinations import Destination
from allocation.exchange import exchange
from allocation.prices import solve_prices
from allocation.problem import NOWHERE, Ints, Problem, proven_bound
from allocation.recovery import RecoveryTable
from allocation.rows import read_book
from allocation.strategies import Strategy
from allocation.summary import Summary, summary
from allocation.units import Work, work_of

_WARM_GAP_AT_MOST = 1e-4  # beyond it yesterday's prices were no help, and the solver begins anew


@dataclass(frozen=True, slots=True)
class Allocation:
    """One row per account of the book, in order of account_id (see decisions.py), and what it comes to."""

    accounts: pa.Table
    summary: Summary


def allocate(
    book: pa.Table,
    barred: pa.Table,
    destinations: Sequence[Destination],
    strategy: Strategy,
    recovery: RecoveryTable,
    *,
    prices_before: Mapping[str, float] | None = None,
    salt: str = "",
) -> Allocation:
    """An owner and a reason for every account of the book.

    `book` and `barred` are the results of `book_statement` and `barred_statement`, in any order of rows. Equal inputs
    give equal results, whatever the order of rows and the number of threads. `salt` decides ties, and nothing else.
    Capacities are never passed, but by running placements: these stay where they are, and are told as violations.
    """
    ordered = tuple(sorted(destinations, key=lambda destination: (destination.kind, destination.id)))
    read = read_book(book, barred, ordered, strategy)
    work = work_of(read, ordered, strategy, recovery, salt)
    night = Night(read, ordered, strategy, work, _solution(work, prices_before))
    accounts = decisions(night)
    return Allocation(accounts, summary(night, accounts, recovery))


def _solution(work: Work, prices_before: Mapping[str, float] | None) -> Solution:
    before = _in_quanta(work, prices_before)
    found = _solved(work.problem, before)
    if before is None or found.gap <= _WARM_GAP_AT_MOST:
        return found
    afresh = _solved(work.problem, None)
    return afresh if afresh.gap < found.gap else found


def _in_quanta(work: Work, prices_before: Mapping[str, float] | None) -> Ints | None:
    if not prices_before or not set(prices_before) & set(work.limits):
        return None
    quanta = np.array([prices_before.get(name, 0.0) for name in work.limits]) * 10.0**work.digits
    rounded: Ints = np.maximum(np.rint(quanta), 0).astype(np.int64)
    return rounded


def _solved(problem: Problem, before: Ints | None) -> Solution:
    prices = solve_prices(problem, before)
    place = exchange(problem, prices, assign(problem, prices))
    return Solution(prices, place, _value(problem, place), proven_bound(problem, prices))


def _value(problem: Problem, place: Ints) -> int:
    value = 0
    for group, rows in problem.blocks():
        placed = place[rows] != NOWHERE
        if placed.any():
            value += int(problem.values(group, rows)[placed, place[rows][placed]].sum())
    return value
