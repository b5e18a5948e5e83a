"""Commands on books of accounts: the demo book, imports through mappings, the opening."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from adapters.errors import RefusedError
from adapters.world import World, open_world
from flows.attempts import turn_at
from flows.cli.arguments import ByName, OnDate, parse_date
from flows.cli.output import AsJson, errors, say, show, working

app = typer.Typer()


@app.command()
def demo(
    start: Annotated[
        date, typer.Option("--from", parser=parse_date, metavar="YYYY-MM-DD", help="First business date.")
    ],
    end: Annotated[date, typer.Option("--to", parser=parse_date, metavar="YYYY-MM-DD", help="Last business date.")],
    accounts: Annotated[int, typer.Option(help="Accounts.")] = 20_000,
    employees: Annotated[int, typer.Option(help="Employees.")] = 120,
    partners: Annotated[int, typer.Option(help="Partners.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed gives the same book.")] = 1,
    states: Annotated[
        list[date] | None,
        typer.Option(
            "--state-on",
            parser=parse_date,
            metavar="YYYY-MM-DD",
            help="Write whole state tables only on this date; repeat for more. Default: every date.",
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write a demo book into the landing folder: invented people, debts and payments."""
    from adapters.demo import DemoPlan, write_demo_book

    world = open_world()
    try:
        plan = DemoPlan(accounts, employees, partners, start, end, seed, tuple(states) if states else None)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with working(f"Writing a demo book of {accounts:,} accounts"):
        summary = write_demo_book(
            plan,
            world.settings.landing,
            memory_limit=world.settings.memory_limit,
            threads=world.settings.threads,
            write=partial(_write, world),
        )
    rows = [{"table": table, "rows": number} for table, number in sorted(summary.rows.items())]
    show(summary, rows, as_json=as_json, title="Demo book: invented people, debts and payments")
    say(f"{summary.files} files below {world.settings.landing}", as_json=as_json)


@app.command("import")
def import_files(
    mapping: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Mapping file (YAML).")],
    day: OnDate,
    files: Annotated[list[Path] | None, typer.Argument(help="The extract; none where the mapping has a query.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Turn an extract or a query into landing tables by a mapping: all of them, or none and every reason why."""
    from adapters.importing import Limits, import_extract
    from adapters.rule_files import read_document

    world = open_world()
    document, issues = read_document(mapping, str(mapping))
    if document is None:
        raise RefusedError("\n".join(str(issue) for issue in issues))
    settings = world.settings
    with working(f"Importing {len(files)} files" if files else "Importing"):
        report = import_extract(
            document,
            files or [],
            business_date=day,
            landing=settings.landing,
            memory_limit=settings.memory_limit,
            threads=settings.threads,
            write=partial(_write, world),
            limits=Limits(settings.largest_line_bytes, settings.largest_unpacked_bytes),
            round_keys=settings.round_keys,
        )
    rows = [{"table": table.table, "rows": table.rows, "left out": table.rows_left_out} for table in report.tables]
    show(report, rows, as_json=as_json, title=f"Imported for {day}")
    for table in report.tables:
        if table.rows_replaced:
            text = f"{table.path} had {table.rows_replaced:,} rows of another import, and has these in their place"
            say(f"{text}: several files of one day are imported together", as_json=as_json)
    for issue in report.issues:
        errors.print(str(issue), markup=False, highlight=False, soft_wrap=True)
    if report.failed:
        raise typer.Exit(1)


@app.command("open")
def open_book(day: OnDate, by: ByName, *, as_json: AsJson = False) -> None:
    """Sign off the owners with which Recoup takes over: the first release of the dispatch."""
    from tasks.stages import opening

    world = open_world()
    with turn_at(world, f"open {day}", day) as attempt:
        opened = opening.open_book(world, day, attempt, by=by)
    show(opened, [{"accounts": opened.accounts, "valid from": day, "by": by}], as_json=as_json, title="Opening")


def _write(world: World, path: Path, produce: Callable[[Path], None]) -> None:
    world.seam.write_file(path, produce, point="landing")
