"""Plots as SVG that stands in a page: built by Altair, rendered by vl-convert; no script, nothing fetched.

Each kind of plot is one specification, which Altair builds once in a process; a plot fills in its rows, ends and ticks.
Texts are written by the house, and nothing is placed by how wide a text is: so the same plot has the same bytes,
whatever fonts a machine has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import altair as alt
import vl_convert
from altair.utils.schemapi import debug_mode
from markupsafe import Markup

from reports.formats import Formats
from reports.plot_rows import LINES_HEIGHT, Kind, filled, kind_of
from reports.plots import Plot, Tone

WIDTH, RIGHT, TOP, BOTTOM = 860, 128, 30, 26  # pixels; around the plot itself its labels and its legend
LEFT = {Kind.BARS: 236, Kind.DOTS: 236, Kind.LINES: 76}
INK, QUIET, GRID = "#1b2430", "#5a6675", "#dfe4ea"
FONT = "sans-serif"  # the style sheet says which: that of the page

_TAG, _SPOKEN = re.compile(r"<[a-z][^>]*>"), re.compile(r' (?:role|aria-[a-z]+|class)="[^"]*"')  # Vega's own words
_VERSION = re.sub(r"^v(\d+\.\d+).*$", r"\1", alt.SCHEMA_VERSION)
_CONFIG: Mapping[str, Any] = {"aria": False, "background": "transparent", "view": {"stroke": None}}
_FILLS = {
    Tone.MAIN: "#1f4e79",
    Tone.BAD: "#a3201a",
    Tone.MIDDLE: "#8fa7c0",
    Tone.LIGHT: "#d6e1ed",
    Tone.OPEN: "#ffffff",
}
_EDGES = {**_FILLS, Tone.LIGHT: "#8fa7c0", Tone.OPEN: "#5a6675"}
_TEXTS = {**dict.fromkeys(Tone, INK), Tone.MAIN: "#ffffff", Tone.BAD: "#ffffff"}
_ARROWS = {"dot": "circle", "beyond": "triangle-right", "below": "triangle-left"}
_MARKS = {**dict.fromkeys(Tone, "circle"), Tone.MAIN: "square", Tone.BAD: "triangle-up", Tone.MIDDLE: "diamond"}


def drawn(plot: Plot, name: str, formats: Formats, *, font: str = FONT) -> Markup:
    """The picture with its title and description, for people who hear it; `name` keeps ids of pictures apart."""
    fills = filled(plot, formats, width=WIDTH - LEFT[kind_of(plot)])
    spec = {
        **specification(fills.kind),
        "config": {**_CONFIG, "font": font},
        "height": fills.height,
        "datasets": fills.rows,
        "params": [{"name": each, "value": value} for each, value in fills.params.items()],
    }
    svg = vl_convert.vegalite_to_svg(spec, vl_version=_VERSION, allowed_base_urls=[])
    opened = Markup(
        '<svg role="img" viewBox="0 0 {width} {height}" preserveAspectRatio="xMinYMin" '
        'aria-labelledby="{name}-title {name}-about">'
        '<title id="{name}-title">{title}</title><desc id="{name}-about">{about}</desc>'
    ).format(width=WIDTH, height=fills.height + TOP + BOTTOM, name=name, title=plot.title, about=plot.about)
    body = _TAG.sub(lambda tag: _SPOKEN.sub("", tag[0]), svg[svg.index(">") + 1 :])
    return opened + Markup(body)  # noqa: S704 - Vega escapes every text that it writes


@cache
def specification(kind: Kind) -> dict[str, Any]:
    """What Altair makes of the kind of plot. A test holds it against the schema, which takes longer than to draw it."""
    with debug_mode(False):  # noqa: FBT003 - the library's own signature
        layers = {Kind.BARS: _bars, Kind.DOTS: _dots, Kind.LINES: _lines}[kind]()
        chart = alt.layer(
            *layers,
            width=_inner(kind),
            padding={"left": LEFT[kind], "right": RIGHT, "top": TOP, "bottom": BOTTOM},
            autosize=alt.AutoSizeParams(type="none"),
        )
        made: dict[str, Any] = chart.to_dict(validate=False)
        return made


def _inner(kind: Kind) -> int:
    return WIDTH - LEFT[kind] - RIGHT


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
    beside, behind = alt.value(-10), alt.value(_inner(Kind.DOTS) + 10)
    return [
        intervals.mark_rule(color=QUIET, strokeWidth=2).encode(row, _x("low"), alt.X2("high")),
        line.mark_rule(color=INK, strokeWidth=1.4).encode(_x("place")),
        _text(line, align="center", color=QUIET, fontSize=11).encode(_x("place"), alt.Text("text:N"), y=alt.value(-9)),
        values.mark_point(size=60, stroke=_EDGES[Tone.MAIN], opacity=1).encode(
            row, _x("place"), _filled_by_tone(), arrow
        ),
        _text(values, align="right").encode(row, alt.Text("text:N"), x=beside),
        _text(headings, fontWeight="bold").encode(row, alt.Text("text:N"), x=alt.value(4 - LEFT[Kind.DOTS])),
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
        band.mark_area(color=_FILLS[Tone.LIGHT]).encode(_x("x"), _y("low"), alt.Y2("high")),
        points.mark_line(strokeWidth=2).encode(_x("x"), _y("y"), line, edge, strokeDash=dash),
        marked.mark_point(size=44, opacity=1, strokeWidth=1.4).encode(_x("x"), _y("y"), shape, *_inked()),
        _text(alt.Chart(alt.NamedData("x_title")), color=QUIET, fontSize=11).encode(
            alt.Text("text:N"), x=alt.value(_inner(Kind.LINES) + 10), y=alt.value(LINES_HEIGHT + 14)
        ),
        *_legend_layers(),
    ]


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


def _ends(name: str) -> alt.Scale:
    low, high = alt.ExprRef(f"{name}_low"), alt.ExprRef(f"{name}_high")
    return alt.Scale(domainMin=low, domainMax=high, nice=False, zero=False)


def _axis(name: str) -> alt.Axis:
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
    )


def _inked() -> tuple[alt.Fill, alt.Stroke]:
    return _filled_by_tone(), alt.Stroke("tone:N", scale=_scale(_EDGES), legend=None)


def _filled_by_tone() -> alt.Fill:
    return alt.Fill("tone:N", scale=_scale(_FILLS), legend=None)


def _scale(looks: Mapping[Any, str]) -> alt.Scale:
    return alt.Scale(domain=[str(name) for name in looks], range=list(looks.values()))


def _text(chart: alt.Chart, **look: Any) -> alt.Chart:
    marked: alt.Chart = chart.mark_text(
        **{"align": "left", "baseline": "middle", "color": INK, "fontSize": 12, "limit": 0, **look}
    )
    return marked
