"""Every file below the home folder that the store has registered: what readers trust, and what a backup must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from adapters.store.schema import corrections, partner_files, pay_exports, releases, run_files, snapshot_versions


@dataclass(frozen=True, slots=True, order=True)
class RegisteredFile:
    """`table` is where it is registered, `owner` the run, version, release or batch it belongs to; `sha256` is empty
    for pages whose bytes are not pinned."""

    path: str
    table: str
    owner: str
    sha256: str


_WHERE = (
    (snapshot_versions, snapshot_versions.c.version, snapshot_versions.c.content_sha256),
    (run_files, run_files.c.run_id, run_files.c.sha256),
    (releases, releases.c.release_id, releases.c.sha256),
    (corrections, corrections.c.version, corrections.c.sha256),
    (pay_exports, pay_exports.c.batch_id, pay_exports.c.sha256),
    (partner_files, partner_files.c.file_id, partner_files.c.sha256),
)

# Folders in which nothing lies that is not registered, but for manifests beside snapshots and pages of comparisons.
KEPT_BY_THE_STORE = ("snapshots", "runs", "opening", "dispatch", "corrections")
_BESIDE = frozenset({"manifest.json", "comparison.html"})


def registered_files(connection: sa.Connection) -> Iterator[RegisteredFile]:
    """In order of the tables, and of paths."""
    for table, owner, sha256 in _WHERE:
        for row in connection.execute(sa.select(table.c.path, owner, sha256).order_by(table.c.path)):
            yield RegisteredFile(row[0], table.name, row[1], row[2])


def orphans(home: Path, registered: frozenset[str]) -> tuple[str, ...]:
    """Files in the store's own folders that it does not know: a process died before it registered them."""
    found = (path for folder in KEPT_BY_THE_STORE for path in sorted((home / folder).rglob("*")) if path.is_file())
    names = (path.relative_to(home).as_posix() for path in found if path.name not in _BESIDE)
    return tuple(name for name in names if name not in registered)
