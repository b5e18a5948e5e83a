"""How many accounts change hands when a small part of the book does: from yesterday's prices and afresh.

    python -m bench.small_changes [--units 100000] [--churn 0.03]

The book is that of `bench.allocation` without owners, allocated; on the next day a part of the accounts has left and as
many new ones of the same kind have come, everything else is as it was, and owners are those of the day before. Prints
one line for each way to solve that day: of the accounts that were there on both days, the share that changed hands (or
came to be held, or to be worked), and the share of their worth; the gap; processor seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from allocation.fairness import fairly
from allocation.problem import NOWHERE, Flags, Ints, Problem
from allocation.solve import Solution, solve
from bench.allocation import Size, made
from bench.fairness import teams_of_ten

_SWITCHING_PARTS, _PARTS = 15, 100
_BAND = 1_000


@dataclass(frozen=True, slots=True)
class Moved:
    """Of the accounts that were there on both days: the share that moved, and the share of the worth that did."""

    share: float
    of_worth: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.small_changes", description=__doc__)
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--churn", type=float, default=0.03)
    arguments = parser.parse_args()
    print("| how the next day is solved | moved | of their worth | gap | CPU s |")
    print("| --- | --- | --- | --- | --- |")
    for line in lines(Size(arguments.units, 50, 5), arguments.churn):
        print(line, flush=True)


def lines(size: Size, churn: float) -> Iterator[str]:
    first = made(size, owned=0.0)
    before = solve(first)
    for sticks in (True, False):
        second, is_new = next_day(first, before.place, churn, sticks=sticks)
        for prices, how in ((before.prices, "from yesterday's prices"), (None, "afresh")):
            begun = time.process_time()
            found = solve(second, prices)
            seconds = time.process_time() - begun
            what = f"switching cost {_SWITCHING_PARTS} %" if sticks else "no switching cost"
            yield _line(f"{what}, {how}", moved(second, is_new, before.place, found.place), found, seconds)
    yield _within_a_band(first, before, churn)


def _within_a_band(first: Problem, free: Solution, churn: float) -> str:
    teams = teams_of_ten(first)
    before = fairly(first, teams, _BAND, free).solution
    second, is_new = next_day(first, before.place, churn, sticks=True)
    begun = time.process_time()
    found = fairly(second, teams, _BAND, solve(second, free.prices)).solution
    seconds = time.process_time() - begun
    return _line(
        f"switching cost {_SWITCHING_PARTS} %, within a fairness band of 10 % on both days",
        moved(second, is_new, before.place, found.place),
        found,
        seconds,
    )


def next_day(problem: Problem, place: Ints, churn: float, *, sticks: bool, seed: int = 2) -> tuple[Problem, Flags]:
    """The book with a part of its units replaced by new ones of their group, and the others owned as `place` says."""
    draw = np.random.default_rng(seed)
    is_new: Flags = draw.random(problem.size) < churn
    worth, hashes = problem.worth.copy(), problem.hashes.copy()
    worth[is_new] = draw.permutation(problem.worth)[is_new]
    hashes[is_new] = draw.integers(0, 2**63, int(is_new.sum())).astype(np.uint64)
    owner = np.where(is_new, NOWHERE, place)
    switching = np.where(owner == NOWHERE, 0, worth * _SWITCHING_PARTS // _PARTS if sticks else 0)
    return replace(problem, worth=worth, hashes=hashes, owner=owner, switching=switching), is_new


def moved(problem: Problem, is_new: Flags, before: Ints, after: Ints) -> Moved:
    stayed = ~is_new
    differs = stayed & (before != after)
    worth = problem.worth.astype(np.float64)
    return Moved(float(differs.sum() / stayed.sum()), float(worth[differs].sum() / worth[stayed].sum()))


def _line(how: str, found: Moved, solution: Solution, seconds: float) -> str:
    return f"| {how} | {found.share:.2%} | {found.of_worth:.2%} | {solution.gap:.1e} | {seconds:.1f} |"


if __name__ == "__main__":
    main()
