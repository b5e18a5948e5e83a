"""Extracts into one DuckDB table of cleaned texts, row by row; what cannot be a row is told with its line."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from adapters.importing.language import AnySource
from adapters.importing.streams import Finding, Limits, Trouble
from domain.expressions.parse import suggestion
from domain.issues import Issue, Location
from domain.tables import Type

LOADED = "loaded"
_BLANKS = " \t\r\n\u00a0\u3000"

CODES: Mapping[Trouble, str] = {
    Trouble.UNREADABLE: "IMP020",
    Trouble.EMPTY: "IMP020",
    Trouble.CUT_OFF: "IMP038",
    Trouble.UNDECODABLE: "IMP021",
    Trouble.ENCODING: "IMP022",
    Trouble.BROKEN_ROWS: "IMP026",
    Trouble.OTHER_KIND: "IMP027",
    Trouble.LONG_LINE: "IMP030",
    Trouble.TOO_LARGE: "IMP031",
    Trouble.ZERO_BYTES: "IMP032",
    Trouble.NO_ROWS: "IMP034",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the files are read for: `roles` are the types that the values of each wanted column become."""

    business_date: date
    roles: Mapping[str, frozenset[Type]]
    scratch: Path
    limits: Limits

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.roles)


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """One file, sheet or query as it was read. `positions` count columns from 1, as issues name them.

    `blanks` has, for each blank row that was passed over, the number of rows that were read before it.
    """

    name: str
    encoding: str
    delimiter: str
    header_rows: int
    positions: Mapping[str, int]
    rows: int = 0
    blanks: Sequence[int] = field(default=(), repr=False)

    def row(self, index: int) -> int:
        """Where the row stands, counted as a spreadsheet shows it; `index` counts from 0."""
        return index + 1 + self.header_rows + bisect_right(self.blanks, index)


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
        starts = list(accumulate((file.rows for file in self.files), initial=0))
        index = max(index for index, start in enumerate(starts[:-1]) if start <= row_id)
        file = self.files[index]
        return Location(file.name, file.row(row_id - starts[index]), file.positions[column] if column else 0)


def create_loaded(connection: sa.Connection, names: Sequence[str]) -> None:
    columns = ", ".join(f"text_{index} VARCHAR" for index in range(len(names)))
    connection.exec_driver_sql(f"CREATE TABLE {LOADED} ({columns or 'nothing VARCHAR'})")
    connection.commit()


def counted(connection: sa.Connection, files: Sequence[LoadedFile], one: LoadedFile) -> LoadedFile:
    """The file with its rows: those that the table has, without those of the files before it."""
    total = connection.exec_driver_sql(f"SELECT count(*) FROM {LOADED}").scalar_one()
    return replace(one, rows=total - sum(earlier.rows for earlier in files))


def loaded(connection: sa.Connection, files: Sequence[LoadedFile], names: Sequence[str]) -> Loaded:
    connection.commit()  # rowid counts from 0 only once the rows are committed
    table = sa.table(LOADED, sa.column("rowid", sa.BigInteger), *(sa.column(f"text_{i}") for i in range(len(names))))
    return Loaded(tuple(files), table, {name: table.c[f"text_{index}"] for index, name in enumerate(names)})


def insert_texts(connection: sa.Connection, source: AnySource, rows: Sequence[Sequence[str | None]]) -> None:
    """A batch of rows, each with a text for each wanted name."""
    if not rows:
        return
    if not rows[0]:
        connection.exec_driver_sql(f"INSERT INTO {LOADED} SELECT NULL FROM range({len(rows)})")
        return
    columns = {f"c{place}": pa.array(column, pa.string()) for place, column in enumerate(zip(*rows, strict=True))}
    driver = connection.connection.driver_connection
    if driver is None:
        raise AssertionError("an open connection has a driver")
    driver.register("batch", pa.table(columns))
    taken = ", ".join(clean(name, source) for name in columns)
    connection.exec_driver_sql(f"INSERT INTO {LOADED} SELECT {taken} FROM batch")
    driver.unregister("batch")


def clean(column: str, source: AnySource) -> str:
    """The text without blanks around it, composed as Unicode prefers it; NULL where it says *no value*."""
    text = f"nfc_normalize(trim({column}, {quoted(_BLANKS)}))"
    return f"CASE WHEN {text} NOT IN ({', '.join(quoted(none) for none in ['', *source.null_texts])}) THEN {text} END"


def quoted(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def positions_in(
    file: str, header: Sequence[str], names: Collection[str], row: int = 1
) -> tuple[dict[str, int], tuple[Issue, ...]]:
    """Where each wanted column stands; names are compared without blanks around them, composed as Unicode prefers."""
    shown = [bare(text) for text in header]
    return {name: shown.index(bare(name)) + 1 for name in names if bare(name) in shown}, tuple(
        _header_issues(file, shown, names, row)
    )


def bare(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _header_issues(file: str, shown: Sequence[str], names: Collection[str], row: int) -> Iterator[Issue]:
    times = Counter(shown)
    for name in names:
        if times[bare(name)] == 0:
            yield Issue("IMP025", Location(file, row), f'there is no column "{name}"', suggestion(name, set(shown)))
        if times[bare(name)] > 1:
            at = Location(file, row, shown.index(bare(name)) + 1)
            yield Issue("IMP024", at, f'{times[bare(name)]} columns are called "{name}"', "Name them apart")


def issue_of(file: str, finding: Finding) -> Issue:
    return Issue(CODES[finding.trouble], Location(file, finding.line), finding.message, finding.hint, finding.severity)
