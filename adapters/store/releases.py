"""Releases of the dispatch: numbered, in order, each a registered file of changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.errors import ConflictError, FileChangedError
from adapters.seam import WrittenFile
from adapters.store.schema import releases
from adapters.world import World
from domain.dispatch import CHANGES, intervals
from domain.exact import exact
from domain.ids import AttemptId, ReleaseId, RunId, digest_of


class ReleaseKind(StrEnum):
    OPENING = "opening"
    ALLOCATION = "allocation"
    OVERRIDE = "override"
    HANDOVER = "handover"


REASSIGNING = (ReleaseKind.OVERRIDE, ReleaseKind.HANDOVER)


@dataclass(frozen=True, slots=True)
class Release:
    sequence: int
    release: ReleaseId
    kind: ReleaseKind
    run: RunId | None
    valid_from: date
    path: Path
    rows: int


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a release is made, by whom, and from when on its changes hold."""

    kind: ReleaseKind
    valid_from: date
    by: str
    reason: str
    run: RunId | None = None


def releases_before(world: World, connection: sa.Connection, day: date) -> tuple[Release, ...]:
    """The releases that a run of `day` reads, in order: those whose changes hold from `day` or earlier, and the
    overrides and handovers of later days that were made before the dispatch of `day` was, because that keeps them."""
    table = releases.c
    dispatch = sa.select(sa.func.min(table.sequence)).where(
        table.kind == ReleaseKind.ALLOCATION.value, table.valid_from > day
    )
    first = connection.execute(dispatch).scalar()
    later = sa.and_(
        table.kind.in_([kind.value for kind in REASSIGNING]), sa.true() if first is None else table.sequence < first
    )
    statement = sa.select(releases).where(sa.or_(table.valid_from <= day, later)).order_by(table.sequence)
    return tuple(_release(row, world.settings.home) for row in connection.execute(statement))


def releases_named(world: World, connection: sa.Connection, names: Iterable[ReleaseId]) -> tuple[Release, ...]:
    """Raises: FileChangedError if the file of one of them is gone."""
    statement = sa.select(releases).where(releases.c.release_id.in_(sorted(names))).order_by(releases.c.sequence)
    found = tuple(_release(row, world.settings.home) for row in connection.execute(statement))
    gone = [str(release.path) for release in found if not release.path.exists()]
    if gone:
        raise FileChangedError(f"registered releases are missing: {', '.join(gone)}. Restore them from the backup")
    return found


def all_releases(world: World, connection: sa.Connection) -> tuple[Release, ...]:
    """Everything that has been released, in order. Raises: FileChangedError if the file of one of them is gone."""
    return releases_named(world, connection, connection.execute(sa.select(releases.c.release_id)).scalars())


def next_sequence(connection: sa.Connection) -> int:
    newest = connection.execute(sa.select(sa.func.max(releases.c.sequence))).scalar()
    return int(newest or 0) + 1


def insert_release(
    world: World,
    connection: sa.Connection,
    decision: Decision,
    sequence: int,
    file: WrittenFile,
    rows: int,
    attempt: AttemptId | None,
) -> ReleaseId:
    """Raises: ConflictError if another release took the number meanwhile."""
    if next_sequence(connection) != sequence:
        raise ConflictError("another release was made meanwhile; run the stage again, and it starts from that one")
    name = ReleaseId(digest_of([decision, sequence, file.sha256]))
    connection.execute(
        releases.insert().values(
            sequence=sequence,
            release_id=name,
            kind=decision.kind.value,
            run_id=decision.run,
            valid_from=decision.valid_from,
            path=file.path.relative_to(world.settings.home).as_posix(),
            sha256=file.sha256,
            rows=rows,
            by_name=decision.by,
            reason=decision.reason,
            recorded_at=world.seam.recorded(),
            attempt_id=attempt,
        )
    )
    return name


def create_dispatch_views(duck: Duck, found: Sequence[Release]) -> None:
    """The views `dispatch_changes` and `dispatch` (its intervals) over the files of these releases."""
    duck.create_view("dispatch_changes", [release.path for release in found], duck_columns(CHANGES))
    duck.create_view_as("dispatch", exact(intervals()))


def _release(row: Any, home: Path) -> Release:
    return Release(
        row.sequence,
        ReleaseId(row.release_id),
        ReleaseKind(row.kind),
        None if row.run_id is None else RunId(row.run_id),
        row.valid_from,
        home / row.path,
        row.rows,
    )
