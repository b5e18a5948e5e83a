"""Commands on targets: those in force as a sheet to go on with, and what is due of whom."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.settings import read_settings
from adapters.world import business_today, open_world
from flows.cli.arguments import RuleFolder, parse_date
from flows.cli.output import errors, say

targets = typer.Typer(help="What is expected, of whom.", no_args_is_help=True)


@targets.command()
def export(
    to: Annotated[Path, typer.Option("--to", dir_okay=False, help="The sheet to write: .csv or .xlsx.")],
    day: Annotated[
        date | None,
        typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="Targets in force on this day; else today."),
    ] = None,
    rules: RuleFolder = None,
) -> None:
    """Write the targets in force into a sheet; put into kpi_rules/targets, it gives the same rules again."""
    from tasks.stages.target_sheets import export_targets

    if to.suffix.lower() not in {".csv", ".xlsx"}:
        raise typer.BadParameter("name the sheet .csv or .xlsx", param_hint="--to")
    exported = export_targets(open_world(), to, day or business_today(open_world()), read_settings().rules, rules)
    say(f"{exported.rows} targets of {exported.rules} rules in {to}")
    for path in exported.also_in:
        errors.print(f"{path} states them too: take them out there, when the sheet goes into the book", highlight=False)
