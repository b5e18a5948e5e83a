"""Commands that write the reports of a date again: in another language, for one team, or into another folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.world import World, open_world
from domain.records import Grain
from flows.cli.arguments import OnDate
from flows.cli.output import AsJson, show, working
from reports.languages import Language
from reports.scopes import Scope

report = typer.Typer(help="Write the daily, weekly or monthly report of a date.", no_args_is_help=True)

InLanguage = Annotated[Language | None, typer.Option("--language", help="Else that of the settings.")]
ToFolder = Annotated[
    Path | None,
    typer.Option("--to", file_okay=False, help="Folder to write into; else one below the home folder."),
]
OfTeam = Annotated[str, typer.Option("--team", help="Only this team, with its people.")]
OfDepartment = Annotated[str, typer.Option("--department", help="Only this department, with its teams and people.")]


@report.command()
def daily(
    day: OnDate,
    language: InLanguage = None,
    folder: ToFolder = None,
    team: OfTeam = "",
    department: OfDepartment = "",
    *,
    as_json: AsJson = False,
) -> None:
    """What is overdue, how far the targets are, and what was left undone: the book, each department, each team."""
    from tasks.stages.reporting import daily_files

    world = open_world()
    with working(f"Daily report of {day}"):
        files = daily_files(world, day, _language(world, language), folder, _scope(team, department))
    _show(files, day, as_json=as_json)


@report.command()
def weekly(
    day: OnDate,
    language: InLanguage = None,
    folder: ToFolder = None,
    team: OfTeam = "",
    department: OfDepartment = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Teams side by side, segments that moved, where the month may end, and who falls behind, with coaching actions."""
    from tasks.stages.reporting import weekly_files

    world = open_world()
    with working(f"Weekly report up to {day}"):
        files = weekly_files(world, day, _language(world, language), folder, _scope(team, department))
    _show(files, day, as_json=as_json)


@report.command()
def monthly(
    day: OnDate,
    language: InLanguage = None,
    folder: ToFolder = None,
    team: OfTeam = "",
    department: OfDepartment = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Scorecards of departments, roll and vintage tables, and leagues that allow for how hard the accounts are."""
    from tasks.stages.reporting import monthly_files

    world = open_world()
    with working(f"Monthly report up to {day}"):
        files = monthly_files(world, day, _language(world, language), folder, _scope(team, department))
    _show(files, day, as_json=as_json)


def _language(world: World, asked: Language | None) -> Language:
    return asked or Language(world.settings.language)


def _scope(team: str, department: str) -> Scope | None:
    if team and department:
        raise typer.BadParameter("either --team or --department")
    if team:
        return Scope(Grain.TEAM, team)
    return Scope(Grain.DEPARTMENT, department) if department else None


def _show(files: tuple[Path, ...], day: date, *, as_json: bool) -> None:
    rows = [{"report": path.stem, "file": str(path)} for path in files]
    show({"business_date": day, "files": [str(path) for path in files]}, rows, as_json=as_json, title="Reports")
