"""What a disk and a database say when they break, as coded errors that name the place and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from adapters.errors import DiskError, StoreError

_FULL = "Make room on the disk, and start the same command again"
_READ_ONLY = "Mount the disk writable, or give this user the right to write, and start the same command again"
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _READ_ONLY),
}

# Of PostgreSQL's classes: connections, read-only transactions (a standby), too few resources, operators, the system.
_WORLDS_SQLSTATES = ("08", "25006", "53", "57", "58", "XX")
_DRIVERS = ("sqlite3", "psycopg")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What is written at the path. Raises: DiskError (FIL001) in place of what the operating system says."""
    try:
        with spilling(path):
            yield
    except OSError as error:
        hint = _REMEDIES.get(error.errno or 0, "Look at the disk, mend it, and start the same command again")
        said = error.strerror or str(error) or type(error).__name__
        raise DiskError(f"FIL001 {path} cannot be written: {said}. {hint}") from error


@contextmanager
def spilling(path: Path) -> Iterator[None]:
    """The same of what DuckDB writes: rows that it keeps there meanwhile, and files."""
    try:
        yield
    except Exception as error:
        refuse_disk(error, path)
        raise


def refuse_disk(error: BaseException, path: Path) -> None:
    """Of whoever takes DuckDB's errors for a fault of the data. Raises: DiskError if this one is the disk's."""
    said = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not type(said).__module__.endswith("duckdb"):
        return
    for code, hint in _REMEDIES.items():
        if os.strerror(code) in str(said):
            raise DiskError(f"FIL001 {path} cannot be written: {os.strerror(code)}. {hint}") from error


@contextmanager
def asking(what: str) -> Iterator[None]:
    """What is asked of the store. Raises: StoreError (STO002) in place of what the driver says of a broken world."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if not _is_of_the_world(error):
            raise
        hint = "Nothing of it is stored. Mend it, and start the same command again: it goes on after what is stored"
        raise StoreError(f"STO002 the store failed at {what}: {_said(error)}. {hint}") from error


@contextmanager
def committing(what: str) -> Iterator[None]:
    """A COMMIT. A server may have done it and lost the way back: then nobody knows, until somebody looks.

    Raises: StoreError (STO003) where the connection broke.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        if not error.connection_invalidated and not _is_lost(error):
            raise
        raise StoreError(
            f"STO003 the connection broke while {what} was being committed ({_said(error)}): it is stored whole, or "
            "not at all. Start the same command again: what is stored is not done twice"
        ) from error


def _is_of_the_world(error: sa.exc.DBAPIError) -> bool:
    if not type(error.orig).__module__.startswith(_DRIVERS):
        return False
    state = _sqlstate(error)
    if error.connection_invalidated or state.startswith(_WORLDS_SQLSTATES):
        return True
    is_rolled_back = state.startswith("40")  # two transactions met: neither the world's fault nor the data's
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and not is_rolled_back


def _is_lost(error: sa.exc.DBAPIError) -> bool:
    """The server has sent no answer: psycopg's error has no state of the server's then."""
    return type(error.orig).__module__.startswith("psycopg") and not _sqlstate(error)


def _sqlstate(error: sa.exc.DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _said(error: sa.exc.DBAPIError) -> str:
    return " ".join(str(error.orig).split())
