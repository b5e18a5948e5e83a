"""Commands between the dispatch and the partners: placement and recall files, acknowledgements, what is open."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.world import open_world
from flows.attempts import attempt_at
from flows.cli.arguments import ByName, OnDate, parse_date
from flows.cli.output import AsJson, say, show

partners = typer.Typer(
    help="Partners: files and answers, scorecards, standing, commitments, placements.", no_args_is_help=True
)


@partners.command()
def export(
    night: OnDate,
    by: ByName,
    partner: Annotated[str, typer.Option("--partner", help="Only this partner's.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why a file is corrected.")] = "",
    *,
    correct: Annotated[
        bool, typer.Option("--correct", help="Replace files that would come out different now; needs --reason.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The files of the day after the night, with the columns of the contract; asked again, they are the same."""
    from tasks.stages.partner_files import export_partner_files

    world = open_world()
    with attempt_at(world, f"partners export {night}", night) as attempt:
        files = export_partner_files(
            world, night, by=by, partner=partner, correct=correct, reason=reason, attempt=attempt
        )
    rows = [
        {
            "partner": each.partner_id,
            "kind": each.kind,
            "lines": each.rows,
            "balance": ", ".join(f"{amount} {currency}" for currency, amount in each.balance.items()),
            "replaces": each.replaces,
            "file": each.path,
        }
        for each in files
    ]
    show(files, rows, as_json=as_json, title="Files for partners")


@partners.command()
def acknowledge(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The partner's acknowledgement.")],
    by: ByName,
    on: Annotated[
        date | None,
        typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="Day on which it came; else today."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take in what a partner accepted and rejected; with anything wrong, nothing of it."""
    from tasks.stages.partner_answers import acknowledge as take

    world = open_world()
    with attempt_at(world, f"partners acknowledge {file.name}", None) as attempt:
        taken = take(world, file, by=by, attempt=attempt, received_on=on)
    row = {"file": taken.file_id, "accepted": taken.accepted, "rejected": taken.rejected}
    show(taken, [{**row, "without an answer": len(taken.missing)}], as_json=as_json, title="Taken in")
    if taken.missing:
        some = ", ".join(taken.missing[:10]) + (" …" if len(taken.missing) > 10 else "")
        say(f"Nothing is said of {some}", as_json=as_json)
    if taken.rejected:
        say("Rejected lines are open actions: `recoup actions --open`", as_json=as_json)


@partners.command("open")
def list_open(*, as_json: AsJson = False) -> None:
    """Lines that a partner has not accepted: without an answer, or rejected, with the reason."""
    from tasks.stages.partner_answers import open_at_partners

    found = open_at_partners(open_world())
    show(found, [asdict(each) for each in found], as_json=as_json, title="Open at partners")
