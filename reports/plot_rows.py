"""What a plot fills into the specification of its kind: rows of whole numbers and texts, ends and ticks of axes.

Shares and ratios are in millionths, counts and amounts as they are; sides are in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any

from domain.records import Outcome
from reports.formats import Formats
from reports.marks import outcome_mark
from reports.plots import BarRow, Bars, Dot, Dots, Lines, Nights, Plot, TableNight, Tone
from reports.sections import Number, Shape

ROW, SLOT, GAP, LINES_HEIGHT, NIGHTS_HEIGHT = 21, 12, 8, 190, 166
MOST_DATES = 7  # on the axis; more would run into one another
LONGEST_LABEL = 34  # characters; more would run out of the picture
NARROWEST_WITH_TEXT = Decimal("0.07")  # of the width: a bar that has its share written in it
_STEPS = {Shape.SHARE: 1_000_000, Shape.NUMBER: 1_000_000, Shape.COUNT: 1, Shape.MONEY: 1}
_ROUND_STEPS = tuple(digit * 10**power for power in range(20) for digit in (1, 2, 5))

Rows = list[dict[str, Any]]


class Kind(StrEnum):
    BARS = "bars"
    DOTS = "dots"
    LINES = "lines"
    NIGHTS = "nights"


@dataclass(frozen=True, slots=True)
class Filled:
    """Rows by the name of their data, values by the name of their parameter."""

    kind: Kind
    height: int
    rows: Mapping[str, Rows]
    params: Mapping[str, Any]


def filled(plot: Plot, formats: Formats, *, width: int) -> Filled:
    """`width` is how wide the legend may be."""
    match plot:
        case Bars():
            return _bars(plot, formats, width)
        case Dots():
            return _dots(plot, formats)
        case Lines():
            return _lines(plot, formats, width)
    return _nights(plot, formats)


def kind_of(plot: Plot) -> Kind:
    return {Bars: Kind.BARS, Dots: Kind.DOTS, Lines: Kind.LINES, Nights: Kind.NIGHTS}[type(plot)]


def _bars(plot: Bars, formats: Formats, width: int) -> Filled:
    ends = [sum(map(_place, row.values)) if plot.is_stacked else max(map(_place, row.values)) for row in plot.rows]
    axis = _Axis(0, max(1, *ends), plot.rows[0].values[0])
    pieces = _stacked if plot.is_stacked else _grouped
    rows = {
        "bars": [
            {"row": number, **piece}
            for number, row in enumerate(plot.rows)
            for piece in pieces(plot, row, axis, formats)
        ],
        "labels": [{"row": number, "text": _cut(row.label)} for number, row in enumerate(plot.rows)],
        **_legend([(series.title, series.tone, False) for series in plot.series], width),
    }
    step = ROW if plot.is_stacked else len(plot.series) * SLOT + GAP
    return Filled(Kind.BARS, len(plot.rows) * step, rows, axis.params("x", formats))


def _grouped(plot: Bars, row: BarRow, _: _Axis, formats: Formats) -> Iterator[dict[str, Any]]:
    """One below the other, each with its figure behind it."""
    for slot, (series, value) in enumerate(zip(plot.series, row.values, strict=True)):
        place, text = _place(value), value.text(formats)
        yield {"slot": slot, "start": 0, "end": place, "middle": 0, "tone": series.tone, "behind": text, "inside": ""}


def _stacked(plot: Bars, row: BarRow, axis: _Axis, formats: Formats) -> Iterator[dict[str, Any]]:
    """One after the other, with the share of the whole in those that are wide enough."""
    start, whole = 0, max(1, sum(map(_place, row.values)))
    for series, value in zip(plot.series, row.values, strict=True):
        width, is_last = _place(value), series is plot.series[-1]
        is_wide = Decimal(width) / axis.high >= NARROWEST_WITH_TEXT
        yield {"slot": 0, "start": start, "end": start + width, "middle": start + width // 2, "tone": series.tone,
               "behind": row.text if is_last else "",
               "inside": formats.percent(Decimal(width) / whole) if is_wide else ""}  # fmt: skip
        start += width


def _dots(plot: Dots, formats: Formats) -> Filled:
    values = [each.value for each in plot.rows if each.value is not None]
    like = values[0] if values else Number(plot.line, Shape.NUMBER)
    bounds = [_at(bound, like.shape) for each in plot.rows for bound in (each.low, each.high) if bound is not None]
    line = _at(plot.line, like.shape)
    places = [line, *map(_place, values), *bounds]
    most = max(places) if plot.most is None else min(_at(plot.most, like.shape), max(places))
    axis = _Axis(0, most, like)
    rows = {
        "dots": [{"row": number, **_dot(each, axis, formats)} for number, each in enumerate(plot.rows)],
        "line": [{"place": axis.held(line), "text": plot.line_title}],
    }
    return Filled(Kind.DOTS, len(plot.rows) * ROW, rows, axis.params("x", formats))


def _dot(each: Dot, axis: _Axis, formats: Formats) -> dict[str, Any]:
    if each.value is None:
        return {"text": _cut(each.label), "kind": "heading", "tone": Tone.MAIN, "behind": "", "place": None,
                "low": None, "high": None}  # fmt: skip
    place = _place(each.value)
    low, high = (
        None if bound is None else axis.held(_at(bound, each.value.shape)) for bound in (each.low, each.high)
    )  # fmt: skip
    kind = "below" if place < axis.low else "beyond" if place > axis.high else "dot"
    behind = each.text or each.value.text(formats)
    return {"text": _cut(each.label), "kind": kind, "tone": Tone.OPEN if each.is_faint else Tone.MAIN,
            "behind": behind, "place": axis.held(place), "low": low, "high": high}  # fmt: skip


def _lines(plot: Lines, formats: Formats, width: int) -> Filled:
    band = plot.band.points if plot.band else ()
    along = [x for line in plot.lines for x, _ in line.points] + [x for x, *_ in band]
    heights = [_place(number) for line in plot.lines for _, number in line.points]
    heights += [_place(edge) for _, *edges in band for edge in edges]
    points = [
        {"x": x, "y": _place(number), "line": line.title, "tone": line.tone, "broken": line.is_broken,
         "marked": line.has_marks}
        for line in plot.lines
        for x, number in line.points
    ]  # fmt: skip
    titles = [(line.title, line.tone, line.is_broken) for line in plot.lines]
    rows: dict[str, Rows] = {
        "points": points,
        "band": [{"x": x, "low": _place(low), "high": _place(high)} for x, low, high in band],
        "x_title": [{"text": plot.x_title}],
        **_legend([*titles, *([(plot.band.title, Tone.LIGHT, False)] if plot.band else [])], width),
    }
    across = _Axis(min(along), max(max(along), min(along) + 1), Number(0))
    upright = _Axis(min(0, *heights), max(1, *heights), plot.lines[0].points[0][1])
    return Filled(
        Kind.LINES, LINES_HEIGHT, rows, {**across.params("x", formats, most=8), **upright.params("y", formats)}
    )


def _nights(plot: Nights, formats: Formats) -> Filled:
    """Nights stand at the number of their day among all days."""
    number = {day: at for at, day in enumerate(plot.days)}
    found = [(number[night.business_date], night) for night in plot.nights]
    rows: dict[str, Rows] = {
        "lines": [
            {"x": at, "y": rows, "line": line}
            for at, night in found
            for line, rows in (("landed", night.totals.landed), ("accepted", night.totals.accepted))
        ],
        "outcomes": [
            {"x": at, "y": night.totals.accepted, "outcome": night.outcome.value, "text": _asking(night, formats)}
            for at, night in found
        ],
        "aside": [
            {"x": at, "low": low, "high": low + rows, "what": what}
            for at, night in found
            for what, low, rows in (
                ("quarantined", 0, night.totals.quarantined),
                ("duplicate", night.totals.quarantined, night.totals.duplicate),
            )
            if rows
        ],
    }
    above = _Axis(0, max(1, *(night.totals.landed for night in plot.nights)) * 5 // 4, Number(0))
    aside = max(night.totals.quarantined + night.totals.duplicate for night in plot.nights)
    ticks = sorted({0, aside})
    below = {"z_low": 0, "z_high": max(aside, 1), "z_ticks": ticks, "z_texts": [formats.count(each) for each in ticks]}
    return Filled(Kind.NIGHTS, NIGHTS_HEIGHT, rows, {**_dates(plot.days), **above.params("y", formats), **below})


def _asking(night: TableNight, formats: Formats) -> str:
    """The sign of an outcome that asks for somebody: it is never told by shape and colour alone."""
    mark = outcome_mark(night.outcome, formats.language)
    return mark.sign if night.outcome.rank > Outcome.NOT_YET_KNOWN.rank else ""


def _dates(days: Sequence[date]) -> dict[str, Any]:
    """Month and day of at most `MOST_DATES` nights, the newest always among them."""
    step = -(-len(days) // MOST_DATES)
    shown = list(range(len(days) - 1, -1, -step))
    return {"x_low": -1, "x_high": len(days), "x_ticks": shown, "x_texts": [f"{days[at]:%m-%d}" for at in shown]}


def _legend(entries: Sequence[tuple[str, Tone, bool]], width: int) -> dict[str, Rows]:
    """Signs and titles at even distances, so that none is placed by the width of another; a broken line as one."""
    step = width // max(len(entries), 3)
    every: Rows = [
        {"x": number * step, "x2": number * step + 14, "text_x": number * step + 20, "text": title, "tone": tone,
         "broken": broken}
        for number, (title, tone, broken) in enumerate(entries)
    ]  # fmt: skip
    return {
        "legend": [entry for entry in every if not entry["broken"]],
        "broken_legend": [entry for entry in every if entry["broken"]],
        "legend_texts": every,
    }


@dataclass(frozen=True, slots=True)
class _Axis:
    """Whole numbers from `low` to `high`; `like` says how they are written."""

    low: int
    high: int
    like: Number

    def held(self, place: int) -> int:
        return min(max(place, self.low), self.high)

    def params(self, name: str, formats: Formats, *, most: int = 5) -> dict[str, Any]:
        """Its ends, and about `most` round numbers between them with their texts."""
        step = next(step for step in _ROUND_STEPS if (self.high - self.low) // step < most)
        ticks = list(range(-(-self.low // step) * step, self.high + 1, step))
        texts = [self._text(Decimal(tick) / _STEPS[self.like.shape], formats) for tick in ticks]
        return {f"{name}_low": self.low, f"{name}_high": self.high, f"{name}_ticks": ticks, f"{name}_texts": texts}

    def _text(self, value: Decimal, formats: Formats) -> str:
        match self.like.shape:
            case Shape.SHARE:
                return formats.percent(value)
            case Shape.NUMBER:
                return formats.number(value)
        return formats.compact(value) if self.high >= 10_000 else formats.count(value)


def _place(number: Number) -> int:
    return _at(Decimal(number.value or 0), number.shape)


def _at(value: Decimal, shape: Shape) -> int:
    return int((value * _STEPS[shape]).to_integral_value(ROUND_HALF_EVEN))


def _cut(label: str) -> str:
    """As much of the label as has room; Chinese characters are two wide."""
    width = 0
    for number, character in enumerate(label):
        width += 2 if ord(character) > 0x2E7F else 1
        if width > LONGEST_LABEL:
            return f"{label[: number - 1].rstrip()}…"
    return label
