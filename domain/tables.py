"""What a table is: the one definition from which SQL tables, contracts, expression types and the dictionary follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How the extracts of a table relate from day to day."""

    STATE = "state"  # the whole, as of the business date
    EVENT = "event"  # an increment by business date, never changed
    REVISABLE = "revisable event"  # the latest version of a key within the stated window counts


class Type(StrEnum):
    """The closed list of column types; each has one SQL type, one Parquet type and one type in expressions."""

    ID = "id"
    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    MONEY = "money"  # major units, DECIMAL(18,4), beside a currency column
    RATE = "rate"  # a fraction, DECIMAL(18,10)
    DEGREES = "degrees"  # DECIMAL(9,6)
    DATE = "date"
    INSTANT = "instant"  # UTC
    WALL_TIME = "wall time"  # what the clock on the debtor's wall showed: stored at landing, never converted per row
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """`codes` closes a CODE; `references` is "table.column"; `personal` keeps it out of logs and reports."""

    name: str
    type: Type
    meaning: str
    required: bool = True
    codes: tuple[str, ...] = ()
    references: str = ""
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A landed table. `key` orders every file; `dated_by` is the column that an event's day is taken from.

    `window_days` (revisable events): how many days back a later extract may still revise a key.
    """

    name: str
    kind: Kind
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    meaning: str
    dated_by: str = ""
    window_days: int = 0

    def __post_init__(self) -> None:
        missing = {*self.key, *([self.dated_by] if self.dated_by else [])} - {column.name for column in self.columns}
        if missing:
            raise ValueError(f"{self.name}: no such column: {', '.join(sorted(missing))}")

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    def __contains__(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)
