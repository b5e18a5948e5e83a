"""Turns: what changes the book officially (a night, a month-end, publishing) does so one at a time, whoever starts it.

The turn belongs to a process, not to a row: when the process dies, however it dies, the turn is free. On SQLite it is
a lock on a file beside the database, on PostgreSQL an advisory lock of a session that does nothing else. Both name
the attempt that has it, so that whoever waits is told for whom, and since when.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from adapters.errors import ConflictError
from adapters.store.engine import Store
from adapters.store.runs import Attempt, attempt_named
from domain.ids import AttemptId, short

_LOOK_AGAIN_SECONDS = 0.5
_KEY = 7_310_202_610_050_001  # of the advisory lock: any number that nobody else uses in this database
_SESSION = "recoup turn "


@contextmanager
def turn(store: Store, attempt: AttemptId, *, wait_seconds: float, told: Callable[[str], None]) -> Iterator[None]:
    """The attempt's turn, until the block or the process ends. `told` hears once for whom it waits.

    Raises: ConflictError FLW001 if another attempt still has the turn after `wait_seconds`.
    """
    take = _turn_of_file if store.dialect == "sqlite" else _turn_of_session
    with take(store, attempt, lambda is_free: _wait(store, is_free, wait_seconds, told)):
        yield


def whose_turn(store: Store) -> Attempt | None:
    """The attempt that has the turn now; nothing if it is free."""
    named = _named_in_file(store) if store.dialect == "sqlite" else _named_by_session(store)
    with store.read() as connection:
        return attempt_named(connection, AttemptId(named)) if named else None


def refuse_if_lost(store: Store, attempt: AttemptId) -> None:
    """Raises: ConflictError FLW003 if the session that kept the attempt's turn is gone: another may have begun."""
    if store.dialect != "sqlite" and _named_by_session(store) != attempt:
        raise ConflictError(
            "FLW003 the connection to the store that kept this attempt's turn was lost, and others may have begun. "
            "See why the database dropped it; then start the same again: finished stages are kept"
        )


def told_of(holder: Attempt | None) -> str:
    """Who has the turn, since when, in UTC."""
    if holder is None:
        return "another process"
    return f"{holder.command} (attempt {short(holder.attempt)}), since {holder.started_at:%Y-%m-%d %H:%M:%S} UTC"


def _wait(store: Store, is_free: Callable[[], bool], wait_seconds: float, told: Callable[[str], None]) -> None:
    """Return once the turn was taken. Raises: ConflictError FLW001."""
    deadline, has_told = time.monotonic() + wait_seconds, False
    while not is_free():
        holder = told_of(whose_turn(store))
        if time.monotonic() >= deadline:
            raise ConflictError(
                f"FLW001 the book is taken by {holder}; waited {wait_seconds / 60:.0f} minutes. Start again when it "
                "has ended; if it should not run, end that process, and the turn is free"
            )
        if not has_told:
            told(f"FLW002 waits for {holder}")
            has_told = True
        time.sleep(_LOOK_AGAIN_SECONDS)


Waits = Callable[[Callable[[], bool]], None]


@contextmanager
def _turn_of_file(store: Store, attempt: AttemptId, wait: Waits) -> Iterator[None]:
    descriptor = os.open(_file(store), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        wait(lambda: _is_locked(descriptor))
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, attempt.encode(), 0)
        try:
            yield
        finally:
            os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _named_in_file(store: Store) -> str:
    """What a process that died left in the file is nobody's turn: only a lock makes one."""
    try:
        descriptor = os.open(_file(store), os.O_RDWR)
    except FileNotFoundError:
        return ""
    try:
        return "" if _is_locked(descriptor) else os.pread(descriptor, 64, 0).decode()
    finally:
        os.close(descriptor)


def _file(store: Store) -> Path:
    return Path(f"{store.engine.url.database}.turn")


@contextmanager
def _turn_of_session(store: Store, attempt: AttemptId, wait: Waits) -> Iterator[None]:
    """The connection is no longer the pool's: closing it ends the session, and with it the lock."""
    connection = store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()
    try:
        wait(lambda: bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(_KEY))).scalar_one()))
        connection.execute(
            sa.text("SELECT set_config('application_name', :name, false)"), {"name": f"{_SESSION}{attempt}"}
        )
        yield
    finally:
        connection.close()


def _named_by_session(store: Store) -> str:
    """Of the session that has the lock in this database, the name that it took."""
    statement = sa.text(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.datname = current_database() "
        "AND l.database = a.datid AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
    )
    with store.read() as connection:
        name = connection.execute(statement, {"key": _KEY}).scalar()
    return str(name).removeprefix(_SESSION) if name and str(name).startswith(_SESSION) else ""
