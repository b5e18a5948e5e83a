"""The command on contact points: the monthly cleaning."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from adapters.world import open_world
from flows.attempts import attempt_at
from flows.cli.arguments import OfPeriod, parse_date
from flows.cli.output import AsJson, say, show, working

app = typer.Typer()

AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=parse_date,
        metavar="YYYY-MM-DD",
        help="Day of the month as of which it is cleaned; without it, the last one with accepted contact points.",
    ),
]


@app.command("contact-points")
def contact_points(period: OfPeriod, as_of: AsOf = None, *, as_json: AsJson = False) -> None:
    """Clean the contact points of a month: a report, a list to verify, corrections for the core systems."""
    from tasks.stages.contact_points import clean_contact_points

    world = open_world()
    with working(f"Contact points of {period}"), attempt_at(world, f"contact-points {period}", as_of):
        done = clean_contact_points(world, period, as_of)
    rows = [{"outcome": outcome.replace("_", " "), "points": points} for outcome, points in done.outcomes.items()]
    show(done, rows, as_json=as_json, title=f"Contact points as of {done.as_of}")
    say(f"{done.usable:,} of {done.points:,} can be used; {done.to_verify:,} to verify", as_json=as_json)
    say(f"{done.corrections:,} corrections, with personal data; the page: {done.files[0]}", as_json=as_json)
