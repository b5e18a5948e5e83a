"""Spread of expected value inside teams, and what bands around it cost, on large synthetic books.

    python -m bench.fairness [SIZE ...]

The books are those of `bench.allocation`: each ten of the fifty places are a team. Prints one line for each band: the
widest highest ÷ lowest of a team, the cost found and the least that the proven bound leaves, as shares of the value
without a band, who is outside, limits passed, and processor seconds for the band (the first line: without one).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np

from allocation.fairness import CURVE, fairly
from allocation.problem import PARTS, Problem, violations
from allocation.solve import solve
from allocation.teams import Spread, Teams, compared_in
from bench.allocation import SIZES, made

_IN_A_TEAM = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fairness", description=__doc__)
    parser.add_argument("sizes", nargs="*", choices=["100k", "1m", []], help="Sizes; else the smaller one.")
    arguments = parser.parse_args()
    print("| size | band | highest ÷ lowest | lowest | highest | cost | cost at least | outside | passed | CPU s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in arguments.sizes or ["100k"]:
        problem = made(SIZES[name])
        for line in _lines(problem, teams_of_ten(problem)):
            print(f"| {SIZES[name]} | {line} |", flush=True)


def _lines(problem: Problem, teams: Teams) -> Iterator[str]:
    begun = time.process_time()
    free = solve(problem)
    spreads = compared_in(problem, teams).spreads(free.place)
    yield _line("none", spreads, 0.0, 0.0, 0, 0, time.process_time() - begun)
    for band in CURVE:
        begun = time.process_time()
        found = fairly(problem, teams, band, free)
        seconds = time.process_time() - begun
        passed = len(violations(problem.limits, problem.used(found.solution.place)))
        yield _line(f"± {band / PARTS:.0%}", found.spreads, found.cost, found.cost_at_least, len(found.outside), passed,
                    seconds)  # fmt: skip


def _line(
    band: str, spreads: tuple[Spread, ...], cost: float, least: float, outside: int, passed: int, seconds: float
) -> str:
    widest = max(one.ratio for one in spreads)
    lowest, highest = min(one.lowest for one in spreads), max(one.highest for one in spreads)
    return (
        f"{band} | {widest:.2f} | {lowest:.3f} | {highest:.3f} | {cost:.2%} | {least:.2%} | {outside} | {passed} |"
        f" {seconds:.1f}"
    )


def teams_of_ten(problem: Problem) -> Teams:
    places = np.arange(len(problem.limits))
    team = places // _IN_A_TEAM
    names = tuple(f"team {number}" for number in range(int(team.max()) + 1))
    keys = tuple(f"place {number}" for number in places.tolist())
    return Teams(names, keys, places, team, problem.limits.hi.copy(), np.zeros(len(places), dtype=np.int64))


if __name__ == "__main__":
    main()
