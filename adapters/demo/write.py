"""Files of the landing area: exactly the catalogue's columns and types, in the order of the table's key."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from adapters.duck import PARQUET_OPTIONS, duck_columns, quoted
from domain.tables import Table

Write = Callable[[Path, Callable[[Path], None]], None]


def replace_when_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """`fill` writes a temporary name beside `path`, which then takes the place of `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    fill(temporary)
    os.replace(temporary, path)  # noqa: PTH105 - Path.replace is the same call, this one says so


class LandingFiles:
    """Writes the tables of a landing area and counts what it wrote."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, landing: Path, write: Write) -> None:
        self._connection = connection
        self._landing = landing
        self._write = write
        self._latest: dict[str, tuple[object, Path, int]] = {}
        self.rows: Counter[str] = Counter()
        self.files = 0

    def table(self, day: date, table: Table, query: str, order: str = "") -> None:
        """`order` names columns of `query` that sort as the key does, but faster."""
        self._count(table, self._copy(self._path(day, table), table, query, order))

    def state(self, day: date, table: Table, query: str, *, version: object, order: str = "") -> None:
        """A state whose `version` is that of the date before is copied rather than computed again."""
        path = self._path(day, table)
        known = self._latest.get(table.name)
        if known is not None and known[0] == version:
            source, rows = known[1:]
            self._write(path, lambda temporary: _copy_bytes(source, temporary))
        else:
            rows = self._copy(path, table, query, order)
        self._latest[table.name] = (version, path, rows)
        self._count(table, rows)

    def _path(self, day: date, table: Table) -> Path:
        return self._landing / day.isoformat() / f"{table.name}.parquet"

    def _count(self, table: Table, rows: int) -> None:
        self.rows[table.name] += rows
        self.files += 1

    def _copy(self, path: Path, table: Table, query: str, order: str) -> int:
        written = []
        self._write(path, lambda temporary: written.append(self._fill(temporary, table, query, order)))
        return written[-1]

    def _fill(self, path: Path, table: Table, query: str, order: str) -> int:
        columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in duck_columns(table).items())
        ordered = order or ", ".join(table.key)
        done = self._connection.execute(
            f"COPY (SELECT {columns} FROM ({query}) AS source ORDER BY {ordered}) "
            f"TO '{quoted(path)}' ({PARQUET_OPTIONS})"
        ).fetchone()
        return int(done[0]) if done else 0


def _copy_bytes(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
