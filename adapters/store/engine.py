"""The store: one engine, reads on a consistent view, and writes that are one transaction through the seam."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.broken import asking, writing
from adapters.errors import StoreError
from adapters.redaction import redacted
from adapters.seam import Seam
from adapters.settings import Settings
from adapters.store.guards import APPROVER, WRITER, GuardFault, guard_faults
from adapters.store.schema import APPEND_ONLY
from adapters.store.trail import trailed

MIGRATIONS = Path(__file__).parent / "migrations"

# SQLite: a connection that may write takes the write lock at its start; if two read first, both would write.
WRITES = "recoup_writes"


@dataclass(frozen=True, slots=True)
class Store:
    engine: sa.Engine
    seam: Seam

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Raises: StoreError."""
        with asking("a look at it"), self.engine.connect().execution_options(**{WRITES: False}) as connection:
            yield connection

    @contextmanager
    def write(self, point: str) -> Iterator[sa.Connection]:
        """One transaction with failpoints around its commit; on SQLite it holds the write lock from its start.

        Decisions of people that it stores are in the audit trail when it commits.
        """
        with self.seam.commit(self.engine, point=point) as connection, trailed(connection, self.seam.clock):
            yield connection

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name


def open_store(settings: Settings, seam: Seam) -> Store:
    """The store at its newest version, migrated where needed; its guards are looked at each time.

    Raises: StoreError if the database cannot be reached, has no address, is newer than this program, or a guard of it
    does not guard. What is said holds no password.
    """
    if not settings.database_url:
        with writing(settings.home):
            settings.home.mkdir(parents=True, exist_ok=True)
    engine = _addressed(settings.store_url)
    try:
        migrate(engine)
        with engine.connect() as connection:
            faults = guard_faults(connection, APPEND_ONLY)
    except sa.exc.OperationalError as error:
        said = redacted(" ".join(str(error.orig).split()), {**os.environ, "RECOUP_DATABASE_URL": settings.store_url})
        raise StoreError(
            f"STO004 the store cannot be reached: {said}. Check RECOUP_DATABASE_URL, and the disk"
        ) from None
    if faults:
        raise StoreError(_unguarded(faults))
    return Store(engine, seam)


def _addressed(url: str) -> sa.Engine:
    """Raises: StoreError without the words of the error, which quote the address with its password."""
    try:
        return make_engine(url)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError(
            "SEC002 RECOUP_DATABASE_URL is no address such as postgresql://login@host:5432/recoup. In a password, "
            "signs like / @ : # stand encoded: %2F %40 %3A %23"
        ) from None


def refused_right(error: sa.exc.DBAPIError) -> str | None:
    """What is told where the database refuses the login a right; None for any other error."""
    said = str(error.orig).strip().splitlines()[0]
    if getattr(error.orig, "sqlstate", "") != _INSUFFICIENT_PRIVILEGE:
        return None
    if said.startswith("SEC010"):
        return f"{said}. Decide under your own login"
    return (
        f"SEC003 this login may not do that: {said}. Nights, publishing and files need a member of {WRITER}, decisions "
        f"one of {APPROVER}"
    )


_INSUFFICIENT_PRIVILEGE = "42501"


def _unguarded(faults: Sequence[GuardFault]) -> str:
    return (
        f"STO001 the store has lost guards: {', '.join(map(str, faults))}. Find out who changed them and what was "
        "written since, and restore the store from the backup; do not make them again by hand"
    )


def make_engine(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        return sa.create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = sa.create_engine(url, connect_args={"timeout": 60}, hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def migrate(engine: sa.Engine) -> None:
    """Raises: StoreError if the database was written by a newer version."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    newest, *older = _revisions()
    if current == newest:
        return
    if current is not None and current not in older:
        raise StoreError(f"the store has version {current}, which this program does not know. Update Recoup")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


@lru_cache(maxsize=1)
def _revisions() -> tuple[str, ...]:
    """The versions of the store that this program knows, newest first; each is a script that has to be loaded."""
    return tuple(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


def _prepare_sqlite(connection: Any, _: object) -> None:
    """The driver's own transactions are off, so that BEGIN IMMEDIATE below is the only one."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
