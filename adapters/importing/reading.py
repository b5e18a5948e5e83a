"""Files of every kind, one after the other: all of them are read, so that the mistakes of all are told at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from adapters.importing.broken_rows import Layout, broken_rows, end_of
from adapters.importing.language import CsvSource, FileSource, ParquetSource, WorkbookSource
from adapters.importing.loading import (
    LOADED,
    Loaded,
    LoadedFile,
    Reading,
    bare,
    clean,
    counted,
    create_loaded,
    issue_of,
    loaded,
    positions_in,
    quoted,
)
from adapters.importing.parquet_files import parquet_finding
from adapters.importing.streams import Finding, Trouble
from adapters.importing.texts import CleanText, clean_copy, delimiter_of, first_record
from adapters.importing.workbooks import load_workbook_sheet
from adapters.seam import sha256_of
from domain.issues import Issue, Location, Severity, has_errors

_STATE_DELIMITER = "State it in the mapping: source: delimiter"
_INEXACT = re.compile(r"DOUBLE|FLOAT|REAL")
_PLAIN = re.compile(
    r"VARCHAR|BOOLEAN|DATE|TIMESTAMP.*|DECIMAL.*|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|ENUM.*|DOUBLE|FLOAT"
)


def load_files(
    connection: sa.Connection, source: FileSource, files: Sequence[Path], reading: Reading
) -> tuple[Loaded, tuple[Issue, ...]]:
    """All rows of all files, or everything that is wrong with each of them."""
    create_loaded(connection, reading.names)
    issues = [*_given_twice(files), *_of_another_date(source, files, reading.business_date)]
    read: list[LoadedFile] = []
    for file in files:
        one, found = _load(connection, source, file, reading)
        issues.extend(found)
        if one is not None:
            read.append(counted(connection, read, one))
            issues.extend(() if has_errors(found) else _without_rows(read[-1]))
    return loaded(connection, read, reading.names), tuple(issues)


def _load(
    connection: sa.Connection, source: FileSource, file: Path, reading: Reading
) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
    match source:
        case CsvSource():
            return _load_csv(connection, source, file, reading)
        case ParquetSource():
            return _load_parquet(connection, source, file, reading)
        case WorkbookSource():
            return load_workbook_sheet(connection, source, file, reading)


def _given_twice(files: Sequence[Path]) -> Iterator[Issue]:
    """Files with the same content: their rows would count twice."""
    first: dict[str, Path] = {}
    for file in files if len(files) > 1 else ():
        if file.is_file() and file.stat().st_size:
            same = first.setdefault(sha256_of(file), file)
            if same is not file:
                message = f"has the same content as {same.name}: its rows would count twice"
                yield Issue("IMP035", Location(str(file)), message, "Give it once")


def _of_another_date(source: FileSource, files: Sequence[Path], day: date) -> Iterator[Issue]:
    for file in files:
        said = _date_named(file.name) if source.file_name is None else _date_by(source.file_name, file.name)
        if source.file_name is not None and said is None:
            message = f"is not named as the mapping says: {source.file_name}"
            yield Issue("IMP033", Location(str(file)), message, "Give the file of the business date")
        elif said is not None and said != f"{day:%Y%m%d}":
            severity = Severity.WARNING if source.file_name is None else Severity.ERROR
            message = f"its name says {said[:4]}-{said[4:6]}-{said[6:]}, and the business date is {day}"
            hint = "Give the file of the business date; state source: file_name where names have another date"
            yield Issue("IMP033", Location(str(file)), message, hint, severity)


def _date_named(name: str) -> str | None:
    """The only date in the name of a file, as year, month and day; None if there is none or several."""
    found = {"".join(parts) for parts in re.findall(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)", name)}
    return found.pop() if len(found) == 1 else None


def _date_by(pattern: str, name: str) -> str | None:
    written = re.escape(pattern).replace(r"\*", ".*")
    for sign, digits in (("Y", 4), ("m", 2), ("d", 2)):
        written = written.replace(f"%{sign}", rf"(?P<{sign}>[0-9]{{{digits}}})")
    found = re.fullmatch(written, name)
    return found and f"{found['Y']}{found['m']}{found['d']}"


def _without_rows(one: LoadedFile) -> Iterator[Issue]:
    if not one.rows:
        message = "it has columns and no row; whether rows are due is for the gate to judge"
        yield issue_of(one.name, Finding(Trouble.NO_ROWS, message, "", one.header_rows, Severity.WARNING))


def _load_csv(
    connection: sa.Connection, source: CsvSource, file: Path, reading: Reading
) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
    text, findings = clean_copy(file, reading.scratch / "extract.csv", source.encoding, reading.limits)
    issues = tuple(issue_of(str(file), finding) for finding in findings)
    if text is None:
        return None, issues
    delimiter = delimiter_of(text.path, source, reading.names)
    if delimiter is None:
        unknown = Issue("IMP023", Location(str(file), 1), "the delimiter cannot be told", _STATE_DELIMITER)
        return None, (*issues, unknown)
    header = list(source.names) or first_record(text.path, delimiter, source.quote)
    positions, found = positions_in(str(file), header, reading.names)
    if found:
        return None, (*issues, *found, *_another_delimiter(file, text, source, reading))
    one = LoadedFile(str(file), text.encoding, delimiter, int(source.header), positions)
    layout = Layout(delimiter, source.quote, len(header), source.header)
    wrong = _insert_csv(connection, source, one, text, layout, reading)
    return one, (*issues, *(issue_of(str(file), finding) for finding in wrong))


def _another_delimiter(file: Path, text: CleanText, source: CsvSource, reading: Reading) -> Iterator[Issue]:
    """Where the stated delimiter shows less than another one would."""
    best = delimiter_of(text.path, source.model_copy(update={"delimiter": None}), reading.names)
    if source.delimiter is not None and best not in {None, source.delimiter} and source.header:
        message = f'the delimiter is stated as "{source.delimiter}", and "{best}" would show the columns'
        yield Issue("IMP023", Location(str(file), 1), message, _STATE_DELIMITER)


def _insert_csv(
    connection: sa.Connection,
    source: CsvSource,
    one: LoadedFile,
    text: CleanText,
    layout: Layout,
    reading: Reading,
) -> tuple[Finding, ...]:
    """The rows, or which of them are none; without the text of the row: it may be personal."""
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(1, layout.width + 1))
    taken = ", ".join(clean(f"c{position}", source) for position in one.positions.values()) or "NULL"
    quote = quoted(source.quote)
    statement = f"""
        INSERT INTO {LOADED} SELECT {taken} FROM read_csv({quoted(text.path)}, auto_detect = false,
            header = {source.header}, delim = {quoted(layout.delimiter)}, quote = {quote}, escape = {quote},
            new_line = '\\n', columns = {{{columns}}}, strict_mode = true,
            max_line_size = {reading.limits.line_bytes})"""
    try:
        connection.exec_driver_sql(statement)
        connection.commit()
    except sa.exc.DBAPIError as error:
        connection.rollback()
        return broken_rows(text, layout, reading.limits) or (_refused(error, layout),)
    return end_of(text)


def _refused(error: sa.exc.DBAPIError, layout: Layout) -> Finding:
    if "OutOfMemory" in type(error.orig).__name__:
        return Finding(Trouble.UNREADABLE, "needs more memory than there is to read", "Raise RECOUP_MEMORY_LIMIT")
    message = f'no CSV with the delimiter "{layout.delimiter}" and the quote "{layout.quote}"'
    return Finding(Trouble.BROKEN_ROWS, message, "State source: delimiter and quote")


def _load_parquet(
    connection: sa.Connection, source: ParquetSource, file: Path, reading: Reading
) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
    if finding := parquet_finding(file, reading.limits):
        return None, (issue_of(str(file), finding),)
    relation = f"read_parquet({quoted(file)})"
    try:
        described = connection.exec_driver_sql(f"DESCRIBE SELECT * FROM {relation}").all()
        types = {bare(row[0]): (str(row[0]), str(row[1])) for row in described}
        positions, issues = positions_in(str(file), list(types), reading.names)
        issues = (*issues, *_type_issues(file, positions, types))
        if has_errors(issues):
            return None, issues
        taken = ", ".join(clean(_as_text(*types[bare(name)]), source) for name in positions) or "NULL"
        connection.exec_driver_sql(f"INSERT INTO {LOADED} SELECT {taken} FROM {relation}")
        connection.commit()
    except sa.exc.DBAPIError:
        connection.rollback()
        damaged = Finding(Trouble.UNREADABLE, "cannot be read: its pages are damaged", "Ask for the extract again")
        return None, (issue_of(str(file), damaged),)
    return LoadedFile(str(file), "parquet", "", 0, positions), issues


def _type_issues(file: Path, positions: Mapping[str, int], types: Mapping[str, tuple[str, str]]) -> Iterator[Issue]:
    for name in positions:
        kind = types[bare(name)][1]
        at = Location(str(file))
        if not _PLAIN.fullmatch(kind):
            yield Issue("IMP029", at, f'"{name}" is a {kind}, which no landing table holds', "Export plain columns")
        elif _INEXACT.fullmatch(kind):
            message = f'"{name}" is a {kind}: read as the shortest decimal number that gives the same value'
            yield Issue("IMP028", at, message, "Export DECIMAL", Severity.WARNING)


def _as_text(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    return f"CAST({column + (' AT TIME ZONE $$UTC$$' if 'WITH TIME ZONE' in kind else '')} AS VARCHAR)"
