"""Cells of a workbook: what may be written as a number, how text is kept from running, and what tables look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import xlsxwriter

from domain.ids import canonical_decimal
from domain.money import MINOR_DIGITS
from reports.csv_files import neutralised

CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the fixed creation time of every workbook: equal input, equal bytes
MOST_CHARACTERS = 32_767  # of one cell; more would be left out by spreadsheets without a word
MOST_ROWS = 1_048_576  # of one sheet, likewise
DATES = "yyyy-mm-dd"  # read alike in every country
NUMBER_DIGITS = 15  # that a spreadsheet keeps of a number

TITLE_ROW, LABEL_ROW, HEADER_ROW = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Share:
    """A ratio that is shown in percent."""

    ratio: Decimal


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, and the value that it had when the workbook was made."""

    text: str
    value: Decimal | str
    currency: str = ""


Cell = str | int | Decimal | date | Money | Share | Formula | None


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in characters; text columns may grow with their content, up to `MOST_WIDTH`, and wrap beyond it."""

    title: str
    width: int
    grows: bool = False
    is_number: bool = False


MOST_WIDTH = 60

# A number keeps a space before the text of the next column.
_APART = {"align": "right", "indent": 1}


class Book:
    """A workbook that writes tables; every sheet names the book it was made from."""

    def __init__(self, path: Path, *, title: str, label: str) -> None:
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._workbook: Any = xlsxwriter.Workbook(str(path), options)
        self._workbook.set_properties({"title": title, "subject": label, "created": CREATED})
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.title, self.label = title, label

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._workbook.close()

    def sheet(self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, fixed: int = 1) -> Any:
        """A sheet with one table: filtered, its header and its first `fixed` columns frozen. Returns the worksheet.

        Raises: ValueError if the table is longer than a sheet: nothing is left out without a word.
        """
        table = list(rows)
        if HEADER_ROW + 1 + len(table) > MOST_ROWS:
            raise ValueError(f"{len(table)} rows do not fit on the sheet {name!r}; make a workbook for each batch")
        sheet = self._workbook.add_worksheet(name)
        self._head(sheet, name, columns)
        for number, row in enumerate(table, start=HEADER_ROW + 1):
            self.write_row(sheet, number, row)
        for index, column in enumerate(columns):
            sheet.set_column(index, index, _width(column, [row[index] for row in table]))
        sheet.freeze_panes(HEADER_ROW + 1, fixed)
        sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + max(len(table), 1), len(columns) - 1)
        return sheet

    def lines(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """A sheet that other systems read: the header in its first row, every cell as text or number, nothing else."""
        sheet = self._workbook.add_worksheet(name)
        for number, row in enumerate([header, *rows]):
            self.write_row(sheet, number, row)
        sheet.freeze_panes(1, 0)

    def write_row(self, sheet: Any, row: int, cells: Sequence[Cell], **style: Any) -> None:
        for column, cell in enumerate(cells):
            self.write(sheet, row, column, cell, **style)

    def write(self, sheet: Any, row: int, column: int, cell: Cell, **style: Any) -> None:
        """A number only where a spreadsheet keeps all of its digits; otherwise its text, which cannot be summed."""
        match cell:
            case None:
                sheet.write_blank(row, column, None, self._format(**style))
            case str():
                self._write_text(sheet, row, column, cell, style)
            case int():
                self._write_number(sheet, row, column, Decimal(cell), {"num_format": "#,##0_ ", **style})
            case Decimal():
                self._write_number(sheet, row, column, cell, {"num_format": "General", **_APART, **style})
            case date():
                sheet.write_datetime(row, column, cell, self._format(**{"num_format": DATES, "align": "left", **style}))
            case Money(amount, currency):
                self._write_number(sheet, row, column, amount, {"num_format": money_format(currency), **style})
            case Share(ratio):
                self._write_number(sheet, row, column, ratio, {"num_format": "0.00%", **style})
            case Formula(text, value, currency):
                shape = {} if isinstance(value, str) else {"num_format": money_format(currency)}
                sheet.write_formula(row, column, text, self._format(**shape, **style), value)

    def _head(self, sheet: Any, name: str, columns: Sequence[Column]) -> None:
        self.write(sheet, TITLE_ROW, 0, f"{self.title} · {name}", bold=True, font_size=14)
        if self.label:
            self.write(sheet, LABEL_ROW, 0, self.label, bold=True, font_color="#574300", bg_color="#FFF3C4")
        header = {"bold": True, "bottom": 1, "bg_color": "#E9EDF4", "text_wrap": True, "valign": "bottom"}
        for index, column in enumerate(columns):
            self.write(sheet, HEADER_ROW, index, column.title, align="right" if column.is_number else "left", **header)
        sheet.repeat_rows(HEADER_ROW)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_header(f"&L{_in_header(self.title)}&R{_in_header(self.label)}")
        sheet.set_footer("&R&P / &N")

    def _write_text(self, sheet: Any, row: int, column: int, text: str, style: dict[str, Any]) -> None:
        """A string cell never runs; the quote prefix keeps it so when somebody edits the cell and leaves it."""
        shown = text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
        runs = {"quote_prefix": True} if neutralised(shown) != shown else {}
        wraps = {"text_wrap": True} if _length(shown) > MOST_WIDTH else {}
        sheet.write_string(row, column, shown, self._format(**{**wraps, **runs, **style}))

    def _write_number(self, sheet: Any, row: int, column: int, number: Decimal, style: dict[str, Any]) -> None:
        if is_kept(number):
            sheet.write_number(row, column, number, self._format(**style))
        else:
            text = {**style, "num_format": "@", **_APART}
            sheet.write_string(row, column, canonical_decimal(number), self._format(**text))

    def _format(self, **style: Any) -> Any:
        key = tuple(sorted(style.items()))
        if key not in self._formats:
            self._formats[key] = self._workbook.add_format({"valign": "top", **style})
        return self._formats[key]


def is_kept(number: Decimal) -> bool:
    """Whether a spreadsheet keeps the number exactly: it has at most fifteen significant digits.

    >>> [is_kept(Decimal(text)) for text in ("123456789012.345", "1234567890123456", "1E+20")]
    [True, False, True]
    """
    digits = canonical_decimal(number).lstrip("-").replace(".", "").strip("0")
    return len(digits) <= NUMBER_DIGITS


def money_format(currency: str) -> str:
    """The number format of a currency's minor unit; negative amounts are red, and keep their sign."""
    places = MINOR_DIGITS.get(currency, 0)
    shape = f"#,##0.{'0' * places}_ " if places else "#,##0_ "  # with a space before the next column
    return f"{shape};[Red]-{shape}"


def _width(column: Column, cells: Sequence[Cell]) -> int:
    """As stated, or as wide as the texts of a column that grows; and as every exact number that is written as text, of
    which a narrow column would show the last digits alone."""
    longest = max((_length(cell) for cell in cells if isinstance(cell, str)), default=0) if column.grows else 0
    exact = (canonical_decimal(cell) for cell in cells if isinstance(cell, Decimal) and not is_kept(cell))
    return min(max(column.width, longest + 2, max(map(len, exact), default=0) + 3), MOST_WIDTH)


def _length(text: str) -> int:
    """Chinese characters are two wide."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _in_header(text: str) -> str:
    return text[:60].replace("&", "&&")
