"""The parts of `bench.gate_speed`, each a process of its own, which prints a line of JSON for what it measured."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import duckdb

from adapters.demo import DemoPlan, write_demo_book
from adapters.duck import PARQUET_OPTIONS
from adapters.settings import Settings
from adapters.snapshots import Pointer, pointed, register, versions
from adapters.store.runs import begin_attempt
from adapters.store.signatures import sign
from adapters.world import World, open_world
from bench.demo_month import PREPARED, STORE, copy_store
from domain.catalogue import CATALOGUE
from domain.manifest import Stage
from domain.tables import Kind
from tasks.stages.gate import gate
from tasks.stages.land import land
from tasks.stages.manifests import manifest_of
from tasks.stages.plan import Request, plan_night
from tasks.stages.rules import rules_of_run, sound_rules

START, BEFORE, END = date(2026, 9, 1), date(2026, 9, 29), date(2026, 9, 30)
UNCHANGED = ("parties", "contact_points")


def main() -> None:
    part, home = sys.argv[1], Path(sys.argv[2])
    {
        "book": lambda: book(home, int(sys.argv[3])),
        "month": lambda: month(home),
        "night": lambda: night(home, sys.argv[3]),
        "pandera": lambda: pandera_on_pandas(home),
        "great_expectations": lambda: great_expectations_on_pandas(home),
    }[part]()


def book(home: Path, accounts: int) -> None:
    """A demo book of the month with whole state on its last day, and the day before made from that."""
    world = open_world(Settings(home=home))
    if not (world.settings.landing / END.isoformat()).is_dir():
        plan = DemoPlan(accounts, max(20, accounts // 400), 6, START, END, seed=1, state_dates=(END,))
        with measured("demo book", accounts):
            write_demo_book(plan, world.settings.landing, memory_limit=world.settings.memory_limit)
    today, before = (world.settings.landing / day.isoformat() for day in (END, BEFORE))
    for table in CATALOGUE.values():
        name = f"{table.name}.parquet"
        if table.kind is Kind.STATE and (today / name).exists() and not (before / name).exists():
            os.link(today / name, before / name)
    (before / "accounts.parquet").unlink()
    duckdb.execute(
        f"""COPY (
            SELECT a.* REPLACE (a.balance + greatest(coalesce(p.paid, 0), 0) AS balance,
                                greatest(a.days_past_due - 1, 0) AS days_past_due)
            FROM '{today}/accounts.parquet' a
            LEFT JOIN (SELECT account_id, sum(amount)::DECIMAL(18,4) AS paid FROM '{today}/payments.parquet'
                       GROUP BY account_id) p USING (account_id)
        ) TO '{before}/accounts.parquet' ({PARQUET_OPTIONS})"""
    )


def month(home: Path) -> None:
    """A first load: every increment of the month, then the whole state of its last day but one, gated."""
    world = open_world(Settings(home=home))
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="bench", signer="bench signer")
    days = [START + timedelta(days=number) for number in range((BEFORE - START).days)]
    with measured("first load: land 28 days of events", _rows_landed(world, days)):
        for day in days:
            _accept_as_landed(world, day)
    with measured("first load: land whole state and a day", _rows_landed(world, [BEFORE])):
        attempt = begin_attempt(world.store, "bench", BEFORE)
        land(world, BEFORE, attempt)
    with measured("first load: gate it", _rows_landed(world, [BEFORE])):
        _gate(world, BEFORE)
    copy_store(home / STORE, home / PREPARED)


def night(home: Path, form: str) -> None:
    """One night: landed from its files and gated; parties and contact points are as they were the day before."""
    copy_store(home / PREPARED, home / STORE)
    folder, kept = home / "landing" / END.isoformat(), home / "kept"
    world = open_world(Settings(home=home))
    rows = _rows_landed(world, [END])
    if form == "csv":
        _as_csv(folder, kept)
    try:
        with measured(f"night: land from {form}", rows):
            land(world, END, begin_attempt(world.store, "bench", END))
    finally:
        if form == "csv":
            _as_parquet(folder, kept)
    with measured("night: contracts and suites", rows):
        outcome = _gate(world, END)
    print(outcome, file=sys.stderr)


def pandera_on_pandas(home: Path) -> None:
    """The row contract of accounts on a frame, through pandera, with every failure collected."""
    import pandas as pd

    from expectations.contracts import CONTRACTS
    from expectations.frames import judge_frame

    path = home / "landing" / END.isoformat() / "accounts.parquet"
    with measured("pandera on pandas: the contract of accounts", _rows(path)):
        frame = pd.DataFrame(duckdb.sql(f"FROM '{path}'").to_arrow_table().to_pydict())
        judge_frame(CONTRACTS["accounts"], frame, {})


def great_expectations_on_pandas(home: Path) -> None:
    """Six usual checks of accounts on a frame, through Great Expectations."""
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    path = home / "landing" / END.isoformat() / "accounts.parquet"
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("accounts")
    batch = asset.add_batch_definition_whole_dataframe("all")
    with measured("Great Expectations on pandas: six checks", _rows(path)):
        frame = pd.read_parquet(path)
        suite = gx.ExpectationSuite(
            name="accounts",
            expectations=[
                gx.expectations.ExpectColumnValuesToBeUnique(column="account_id"),
                gx.expectations.ExpectColumnValuesToNotBeNull(column="balance"),
                gx.expectations.ExpectColumnValuesToBeBetween(column="days_past_due", min_value=0),
                gx.expectations.ExpectColumnValuesToBeInSet(column="currency", value_set=["VND", "CNY"]),
                gx.expectations.ExpectColumnValuesToMatchRegex(column="language", regex="^[a-z]{2}$"),
                gx.expectations.ExpectTableRowCountToBeBetween(min_value=1),
            ],
        )
        batch.get_batch({"dataframe": frame}).validate(suite)


@contextmanager
def measured(part: str, rows: int) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds = time.perf_counter() - begun
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"part": part, "rows": rows, "seconds": seconds, "peak_mib": peak_mib}), flush=True)


def _gate(world: World, day: date) -> str:
    attempt = begin_attempt(world.store, f"bench {day}", day)
    planned = plan_night(world, Request(day, (Stage.GATE,)), attempt)
    with world.store.read() as connection:
        manifest = manifest_of(connection, planned.run)
    rules = rules_of_run(world, manifest, None)
    result = gate(world, planned, manifest, rules.thresholds.at(day))
    return f"{day}: {result.summary['outcome']}, halted {result.summary['halted']}"


def _accept_as_landed(world: World, day: date) -> None:
    attempt = begin_attempt(world.store, f"bench {day}", day)
    land(world, day, attempt)
    with world.store.write("bench") as connection:
        found = versions(world, connection, pointed(connection, Pointer.LANDED, day, day).values())
        register(world, connection, Pointer.ACCEPTED, day, found.values(), attempt)


def _rows_landed(world: World, days: list[date]) -> int:
    files = [path for day in days for path in (world.settings.landing / day.isoformat()).glob("*.parquet")]
    return sum(_rows(path) for path in files)


def _rows(path: Path) -> int:
    return duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()[0][0]


def _as_csv(folder: Path, kept: Path) -> None:
    """CSV in place of Parquet, but for what did not change since the day before."""
    kept.mkdir(exist_ok=True)
    for path in folder.glob("*.parquet"):
        if path.stem not in UNCHANGED:
            duckdb.execute(f"COPY (FROM '{path}') TO '{path.with_suffix('.csv')}' (FORMAT csv, HEADER)")
            path.rename(kept / path.name)


def _as_parquet(folder: Path, kept: Path) -> None:
    for path in kept.glob("*.parquet"):
        (folder / path.name).with_suffix(".csv").unlink()
        path.rename(folder / path.name)


if __name__ == "__main__":
    main()
