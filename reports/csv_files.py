"""CSV files that people open in a spreadsheet: text that it would run as a formula is neutralised."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO

from domain.ids import canonical_decimal

Value = str | int | Decimal | date | None

_BYTE_ORDER_MARK = "\ufeff"

# A cell begins at the start of the text, and after a semicolon or tab where the reader takes those for separators.
# Full-width signs are among them, because spreadsheets in East Asia read those as the plain ones.
_FORMULA = re.compile(r"(^|[;\t\r\n])([\s\ufeff\x00]*)(?=[=+\-@＝＋－＠])")
_CONTROL = re.compile(r"^(?=[\t\r\n])")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Value]], *, for_excel: bool = False) -> str:
    """The file's text: commas, CRLF, dates as ISO 8601, decimals with a point and all their digits, None empty.

    Numbers stay numbers, also negative ones; only text is neutralised. `for_excel` puts a byte order mark in front,
    without which Excel reads Vietnamese and Chinese text wrongly; files for other systems go without.
    Raises: ValueError for a row that has more or fewer cells than the header.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(neutralised(name) for name in header)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells, the header has {len(header)}")
        writer.writerow(_cell(value) for value in row)
    return f"{_BYTE_ORDER_MARK if for_excel else ''}{text.getvalue()}"


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
        case str():
            return neutralised(value)
