"""What could not be read, from the columns of faults of a staged table to issues with file, row, column and value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from adapters.importing import conversions
from adapters.importing.broken_rows import MOST_SHOWN
from adapters.importing.conversions import Source
from adapters.importing.damage import NO_SPREADSHEET, how_damaged, marks_of
from adapters.importing.decoding import Read, Value, number_digits
from adapters.importing.language import CsvSource, WorkbookSource
from adapters.importing.loading import Loaded
from adapters.importing.staging import Staged
from domain.exact import count_rows, exact
from domain.issues import Issue, Location
from domain.showing import shown

_CODE_LENGTH = len(conversions.NOT_A_NUMBER)


def faults_in(connection: sa.Connection, staged: Staged, loaded: Loaded, source: Source) -> Iterator[Issue]:
    """The first rows of each column and reason, and how many there are in all; nothing where all is well."""
    if not staged.faults:
        return
    counts: list[sa.ColumnElement[Any]] = [count_rows(staged.sql.c[name].is_not(None)) for name in staged.faults]
    for name, count in zip(staged.faults, connection.execute(exact(sa.select(*counts))).one(), strict=True):
        if count:
            yield from _of_column(connection, staged, loaded, source, name)


def _of_column(connection: sa.Connection, staged: Staged, loaded: Loaded, source: Source, name: str) -> Iterator[Issue]:
    value, fault = staged.faults[name], staged.sql.c[name]
    code = sa.func.substr(fault, 1, _CODE_LENGTH)
    counted = sa.select(code, count_rows()).where(fault.is_not(None)).group_by(code).order_by(code)
    found: Sequence[Any] = connection.execute(exact(counted)).all()
    for reason, count in found:
        rows = sa.select(staged.sql.c.source_row, staged.sql.c.entry, sa.func.substr(fault, _CODE_LENGTH + 2))
        shown = rows.where(code == reason).order_by(staged.sql.c.source_row, staged.sql.c.entry).limit(MOST_SHOWN)
        first: Sequence[Any] = connection.execute(exact(shown)).all()
        for row_id, entry, text in first:
            column = _column(staged, value, entry)
            place = loaded.place(row_id, column)
            yield _issue(reason, place, text, _subject(staged, value, column), value, source)
        if count > MOST_SHOWN:
            message = f"{_subject(staged, value, None)}: {count} values like these; the first {MOST_SHOWN} are shown"
            yield Issue(reason, Location(loaded.files[0].name), message)


def _column(staged: Staged, value: Value, entry: int) -> str | None:
    """The column of the file that the value was read from, if it is one."""
    if not isinstance(value.how, Read) or value.how.column in staged.entries[entry].texts:
        return None
    return staged.entries[entry].columns.get(value.how.column, value.how.column)


def _subject(staged: Staged, value: Value, column: str | None) -> str:
    own = f"{staged.target.table.name}.{value.name}"
    return f'"{column}" for {own}' if column else own


def _issue(reason: str, place: Location, text: str, subject: str, value: Value, source: Source) -> Issue:
    problem, remedy = _words(reason, value, source, text)
    return Issue(
        reason,
        place,
        f"{subject}: {shown(text, is_personal=value.personal)} {problem}",
        f"{remedy}; mapped at {value.place}",
    )


def _words(reason: str, value: Value, source: Source, text: str) -> tuple[str, str]:
    match reason:
        case conversions.NOT_A_NUMBER:
            marks = f": {marks_of(text)}" if marks_of(text) else ""
            return f"is not a number{marks}", f"Numbers here are written {_written(source)}"
        case conversions.TOO_MANY_DIGITS:
            return f"has more than {number_digits(value.type)[1]} digits after the point", "Nothing is rounded here"
        case conversions.OUT_OF_RANGE:
            return f"is too large for a {value.type}", "Check the column, the marks and the scale"
        case conversions.NOT_A_TIME:
            pattern = value.how.date_format if isinstance(value.how, Read) else ""
            hint = "Format the cells as dates" if _is_day_number(text, source) else "State date_format or null_texts"
            return f"is not a day between 1900 and 2199 written {pattern}", hint
        case conversions.NOT_IN_CODES:
            return "is not listed under codes", "List it there"
        case conversions.NOT_IN_CATALOGUE:
            return f"is none of {', '.join(value.codes)}", "Translate it under codes"
        case conversions.NOT_A_BOOLEAN:
            return "is neither true nor false", "Translate it under codes"
        case conversions.OVERFLOW:
            return "passes 38 digits on its way", "Check the columns that it reads"
        case conversions.DAMAGED_KEY:
            return how_damaged(text), NO_SPREADSHEET
    raise AssertionError(reason)


def _is_day_number(text: str, source: Source) -> bool:
    """Spreadsheets count days from 1900, and show the number where a cell has no format of dates."""
    return isinstance(source, WorkbookSource) and text.isascii() and text.isdigit() and len(text) == len("45992")


def _written(source: Source) -> str:
    if not isinstance(source, CsvSource):
        return "1234.5"
    return f"1{source.thousands_mark}234{source.decimal_mark}5"
