"""SQL queries: the rows of one SELECT, streamed from a session that can only read and that gives up in time.

The address of the database comes from the environment or a file that the mapping names; nothing that is printed shows
it. PostgreSQL is told to read only and how long a statement may take; SQLite and DuckDB files are opened for reading
only, and interrupted. Of other databases a warning says that neither could be asked for.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.importing.language import Address, SqlSource
from adapters.importing.loading import (
    Loaded,
    LoadedFile,
    Reading,
    counted,
    create_loaded,
    insert_texts,
    loaded,
    positions_in,
)
from adapters.importing.tallies import Tally
from adapters.importing.typed import NoTextError, text_of
from domain.issues import Issue, Location, Severity, has_errors
from domain.tables import Type

_BUSINESS_DATE = "business_date"
_CANCELLED = "57014"
_READ_ONLY = frozenset({"postgresql", "sqlite", "duckdb"})


def load_query(
    connection: sa.Connection,
    source: SqlSource,
    place: Location,
    environment: Mapping[str, str],
    reading: Reading,
) -> tuple[Loaded, tuple[Issue, ...]]:
    """All rows of the query, or what is wrong with it; `place` is where it stands in the mapping."""
    create_loaded(connection, reading.names)
    query = _Query(source, place, reading)
    one, issues = query.load(connection, environment)
    return loaded(connection, [counted(connection, [], one)] if one else [], reading.names), issues


class _StoppedError(Exception):
    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue


@dataclass(frozen=True, slots=True)
class _Query:
    source: SqlSource
    place: Location
    reading: Reading

    @property
    def name(self) -> str:
        """What places of rows begin with."""
        return f"query of {self.place.path}"

    def load(
        self, connection: sa.Connection, environment: Mapping[str, str]
    ) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
        try:
            url = self._url(environment)
            statement = self._statement()
            with self._session(url) as session:
                return self._read(connection, session, statement, url)
        except _StoppedError as stopped:
            return None, (stopped.issue,)
        except sa.exc.DBAPIError as error:
            return None, (self._failed(error),)
        except sa.exc.SQLAlchemyError as error:
            return None, (self._issue("IMP061", f"the query failed: {type(error).__name__}", "See the query"),)

    def _url(self, environment: Mapping[str, str]) -> sa.URL:
        address = self.source.address
        text = _text_of_address(address, environment, Path(self.place.path).parent)
        if text is None:
            where = f"the variable {address.environment}" if address.environment else f"the file {address.file}"
            raise self._stopped(
                "IMP060", f"{where} has no address", "Set it to one such as postgresql://user@host/name"
            )
        try:
            return sa.make_url(text)
        except sa.exc.ArgumentError:
            message = f"{address.environment or address.file} has something that is no SQLAlchemy address"
            raise self._stopped("IMP060", message, "Write postgresql://user@host/name") from None

    def _statement(self) -> sa.TextClause:
        """The query with its values bound; never put into its text."""
        statement = sa.text(self.source.query)
        named = set(statement.compile().params)
        given = {**self.source.parameters, _BUSINESS_DATE: self.reading.business_date}
        if unknown := sorted(named - set(given)):
            message = f"the query names :{', :'.join(unknown)}, which nothing gives"
            raise self._stopped("IMP064", message, "State source: parameters; :business_date is always there")
        return statement.bindparams(**{name: value for name, value in given.items() if name in named})

    @contextmanager
    def _session(self, url: sa.URL) -> Iterator[sa.Connection]:
        engine = self._engine(url)
        try:
            with engine.connect() as session, _interrupted(session, self.source.timeout_seconds):
                yield session
                session.rollback()
        finally:
            engine.dispose()

    def _engine(self, url: sa.URL) -> sa.Engine:
        try:
            dialect = url.get_backend_name()
            engine = sa.create_engine(url, poolclass=NullPool, **_options(dialect, url, self.source.timeout_seconds))
        except (sa.exc.ArgumentError, ImportError) as error:
            message = f"there is no driver for {url.drivername}"
            raise self._stopped("IMP061", message, "Install it, or name another in the address") from error
        if dialect == "postgresql":
            sa.event.listen(engine, "connect", _read_only_postgresql(self.source.timeout_seconds))
        return engine

    def _read(
        self, connection: sa.Connection, session: sa.Connection, statement: sa.TextClause, url: sa.URL
    ) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
        streaming = session.execution_options(stream_results=True, max_row_buffer=self.source.batch_rows)
        with streaming.execute(statement) as result:
            positions, issues = positions_in(self.name, list(result.keys()), self.reading.names, 0)
            if issues:
                return None, issues
            reader = _Reader(self.name, self.reading, positions)
            for rows in result.partitions(self.source.batch_rows):
                insert_texts(connection, self.source, [reader.texts(row) for row in rows])
        connection.commit()
        issues = (*self._unguarded(url.get_backend_name()), *reader.issues)
        one = LoadedFile(self.name, "sql", "", 0, positions)
        if not reader.row and not has_errors(issues):
            message = "the query gave no row; whether rows are due is for the gate to judge"
            issues = (*issues, Issue("IMP034", Location(self.name), message, "", Severity.WARNING))
        return one, issues

    def _unguarded(self, dialect: str) -> Iterator[Issue]:
        if dialect not in _READ_ONLY:
            message = f"nothing here keeps a session of {dialect} from writing, or ends a statement that takes too long"
            yield self._issue("IMP065", message, "Use a login that can only read, with limits of its own", warns=True)

    def _failed(self, error: sa.exc.DBAPIError) -> Issue:
        """Without the statement's values; of errors about data, which show a value, only the kind."""
        original = error.orig
        if getattr(original, "sqlstate", None) == _CANCELLED or "nterrupt" in str(original):
            message = f"the query took longer than {self.source.timeout_seconds} s"
            return self._issue("IMP062", message, "Make it faster, or raise source: timeout_seconds")
        told = "" if isinstance(error, sa.exc.DataError) else f": {_first_line(original)}"
        return self._issue(
            "IMP061", f"the query failed: {type(original).__name__}{told}", "See the query and the login"
        )

    def _stopped(self, code: str, message: str, hint: str) -> _StoppedError:
        return _StoppedError(self._issue(code, message, hint))

    def _issue(self, code: str, message: str, hint: str, *, warns: bool = False) -> Issue:
        return Issue(code, self.place, message, hint, Severity.WARNING if warns else Severity.ERROR)


@dataclass(slots=True)
class _Reader:
    """Rows into texts; a float for money goes into the tally, and any other float is told once for its column."""

    name: str
    reading: Reading
    positions: Mapping[str, int]
    row: int = 0
    tally: Tally = field(default_factory=Tally)
    inexact: dict[str, Issue] = field(default_factory=dict)

    @property
    def issues(self) -> tuple[Issue, ...]:
        return (*self.inexact.values(), *self.tally.issues)

    def texts(self, row: Sequence[object]) -> list[str | None]:
        self.row += 1
        return [self._text(name, row[at - 1], at) for name, at in self.positions.items()]

    def _text(self, name: str, value: object, at: int) -> str | None:
        if isinstance(value, float):
            self._tell_float(name, at)
        try:
            return text_of(value)
        except NoTextError as kind:
            message = f'"{name}": a {kind}, which no landing table holds'
            self.tally.add(Issue("IMP029", Location(self.name, self.row, at), message, "Select plain columns"))
            return None

    def _tell_float(self, name: str, at: int) -> None:
        if Type.MONEY in self.reading.roles[name]:
            message = f'"{name}" is money, and the database gives a floating-point number'
            hint = "Select it as NUMERIC, as text, or as a whole number of the smallest unit with scale: 0.01"
            self.tally.add(Issue("IMP063", Location(self.name, self.row, at), message, hint))
        elif name not in self.inexact:
            message = f'"{name}" is a floating-point number: read as the shortest decimal number that gives it'
            place = Location(self.name, self.row, at)
            self.inexact[name] = Issue("IMP028", place, message, "Select it as NUMERIC", Severity.WARNING)


def _text_of_address(address: Address, environment: Mapping[str, str], folder: Path) -> str | None:
    if address.environment is not None:
        return environment.get(address.environment) or None
    path = folder / (address.file or "")
    return (path.read_text(encoding="utf-8").strip() or None) if path.is_file() else None


def _options(dialect: str, url: sa.URL, timeout_seconds: int) -> dict[str, Any]:
    match dialect:
        case "sqlite":
            return {"creator": lambda: _read_only_sqlite(url.database or "")}
        case "duckdb":
            return {"connect_args": {"read_only": True}}
        case "postgresql":
            return {"connect_args": {"connect_timeout": min(30, timeout_seconds)}}
    return {}


def _read_only_sqlite(database: str) -> sqlite3.Connection:
    """A file that is not there stays so."""
    return sqlite3.connect(f"file:{quote(database)}?mode=ro", uri=True, check_same_thread=False)


def _read_only_postgresql(timeout_seconds: int) -> Callable[[Any, Any], None]:
    """By statements after the connection is made: poolers refuse the same as options of the connection."""

    def set_up(driver: Any, _: Any) -> None:
        before, driver.autocommit = driver.autocommit, True
        with driver.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
            cursor.execute(f"SET statement_timeout = {timeout_seconds * 1000}")
        driver.autocommit = before

    return set_up


class _Interruptible(Protocol):
    def interrupt(self) -> None: ...


@contextmanager
def _interrupted(session: sa.Connection, timeout_seconds: int) -> Iterator[None]:
    """Ends a statement of a database in this process, which has no time-out of its own."""
    driver: Any = session.connection.driver_connection
    if session.dialect.name not in {"sqlite", "duckdb"}:
        yield
        return
    interruptible: _Interruptible = driver
    timer = threading.Timer(timeout_seconds, interruptible.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _first_line(error: object) -> str:
    return next(iter(str(error).strip().splitlines()), "")
