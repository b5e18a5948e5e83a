"""The generalised assignment instances of OR-Library, through the solver of the night.

    python -m bench.gap FOLDER

A job is a unit in a group of its own, an agent a place, an agent's capacity a maximum in minutes. Costs are minimised
and every job must be done: being worked is worth more than any cost, and one more limit asks for all jobs as a minimum.
FOLDER holds the instances and `index.json` with the best known costs. The solver runs in one thread: its processor
time is its wall time on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from allocation.problem import NOWHERE, PARTS, Group, Limit, Limits, Problem, Uses
from allocation.solve import Solution, solve

QUANTA = 1_000_000  # of one unit of cost


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gap", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print("| instance | agents × jobs | best known | found | over | proven bound | jobs left | CPU s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for known in json.loads((folder / "index.json").read_text()):
        problem, worth = read_instance((folder / known["file"]).read_text())
        begun = time.process_time()
        found = solve(problem)
        seconds = time.process_time() - begun
        cost, least = cost_of(problem, worth, found)
        over = cost / known["best_known"] - 1
        size = f"{known['agents']} × {known['jobs']}"
        left = (found.place == NOWHERE).sum()
        print(f"| {known['file']} | {size} | {known['best_known']} | {cost:.0f} | {over:.2%} | {least:.1f} | {left} "
              f"| {seconds:.1f} |", flush=True)  # fmt: skip


def read_instance(text: str) -> tuple[Problem, int]:
    """The problem, and what being worked is worth, in quanta."""
    numbers = np.array(text.split(), dtype=np.int64)
    agents, jobs = (int(number) for number in numbers[:2])
    costs, needs = numbers[2 : 2 + 2 * agents * jobs].reshape(2, agents, jobs)
    places, everyone = np.arange(agents), np.full(agents, agents)
    worth = 2 * QUANTA * int(costs.max())
    groups = tuple(
        Group(
            job,
            job + 1,
            places,
            np.full(agents, PARTS),
            Uses(
                np.tile(places, 2), np.concatenate([places, everyone]), np.append(needs[:, job], np.ones(agents, int))
            ),
            costs[:, job] * QUANTA,
        )
        for job in range(jobs)
    )
    capacities = [
        Limit(f"agent {number}", hi=int(most)) for number, most in enumerate(numbers[2 + 2 * agents * jobs :])
    ]
    ones = np.ones(jobs, dtype=np.int64)
    hashes = np.random.default_rng(1).integers(0, 2**63, jobs).astype(np.uint64)
    limits = Limits.of([*capacities, Limit("all jobs", lo=jobs)])
    return Problem(groups, ones, ones * worth, ones * 0, ones * NOWHERE, hashes, limits), worth


def cost_of(problem: Problem, worth: int, found: Solution) -> tuple[float, float]:
    """What the found assignment costs, and what none can cost less than."""
    worked = int((found.place != NOWHERE).sum())
    return (worked * worth - found.value) / QUANTA, (problem.size * worth - found.bound) / QUANTA


if __name__ == "__main__":
    main()
