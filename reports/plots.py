"""What the plots of reports show: exact figures, and names in the report's language; `drawing` makes pictures of it.

What differs is told apart by lightness, shape or place, never by hue alone: reports are printed in grey. `about` says
in words what a plot shows, for whoever cannot see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.records import ControlTotals, Outcome
from reports.sections import Number


class Tone(StrEnum):
    """From the darkest to the lightest; `BAD` is as dark as `MAIN`, and never stands beside it."""

    MAIN = "main"
    BAD = "bad"
    MIDDLE = "middle"
    LIGHT = "light"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Series:
    title: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class BarRow:
    """A value for each series; of stacked bars `text` stands behind the whole."""

    label: str
    values: tuple[Number, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars to the right, one below the other; stacked ones begin where the one before ends."""

    title: str
    about: str
    series: tuple[Series, ...]
    rows: tuple[BarRow, ...]
    is_stacked: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A row of a dot plot, with the interval of its value; without a value it is a heading over those that follow."""

    label: str
    value: Number | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    is_faint: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Dots:
    """Values beside a line at `line`; what lies below zero or beyond `most` stands at the edge, as an arrow."""

    title: str
    about: str
    rows: tuple[Dot, ...]
    line: Decimal
    line_title: str
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """`points` by whole numbers: days, or months. A broken line is an estimate."""

    title: str
    tone: Tone
    points: tuple[tuple[int, Number], ...]
    is_broken: bool = False
    has_marks: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """Between the lowest and the highest."""

    title: str
    points: tuple[tuple[int, Number, Number], ...]


@dataclass(frozen=True, slots=True)
class Lines:
    title: str
    about: str
    x_title: str
    lines: tuple[Line, ...]
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """How an outcome is drawn: `shape` and `pixels` in the plot, `text` where a legend is written."""

    shape: str
    text: str
    colour: str
    pixels: int


SIGNS: Mapping[Outcome, Sign] = {
    Outcome.PASS: Sign("circle", "●", "#17693a", 16),
    Outcome.NOT_YET_KNOWN: Sign("diamond", "◆", "#8794a8", 24),
    Outcome.WARN: Sign("triangle-up", "▲", "#b07400", 60),
    Outcome.WAIVED: Sign("square", "■", "#a3201a", 56),
    Outcome.HALT: Sign("cross", "✚", "#a3201a", 72),
}


@dataclass(frozen=True, slots=True)
class TableNight:
    business_date: date
    outcome: Outcome
    totals: ControlTotals


@dataclass(frozen=True, slots=True)
class Nights:
    """One table over `days`: rows landed and accepted above, rows set aside below, with the outcome of each night."""

    title: str
    about: str
    nights: tuple[TableNight, ...]
    days: tuple[date, ...]


Plot = Bars | Dots | Lines | Nights
