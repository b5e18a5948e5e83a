"""Commands on what the gate has stopped: waive a halt, look at the quarantine, correct its rows, see trends."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.store.quarantine import Correction, corrections_on_record
from adapters.world import open_world
from domain.ids import short
from domain.manifest import Waiver
from flows.attempts import attempt_at
from flows.cli.arguments import ByName, OnDate, Reason, parse_date
from flows.cli.output import AsJson, say, show

app = typer.Typer()

OfTable = Annotated[str, typer.Option("--table", help="Table of the catalogue.")]
Until = Annotated[
    date, typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help="Last day on which it holds.")
]

FromDate = Annotated[
    date | None,
    typer.Option(
        "--from", parser=parse_date, metavar="YYYY-MM-DD", help="First business date; else the newest 60 nights."
    ),
]
ToDate = Annotated[
    date | None, typer.Option("--to", parser=parse_date, metavar="YYYY-MM-DD", help="Last business date.")
]


@app.command()
def waive(
    run: Annotated[str, typer.Argument(help="The halted run's id, or the beginning of it.")],
    check: Annotated[str, typer.Argument(help="The check that halted, such as payments.duplicates.")],
    by: ByName,
    reason: Reason,
    until: Until,
    *,
    as_json: AsJson = False,
) -> None:
    """Go on over a halted check of one extract; whatever uses it says so. Void once past, or when other data land."""
    from tasks.stages.waive import waive as record

    world = open_world()
    with attempt_at(world, f"waive {check}", None) as attempt:
        waiver = record(world, run, check, by=by, reason=reason, until=until, attempt=attempt)
    show(waiver, [_row(waiver)], as_json=as_json, title="Waived")
    say(f"`recoup nightly --date {waiver.business_date}` now goes on over it", as_json=as_json)


@app.command()
def waivers(*, as_json: AsJson = False) -> None:
    """Every waiver on record, newest first, and whether it still holds."""
    from tasks.stages.waive import list_waivers

    found = list_waivers(open_world())
    rows = [{**_row(one.waiver), "run": short(one.run), "standing": one.standing.value} for one in found]
    show(found, rows, as_json=as_json, title="Waivers")


@app.command()
def quarantine(
    day: Annotated[date | None, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD")] = None,
    table: OfTable = "",
    run: Annotated[str, typer.Option("--run", help="A run, instead of the newest night of each date.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """What was set aside, by date, table and reason: rows, and money."""
    from tasks.stages.corrections import list_quarantine

    found = list_quarantine(open_world(), day=day, table=table, run=run)
    rows = [
        {
            "date": each.business_date,
            "table": each.table,
            "reason": each.reason,
            "rows": each.rows,
            "money": ", ".join(f"{amount:,f} {currency}" for currency, amount in each.money),
            "run": short(each.run),
        }
        for each in found
    ]
    show(found, rows, as_json=as_json, title="Quarantine")
    if rows:
        say("`recoup export-quarantine --date D --table T --to FILE.csv` writes them to be corrected", as_json=as_json)


@app.command("export-quarantine")
def export(
    day: OnDate,
    table: OfTable,
    path: Annotated[Path, typer.Option("--to", dir_okay=False, help="CSV file to write; it holds personal data.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write the rows that were set aside to a sheet on which they can be corrected."""
    from tasks.stages.corrections import export_quarantine

    number = export_quarantine(open_world(), table, day, path)
    row = {"table": table, "date": day, "rows": number, "sheet": str(path)}
    show(row, [row], as_json=as_json)
    say("Correct the cells, or write drop into the column action; then `recoup correct`", as_json=as_json)


@app.command()
def correct(
    sheet: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The corrected sheet.")],
    day: OnDate,
    table: OfTable,
    by: ByName,
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Take a corrected sheet back in: the extract lands anew with its rows, for the next night of that date."""
    from tasks.stages.corrections import correct as take

    world = open_world()
    with attempt_at(world, f"correct {table} {day}", day) as attempt:
        done = take(world, sheet, table, day, by=by, reason=reason, attempt=attempt)
    show(done, [_correction_row(done)], as_json=as_json, title="Corrected")
    say(f"`recoup nightly --date {day}` judges the corrected extract", as_json=as_json)


@app.command()
def corrections(*, as_json: AsJson = False) -> None:
    """Every correction on record, with the file that holds each row as it was and as it is now."""
    with open_world().store.read() as connection:
        found = corrections_on_record(connection)
    show(found, [_correction_row(each) for each in found], as_json=as_json, title="Corrections")


@app.command()
def trends(first: FromDate = None, last: ToDate = None, *, as_json: AsJson = False) -> None:
    """The gate over many nights as a page: rows, quarantine and failing checks by business date."""
    from tasks.stages.trends import gate_trends

    if first is not None and last is not None and first > last:
        raise typer.BadParameter(f"--from {first} is after --to {last}")
    world = open_world()
    found = gate_trends(world, first, last)
    rows = [
        {"check": each.check, "halted": each.halted, "waived": each.waived, "warned": each.warned, "last": each.last}
        for each in found.checks
    ]
    show(found, rows, as_json=as_json, title="Failing checks, in nights")
    counts = ", ".join(f"{number} {outcome}" for outcome, number in found.outcomes.items())
    said = (
        f"{found.nights} nights from {found.first} to {found.last}: {counts}" if found.nights else "No night was gated"
    )
    say(said, as_json=as_json)
    say(f"The page: {world.settings.home / found.page}", as_json=as_json)


def _correction_row(correction: Correction) -> dict[str, str | int]:
    return {
        "extract": f"{correction.table} of {correction.business_date}",
        "replaced": correction.replaced,
        "left out": correction.dropped,
        "by": correction.by,
        "reason": correction.reason,
        "trail": correction.path,
    }


def _row(waiver: Waiver) -> dict[str, str]:
    return {
        "extract": f"{waiver.table} of {waiver.business_date}",
        "check": waiver.check,
        "by": waiver.by,
        "reason": waiver.reason,
        "until": waiver.until.isoformat(),
    }
