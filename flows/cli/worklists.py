"""The command for work lists: what each collector works on the day after a night, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.world import open_world
from flows.cli.arguments import OnDate
from flows.cli.output import AsJson, print_table, say, show
from reports.languages import Language

app = typer.Typer()


@app.command()
def worklist(
    night: OnDate,
    employee: Annotated[str, typer.Option("--employee", help="The list of this collector.")] = "",
    team: Annotated[str, typer.Option("--team", help="The lists of this team.")] = "",
    leader: Annotated[str, typer.Option("--leader", help="The lists of the team that this employee leads.")] = "",
    to: Annotated[
        Path | None, typer.Option("--to", file_okay=False, help="Write CSV and workbooks below this folder.")
    ] = None,
    language: Annotated[Language | None, typer.Option("--language", help="Else the house's.")] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="The lists of everybody; with --to.")] = False,
    as_json: AsJson = False,
) -> None:
    """What collectors work on the day after the night: order and reason, next action, promises, limits, best time."""
    from reports.worklist import screen_rows
    from tasks.stages.labels import language_of
    from tasks.stages.worklist import Scope, work_lists
    from tasks.stages.worklist_files import write_work_lists

    if sum(map(bool, (employee, team, leader, everybody))) != 1:
        raise typer.BadParameter("whose lists: one of --employee, --team, --leader, --all")
    if everybody and to is None:
        raise typer.BadParameter("--all writes files: say where, with --to FOLDER")
    world = open_world()
    found = work_lists(world, night, Scope(employee, team, leader))
    words = language or language_of(world)
    if as_json:
        show(found, (), as_json=True)
    elif to is None:
        for each in found.lists:
            print_table(f"{each.employee_id} ({each.team_id}), {found.day}", screen_rows(each.items, words))
    if found.unknown:
        say(f"Halted, and so not on the lists: {', '.join(found.unknown)}", as_json=as_json)
    if to is not None:
        files = write_work_lists(world, found, to, words)
        say(f"{len(found.lists)} lists for {found.day}, {len(files)} files below {to}", as_json=as_json)
