"""Commands on what the gate has stopped: waive a halt, look at waivers."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from adapters.world import open_world
from domain.ids import short
from domain.manifest import Waiver
from flows.attempts import attempt_at
from flows.cli.arguments import ByName, Reason, parse_date
from flows.cli.output import AsJson, say, show

app = typer.Typer()

Until = Annotated[
    date, typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help="Last day on which it holds.")
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


def _row(waiver: Waiver) -> dict[str, str]:
    return {
        "extract": f"{waiver.table} of {waiver.business_date}",
        "check": waiver.check,
        "by": waiver.by,
        "reason": waiver.reason,
        "until": waiver.until.isoformat(),
    }
