"""From a mapping file to a mapping that fits the catalogue, or to everything that is wrong with it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapters.importing.language import (
    AnySource,
    ColumnMapping,
    Composed,
    Computed,
    Constant,
    Entry,
    FieldType,
    MappingFile,
    Reading,
    Scalar,
    TableMapping,
)
from domain.catalogue import CATALOGUE
from domain.documents import Document, Path, decode
from domain.expressions import Expression, ExprType, Name, parse, scope_of_columns
from domain.expressions.parse import TYPES, suggestion
from domain.issues import Issue, Location, has_errors
from domain.sql import SQL_TYPES
from domain.tables import Column, Table, Type

Typed = bool | int | Decimal | date | datetime | str

BUSINESS_DATE = "business_date"
ENTRY_DATE = "entry_date"
ROWS = "rows"
DATES = frozenset({BUSINESS_DATE, ENTRY_DATE})
NUMBERS = frozenset({Type.COUNT, Type.MONEY, Type.RATE, Type.DEGREES})
TIMES = frozenset({Type.INSTANT, Type.WALL_TIME})

_FIELD_TYPES = {
    FieldType.TEXT: Type.TEXT,
    FieldType.COUNT: Type.COUNT,
    FieldType.MONEY: Type.MONEY,
    FieldType.RATIO: Type.RATE,
    FieldType.DATE: Type.DATE,
    FieldType.TIME: Type.WALL_TIME,
    FieldType.BOOL: Type.BOOLEAN,
}


def decode_mapping(document: Document) -> tuple[Mapping | None, tuple[Issue, ...]]:
    """The mapping, checked against the catalogue, or every mistake in it at its place."""
    file, issues = decode(document, MappingFile)
    if file is None:
        return None, issues
    reader = _Reader(document, file)
    mapping = reader.read()
    return (None if has_errors(reader.found) else mapping), reader.found


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping."""

    path: str
    source: AnySource
    source_place: Location
    targets: tuple[Target, ...]
    empty: tuple[Table, ...]

    @property
    def wanted(self) -> dict[str, Location]:
        """The columns that the files must have, each with the place that first asks for it."""
        places: dict[str, Location] = {}
        for target in self.targets:
            for name, place in target.wanted:
                places.setdefault(name, place)
        if self.source.as_of:
            places.setdefault(self.source.as_of, self.source_place)
        return places

    @property
    def uses(self) -> tuple[Use, ...]:
        """Each column of the files with each value that is made of it."""
        return tuple(use for target in self.targets for use in target.uses)


@dataclass(frozen=True, slots=True)
class Target:
    """How one table is filled. `entries` is never empty: without `unpivot` it is one entry without names."""

    table: Table
    place: Location
    entries: tuple[Entry, ...]
    only_business_date: bool
    fields: tuple[Value, ...]
    columns: tuple[Value, ...]
    rows: Value | None

    @property
    def values(self) -> tuple[Value, ...]:
        return (*self.fields, *self.columns, *([self.rows] if self.rows else []))

    @property
    def wanted(self) -> Iterator[tuple[str, Location]]:
        """Columns of the file, names of `unpivot` resolved."""
        own = self.entries[0].names
        for value in self.values:
            yield from ((name, value.place) for name in value.reads if name not in own)
        for entry in self.entries:
            yield from ((name, self.place) for name in entry.columns.values())

    @property
    def uses(self) -> Iterator[Use]:
        named = {(name, entry.columns.get(name, name)) for entry in self.entries for name in self._names_of(entry)}
        for value in self.values:
            for name, column in sorted(named):
                if name in value.reads:
                    yield Use(column, self.table, value)

    def _names_of(self, entry: Entry) -> Iterator[str]:
        return (name for value in self.values for name in value.reads if name not in entry.texts)


@dataclass(frozen=True, slots=True)
class Use:
    """`column` of a file becomes `value`, or a part of it, in `table`."""

    column: str
    table: Table
    value: Value


@dataclass(frozen=True, slots=True)
class Value:
    """One field or column: its type, and how it comes about."""

    name: str
    type: Type
    how: Read | Given | Calculated | Joined
    place: Location
    codes: tuple[str, ...] = ()
    personal: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of columns of the file, or of `unpivot`, from left to right."""
        match self.how:
            case Read(column=column):
                return (column,)
            case Joined(parts=parts):
                return tuple(part.name for part in parts if isinstance(part, Part) and part.name not in DATES)
        return ()


@dataclass(frozen=True, slots=True)
class Read:
    """A text of the file, converted."""

    column: str
    codes: tuple[tuple[str, Typed], ...]
    date_format: str
    time_zone: str | None
    negate: bool
    scale: Decimal | None
    default: Typed | None


@dataclass(frozen=True, slots=True)
class Given:
    value: Typed


@dataclass(frozen=True, slots=True)
class Calculated:
    expression: Expression


@dataclass(frozen=True, slots=True)
class Joined:
    parts: tuple[str | Part, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A name in braces."""

    name: str


@dataclass(slots=True)
class _Reader:
    document: Document
    file: MappingFile
    issues: list[Issue] = field(default_factory=list)

    @property
    def found(self) -> tuple[Issue, ...]:
        return tuple(self.issues)

    def read(self) -> Mapping:
        if not self.file.tables and not self.file.empty:
            self._report("IMP001", (), "the mapping fills no table", "Name one under tables")
        tables = self.file.tables.items()
        targets = [self._target(name, table) for name, table in tables if self._is_table(name, "tables", name)]
        place = self.document.place(("source",))
        return Mapping(self.document.path, self.file.source, place, tuple(targets), tuple(self._empty()))

    def _empty(self) -> Iterator[Table]:
        for index, name in enumerate(self.file.empty):
            if name in self.file.tables:
                self._report("IMP001", ("empty", index), f'"{name}" is filled under tables, and empty too')
            if self._is_table(name, "empty", index):
                yield CATALOGUE[name]

    def _is_table(self, name: str, *path: str | int) -> bool:
        if name not in CATALOGUE:
            self._report("IMP001", path, f'unknown table "{name}"', suggestion(name, CATALOGUE))
        return name in CATALOGUE

    def _target(self, name: str, mapping: TableMapping) -> Target:
        path, table = ("tables", name), CATALOGUE[name]
        entries = mapping.unpivot.entries if mapping.unpivot else (Entry(),)
        dated = entries[0].date is not None
        scope = {BUSINESS_DATE: Name(ExprType.DATE), **({ENTRY_DATE: Name(ExprType.DATE)} if dated else {})}
        fields = tuple(self._fields(mapping, path, scope))
        columns = tuple(self._columns(mapping, table, path, scope))
        self._require(mapping, table, path)
        rows = self._condition(mapping.rows, scope, (*path, "rows")) if mapping.rows else None
        only = mapping.unpivot is not None and mapping.unpivot.only_business_date
        place = self.document.place((*path, "unpivot") if mapping.unpivot else path)
        return Target(table, place, entries, only, fields, columns, rows)

    def _fields(self, mapping: TableMapping, path: Path, scope: dict[str, Name]) -> Iterator[Value]:
        for name, entry in mapping.fields.items():
            here = (*path, "fields", name)
            if name in {*mapping.columns, *DATES, ROWS}:
                self._report("IMP006", here, f'"{name}" already names something else here', "Choose another name")
            if not name.isidentifier() or keyword.iskeyword(name):
                self._report("IMP006", here, f'"{name}" is no name for expressions', "Use letters, digits and _")
            kind = _FIELD_TYPES[entry.type]
            scope[name] = Name(TYPES[kind])
            yield Value(name, kind, self._reading(entry, Column(name, kind, ""), here), self.document.place(here))

    def _columns(self, mapping: TableMapping, table: Table, path: Path, scope: dict[str, Name]) -> Iterator[Value]:
        for name, entry in mapping.columns.items():
            here = (*path, "columns", name)
            if name not in table:
                self._report("IMP002", here, f'{table.name} has no column "{name}"', suggestion(name, table.names))
                continue
            column = table[name]
            how = self._how(entry, column, scope, here)
            scope |= scope_of_columns([column])
            if how is not None:
                yield Value(name, column.type, how, self.document.place(here), column.codes, column.personal)

    def _require(self, mapping: TableMapping, table: Table, path: Path) -> None:
        for column in table:
            if column.required and column.name not in mapping.columns:
                self._report(
                    "IMP003", (*path, "columns"), f'{table.name} needs "{column.name}": {column.meaning}', "Map it"
                )

    def _how(
        self, entry: ColumnMapping, column: Column, scope: dict[str, Name], here: Path
    ) -> Read | Given | Calculated | Joined | None:
        match entry:
            case Constant(constant=constant):
                value = self._typed(constant, column, (*here, "constant"))
                return None if value is None else Given(value)
            case Computed(expression=text):
                expression = self._expression(text, scope, TYPES[column.type], (*here, "expression"))
                return None if expression is None else Calculated(expression)
            case Composed(format=text):
                return self._joined(text, column, ENTRY_DATE in scope, (*here, "format"))
        return self._reading(entry, column, here)

    def _reading(self, entry: Reading, column: Column, here: Path) -> Read:
        kind = column.type
        if (entry.scale or entry.sign != "keep") and kind not in NUMBERS:
            self._report("IMP008", here, f"{column.name} is a {kind}: sign and scale are for numbers")
        if entry.date_format and kind not in TIMES | {Type.DATE}:
            self._report("IMP008", here, f"{column.name} is a {kind}: date_format is for dates and times")
        if entry.time_zone and (kind not in TIMES or not _is_zone(entry.time_zone)):
            self._report("IMP008", (*here, "time_zone"), f"no time zone, or none for a {kind}: {entry.time_zone}")
        codes = {text: self._typed(code, column, (*here, "codes", text)) for text, code in entry.codes.items()}
        default = None if entry.default is None else self._typed(entry.default, column, (*here, "default"))
        source = self.file.source
        return Read(
            entry.source_column,
            tuple((text, code) for text, code in codes.items() if code is not None),
            entry.date_format or (source.time_format if kind in TIMES else source.date_format),
            entry.time_zone,
            entry.sign == "negate",
            entry.scale,
            default,
        )

    def _joined(self, text: str, column: Column, dated: bool, here: Path) -> Joined | None:  # noqa: FBT001
        pieces = re.split(r"\{([^{}]+)\}", text)
        if any("{" in piece or "}" in piece for piece in pieces[::2]):
            self._report("IMP007", here, f'the braces of "{text}" do not close', 'Write "A{ID}"')
            return None
        if column.type not in {Type.ID, Type.TEXT, Type.CODE}:
            self._report("IMP008", here, f"{column.name} is a {column.type}: format makes texts")
            return None
        if f"{{{ENTRY_DATE}}}" in text and not dated:
            self._report("IMP007", here, "entry_date needs unpivot with dates", "Write {business_date}")
        parts = (piece if index % 2 == 0 else Part(piece) for index, piece in enumerate(pieces))
        return Joined(tuple(part for part in parts if part))

    def _condition(self, text: str, scope: dict[str, Name], here: Path) -> Value | None:
        expression = self._expression(text, scope, ExprType.BOOL, here)
        if expression is None:
            return None
        return Value(ROWS, Type.BOOLEAN, Calculated(expression), self.document.place(here))

    def _expression(self, text: str, scope: dict[str, Name], expect: ExprType, here: Path) -> Expression | None:
        expression, issues = parse(text, scope, at=self.document.place(here), expect=expect)
        self.issues.extend(issues)
        return expression

    def _typed(self, value: Scalar, column: Column, here: Path) -> Typed | None:
        try:
            return _typed(value, column)
        except ValueError as error:
            self._report("IMP004", here, f"{column.name} is a {column.type}: {error}")
            return None

    def _report(self, code: str, path: Path, message: str, hint: str = "") -> None:
        self.issues.append(Issue(code, self.document.place(path), message, hint))


def _typed(value: Scalar, column: Column) -> Typed:
    """The value as the column holds it; a number must fit without rounding.

    Raises: ValueError saying what does not fit.
    """
    match column.type, value:
        case (Type.BOOLEAN, bool()) | (Type.DATE, date()):
            return value
        case (Type.ID | Type.TEXT | Type.CODE, str() | int()) if not isinstance(value, bool):
            if column.codes and str(value) not in column.codes:
                raise ValueError(f'"{value}" is none of {", ".join(column.codes)}')
            return str(value)
        case (Type.COUNT | Type.MONEY | Type.RATE | Type.DEGREES, int() | Decimal()) if not isinstance(value, bool):
            return _number(Decimal(value), column.type)
        case (Type.INSTANT | Type.WALL_TIME, str()):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                return moment
    raise ValueError(f"{value!r} is none")


def _number(number: Decimal, kind: Type) -> Decimal | int:
    whole, digits = number_digits(kind)
    if abs(number) >= Decimal(10) ** whole or number != number.quantize(Decimal(1).scaleb(-digits)):
        raise ValueError(f"{number} has more digits than {whole} before and {digits} after the point")
    return number if digits else int(number)


def _is_zone(name: str) -> bool:
    try:
        return ZoneInfo(name).key == name
    except (KeyError, ValueError, OSError):
        return False


def number_digits(kind: Type) -> tuple[int, int]:
    """Digits before and after the point that a column of this type has room for."""
    sql_type = SQL_TYPES[kind]
    if isinstance(sql_type, sa.Numeric) and sql_type.precision and sql_type.scale:
        return sql_type.precision - sql_type.scale, sql_type.scale
    return 18, 0
