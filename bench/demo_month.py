"""The month that is benched: a demo book, landed and allocated, and its last night beside the figures by hand.

    python -m bench.demo_month prepare HOME ACCOUNTS
    python -m bench.demo_month night HOME              the costs of the night, and the files it read, as JSON
    python -m bench.demo_month measured HOME ACCOUNTS  the month gated and measured for `bench.kpis`, never allocated:
                                                       owners are those of the opening
    python -m bench.demo_month compare HOME RUN        the night's figures beside those on standard input

Each is started as a process of its own, so that what one of them needs is nobody else's memory.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.snapshots import Pointer, pointed, register, versions
from adapters.store.costs import costs_of_attempt
from adapters.store.releases import releases_named
from adapters.store.results import read_kpis
from adapters.store.runs import begin_attempt
from adapters.store.signatures import sign
from adapters.world import World, open_world
from bench.comparison import Comparison, compared
from domain.catalogue import CATALOGUE
from domain.ids import RunId
from domain.manifest import Stage
from domain.periods import Period
from domain.planned import PLANNED
from domain.tables import Kind
from tasks.stages.allocate import allocate_night
from tasks.stages.gate import accepted_in, gate
from tasks.stages.land import land
from tasks.stages.manifests import manifest_of
from tasks.stages.measure import measure
from tasks.stages.night import Night
from tasks.stages.opening import open_book
from tasks.stages.pay import project
from tasks.stages.plan import NIGHT, Request, plan_night
from tasks.stages.report import report
from tasks.stages.rules import rules_of_run, sound_rules
from tasks.stages.session import planned_before

OPENING, START, MIDDLE, END = date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 15), date(2026, 9, 30)
STORE, PREPARED = "recoup.sqlite", "prepared.sqlite"
MEASURED = (Stage.GATE, Stage.MEASURE)


def main() -> None:
    command, home = sys.argv[1], Path(sys.argv[2])
    if command == "prepare":
        prepare(home, int(sys.argv[3]), NIGHT)
    elif command == "measured":
        prepare(home, int(sys.argv[3]), MEASURED)
        last_night(home, MEASURED)
    elif command == "night":
        json.dump(last_night(home), sys.stdout)
    else:
        print(*comparison_of(home, RunId(sys.argv[3]), json.load(sys.stdin)).lines(), sep="\n")


def prepare(home: Path, accounts: int, stages: tuple[Stage, ...] = NIGHT, *, employees: int = 0, seed: int = 1) -> None:
    """The book of the month up to the day before its last; where `stages` have it, allocated on days of whole state."""
    world, begun = _world(home), time.perf_counter()
    staff = employees or max(20, accounts // 400)
    plan = DemoPlan(accounts, staff, 6, OPENING, END, seed=seed, state_dates=(OPENING, MIDDLE, END))
    write_demo_book(plan, world.settings.landing, memory_limit=world.settings.memory_limit)
    print(f"\n{accounts:,} accounts: demo book in {time.perf_counter() - begun:.0f} s", flush=True)
    begun = time.perf_counter()
    _land_month(world, tuple(stage for stage in (Stage.GATE, Stage.ALLOCATE) if stage in stages))
    copy_store(home / STORE, home / PREPARED)
    print(f"{accounts:,} accounts: the month up to its last day in {time.perf_counter() - begun:.0f} s", flush=True)


def last_night(home: Path, stages: tuple[Stage, ...] = NIGHT) -> dict[str, object]:
    """The night: seconds and peak memory by stage, and the files of its book. Each start is the first."""
    copy_store(home / PREPARED, home / STORE)
    world = _world(home)
    night, landed_seconds = run_night(world, END, stages)
    with world.store.read() as connection:
        costs = costs_of_attempt(connection, night.attempt)
    seconds = [["land", round(landed_seconds, 2), 0]]
    seconds += [[each.stage, float(each.seconds), each.peak_mib] for each in costs]
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"stages": seconds, "peak_mib": peak_mib, "run": night.run, "book": book_of(world, night.run)}


def comparison_of(home: Path, run: RunId, by_hand: Iterable[Sequence[str | None]]) -> Comparison:
    """Every figure of the run beside those by hand, which are rows of texts."""
    with _world(home).store.read() as connection:
        return compared(read_kpis(connection, run), by_hand)


def _land_month(world: World, stages: tuple[Stage, ...]) -> None:
    """The book of the month, landed up to the day before its last, with `stages` on the days of whole state."""
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="bench", signer="bench signer")
    run_night(world, OPENING, (Stage.GATE,))
    open_book(world, OPENING, begin_attempt(world.store, "open", OPENING), by="bench")
    run_night(world, OPENING, stages)
    for number in range((END - START).days):
        day = START + timedelta(days=number)
        if day == MIDDLE:
            run_night(world, day, stages)
        else:
            accept_as_landed(world, day)


def accept_as_landed(world: World, day: date) -> None:
    """The days between have events and no state to judge them by, so their increments count as they landed."""
    attempt = begin_attempt(world.store, f"bench {day}", day)
    land(world, day, attempt)
    with world.store.write("bench") as connection:
        landed = pointed(connection, Pointer.LANDED, day, day)
        found = versions(world, connection, landed.values())
        register(world, connection, Pointer.ACCEPTED, day, found.values(), attempt)


def run_night(world: World, day: date, stages: tuple[Stage, ...]) -> tuple[Night, float]:
    """The night below Prefect, and the seconds of landing and planning, which no stage of the store has."""
    attempt = begin_attempt(world.store, f"bench {day}", day)
    begun = time.perf_counter()
    land(world, day, attempt)
    landed = time.perf_counter() - begun
    night = plan_night(world, Request(day, stages), attempt)
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    rules = rules_of_run(world, manifest, None)
    work = {
        Stage.GATE: lambda: gate(world, night, manifest, rules.thresholds.at(day)),
        Stage.ALLOCATE: lambda: allocate_night(world, night, manifest, rules),
        Stage.MEASURE: lambda: measure(world, night, manifest, rules.kpis),
        Stage.PROJECT: lambda: project(world, night, manifest, rules.policies, rules.contracts),
        Stage.REPORT: lambda: report(world, night, manifest, rules),
    }
    for stage in stages:
        work[stage]()
    return night, landed


def book_of(world: World, run: RunId) -> dict[str, object]:
    """The files that the run read, by table, and what DuckDB may use."""
    with world.store.read() as connection:
        manifest = manifest_of(connection, run)
        inputs = sorted((*manifest.history, *accepted_in(connection, run)), key=lambda item: item.business_date)
        found = versions(world, connection, [item.version for item in inputs])
        releases = releases_named(world, connection, manifest.dispatch)
        planned = planned_before(world, connection, manifest)
    start, end = Period.of(manifest.business_date).start, manifest.business_date
    files: dict[str, list[str]] = {}
    for item in inputs:
        if found[item.version].rows:
            is_state = CATALOGUE[item.table].kind is Kind.STATE
            before = [] if is_state else files.get(item.table, [])
            files[item.table] = [*before, str(found[item.version].path)]
            if item.table == "accounts" and item.business_date < start:
                files["accounts_opening"] = files[item.table]
    files["dispatch_changes"] = [str(release.path) for release in releases]
    files[PLANNED.name] = [str(path) for path in planned]
    limits = {"memory_limit": world.settings.memory_limit, "threads": world.settings.threads}
    return {"start": start.isoformat(), "end": end.isoformat(), "files": files, **limits}


def copy_store(store: Path, copy: Path) -> None:
    """What is still in the log beside the file comes along."""
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _world(home: Path) -> World:
    return open_world(Settings(home=home))


if __name__ == "__main__":
    main()
