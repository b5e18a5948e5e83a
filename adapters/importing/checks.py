"""Columns of texts looked at as a whole, before they become values: their date, rounded keys, formulas, odd marks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapters.importing.broken_rows import MOST_SHOWN
from adapters.importing.conversions import converted
from adapters.importing.damage import RAN, RAN_HINT, ROUNDED, ROUNDED_HINT, is_formula, rounded_keys
from adapters.importing.decoding import Calculated, Read, Use, Value
from adapters.importing.decoding import Mapping as Mapped
from adapters.importing.language import CsvSource
from adapters.importing.loading import LOADED, Loaded, Reading, quoted
from domain.exact import count_rows, exact
from domain.issues import Issue, Location, Severity
from domain.showing import shown
from domain.tables import Type

_AS_OF = "as_of"
_FEWEST_ODD = 3


@dataclass(frozen=True, slots=True)
class Checks:
    """What is checked: the loaded texts of a mapping, and columns whose keys rightly end in zeros (table.column)."""

    connection: sa.Connection
    mapping: Mapped
    loaded: Loaded
    reading: Reading
    round_keys: Collection[str]

    def issues(self) -> Iterator[Issue]:
        if not self.loaded.files or not self.loaded.rows:
            return
        yield from self._of_another_date()
        uses: dict[str, list[Use]] = {}
        for use in self.mapping.uses:
            uses.setdefault(use.column, []).append(use)
        for column, listed in uses.items():
            yield from self._rounded(column, listed)
            yield from self._formulas(column, listed)
            yield from self._odd_marks(column, listed)

    def _of_another_date(self) -> Iterator[Issue]:
        source, day = self.mapping.source, self.reading.business_date
        if source.as_of is None:
            return
        how = Read(source.as_of, (), source.date_format, None, negate=False, scale=None, default=None)
        value = Value(_AS_OF, Type.DATE, how, self.mapping.source_place)
        read = converted(value, self.loaded.texts, {}, source).value
        text, row_id = self.loaded.texts[source.as_of], self.loaded.table.c.rowid
        other = read.is_distinct_from(sa.cast(sa.literal(day), sa.Date()))
        count = self.connection.execute(
            exact(sa.select(count_rows()).select_from(self.loaded.table).where(other))
        ).scalar_one()
        first = sa.select(row_id, text).where(other).order_by(row_id).limit(MOST_SHOWN)
        found: Sequence[Any] = self.connection.execute(exact(first)).all()
        for row, said in found:
            message = f'"{source.as_of}" says {shown(said, is_personal=False) if said else "nothing"}, not {day}'
            hint = "Give the extract of the business date, or another --date"
            yield Issue("IMP033", self.loaded.place(row, source.as_of), message, hint)
        if count > MOST_SHOWN:
            message = f'"{source.as_of}": {count:,} rows of another date; the first {MOST_SHOWN} are shown'
            yield Issue("IMP033", self._place(source.as_of), message)

    def _rounded(self, column: str, uses: list[Use]) -> Iterator[Issue]:
        keys = [use for use in uses if use.value.type is Type.ID and not _has_codes(use.value)]
        exempt = all(f"{use.table.name}.{use.value.name}" in self.round_keys for use in keys)
        if not keys or exempt:
            return
        statement = f"SELECT {rounded_keys(self._text(column))} FROM {LOADED}"
        if self.connection.exec_driver_sql(statement).scalar_one():
            yield Issue("IMP048", self._place(column), f'"{column}": {ROUNDED}', ROUNDED_HINT)

    def _formulas(self, column: str, uses: list[Use]) -> Iterator[Issue]:
        """Kept as texts, and told; in a key they are an error of the value."""
        texts = [use for use in uses if use.value.type is Type.TEXT and not isinstance(use.value.how, Calculated)]
        if not texts or all(_has_codes(use.value) for use in texts):
            return
        formula = is_formula(self._text(column))
        is_personal = any(use.value.personal for use in uses)
        count = self.connection.exec_driver_sql(f"SELECT count(*) FROM {LOADED} WHERE {formula}").scalar_one()
        first = f"SELECT rowid, {self._text(column)} FROM {LOADED} WHERE {formula} ORDER BY rowid LIMIT {MOST_SHOWN}"
        for row, text in self.connection.exec_driver_sql(first).all() if count else ():
            message = f'"{column}": {shown(text, is_personal=is_personal)} {RAN}'
            yield Issue("IMP049", self.loaded.place(row, column), message, RAN_HINT, Severity.WARNING)
        if count > MOST_SHOWN:
            message = f'"{column}": {count:,} values like these; the first {MOST_SHOWN} are shown'
            yield Issue("IMP049", self._place(column), message, "", Severity.WARNING)

    def _odd_marks(self, column: str, uses: list[Use]) -> Iterator[Issue]:
        """500.000 may be half a million: where a mark is always followed by three digits, it may part thousands."""
        source = self.mapping.source
        if not isinstance(source, CsvSource) or not any(use.value.type is Type.MONEY for use in uses):
            return
        text, mark = self._text(column), source.decimal_mark
        odd = f"regexp_full_match({text}, '[+-]?[1-9][0-9]{{0,2}}[{mark}][0-9]{{3}}')"
        statement = f"SELECT count(*) FILTER ({odd}), count(*) FILTER (contains({text}, {quoted(mark)})) FROM {LOADED}"
        count, marked = self.connection.exec_driver_sql(statement).one()
        if count == marked and count >= _FEWEST_ODD:
            message = f'"{column}": each "{mark}" of {count:,} numbers stands before three digits, as for thousands'
            hint = "State source: decimal_mark and thousands_mark"
            yield Issue("IMP051", self._place(column), message, hint, Severity.WARNING)

    def _text(self, column: str) -> str:
        return str(self.loaded.texts[column].name)

    def _place(self, column: str) -> Location:
        """Where the name of the column stands in the first file, if it stands in a row."""
        first = self.loaded.files[0]
        return Location(first.name, first.header_rows, first.positions[column] if first.header_rows else 0)


def _has_codes(value: Value) -> bool:
    return isinstance(value.how, Read) and bool(value.how.codes)
