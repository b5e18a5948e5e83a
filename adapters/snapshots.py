"""Snapshots: versions of extracts as ordered Parquet, published by pointer rows; *landed* and *accepted* are separate.

A version is named by the digest of its table, columns and content, and never changes. Which version counts for a date
is the newest pointer row, so a corrected extract is a new version of the same date, a bad resend does not displace what
was accepted, and state that did not change since yesterday is stored once.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.duck import PARQUET_OPTIONS, Duck, quoted
from adapters.seam import WrittenFile
from adapters.store.retention import error_of_missing
from adapters.store.schema import snapshot_pointers, snapshot_versions, source_files
from adapters.world import World
from domain.ids import AttemptId, VersionId, digest_of, short
from domain.tables import Kind, Table, Type


class Pointer(StrEnum):
    LANDED = "landed"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Version:
    """A stored version; `columns` are names and DuckDB types as they landed, `totals` sums of money by currency."""

    version: VersionId
    table: str
    first_date: date
    path: Path
    sha256: str
    rows: int
    columns: Mapping[str, str]
    totals: Mapping[str, Mapping[str, str]]


def write_version(world: World, duck: Duck, table: Table, day: date, sql: str, guard: str = "") -> Version:
    """The rows of `sql` as a version of `table`, in a total order; the same rows give the same version.

    `guard` is a condition that each row meets, or ends the statement by its own error while the rows are written.
    """
    columns = {row[0]: row[1] for row in duck.run(f"DESCRIBE {sql}").fetchall()}
    order = _order(duck, table, sql, list(columns))
    ordered = f"SELECT * FROM ({sql}) {f'WHERE {guard} ' if guard else ''}ORDER BY {order}"
    folder = world.settings.home / "snapshots" / table.name / day.isoformat()
    written = world.seam.write_file(
        lambda sha256: folder / short(_name(table, day, columns, sha256)) / "part.parquet",
        lambda path: duck.run(f"COPY ({ordered}) TO '{quoted(path)}' ({PARQUET_OPTIONS}, USE_TMP_FILE false)"),
        folder=folder,
        point="snapshot",
    )
    known = _version_named(world, _name(table, day, columns, written.sha256))
    if known is not None and known.path != written.path:
        if not known.path.exists():  # retention removed it, and the same rows have come again
            world.seam.write_file(known.path, partial(shutil.copyfile, written.path), point="snapshot_again")
        shutil.rmtree(written.path.parent)  # an attempt that was killed may have left its manifest there
        return known
    version = _described(duck, table, day, written, columns)
    world.seam.write_text(written.path.with_name("manifest.json"), _manifest(version), point="snapshot_manifest")
    return version


def register(
    world: World,
    connection: sa.Connection,
    kind: Pointer,
    day: date,
    versions: Iterable[Version],
    attempt: AttemptId | None,
) -> None:
    """Make each version the one that counts for `day`; what counts already is left alone."""
    current = pointed(connection, kind, day, day)
    for version in versions:
        _insert_version(connection, version, world.settings.home)
        if current.get((version.table, day)) != version.version:
            connection.execute(
                snapshot_pointers.insert().values(
                    kind=kind.value,
                    table_name=version.table,
                    business_date=day,
                    version=version.version,
                    recorded_at=world.seam.recorded(),
                    attempt_id=attempt,
                )
            )


def register_source(connection: sa.Connection, source_sha256: str, version: Version) -> None:
    """Remember which version a landing file became, so that it is not read again."""
    row = {"source_sha256": source_sha256, "table_name": version.table, "version": version.version}
    if connection.execute(sa.select(source_files.c.version).filter_by(**row)).first() is None:
        connection.execute(source_files.insert().values(row))


def pointed(
    connection: sa.Connection, kind: Pointer, start: date, end: date, *, known_as_of: datetime | None = None
) -> dict[tuple[str, date], VersionId]:
    """The version that counts for each table and date from `start` to `end`, both included."""
    pointers = snapshot_pointers.c
    statement = (
        sa.select(pointers.table_name, pointers.business_date, pointers.version)
        .where(pointers.kind == kind.value, pointers.business_date.between(start, end))
        .order_by(pointers.sequence)
    )
    if known_as_of is not None:
        statement = statement.where(pointers.recorded_at <= known_as_of)
    return {(row.table_name, row.business_date): VersionId(row.version) for row in connection.execute(statement)}


def versions(world: World, connection: sa.Connection, names: Iterable[VersionId]) -> dict[VersionId, Version]:
    """Raises: FileChangedError if the file of one of them is gone; RemovedError where retention removed it."""
    wanted = sorted(set(names))
    statement = sa.select(snapshot_versions).where(snapshot_versions.c.version.in_(wanted))
    found = {VersionId(row.version): _version(row, world.settings.home) for row in connection.execute(statement)}
    home = world.settings.home
    gone = [version.path.relative_to(home).as_posix() for version in found.values() if not version.path.exists()]
    gone += [name for name in wanted if name not in found]
    if gone:
        fault = f"registered snapshots are missing: {', '.join(gone)}. Restore them from the backup"
        raise error_of_missing(connection, gone, fault)
    return found


def version_of_source(world: World, source_sha256: str, table: Table, day: date) -> Version | None:
    """The version that this landing file became before; events have one of their own for each date."""
    statement = (
        sa.select(snapshot_versions)
        .join(source_files, source_files.c.version == snapshot_versions.c.version)
        .where(source_files.c.source_sha256 == source_sha256, source_files.c.table_name == table.name)
    )
    if table.kind is not Kind.STATE:
        statement = statement.where(snapshot_versions.c.first_date == day)
    with world.store.read() as connection:
        row = connection.execute(statement).first()
    known = None if row is None else _version(row, world.settings.home)
    return known if known is not None and known.path.exists() else None  # one that retention removed is read anew


def _version_named(world: World, name: VersionId) -> Version | None:
    with world.store.read() as connection:
        row = connection.execute(sa.select(snapshot_versions).where(snapshot_versions.c.version == name)).first()
    return None if row is None else _version(row, world.settings.home)


def _order(duck: Duck, table: Table, sql: str, names: Sequence[str]) -> str:
    """By key; where keys repeat, or one is missing, by every column, so that no order is left to chance."""
    if not set(table.key) <= set(names):
        return "ALL"
    key = ", ".join(f'"{name}"' for name in table.key)
    repeated = duck.run(f"SELECT count(*) > count(DISTINCT ({key})) FROM ({sql})").fetchone()[0]
    others = ('"' + name.replace('"', '""') + '"' for name in names if name not in table.key)
    rest = [f"{name} NULLS FIRST" for name in others] if repeated else []
    return ", ".join([*(f'"{name}" NULLS FIRST' for name in table.key), *rest])


def _name(table: Table, day: date, columns: Mapping[str, str], sha256: str) -> VersionId:
    """State is named by content alone, so that it is stored once; an increment belongs to its date."""
    return VersionId(digest_of([table.name, None if table.kind is Kind.STATE else day, columns, sha256]))


def _described(duck: Duck, table: Table, day: date, written: WrittenFile, columns: Mapping[str, str]) -> Version:
    rows = duck.run(f"SELECT count(*) FROM read_parquet('{quoted(written.path)}')").fetchone()[0]
    totals = _totals(duck, table, written.path, columns)
    name = _name(table, day, columns, written.sha256)
    return Version(name, table.name, day, written.path, written.sha256, rows, columns, totals)


def _manifest(version: Version) -> str:
    content = {
        "table": version.table,
        "version": version.version,
        "sha256": version.sha256,
        "rows": version.rows,
        "columns": version.columns,
        "totals": version.totals,
    }
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _totals(duck: Duck, table: Table, path: Path, columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By currency: the sum of each money column, as text, and under `rows` how many rows there are.

    Nothing where the columns did not land as they should.
    """
    money = [column.name for column in table if column.type is Type.MONEY]
    if not money or "currency" not in columns or any(not columns.get(name, "").startswith("DECIMAL") for name in money):
        return {}
    sums = ", ".join(f'CAST(sum("{name}") AS DECIMAL(38,4)) AS "{name}"' for name in money)
    rows = duck.run(
        f"SELECT currency, {sums}, CAST(count(*) AS BIGINT) AS \"rows\" FROM read_parquet('{quoted(path)}') "
        "WHERE currency IS NOT NULL GROUP BY currency ORDER BY currency"
    ).fetchall()
    names = [*money, "rows"]
    return {
        name: {row[0]: str(row[place]) for row in rows if row[place] is not None} for place, name in enumerate(names, 1)
    }


def _insert_version(connection: sa.Connection, version: Version, home: Path) -> None:
    known = sa.select(snapshot_versions.c.version).where(snapshot_versions.c.version == version.version)
    if connection.execute(known).first() is None:
        connection.execute(
            snapshot_versions.insert().values(
                version=version.version,
                table_name=version.table,
                first_date=version.first_date,
                path=version.path.relative_to(home).as_posix(),
                content_sha256=version.sha256,
                rows=version.rows,
                columns=version.columns,
                totals=version.totals,
            )
        )


def _version(row: Any, home: Path) -> Version:
    return Version(
        VersionId(row.version),
        row.table_name,
        row.first_date,
        home / row.path,
        row.content_sha256,
        row.rows,
        row.columns,
        row.totals,
    )


def files_of(found: Mapping[VersionId, Version], names: Sequence[VersionId]) -> tuple[Path, ...]:
    return tuple(found[name].path for name in names)
