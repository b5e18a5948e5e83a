"""The command that holds what allocation had predicted against what came."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.world import open_world
from domain.periods import Period
from flows.cli.arguments import parse_period
from flows.cli.output import AsJson, print_table, say, show, working
from flows.cli.statements import InLanguage
from reports.formats import Formats
from reports.languages import Language
from reports.sections import texts_of

app = typer.Typer()


@app.command()
def calibration(
    month: Annotated[Period, typer.Option("--month", parser=parse_period, metavar="YYYY-MM", help="A past month.")],
    page: Annotated[Path | None, typer.Option("--page", dir_okay=False, help="Write it as a page.")] = None,
    language: InLanguage = None,
    *,
    as_json: AsJson = False,
) -> None:
    """What accounts were expected to bring, beside what came: by segment, by decile and by destination."""
    from reports.calibration import calibration_report
    from tasks.stages.calibrate import calibrate, write_page

    world = open_world()
    with working(f"Calibration of {month}"):
        found = calibrate(world, month)
    if page is not None:
        write_page(world, found, page, language or Language(world.settings.language))
        say(f"Page: {page}", as_json=as_json)
    if as_json:
        show(found, (), as_json=True)
        return
    report = calibration_report(found)
    say(f"{report.title}: {found.first} to {found.last}, predicted by the night of {found.night} (estimates)")
    for section in report.sections:
        print_table(section.title, [texts_of(section, row, Formats()) for row in section.rows])
    for text in report.warnings:
        say(text)
