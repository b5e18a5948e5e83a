"""One full night at 100 thousand and 1 million accounts, by stage, beside hand-written DuckDB for the same KPI figures.

    python -m bench.night [ACCOUNTS …] [--home FOLDER]

A demo book of one month is landed day by day (whole state on the first and the last day, five contacts per account and
month). The last night then runs in full, in a process of its own, so that its memory is its own; so does the rival,
which reads the same Parquet. Ratios are of this machine and this run; nothing is asserted but equal figures.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.snapshots import Pointer, pointed, register, versions
from adapters.store.releases import releases_named
from adapters.store.results import read_kpis
from adapters.store.runs import begin_attempt, costs_of_attempt
from adapters.store.signatures import sign
from adapters.world import World, open_world
from bench.by_hand import by_hand
from domain.catalogue import CATALOGUE
from domain.ids import RunId
from domain.manifest import Stage
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

OPENING, START, END = date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 30)
SIZES = (100_000, 1_000_000)


def main() -> None:
    arguments = _arguments()
    if arguments.night:
        _print_night(_world(arguments.home))
    elif arguments.rival:
        _print_rival(_world(arguments.home), arguments.rival)
    else:
        for accounts in arguments.accounts or SIZES:
            _bench(accounts, arguments.home)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.night", description=__doc__)
    parser.add_argument("accounts", nargs="*", type=int)
    parser.add_argument("--home", type=Path, help="keep the book here, and use it again if it is there")
    parser.add_argument("--night", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rival", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _bench(accounts: int, kept: Path | None) -> None:
    home = kept / str(accounts) if kept else Path(tempfile.mkdtemp(prefix="recoup-bench-"))
    try:
        if not (home / "recoup.sqlite").exists():
            _prepare(home, accounts)
        night = _in_its_own_process(home, "--night")
        rival = _in_its_own_process(home, "--rival", night["run"])
        _print_table(accounts, night, rival)
    finally:
        if not kept:
            shutil.rmtree(home)


def _prepare(home: Path, accounts: int) -> None:
    """The book of the month, landed and gated up to the day before its last."""
    world = _world(home)
    begun = time.perf_counter()
    plan = DemoPlan(accounts, max(20, accounts // 400), 6, OPENING, END, seed=1, state_dates=(OPENING, END))
    write_demo_book(plan, world.settings.landing, memory_limit=world.settings.memory_limit)
    print(f"\n{accounts:,} accounts: demo book in {time.perf_counter() - begun:.0f} s", flush=True)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="bench", signer="bench signer")
    begun = time.perf_counter()
    _run(world, OPENING, (Stage.GATE,))
    open_book(world, OPENING, begin_attempt(world.store, "open", OPENING), by="bench")
    for number in range((END - START).days):
        _accept_as_landed(world, START + timedelta(days=number))
    print(f"{accounts:,} accounts: 29 days landed in {time.perf_counter() - begun:.0f} s", flush=True)


def _accept_as_landed(world: World, day: date) -> None:
    """The days between have events and no state to judge them by, so their increments count as they landed."""
    attempt = begin_attempt(world.store, f"bench {day}", day)
    land(world, day, attempt)
    with world.store.write("bench") as connection:
        landed = pointed(connection, Pointer.LANDED, day, day)
        found = versions(world, connection, landed.values())
        register(world, connection, Pointer.ACCEPTED, day, found.values(), attempt)


def _run(world: World, day: date, stages: tuple[Stage, ...]) -> tuple[Night, dict[str, float]]:
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
        Stage.ALLOCATE: lambda: allocate_night(world, night, manifest, rules.strategies),
        Stage.MEASURE: lambda: measure(world, night, manifest, rules.kpis),
        Stage.PROJECT: lambda: project(world, night, manifest, rules.policies, rules.contracts),
        Stage.REPORT: lambda: report(world, night, manifest, rules),
    }
    for stage in stages:
        work[stage]()
    return night, {"land": landed}


def _print_night(world: World) -> None:
    night, seconds = _run(world, END, NIGHT)
    with world.store.read() as connection:
        costs = costs_of_attempt(connection, night.attempt)
    stages = [["land", round(seconds["land"], 2), 0]]
    stages += [[stage.value, float(costs[stage.value][0]), costs[stage.value][1]] for stage in NIGHT]
    print(json.dumps({"run": night.run, "stages": stages, "peak_mib": _peak_mib()}))


def _print_rival(world: World, run: str) -> None:
    """The same figures by hand, from the same files; and how many of them are equal to the run's."""
    with world.store.read() as connection:
        manifest = manifest_of(connection, RunId(run))
        inputs = (*manifest.history, *accepted_in(connection, RunId(run)))
        found = versions(world, connection, [item.version for item in inputs])
        dispatch = [str(release.path) for release in releases_named(world, connection, manifest.dispatch)]
        kpis = {
            (each.kpi, each.grain.value, each.entity, each.currency): each for each in read_kpis(connection, RunId(run))
        }
    begun = time.perf_counter()
    connection = duckdb.connect(config={"memory_limit": world.settings.memory_limit, "threads": world.settings.threads})
    opening = next(found[item.version].path for item in inputs if item.table == "accounts" and item.business_date < END)
    connection.execute(f"CREATE VIEW accounts_opening AS FROM read_parquet('{opening}')")
    for table in CATALOGUE.values():
        mine = [item for item in inputs if item.table == table.name and found[item.version].rows]
        newest = sorted(mine, key=lambda item: item.business_date)
        kept = newest[-1:] if table.kind is Kind.STATE else newest
        if kept:
            files = [str(found[item.version].path) for item in kept]
            connection.execute(f"CREATE VIEW {table.name} AS FROM read_parquet({files!r})")
    connection.execute(f"CREATE VIEW changes AS FROM read_parquet({dispatch!r})")
    rows = {name: connection.execute(sql).fetchall() for name, sql in by_hand(START, END).items()}
    seconds = time.perf_counter() - begun
    equal = sum(
        kpis[kpi, grain, entity, currency].value == value or kpis[kpi, grain, entity, currency].numerator == value
        for kpi, grain, entity, currency, value in (row for each in rows.values() for row in each)
        if (kpi, grain, entity, currency) in kpis
    )
    figures = sum(len(each) for each in rows.values())
    print(json.dumps({"seconds": round(seconds, 2), "peak_mib": _peak_mib(), "figures": figures, "equal": equal}))


def _in_its_own_process(home: Path, *arguments: str) -> dict:
    command = [sys.executable, "-m", "bench.night", "--home", str(home), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def _print_table(accounts: int, night: dict, rival: dict) -> None:
    print(f"\nA night of {accounts:,} accounts\n{'stage':<10}{'seconds':>9}{'peak MiB so far':>18}")
    for stage, seconds, peak in night["stages"]:
        print(f"{stage:<10}{seconds:>9.2f}{peak or '':>18}")
    total = sum(seconds for _, seconds, _ in night["stages"])
    print(f"{'in all':<10}{total:>9.2f}{night['peak_mib']:>18}")
    measured = next(seconds for stage, seconds, _ in night["stages"] if stage == "measure")
    equal = f"{rival['equal']:,} of {rival['figures']:,} figures equal"
    print(f"{'by hand':<10}{rival['seconds']:>9.2f}{rival['peak_mib']:>18}   {equal}")
    print(f"measure ÷ by hand: {measured / rival['seconds']:.1f}")


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _world(home: Path) -> World:
    return open_world(Settings(home=home))


if __name__ == "__main__":
    main()
