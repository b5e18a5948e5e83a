"""Plots: exact figures in them, the same bytes on every machine, nothing that runs, readable in grey and by ear."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

import altair as alt
import pytest
import vl_convert

from domain.records import ControlTotals, Outcome
from reports.drawing import drawn, rendered
from reports.formats import Formats
from reports.languages import Language
from reports.plot_rows import Kind, filled
from reports.plot_specifications import FILLS, specification
from reports.plots import Band, BarRow, Bars, Dot, Dots, Line, Lines, Nights, Series, TableNight, Tone
from reports.sections import Number, Shape

EVIL = "<script>alert(1)</script>\"&'</svg>"
D = Decimal


def money(amount):
    return Number(D(amount), Shape.MONEY, "VND")


def ratio(text):
    return Number(D(text), Shape.NUMBER)


GROUPED = Bars(
    "Accounts", "Two bars each.", (Series("now", Tone.MAIN), Series("before", Tone.LIGHT)),
    (BarRow("1–30", (Number(1_284), Number(1_323))), BarRow("31+", (Number(0), Number(7)))),
)  # fmt: skip
STACKED = Bars(
    "Rolls", "One bar each.", (Series("closed", Tone.OPEN), Series("worse", Tone.BAD)),
    (BarRow("1–30", (Number(D("0.05"), Shape.SHARE), Number(D("0.95"), Shape.SHARE)), "1,234"),), is_stacked=True,
)  # fmt: skip
LEAGUE = Dots(
    "League", "Dots.",
    (Dot("Telephone"), Dot("PE-1", ratio("1.25"), D("1.1"), D("1.4")), Dot("PE-2", ratio("9"), D("1.5"), D("20")),
     Dot("PE-3", ratio("-0.5"), is_faint=True)),
    line=D(1), line_title="as expected", most=D(2),
)  # fmt: skip
COURSE = Lines(
    "Course", "A line.", "day of the month",
    (Line("so far", Tone.MAIN, ((1, money(-5)), (2, money(1_500_000))), has_marks=True),
     Line("ahead", Tone.MIDDLE, ((2, money(1_500_000)), (31, money(9_000_000))), is_broken=True)),
    Band("lowest to highest", ((2, money(1_500_000), money(1_500_000)), (31, money(8_000_000), money(12_000_000)))),
)  # fmt: skip
NIGHTS = Nights(
    "payments, 2 nights", "Lines.",
    (TableNight(date(2026, 9, 1), Outcome.PASS, ControlTotals(1_200, 1_200, 0, 0)),
     TableNight(date(2026, 9, 3), Outcome.HALT, ControlTotals(100, 93, 5, 2))),
    tuple(date(2026, 9, day) for day in range(1, 31)),
)  # fmt: skip
PLOTS = {"grouped": GROUPED, "stacked": STACKED, "league": LEAGUE, "course": COURSE, "nights": NIGHTS}


def texts_of(svg):
    """The texts of the picture, without its title and description."""
    root = ET.fromstring(svg)
    return [each.text for each in root.iter("text") if each.text]


def rows_of(plot, name, language=Language.ENGLISH):
    return filled(plot, Formats(language), width=600).rows[name]


@pytest.mark.parametrize("name", PLOTS)
def test_a_picture_is_lines_and_texts_has_a_title_and_a_description_and_runs_nothing(name):
    svg = drawn(PLOTS[name], "here", Formats())
    root = ET.fromstring(svg)
    assert {each.tag for each in root.iter()} <= {"svg", "g", "path", "line", "rect", "text", "title", "desc"}
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "here-title here-about"
    assert [each.attrib["id"] for each in root.iter() if "id" in each.attrib] == ["here-title", "here-about"]
    assert (root.find("title").text, root.find("desc").text) == (PLOTS[name].title, PLOTS[name].about)
    assert "://" not in svg
    assert svg.count("aria-") == 1, "no words of the library, which are English"


@pytest.mark.parametrize("name", PLOTS)
def test_the_picture_does_not_hang_on_the_fonts_of_the_machine(name):
    """Vega measures texts with the fonts that it finds: of a wide and a narrow one everything stands where it stood."""
    narrow, wide = (
        str(drawn(PLOTS[name], "a", Formats(), font=font)) for font in ("Liberation Sans Narrow", "monospace")
    )
    assert wide.count("monospace") > 5
    assert wide.replace("monospace", "Liberation Sans Narrow") == narrow


def test_another_process_draws_the_same_bytes():
    code = (
        "import sys; from tests.reports.test_plots import PLOTS; from reports.drawing import drawn; "
        "from reports.formats import Formats; from reports.languages import Language; "
        "drawn = ''.join(drawn(each, 'p', Formats(Language.CHINESE)) for each in PLOTS.values()); "
        "sys.stdout.buffer.write(drawn.encode())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.decode()
    assert there == "".join(drawn(each, "p", Formats(Language.CHINESE)) for each in PLOTS.values())


@pytest.mark.parametrize("kind", Kind)
def test_the_specification_holds_against_altairs_schema(kind):
    filling = next(found for plot in PLOTS.values() if (found := filled(plot, Formats(), width=600)).kind is kind)
    params = [{"name": name, "value": value} for name, value in filling.params.items()]
    whole = {**specification(kind), "params": params, "datasets": filling.rows, "height": filling.height}
    alt.LayerChart.from_dict(whole, validate=True)
    assert vl_convert.vegalite_to_vega(whole)["data"]


def test_names_from_outside_are_texts():
    evil = Bars(EVIL, EVIL, (Series(EVIL, Tone.MAIN),), (BarRow(EVIL[:30], (Number(1),)),))
    svg = drawn(evil, "p", Formats())
    root = ET.fromstring(svg)
    assert root.find("title").text == root.find("desc").text == EVIL
    assert {EVIL, EVIL[:30]} <= set(texts_of(svg))


@pytest.mark.parametrize(
    ("language", "figure", "ticks"),
    [
        (Language.ENGLISH, "1,284", ["0", "5M", "10M"]),
        (Language.VIETNAMESE, "1.284", ["0", "5 Tr", "10 Tr"]),
        (Language.CHINESE, "1,284", ["0", "500万", "1000万"]),
    ],
)
def test_figures_and_ticks_are_written_as_the_language_writes_them(language, figure, ticks):
    assert figure in texts_of(drawn(GROUPED, "p", Formats(language)))
    shown = [each.replace("\u00a0", " ") for each in texts_of(drawn(COURSE, "p", Formats(language)))]
    assert [each for each in shown if each in ticks] == ticks


def test_bars_begin_where_the_one_before_ends_and_only_wide_ones_have_their_share_in_them():
    first, second = rows_of(STACKED, "bars")
    assert (first["start"], first["end"], second["start"], second["end"]) == (0, 50_000, 50_000, 1_000_000)
    assert (first["inside"], second["inside"], second["behind"]) == ("", "95%", "1,234")


def test_what_lies_outside_stands_at_the_edge_as_an_arrow_with_its_figure():
    heading, inside, beyond, below = rows_of(LEAGUE, "dots")
    assert (heading["kind"], heading["place"]) == ("heading", None)
    assert (inside["kind"], inside["place"], inside["low"], inside["high"]) == ("dot", 1_250_000, 1_100_000, 1_400_000)
    assert (beyond["kind"], beyond["place"], beyond["high"], beyond["behind"]) == (
        "beyond",
        2_000_000,
        2_000_000,
        "9.00",
    )
    assert (below["kind"], below["place"], below["behind"]) == ("below", 0, "-0.50")
    assert [row["tone"] for row in (beyond, below)] == [Tone.MAIN, Tone.OPEN], (
        "of few accounts, and said so at the edge"
    )


def test_nights_stand_at_their_day_with_what_was_set_aside_on_top_of_each_other():
    shown = filled(NIGHTS, Formats(), width=400)
    assert [(row["x"], row["y"]) for row in shown.rows["outcomes"]] == [(0, 1_200), (2, 93)]
    assert [(row["x"], row["low"], row["high"]) for row in shown.rows["aside"]] == [(2, 0, 5), (2, 5, 7)]
    assert (shown.params["x_texts"][0], len(shown.params["x_texts"])) == ("09-30", 6), "the newest is always among them"


def test_a_long_name_is_cut_with_a_mark_and_chinese_is_twice_as_wide():
    labels = [Dot("x" * 35, ratio("1")), Dot("账" * 18, ratio("1")), Dot("x" * 34, ratio("1"))]
    shown = rows_of(Dots("", "", tuple(labels), D(1), ""), "dots")
    assert [row["text"] for row in shown] == [f"{'x' * 33}…", f"{'账' * 16}…", "x" * 34]


@pytest.mark.parametrize(
    "beside",
    [(Tone.MAIN, Tone.LIGHT), (Tone.BAD, Tone.LIGHT), (Tone.OPEN, Tone.LIGHT, Tone.MIDDLE, Tone.BAD),
     (Tone.MIDDLE, Tone.MAIN, Tone.OPEN)],
)  # fmt: skip
def test_tones_that_stand_beside_each_other_differ_in_grey(beside):
    shades = sorted(_lightness(FILLS[tone]) for tone in beside)
    assert all(lighter - darker >= 0.1 for darker, lighter in itertools.pairwise(shades))


def _lightness(colour):
    """Rec. 709, of what a printer without colours makes of it."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_process_that_was_forked_after_the_renderer_had_started_draws_the_same(tmp_path):
    """The renderer's threads are not forked: it would wait for them for ever."""
    order = {"vl_spec": {"mark": "bar", "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a"}}}}
    here = rendered(order)
    child = os.fork()
    if child == 0:
        try:
            (tmp_path / "svg").write_text(rendered(order))
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (tmp_path / "svg").read_text() == here
