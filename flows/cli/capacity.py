"""The command that plans capacity: people needed in the weeks ahead, and what could be done about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from adapters.world import open_world
from flows.cli.arguments import OnDate, RuleFolder
from flows.cli.output import AsJson, print_table, say, show, working
from flows.cli.statements import InLanguage
from reports.formats import Formats
from reports.languages import Language
from reports.sections import Section, texts_of

app = typer.Typer()

FIRST_READ = ("departments", "hours", "proposals", "people")


@app.command()
def capacity(
    day: OnDate,
    weeks: Annotated[int, typer.Option("--weeks", min=4, max=12, help="How many weeks ahead.")] = 8,
    rules: RuleFolder = None,
    page: Annotated[Path | None, typer.Option("--page", dir_okay=False, help="Write it as a page.")] = None,
    workbook: Annotated[Path | None, typer.Option("--workbook", dir_okay=False, help="Write it as a workbook.")] = None,
    language: InLanguage = None,
    *,
    hours: Annotated[
        bool, typer.Option("--hours/--no-hours", help="Solve the allocation again with ten hours more at each team.")
    ] = True,
    by_name: Annotated[
        bool, typer.Option("--by-name", help="Proposals say who: for whoever decides on postings, and nobody else.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print every table, with the arithmetic down to single rates.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """People needed in the weeks after a night, by team and skill, and their cost: a plan, which changes nothing."""
    from reports.capacity import capacity_report
    from tasks.stages.capacity import plan_capacity
    from tasks.stages.capacity_facts import capacity_facts, write_page, write_workbook

    world = open_world()
    with working(f"Capacity from {day} on"):
        planned = plan_capacity(world, day, weeks, rules)
        every = explain or workbook is not None
        facts = capacity_facts(world, planned, with_hours=hours, by_name=by_name, with_rates=every)
    in_language = language or Language(world.settings.language)
    for path, write, what in ((page, write_page, "Page"), (workbook, write_workbook, "Workbook")):
        if path is not None:
            write(world, replace(facts, rates=()) if write is write_page else facts, path, in_language)
            say(f"{what}: {path}", as_json=as_json)
    if as_json:
        show(facts, (), as_json=True)
        return
    report = capacity_report(facts, in_language)
    say(f"{report.title}: {weeks} weeks from {facts.plan.starts[0]} on (estimates)")
    for section in report.sections:
        if explain or section.name in FIRST_READ:
            _print(section, Formats(in_language))
    for text in report.warnings:
        say(f"! {text}")


def _print(section: Section, formats: Formats) -> None:
    if section.rule:
        say(f"\n{section.rule}")
    print_table(section.title, [texts_of(section, row, formats) for row in section.rows])
