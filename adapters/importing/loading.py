"""Files into one DuckDB table of cleaned texts, row by row; what cannot be a row is told with its line."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import sqlalchemy as sa

from adapters.importing.language import CsvSource, ParquetSource
from adapters.importing.texts import clean_copy, delimiter_of, first_record
from domain.expressions.parse import suggestion
from domain.issues import Issue, Location, Severity, has_errors

MOST_SHOWN = 20
_LOADED = "loaded"
_BLANKS = " \t\r\n\u00a0\u3000"

_MEANINGS = {
    "MISSING COLUMNS": "the row has fewer columns than the header",
    "TOO MANY COLUMNS": "the row has more columns than the header",
    "UNQUOTED VALUE": "a quote is not closed, or closes before the value ends",
    "LINE SIZE OVER MAXIMUM": "the row is longer than 2,000,000 bytes: a quote may not be closed",
}
_INEXACT = re.compile(r"DOUBLE|FLOAT|REAL")
_PLAIN = re.compile(
    r"VARCHAR|BOOLEAN|DATE|TIMESTAMP.*|DECIMAL.*|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|ENUM.*|DOUBLE|FLOAT"
)


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """One file as it was read. `positions` count columns from 1, as issues name them."""

    path: Path
    encoding: str
    delimiter: str
    header_rows: int
    positions: Mapping[str, int]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """All rows of all files: one text column for each wanted name, and DuckDB's rowid, which counts on."""

    files: tuple[LoadedFile, ...]
    table: sa.TableClause
    texts: Mapping[str, sa.ColumnElement[str]]

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    def place(self, row_id: int, column: str | None) -> Location:
        """Where the row stands in its file, counted as a spreadsheet shows it: the header is row 1."""
        starts = list(accumulate((file.rows for file in self.files), initial=0))
        index = max(index for index, start in enumerate(starts[:-1]) if start <= row_id)
        file = self.files[index]
        row = row_id - starts[index] + 1 + file.header_rows
        return Location(str(file.path), row, file.positions[column] if column else 0)


def load(
    connection: sa.Connection,
    source: CsvSource | ParquetSource,
    files: Sequence[Path],
    wanted: Collection[str],
    scratch: Path,
) -> tuple[Loaded, tuple[Issue, ...]]:
    """File after file; all of them are read, so that the mistakes of all are told at once."""
    names = tuple(wanted)
    table = sa.table(_LOADED, sa.column("rowid", sa.BigInteger), *(sa.column(f"text_{i}") for i in range(len(names))))
    columns = ", ".join(f"text_{index} VARCHAR" for index in range(len(names)))
    connection.exec_driver_sql(f"CREATE TABLE {_LOADED} ({columns or 'nothing VARCHAR'})")
    connection.commit()
    read: list[LoadedFile] = []
    issues: list[Issue] = []
    for file in files:
        if isinstance(source, CsvSource):
            one, found = _load_csv(connection, source, file, names, scratch)
        else:
            one, found = _load_parquet(connection, source, file, names)
        issues.extend(found)
        if one is not None:
            total = connection.exec_driver_sql(f"SELECT count(*) FROM {_LOADED}").scalar_one()
            read.append(replace(one, rows=total - sum(earlier.rows for earlier in read)))
    connection.commit()  # rowid counts from 0 only once the rows are committed
    texts = {name: table.c[f"text_{index}"] for index, name in enumerate(names)}
    return Loaded(tuple(read), table, texts), tuple(issues)


def _load_csv(
    connection: sa.Connection, source: CsvSource, file: Path, names: Sequence[str], scratch: Path
) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
    text, issues = clean_copy(file, scratch / "extract.csv", source.encoding)
    if text is None:
        return None, issues
    delimiter = delimiter_of(text.path, source, names)
    if delimiter is None:
        return None, (
            *issues,
            Issue("IMP023", Location(str(file), 1), "the delimiter cannot be told", _STATE_DELIMITER),
        )
    header = list(source.names) or first_record(text.path, delimiter, source.quote)
    positions, found = _positions(file, header, names)
    if found:
        return None, (*issues, *found)
    one = LoadedFile(file, text.encoding, delimiter, int(source.header), positions)
    return one, (*issues, *_insert_csv(connection, source, one, text.path, len(header)))


_STATE_DELIMITER = "State it in the mapping: source: delimiter"


def _positions(file: Path, header: Sequence[str], names: Sequence[str]) -> tuple[dict[str, int], tuple[Issue, ...]]:
    """Where each wanted column stands; names are compared without blanks around them, composed as Unicode prefers."""
    shown = [_name(text) for text in header]
    return {name: shown.index(_name(name)) + 1 for name in names if _name(name) in shown}, tuple(
        _header_issues(file, shown, names)
    )


def _name(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _header_issues(file: Path, shown: Sequence[str], names: Sequence[str]) -> Iterator[Issue]:
    times = Counter(shown)
    for name in names:
        if times[_name(name)] == 0:
            yield Issue("IMP025", Location(str(file), 1), f'there is no column "{name}"', suggestion(name, set(shown)))
        if times[_name(name)] > 1:
            at = Location(str(file), 1, shown.index(_name(name)) + 1)
            yield Issue("IMP024", at, f'{times[_name(name)]} columns are called "{name}"', "Name them apart")


def _insert_csv(
    connection: sa.Connection, source: CsvSource, one: LoadedFile, copy: Path, width: int
) -> tuple[Issue, ...]:
    """Rows that are none go into DuckDB's table of rejects, without the text of the row: it may be personal."""
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(1, width + 1))
    taken = ", ".join(_clean(f"c{position}", source) for position in one.positions.values()) or "NULL"
    quote = _quoted(source.quote)
    statement = f"""
        INSERT INTO {_LOADED} SELECT {taken} FROM read_csv({_quoted(copy)}, auto_detect = false,
            header = {source.header}, delim = {_quoted(one.delimiter)}, quote = {quote}, escape = {quote},
            new_line = '\\n', columns = {{{columns}}}, store_rejects = true, rejects_limit = 0, strict_mode = true)"""
    try:
        connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError:
        connection.rollback()
        message = f'no CSV with the delimiter "{one.delimiter}" and the quote "{source.quote}"'
        return (Issue("IMP026", Location(str(one.path)), message, "State source: delimiter and quote"),)
    issues = tuple(_rejected(connection, one.path))
    connection.exec_driver_sql("DROP TABLE reject_errors")
    connection.exec_driver_sql("DROP TABLE reject_scans")
    connection.commit()
    return issues


def _rejected(connection: sa.Connection, file: Path) -> Iterator[Issue]:
    lines = "SELECT line, min_by(error_type, column_idx) AS error_type FROM reject_errors GROUP BY line"
    count = connection.exec_driver_sql(f"SELECT count(*) FROM ({lines})").scalar_one()
    for line, kind in connection.exec_driver_sql(f"{lines} ORDER BY line LIMIT {MOST_SHOWN}"):
        message = _MEANINGS.get(kind, str(kind).lower())
        yield Issue("IMP026", Location(str(file), line), message, "Correct the file, or state delimiter and quote")
    if count > MOST_SHOWN:
        yield Issue("IMP026", Location(str(file)), f"{count} rows are broken; the first {MOST_SHOWN} are shown")


def _load_parquet(
    connection: sa.Connection, source: ParquetSource, file: Path, names: Sequence[str]
) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
    relation = f"read_parquet({_quoted(file)})"
    try:
        described = connection.exec_driver_sql(f"DESCRIBE SELECT * FROM {relation}").all()
    except sa.exc.DBAPIError:
        connection.rollback()
        there = "no Parquet file" if file.exists() else "there is none of this name"
        return None, (Issue("IMP020", Location(str(file)), f"the file cannot be read: {there}"),)
    types = {_name(row[0]): (str(row[0]), str(row[1])) for row in described}
    positions, issues = _positions(file, list(types), names)
    issues = (*issues, *_type_issues(file, positions, types))
    if has_errors(issues):
        return None, issues
    taken = ", ".join(_clean(_as_text(*types[_name(name)]), source) for name in positions) or "NULL"
    connection.exec_driver_sql(f"INSERT INTO {_LOADED} SELECT {taken} FROM {relation}")
    return LoadedFile(file, "parquet", "", 0, positions), issues


def _type_issues(file: Path, positions: Mapping[str, int], types: Mapping[str, tuple[str, str]]) -> Iterator[Issue]:
    for name, position in positions.items():
        kind = types[_name(name)][1]
        at = Location(str(file), 0, position)
        if not _PLAIN.fullmatch(kind):
            yield Issue("IMP029", at, f'"{name}" is a {kind}, which no landing table holds', "Export plain columns")
        elif _INEXACT.fullmatch(kind):
            message = f'"{name}" is a {kind}: read as the shortest decimal number that gives the same value'
            yield Issue("IMP028", at, message, "Export DECIMAL", Severity.WARNING)


def _as_text(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    return f"CAST({column + (' AT TIME ZONE $$UTC$$' if 'WITH TIME ZONE' in kind else '')} AS VARCHAR)"


def _clean(column: str, source: CsvSource | ParquetSource) -> str:
    """The text without blanks around it, composed as Unicode prefers it; NULL where it says *no value*."""
    text = f"nfc_normalize(trim({column}, {_quoted(_BLANKS)}))"
    return f"CASE WHEN {text} NOT IN ({', '.join(_quoted(none) for none in ['', *source.null_texts])}) THEN {text} END"


def _quoted(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"
