"""Every text in a folder and in a database, whatever it is packed in: for tests of what must not be there."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb
import sqlalchemy as sa

Text = tuple[str, str]
"""Where it stands, and the text."""


def texts_below(folder: Path) -> Iterator[Text]:
    """Names of files too. What cannot be unpacked is taken byte by byte: nothing is passed over."""
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        yield f"{place} (its name)", place
        if path.is_file():
            read = _READERS.get(path.suffix, _as_bytes)
            yield from ((f"{place}{where}", text) for where, text in read(path))


def texts_of_store(engine: sa.Engine) -> Iterator[Text]:
    """Every row of every table, with those of the migrations and what the server keeps of sessions."""
    with engine.connect() as connection:
        for table in sorted(sa.inspect(connection).get_table_names()):
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')):
                yield f"table {table}", " ".join(map(str, row))


def _as_bytes(path: Path) -> Iterator[Text]:
    yield "", path.read_bytes().decode("utf-8", "replace")


def _parquet(path: Path) -> Iterator[Text]:
    for row in duckdb.connect().execute(f"SELECT * FROM read_parquet('{path}')").fetchall():
        yield "", " ".join(map(str, row))


def _zip(path: Path) -> Iterator[Text]:
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            yield f"!{name}", packed.read(name).decode("utf-8", "replace")


def _gzip(path: Path) -> Iterator[Text]:
    yield "", gzip.decompress(path.read_bytes()).decode("utf-8", "replace")


def _pdf(path: Path) -> Iterator[Text]:
    yield " (its bytes)", path.read_bytes().decode("latin-1")
    yield "", subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout


def _sqlite(path: Path) -> Iterator[Text]:
    """A long text lies on several pages of the file, so the rows are read as well as the bytes."""
    yield from _as_bytes(path)
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield f", table {table}", " ".join(map(str, row))


_READERS: Mapping[str, Callable[[Path], Iterator[Text]]] = {
    ".parquet": _parquet,
    ".xlsx": _zip,
    ".zip": _zip,
    ".gz": _gzip,
    ".pdf": _pdf,
    ".db": _sqlite,
    ".sqlite": _sqlite,
}
