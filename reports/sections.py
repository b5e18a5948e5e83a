"""Reports as sections of tables: one content, from which both the page and the workbook are made.

Texts in it are in the language of the report already; numbers are exact, and formatted where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from typing import TYPE_CHECKING

from domain.money import CONTEXT
from domain.records import Unit
from reports.cells import Cell, Column, Money, Share
from reports.formats import Formats

if TYPE_CHECKING:
    from reports.plots import Plot

RATIO_DIGITS = 10  # of ratios in workbooks: a number that a spreadsheet keeps, and more than anybody reads


class Shape(Enum):
    """How a number is written: whole, as money, as a share in percent, or with two digits."""

    COUNT = "count"
    MONEY = "money"
    SHARE = "share"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Number:
    """`note` stands below it, `tone` colours it, `bar` between 0 and 1 draws a bar behind it; signed: with its plus."""

    value: Decimal | int | None
    shape: Shape = Shape.COUNT
    currency: str = ""
    note: str = ""
    tone: str = ""
    bar: Decimal | None = None
    is_signed: bool = False

    def text(self, formats: Formats) -> str:
        if self.value is None:
            return "–"
        sign = "+" if self.is_signed and self.value > 0 else ""
        return f"{sign}{_written(Decimal(self.value), self, formats)}"

    @property
    def cell(self) -> Cell:
        """Of the workbook: exact, but for ratios, which are cut to `RATIO_DIGITS` so that they can be worked with."""
        match self.shape:
            case _ if self.value is None:
                return None
            case Shape.COUNT:
                whole = Decimal(self.value)
                return int(whole) if whole == whole.to_integral_value() else whole
            case Shape.MONEY:
                return Money(Decimal(self.value), self.currency)
            case Shape.SHARE:
                return Share(_cut(Decimal(self.value)))
        return _cut(Decimal(self.value))

    @property
    def bar_percent(self) -> str:
        return "" if self.bar is None else f"{min(max(self.bar, Decimal(0)), Decimal(1)) * 100:.1f}"


@dataclass(frozen=True, slots=True)
class Name:
    """A name, and in small letters the id that it stands for; workbooks have the id."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A date, written in the language of the report; a date that can be sorted in workbooks. None is left empty."""

    value: date | None

    def text(self, formats: Formats) -> str:
        return "" if self.value is None else formats.day(self.value)


Value = str | Number | Name | Day


@dataclass(frozen=True, slots=True)
class Heading:
    title: str
    is_number: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`kind` is "" for a row, "total" for a sum of others, "group" for a heading over those that follow."""

    cells: tuple[Value, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its rule in words. `empty` says why there is nothing, and stands in the table's place. The page has
    the first `shown` rows, where that is stated; the workbook has all of them."""

    name: str
    title: str
    rule: str
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    empty: str = ""
    plots: tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()
    is_folded: bool = False
    shown: int | None = None

    @property
    def rows_of_page(self) -> tuple[Row, ...]:
        return self.rows[: self.shown]


@dataclass(frozen=True, slots=True)
class Card:
    """A figure that is read first."""

    title: str
    number: Number
    note: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a KPI of the report is: `formula` in words, and the version of its rule."""

    title: str
    formula: str
    unit: str
    direction: str
    owner: str
    version: str


@dataclass(frozen=True, slots=True)
class TieOut:
    """A figure of the report beside the same figure found another way."""

    title: str
    here: Number
    there: Number

    @property
    def is_equal(self) -> bool:
        return self.here.value == self.there.value


@dataclass(frozen=True, slots=True)
class Report:
    """`scope` is the team or department that it is cut to, "" for the whole book; `runs` are what it was made from."""

    name: str
    title: str
    business_date: date
    scope: str
    owner: str
    audience: str
    runs: tuple[str, ...]
    cards: tuple[Card, ...] = ()
    sections: tuple[Section, ...] = ()
    definitions: tuple[Definition, ...] = ()
    tie_outs: tuple[TieOut, ...] = ()
    warnings: tuple[str, ...] = ()
    book_label: str = ""
    run_label: str = ""
    facts: tuple[tuple[str, str], ...] = field(default=())


def figure(value: Decimal | None, unit: Unit, *, is_share: bool, currency: str = "", note: str = "", tone: str = "",
           is_signed: bool = False) -> Number:  # fmt: skip
    """The value of a KPI in the shape of its unit."""
    if is_share:
        shape = Shape.SHARE
    else:
        shape = {Unit.MONEY: Shape.MONEY, Unit.COUNT: Shape.COUNT, Unit.RATIO: Shape.NUMBER}[unit]
    return Number(value, shape, currency, note, tone, is_signed=is_signed)


def columns_of(section: Section) -> tuple[Column, ...]:
    """The columns of the section's sheet."""
    return tuple(
        Column(heading.title, 14 if heading.is_number else 18, grows=not heading.is_number, is_number=heading.is_number)
        for heading in section.headings
    )


def cells_of(rows: Iterable[Row], width: int) -> list[list[Cell]]:
    """Rows as the workbook has them; headings of groups are left out, for each row can be filtered by itself."""
    kept = [row for row in rows if row.kind != "group"]
    return [[_cell(value) for value in row.cells] + [None] * (width - len(row.cells)) for row in kept]


def texts_of(section: Section, row: Row, formats: Formats) -> dict[str, str]:
    """The row as a terminal shows it, by the titles of its columns."""
    values = (each if isinstance(each, str) else each.text for each in row.cells)
    texts = (each if isinstance(each, str) else each(formats) for each in values)
    return dict(zip((heading.title for heading in section.headings), texts, strict=True))


def percent_of(part: Decimal | int, whole: Decimal | int) -> Number:
    """A share of a whole; none of nothing."""
    return Number(CONTEXT.divide(Decimal(part), Decimal(whole)) if whole else None, Shape.SHARE)


def bar_of(part: Decimal | int, whole: Decimal | int) -> Number:
    """The share with a bar behind it."""
    share = percent_of(part, whole)
    return replace(share, bar=Decimal(share.value or 0))


def _cell(value: Value) -> Cell:
    match value:
        case str():
            return value
        case Name(text, note):
            return note or text
        case Day(day):
            return day
    return value.cell


def _written(value: Decimal, number: Number, formats: Formats) -> str:
    match number.shape:
        case Shape.COUNT:
            return formats.count(value)
        case Shape.MONEY:
            return formats.amount(value, number.currency)
        case Shape.SHARE:
            return formats.share(value)
    return formats.short(value)


def _cut(ratio: Decimal) -> Decimal:
    return ratio.quantize(Decimal(1).scaleb(-RATIO_DIGITS), rounding=ROUND_HALF_EVEN, context=CONTEXT)
