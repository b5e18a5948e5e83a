"""The command that shows what a fairness band would cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.world import open_world
from flows.cli.arguments import OnDate
from flows.cli.output import AsJson, print_table, say, show, working
from flows.cli.statements import InLanguage
from reports.formats import Formats
from reports.languages import Language
from reports.sections import texts_of

app = typer.Typer()


def parse_bands(text: str) -> tuple[int, ...]:
    """Whole percents between commas."""
    parts = [part.strip().removesuffix("%") for part in text.split(",")]
    if not all(part.isdigit() and 1 <= int(part) <= 99 for part in parts):
        raise typer.BadParameter(f"{text!r} is no list of whole percents from 1 to 99, such as 20,10,5")
    return tuple(int(part) for part in parts)


@app.command()
def fairness(
    business_date: OnDate,
    bands: Annotated[
        str, typer.Option("--bands", metavar="PERCENTS", help="Bands to try, in percent of a team's mean.")
    ] = "20,10,5,2,1",
    page: Annotated[Path | None, typer.Option("--page", dir_okay=False, help="Write it as a page.")] = None,
    language: InLanguage = None,
    *,
    as_json: AsJson = False,
) -> None:
    """How unlike the accounts of a team's members are, and what it would cost to make them alike."""
    from reports.fairness import fairness_report
    from tasks.stages.fairness import fairness_of_night, write_page

    wanted, world = parse_bands(bands), open_world()
    with working(f"Fairness of {business_date}"):
        found = fairness_of_night(world, business_date, wanted)
    if page is not None:
        write_page(world, found, page, language or Language(world.settings.language))
        say(f"Page: {page}", as_json=as_json)
    if as_json:
        show(found, (), as_json=True)
        return
    report = fairness_report(found)
    say(f"{report.title}: night of {found.night} (estimates)")
    for section in report.sections:
        print_table(section.title, [texts_of(section, row, Formats()) for row in section.rows])
