"""Whether the process of an attempt is still there: a lock that is let go of with it, however it ends.

On PostgreSQL an advisory lock of a session of its own; on SQLite a lock on a file below the home folder, which the
kernel drops with the process. So it is right after `kill -9`, a power cut and a reboot, and on another host: there is
no clock, and no number of a process that another one may have by now. Who it was stands in the attempt's row beside it.
An advisory lock is also lost when only the connection is: on its own host a process that is there counts as there.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from adapters.processes import started_of
from adapters.store.engine import Store
from domain.ids import AttemptId

_LOCK = "attempt-{}.lock"


@dataclass(frozen=True, slots=True)
class Worker:
    """A process: its host, its number there, and since when it has that number (the host's start, and ticks of its
    clock since then); empty where the system does not say, and 0 for attempts that older versions recorded."""

    host: str = ""
    process_id: int = 0
    process_started: str = ""

    def __str__(self) -> str:
        return f"process {self.process_id} on {self.host}" if self.host else "its process"


def this_worker() -> Worker:
    return Worker(socket.gethostname(), os.getpid(), started_of(os.getpid()))


@contextmanager
def holding(store: Store, attempt: AttemptId) -> Iterator[None]:
    """Hold the attempt's lock: from before its row is there until after its end is recorded."""
    if store.dialect == "postgresql":
        with _on_server(store, attempt):
            yield
    else:
        with _on_file(store, attempt):
            yield


def is_there(store: Store, attempt: AttemptId, worker: Worker) -> bool:
    """Whether the attempt's process may still be working: its lock is held, or it is seen on this host."""
    held = _held_on_server(store, attempt) if store.dialect == "postgresql" else _held_on_file(store, attempt)
    return held or _seen_here(worker)


def sweep_locks(store: Store) -> None:
    """Remove the lock files that nobody holds: of processes that died before their attempt was on record, too."""
    for file in store.seam.scratch.glob(_LOCK.format("*")) if store.seam.scratch is not None else ():
        with suppress(FileNotFoundError, BlockingIOError), file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink(missing_ok=True)


@contextmanager
def _on_server(store: Store, attempt: AttemptId) -> Iterator[None]:
    """Committed at each statement: a session that waits within a transaction would hold up the server's cleaning."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(_key(attempt))))
        try:
            yield
        finally:
            connection.invalidate()  # a session that goes back to the pool would keep the lock


@contextmanager
def _on_file(store: Store, attempt: AttemptId) -> Iterator[None]:
    file = _file_of(store, attempt)
    if file is None:
        yield
        return
    descriptor = _locked(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(file: Path) -> int:
    """A descriptor of the file with its lock; made again where somebody swept it away before it was locked."""
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if file.exists() and file.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
        os.close(descriptor)


def _held_on_server(store: Store, attempt: AttemptId) -> bool:
    """Looked up, and not tried: two who look at once would see each other."""
    key = _key(attempt)
    statement = sa.text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND classid::bigint = :high AND objid::bigint = :low"
    )
    with store.read() as connection:
        return bool(connection.execute(statement, {"high": key >> 32, "low": key & 0xFFFFFFFF}).scalar())


def _held_on_file(store: Store, attempt: AttemptId) -> bool:
    file = _file_of(store, attempt)
    if file is None or not file.exists():
        return False
    with file.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _file_of(store: Store, attempt: AttemptId) -> Path | None:
    return None if store.seam.scratch is None else store.seam.scratch / _LOCK.format(attempt)


def _key(attempt: AttemptId) -> int:
    """63 bits of the attempt's own id, which is drawn at random."""
    return int(attempt[:16], 16) >> 1


def _seen_here(worker: Worker) -> bool:
    if not worker.process_started or worker.host != socket.gethostname():
        return False
    return started_of(worker.process_id) == worker.process_started
