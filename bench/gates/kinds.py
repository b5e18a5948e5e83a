"""A kind of corruption as a declared value: what is done to which extracts, how much, and what a person would say.

A statement reads `extract`, the table's file of the date with one more column, `hit`: whether the row is among those
that the level picks. Beside it stand the other tables of the date by their names, those of the day before as
`<table>_yesterday`, and events of the two weeks before as `<table>_past`. `$day` is the date, `$level` the level and
`$step` the number of the day, from 1, where a kind lasts several days.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum

ONE_ROW = Decimal(0)
ONE, FIVE, TWENTY, ALL = Decimal("0.01"), Decimal("0.05"), Decimal("0.2"), Decimal(1)
RATES = (ONE_ROW, ONE, FIVE, TWENTY, ALL)
WHOLE = (ALL,)


class Unit(StrEnum):
    """What a level counts. A share of 0 is one row; a share of less than a row is none, and says nothing."""

    SHARE = "of the rows"
    GROUPS = "groups"
    A_DAY = "a day"
    ONCE = "once"

    def name_of(self, level: Decimal) -> str:
        match self:
            case Unit.SHARE if level == ONE_ROW:
                return "one row"
            case Unit.SHARE:
                return f"{_plain(level * 100)} %"
            case Unit.GROUPS:
                return f"{level:f} of them"
            case Unit.A_DAY:
                return f"{_plain(level * 100)} % a day"
            case Unit.ONCE:
                return "whole"


class Occasion(Enum):
    """A night to be spoilt."""

    MIDWEEK = "midweek"
    DAY_OFF = "day off"
    MONTH_END = "month-end"
    CLAIMS = "day of the claims"


WORKING = (Occasion.MIDWEEK, Occasion.MONTH_END)
EVERY = (*WORKING, Occasion.DAY_OFF)


@dataclass(frozen=True, slots=True)
class Rows:
    """The table's new content; `of` says in SQL which rows may be hit."""

    table: str
    sql: str
    of: str = "true"


@dataclass(frozen=True, slots=True)
class Gone:
    """No file."""

    table: str


@dataclass(frozen=True, slots=True)
class Yesterday:
    """The file of the day before under today's date."""

    table: str


@dataclass(frozen=True, slots=True)
class Cut:
    """The first `level` of the file's bytes; `as_text`, of the same file as CSV."""

    table: str
    as_text: bool = False


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file of this content."""

    table: str
    content: bytes
    ending: str = "parquet"


@dataclass(frozen=True, slots=True)
class AsText:
    """A CSV file instead of Parquet: the rows of `sql`, written by DuckDB with `options`, and then encoded.

    `first` and `last` are put before and behind its lines; with `beside` the Parquet file stays.
    """

    table: str
    sql: str = "SELECT * EXCLUDE (hit) FROM extract"
    options: str = "HEADER"
    encoding: str = "utf-8"
    first: str = ""
    last: str = ""
    beside: bool = False


Edit = Rows | Gone | Yesterday | Cut | Bytes | AsText


@dataclass(frozen=True, slots=True)
class Kind:
    """`wrong_from` is the least level at which a person who knew of it would call the extract wrong; None is never:
    such a kind is harmless, and what would be wrong is to halt on it."""

    name: str
    title: str
    edits: tuple[Edit, ...]
    wrong_from: Decimal | None
    reason: str
    levels: tuple[Decimal, ...] = RATES
    unit: Unit = Unit.SHARE
    nights: tuple[Occasion, ...] = WORKING
    days: int = 1

    def __post_init__(self) -> None:
        if self.wrong_from is not None and self.wrong_from not in self.levels:
            raise ValueError(f"{self.name}: {self.wrong_from} is none of its levels")
        if list(self.levels) != sorted(self.levels):
            raise ValueError(f"{self.name}: levels go up")

    def levels_on(self, night: Occasion) -> tuple[Decimal, ...]:
        """Every level on the first of its nights; on the others the one from which it is wrong."""
        if night is self.nights[0] or self.wrong_from is None:
            return self.levels
        return (self.wrong_from,)

    def is_wrong_at(self, level: Decimal) -> bool:
        return self.wrong_from is not None and level >= self.wrong_from


def changed(**columns: str) -> str:
    """Columns of the rows that are hit become what the expressions say."""
    cases = ", ".join(f'CASE WHEN hit THEN {sql} ELSE "{name}" END AS "{name}"' for name, sql in columns.items())
    return f"SELECT * EXCLUDE (hit) REPLACE ({cases}) FROM extract"


def lost() -> str:
    """The rows that are hit are not there."""
    return "SELECT * EXCLUDE (hit) FROM extract WHERE NOT hit"


def added(**columns: str) -> str:
    """The rows that are hit come a second time, with these columns changed."""
    return f"SELECT * EXCLUDE (hit) FROM extract UNION ALL {_again(columns)} FROM extract WHERE hit"


def recast(**columns: str) -> str:
    """Columns of another type, in all rows: whether a row is hit is for the expression to say."""
    casts = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    return f"SELECT * EXCLUDE (hit) REPLACE ({casts}) FROM extract"


def swapped(one: str, other: str) -> str:
    """Two columns of the rows that are hit have each other's values."""
    return changed(**{one: f'"{other}"', other: f'"{one}"'})


def dealt(column: str, key: str) -> str:
    """The column of the rows that are hit is that of another row: the last one's for the first, and so on."""
    places = f"row_number() OVER (ORDER BY {key}) AS place", f"row_number() OVER (ORDER BY {key} DESC) AS place"
    return f"""
        SELECT e.* EXCLUDE (hit, place) REPLACE (CASE WHEN hit THEN o.{column} ELSE e.{column} END AS {column})
        FROM (SELECT *, {places[0]} FROM extract) AS e
        JOIN (SELECT {column}, {places[1]} FROM extract) AS o USING (place)
    """


def joined_by(*others: str) -> str:
    """The rows as they are, and those of other statements."""
    return " UNION ALL BY NAME ".join(("SELECT * EXCLUDE (hit) FROM extract", *others))


def among(column: str, table: str = "extract", where: str = "true") -> str:
    """A condition: the column has one of `$level` values that are picked out of the table's."""
    return f"""{column} IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL AND {where}
        GROUP BY {column} ORDER BY md5(CAST({column} AS VARCHAR)) LIMIT $level)"""


def times(factor: str, *columns: str) -> dict[str, str]:
    """Each column times the factor, as money."""
    return {
        name: f'CAST(CAST("{name}" AS DECIMAL(26,4)) * CAST({factor} AS DECIMAL(12,6)) AS DECIMAL(18,4))'
        for name in columns
    }


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _again(columns: dict[str, str]) -> str:
    replaced = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    return f"SELECT * EXCLUDE (hit) {f'REPLACE ({replaced})' if replaced else ''}"


PARTS = ("amount", "principal", "interest", "fee", "waiver")
