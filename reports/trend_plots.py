"""The plot of one table over many nights, as SVG that stands in a page: no scripts, nothing fetched, the same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from domain.records import ControlTotals, Outcome
from reports.formats import Formats
from reports.languages import Language
from reports.marks import outcome_mark

INK, QUIET, LINE, ACCENT = "#1b2430", "#5a6675", "#dfe4ea", "#1f4e79"
MOST_DATES = 7  # on the axis; more would run into one another

# A fixed salt for the ids of shapes, and texts as texts: then the same nights make the same bytes.
_STYLE: Mapping[str, object] = {
    "svg.hashsalt": "recoup",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7.5,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How an outcome is drawn: `marker` in the plot, `sign` where a legend is written."""

    marker: str
    sign: str
    colour: str
    size: float


SHAPES: Mapping[Outcome, Shape] = {
    Outcome.PASS: Shape("o", "●", "#17693a", 9),
    Outcome.NOT_YET_KNOWN: Shape("D", "◆", "#8794a8", 13),
    Outcome.WARN: Shape("^", "▲", "#b07400", 30),
    Outcome.WAIVED: Shape("s", "■", "#a3201a", 26),
    Outcome.HALT: Shape("X", "✖", "#a3201a", 36),
}


@dataclass(frozen=True, slots=True)
class TableNight:
    business_date: date
    outcome: Outcome
    totals: ControlTotals


def plot(nights: Sequence[TableNight], days: Sequence[date], formats: Formats, *, prefix: str) -> Markup:
    """Rows landed and accepted above, rows set aside below, over `days`; `prefix` keeps ids of plots apart."""
    with mpl.rc_context(dict(_STYLE)):  # type: ignore[arg-type]
        figure = Figure(figsize=(5.6, 2.35))
        rows, aside = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        figure.subplots_adjust(left=0.12, right=0.985, top=0.94, bottom=0.1, hspace=0.16)
        _draw_rows(rows, nights, formats.language)
        _draw_aside(aside, nights)
        for axes in (rows, aside):
            _dress(axes, formats)
        _date_axis(aside, days)
        return _inline(figure, prefix)


def _draw_rows(axes: Axes, nights: Sequence[TableNight], language: Language) -> None:
    places = [night.business_date.toordinal() for night in nights]
    accepted = [night.totals.accepted for night in nights]
    axes.plot(places, [night.totals.landed for night in nights], color=QUIET, linewidth=0.9, linestyle=(0, (3, 2)))
    axes.plot(places, accepted, color=ACCENT, linewidth=1.2)
    for outcome, shape in SHAPES.items():
        here = [number for number, night in enumerate(nights) if night.outcome is outcome]
        at, height = [places[number] for number in here], [accepted[number] for number in here]
        drawn = axes.scatter(at, height, s=shape.size, marker=shape.marker, color=shape.colour, linewidths=0)
        drawn.set(zorder=3 + outcome.rank, clip_on=False)
        if outcome.rank > Outcome.NOT_YET_KNOWN.rank:
            _sign(axes, zip(at, height, strict=True), outcome_mark(outcome, language).sign, shape.colour)
    axes.set_ylim(0, max(1, *(night.totals.landed for night in nights)) * 1.25)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))


def _sign(axes: Axes, points: zip[tuple[int, int]], sign: str, colour: str) -> None:
    """The sign above each point: an outcome that asks for somebody is never told by colour and shape alone."""
    for point in points:
        axes.annotate(
            sign,
            point,
            (0, 6),
            textcoords="offset points",
            ha="center",
            color=colour,
            weight="bold",
            fontsize=10,
            bbox={"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none"},
            zorder=9,
        )


def _draw_aside(axes: Axes, nights: Sequence[TableNight]) -> None:
    """Quarantined rows as full bars, duplicates hatched on top of them."""
    aside = [night for night in nights if night.totals.quarantined or night.totals.duplicate]
    places = [night.business_date.toordinal() for night in aside]
    quarantined = [night.totals.quarantined for night in aside]
    duplicate = [night.totals.duplicate for night in aside]
    axes.bar(places, quarantined, width=0.7, color=SHAPES[Outcome.HALT].colour)
    axes.bar(
        places, duplicate, width=0.7, bottom=quarantined, color="white", edgecolor=INK, hatch="////", linewidth=0.5
    )
    highest = max((bad + double for bad, double in zip(quarantined, duplicate, strict=True)), default=0)
    axes.set_ylim(0, max(1, highest) * 1.15)
    axes.yaxis.set_major_locator(FixedLocator([0, highest] if highest else [0]))


def _dress(axes: Axes, formats: Formats) -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(length=0, colors=QUIET)
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.count(int(value))))


def _date_axis(axes: Axes, days: Sequence[date]) -> None:
    """Month and day of at most `MOST_DATES` nights, the newest always among them."""
    step = -(-len(days) // MOST_DATES)
    shown = days[::-1][::step]
    axes.set_xlim(days[0].toordinal() - 0.8, days[-1].toordinal() + 0.8)
    axes.set_xticks([day.toordinal() for day in shown], [f"{day:%m-%d}" for day in shown])


def _inline(figure: Figure, prefix: str) -> Markup:
    """The drawing without what only a file of its own needs, its ids set apart from those of other drawings."""
    written = StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(written, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    whole = written.getvalue()
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", whole[whole.index("<svg") :])
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = svg.replace("xlink:href=", "href=")
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
    return Markup(svg)  # noqa: S704 - drawn from numbers, dates and signs of our own
