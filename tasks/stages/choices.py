"""What forms offer to choose from: departments, batches, months and nights, as the store knows them now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from adapters.duck import open_duck, quoted
from adapters.snapshots import Pointer
from adapters.store.batches import batches_not_over
from adapters.store.nights import newest_measured_nights
from adapters.store.schema import batches, snapshot_pointers, snapshot_versions
from adapters.world import World
from domain.periods import Period
from tasks.stages.resuming import unfinished_nights

_POSTINGS = "staff_postings"
_DAYS = 400  # of a department that was closed a year ago, somebody may want last year's report


@dataclass(frozen=True, slots=True)
class Choices:
    """Batches that somebody still has to do something about; months whose last day has measured, and of which any day
    has; nights that were not finished. Months, batches and nights have the newest first."""

    departments: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    whole_months: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()


def choices_of(world: World) -> Choices:
    with world.store.read() as connection:
        measured = newest_measured_nights(connection)
        return Choices(
            _departments(world, connection),
            _batches(connection),
            _newest_first(day for day in measured if day == Period.of(day).last_day),
            _newest_first(measured),
            tuple(map(str, unfinished_nights(connection))),
        )


def _departments(world: World, connection: sa.Connection) -> tuple[str, ...]:
    """Those to which anybody was posted on an accepted date of the last months, also where they are closed by now."""
    pointers = snapshot_pointers.c
    of_postings = (pointers.table_name == _POSTINGS) & (pointers.kind == Pointer.ACCEPTED.value)
    newest = connection.execute(sa.select(sa.func.max(pointers.business_date)).where(of_postings)).scalar()
    if newest is None:
        return ()
    statement = (
        sa.select(snapshot_versions.c.path)
        .join(snapshot_pointers, pointers.version == snapshot_versions.c.version)
        .where(of_postings, pointers.business_date >= newest - timedelta(days=_DAYS))
        .distinct()
        .order_by(snapshot_versions.c.path)
    )
    paths = [world.settings.home / path for path in connection.execute(statement).scalars()]
    listed = ", ".join(f"'{quoted(path)}'" for path in paths if path.exists())  # retention may have removed some
    if not listed:
        return ()
    column = "department_id"
    sql = f"SELECT DISTINCT {column} FROM read_parquet([{listed}]) WHERE {column} IS NOT NULL ORDER BY {column}"
    with open_duck(world.settings) as duck:
        return tuple(str(department) for (department,) in duck.run(sql).fetchall())


def _batches(connection: sa.Connection) -> tuple[str, ...]:
    waiting = batches_not_over(connection)
    statement = (
        sa.select(batches.c.batch_id)
        .where(batches.c.batch_id.in_(waiting))
        .order_by(batches.c.period.desc(), batches.c.kind, batches.c.scope, batches.c.batch_id)
    )
    return tuple(connection.execute(statement).scalars())


def _newest_first(days: Iterable[date]) -> tuple[str, ...]:
    return tuple(sorted({str(Period.of(day)) for day in days}, reverse=True))
