"""The command on the audit trail: who decided what, under which login, and the end of the trail to keep elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from adapters.world import open_world
from domain.ids import short
from flows.cli.arguments import parse_date
from flows.cli.output import AsJson, say, show
from tasks.stages.audit import Decided, Wanted, end_of_trail, trail_of

app = typer.Typer()


@app.command()
def audit(
    by: Annotated[str, typer.Option("--by", help="Only decisions that name this person, or of this login.")] = "",
    table: Annotated[str, typer.Option("--table", help="Only decisions of this table, such as waivers.")] = "",
    first: Annotated[
        date | None,
        typer.Option("--from", parser=parse_date, metavar="YYYY-MM-DD", help="Recorded on this day or later."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", parser=parse_date, metavar="YYYY-MM-DD", help="Recorded on this day or before."),
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="How many.")] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """The decisions of people, newest first: which, by whom, under whose login, and when; the end of the trail."""
    world = open_world()
    found = trail_of(world, Wanted(by, table, first, last), most)
    end = end_of_trail(world)
    rows = [_row(each) for each in found]
    show({"end": str(end), "entries": found}, rows, as_json=as_json, title="Audit trail")
    say(f"the trail ends at {end}: keep this elsewhere, and give it to `recoup verify --kept`", as_json=as_json)


def _row(decided: Decided) -> dict[str, str]:
    entry = decided.entry
    return {
        "entry": str(entry.sequence),
        "recorded": f"{entry.recorded_at:%Y-%m-%d %H:%M:%S}" if entry.recorded_at else "",
        "by": entry.by,
        "login": entry.login,
        "decision": f"{entry.table}: {entry.told_key}",
        "what": decided.what,
        "content": short(entry.content),
    }
