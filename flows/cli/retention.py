"""Retention: what may go, its removal by a named person, and legal holds against it."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.store.retention import HoldKind, LegalHold
from adapters.world import open_world
from domain.ids import short
from flows.attempts import attempt_at, turn_at
from flows.cli.output import AsJson, say, show, working

app = typer.Typer()
legal_hold = typer.Typer(help="Legal holds: what retention may not remove.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="Your name, as it is to be recorded.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]


@app.command()
def retain(
    plan: Annotated[
        str, typer.Option("--plan", help="Remove what this plan names: its digest, or the beginning.")
    ] = "",
    by: By = "",
    reason: Reason = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and remove nothing.")] = False,
    each: Annotated[bool, typer.Option("--each", help="Every file, instead of sums.")] = False,
    as_json: AsJson = False,
) -> None:
    """Files whose term is over and that nothing keeps: shown with --dry-run, removed with --plan, --by and --reason."""
    from tasks.stages.retain import apply_retention, plan_retention

    if dry_run == bool(plan):
        raise typer.BadParameter("give --dry-run, or --plan with the digest that it showed")
    world = open_world()
    if plan:
        with working("Removing"), turn_at(world, f"retain {plan}", None) as attempt:
            done = apply_retention(world, plan, attempt, by=by, reason=reason)
        rows = [{"removal": short(one.removal), "files": one.files, "MB": one.size_bytes // 10**6} for one in done]
        show(done, rows, as_json=as_json, title="Removed")
        return
    found = plan_retention(world)
    rows = (
        [{"file": file.path, "kind": file.kind, "dated": file.dated, "bytes": file.size_bytes} for file in found.files]
        if each
        else [{"kind": kind, "files": files, "MB": size // 10**6} for kind, files, size in found.sums()]
    )
    show(found, rows, as_json=as_json, title=f"Retention on {found.today}: what would go")
    for hold in found.holds:
        say(f"Held by {hold.hold}: {_said(hold)}", as_json=as_json)
    if found.files:
        say(f"`recoup retain --plan {short(found.plan)} --by NAME --reason …` removes it", as_json=as_json)


@legal_hold.command("list")
def list_holds(*, as_json: AsJson = False) -> None:
    """Every hold: by whom, why, and whether it is in force."""
    from tasks.stages.legal_holds import holds_on_record

    found = holds_on_record(open_world())
    show(found, [_row(hold) for hold in found], as_json=as_json, title="Legal holds")


@legal_hold.command()
def place(
    by: By = "",
    reason: Reason = "",
    account: Annotated[str, typer.Option("--account", help="Everything of the dates with this account.")] = "",
    period: Annotated[str, typer.Option("--period", help="Everything of this month, such as 2026-09.")] = "",
    run: Annotated[str, typer.Option("--run", help="This run, and all that it reads.")] = "",
    *,
    everything: Annotated[bool, typer.Option("--everything", help="All of it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hold an account, a month, a run or everything: retention removes nothing of it."""
    from tasks.stages.legal_holds import place_hold

    given = [(HoldKind.ACCOUNT, account), (HoldKind.PERIOD, period), (HoldKind.RUN, run)]
    wanted = [(kind, subject) for kind, subject in given if subject]
    wanted += [(HoldKind.EVERYTHING, "")] * everything
    if len(wanted) != 1:
        raise typer.BadParameter("give one of --account, --period, --run and --everything")
    (kind, subject), world = wanted[0], open_world()
    with attempt_at(world, f"legal-hold place {kind.value}", None) as attempt:
        hold = place_hold(world, kind, subject, attempt, by=by, reason=reason)
    show(hold, [_row(hold)], as_json=as_json, title="Placed")


@legal_hold.command()
def release(
    hold: Annotated[str, typer.Argument(help="The hold, such as hold-1.")],
    by: By = "",
    reason: Reason = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Release a hold; by another person than who placed it."""
    from tasks.stages.legal_holds import release_hold

    world = open_world()
    with attempt_at(world, f"legal-hold release {hold}", None) as attempt:
        released = release_hold(world, hold, attempt, by=by, reason=reason)
    show(released, [_row(released)], as_json=as_json, title="Released")


def _row(hold: LegalHold) -> dict[str, str]:
    first, last = hold.decisions[0], hold.decisions[-1]
    return {
        "hold": hold.hold,
        "of": _said(hold),
        "state": "in force" if hold.is_in_force else "released",
        "placed": f"{first.decided_on} by {first.by}: {first.reason}",
        "released": "" if hold.is_in_force else f"{last.decided_on} by {last.by}: {last.reason}",
    }


def _said(hold: LegalHold) -> str:
    return f"{hold.kind.value} {hold.subject}".strip()
