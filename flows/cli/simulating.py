"""What other bonus policies would have cost: printed, as JSON, as a page and a workbook, and as a check."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.world import open_world
from domain.periods import Period
from flows.cli.arguments import parse_period
from flows.cli.output import AsJson, errors, print_table, say, show
from incentives.simulation_checks import Allowed
from reports.formats import Formats
from reports.languages import Language
from reports.sections import texts_of

if TYPE_CHECKING:
    from reports.simulation import Simulation

app = typer.Typer()

MOST = 10  # payees in a terminal; the page, the workbook and JSON have all of them


def parse_percent(text: str) -> Decimal:
    try:
        found = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is no percentage; write a number, such as 3 or 2.5") from None
    if not found.is_finite():
        raise typer.BadParameter(f"{text!r} is no percentage; write a number, such as 3 or 2.5")
    return found


@app.command()
def simulate(
    policies: Annotated[
        Path,
        typer.Option(
            "--policies", exists=True, file_okay=False, help="Folder of policy files, or laid out as a rule book."
        ),
    ],
    first: Annotated[Period, typer.Option("--from", parser=parse_period, metavar="YYYY-MM", help="First month.")],
    last: Annotated[Period, typer.Option("--to", parser=parse_period, metavar="YYYY-MM", help="Last month.")],
    page: Annotated[Path | None, typer.Option("--page", dir_okay=False, help="File for the page.")] = None,
    workbook: Annotated[Path | None, typer.Option("--workbook", dir_okay=False, help="File for the workbook.")] = None,
    at_most: Annotated[
        Decimal | None,
        typer.Option(
            "--at-most", parser=parse_percent, metavar="PERCENT", help="Fail if it is more than so much dearer."
        ),
    ] = None,
    *,
    within_budget: Annotated[
        bool, typer.Option("--within-budget", help="Fail if a department costs more than its bonus budget.")
    ] = False,
    as_dated: Annotated[
        bool, typer.Option("--as-dated", help="Do not pay by a policy before it begins, or after it ends.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What other bonus policies would have cost in months that are past: who gains, who loses, who crosses which tier.

    Both sides are paid by the figures that each month's last official night has stored; nothing is stored, nothing is
    measured again, and no signature is needed. With --at-most or --within-budget it is a check: exit code 1 if broken.
    """
    from adapters.processes import in_processes
    from tasks.stages.simulate import simulate_policies, write_page, write_workbook

    world = open_world()
    allowed = Allowed(at_most, within_budget)
    # without a spinner, which is a thread: `in_processes` copies this process
    found = simulate_policies(world, policies, first, last, allowed=allowed, as_dated=as_dated, work=in_processes)
    language = Language(world.settings.language)
    if page is not None:
        write_page(world, found, page, language)
    if workbook is not None:
        write_workbook(world, found, workbook, language)
    if as_json:
        show(found, (), as_json=True)
    else:
        print_simulation(found)
    for each in found.broken:
        errors.print(each, markup=False, highlight=False, soft_wrap=True)
    if allowed and not found.broken:
        say("The check is passed", as_json=as_json)
    raise typer.Exit(1 if found.broken else 0)


# What a terminal shows; the page and the workbook have every section.
SHOWN = ("cost", "departments", "changes", "payees", "moves", "sensitivity")


def print_simulation(found: Simulation) -> None:
    """The summary for a terminal: what it costs, who gains and who loses, and what is not known."""
    from reports.simulation_report import simulation_report

    report = simulation_report(found)
    say(f"Bonus policies of {found.new} beside those of {found.old}, {', '.join(found.pay.periods)}")
    for text in report.warnings[len(found.broken) :]:
        say(text)
    for section in report.sections:
        if section.name in SHOWN and section.rows:
            rows = section.rows[:MOST]
            more = f", the first {MOST} of {len(section.rows)}" if len(section.rows) > MOST else ""
            print_table(f"{section.title}{more}", [texts_of(section, row, Formats()) for row in rows])
    if not found.changes:
        say("No policy differs")
