"""DuckDB sessions over registered Parquet files, through SQLAlchemy; the read gate lets no float out.

A session is a private in-memory database whose views are the tables that a stage may read. `read` and `arrow` give
exact values (Decimal, decimal128); `.df()` and `read_sql` are never used: they turn DECIMAL into float64.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.broken import spilling, writing
from adapters.settings import Settings
from domain.exact import ExactSelect, InexactStatementError
from domain.sql import SQL_TYPES
from domain.tables import Table, Type

# Pinned, because equal rows must give equal bytes; rows are written in a total order besides.
PARQUET_OPTIONS = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 122880, PARQUET_VERSION v1"

# Columns that are estimates by design, and so may be DOUBLE; everything else that is stored must be exact.
ESTIMATES = frozenset({"expected_recovery", "value_estimate", "price_estimate", "margin_estimate"})

_INEXACT_TYPES = {"DOUBLE", "FLOAT", "HUGEINT", "UHUGEINT"}


@dataclass(frozen=True, slots=True)
class Duck:
    """A session: run checked statements, read exact rows, write ordered Parquet."""

    connection: sa.Connection

    def read(self, statement: ExactSelect) -> list[dict[str, Any]]:
        """Rows with exact values.

        Raises: InexactStatementError if a column came back as a float or an unbounded integer.
        """
        with _without_rows():
            result = self.connection.execute(statement)
        self._refuse_inexact([(column[0], str(column[1])) for column in result.cursor.description or ()])
        return [dict(row) for row in result.mappings()]

    def arrow(self, statement: ExactSelect) -> pa.Table:
        """The whole result as Arrow, with decimals as decimal128; for results that are worked on in bulk."""
        table: pa.Table = self._ask(self._described(statement)).to_arrow_table()
        return table

    def write_parquet(self, statement: ExactSelect, path: Path) -> None:
        """The statement's rows, in the statement's order, as one Parquet file.

        Raises: InexactStatementError as `read` does; ValueError if the statement has no ORDER BY.
        """
        if not statement._order_by_clauses:  # noqa: SLF001 - SQLAlchemy offers no public question
            raise ValueError("a file is written in a total order: the statement needs ORDER BY")
        sql = self._described(statement)
        self._ask(f"COPY ({sql}) TO '{quoted(path)}' ({PARQUET_OPTIONS})")

    def sql(self, statement: ExactSelect) -> str:
        return str(statement.compile(self.connection.engine, compile_kwargs={"literal_binds": True}))

    def create_view(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> None:
        """A view over files; with none it has the columns and no rows."""
        self._ask(f'CREATE OR REPLACE VIEW "{name}" AS {_select(files, columns)}')

    def create_table(self, name: str, columns: Mapping[str, str], statements: Iterable[ExactSelect]) -> None:
        """A table of the session with the rows of the statements, run one after the other."""
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        self._ask(f'DROP VIEW IF EXISTS "{name}"')
        self._ask(f'CREATE OR REPLACE TABLE "{name}" ({listed})')
        for statement in statements:
            self._ask(f'INSERT INTO "{name}" {self._described(statement)}')

    def create_table_of(self, name: str, rows: pa.Table) -> None:
        """A table of the session with these rows, in place of one that it has."""
        self._driver.register("given_rows", rows)
        self._ask(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM given_rows')
        self._driver.unregister("given_rows")

    def create_view_as(self, name: str, statement: ExactSelect) -> None:
        self._ask(f'CREATE OR REPLACE VIEW "{name}" AS {self.sql(statement)}')

    def keep(self, view: str) -> None:
        """Compute a view that many statements read once: its rows are a table of the session from now on."""
        self._ask(f'CREATE OR REPLACE TABLE "kept_{view}" AS FROM "{view}"')
        self._ask(f'CREATE OR REPLACE VIEW "{view}" AS FROM "kept_{view}"')

    def run(self, sql: str, values: Sequence[object] = ()) -> Any:
        """Statements that only an adapter writes: reading files, describing them."""
        return self._ask(sql, *([values] if values else []))

    def _ask(self, sql: str, *values: Sequence[object]) -> Any:
        with _without_rows():
            return self._driver.execute(sql, *values)

    @property
    def _driver(self) -> Any:
        return self.connection.connection.driver_connection

    def _described(self, statement: ExactSelect) -> str:
        """The statement's SQL, after a look at the types that it will give."""
        sql = self.sql(statement)
        self._refuse_inexact([(row[0], row[1]) for row in self._ask(f"DESCRIBE {sql}").fetchall()])
        return sql

    @staticmethod
    def _refuse_inexact(columns: Sequence[tuple[str, str]]) -> None:
        found = [f"{name} is {kind}" for name, kind in columns if kind in _INEXACT_TYPES and name not in ESTIMATES]
        if found:
            raise InexactStatementError(f"a result would lose digits: {', '.join(found)}")


@contextmanager
def _without_rows() -> Iterator[None]:
    """Raises: the same kind of error with another text; SQLAlchemy's errors as the driver's own."""
    try:
        yield
    except duckdb.Error as error:
        raise type(error)(without_row(str(error))) from None
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, duckdb.Error):
            raise type(error.orig)(without_row(str(error.orig))) from None
        raise


def without_row(text: str) -> str:
    """DuckDB's error without the row: what stumbles over a value quotes it, and nobody's name belongs into a log.

    Such errors are told by kind, type and column; of all others the text stays, but for the statement.

    >>> without_row("Conversion Error: Could not convert string 'Phan Anh' to INT32 when casting from source column a")
    'Conversion Error: a value to INT32 when casting from source column a; it is left out, as it may be personal'
    """
    text = text.partition("\n\nLINE ")[0]
    kind = _OF_VALUES.search(text)
    if kind is None or text.endswith(OWN_WORDS):
        return text
    where = _WHERE.search(text)
    return f"{text[: kind.end()]}: a value {where[1] if where else 'that does not fit'}; {_LEFT_OUT}"


# What `error()` says in our own statements: it quotes nothing.
OWN_WORDS = "recoup: damage"
_LEFT_OUT = "it is left out, as it may be personal"
_OF_VALUES = re.compile(r"\b(Conversion|Invalid Input|Constraint|Out of Range|Mismatch Type|INTERNAL) Error(?=:)")
_WHERE = re.compile(r"(to [A-Z][A-Z0-9_]*(?:\([\d, ]+\))?(?: when casting from source column \w+)?)\s*$")


@contextmanager
def open_duck(settings: Settings) -> Iterator[Duck]:
    """A session with the memory, threads and spill folder of the settings, and no files but those it is given.

    Raises: DiskError where what it spills finds no room.
    """
    spill = settings.home / "tmp"
    with writing(spill):
        spill.mkdir(parents=True, exist_ok=True)
    with spilling(spill), _engine(settings.memory_limit, settings.threads).connect() as connection:
        driver = connection.connection.driver_connection
        _open_sessions.append(driver)
        try:
            duck = Duck(connection)
            duck.run(f"SET temp_directory = '{quoted(spill)}'")
            yield duck
        finally:
            _open_sessions.remove(driver)


def interrupt_sessions() -> None:
    """End the statements that run now, in all their threads.

    An exception that a signal handler raises ends only the waiting for one: its threads would go on beside what comes
    next, and closing the session would wait for them.
    """
    for driver in _open_sessions:
        driver.interrupt()


_open_sessions: list[Any] = []


@lru_cache(maxsize=8)
def _engine(memory_limit: str, threads: int) -> sa.Engine:
    """Every connection of it is a database of its own; the engine is kept for the statements that it has compiled."""
    config = {
        "memory_limit": memory_limit,
        "threads": threads,
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    return sa.create_engine(
        "duckdb:///:memory:", connect_args={"config": config}, poolclass=NullPool, query_cache_size=2_000
    )


def duck_columns(table: Table) -> dict[str, str]:
    """DuckDB's type of each column of a catalogue table."""
    return {column.name: DUCK_TYPES[column.type] for column in table}


DUCK_TYPES: Mapping[Type, str] = {
    kind: {"VARCHAR": "VARCHAR", "DATETIME": "TIMESTAMP"}.get(
        str(sql_type), str(sql_type).replace("NUMERIC", "DECIMAL").replace(" ", "")
    )
    for kind, sql_type in SQL_TYPES.items()
}


def _select(files: Sequence[Path], columns: Mapping[str, str]) -> str:
    if files:
        names = ", ".join(f'"{name}"' for name in columns) or "*"
        listed = ", ".join(f"'{quoted(path)}'" for path in files)
        return f"SELECT {names} FROM read_parquet([{listed}])"
    typed = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in columns.items())
    return f"SELECT {typed} WHERE false"


def quoted(path: Path) -> str:
    return str(path.absolute()).replace("'", "''")
