"""Excel workbooks: one sheet, row by row, through openpyxl.

A number in a workbook is a float, written with up to seventeen digits of which spreadsheets show and keep fifteen. It
is taken as the shortest decimal number that gives the same float; if that has more than fifteen digits, it was
computed and not typed, and is an error: nothing is rounded unasked.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

import sqlalchemy as sa
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from adapters.importing.damage import KEPT_DIGITS, NO_SPREADSHEET
from adapters.importing.language import WorkbookSource
from adapters.importing.loading import LoadedFile, Reading, insert_texts, issue_of, positions_in
from adapters.importing.streams import (
    PIECE_BYTES,
    BadFileError,
    Finding,
    Limits,
    Trouble,
    other_kind,
    refuse_bomb,
    unreadable,
)
from adapters.importing.tallies import Tally
from adapters.importing.typed import NoTextError, digits_of, plain, text_of, with_fifteen_digits
from domain.issues import Issue, Location
from domain.tables import Type

# What openpyxl holds in memory at once: texts that cells share, styles, and the like.
LARGEST_SHARED_BYTES = 300_000_000
_LAST_ROW = 1_048_576
_BATCH_ROWS = 10_000
_ASK_AGAIN = "Ask for the workbook again"
_SHEETS = "xl/worksheets/"

# What openpyxl was seen to raise on workbooks that are damaged inside; it checks little itself.
DAMAGED = (
    ArithmeticError,
    AttributeError,
    BadZipFile,
    EOFError,
    InvalidFileException,
    LookupError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zlib.error,
)


def load_workbook_sheet(
    connection: sa.Connection, source: WorkbookSource, file: Path, reading: Reading
) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
    """The rows of the sheet below its header, or what is wrong with the workbook, its header or its cells."""
    try:
        check_parts(file, reading.limits)
        with quiet(), _opened(file, computed=True) as values, _opened(file, computed=False) as formulas:
            sheet, issues = _sheet_of(values, source, file)
            if sheet is None:
                return None, issues
            has_formulas = look_through(file, reading.limits)
            pair = _Sheets(values[sheet], formulas[sheet] if has_formulas else None)
            return _load(connection, source, f"{file}[{sheet}]", pair, reading)
    except BadFileError as error:
        return None, (issue_of(str(file), error.finding),)
    except OSError as error:
        return None, (issue_of(str(file), unreadable(error)),)
    except DAMAGED:
        message = "cannot be read: the workbook is damaged inside"
        return None, (issue_of(str(file), Finding(Trouble.UNREADABLE, message, _ASK_AGAIN)),)


@dataclass(frozen=True, slots=True)
class _Sheets:
    """The sheet with the values that were computed last, and, where it has formulas, once more with those."""

    values: Any
    formulas: Any | None

    def rows(self, first: int) -> Iterator[tuple[int, Sequence[Any], Sequence[Any]]]:
        """Number, cells, and cells with formulas, from the row `first` on."""
        values = self.values.iter_rows(min_row=first, max_row=_LAST_ROW)
        if self.formulas is None:
            yield from ((number, cells, ()) for number, cells in enumerate(values, first))
            return
        both = zip(values, self.formulas.iter_rows(min_row=first, max_row=_LAST_ROW), strict=True)
        yield from ((number, cells, written) for number, (cells, written) in enumerate(both, first))


@contextmanager
def quiet() -> Iterator[None]:
    """openpyxl remarks on parts that it does not keep, such as data validation: nothing here needs them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def _opened(file: Path, *, computed: bool) -> Any:
    return closing(load_workbook(file, read_only=True, data_only=computed, keep_links=False))


def check_parts(file: Path, limits: Limits) -> None:
    """Raises: BadFileError for a file that is no workbook, or that unpacks to more than the limits; OSError."""
    with file.open("rb") as stream:
        start = stream.read(200)
    if not start:
        raise BadFileError(Finding(Trouble.EMPTY, "the file is empty", _ASK_AGAIN))
    if not start.startswith(b"PK"):
        found = other_kind(start)
        kind = found.message.removesuffix(", not a text").removesuffix(", not a table") if found else "a text"
        hint = found.hint if found and not start.startswith(b"PAR1") else "State another source: format"
        raise BadFileError(Finding(Trouble.OTHER_KIND, f"{kind}, not a workbook", hint))
    try:
        with ZipFile(file) as archive:
            parts = archive.infolist()
    except BadZipFile:
        raise BadFileError(Finding(Trouble.CUT_OFF, "cut off: the workbook has no end", _ASK_AGAIN)) from None
    _check_names({part.filename for part in parts})
    _check_sizes(parts, file.stat().st_size, limits)


def _check_names(names: set[str]) -> None:
    if "xl/workbook.bin" in names:
        raise BadFileError(Finding(Trouble.OTHER_KIND, "a binary workbook (.xlsb)", "Save it as .xlsx"))
    if "xl/workbook.xml" not in names:
        raise BadFileError(Finding(Trouble.OTHER_KIND, "an archive, and no workbook", "Save the sheet as .xlsx"))


def _check_sizes(parts: Sequence[ZipInfo], packed: int, limits: Limits) -> None:
    """By what the archive says of itself; no more than that is ever unpacked."""
    if any(part.flag_bits & 1 for part in parts):
        raise BadFileError(Finding(Trouble.UNREADABLE, "has a password", "Save it without one"))
    refuse_bomb(sum(part.file_size for part in parts), packed, limits)
    shared = sum(part.file_size for part in parts if not part.filename.startswith(_SHEETS))
    if shared > LARGEST_SHARED_BYTES:
        message = f"its shared texts unpack to {shared:,} bytes; {LARGEST_SHARED_BYTES:,} are the limit"
        raise BadFileError(Finding(Trouble.TOO_LARGE, message, "Export it as CSV"))


def _sheet_of(workbook: Any, source: WorkbookSource, file: Path) -> tuple[str | None, tuple[Issue, ...]]:
    """The name of the sheet to read."""
    names = [sheet.title for sheet in workbook.worksheets]
    if source.sheet is None and len(names) == 1:
        return names[0], ()
    if source.sheet in names:
        return str(source.sheet), ()
    if isinstance(source.sheet, int) and 1 <= source.sheet <= len(names):
        return names[source.sheet - 1], ()
    said = "several sheets, and none is stated" if source.sheet is None else f'no sheet "{source.sheet}"'
    hint = f"State source: sheet; there are {', '.join(names)}"
    return None, (Issue("IMP036", Location(str(file)), f"the workbook has {said}", hint),)


def look_through(file: Path, limits: Limits) -> bool:
    """Whether the workbook's sheets have formulas; looked through for what would fill the memory.

    Raises: BadFileError for declared entities, and for a text or a row that is longer than any is.
    """
    has_formulas = False
    with ZipFile(file) as archive:
        for part in archive.infolist():
            if part.filename.endswith((".xml", ".rels")):
                has_formulas |= _look_into(archive, part, limits)
    return has_formulas


def _look_into(archive: ZipFile, part: ZipInfo, limits: Limits) -> bool:
    texts, rows, has_formulas, tail = _Gap(b"<", limits.line_bytes), _Gap(b"</row>", 32 * limits.line_bytes), False, b""
    is_sheet = part.filename.startswith(_SHEETS)
    with archive.open(part) as stream:
        while piece := stream.read(PIECE_BYTES):
            seen = tail + piece
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise BadFileError(Finding(Trouble.UNREADABLE, "declares entities, as no workbook does", _ASK_AGAIN))
            if texts.is_too_long(piece) or (is_sheet and rows.is_too_long(seen)):
                message = f"a text in {part.filename} is longer than {limits.line_bytes:,} bytes, the limit"
                raise BadFileError(Finding(Trouble.LONG_LINE, message, _ASK_AGAIN))
            has_formulas |= is_sheet and (b"<f>" in seen or b"<f " in seen)
            tail = piece[-8:]
    return has_formulas


@dataclass(slots=True)
class _Gap:
    """How far it is from one mark to the next."""

    mark: bytes
    limit: int
    run: int = 0

    def is_too_long(self, piece: bytes) -> bool:
        last = piece.rfind(self.mark)
        self.run = self.run + len(piece) if last < 0 else len(piece) - last
        return self.run > self.limit


def _load(
    connection: sa.Connection, source: WorkbookSource, name: str, sheets: _Sheets, reading: Reading
) -> tuple[LoadedFile | None, tuple[Issue, ...]]:
    rows = sheets.rows(source.header_row)
    _, header, _ = next(rows, (0, (), ()))
    titles = ["" if cell.value is None else str(cell.value) for cell in header]
    positions, issues = positions_in(name, titles, reading.names, source.header_row)
    if issues:
        return None, issues
    reader = _Reader(name, source, reading, positions, Tally())
    blanks: list[int] = []
    batch: list[list[str | None]] = []
    count = 0
    for number, cells, written in rows:
        if all(cell.value is None for cell in (*cells, *written)):
            blanks.append(count)
            continue
        count += 1
        batch.append(reader.texts(number, cells, written))
        if len(batch) == _BATCH_ROWS:
            insert_texts(connection, source, batch)
            batch = []
    insert_texts(connection, source, batch)
    connection.commit()
    return LoadedFile(name, "xlsx", "", source.header_row, positions, blanks=blanks), reader.tally.issues


@dataclass(frozen=True, slots=True)
class _Reader:
    """Cells into texts; what cannot be one goes into the tally."""

    name: str
    source: WorkbookSource
    reading: Reading
    positions: dict[str, int]
    tally: Tally

    def texts(self, number: int, cells: Sequence[Any], written: Sequence[Any]) -> list[str | None]:
        return [self._text(name, number, at, cells, written) for name, at in self.positions.items()]

    def _text(self, name: str, number: int, at: int, cells: Sequence[Any], written: Sequence[Any]) -> str | None:
        cell = cells[at - 1] if at <= len(cells) else None
        if cell is None or cell.value is None:
            if at <= len(written) and written[at - 1].data_type == "f":
                hint = "Open the workbook, let it compute, and save it"
                self._add("IMP037", number, at, f'"{name}": a formula without a value', hint)
            return None
        if cell.data_type == "e":
            self._add("IMP037", number, at, f'"{name}": the error {cell.value}', "Correct the workbook")
            return None
        is_key = self.reading.roles[name] == {Type.ID}
        match cell.value:
            case bool():
                return text_of(cell.value)
            case float() | int():
                return self._number(name, number, at, cell, is_key=is_key)
            case date() | time() if is_key:
                message = f'"{name}": {text_of(cell.value)} is a date: the workbook took the key for one'
                self._add("IMP048", number, at, message, NO_SPREADSHEET)
                return None
        return self._other(name, number, at, cell.value)

    def _number(self, name: str, number: int, at: int, cell: Any, *, is_key: bool) -> str | None:
        """Digit for digit; a key keeps the zeros in front that its format shows."""
        value = Decimal(repr(cast("float", cell.value)))
        if not value.is_finite():
            self._add("IMP050", number, at, f'"{name}": a number that no spreadsheet holds', _ASK_AGAIN)
            return None
        if self.source.fifteen_digits:
            value = with_fifteen_digits(value)
        text = plain(value)
        if is_key and len(text.lstrip("-")) > KEPT_DIGITS:
            message = f'"{name}": {text} is a number, of which a workbook keeps {KEPT_DIGITS} digits'
            self._add("IMP048", number, at, message, NO_SPREADSHEET)
        elif digits_of(value) > KEPT_DIGITS:
            hint = "Round it in the workbook, or state source: fifteen_digits: true"
            message = f'"{name}": {text} has more than {KEPT_DIGITS} digits: it was computed, and not typed'
            self._add("IMP050", number, at, message, hint)
        shown = str(cell.number_format)
        return text.zfill(len(shown)) if is_key and set(shown) == {"0"} else text

    def _other(self, name: str, number: int, at: int, value: object) -> str | None:
        try:
            return text_of(value)
        except NoTextError as kind:
            self._add("IMP029", number, at, f'"{name}": a {kind}, which no landing table holds', "Save plain values")
            return None

    def _add(self, code: str, number: int, at: int, message: str, hint: str) -> None:
        self.tally.add(Issue(code, Location(self.name, number, at), message, hint))
