"""The place: a home folder that can be written, of the right environment, with room for the next nights."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from adapters.environment import environment_of_store, fault_of_environment
from adapters.settings import Settings
from adapters.store.schema import run_files, runs, snapshot_versions
from adapters.world import World
from tasks.checkup.looked import Looked, warned, wrong

NIGHTS_AHEAD = 30
_LAST_DATES = 60
_TIMES_ITS_FILES = 3  # a night's files lie there as landing files, as versions, and while DuckDB sorts them
_LEAST_BYTES = 10**9
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"})


def look_at_home(settings: Settings) -> Looked:
    """Whether files can be written there, synced and renamed."""
    home = settings.home.absolute()
    if not home.is_dir():
        hint = "The first command makes it; if there should be one already, correct RECOUP_HOME"
        return Looked(
            "home folder", f"{home}: not there yet", (warned("DOC003", str(settings.home), "is not there", hint),)
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=home) as folder:
            (Path(folder) / "a").write_text("a", encoding="utf-8")
            (Path(folder) / "a").replace(Path(folder) / "b")
    except OSError as error:
        hint = "Make it writable for who runs Recoup, or correct RECOUP_HOME"
        return Looked(
            "home folder",
            str(home),
            (wrong("DOC003", str(settings.home), f"cannot be written: {error.strerror}", hint),),
        )
    kind = _file_system(home)
    if kind in _NETWORK and not settings.database_url:
        said = f"lies on {kind}, and the SQLite store with it: its locks do not hold there"
        return Looked(
            "home folder", str(home), (wrong("DOC025", str(settings.home), said, "Use a local disk, or PostgreSQL"),)
        )
    return Looked("home folder", f"{home}, on {kind or 'a file system that the system does not name'}")


def _file_system(path: Path) -> str:
    """By the longest mount point above the path; empty where the system does not say."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return ""
    above = [(where, kind) for where, kind in mounts if path.resolve().is_relative_to(where)]
    return max(above, key=lambda mount: len(mount[0]), default=("", ""))[1]


def look_at_environment(world: World) -> Looked:
    """Whether settings, store and home say the same name."""
    name, fault = world.settings.environment, fault_of_environment(world.settings, world.store)
    if fault:
        return Looked("environment", name or "no name", (wrong("DOC004", "RECOUP_ENVIRONMENT", fault),))
    if not environment_of_store(world.store):
        hint = (
            "Set RECOUP_ENVIRONMENT, then `recoup environment --by NAME`: from then on nobody opens it as another one"
        )
        return Looked(
            "environment",
            "not named",
            (warned("DOC004", "RECOUP_ENVIRONMENT", "neither store nor home is named", hint),),
        )
    return Looked("environment", name)


def look_at_space(world: World) -> Looked:
    """Free space beside what the largest of the last nights took: error for less than one, warning for less than a
    month of them."""
    home = world.settings.home
    there = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    largest = max(bytes_by_date(world).values(), default=0)
    need = max(_TIMES_ITS_FILES * largest, _LEAST_BYTES)
    measured = f"the largest of the last nights wrote {_size(largest)}" if largest else "no night has been measured yet"
    found = f"{_size(free)} free; {measured}"
    hint = "Make room: `recoup retain --dry-run` says what may go; or move the home folder to a larger disk"
    if free < need:
        return Looked(
            "disk space", found, (wrong("DOC005", str(home), f"{_size(free)} free; a night needs {_size(need)}", hint),)
        )
    if free < need + NIGHTS_AHEAD * largest:
        nights = (free - need) // largest
        return Looked(
            "disk space", found, (warned("DOC005", str(home), f"room for {nights} more nights of that size", hint),)
        )
    return Looked("disk space", found)


def bytes_by_date(world: World) -> Counter[date]:
    """What the nights of the last dates have on disk: versions that came first with the date, and files of runs."""
    sizes: Counter[date] = Counter()
    with world.store.read() as connection:
        newest = sa.select(runs.c.business_date).distinct().order_by(runs.c.business_date.desc()).limit(_LAST_DATES)
        dates = set(connection.execute(newest).scalars())
        versions = sa.select(snapshot_versions.c.first_date, snapshot_versions.c.path)
        files = sa.select(runs.c.business_date, run_files.c.path).join(runs, runs.c.run_id == run_files.c.run_id)
        for day, path in (*connection.execute(versions), *connection.execute(files)):
            file = world.settings.home / path
            if day in dates and file.exists():
                sizes[day] += file.stat().st_size
    return sizes


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 10**9 else f"{size_bytes / 1e6:.1f} MB"
