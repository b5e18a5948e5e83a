"""Opening: who owned which account when Recoup took over is the first release of the dispatch, signed off by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from adapters.duck import open_duck
from adapters.errors import RefusedError
from adapters.snapshots import Pointer, pointed, versions
from adapters.store.releases import Decision, ReleaseKind, insert_release, next_sequence
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.dispatch import CHANGES
from domain.exact import ExactSelect, exact
from domain.ids import AttemptId, ReleaseId, short
from domain.manifest import Input
from domain.sql import SQL_TYPES, TABLES
from tasks.stages.session import create_view

TABLE = "opening_dispatch"


@dataclass(frozen=True, slots=True)
class Opened:
    release: ReleaseId
    accounts: int


def open_book(world: World, day: date, attempt: AttemptId, *, by: str) -> Opened:
    """Release the accepted `opening_dispatch` of `day`.

    Raises: RefusedError if there is none, or another release came before it.
    """
    with world.store.read() as connection:
        if next_sequence(connection) != 1:
            raise RefusedError("OPN001 the dispatch has begun already; an opening comes before every other release")
        version = pointed(connection, Pointer.ACCEPTED, day, day).get((TABLE, day))
        if version is None:
            raise RefusedError(f"OPN002 no {TABLE} of {day} was accepted. Land it and run the gate of that date first")
        found = versions(world, connection, [version])
    path = world.settings.home / "opening" / f"{short(version)}.parquet"
    with open_duck(world.settings) as duck:
        create_view(duck, CATALOGUE[TABLE], [Input(TABLE, day, version)], found)
        statement = _changes(day)
        written = world.seam.write_file(path, lambda part: duck.write_parquet(statement, part), point="opening")
    decision = Decision(ReleaseKind.OPENING, day, by, "opening import")
    with world.store.write("opened") as connection:
        release = insert_release(world, connection, decision, 1, written, found[version].rows, attempt)
    return Opened(release, found[version].rows)


def _changes(day: date) -> ExactSelect:
    """The rows of the opening as changes; segment and channel are not known until the first allocation."""
    opening = TABLES[TABLE].c
    constant = {"valid_from": sa.literal(day), "release_sequence": sa.literal(1), "reason": sa.literal("opening")}
    columns = [
        sa.cast(constant.get(column.name, opening.get(column.name, sa.null())), SQL_TYPES[column.type]).label(
            column.name
        )
        for column in CHANGES
    ]
    return exact(sa.select(*columns).order_by(opening.account_id))
