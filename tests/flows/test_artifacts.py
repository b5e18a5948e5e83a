"""Artifacts lead to what they tell of: links where pages are published, paths elsewhere, and the plots of pages."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from adapters.settings import Settings
from tasks.places import place
from tasks.plots import pictures_of

HOME = Path("/srv/recoup")
PUBLISHED = Settings.model_construct(home=HOME, reports_url="https://reports.example/recoup/")
UNPUBLISHED = Settings.model_construct(home=HOME, reports_url="")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (
            "runs/48a3/daily.html",
            "[runs/48a3/daily.html](https://reports.example/recoup/runs/48a3/daily.html)",
        ),
        (
            "reports/2026-09/bonus field.xlsx",
            "[reports/2026-09/bonus field.xlsx](https://reports.example/recoup/reports/2026-09/bonus%20field.xlsx)",
        ),
        ("runs/48a3/credits.parquet", "`/srv/recoup/runs/48a3/credits.parquet`"),
        ("runs/48a3/quarantine/parties.html", "`/srv/recoup/runs/48a3/quarantine/parties.html`"),
        ("reports/partners/R01.placement.xlsx", "`/srv/recoup/reports/partners/R01.placement.xlsx`"),
        ("landing/2026-10-01/page.html", "`/srv/recoup/landing/2026-10-01/page.html`"),
        ("recoup.sqlite", "`/srv/recoup/recoup.sqlite`"),
        ("../elsewhere/page.html", "`/srv/recoup/../elsewhere/page.html`"),
        ("reports/../landing/page.html", "`/srv/recoup/reports/../landing/page.html`"),
    ],
)
def test_pages_are_linked_where_they_are_published_and_what_names_people_never_is(path, shown):
    assert place(HOME / path, PUBLISHED) == shown


def test_without_an_address_a_path_is_named():
    assert place(HOME / "runs/48a3/daily.html", UNPUBLISHED) == "`/srv/recoup/runs/48a3/daily.html`"


PAGE = """<h2>Gap</h2>
<figure class="plot"><figcaption>Behind &amp; ahead</figcaption>
<svg role="img" viewBox="0 0 9 9" aria-labelledby="gaps-plot-1-title gaps-plot-1-about"><title>t</title></svg></figure>
<p>text</p>
<figure class="plot"><figcaption>Lots</figcaption>
<svg role="img" viewBox="0 0 9 9" aria-labelledby="by_lot-plot-2-title x"><g></g></svg></figure>
"""


def test_the_plots_of_a_page_are_pictures_of_their_own(tmp_path):
    page = tmp_path / "daily.html"
    page.write_text(PAGE, encoding="utf-8")
    found = list(pictures_of(page))
    assert [(each.key, each.title) for each in found] == [("gaps-plot-1", "Behind & ahead"), ("by-lot-plot-2", "Lots")]
    svg = base64.b64decode(found[0].address.removeprefix("data:image/svg+xml;base64,")).decode()
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 9 9"')
    assert svg.endswith("</svg>")


def test_a_page_without_plots_has_no_pictures(tmp_path):
    (tmp_path / "night.html").write_text("<svg></svg><p>none</p>", encoding="utf-8")
    assert list(pictures_of(tmp_path / "night.html")) == []
