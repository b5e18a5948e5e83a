"""Commands on pay: prepare the month, decide on batches, publish, close, explain, verify."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from adapters.store.batches import read_batches
from adapters.store.ledger import read_entries
from adapters.world import World, business_today, open_world
from domain.ids import short
from domain.money import from_minor
from domain.periods import Period
from flows.attempts import attempt_at, turn_at
from flows.cli.arguments import BatchId, ByName, OfPeriod, Reason, parse_date, parse_period
from flows.cli.naming import batch_meant
from flows.cli.output import AsJson, running_flow, say, show

app = typer.Typer()

Role = Annotated[str, typer.Option("--role", help="Role of the chain; without it, the one that is due.")]
Payee = Annotated[str, typer.Option("--payee", help="One payee of the batch: an employee, or the partner.")]
Seen = Annotated[str, typer.Option("--hash", help="Content hash that you reviewed; it must still be the batch's.")]


@app.command("month-end")
def month_end(period: OfPeriod, by: ByName, *, as_json: AsJson = False) -> None:
    """Freeze the payouts of a month into batches, and write what HR reviews."""
    with running_flow(f"Month-end {period}"):
        from flows.month_end import month_end as flow

        prepared = flow(str(period), by)
    show(prepared, _batch_rows(open_world(), period), as_json=as_json, title=f"Batches of {period}")
    for text in prepared.late:
        say(f"came late: {text}", as_json=as_json)
    for text in _debts_told(period):
        say(text, as_json=as_json)


@app.command()
def batches(
    period: Annotated[Period | None, typer.Option("--period", parser=parse_period, metavar="YYYY-MM")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """The batches, what they come to, and whose approval is due."""
    rows = _batch_rows(open_world(), period)
    show(rows, rows, as_json=as_json, title="Batches")
    for text in _debts_told(period):
        say(text, as_json=as_json)


@app.command()
def approve(
    batch: BatchId, by: ByName, role: Role = "", seen: Seen = "", reason: Reason = "", *, as_json: AsJson = False
) -> None:
    """Approve a batch, as the next role of its chain, or for somebody who has delegated it to you.

    Groups, limits and delegations stand in incentives/approvals. Nobody approves what they prepared, or whose rules
    they proposed or signed, or what pays them; nor twice.
    """
    _decide("approved", batch, by, role, seen, reason, as_json=as_json)


@app.command("return")
def return_batch(
    batch: BatchId, by: ByName, reason: Reason, role: Role = "", seen: Seen = "", *, as_json: AsJson = False
) -> None:
    """Send a batch back; what is prepared afterwards is a batch of its own."""
    _decide("returned", batch, by, role, seen, reason, as_json=as_json)


@app.command()
def hold(
    batch: BatchId,
    by: ByName,
    reason: Reason,
    payee: Payee = "",
    until: Annotated[
        date | None,
        typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help="First day on which it no longer holds."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Hold a batch: nothing is decided on it until it is released; the month can be closed. Or hold one payee of it.

    A payee who is held is neither paid nor taken back from. The month is prepared again without them; a batch that
    was frozen before, and would pay them, is refused (BAT014).
    """
    if not payee:
        if until:
            raise typer.BadParameter("--until goes with --payee: a batch is held until it is released")
        _decide("held", batch, by, "", "", reason, as_json=as_json)
        return
    from tasks.stages.adjust import hold_payee

    world = open_world()
    with attempt_at(world, f"hold {payee} of {batch}", None) as attempt:
        batch = batch_meant(world, batch, as_json=as_json)
        held = hold_payee(world, batch, payee, by=by, reason=reason, until=until, attempt=attempt)
    row = {"payee": payee, "state": "held", "until": until or "released", "reason": reason}
    show(held, [row], as_json=as_json, title=f"{by}: held in {held.batch}")
    say("`recoup month-end` prepares the month again, without them", as_json=as_json)


@app.command()
def release(batch: BatchId, by: ByName, reason: Reason, payee: Payee = "", *, as_json: AsJson = False) -> None:
    """Release a held batch; its approvals stand. Or release one payee, whom the month, prepared again, then pays.

    If the month is closed, the payee is paid in the month that is open, under the month in which it was earned.
    """
    if not payee:
        _decide("released", batch, by, "", "", reason, as_json=as_json)
        return
    from tasks.stages.adjust import release_payee

    world = open_world()
    with attempt_at(world, f"release {payee} of {batch}", None) as attempt:
        batch = batch_meant(world, batch, as_json=as_json)
        released = release_payee(world, batch, payee, by=by, reason=reason, attempt=attempt)
    row = {"payee": payee, "state": "released", "reason": reason}
    show(released, [row], as_json=as_json, title=f"{by}: released in {released.batch}")
    say("`recoup month-end` prepares the month again, with them", as_json=as_json)


@app.command()
def publish(batch: BatchId, by: ByName, *, as_json: AsJson = False) -> None:
    """Post an approved batch to the ledger, once."""
    from tasks.stages import decide
    from tasks.stages.after_publish import write_outputs

    world = open_world()
    with turn_at(world, f"publish {batch}", None):
        batch = batch_meant(world, batch, as_json=as_json)
        published = decide.publish(world, batch, by=by)
        write_outputs(world, published.batch)
    _write_reviews(world, str(published.batch))
    row = {
        "batch": published.batch,
        "entries posted": published.entries,
        "ledger at": published.head.sequence,
        "hash": short(published.head.entry_hash),
    }
    show(published, [row], as_json=as_json, title="Published")


@app.command()
def close(period: OfPeriod, by: ByName, reason: Reason, *, as_json: AsJson = False) -> None:
    """Close a month, once every batch of it is published or held; what comes later goes into the next open one."""
    _decide_period("closed", period, by, reason, as_json=as_json)


@app.command()
def reopen(period: OfPeriod, by: ByName, reason: Reason, *, as_json: AsJson = False) -> None:
    """Reopen a closed month: a recorded decision."""
    _decide_period("reopened", period, by, reason, as_json=as_json)


@app.command()
def verify(
    kept: Annotated[
        str, typer.Option("--kept", metavar="NUMBER:HASH", help="End of the audit trail that was noted elsewhere.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Prove the ledger: its chain of hashes, its head, its sums beside the batches that posted them, and that every
    line of those batches comes out again when it is calculated by the rules that were signed then; and that every
    decision of a person is what the audit trail recorded. Exit 0 with nothing worse than warnings.
    """
    from tasks.stages.audit import Kept, verify_trail
    from tasks.stages.explain import verify_ledger

    world = open_world()
    noted = Kept.parse(kept) if kept else None
    issues = (*verify_ledger(world), *verify_trail(world, noted))
    with world.store.read() as connection:
        entries = len(read_entries(connection))
    if as_json or issues:
        rows = [{"found": str(issue)} for issue in issues]
        show({"entries": entries, "issues": issues}, rows, as_json=as_json, title="Ledger")
    found = sum(issue.is_error for issue in issues)
    warned = f", {len(issues) - found} warnings" if len(issues) > found else ""
    say(f"{entries} entries, {found} findings{warned}", as_json=as_json)
    raise typer.Exit(1 if found else 0)


def _decide(kind: str, batch: str, by: str, role: str, seen: str, reason: str, *, as_json: bool) -> None:
    from incentives.batches import DecisionKind
    from tasks.stages import decide

    world = open_world()
    with attempt_at(world, f"{kind} {batch}", None):
        batch = batch_meant(world, batch, as_json=as_json)
        frozen = decide.decide(world, batch, DecisionKind(kind), by=by, role=role, reason=reason, seen=seen)
    _write_reviews(world, str(frozen.batch.batch_id))
    row = {"batch": frozen.batch.batch_id, "state": frozen.state.phase.value, "next": frozen.state.next_role}
    show(row, [row], as_json=as_json, title=f"{by}: {kind}")


def _decide_period(kind: str, period: Period, by: str, reason: str, *, as_json: bool) -> None:
    from incentives.batches import PeriodDecisionKind
    from tasks.stages import decide

    world = open_world()
    with attempt_at(world, f"{kind} {period}", None):
        state = decide.decide_period(world, period, PeriodDecisionKind(kind), by=by, reason=reason)
    row = {"month": str(period), "state": state.value}
    show(row, [row], as_json=as_json, title=f"{by}: {kind}")


def _write_reviews(world: World, batch: str) -> None:
    """The page and workbook show decisions, so each decision writes them anew; an opening of pay has none."""
    from tasks.stages.brought_in import is_opening
    from tasks.stages.review import write_review

    if not is_opening(batch):
        write_review(world, Period.parse("-".join(batch.split("-")[1:3])))


def _debts_told(period: Period | None) -> tuple[str, ...]:
    """What payees owe where nothing is paid to them, and debts that were moved by half."""
    from tasks.stages.review import debts_told

    return debts_told(open_world(), period) if period else ()


def _batch_rows(world: World, period: Period | None) -> list[dict[str, Any]]:
    from tasks.stages.month_end import read_frozen

    rows, today = [], business_today(world)
    with world.store.read() as connection:
        for row in read_batches(connection, str(period or "")):
            frozen = read_frozen(connection, row.batch_id)
            amounts: dict[str, int] = {}
            for posting in frozen.postings:
                amounts[posting.key.currency] = amounts.get(posting.key.currency, 0) + posting.amount_minor
            text = ", ".join(
                f"{from_minor(minor, currency):,f} {currency}" for currency, minor in sorted(amounts.items())
            )
            rows.append(
                {
                    "batch": row.batch_id,
                    "payees": len({posting.key.payee for posting in frozen.postings}),
                    "to post": text or "nothing",
                    "state": frozen.state_on(today).phase.value,
                    "next": frozen.state_on(today).next_role,
                }
            )
    return rows
