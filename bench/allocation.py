"""Large allocations through the solver of the night, and the same by OR-Tools and HiGHS where they finish.

    python -m bench.allocation [SIZE ...] [--seconds 240] [--no-rivals]

Prints one line for each size and solver: wall and processor time, peak memory, value, gap, violations. Each runs in a
process of its own, so that the peaks are theirs. The gap of ours is to the bound that it proves in integers. Every
unit is one account here, so that the problem is a flow: OR-Tools ends at its optimum in whole units, and HiGHS at the
same by a linear programme. `value` is in quanta; a rival's seconds are the solver's alone, without the making of its
arcs or columns, and one that does not finish is not asked again at the next size. Sizes are those of `SIZES`; without
any, all but the largest.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import highspy
import numpy as np
import numpy.typing as npt

from allocation.problem import NOWHERE, PARTS, Group, Limit, Limits, Problem, Uses, violations
from allocation.solve import solve
from bench.spent import measuring, peak_mib

LEFT_OUT = ("10m",)


@dataclass(frozen=True, slots=True)
class Size:
    """`groups` of equal size; the units of each may go to `each` of the places, or to all of them."""

    units: int
    places: int
    groups: int
    each: int | None = None

    def __str__(self) -> str:
        where = "" if self.each is None else f", {self.each} eligible each"
        return f"{self.units:,} × {self.places}{where}"


SIZES = {
    "10k": Size(10_000, 50, 5),
    "100k": Size(100_000, 50, 5),
    "1m": Size(1_000_000, 50, 5),
    "1m-sparse": Size(1_000_000, 500, 1000, 14),
    "10m": Size(10_000_000, 50, 5),
}


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    cpu_seconds: float
    peak_mib: float
    value: int
    gap: float | None = None
    violations: int | None = None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.allocation", description=__doc__)
    parser.add_argument("sizes", nargs="*", choices=[*SIZES, []], help="Sizes; else all but the largest.")
    parser.add_argument("--seconds", type=float, default=240, help="How long a rival may take.")
    parser.add_argument("--rivals", action=argparse.BooleanOptionalAction, default=True, help="Run them too.")
    arguments = parser.parse_args()
    solvers = dict(list(SOLVERS.items())[: len(SOLVERS) if arguments.rivals else 1])
    print("| size | solver | seconds | CPU s | peak MiB | value | gap | violations |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in arguments.sizes or [name for name in SIZES if name not in LEFT_OUT]:
        for solver, measure in list(solvers.items()):
            found = measure(SIZES[name], arguments.seconds)
            print(_line(SIZES[name], solver, found, arguments.seconds), flush=True)
            if found is None:
                del solvers[solver]


def _line(size: Size, solver: str, found: Measured | None, limit: float) -> str:
    if found is None:
        return f"| {size} | {solver} | not finished in {limit:.0f} s | | | | | |"
    gap = "" if found.gap is None else f"{found.gap:.1e}"
    passed = "" if found.violations is None else str(found.violations)
    seconds = f"{found.seconds:.1f} | {found.cpu_seconds:.1f}"
    return f"| {size} | {solver} | {seconds} | {found.peak_mib:,.0f} | {found.value:,} | {gap} | {passed} |"


def _apart(measure: Callable[[Size], Measured], size: Size, limit: float | None) -> Measured | None:
    """In a process of its own, which is ended where it takes too long."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(measure, size, there))
    process.start()
    there.close()
    found: Measured | None = None
    try:
        if here.poll(limit):
            found = here.recv()
    except EOFError:
        found = None
    finally:
        process.kill()
        process.join()
    return found


def _send(measure: Callable[[Size], Measured], size: Size, there: Connection) -> None:
    there.send(measure(size))


def ours(size: Size) -> Measured:
    problem = made(size)
    with measuring() as spent:
        found = solve(problem)
    broken = violations(problem.limits, problem.used(found.place))
    return Measured(*spent(), peak_mib(), found.value, found.gap, len(broken))


def by_flow(size: Size, limit: float | None) -> Measured | None:
    """OR-Tools' minimum-cost flow, which reads the pairs from a file; see `bench.flow`."""
    problem = made(size)
    parts = [_pairs_of(problem, group) for group in problem.groups]
    unit, place, value = (np.concatenate([part[number] for part in parts]) for number in range(3))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.npz"
        np.savez(file, unit=unit, limit=place, value=value, most=problem.limits.hi)
        del problem, parts, unit, place, value
        try:
            told = subprocess.check_output([sys.executable, "-m", "bench.flow", str(file)], timeout=limit)
        except subprocess.TimeoutExpired:
            return None
    return Measured(**json.loads(told))


def relaxed_by_highs(size: Size) -> Measured:
    """Simplex, one thread."""
    problem = made(size)
    highs = highspy.Highs()
    for name, option in {"output_flag": False, "threads": 1}.items():
        highs.setOptionValue(name, option)
    highs.passModel(_linear(problem))
    with measuring() as spent:
        highs.run()
    return Measured(*spent(), peak_mib(), round(highs.getObjectiveValue()))


SOLVERS = {
    "Recoup": lambda size, _: _apart(ours, size, None),
    "OR-Tools, minimum-cost flow": by_flow,
    "HiGHS, linear programme": partial(_apart, relaxed_by_highs),
}


def _linear(problem: Problem) -> highspy.HighsLp:
    """A column for each unit and place: what it brings, the row of its unit (at most once), the row of its limit."""
    parts = [_pairs_of(problem, group) for group in problem.groups]
    unit, limit, value = (np.concatenate([part[number] for part in parts]) for number in range(3))
    pairs = len(unit)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = pairs, problem.size + len(problem.limits)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = value.astype(np.float64)
    model.col_lower_, model.col_upper_ = np.zeros(pairs), np.ones(pairs)
    most = np.concatenate([np.ones(problem.size), problem.limits.hi.astype(np.float64)])
    model.row_lower_, model.row_upper_ = np.full(len(most), -highspy.kHighsInf), most
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.arange(0, 2 * pairs + 1, 2)
    model.a_matrix_.index_ = np.column_stack([unit, problem.size + limit]).ravel()
    model.a_matrix_.value_ = np.ones(2 * pairs)
    return model


def _pairs_of(problem: Problem, group: Group) -> tuple[npt.NDArray[np.int64], ...]:
    rows = np.arange(group.start, group.stop)
    values = problem.values(group, rows)
    limit = np.empty(len(group.places), dtype=np.int64)
    limit[group.uses.place] = group.uses.limit
    return np.repeat(rows, len(group.places)), np.tile(limit, len(rows)), values.ravel()


def made(size: Size, *, seed: int = 1, filled: float = 0.85, owned: float = 0.7) -> Problem:
    """Lognormal worths, capacities for a part of the book, and owners whom a change would cost 15 %."""
    draw = np.random.default_rng(seed)
    most = (size.units * filled / size.places * draw.uniform(0.6, 1.4, size.places)).astype(np.int64)
    limits = [Limit(str(place), hi=int(hi)) for place, hi in enumerate(most)]
    of_group = size.units // size.groups
    groups = [_group(draw, size, number * of_group, (number + 1) * of_group) for number in range(size.groups)]
    units = of_group * size.groups
    worth = (draw.lognormal(8, 1, units) * 1000).astype(np.int64)
    owner = np.where(draw.random(units) < owned, draw.integers(0, len(groups[0].places), units), NOWHERE)
    return Problem(
        tuple(groups),
        np.ones(units, dtype=np.int64),
        worth,
        np.where(owner == NOWHERE, 0, worth * 15 // 100),
        owner,
        draw.integers(0, 2**63, units).astype(np.uint64),
        Limits.of(limits),
    )


def _group(draw: np.random.Generator, size: Size, start: int, stop: int) -> Group:
    every = np.arange(size.places)
    places = every if size.each is None else np.sort(draw.choice(size.places, size.each, replace=False))
    at, ones = np.arange(len(places)), np.ones(len(places), dtype=np.int64)
    return Group(start, stop, places, draw.integers(PARTS // 2, PARTS, len(places)), Uses(at, places, ones))


if __name__ == "__main__":
    main()
