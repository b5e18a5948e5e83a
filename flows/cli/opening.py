"""Commands on the state of pay before going live: a template, the import, its signature, and posting it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.world import open_world
from domain.ids import short
from domain.periods import Period
from flows.attempts import attempt_at, turn_at
from flows.cli.arguments import ByName, parse_period
from flows.cli.output import AsJson, errors, say, show

if TYPE_CHECKING:
    from incentives.opening import OpeningFile
    from tasks.stages.brought_in import Opening

opening = typer.Typer(
    help="The state of pay before going live: year to date, draws, what payees owe.", invoke_without_command=True
)

GoLive = Annotated[
    Period, typer.Option("--go-live", parser=parse_period, metavar="YYYY-MM", help="First month that Recoup pays.")
]


@opening.callback()
def openings_listed(context: typer.Context, *, as_json: AsJson = False) -> None:
    """The openings of pay, and what became of them."""
    if context.invoked_subcommand:
        return
    from tasks.stages.brought_in import openings

    with open_world().store.read() as connection:
        found = openings(connection)
    show(found, [_row(each) for each in found], as_json=as_json, title="Openings of pay")


@opening.command()
def template(
    go_live: GoLive,
    to: Annotated[Path, typer.Option("--to", dir_okay=False, help="File to write: .csv or .xlsx.")],
) -> None:
    """Write the lines that an opening should have: one for each payee and column that policies carry over."""
    from tasks.stages.opening_template import write_template

    world = open_world()
    rows = write_template(world, go_live, to)
    say(f"{rows} lines in {to}. Fill in amounts and control totals, add what payees owe, then")
    say(f"`recoup opening pay {to.name} --go-live {go_live} --check`")


@opening.command()
def pay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file: CSV or XLSX.")],
    go_live: GoLive,
    by: Annotated[str, typer.Option("--by", help="Your name, as it is to be recorded.")] = "",
    *,
    check: Annotated[bool, typer.Option("--check", help="Look at the file, and store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in the state of pay before going live; whole, or with anything wrong, nothing of it.

    The same file changes nothing; another one takes the place of one that is not posted. After the first published
    batch nothing more is brought in: an adjustment corrects it.
    """
    from tasks.stages.opening_pay import bring_in, check_opening

    world = open_world()
    if check:
        found, warnings = check_opening(world, file, go_live)
        state, done = None, "Nothing is wrong with it, and nothing was stored"
    else:
        with attempt_at(world, f"opening of pay {file.name}", go_live.start) as attempt:
            brought_in = bring_in(world, file, go_live, attempt, by=by)
        found, warnings, state = brought_in.file, brought_in.warnings, brought_in.opening
        done = (
            "Somebody else types `recoup opening sign --by NAME`" if brought_in.is_new else "It was brought in before"
        )
    show({"opening": state, "file": found}, _sums(found), as_json=as_json, title=f"Opening of pay, {go_live}")
    for issue in warnings:
        errors.print(f"note: {issue}", markup=False, highlight=False, soft_wrap=True)
    say(done, as_json=as_json)


@opening.command()
def sign(by: ByName, *, as_json: AsJson = False) -> None:
    """Sign the opening that waits; by somebody else than who brought it in, who may approve bonuses."""
    from tasks.stages.opening_pay import sign_opening

    world = open_world()
    with attempt_at(world, "sign opening of pay", None):
        signed = sign_opening(world, by=by)
    show(signed, [_row(signed)], as_json=as_json, title=f"{by}: signed")
    say("`recoup opening post --by NAME` posts it", as_json=as_json)


@opening.command()
def post(by: ByName, *, as_json: AsJson = False) -> None:
    """Post a signed opening: what is owed enters the ledger, and columns are carried over from now on."""
    from tasks.stages.opening_pay import post_opening

    world = open_world()
    with turn_at(world, "post opening of pay", None):
        published = post_opening(world, by=by)
    rows = [{"batch": each.batch, "entries posted": each.entries, "ledger at": each.head.sequence,
             "hash": short(each.head.entry_hash)} for each in published]  # fmt: skip
    show(published, rows, as_json=as_json, title="Posted")


def _row(each: Opening) -> dict[str, object]:
    first = each.batches[0]
    return {
        "opening": each.name,
        "file": short(each.file),
        "go-live": str(each.go_live),
        "months": ", ".join(sorted({str(batch.period) for batch in each.batches})),
        "departments": ", ".join(sorted({batch.scope for batch in each.batches})),
        "state": each.state.value,
        "brought in by": first.by,
        "signed by": first.signed_by,
        "posted by": first.posted_by,
    }


def _sums(file: OpeningFile) -> list[dict[str, object]]:
    """The control totals, each of which the lines come to."""
    counts = {total.sort: sum(line.sort == total.sort for line in file.lines) for total in file.totals}
    return [
        {
            "what": total.what.value,
            "column": f"{total.component}.{total.column}" if total.component else "",
            "month": str(total.period),
            "payees": counts[total.sort],
            "sum": f"{total.amount:,f}",
            "currency": total.currency,
        }
        for total in file.totals
    ]
