"""The one seam through which every file and every commit goes, with a named failpoint before and after each.

A file is written under a temporary name, synced, renamed, and its folder synced; readers trust only what the store
has registered afterwards, so a crash leaves an orphan at worst. A failpoint kills the process without any clean-up, as
a power cut would: `RECOUP_FAILPOINT=dispatch:renamed` at the first time the point is reached, `…#3` at the third.
"""

from __future__ import annotations

import hashlib
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC: for recorded times only. The core is given its dates."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WrittenFile:
    path: Path
    sha256: str
    size_bytes: int


@dataclass(slots=True)
class Seam:
    """`reached` counts the points passed; tests read it to list every point of a flow."""

    clock: Clock = system_clock
    failpoint: str = ""
    reached: Counter[str] = field(default_factory=Counter)

    def write_file(self, path: Path, produce: Callable[[Path], None], *, point: str) -> WrittenFile:
        """`produce` fills the temporary file; afterwards the whole content is at `path`, or nothing is."""
        self.reach(f"{point}:start")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        part = Path(name)
        try:
            produce(part)
            written = WrittenFile(path, sha256_of(part), part.stat().st_size)
            _sync(part)
            self.reach(f"{point}:written")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        _sync(path.parent)
        self.reach(f"{point}:renamed")
        return written

    def write_text(self, path: Path, text: str, *, point: str) -> WrittenFile:
        return self.write_file(path, lambda part: _write(part, text), point=point)

    def move(self, source: Path, target: Path, *, point: str) -> None:
        """A file that `write_file` made gets the name that only its content could tell."""
        self.reach(f"{point}:start")
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        _sync(target.parent)
        _sync(source.parent)
        self.reach(f"{point}:renamed")

    @contextmanager
    def commit(self, engine: sa.Engine, *, point: str) -> Iterator[sa.Connection]:
        """One transaction; it is committed at the end of the block, or not at all."""
        with engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
                self.reach(f"{point}:before_commit")
                transaction.commit()
            except BaseException:
                transaction.rollback()
                raise
        self.reach(f"{point}:after_commit")

    def reach(self, point: str) -> None:
        self.reached[point] += 1
        name, _, number = self.failpoint.partition("#")
        if name == point and self.reached[point] == int(number or 1):
            os.kill(os.getpid(), signal.SIGKILL)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
