"""The language of mappings: what may stand in a mapping file, key by key."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from domain.documents import RuleModel

Scalar = bool | int | Decimal | dt.date | str

_DIRECTIVES = set("YymbBdjHIMSfp")


class MappingFile(RuleModel):
    """How one kind of extract becomes landing tables."""

    title: str
    """What people read: which system, which extract."""
    source: Source
    """How the files are written."""
    tables: dict[str, TableMapping] = Field(default_factory=dict)
    """The landing tables that the extract fills, by their names in the catalogue."""
    empty: tuple[str, ...] = ()
    """Tables of which the operation has nothing: landed without rows, so that *none* is told apart from *missing*."""


class _Notation(RuleModel):
    """How values are written."""

    date_format: str = "%Y-%m-%d"
    """How dates are written, in the signs of strptime: %d/%m/%Y."""
    time_format: str = "%Y-%m-%d %H:%M:%S"
    """How times are written, in the signs of strptime."""
    null_texts: tuple[str, ...] = ()
    """Texts that mean *no value*, such as "NULL" or "00/00/0000"; the empty text always does."""
    as_of: str | None = None
    """The column that says of which day a row is; each must say the business date, or nothing is imported."""

    @field_validator("date_format", "time_format")
    @classmethod
    def _names_a_day(cls, text: str) -> str:
        return names_a_day(text)


class _File(_Notation):
    """Sources that are files."""

    file_name: str | None = None
    """How the files are named, with the date in the signs %Y %m %d: cards_%Y%m%d*.csv. Another date is an error."""

    @field_validator("file_name")
    @classmethod
    def _names_its_day(cls, name: str | None) -> str | None:
        if name is not None and (set(re.findall(r"%(.)", name)) != {"Y", "m", "d"} or len(re.findall("%", name)) != 3):
            raise ValueError(f'the file name "{name}" needs %Y, %m and %d once each, and no other sign')
        return name


class CsvSource(_File):
    """Text with one record a line; a file that is compressed with gzip is read as it is."""

    format: Literal["csv"]
    encoding: str | None = None
    """Such as utf-8, utf-16, windows-1258, gb18030 or latin-1. Detected, and told, where it is not given."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """The one that shows the columns asked for in the first line, where it is not given: , ; tab or |."""
    quote: str = Field(default='"', max_length=1)
    """Around values that hold a delimiter or a line break, and doubled inside; empty where nothing is quoted."""
    header: bool = True
    """Whether the first line names the columns; without it, `names` does."""
    names: tuple[str, ...] = ()
    """The columns from left to right, for files without a header."""
    decimal_mark: str = Field(default=".", pattern=r"^[.,٫]$")
    """Between the whole and the fraction."""
    thousands_mark: str = Field(default="", max_length=1)
    """Between groups of digits; empty where there is none. It must stand where groups end: 1.23 is not 123."""

    exponents: bool = False
    """Whether numbers such as 1.00E+05 are read: spreadsheets write them, and may have cut digits before."""

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str | None) -> str | None:
        try:
            "".encode(encoding or "utf-8")
            return encoding and codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f'unknown encoding "{encoding}"; write utf-8, utf-16, windows-1258, gb18030 …') from None

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> CsvSource:
        if self.header == bool(self.names):
            raise ValueError("names stand here exactly when header is false")
        if len(set(self.names)) < len(self.names):
            raise ValueError("two columns of names are called the same")
        if self.thousands_mark == self.decimal_mark or re.search(r"[0-9+\-()]", self.thousands_mark):
            raise ValueError("the thousands mark is neither the decimal mark nor a digit or sign")
        if self.delimiter is not None and self.delimiter in {self.quote, "\n", "\r"}:
            raise ValueError("the delimiter is neither the quote nor a line break")
        return self


class ParquetSource(_File):
    """Parquet: numbers, dates and times that have their types there need no format; formats are for texts."""

    format: Literal["parquet"]


class WorkbookSource(_File):
    """An Excel workbook (.xlsx): numbers, dates and times that are cells of their kind need no format."""

    format: Literal["xlsx"]
    sheet: str | int | None = None
    """Its name, or its number from 1 on; needed where the workbook has several."""
    header_row: int = Field(default=1, ge=1)
    """The row that names the columns; rows above it are not read."""
    fifteen_digits: bool = False
    """Whether numbers are taken as Excel shows them, with fifteen digits: 0.30000000000000004, a sum, as 0.3."""


class Address(RuleModel):
    """Where the address of the database stands: never in the mapping, because it has a password in it."""

    environment: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The variable of the environment that holds it: CORE_BANKING_URL."""
    file: str | None = Field(default=None, pattern=r"^[^:@]+$")
    """The file that holds it and nothing else, relative to the mapping."""

    @model_validator(mode="after")
    def _is_one(self) -> Address:
        if (self.environment is None) == (self.file is None):
            raise ValueError("state environment or file, and not both")
        return self


class SqlSource(_Notation):
    """The rows of one query; numbers, dates and times come in their types."""

    format: Literal["sql"]
    address: Address
    """Which SQLAlchemy address to connect to."""
    query: str
    """One SELECT; :business_date stands for the business date, and each of `parameters` for its value."""
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    """Values that are bound in the query."""
    timeout_seconds: int = Field(ge=1)
    """After how long the database gives up."""
    batch_rows: int = Field(default=50_000, ge=1, le=1_000_000)
    """How many rows are fetched at a time."""

    @field_validator("query")
    @classmethod
    def _is_one_select(cls, query: str) -> str:
        bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", query, flags=re.DOTALL).strip().removesuffix(";")
        if not re.match(r"(select|with|values)\b", bare, re.IGNORECASE):
            raise ValueError("the query is one that begins with SELECT, WITH or VALUES")
        if ";" in bare:
            raise ValueError("the query is one statement: no semicolon but at its end, not even in a text")
        return query

    @field_validator("parameters")
    @classmethod
    def _leaves_the_date(cls, parameters: dict[str, Scalar]) -> dict[str, Scalar]:
        if "business_date" in parameters:
            raise ValueError("business_date is given by --date")
        return parameters


FileSource = CsvSource | ParquetSource | WorkbookSource
AnySource = FileSource | SqlSource
Source = Annotated[AnySource, Field(discriminator="format")]


class FieldType(StrEnum):
    """Types of source values in expressions."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    RATIO = "ratio"
    DATE = "date"
    TIME = "time"
    BOOL = "bool"


class Reading(RuleModel):
    """A column of the file, and how its texts become values."""

    source_column: str = Field(alias="from")
    """The column of the file, or a name of `unpivot`."""
    codes: dict[str, Scalar] = Field(default_factory=dict)
    """What each text of the file stands for; a text that is not listed is an error."""
    date_format: str | None = None
    """Another format than that of the source, for this column."""
    time_zone: str | None = None
    """The zone of the clock on the wall: an instant is converted from that clock to UTC, a wall time from UTC to it."""
    sign: Literal["keep", "negate"] = "keep"
    """`negate` where the file writes as negative what counts as positive here."""
    scale: Decimal | None = Field(default=None, gt=0)
    """Factor to the unit used here: 0.01 for cents or per cents, 1000 for thousands."""
    default: Scalar | None = None
    """Where the file has no value."""

    @field_validator("date_format")
    @classmethod
    def _names_a_day(cls, text: str | None) -> str | None:
        return text and names_a_day(text)

    @model_validator(mode="after")
    def _codes_say_it_all(self) -> Reading:
        if self.codes and (self.scale or self.sign != "keep" or self.date_format or self.time_zone):
            raise ValueError("codes give the final values: no sign, scale, date_format or time_zone beside them")
        return self


class FieldMapping(Reading):
    """A value of the file that expressions can name."""

    type: FieldType
    """What it is in expressions."""


class FromColumn(Reading):
    """The value of a column of the file."""


class Constant(RuleModel):
    """The same value in each row."""

    constant: Scalar
    """The value, as the target column writes it."""


class Computed(RuleModel):
    """A value computed from fields, from columns that stand above, from business_date and entry_date."""

    expression: str
    """Such as max(bill, 0) * share; nothing divides, and nothing is rounded."""


class Composed(RuleModel):
    """A text put together from columns of the file."""

    format: str = Field(min_length=1)
    """Such as "P{ID}-{business_date}"; without a value if one of its parts has none."""


def _kind_of_column(value: Any) -> str | None:
    """Worded so that no key is called the same: an issue's place is found by the keys on its path."""
    keys = value if isinstance(value, dict) else ()
    return next((f"the kind {key}" for key in ("from", "constant", "expression", "format") if key in keys), None)


ColumnMapping = Annotated[
    Annotated[FromColumn, Tag("the kind from")]
    | Annotated[Constant, Tag("the kind constant")]
    | Annotated[Computed, Tag("the kind expression")]
    | Annotated[Composed, Tag("the kind format")],
    Discriminator(
        _kind_of_column,
        custom_error_type="kind_of_column",
        custom_error_message="a column needs one of from, constant, expression or format",
    ),
]


class Entry(RuleModel):
    """One of the rows that a wide row is taken apart into."""

    date: dt.date | None = None
    """The day that it speaks of; `entry_date` in expressions."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The column of the file behind each name that `from` may use."""
    texts: dict[str, str] = Field(default_factory=dict)
    """Names with a fixed text in this entry."""

    @property
    def names(self) -> frozenset[str]:
        return frozenset({*self.columns, *self.texts})


class Unpivot(RuleModel):
    """One wide row to many: months in columns, or several people in one row."""

    only_business_date: bool = False
    """Whether only the entry of the business date is taken, so that a wide file gives the state of that day."""
    entries: tuple[Entry, ...] = Field(min_length=1)
    """One for each row that comes out of a wide one."""

    @model_validator(mode="after")
    def _entries_are_alike(self) -> Unpivot:
        if len({entry.names for entry in self.entries}) > 1:
            raise ValueError("all entries have the same names under columns and texts")
        dates = [entry.date for entry in self.entries if entry.date]
        if dates and (len(dates) < len(self.entries) or len(set(dates)) < len(dates)):
            raise ValueError("each entry has a date of its own, or none has one")
        if self.only_business_date and not dates:
            raise ValueError("only_business_date needs a date in each entry")
        return self


class TableMapping(RuleModel):
    """How one landing table is filled."""

    unpivot: Unpivot | None = None
    """Where one row of the file makes several rows here."""
    fields: dict[str, FieldMapping] = Field(default_factory=dict)
    """Values of the file that expressions can name."""
    rows: str | None = None
    """Which rows are taken: a condition over fields and columns. A row for which it has no value is left out."""
    columns: dict[str, ColumnMapping]
    """The columns of the landing table. What it requires must stand here; the rest may be left out."""


def names_a_day(text: str) -> str:
    """The format itself.

    Raises: ValueError unless the format has a year, a month and a day, in signs that are read alike everywhere.
    """
    signs = set(re.findall(r"%(.)", text))
    if unknown := signs - _DIRECTIVES:
        raise ValueError(f"a date format with %{min(unknown)} is not read; signs are %Y %y %m %b %B %d %j %H %I %M %S")
    if not (signs & {"Y", "y"} and ("j" in signs or (signs & {"m", "b", "B"} and "d" in signs))):
        raise ValueError(f'the date format "{text}" needs a year, a month and a day: %d/%m/%Y')
    return text
