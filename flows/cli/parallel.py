"""The month beside the old spreadsheet: printed, and as page, workbook and JSON."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.world import open_world
from flows.cli.arguments import OfPeriod, parse_date
from flows.cli.output import AsJson, print_table, say, show
from incentives.old_result import Layout
from reports.formats import Formats
from reports.sections import Row, Section, texts_of

app = typer.Typer()

MOST = 15  # payees in a terminal; the page, the workbook and JSON have all of them


def parse_column(text: str) -> str:
    if "=" not in text:
        raise typer.BadParameter(f'{text!r} names no heading; write, say, payee="Mã NV"')
    return text


@app.command("parallel-run")
def parallel_run(
    period: OfPeriod,
    old: Annotated[Path, typer.Option("--old", exists=True, dir_okay=False, help="The old result: CSV or XLSX.")],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            parser=parse_column,
            metavar="NAME=HEADING",
            help="What a column holds: payee, amount, component, currency, kpi:ID, target:ID, attainment:ID, score, "
            "step:NAME. Repeat for more.",
        ),
    ] = None,
    currency: Annotated[str, typer.Option("--currency", help="Where no column states it.")] = "",
    cut_off: Annotated[
        date | None,
        typer.Option("--cut-off", parser=parse_date, metavar="YYYY-MM-DD", help="Last day that the old result has."),
    ] = None,
    decimal_mark: Annotated[str, typer.Option("--decimal-mark", help="Of numbers that are texts: . or ,")] = "",
    sheet: Annotated[str, typer.Option("--sheet", help="The sheet, where there are several.")] = "",
    header_row: Annotated[
        int, typer.Option("--header-row", min=0, help="Row of the headings; 0: found by itself.")
    ] = 0,
    to: Annotated[
        Path | None, typer.Option("--to", file_okay=False, help="Folder for page, workbook and JSON.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare a month with the old spreadsheet, payee by payee, with the reason of each difference.

    Figures of the old result are put in the place of ours, one after the other, and the policies pay again; so each
    cause has its share of the difference. Nothing is stored but the report, and it says of neither side that it is
    wrong.
    """
    from reports.parallel_run_report import parallel_run_report
    from tasks.stages.parallel_run import compare_with_old, write_parallel_run

    if decimal_mark not in {"", ".", ","}:
        raise typer.BadParameter("--decimal-mark is . or ,")
    world = open_world()
    split = (each.partition("=") for each in columns or ())
    named = {name.strip(): heading.strip() for name, _, heading in split}
    layout = Layout(named, decimal_mark, sheet, header_row, currency)  # type: ignore[arg-type]
    found = compare_with_old(world, period, old, layout, cut_off=cut_off)
    files = write_parallel_run(world, found, to)
    if as_json:
        show(found, (), as_json=True)
        return
    report = parallel_run_report(found)
    for text in report.warnings:
        say(text)
    for section in report.sections:
        if section.name in {"causes", "payees"} and section.rows:
            more = f", the first {MOST} of {len(section.rows)}" if len(section.rows) > MOST else ""
            print_table(f"{section.title}{more}", [_texts(section, row) for row in section.rows[:MOST]])
    for path in files:
        say(f"{path}")


_LEFT_OUT = {"Department", "Explained"}  # for a terminal's width


def _texts(section: Section, row: Row) -> dict[str, str]:
    return {title: text for title, text in texts_of(section, row, Formats()).items() if title not in _LEFT_OUT}
