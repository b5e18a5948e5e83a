"""A month of nights in a row, each in a process of its own: does time, memory, disk or the database grow?

    python -m bench.soak [--accounts 200000] [--nights 30] [--home FOLDER] [--out FILE.md]

A demo book with whole state on every date is opened on its first day; then every night runs in full, as the flow calls
it below Prefect. Of each night: processor and wall seconds by stage, the most memory its process held, what lies below
the home folder, and the size of the store. `--out` writes the table, and a picture beside it; nothing is asserted. A
home that is there already goes on after its last night.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from bench.spent import measuring, peak_mib

FIRST = date(2026, 8, 31)
ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024
STAGES = ("land", "gate", "allocate", "measure", "project", "report")


@dataclass(frozen=True, slots=True)
class Soaked:
    """What one night took. `cpu` and `wall` are seconds by stage; folders and the store in MiB after it."""

    day: str
    cpu: dict[str, float]
    wall: dict[str, float]
    peak: float
    store: float
    landing: float
    snapshots: float
    runs: float
    reports: float

    @property
    def seconds(self) -> float:
        return sum(self.cpu.values())


def main() -> None:
    if sys.argv[1:2] == ["night"]:
        json.dump(asdict(_night(Path(sys.argv[2]), date.fromisoformat(sys.argv[3]))), sys.stdout)
        return
    if sys.argv[1:2] == ["book"]:
        _book(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return
    arguments = _arguments()
    home = arguments.home or Path(tempfile.mkdtemp(prefix="recoup-soak-"))
    nights = _soak(home, arguments.accounts, arguments.nights)
    lines = list(_table(nights, arguments.accounts))
    print("\n".join(lines))
    if arguments.out:
        arguments.out.write_text("\n".join(_page(lines, arguments.out)), encoding="utf-8")
        _draw(nights, arguments.out.with_suffix(".svg"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--accounts", type=int, default=200_000)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--home", type=Path, help="keep everything here")
    parser.add_argument("--out", type=Path, help="write the table here, and a picture beside it")
    return parser.parse_args()


def _soak(home: Path, accounts: int, nights: int) -> list[Soaked]:
    """What was soaked before stands in soaked.jsonl; this process imports nothing of the product."""
    kept = home / "soaked.jsonl"
    if not kept.exists():
        _said("book", str(home), str(accounts), str(nights))
        kept.touch()
    found = [Soaked(**json.loads(line)) for line in kept.read_text(encoding="utf-8").splitlines()]
    for number in range(len(found) + 1, nights + 1):
        told = _said("night", str(home), (FIRST + timedelta(days=number)).isoformat())
        found.append(Soaked(**json.loads(told)))
        with kept.open("a", encoding="utf-8") as file:
            file.write(told + "\n")
        print(_row(found[-1]), flush=True)
    return found


def _said(*arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-m", "bench.soak", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def _book(home: Path, accounts: int, nights: int) -> None:
    from adapters.demo import DemoPlan, write_demo_book
    from adapters.store.runs import begin_attempt
    from adapters.store.signatures import sign
    from bench.demo_month import run_night
    from domain.manifest import Stage
    from tasks.stages.opening import open_book
    from tasks.stages.rules import sound_rules

    world = _world(home)
    plan = DemoPlan(accounts, max(20, accounts // 400), 6, FIRST, FIRST + timedelta(days=nights), seed=1)
    write_demo_book(plan, world.settings.landing, memory_limit=world.settings.memory_limit)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="bench", signer="bench signer")
    run_night(world, FIRST, (Stage.GATE,))
    open_book(world, FIRST, begin_attempt(world.store, "open", FIRST), by="bench")


def _night(home: Path, day: date) -> Soaked:
    from adapters.store.costs import costs_of_attempt
    from bench.demo_month import run_night
    from tasks.stages.plan import NIGHT

    world = _world(home)
    with measuring() as spent:
        night, landed = run_night(world, day, NIGHT)
    with world.store.read() as connection:
        costs = costs_of_attempt(connection, night.attempt)
    cpu = {each.stage: float(each.cpu_seconds or 0) for each in costs}
    wall = {"land": landed, **{each.stage: float(each.seconds) for each in costs}}
    world.store.engine.dispose()
    folders = {name: _mib(home / name) for name in ("landing", "snapshots", "runs", "reports")}
    others = {"land": max(spent()[1] - sum(cpu.values()), 0.0)}
    return Soaked(day.isoformat(), others | cpu, wall, peak_mib(), _mib(home / "recoup.sqlite"), **folders)


def _world(home: Path):
    from adapters.settings import Settings
    from adapters.world import open_world

    return open_world(Settings(home=home))


def _mib(path: Path) -> float:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / MIB


def _table(nights: Sequence[Soaked], accounts: int) -> list[str]:
    """Every night, and below it the median of the last third as a multiple of that of the first."""
    heads = ("night", *(f"{stage}, s" for stage in STAGES), "in all, s", "peak MiB", "store MiB", "snapshots MiB",
             "runs MiB", "reports MiB")  # fmt: skip
    rows = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}", *map(_row, nights)]
    third = max(len(nights) // 3, 1)
    grown = [
        f"{name}: {median(map(value, nights[-third:])) / median(map(value, nights[:third])):.2f}"
        for name, value in (("processor seconds", lambda each: each.seconds), ("memory", lambda each: each.peak))
    ]
    first, last = nights[0], nights[-1]
    each_night = max(len(nights) - 1, 1)
    added = [
        f"{name} {(getattr(last, name) - getattr(first, name)) / each_night:.1f}"
        for name in ("store", "snapshots", "runs", "reports")
    ]
    return [
        f"{accounts:,} accounts, {len(nights)} nights; seconds are of the processor.",
        "",
        *rows,
        "",
        f"The last third of the nights as a multiple of the first, medians: {', '.join(grown)}.",
        f"MiB that a night adds: {', '.join(added)}.",
    ]


def _row(night: Soaked) -> str:
    sizes = (night.peak, night.store, night.snapshots, night.runs, night.reports)
    stages = (f"{night.cpu.get(stage, 0):.1f}" for stage in STAGES)
    return f"| {' | '.join((night.day, *stages, f'{night.seconds:.1f}', *(f'{size:.0f}' for size in sizes)))} |"


def _page(lines: Sequence[str], out: Path) -> list[str]:
    return [
        "# A month of nights in a row",
        "",
        "Made by `python -m bench.soak --out`; do not edit. What it runs stands at the top of `bench/soak.py`.",
        "",
        f"![Seconds, memory, store and files of each night]({out.with_suffix('.svg').name})",
        "",
        *lines,
        "",
    ]


def _draw(nights: Sequence[Soaked], path: Path) -> None:
    import altair as alt

    figures = {
        "processor seconds": lambda each: each.seconds,
        "peak memory, MiB": lambda each: each.peak,
        "store, MiB": lambda each: each.store,
        "snapshots, runs and reports, MiB": lambda each: each.snapshots + each.runs + each.reports,
    }
    rows = [
        {"night": number, "figure": name, "value": value(night)}
        for name, value in figures.items()
        for number, night in enumerate(nights, start=1)
    ]
    chart = alt.Chart(alt.Data(values=rows)).mark_line(point=True).encode(
        alt.X("night:Q"), alt.Y("value:Q", title=None, scale=alt.Scale(zero=True))
    ).properties(width=340, height=180).facet(alt.Facet("figure:N", title=None), columns=2)  # fmt: skip
    chart.resolve_scale(y="independent").save(str(path))


if __name__ == "__main__":
    main()
