"""The specification of each kind of plot, as Altair builds it: once in a process, for a plot fills in what is its own.

Named data and parameters stand for rows, ends and ticks. No text is placed, cut or left out by how wide it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from domain.records import Outcome
from reports.plot_rows import LINES_HEIGHT, NIGHTS_HEIGHT, Kind
from reports.plots import SIGNS, Tone

VEGA_LITE = alt.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]  # as the renderer calls it
INK, QUIET, GRID = "#1b2430", "#5a6675", "#dfe4ea"
ASIDE_HEIGHT = 30  # of the lower part of a plot of nights

FILLS = {
    Tone.MAIN: "#1f4e79",
    Tone.BAD: "#a3201a",
    Tone.MIDDLE: "#8fa7c0",
    Tone.LIGHT: "#d6e1ed",
    Tone.OPEN: "#ffffff",
}
_EDGES = {**FILLS, Tone.LIGHT: "#8fa7c0", Tone.OPEN: "#5a6675"}
_TEXTS = {**dict.fromkeys(Tone, INK), Tone.MAIN: "#ffffff", Tone.BAD: "#ffffff"}
_ARROWS = {"dot": "circle", "beyond": "triangle-right", "below": "triangle-left"}
_MARKS = {**dict.fromkeys(Tone, "circle"), Tone.MAIN: "square", Tone.BAD: "triangle-up", Tone.MIDDLE: "diamond"}


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels around the plot itself, for its labels and its legend."""

    width: int
    left: int
    right: int
    top: int
    bottom: int

    @property
    def inner(self) -> int:
        return self.width - self.left - self.right


FRAMES = {
    Kind.BARS: Frame(860, 236, 128, 30, 26),
    Kind.DOTS: Frame(860, 236, 128, 30, 26),
    Kind.LINES: Frame(860, 76, 128, 30, 26),
    Kind.NIGHTS: Frame(480, 50, 10, 12, 22),
}


@cache
def specification(kind: Kind) -> dict[str, Any]:
    """What Altair makes of the kind of plot. A test holds it against the schema, which takes longer than to draw it."""
    with debug_mode(False):  # noqa: FBT003 - the library's own signature
        layers, frame = _LAYERS[kind](), FRAMES[kind]
        chart = alt.layer(
            *layers,
            width=frame.inner,
            padding={"left": frame.left, "right": frame.right, "top": frame.top, "bottom": frame.bottom},
            autosize=alt.AutoSizeParams(type="none"),
        )
        made: dict[str, Any] = chart.to_dict(validate=False)
        return made


def _bars() -> list[alt.Chart]:
    row, slot = alt.Y("row:O", axis=None), alt.YOffset("slot:O")
    bars = alt.Chart(alt.NamedData("bars"))
    return [
        bars.mark_bar(strokeWidth=0.8).encode(row, slot, _x("start"), alt.X2("end"), *_inked()),
        bars.mark_text(baseline="middle", fontSize=11).encode(
            row, slot, _x("middle"), alt.Text("inside:N"), alt.Color("tone:N", scale=_scale(_TEXTS), legend=None)
        ),
        _text(bars, dx=6).encode(row, slot, _x("end"), alt.Text("behind:N")),
        _text(alt.Chart(alt.NamedData("labels")), align="right").encode(row, alt.Text("text:N"), x=alt.value(-10)),
        *_legend_layers(),
    ]


def _dots() -> list[alt.Chart]:
    row, dots, line = alt.Y("row:O", axis=None), alt.Chart(alt.NamedData("dots")), alt.Chart(alt.NamedData("line"))
    values = dots.transform_filter(alt.datum.kind != "heading")
    headings = dots.transform_filter(alt.datum.kind == "heading")
    intervals = dots.transform_filter("datum.low != null")
    arrow = alt.Shape("kind:N", scale=_scale(_ARROWS), legend=None)
    beside, behind = alt.value(-10), alt.value(FRAMES[Kind.DOTS].inner + 10)
    return [
        intervals.mark_rule(color=QUIET, strokeWidth=2).encode(row, _x("low"), alt.X2("high")),
        line.mark_rule(color=INK, strokeWidth=1.4).encode(_x("place")),
        _text(line, align="center", color=QUIET, fontSize=11).encode(_x("place"), alt.Text("text:N"), y=alt.value(-9)),
        values.mark_point(size=60, stroke=_EDGES[Tone.MAIN], opacity=1).encode(
            row, _x("place"), _filled_by_tone(), arrow
        ),
        _text(values, align="right").encode(row, alt.Text("text:N"), x=beside),
        _text(headings, fontWeight="bold").encode(row, alt.Text("text:N"), x=alt.value(4 - FRAMES[Kind.DOTS].left)),
        _text(dots).encode(row, alt.Text("behind:N"), x=behind),
    ]


def _lines() -> list[alt.Chart]:
    points, band = alt.Chart(alt.NamedData("points")), alt.Chart(alt.NamedData("band"))
    line = alt.Detail("line:N")
    dash = alt.when(alt.datum.broken).then(alt.value([5, 4])).otherwise(alt.value([1, 0]))
    edge = alt.Stroke("tone:N", scale=_scale(_EDGES), legend=None)
    shape = alt.Shape("tone:N", scale=_scale(_MARKS), legend=None)
    marked = points.transform_filter(alt.datum.marked)
    return [
        band.mark_area(color=FILLS[Tone.LIGHT]).encode(_x("x"), _y("low"), alt.Y2("high")),
        points.mark_line(strokeWidth=2).encode(_x("x"), _y("y"), line, edge, strokeDash=dash),
        marked.mark_point(size=44, opacity=1, strokeWidth=1.4).encode(_x("x"), _y("y"), shape, *_inked()),
        _text(alt.Chart(alt.NamedData("x_title")), color=QUIET, fontSize=11).encode(
            alt.Text("text:N"), x=alt.value(FRAMES[Kind.LINES].inner + 10), y=alt.value(LINES_HEIGHT + 14)
        ),
        *_legend_layers(),
    ]


def _nights() -> list[Any]:
    """Rows above, rows set aside below: two axes upright, over the same days."""
    day = alt.X("x:Q", scale=_ends("x"), axis=_axis("x", grid=False))
    return [alt.layer(_rows_of_nights(day), _rows_aside(day)).resolve_scale(y="independent")]


def _rows_of_nights(day: alt.X) -> Any:
    lines, outcomes = alt.Chart(alt.NamedData("lines")), alt.Chart(alt.NamedData("outcomes"))
    rows = alt.Y("y:Q", scale=_ends("y", [NIGHTS_HEIGHT - ASIDE_HEIGHT - 16, 0]), axis=_axis("y"))
    is_landed = alt.when(alt.datum.line == "landed")
    dash = is_landed.then(alt.value([4, 3])).otherwise(alt.value([1, 0]))
    ink = is_landed.then(alt.value(QUIET)).otherwise(alt.value(FILLS[Tone.MAIN]))
    colour = _by_outcome(alt.Color, {outcome: sign.colour for outcome, sign in SIGNS.items()})
    shape = _by_outcome(alt.Shape, {outcome: sign.shape for outcome, sign in SIGNS.items()})
    size = _by_outcome(alt.Size, {outcome: sign.pixels for outcome, sign in SIGNS.items()})
    return alt.layer(
        lines.mark_line(strokeWidth=1.3).encode(day, rows, alt.Detail("line:N"), strokeDash=dash, stroke=ink),
        outcomes.mark_point(filled=True, opacity=1).encode(day, rows, colour, shape, size),
        outcomes.mark_text(fontSize=12, fontWeight="bold", dy=-13).encode(day, rows, colour, alt.Text("text:N")),
    )


def _by_outcome(channel: type[Any], looks: Mapping[Outcome, Any]) -> Any:
    return channel("outcome:N", scale=_scale(looks), legend=None)


def _rows_aside(day: alt.X) -> Any:
    """Quarantined rows as full bars, duplicates open on top of them."""
    low = [NIGHTS_HEIGHT, NIGHTS_HEIGHT - ASIDE_HEIGHT]
    colour = SIGNS[Outcome.HALT].colour
    fill = alt.Fill("what:N", scale=_scale({"quarantined": colour, "duplicate": "#ffffff"}), legend=None)
    rows = alt.Y("low:Q", scale=_ends("z", low), axis=_axis("z", orient="left"))
    bars = alt.Chart(alt.NamedData("aside")).mark_bar(size=4, stroke=colour, strokeWidth=0.8)
    return alt.layer(bars.encode(day, rows, alt.Y2("high"), fill))


def _legend_layers() -> list[alt.Chart]:
    start, end = alt.X("x:Q", scale=None, axis=None), alt.X2("x2")
    boxes, broken = alt.Chart(alt.NamedData("legend")), alt.Chart(alt.NamedData("broken_legend"))
    edge = alt.Stroke("tone:N", scale=_scale(_EDGES), legend=None)
    texts = _text(alt.Chart(alt.NamedData("legend_texts")), fontSize=11)
    return [
        boxes.mark_rect(strokeWidth=0.8).encode(start, end, *_inked(), y=alt.value(-22), y2=alt.value(-12)),
        broken.mark_rule(strokeWidth=2, strokeDash=[5, 4]).encode(start, end, edge, y=alt.value(-17)),
        texts.encode(alt.X("text_x:Q", scale=None, axis=None), alt.Text("text:N"), y=alt.value(-17)),
    ]


def _x(field: str) -> alt.X:
    return alt.X(f"{field}:Q", scale=_ends("x"), axis=_axis("x"))


def _y(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", scale=_ends("y"), axis=_axis("y"))


def _ends(name: str, pixels: list[int] | None = None) -> alt.Scale:
    """From end to end of the plot, or of the part of it between these pixels."""
    low, high = alt.ExprRef(f"{name}_low"), alt.ExprRef(f"{name}_high")
    whole = alt.Scale(domainMin=low, domainMax=high, nice=False, zero=False)
    return whole if pixels is None else alt.Scale(domainMin=low, domainMax=high, nice=False, zero=False, range=pixels)


def _axis(name: str, **look: Any) -> alt.Axis:
    """Fine lines across, at the ticks that are filled in; a text is never left out, cut or moved for want of room."""
    return alt.Axis(
        values=alt.ExprRef(f"{name}_ticks"),
        labelExpr=f"{name}_texts[indexof({name}_ticks, datum.value)]",
        labelAngle=0,
        labelLimit=0,
        labelOverlap=False,
        labelBound=False,
        labelFlush=False,
        labelColor=QUIET,
        labelFontSize=11,
        labelPadding=6,
        title=None,
        ticks=False,
        domain=False,
        gridColor=GRID,
        **look,
    )


def _inked() -> tuple[alt.Fill, alt.Stroke]:
    return _filled_by_tone(), alt.Stroke("tone:N", scale=_scale(_EDGES), legend=None)


def _filled_by_tone() -> alt.Fill:
    return alt.Fill("tone:N", scale=_scale(FILLS), legend=None)


def _scale(looks: Mapping[Any, Any]) -> alt.Scale:
    return alt.Scale(domain=[str(name) for name in looks], range=list(looks.values()))


def _text(chart: alt.Chart, **look: Any) -> alt.Chart:
    marked: alt.Chart = chart.mark_text(
        **{"align": "left", "baseline": "middle", "color": INK, "fontSize": 12, "limit": 0, **look}
    )
    return marked


_LAYERS: Mapping[Kind, Callable[[], list[Any]]] = {
    Kind.BARS: _bars,
    Kind.DOTS: _dots,
    Kind.LINES: _lines,
    Kind.NIGHTS: _nights,
}
