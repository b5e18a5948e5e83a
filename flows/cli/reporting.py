"""Commands that write the reports of a date again: in another language, for one team, or into another folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.world import World, open_world
from domain.periods import Period
from domain.records import Grain
from flows.cli.arguments import OnDate, parse_period
from flows.cli.output import AsJson, show, working
from reports.languages import Language
from reports.scopes import Scope

report = typer.Typer(
    help="Write the daily, weekly, monthly or allocation report of a date: of the book, each department, each team.",
    no_args_is_help=True,
)

InLanguage = Annotated[Language | None, typer.Option("--language", help="Else that of the settings.")]
ToFolder = Annotated[
    Path | None,
    typer.Option("--to", file_okay=False, help="Folder to write into; else one below the home folder."),
]
OfTeam = Annotated[str, typer.Option("--team", help="Only this team, with its people.")]
OfDepartment = Annotated[str, typer.Option("--department", help="Only this department, with its teams and people.")]


ABOUT = {
    "daily": "What is overdue, how far the targets are, and what was left undone.",
    "weekly": "Who falls behind, teams side by side, segments that moved, and where the month may end.",
    "monthly": "Scorecards of departments, leagues that allow for how hard the accounts are, rolls and vintages.",
}


def _add_command(kind: str, about: str) -> None:
    @report.command(kind, help=about)
    def write(
        day: OnDate,
        language: InLanguage = None,
        folder: ToFolder = None,
        team: OfTeam = "",
        department: OfDepartment = "",
        *,
        as_json: AsJson = False,
    ) -> None:
        from tasks.stages.reporting import ReportKind, report_files

        world, scope = open_world(), _scope(team, department)
        with working(f"{kind.capitalize()} report up to {day}"):
            files = report_files(world, ReportKind(kind), day, _language(world, language), folder, scope)
        _show(files, day, as_json=as_json)


for _kind, _about in ABOUT.items():
    _add_command(_kind, _about)


@report.command("allocation")
def allocation(
    day: OnDate,
    language: InLanguage = None,
    folder: ToFolder = None,
    team: OfTeam = "",
    department: OfDepartment = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Who got which accounts in a night: value, bound, prices, what limits cost, and who lost what, and why."""
    from tasks.stages.allocation_report import allocation_facts, allocation_report_files
    from tasks.stages.allocation_report import as_json as content_of

    world, scope = open_world(), _scope(team, department)
    with working(f"Allocation of {day}"):
        facts = allocation_facts(world, day, _language(world, language))
        files = allocation_report_files(world, facts, _language(world, language), folder, scope)
    if as_json:
        show({**content_of(facts), "files": [str(path) for path in files]}, (), as_json=True)
        return
    _show(files, day, as_json=False)


@report.command("actions")
def register(
    day: OnDate,
    language: InLanguage = None,
    folder: ToFolder = None,
    team: OfTeam = "",
    department: OfDepartment = "",
    *,
    as_json: AsJson = False,
) -> None:
    """The register of actions: open by kind and age, overdue by owner, who waits for whom, what came of it."""
    from tasks.stages.register_report import register_files

    world, scope = open_world(), _scope(team, department)
    files = register_files(world, day, _language(world, language), folder, scope)
    _show(files, day, as_json=as_json)


@report.command("originators")
def originators(
    day: OnDate,
    unit: Annotated[
        str, typer.Option("--unit", help="Only this unit of the bank, with the file that it answers in.")
    ] = "",
    language: InLanguage = None,
    folder: ToFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Feedback to the units that transferred the debts: faults by unit, with rates, and the unit's answers."""
    from tasks.stages.originators import originator_files

    world = open_world()
    files = originator_files(world, day, _language(world, language), folder, unit)
    _show(files, day, as_json=as_json)


@report.command("nights")
def nights(
    day: OnDate,
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="Business dates up to and including it.")] = 30,
    language: InLanguage = None,
    folder: ToFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """What nights cost, stage by stage: seconds, memory, disk and rows, and whether any of it grows."""
    from tasks.stages.night_costs import night_cost_files

    world = open_world()
    _show(night_cost_files(world, day, days, _language(world, language), folder), day, as_json=as_json)


@report.command("partner")
def partner_review(
    month: Annotated[Period, typer.Option("--month", parser=parse_period, metavar="YYYY-MM", help="Month.")],
    partner: Annotated[str, typer.Option("--partner", help="Only this partner; else every one of the month.")] = "",
    language: InLanguage = None,
    folder: ToFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """The monthly review pack of partners, as a meeting uses it: page, workbook and PDF."""
    from tasks.stages.partner_pack import partner_packs

    world = open_world()
    with working(f"Review packs of {month}"):
        files = partner_packs(world, month, _language(world, language), partner=partner, folder=folder)
    rows = [{"partner": path.stem, "file": str(path)} for path in files]
    show({"month": month, "files": [str(path) for path in files]}, rows, as_json=as_json, title="Review packs")


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
