"""What months recovered on their overdue books: kept with each night, named by later manifests, and expected from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.seam import WrittenFile
from adapters.store.runs import RunFile, newest_files_of_months
from adapters.store.schema import run_files
from adapters.world import World, registered_file
from allocation.recovered import OPENING_VIEWS, RECOVERED, THIS_MONTH_SQL, history_statement, recovered_statement
from allocation.recovery import RecoveryTable, as_told, recovery_table
from allocation.strategies import Strategy
from domain.dispatch import DISPATCH_SQL
from domain.ids import Digest
from domain.manifest import Manifest
from domain.periods import Period
from tasks.stages.night import Night, folder_of

READS = frozenset({"payments", "accounts", "cases", "placements"})
NIGHTS_THAT_KEEP = 7  # of a month, to its last day
RECOVERY = "recovery"  # the file with the rates and effects of a night


def recovered_before(
    connection: sa.Connection, day: date, strategy: Strategy | None, known_as_of: datetime | None = None
) -> tuple[Digest, ...]:
    """Of each month that the strategy looks back at, what its last official night saw: the files, by digest."""
    months = strategy.recovery.history_months if strategy else 0
    first, end = _openings(day, months + 1)[-1], Period.of(day).start
    return newest_files_of_months(connection, RECOVERED.name, first, end, known_as_of)


def see_month(
    world: World, night: Night, duck: Duck, strategy: Strategy, halted: frozenset[str]
) -> tuple[RunFile, ...]:
    """Write what the month up to the date recovered, in its last week. The session has it as a view.

    Nothing where it is not known: a table that it is made of is halted, or there is no opening book.
    """
    duck.create_view(THIS_MONTH_SQL.name, (), duck_columns(RECOVERED))
    if not _is_last_week(night.business_date) or halted & READS or not _has_opening_book(duck):
        return ()
    duck.keep(DISPATCH_SQL.name)
    day, path = night.business_date, world.settings.home / folder_of(night) / f"{RECOVERED.name}.parquet"
    statement = recovered_statement(strategy, _openings(day, strategy.recovery.months), day)
    written = world.seam.write_file(path, lambda part: duck.write_parquet(statement, part), point=RECOVERED.name)
    duck.create_view(THIS_MONTH_SQL.name, [path], duck_columns(RECOVERED))
    return (_file(world, RECOVERED.name, written, pq.read_metadata(path).num_rows),)


def expect(world: World, manifest: Manifest, duck: Duck, strategy: Strategy, seen: Sequence[RunFile]) -> RecoveryTable:
    """What accounts are expected to bring, and what destinations make of it, in a session that has seen its month.

    Months that are over count, this one too on its last day; where they saw nothing, the month so far in its last week:
    before, it says little, for debtors pay by the calendar.
    Raises: FileChangedError.
    """
    day = manifest.business_date
    over = [world.settings.home / file.path for file in seen] if Period.of(day).last_day == day else []
    files = [*_files_before(world, manifest), *over]
    duck.create_view(RECOVERED.name, files, duck_columns(RECOVERED))
    history = duck.read(history_statement()) if files else []
    has_all = {row["currency"] for row in history} >= set(strategy.rule.currencies)
    this_month = duck.read(history_statement(THIS_MONTH_SQL)) if seen and not has_all else []
    return recovery_table(strategy, history, this_month)


def recovery_file(world: World, night: Night, table: RecoveryTable) -> RunFile:
    """The rates and effects by which a night was allocated, as a file of its run."""
    path = world.settings.home / folder_of(night) / f"{RECOVERY}.json"
    text = json.dumps(as_told(table), ensure_ascii=False, indent=1)
    return _file(world, RECOVERY, world.seam.write_text(path, text, point=RECOVERY), len(table.rates))


def _is_last_week(day: date) -> bool:
    """Several nights keep what the month has recovered, so that one that fails at its end leaves the one before."""
    return (Period.of(day).last_day - day).days < NIGHTS_THAT_KEEP


def _has_opening_book(duck: Duck) -> bool:
    return duck.run(f"SELECT 1 FROM {OPENING_VIEWS[0]} LIMIT 1").fetchone() is not None


def _openings(day: date, months: int) -> tuple[date, ...]:
    """The first days of the date's month and of those before it, the newest first."""
    period, found = Period.of(day), []
    for _ in range(months):
        found.append(period.start)
        period = period.previous()
    return tuple(found)


def _files_before(world: World, manifest: Manifest) -> list[Path]:
    with world.store.read() as connection:
        statement = sa.select(run_files.c.sha256, run_files.c.path).where(run_files.c.sha256.in_(manifest.recovered))
        paths = {row.sha256: row.path for row in connection.execute(statement)}
    return [registered_file(world, paths.get(digest, digest), digest) for digest in manifest.recovered]


def _file(world: World, name: str, written: WrittenFile, rows: int) -> RunFile:
    return RunFile(name, written.path.relative_to(world.settings.home).as_posix(), written.sha256, rows)
