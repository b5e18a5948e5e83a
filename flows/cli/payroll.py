"""Commands between the ledger and the payroll system: files out, the return file in, what is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.world import open_world
from domain.periods import Period
from flows.attempts import attempt_at
from flows.cli.arguments import BatchId, ByName, parse_period
from flows.cli.naming import batch_meant
from flows.cli.output import AsJson, say, show

if TYPE_CHECKING:
    from tasks.stages.payroll import Export

payroll = typer.Typer(help="Files for payroll and general ledger, and the return file.", no_args_is_help=True)


@payroll.command()
def export(batch: BatchId, *, as_json: AsJson = False) -> None:
    """The payroll file and the journal of a published batch; publishing has written them already."""
    from tasks.stages.payroll import write_pay_files

    world = open_world()
    with attempt_at(world, f"payroll export {batch}", None):
        batch = batch_meant(world, batch, as_json=as_json)
        exports = write_pay_files(world, batch)
    show(exports, _rows(exports), as_json=as_json, title="Files")


@payroll.command()
def reissue(batch: BatchId, *, as_json: AsJson = False) -> None:
    """A further payroll file with the rejected lines of a batch, with the payroll numbers of the newest night."""
    from tasks.stages.payroll import reissue_rejected

    world = open_world()
    with attempt_at(world, f"payroll reissue {batch}", None):
        batch = batch_meant(world, batch, as_json=as_json)
        exports = reissue_rejected(world, batch)
    show(exports, _rows(exports), as_json=as_json, title="Files")


@payroll.command("import")
def import_return(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Return file of the payroll system.")],
    by: ByName,
    *,
    as_json: AsJson = False,
) -> None:
    """Take in what the payroll system paid and rejected; with anything wrong, nothing of it."""
    from tasks.stages.payroll_return import take_in

    world = open_world()
    with attempt_at(world, f"payroll import {file.name}", None):
        taken = take_in(world, file, by=by)
    show(taken, [asdict(taken)], as_json=as_json, title="Taken in")
    if not taken.paid + taken.rejected:
        say("Nothing new: it was taken in before, or says again what is known", as_json=as_json)


@payroll.command("open")
def list_open(
    period: Annotated[Period | None, typer.Option("--period", parser=parse_period, metavar="YYYY-MM")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Lines that the payroll system has not paid: without an answer, or rejected, with the reason."""
    from tasks.stages.payroll_return import open_lines

    lines = open_lines(open_world(), period)
    show(lines, [asdict(line) for line in lines], as_json=as_json, title="Open at payroll")


def _rows(exports: Iterable[Export]) -> list[dict[str, object]]:
    return [
        {"kind": each.kind, "lines": each.rows, "control totals (minor units)": _totals(each), "file": each.path}
        for each in exports
    ]


def _totals(export: Export) -> str:
    """A payroll file has one sum in each currency, a journal three."""
    return ", ".join(
        f"{currency} {total}"
        if isinstance(total, int)
        else f"{currency} {' '.join(f'{k} {v}' for k, v in total.items())}"
        for currency, total in export.totals.items()
    )
