"""Commands on what stands beside the calculation: manual adjustments, and disputes about lines of pay."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.world import open_world
from domain.periods import Period
from flows.attempts import attempt_at
from flows.cli.arguments import BatchId, ByName, Reason, parse_period
from flows.cli.naming import batch_meant
from flows.cli.output import AsJson, say, show

if TYPE_CHECKING:
    from tasks.stages.adjust import KnownAdjustment
    from tasks.stages.settling import Case

adjustments = typer.Typer(
    help="Manual adjustments: proposed by one person, approved by another, paid beside the calculation.",
    invoke_without_command=True,
)
disputes = typer.Typer(
    help="Disputes of payees about lines of pay: opened, answered, resolved.", invoke_without_command=True
)


_AMOUNT = re.compile(r"-?([0-9]{1,18}|[0-9]{1,3}([,_][0-9]{3}){1,5})(\.[0-9]{1,3})?")


def parse_amount(text: str) -> Decimal:
    """Plain digits, or groups of three by comma: `12,30` is refused, and not read as 1230. Digits after the point that
    the currency does not have are refused with the proposal."""
    if not _AMOUNT.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no amount; write, say, 500000, 500,000 or -12.30")
    return Decimal(text.replace(",", "").replace("_", ""))


OfMonth = Annotated[
    Period | None, typer.Option("--period", parser=parse_period, metavar="YYYY-MM", help="Only those of this month.")
]
Payee = Annotated[str, typer.Option("--payee", help="Employee, or partner.")]
AdjustmentId = Annotated[str, typer.Argument(help="The adjustment's id, or the beginning of it.")]
DisputeId = Annotated[str, typer.Argument(help="The dispute's id, or the beginning of it.")]


@adjustments.callback()
def adjustments_listed(context: typer.Context, period: OfMonth = None, *, as_json: AsJson = False) -> None:
    """The adjustments, and what became of them."""
    if context.invoked_subcommand:
        return
    from tasks.stages.adjust import list_adjustments

    found = list_adjustments(open_world(), period)
    show(found, [_adjustment_row(each) for each in found], as_json=as_json, title="Adjustments")


@adjustments.command()
def propose(
    batch: BatchId,
    payee: Payee,
    amount: Annotated[
        Decimal, typer.Option("--amount", parser=parse_amount, metavar="AMOUNT", help="In major units; minus takes.")
    ],
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217 code.")],
    by: ByName,
    reason: Reason,
    dispute: Annotated[str, typer.Option("--dispute", help="Id of the dispute that it settles.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Propose an amount beside the calculation, for a payee of a batch; it is earned in the batch's month."""
    from tasks.stages.adjust import NewAdjustment, propose

    world = open_world()
    with attempt_at(world, f"adjust {payee} of {batch}", None) as attempt:
        batch = batch_meant(world, batch, as_json=as_json)
        known = propose(world, batch, NewAdjustment(payee, amount, currency, by, reason, dispute), attempt)
    show(known, [_adjustment_row(known)], as_json=as_json, title=f"{by}: proposed")
    say(f"somebody else types `recoup adjustments approve {known.adjustment_id} --by NAME`", as_json=as_json)


@adjustments.command()
def move(
    batch: BatchId,
    payee: Payee,
    source: Annotated[str, typer.Option("--from", help="The department in which it is owed.")],
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217 code.")],
    by: ByName,
    reason: Reason,
    amount: Annotated[
        Decimal | None,
        typer.Option("--amount", parser=parse_amount, metavar="AMOUNT", help="In major units; without it, all of it."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Propose that what a payee owes in another department is deducted by the one of the batch, under its cap.

    Once it is approved, the other department's batch credits it, and this one's, prepared after that one is published,
    takes it up: it is neither lost nor taken twice.
    """
    from tasks.stages.adjust import NewMove, propose_move

    world = open_world()
    with attempt_at(world, f"move debt of {payee} to {batch}", None) as attempt:
        batch = batch_meant(world, batch, as_json=as_json)
        known = propose_move(world, batch, NewMove(payee, source, currency, by, reason, amount), attempt)
    show(known, [_adjustment_row(known)], as_json=as_json, title=f"{by}: proposed")
    say(f"somebody else types `recoup adjustments approve {known.adjustment_id} --by NAME`", as_json=as_json)


@adjustments.command("approve")
def approve_adjustment(adjustment: AdjustmentId, by: ByName, *, as_json: AsJson = False) -> None:
    """Approve an adjustment that somebody else proposed; the month, prepared again, pays it."""
    _decide_adjustment(adjustment, by, "", approve=True, as_json=as_json)


@adjustments.command("reject")
def reject_adjustment(adjustment: AdjustmentId, by: ByName, reason: Reason, *, as_json: AsJson = False) -> None:
    """Reject a proposed adjustment."""
    _decide_adjustment(adjustment, by, reason, approve=False, as_json=as_json)


@disputes.callback()
def disputes_listed(context: typer.Context, period: OfMonth = None, *, as_json: AsJson = False) -> None:
    """The disputes, and what became of them."""
    if context.invoked_subcommand:
        return
    from tasks.stages.disputes import list_disputes

    found = list_disputes(open_world(), period)
    show(found, [_dispute_row(each) for each in found], as_json=as_json, title="Disputes")


@disputes.command("open")
def open_(
    batch: BatchId,
    payee: Payee,
    by: ByName,
    about: Annotated[str, typer.Option("--about", help="What is wrong with the line, in words.")],
    owner: Annotated[str, typer.Option("--owner", help="Who has to answer.")] = "hr",
    component: Annotated[str, typer.Option("--component", help="The line; without it, the payee's only one.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Open a dispute about a line of a batch, from its preparation until the window after publishing is over."""
    from tasks.stages.disputes import open_dispute

    world = open_world()
    with attempt_at(world, f"dispute {payee} of {batch}", None) as attempt:
        batch = batch_meant(world, batch, as_json=as_json)
        case = open_dispute(world, batch, payee, component, by=by, about=about, owner=owner, attempt=attempt)
    show(case, [_dispute_row(case)], as_json=as_json, title=f"{by}: opened")


@disputes.command()
def answer(
    dispute: DisputeId,
    by: ByName,
    text: Annotated[str, typer.Option("--text", help="What the payee is told.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Answer a dispute; it stays open until it is resolved."""
    from tasks.stages.disputes import answer

    world = open_world()
    with attempt_at(world, f"answer {dispute}", None) as attempt:
        case = answer(world, dispute, by=by, text=text, attempt=attempt)
    show(case, [_dispute_row(case)], as_json=as_json, title=f"{by}: answered")


@disputes.command()
def resolve(
    dispute: DisputeId,
    by: ByName,
    reason: Reason,
    *,
    upheld: Annotated[bool, typer.Option("--upheld/--rejected", help="Whether the payee is right.")],
    as_json: AsJson = False,
) -> None:
    """Resolve a dispute; one that is upheld is settled by an adjustment that names it."""
    from tasks.stages.disputes import batch_to_adjust, resolve

    world = open_world()
    with attempt_at(world, f"resolve {dispute}", None) as attempt:
        case = resolve(world, dispute, upheld=upheld, by=by, reason=reason, attempt=attempt)
    show(case, [_dispute_row(case)], as_json=as_json, title=f"{by}: resolved")
    if upheld:
        batch = batch_to_adjust(world, case)
        line = f"`recoup adjustments propose {batch} --payee {case.payee} --dispute {case.action.action_id} …`"
        say(f"{line} proposes what settles it", as_json=as_json)


def _decide_adjustment(adjustment: str, by: str, reason: str, *, approve: bool, as_json: bool) -> None:
    from tasks.stages.adjust import decide_adjustment

    world = open_world()
    with attempt_at(world, f"decide adjustment {adjustment}", None) as attempt:
        known = decide_adjustment(world, adjustment, approve=approve, by=by, reason=reason, attempt=attempt)
    show(known, [_adjustment_row(known)], as_json=as_json, title=f"{by}: {known.state}")
    if approve and known.moved_from:
        first = f"prepare {known.period} again and publish its batch of {known.moved_from}, which credits it"
        say(f"{first}; then prepare it once more, and publish its batch of {known.scope}", as_json=as_json)
    elif approve:
        say(f"`recoup month-end --period {known.period}` prepares the month again, with it", as_json=as_json)


def _adjustment_row(known: KnownAdjustment) -> dict[str, object]:
    return {
        "adjustment": known.adjustment_id,
        "payee": known.payee,
        "of": f"{known.kind.value} {known.scope} {known.period}"
        + (f", moved from {known.moved_from}" if known.moved_from else ""),
        "amount": f"{known.amount:,f} {known.currency}",
        "reason": known.reason,
        "proposed by": known.proposed_by,
        "state": f"{known.state} by {known.decided_by}" if known.decided_by else known.state,
        "dispute": known.case,
    }


def _dispute_row(case: Case) -> dict[str, object]:
    answered = [each for each in case.action.decisions if each.kind.value == "answered"]
    state = case.action.outcome or (f"answered: {answered[-1].reason}" if answered else "open")
    return {
        "dispute": case.action.action_id,
        "line": f"{case.payee} {case.component} {case.period}",
        "about": case.action.opened.about.partition(": ")[2],
        "owner": case.action.owner,
        "answer by": case.action.deadline.isoformat(),
        "state": state,
        "settled by": case.settled_by,
    }
