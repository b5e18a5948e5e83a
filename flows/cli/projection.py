"""The command that projects pay while the month is under way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.world import open_world
from domain.records import Grain
from flows.cli.arguments import OnDate
from flows.cli.output import AsJson, show, working
from flows.cli.statements import InLanguage
from reports.languages import Language
from reports.scopes import Scope

app = typer.Typer()


@app.command()
def projection(
    day: OnDate,
    language: InLanguage = None,
    team: Annotated[str, typer.Option("--team", help="Only this team.")] = "",
    department: Annotated[str, typer.Option("--department", help="Only this department.")] = "",
    folder: Annotated[Path | None, typer.Option("--to", file_okay=False, help="Folder to write into.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """A forecast: what the results so far would pay, what they would at this pace, how far the next step is."""
    from tasks.stages.projection import write_projection

    if team and department:
        raise typer.BadParameter("state --team or --department")
    scope = Scope(Grain.TEAM, team) if team else Scope(Grain.DEPARTMENT, department) if department else None
    world = open_world()
    with working(f"Projection of {day}"):
        files = write_projection(world, day, language or Language(world.settings.language), scope, folder)
    show(files, [{"file": str(file)} for file in files], as_json=as_json, title=f"Projection of {day}")
