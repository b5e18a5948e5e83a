"""Commands on the dispatch: overrides by leaders, handovers in absence, and somebody else's approval."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.world import business_today, open_world
from flows.attempts import attempt_at
from flows.cli.arguments import ByName, Reason, parse_date
from flows.cli.output import AsJson, print_table, say, show

if TYPE_CHECKING:
    from domain.issues import Issue
    from tasks.stages.reassign import KnownReassignment

dispatch = typer.Typer(
    help="Owners that people decide: overrides, handovers, and their approval.", invoke_without_command=True
)

ReassignmentId = Annotated[str, typer.Argument(help="Such as override-7, or the beginning of it.")]
FromDay = Annotated[
    date | None,
    typer.Option("--from-day", parser=parse_date, metavar="YYYY-MM-DD", help="First day; left out: today."),
]
Until = Annotated[date, typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help="Last day.")]


@dispatch.callback()
def listed(
    context: typer.Context,
    day: Annotated[
        date | None, typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="Only those of this day.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Overrides and handovers: proposed, approved, rejected."""
    if context.invoked_subcommand:
        return
    from tasks.stages.reassign import list_reassignments

    found = list_reassignments(open_world(), day)
    show(found, [_row(each) for each in found], as_json=as_json, title="Overrides and handovers")


@dispatch.command()
def override(
    until: Until,
    by: ByName,
    reason: Reason,
    account: Annotated[list[str] | None, typer.Argument(help="Accounts; or give --file.")] = None,
    to: Annotated[str, typer.Option("--to", help="Employee or partner who gets them.")] = "",
    file: Annotated[
        Path | None,
        typer.Option("--file", exists=True, dir_okay=False, help="CSV or XLSX with the columns account_id and owner."),
    ] = None,
    first: FromDay = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Propose other owners for accounts, until a day; it counts once somebody else has approved it."""
    from tasks.stages.reassign import Terms, Wanted, propose_override
    from tasks.stages.reassignment_files import read_overrides

    if (file is None) != bool(account and to):
        raise typer.BadParameter("name accounts and --to, or give a --file: one of the two")
    wanted = read_overrides(file) if file else [Wanted(each, to) for each in account or []]
    world = open_world()
    terms = Terms(first or business_today(world), until, by, reason)
    with attempt_at(world, "dispatch override", None) as attempt:
        known = propose_override(world, terms, wanted, attempt)
    _tell(known, as_json=as_json)


@dispatch.command()
def handover(
    absent: Annotated[str, typer.Option("--from", help="The employee who is absent.")],
    until: Until,
    by: ByName,
    reason: Reason,
    to: Annotated[list[str] | None, typer.Option("--to", help="Who takes over; may be given several times.")] = None,
    team: Annotated[str, typer.Option("--team", help="Everybody of this team, by the room that they have.")] = "",
    first: FromDay = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Propose that colleagues work what an absent employee has: the most urgent first, as far as they have room.

    What they cannot take is listed, and stays. On the day after the last it all goes back by itself.
    """
    from tasks.stages.reassign import Terms, propose_handover

    if bool(to) == bool(team):
        raise typer.BadParameter("say who takes over: --to or --team, one of the two")
    world = open_world()
    terms = Terms(first or business_today(world), until, by, reason)
    with attempt_at(world, f"dispatch handover {absent}", None) as attempt:
        known = propose_handover(world, terms, absent, to=to or (), team=team, attempt=attempt)
    _tell(known, as_json=as_json)


@dispatch.command()
def approve(name: ReassignmentId, by: ByName, *, as_json: AsJson = False) -> None:
    """Approve what somebody else proposed: it is released at once, from its first day on."""
    from tasks.stages.reassign import decide_reassignment

    world = open_world()
    with attempt_at(world, f"dispatch approve {name}", None) as attempt:
        known = decide_reassignment(world, name, approve=True, by=by, attempt=attempt)
    show(known, [_row(known)], as_json=as_json, title="Released")


@dispatch.command()
def reject(name: ReassignmentId, by: ByName, reason: Reason, *, as_json: AsJson = False) -> None:
    """Reject what was proposed."""
    from tasks.stages.reassign import decide_reassignment

    world = open_world()
    with attempt_at(world, f"dispatch reject {name}", None) as attempt:
        known = decide_reassignment(world, name, approve=False, by=by, reason=reason, attempt=attempt)
    show(known, [_row(known)], as_json=as_json, title="Rejected")


def _tell(known: KnownReassignment, *, as_json: bool) -> None:
    show(known, [_row(known)], as_json=as_json, title="Proposed")
    name, absent = known.reassignment.reassignment_id, known.reassignment.from_owner
    if known.stays and not as_json:
        print_table(f"Stays with {absent}, the most urgent first", [_stay(each) for each in known.stays])
        say(
            f"{len(known.stays)} accounts stay with {absent}, who is absent, until somebody decides: once {name} is "
            "approved, hand the rest over to another team (--team) or to several people (--to, given again), or give "
            "single accounts to somebody with `recoup dispatch override`"
        )
    say(f"Somebody else types `recoup dispatch approve {name} --by NAME`; nothing changes before", as_json=as_json)


def _stay(issue: Issue) -> dict[str, object]:
    return {"account": issue.location.path.removeprefix("account "), "code": issue.code, "why": issue.message}


def _row(known: KnownReassignment) -> dict[str, object]:
    one = known.reassignment
    owners = sorted({each.owner_id for each in one.accounts})
    to = ", ".join(owners[:5]) + (f" and {len(owners) - 5} more" if len(owners) > 5 else "")
    return {
        "id": one.reassignment_id,
        "accounts": len(one.accounts),
        "from": one.from_owner,
        "to": to,
        "days": f"{one.first} to {one.until}",
        "proposed by": one.proposed_by,
        "reason": one.reason,
        "state": f"{known.state} by {known.decided_by}" if known.decided_by else known.state,
    }
