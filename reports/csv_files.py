"""CSV files that people open in a spreadsheet: text that it would run as a formula is neutralised."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import TextIO

from domain.ids import canonical_decimal


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A telephone number that another system takes as it is: E.164, perhaps with `;ext=`. No part of it can run.

    Raises: ValueError for any other text.
    """

    text: str

    def __post_init__(self) -> None:
        if not is_phone_number(self.text):
            raise ValueError("a telephone number is a plus and 5 to 15 digits, with an extension of up to 6")


Value = str | int | Decimal | date | PhoneNumber | None

_BYTE_ORDER_MARK = "\ufeff"

# A cell begins at the start of the text, and after a semicolon or tab where the reader takes those for separators.
# Full-width signs are among them, because spreadsheets in East Asia read those as the plain ones.
_FORMULA = re.compile(r"(^|[;\t\r\n])([\s\ufeff\x00]*)(?=[=+\-@＝＋－＠])")
_CONTROL = re.compile(r"^(?=[\t\r\n])")
_PHONE_NUMBER = re.compile(r"\+[0-9]{5,15}(?:;ext=[0-9]{1,6})?")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Value]], *, for_excel: bool = False) -> str:
    """The file's text: commas, CRLF, dates as ISO 8601, decimals with a point and all their digits, None empty.

    Numbers stay numbers, also negative ones; only text is neutralised. `for_excel` puts a byte order mark in front,
    without which Excel reads Vietnamese and Chinese text wrongly; files for other systems go without.
    Raises: ValueError for a row that has more or fewer cells than the header.
    """
    text = StringIO()
    _write_rows(text, header, rows)
    return f"{_BYTE_ORDER_MARK if for_excel else ''}{text.getvalue()}"


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
    """Fills `path` as `csv_text` does, one row after the other, for files larger than memory; the number of rows.

    Raises: ValueError for a row that has more or fewer cells than the header.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        return _write_rows(file, header, rows)


def is_phone_number(text: str) -> bool:
    return _PHONE_NUMBER.fullmatch(text) is not None


def _write_rows(file: TextIO, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
    writer = csv.writer(file)
    writer.writerow(neutralised(name) for name in header)
    number = 0
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells, the header has {len(header)}")
        writer.writerow(_cell(value) for value in row)
    return number


def neutralised(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would run; any other text as it is.

    Source: OWASP, CSV injection.

    >>> [neutralised(text) for text in ("=1+1", "-5 points", "E0001", "a;=1", "a = b")]
    ["'=1+1", "'-5 points", 'E0001', "a;'=1", 'a = b']
    """
    return _CONTROL.sub("'", _FORMULA.sub(r"\1\2'", text))


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return canonical_decimal(value)
        case date():
            return value.isoformat()
        case int():
            return str(value)
        case PhoneNumber(text):
            return text
        case str():
            return neutralised(value)
