"""Commands on targets: those in force as a sheet to go on with, and what is due of whom."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from adapters.settings import read_settings
from adapters.world import business_today, open_world
from domain.ids import canonical_decimal
from flows.cli.arguments import OnDate, RuleFolder, parse_date
from flows.cli.output import AsJson, errors, say, show

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


@targets.command()
def due(
    day: OnDate,
    employee: Annotated[str, typer.Option("--employee", help="Of one person.")] = "",
    *,
    missing: Annotated[bool, typer.Option("--missing", help="Only parts of scorecards without a target.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what was due of each person on a measured night, what they reached, and how the target came about."""
    from tasks.stages.due_targets import due_on

    found = due_on(open_world(), day, employee=employee, missing=missing)
    rows = [
        {
            "employee": each.employee,
            "kpi": each.kpi,
            "target": _shown(each.target),
            "value": _shown(each.value),
            "how": each.how,
        }
        for each in found
    ]
    show(found, rows, as_json=as_json, title=f"Due on {day}")


def _shown(number: Decimal | None) -> str:
    return "none" if number is None else canonical_decimal(round(number, 6))
