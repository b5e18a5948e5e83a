"""The one seam through which every file and every commit goes, with a named failpoint before and after each.

A file is written under a temporary name, synced, renamed, and its folder synced; readers trust only what the store
has registered afterwards, so a crash leaves an orphan at worst. A failpoint kills the process without any clean-up, as
a power cut would: `RECOUP_FAILPOINT=dispatch:renamed` at the first time the point is reached, `…#3` at the third.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from adapters.broken import asking, committing, writing
from adapters.scratch import PART, is_orphan, prefix_of_this_process

NEVER = datetime.min.replace(tzinfo=UTC)
REACHED = "recoup.reached"  # the audit event of a failpoint, with its name

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
    """Files and commits of one process.

    `latest` is the last time that was recorded. `scratch` is where files are filled before they are renamed; without
    it, beside their place. `reached` counts the points passed, so that a flow's points can be listed.
    """

    clock: Clock = system_clock
    failpoint: str = ""
    scratch: Path | None = None
    reached: Counter[str] = field(default_factory=Counter)
    latest: datetime = NEVER

    def recorded(self) -> datetime:
        """The time to record: now, but after everything that was recorded before, also where a clock was set back.

        What was recorded last is what counts: of two runs of a night the official one, of two versions the newer.
        """
        self.latest = max(self.clock(), self.latest + timedelta(microseconds=1))
        return self.latest

    def write_file(
        self,
        place: Path | Callable[[str], Path],
        produce: Callable[[Path], None],
        *,
        folder: Path | None = None,
        point: str,
    ) -> WrittenFile:
        """`produce` fills a temporary file; afterwards the whole content is at `place`, or nothing is.

        A place may depend on the content's SHA-256; `folder` then says where the temporary file goes meanwhile.
        Raises: DiskError.
        """
        self.reach(f"{point}:start")
        beside = place.parent if isinstance(place, Path) else folder
        if beside is None:
            raise ValueError("a place that depends on the content needs a folder for the temporary file")
        with writing(place if isinstance(place, Path) else beside), self._temporary(beside) as part:
            produce(part)
            digest, size = sha256_of(part), part.stat().st_size
            path = place if isinstance(place, Path) else place(digest)
            _sync(part)
            self.reach(f"{point}:written")
            path.parent.mkdir(parents=True, exist_ok=True)
            part.replace(path)
            _sync(path.parent)
        self.reach(f"{point}:renamed")
        return WrittenFile(path, digest, size)

    def write_text(self, path: Path, text: str, *, point: str) -> WrittenFile:
        return self.write_file(path, lambda part: _write(part, text), point=point)

    def remove_file(self, path: Path, *, point: str) -> None:
        """The file is gone for good, also after a power cut; one that is not there is no error."""
        self.reach(f"{point}:start")
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            _sync(path.parent)
        self.reach(f"{point}:removed")

    @contextmanager
    def commit(self, engine: sa.Engine, *, point: str) -> Iterator[sa.Connection]:
        """One transaction; it is committed at the end of the block, or not at all. Raises: StoreError."""
        with asking(point), engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
                self.reach(f"{point}:before_commit")
                with committing(point):
                    transaction.commit()
            except BaseException:
                transaction.rollback()
                raise
        self.reach(f"{point}:after_commit")

    @contextmanager
    def _temporary(self, folder: Path) -> Iterator[Path]:
        """A file of this process's own, in the scratch folder where renaming from there is possible."""
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=prefix_of_this_process(), dir=self._scratch_beside(folder))
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _scratch_beside(self, folder: Path) -> Path:
        if self.scratch is None:
            return folder
        self.scratch.mkdir(parents=True, exist_ok=True)
        same_disk = self.scratch.stat().st_dev == folder.stat().st_dev
        return self.scratch if same_disk else folder

    def sweep(self) -> int:
        """Remove what processes that died left in the scratch folder; the number of files."""
        parts = list(self.scratch.glob(f"{PART}*")) if self.scratch is not None and self.scratch.is_dir() else []
        orphans = [part for part in parts if is_orphan(part)]
        for orphan in orphans:
            with writing(orphan):
                orphan.unlink(missing_ok=True)
        return len(orphans)

    def reach(self, point: str) -> None:
        sys.audit(REACHED, point)  # for whoever watches this process: the crash matrix does
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
