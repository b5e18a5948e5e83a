"""Late rows, of a date or of one before it, that came with the extract of a later date: which extracts have some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

import sqlalchemy as sa

from adapters.duck import Duck, open_duck
from adapters.snapshots import Pointer, Version, pointed, versions
from adapters.store.nights import newest_measured_nights
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.ids import RunId, VersionId
from domain.manifest import Input
from domain.periods import Period
from domain.tables import Kind, Table
from expectations.stated import CONTROL_TOTALS
from tasks.stages.gate import accepted_in
from tasks.stages.late_rows import rows_in, until
from tasks.stages.manifests import manifest_of


def late_inputs(
    world: World, connection: sa.Connection, day: date, inputs: Iterable[Input], known_as_of: datetime | None = None
) -> tuple[Input, ...]:
    """The increments of later dates that brought a row of `day` or before, of a key that has not come in time.

    `inputs` are what a night of the day reads. Nothing is opened where nothing came later. Raises: FileChangedError.
    """
    later = _increments_between(connection, day + timedelta(days=1), date.max, known_as_of)
    if not later:
        return ()
    in_time = _increments_between(connection, day, day, known_as_of)
    return _bringing(world, connection, day, later, {*_increments(inputs), *in_time})


def arrived_since(world: World, periods: Iterable[Period]) -> tuple[str, ...]:
    """What came late and is in no night of the last day yet, of the months that have one: to be said before they are
    paid, or paid again."""
    found = []
    with world.store.read() as connection:
        for period in sorted(periods):
            day = period.last_day
            for run in newest_measured_nights(connection, day, day).values():
                late = _not_read(world, connection, run, day)
                found += [_said(day, table, items) for table, items in groupby(late, lambda item: item.table)]
    return tuple(found)


def _not_read(world: World, connection: sa.Connection, run: RunId, day: date) -> tuple[Input, ...]:
    manifest = manifest_of(connection, run)
    read = {*_increments((*manifest.history, *manifest.late, *accepted_in(connection, run)))}
    later = {*_increments_between(connection, day + timedelta(days=1), date.max)} - read
    return _bringing(world, connection, day, later, read)


def _said(day: date, table: str, late: Iterable[Input]) -> str:
    came = ", ".join(str(item.business_date) for item in late)
    return (
        f"{table} of {Period.of(day)} came with the extract of {came}, after the night of {day}: run `recoup nightly "
        f"--date {day}` again, then prepare {Period.of(day)}"
    )


def _increments_between(
    connection: sa.Connection, first: date, last: date, known_as_of: datetime | None = None
) -> tuple[Input, ...]:
    found = pointed(connection, Pointer.ACCEPTED, first, last, known_as_of=known_as_of)
    return _increments(Input(*key, version) for key, version in found.items())


def _increments(inputs: Iterable[Input]) -> tuple[Input, ...]:
    """Those of tables that come as increments; what a source says of its own extract speaks of that date alone."""
    mine = (item for item in inputs if CATALOGUE[item.table].kind is not Kind.STATE and item.table != CONTROL_TOTALS)
    return tuple(sorted(mine))


def _bringing(
    world: World, connection: sa.Connection, day: date, later: Iterable[Input], known: Iterable[Input]
) -> tuple[Input, ...]:
    candidates, before = sorted(later), sorted(known)
    found = versions(world, connection, [item.version for item in (*candidates, *before)])
    by_table: defaultdict[str, list[Version]] = defaultdict(list)
    for item in before:
        by_table[item.table].append(found[item.version])
    with open_duck(world.settings) as duck:
        return tuple(_with_late_rows(duck, day, candidates, found, by_table))


def _with_late_rows(
    duck: Duck,
    day: date,
    candidates: Sequence[Input],
    found: Mapping[VersionId, Version],
    known: Mapping[str, Sequence[Version]],
) -> Iterator[Input]:
    for name, items in groupby(candidates, lambda item: item.table):
        mine = {str(found[item.version].path.absolute()): item for item in items if found[item.version].rows}
        dated = _files_with(duck, CATALOGUE[name], day, list(mine))
        if dated and (files := [str(version.path.absolute()) for version in known.get(name, ()) if version.rows]):
            dated = _files_with(duck, CATALOGUE[name], day, dated, without=files)
        yield from (mine[path] for path in dated)


def _files_with(duck: Duck, table: Table, day: date, files: Sequence[str], *, without: Sequence[str] = ()) -> list[str]:
    """Those of the files with a row until the day; `without` the keys of other files, all of which are then read."""
    if not files:
        return []
    key = ", ".join(f'"{name}"' for name in table.key)
    but_for = f"ANTI JOIN (SELECT {key} FROM {rows_in(without)}) AS known USING ({key})" if without else ""
    sql = f"SELECT DISTINCT filename FROM {rows_in(files)} AS arrived {but_for} WHERE {until(table, day)}"
    return sorted(path for (path,) in duck.run(sql).fetchall())
