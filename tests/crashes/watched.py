"""Work in a process of its own that is watched: each statement, commit and file is counted where it can still be read
after the process was killed."""

from __future__ import annotations

import mmap
import os
import pickle
import re
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.scratch import PART
from adapters.seam import REACHED

_REACHED, _DONE = b"r", b"d"
_SIZE, _COUNT = 512, struct.Struct("<Q")
_STATEMENT = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM|SELECT)\b(?:.*?\bFROM\b)?\s*(\w+)?", re.DOTALL)
_FILES = {"open": "open", "os.rename": "rename", "os.remove": "remove", "os.mkdir": "mkdir"}

COMMIT, END, POINT = "COMMIT", "the end", "point "

_WRITES = ("INSERT", "UPDATE", "DELETE", *_FILES.values(), *(f"after {each}" for each in ("INSERT", "UPDATE")), POINT)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened `at` seconds after the work began."""

    label: str
    at: float

    @property
    def is_commit(self) -> bool:
        return self.label.startswith(COMMIT)

    @property
    def point(self) -> str:
        """The failpoint's name; empty where it is something else."""
        return self.label.removeprefix(POINT) if self.label.startswith(POINT) else ""

    @property
    def is_write(self) -> bool:
        """Of rows or of files; what reads begins otherwise."""
        return not self.is_commit and self.label.startswith(_WRITES)


@dataclass(frozen=True, slots=True)
class Killed:
    """Where a process was when it died: after the event of that number. `transaction` is the server's name of the one
    that was being committed, where it was PostgreSQL's."""

    event: int
    label: str
    transaction: str = ""


class WorkError(Exception):
    """The work in the process raised something: its text."""


def in_child(work: Callable[[Watch], Any]) -> Any:
    """What `work` gives in a process that begins as a copy of this one. Raises: WorkError."""
    return _run(work, 0, 0.0)


def in_child_killed(work: Callable[[Watch], Any], event: int, delay_seconds: float) -> Killed | None:
    """Begin `work` in such a process and kill it with SIGKILL, so long after it has reached the event of that number;
    None if it was done sooner. Raises: WorkError."""
    ended = _run(work, event, delay_seconds)
    return ended if isinstance(ended, Killed) else None


def _run(work: Callable[[Watch], Any], event: int, delay_seconds: float) -> Any:
    reading, writing = os.pipe()
    shared = mmap.mmap(-1, _SIZE)
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(work, Watch(shared, writing, event, delay_seconds == 0))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        first = pipe.read(1)
        if first == _REACHED:
            time.sleep(delay_seconds)
            os.kill(child, signal.SIGKILL)
            first = pipe.read(1)
        content = pipe.read()
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL:
        return _killed(shared)
    value, error = pickle.loads(content)
    if error:
        raise WorkError(error)
    return value


def _killed(shared: mmap.mmap) -> Killed:
    (count,) = _COUNT.unpack(shared[: _COUNT.size])
    label, _, transaction = shared[_COUNT.size :].rstrip(b"\0").decode("utf-8").partition("\n")
    return Killed(count, label, transaction)


def _work(work: Callable[[Watch], Any], watch: Watch) -> None:
    """Never comes back: a process that was forked off ends here."""
    try:
        content = pickle.dumps((work(watch), ""))
    except BaseException:  # noqa: BLE001 - whatever it is, it is raised where the work was asked for
        content = pickle.dumps((None, traceback.format_exc()))
    try:
        with os.fdopen(watch.pipe, "wb") as pipe:
            pipe.write(_DONE + content)
    finally:
        os._exit(0)


@dataclass(slots=True)
class Watch:
    """Counts what happens, from `begin` on. At the event of the number `until` it tells whoever waits for it, or ends
    the process itself where nothing of what follows is to happen."""

    shared: mmap.mmap
    pipe: int
    until: int
    is_at_once: bool = False
    events: list[Event] = field(default_factory=list)
    begun: float = 0.0
    home: str = ""
    written: str = ""

    def begin(self, home: Path) -> None:
        self.home, self.begun = str(home), time.perf_counter()
        sa.event.listen(sa.Engine, "before_cursor_execute", self._statement)
        sa.event.listen(sa.Engine, "after_cursor_execute", self._after_statement)
        sa.event.listen(sa.Engine, "commit", self._commit)
        sa.event.listen(sa.Pool, "checkin", self._checkin)
        sys.addaudithook(self._audited)
        self._tell("the beginning")

    def end(self) -> tuple[Event, ...]:
        self._tell(END)
        return tuple(self.events)

    def _tell(self, label: str, transaction: str = "") -> None:
        self.events.append(Event(label, time.perf_counter() - self.begun))
        text = f"{label[:300]}\n{transaction}".encode()
        self.shared[_COUNT.size :] = text.ljust(_SIZE - _COUNT.size, b"\0")
        self.shared[: _COUNT.size] = _COUNT.pack(len(self.events))
        if len(self.events) == self.until:
            if self.is_at_once:
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(self.pipe, _REACHED)

    def _statement(self, *given: Any) -> None:
        self._tell(_said(given[2]))

    def _after_statement(self, *given: Any) -> None:
        said = _said(given[2])
        if not said.startswith("SELECT"):
            self.written = said
        self._tell(f"after {said}")

    def _commit(self, connection: sa.Connection) -> None:
        transaction = ""
        if connection.dialect.name == "postgresql":
            driver: Any = connection.connection.driver_connection
            transaction = driver.execute("SELECT pg_current_xact_id_if_assigned()::text").fetchone()[0] or ""
        self._tell(f"{COMMIT} of {self.written}", transaction)

    def _checkin(self, *_: Any) -> None:
        self._tell("after a transaction")

    def _audited(self, event: str, given: tuple[Any, ...]) -> None:
        if event == REACHED:
            self._tell(f"{POINT}{given[0]}")
        elif event in _FILES and self.home in str(given[0]):
            place = Path(os.path.relpath(str(given[1] if event == "os.rename" else given[0]), self.home))
            ending = ".part" if PART in place.name else place.suffix
            self._tell(f"{_FILES[event]} {'/'.join((*place.parts[:1], f'*{ending}'))}")


def _said(statement: str) -> str:
    found = _STATEMENT.match(statement)
    return " ".join(filter(None, found.groups())) if found else "statement"
