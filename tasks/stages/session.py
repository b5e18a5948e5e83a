"""Sessions: a DuckDB whose views are exactly what a manifest names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from adapters.duck import Duck, duck_columns, open_duck, quoted
from adapters.snapshots import Version, versions
from adapters.store.releases import create_dispatch_views, releases_named
from adapters.store.runs import files_of_run
from adapters.store.schema import run_files
from adapters.world import World, registered_file
from allocation.recovered import OPENING_VIEWS
from domain.catalogue import CATALOGUE
from domain.ids import VersionId
from domain.manifest import Input, Manifest
from domain.periods import Period
from domain.planned import PLANNED
from domain.tables import Kind, Table
from kpi_rules.views import CREDITS, CREDITS_BEFORE_SQL, LIQUIDATION
from tasks.stages.account_days import create_account_days
from tasks.stages.confirmed_signals import create_confirmed_signals
from tasks.stages.decided_complaints import COMPLAINTS, judge_complaints
from tasks.stages.handed_files import create_handed_files
from tasks.stages.late_rows import with_late_rows


@contextmanager
def session_of_night(
    world: World, manifest: Manifest, accepted: Iterable[Input], *, releases: bool = True
) -> Iterator[Duck]:
    """Views named as the catalogue's tables: state as of the date, events from the look-back on, revisable events in
    their latest version, and beside both what came late; `accounts_previous` and `accounts_opening` (end of the last
    period); `account_days`, of every day whose accounts are named, and `extract_days`; `dispatch`; `credits_before` and
    `liquidation`, of earlier months; `planned_actions`, of earlier nights; `confirmed_signals`, of people;
    `handed_files`, of partners.

    `accepted` are the versions of the date itself that the gate let through; a table without one has no rows of today.
    """
    inputs = (*manifest.history, *accepted)
    with world.store.read() as connection:
        found = versions(world, connection, [item.version for item in (*inputs, *manifest.late)])
        dispatch = releases_named(world, connection, manifest.dispatch) if releases else ()
        credited = _credits_before(world, connection, manifest)
        seen = _liquidation_before(world, connection, manifest)
        planned = planned_before(world, connection, manifest)
    with open_duck(world.settings) as duck:
        for table in CATALOGUE.values():
            create_view(duck, table, [item for item in inputs if item.table == table.name], found)
        _add_late_rows(duck, manifest, found)
        judge_complaints(duck, manifest)
        create_confirmed_signals(duck, manifest)
        create_handed_files(duck, manifest)
        _account_views(duck, manifest.business_date, inputs, found)
        create_account_days(duck, inputs, found)
        create_dispatch_views(duck, dispatch)
        duck.create_view(CREDITS_BEFORE_SQL.name, credited, duck_columns(CREDITS))
        duck.create_view(LIQUIDATION.name, seen, duck_columns(LIQUIDATION))
        duck.create_view(PLANNED.name, planned, duck_columns(PLANNED))
        yield duck


@contextmanager
def session_of_tables(
    world: World, manifest: Manifest, accepted: Iterable[Input], tables: Iterable[str]
) -> Iterator[Duck]:
    """A small session: these tables alone, as `session_of_night` has them."""
    wanted = frozenset(tables)
    inputs = [item for item in (*manifest.history, *accepted) if item.table in wanted]
    with world.store.read() as connection:
        found = versions(world, connection, [item.version for item in (*inputs, *manifest.late)])
    with open_duck(world.settings) as duck:
        for name in sorted(wanted):
            create_view(duck, CATALOGUE[name], [item for item in inputs if item.table == name], found)
        _add_late_rows(duck, manifest, found, wanted)
        if COMPLAINTS in wanted:
            judge_complaints(duck, manifest)
        yield duck


def _credits_before(world: World, connection: sa.Connection, manifest: Manifest) -> list[Path]:
    """The credits of the earlier nights that the manifest names.

    Raises: FileChangedError.
    """
    files = [files_of_run(connection, earlier.run)[CREDITS.name] for earlier in manifest.earlier]
    return [registered_file(world, file.path, file.sha256) for file in files]


def _liquidation_before(world: World, connection: sa.Connection, manifest: Manifest) -> list[Path]:
    """What the earlier months that the manifest names saw. Raises: FileChangedError."""
    statement = sa.select(run_files.c.sha256, run_files.c.path).where(run_files.c.sha256.in_(manifest.liquidation))
    paths = {row.sha256: row.path for row in connection.execute(statement)}
    return [registered_file(world, paths.get(digest, digest), digest) for digest in manifest.liquidation]


def planned_before(world: World, connection: sa.Connection, manifest: Manifest) -> list[Path]:
    """The actions that the nights which the manifest names have planned. Raises: FileChangedError."""
    nights = [night.run for night in manifest.planned]
    mine = sa.and_(run_files.c.run_id.in_(nights), run_files.c.name == PLANNED.name, run_files.c.rows > 0)
    files = connection.execute(sa.select(run_files.c.path, run_files.c.sha256).where(mine).order_by(run_files.c.path))
    return [registered_file(world, file.path, file.sha256) for file in files]


def create_view(
    duck: Duck, table: Table, inputs: Sequence[Input], found: Mapping[VersionId, Version], name: str = ""
) -> None:
    """State: the newest date. Events: all dates. Revisable events: of each key the newest date that has it."""
    view = name or table.name
    newest_first = sorted(inputs, key=lambda item: item.business_date, reverse=True)
    kept = newest_first[:1] if table.kind is Kind.STATE else newest_first
    files = [found[item.version].path for item in kept if found[item.version].rows]
    if table.kind is Kind.REVISABLE and len(files) > 1:
        duck.run(f'CREATE OR REPLACE VIEW "{view}" AS {_latest_versions(table, files)}')
    else:
        duck.create_view(view, files, duck_columns(table))


def _add_late_rows(
    duck: Duck, manifest: Manifest, found: Mapping[VersionId, Version], wanted: Collection[str] = CATALOGUE
) -> None:
    """What came with later extracts belongs to the tables as if it had come in time."""
    for name in sorted({item.table for item in manifest.late} & {*wanted}):
        late = [found[item.version] for item in manifest.late if item.table == name]
        duck.run(f'ALTER VIEW "{name}" RENAME TO "{name}_in_time"')
        sql = with_late_rows(CATALOGUE[name], f"{name}_in_time", late, manifest.business_date)
        duck.run(f'CREATE VIEW "{name}" AS {sql}')


def _latest_versions(table: Table, files: Sequence[object]) -> str:
    """The date of an increment is the folder that its version lies in: increments have a version for each date."""
    columns = ", ".join(f'"{name}"' for name in table.names)
    key = ", ".join(f'"{name}"' for name in table.key)
    listed = ", ".join(f"'{quoted(path)}'" for path in files)  # type: ignore[arg-type]
    day = "parse_path(filename)[-3]"
    return (
        f"SELECT {columns} FROM read_parquet([{listed}], filename = true) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {day} DESC) = 1"
    )


def _account_views(duck: Duck, day: date, inputs: Sequence[Input], found: Mapping[VersionId, Version]) -> None:
    """The book of yesterday, and the opening books: of this month, and of those before that the manifest names."""
    accounts = [item for item in inputs if item.table == "accounts"]
    period, before = Period.of(day), [("accounts_previous", day)]
    for name in OPENING_VIEWS:
        before.append((name, period.start))
        period = period.previous()
    for name, end in before:
        earlier = [item for item in accounts if item.business_date < end]
        create_view(duck, CATALOGUE["accounts"], earlier, found, name)
