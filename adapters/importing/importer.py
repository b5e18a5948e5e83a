"""An extract becomes landing tables: all of them, or none and every reason why."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from adapters.duck import PARQUET_OPTIONS, quoted
from adapters.importing.checks import Checks
from adapters.importing.decoding import Mapping, decode_mapping
from adapters.importing.faults import faults_in
from adapters.importing.language import SqlSource
from adapters.importing.loading import Loaded, LoadedFile, Reading
from adapters.importing.queries import load_query
from adapters.importing.reading import load_files
from adapters.importing.staging import Staged, stage, stage_nothing
from adapters.importing.streams import LIMITS, Limits
from adapters.seam import sha256_of
from domain.documents import Document
from domain.exact import count_rows, exact
from domain.issues import Issue, Location, has_errors
from domain.tables import Table, Type

Environment = Dictionary[str, str]
Write = Callable[[Path, Callable[[Path], None]], None]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was written, from what, and what is wrong; with an error among the issues, nothing was written."""

    business_date: date
    tables: tuple[ImportedTable, ...]
    files: tuple[LoadedFile, ...]
    issues: tuple[Issue, ...]

    @property
    def failed(self) -> bool:
        return has_errors(self.issues)


@dataclass(frozen=True, slots=True)
class ImportedTable:
    """`rows` = rows of the files × entries of unpivot − those that the mapping's condition left out.

    `rows_replaced` are those of an earlier import of the day, if it was another one: they are there no more.
    """

    table: str
    rows: int
    rows_left_out: int
    path: Path
    rows_replaced: int | None = None


def write_by_rename(path: Path, produce: Callable[[Path], None]) -> None:
    """`produce` writes under another name, so that nobody ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    produce(partial)
    os.replace(partial, path)  # noqa: PTH105 - the seam that takes this one's place has its signature


def import_extract(
    document: Document,
    files: Sequence[Path],
    *,
    business_date: date,
    landing: Path,
    memory_limit: str,
    threads: int,
    write: Write = write_by_rename,
    limits: Limits = LIMITS,
    round_keys: Collection[str] = (),
    environment: Environment = os.environ,
) -> ImportReport:
    """Write `landing/<business date>/<table>.parquet` for each table of the mapping, from files or from a query.

    Types are the catalogue's, exactly; rows lie in the order of the table's key. What cannot be read as its column's
    type is refused here; what can be read is judged by the gate: missing values, repeated keys, unknown references.
    `round_keys` are columns (table.column) whose long keys rightly end in zeros; `environment` has the addresses of
    databases.
    """
    mapping, issues = decode_mapping(document)
    if mapping is None or has_errors(issues := (*issues, *_not_due(mapping, files, business_date))):
        return ImportReport(business_date, (), (), issues)
    with TemporaryDirectory(prefix="recoup-import-") as scratch, _connected(Path(scratch), memory_limit, threads) as db:
        reading = Reading(business_date, _roles(mapping), Path(scratch), limits)
        loaded, found = _loaded(db, mapping, files, environment, reading)
        staged, wrong = _staged(db, mapping, loaded, reading, round_keys) if not has_errors(found) else ((), ())
        issues = (*issues, *found, *wrong)
        folder = landing / business_date.isoformat()
        tables = () if has_errors(issues) else tuple(_written(db, mapping, loaded, staged, folder, write))
    return ImportReport(business_date, tables, loaded.files, issues)


def _not_due(mapping: Mapping, files: Sequence[Path], business_date: date) -> Iterator[Issue]:
    is_query = isinstance(mapping.source, SqlSource)
    if mapping.targets and not files and not is_query:
        yield Issue("IMP020", Location(mapping.path), "no file is given", "Name the extract after the mapping")
    if files and is_query:
        yield Issue("IMP020", Location(mapping.path), "files are given, and the source is a query", "Give no files")
    for target in mapping.targets:
        days = [entry.date for entry in target.entries if entry.date]
        if target.only_business_date and business_date not in days:
            message = f"{target.table.name} has no entry for {business_date}"
            known = ", ".join(day.isoformat() for day in days)
            yield Issue("IMP009", target.place, message, f"There are {known}")


@contextmanager
def _connected(scratch: Path, memory_limit: str, threads: int) -> Iterator[sa.Connection]:
    """A database of its own, which spills to disk where an extract is larger than the memory."""
    config = {
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": str(scratch / "spill"),
        "autoinstall_known_extensions": False,
    }
    engine = sa.create_engine("duckdb:///:memory:", connect_args={"config": config}, poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _roles(mapping: Mapping) -> dict[str, frozenset[Type]]:
    """The wanted columns, each with the types that its values become."""
    roles: dict[str, set[Type]] = {name: set() for name in mapping.wanted}
    for use in mapping.uses:
        roles[use.column].add(use.value.type)
    return {name: frozenset(types) for name, types in roles.items()}


def _loaded(
    connection: sa.Connection, mapping: Mapping, files: Sequence[Path], environment: Environment, reading: Reading
) -> tuple[Loaded, tuple[Issue, ...]]:
    if isinstance(mapping.source, SqlSource):
        return load_query(connection, mapping.source, mapping.source_place, environment, reading)
    return load_files(connection, mapping.source, files, reading)


def _staged(
    connection: sa.Connection, mapping: Mapping, loaded: Loaded, reading: Reading, round_keys: Collection[str]
) -> tuple[tuple[Staged, ...], tuple[Issue, ...]]:
    checked = tuple(Checks(connection, mapping, loaded, reading, round_keys).issues())
    day, source = reading.business_date, mapping.source
    staged = tuple(stage(connection, target, loaded, source, day) for target in mapping.targets)
    faults = [issue for one in staged for issue in faults_in(connection, one, loaded, source)]
    return staged, (*checked, *faults)


def _written(
    connection: sa.Connection,
    mapping: Mapping,
    loaded: Loaded,
    staged: Sequence[Staged],
    folder: Path,
    write: Write,
) -> Iterator[ImportedTable]:
    for one in staged:
        path, replaced = _write(connection, one.target.table, one.sql, folder, write)
        rows = connection.execute(exact(sa.select(count_rows()).select_from(one.sql))).scalar_one()
        yield ImportedTable(one.target.table.name, rows, loaded.rows * len(one.entries) - rows, path, replaced)
    for table in mapping.empty:
        path, replaced = _write(connection, table, stage_nothing(connection, table), folder, write)
        yield ImportedTable(table.name, 0, 0, path, replaced)


def _write(
    connection: sa.Connection, table: Table, staged: sa.Table, folder: Path, write: Write
) -> tuple[Path, int | None]:
    """The file, and how many rows of another import it replaces; none where there was none, or the very same.

    In the order of the key; rows that repeat a key, by a digest of their content: files are equal byte for byte."""
    columns, key = ", ".join(table.names), ", ".join(f"{name} NULLS FIRST" for name in table.key)
    ordered = f"SELECT {columns} FROM {staged.name} ORDER BY {key}, hash({columns})"
    path = folder / f"{table.name}.parquet"

    def produce(file: Path) -> None:
        connection.exec_driver_sql(f"COPY ({ordered}) TO '{quoted(file)}' ({PARQUET_OPTIONS})")

    before = (sha256_of(path), _rows_in(connection, path)) if path.exists() else None
    write(path, produce)
    return path, before[1] if before and before[0] != sha256_of(path) else None


def _rows_in(connection: sa.Connection, path: Path) -> int:
    rows: int = connection.exec_driver_sql(f"SELECT count(*) FROM read_parquet('{quoted(path)}')").scalar_one()
    return rows
