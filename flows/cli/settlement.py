"""Commands of settlement with partners: claims matched, differences decided, answers, invoices, files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.errors import RefusedError
from adapters.world import World, open_world
from domain.money import from_minor
from flows.attempts import attempt_at
from flows.cli.adjusting import parse_amount
from flows.cli.arguments import BatchId, ByName, Reason, parse_date
from flows.cli.output import AsJson, say, show
from flows.cli.statements import InLanguage

if TYPE_CHECKING:
    from incentives.claims.differences import Step
    from tasks.stages.claims_decide import Decided, Which
    from tasks.stages.claims_files import Answered
    from tasks.stages.claims_invoices import KnownInvoice
    from tasks.stages.claims_run import Settlement
    from tasks.stages.claims_status import OpenDifference, Reconciled, SettlementStatus, Side

settlement = typer.Typer(
    help="Settlement with partners: their claims matched to the books, and what is decided on differences.",
    no_args_is_help=True,
)

Partner = Annotated[str, typer.Option("--partner", help="The partner.")]
OfContract = Annotated[str, typer.Option("--contract", help="The contract; needed where a partner has several.")]
SettlementId = Annotated[str, typer.Argument(help="The settlement's id, or the beginning of it.")]


@settlement.command()
def run(
    partner: Partner,
    cycle: Annotated[str, typer.Option("--cycle", help="2026-09, 2026-Q3, or a day of the cycle.")],
    by: ByName,
    contract: OfContract = "",
    on: Annotated[
        date | None, typer.Option("--date", parser=parse_date, help="Night whose books count; the newest gated one.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Match a partner's claims of a cycle to the books, and list everything that does not agree."""
    from tasks.stages.claims_run import settle_claims
    from tasks.stages.claims_status import reconciled

    world = open_world()
    with attempt_at(world, f"settlement run {partner} {cycle}", on) as attempt:
        made = settle_claims(world, partner, cycle, contract=contract, on=on, by=by, attempt=attempt)
    show(made, [_settlement_row(made)], as_json=as_json, title=f"Settlement of {made.cycle}")
    if not as_json:
        for each in reconciled(made.totals):
            _show_both_ways(each)
    _say_months(world, made.partner, as_json=as_json)
    if made.differences:
        say(f"`recoup settlement show {made.settlement_id}` lists the differences;", as_json=as_json)
        say(f"`recoup settlement correspondence {made.settlement_id}` writes the partner's list", as_json=as_json)


@settlement.command("list")
def list_(
    partner: Partner = "",
    on: Annotated[date | None, typer.Option("--date", parser=parse_date, help="As of this day; today.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """How settlement stands, by partner and contract: what is open, how old it is, and who is waited for."""
    from tasks.stages.claims_status import settlement_status

    found = settlement_status(open_world(), partner=partner, on=on)
    show(found, [_status_row(each) for each in found], as_json=as_json, title="Settlement with partners")


@settlement.command("show")
def show_(
    settlement: SettlementId,
    kind: Annotated[str, typer.Option("--kind", help="Only differences of this kind.")] = "",
    most: Annotated[int, typer.Option("--most", help="How many differences to list.")] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """A settlement: numbers and money both ways, and its open differences with the partner's answers."""
    from adapters.store.claims import settlement_named
    from tasks.stages.claims_status import settlement_status

    world = open_world()
    with world.store.read() as connection:
        row = settlement_named(connection, settlement)
    (status,) = [each for each in settlement_status(world, partner=row.partner_id) if each.contract == row.contract_id]
    if status.settlement_id != row.settlement_id:
        say(f"{row.settlement_id} was followed by {status.settlement_id}, which lists what is open", as_json=as_json)
    chosen = [each for each in status.open if kind in {"", each.difference.kind.value}]
    if not as_json:
        for each in status.reconciled:
            _show_both_ways(each)
    show(chosen, [_open_row(each) for each in chosen[:most]], as_json=as_json, title=f"Open of {status.settlement_id}")
    if len(chosen) > most:
        say(f"{len(chosen) - most} more: `--most {len(chosen)}`, or --kind", as_json=as_json)


@settlement.command()
def decide(
    step: Annotated[str, typer.Argument(help="ours, theirs, reject, wait, confirm, object or reopen.")],
    by: ByName,
    reason: Reason,
    difference: Annotated[
        list[str] | None,
        typer.Option("--difference", help="Id of a difference, or with --settlement its number; again for more."),
    ] = None,
    settlement: Annotated[
        str, typer.Option("--settlement", help="All of this settlement that could be decided, or those named.")
    ] = "",
    kind: Annotated[str, typer.Option("--kind", help="With --settlement: only this kind.")] = "",
    up_to: Annotated[
        Decimal | None,
        typer.Option("--up-to", parser=parse_amount, metavar="AMOUNT", help="With --settlement: only up to this."),
    ] = None,
    until: Annotated[
        date | None, typer.Option("--until", parser=parse_date, help="With wait: the day until which it waits.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Decide differences: the books count, the claim counts, nothing is payable, or it waits."""
    from incentives.claims.differences import Step
    from tasks.stages.claims_decide import decide_differences

    which = _which(difference or [], settlement, kind, up_to)
    world = open_world()
    with attempt_at(world, f"settlement decide {step} {settlement or ' '.join(difference or [])}", None) as attempt:
        done = decide_differences(world, which, _step(step), by=by, reason=reason, until=until, attempt=attempt)
    show(done, [_decided_row(each) for each in done[:50]], as_json=as_json, title=f"{by}: {step}, {len(done)} in all")
    if any(each.state.pending for each in done):
        say("Above the contract's limit a second person types `recoup settlement decide confirm …`", as_json=as_json)
    if step == Step.REOPEN:
        say("Settle the cycle again: it lists what was opened, if nobody has since", as_json=as_json)
    _say_months(world, done[0].difference.partner, as_json=as_json)


@settlement.command()
def answers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The partner's answered list, as CSV.")],
    settlement: Annotated[str, typer.Option("--settlement", help="The settlement that it answers.")],
    by: ByName,
    *,
    as_json: AsJson = False,
) -> None:
    """Take in what the partner answers; it decides nothing. With anything wrong, nothing of it is taken in."""
    from tasks.stages.claims_files import take_reply

    world = open_world()
    with attempt_at(world, f"settlement answers {file.name}", None) as attempt:
        taken = take_reply(world, file, settlement, by=by, attempt=attempt)
    row = {"settlement": taken.settlement_id, "agreed": taken.agreed, "disputed": taken.disputed}
    row |= {"withdrawn": taken.withdrawn, "open without an answer": taken.without_answer}
    show(taken, [row], as_json=as_json, title=_taken_in(taken))


def _taken_in(taken: Answered) -> str:
    if taken.again:
        return "It is the last one that was taken in: nothing changed"
    if taken.instead_of:
        return f"Taken in again: it counts now, where {taken.instead_of} had said something else"
    return "Taken in"


@settlement.command()
def correspondence(settlement: SettlementId, *, as_json: AsJson = False) -> None:
    """Write the list of open differences for the partner, as CSV and as workbook."""
    from tasks.stages.claims_files import write_correspondence

    world = open_world()
    with attempt_at(world, f"settlement correspondence {settlement}", None):
        made = write_correspondence(world, settlement)
    rows = [{"settlement": made.settlement_id, "lines": made.lines, "file": str(path)} for path in made.files]
    show(rows, rows, as_json=as_json, title="For the partner")


@settlement.command()
def statement(settlement: SettlementId, language: InLanguage = None, *, as_json: AsJson = False) -> None:
    """Write the partner's statement of a settlement: what is agreed, what earns what, what is open and why."""
    from tasks.stages.claims_statement import write_claims_statement

    world = open_world()
    with attempt_at(world, f"settlement statement {settlement}", None):
        files = write_claims_statement(world, settlement, language)
    rows = [{"file": str(path)} for path in files]
    show(rows, rows, as_json=as_json, title="Statement")


@settlement.command()
def invoice(
    batch: BatchId,
    number: Annotated[str, typer.Option("--number", help="The partner's number of the invoice.")],
    dated: Annotated[date, typer.Option("--dated", parser=parse_date, help="Its date.")],
    net: Annotated[Decimal, typer.Option("--net", parser=parse_amount, metavar="AMOUNT", help="Without tax.")],
    tax: Annotated[Decimal, typer.Option("--tax", parser=parse_amount, metavar="AMOUNT", help="The tax.")],
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217 code.")],
    by: ByName,
    *,
    as_json: AsJson = False,
) -> None:
    """Take in a partner's invoice for a published batch of fees, and compare it with what was posted."""
    from tasks.stages.claims_invoices import NewInvoice, take_invoice

    world = open_world()
    with attempt_at(world, f"settlement invoice {number} of {batch}", None) as attempt:
        known = take_invoice(world, batch, NewInvoice(number, dated, net, tax, currency), by=by, attempt=attempt)
    show(known, [_invoice_row(known)], as_json=as_json, title="Taken in")
    if known.is_good:
        say(f"`recoup settlement export {known.invoice.batch}` writes the file for finance", as_json=as_json)
    else:
        named = known.invoice.invoice_id
        say(f"somebody else types `recoup settlement accept {named} --by NAME --reason …`, or reject", as_json=as_json)


@settlement.command()
def invoices(partner: Partner = "", *, as_json: AsJson = False) -> None:
    """The invoices of partners, and how they stand."""
    from tasks.stages.claims_invoices import list_invoices

    found = list_invoices(open_world(), partner)
    show(found, [_invoice_row(each) for each in found], as_json=as_json, title="Invoices")


@settlement.command()
def accept(
    invoice: Annotated[str, typer.Argument(help="Partner and number: R01/2026-114.")],
    by: ByName,
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Accept an invoice that differs from what was posted."""
    _decide_invoice(invoice, by, reason, accept=True, as_json=as_json)


@settlement.command()
def reject(
    invoice: Annotated[str, typer.Argument(help="Partner and number: R01/2026-114.")],
    by: ByName,
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Reject an invoice that differs from what was posted: the partner sends another one."""
    _decide_invoice(invoice, by, reason, accept=False, as_json=as_json)


@settlement.command()
def export(batch: BatchId, *, as_json: AsJson = False) -> None:
    """The file of a published batch for finance, with its control totals; the same however often it is asked for."""
    from tasks.stages.payroll import write_pay_files

    world = open_world()
    with attempt_at(world, f"settlement export {batch}", None):
        files = write_pay_files(world, batch)
    rows = [
        {"kind": each.kind, "lines": each.rows, "totals": dict(each.totals), "file": str(each.path)} for each in files
    ]
    show(rows, rows, as_json=as_json, title="For finance")


def _say_months(world: World, partner: str, *, as_json: bool) -> None:
    """What to type so that what has become payable is paid, or is paid no more."""
    from tasks.stages.claims_state import partner_claims
    from tasks.stages.claims_unpaid import months_to_prepare

    with world.store.read() as connection:
        months = months_to_prepare(connection, partner_claims(world, connection, partner))
    for month in months:
        text = f"`recoup month-end --period {month} --by NAME` pays what is payable of {month} now"
        say(text, as_json=as_json)


def _decide_invoice(invoice: str, by: str, reason: str, *, accept: bool, as_json: bool) -> None:
    from tasks.stages.claims_invoices import decide_invoice

    world = open_world()
    with attempt_at(world, f"settlement invoice {invoice}", None) as attempt:
        known = decide_invoice(world, invoice, accept=accept, by=by, reason=reason, attempt=attempt)
    show(known, [_invoice_row(known)], as_json=as_json, title=f"{by}: {known.state}")


def _which(named: list[str], settlement: str, kind: str, up_to: Decimal | None) -> Which:
    from incentives.claims.kinds import Kind
    from tasks.stages.claims_decide import Which

    if not named and not settlement:
        raise RefusedError("STL019 name differences with --difference, or a whole --settlement")
    if named and (kind or up_to is not None):
        raise RefusedError("STL019 --kind and --up-to choose of a whole --settlement; leave out --difference")
    if kind and kind not in set(Kind):
        raise RefusedError(f"STL019 no kind of difference is called {kind!r}; docs/partners/settlement.md lists them")
    return Which(tuple(named), settlement, Kind(kind) if kind else None, up_to)


def _step(text: str) -> Step:
    from incentives.claims.differences import Step

    if text not in set(Step):
        raise RefusedError(f"STL019 {text!r} is no decision; there are {', '.join(Step)}")
    return Step(text)


def _settlement_row(made: Settlement) -> dict[str, object]:
    return {
        "settlement": made.settlement_id,
        "cycle": str(made.cycle),
        "by the night of": made.run_on.isoformat(),
        "differences": made.differences,
        "answer by": made.reply_by.isoformat(),
    }


def _status_row(status: SettlementStatus) -> dict[str, object]:
    agreed = ", ".join(f"{each.agreed.amount:,f} {each.currency}" for each in status.reconciled if each.agreed.number)
    ages = ", ".join(f"{bucket}: {side.number}" for bucket, side in status.ages().items())
    return {
        "settlement": status.settlement_id,
        "agreed": agreed,
        "open": len(status.open),
        "by age in days": ages,
        "answer by": status.reply_by.isoformat(),
        "waits for": status.waits_for,
        "to prepare": ", ".join(map(str, status.to_prepare)),
    }


def _show_both_ways(each: Reconciled) -> None:
    theirs = [("sent", each.sent), ("agreed", each.agreed_as_claimed), *each.by_kind.items()]
    ours = [("due to be claimed", each.due), ("agreed", each.agreed), ("held by open differences", each.held),
            ("not claimed", each.not_claimed)]  # fmt: skip
    title = f"Theirs → ours, {each.currency or 'no currency'}"
    show([], [_side_row(*pair) for pair in theirs], as_json=False, title=title)
    if each.due.number:
        show([], [_side_row(*pair) for pair in ours], as_json=False, title=f"Ours → theirs, {each.currency}")
        tied = "It ties out." if each.is_tied else "IT DOES NOT TIE OUT."
        claimed, payable = f"{each.agreed_as_claimed.amount:,f}", f"{each.agreed_as_booked:,f} {each.currency}"
        say(f"Agreed lines claim {claimed}; they are booked at {payable}. {tied}")


def _side_row(what: str, side: Side) -> dict[str, object]:
    return {"what": what, "number": f"{side.number:,}", "amount": f"{side.amount:,f}"}


def _open_row(each: OpenDifference) -> dict[str, object]:
    found = each.difference
    return {
        "number": found.difference_id.rpartition(".")[2],
        "kind": found.kind.value,
        "account": found.account_id,
        "claimed": _amount(found.claimed_minor, found.currency),
        "booked": _amount(found.booked_minor, found.currency),
        "days": each.age_days,
        "state": each.standing.value,
        "answer": f"{each.answer}: {each.answer_text}".strip(": ") if each.answer else "",
    }


def _decided_row(each: Decided) -> dict[str, object]:
    found = each.difference
    return {
        "difference": found.difference_id,
        "kind": found.kind.value,
        "claimed": _amount(found.claimed_minor, found.currency),
        "booked": _amount(found.booked_minor, found.currency),
        "state": each.state.standing.value,
    }


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else f"{from_minor(minor, currency):,f} {currency}"


def _invoice_row(known: KnownInvoice) -> dict[str, object]:
    from tasks.stages.claims_invoices import amounts_shown

    return {
        "invoice": known.invoice.invoice_id,
        "batch": known.invoice.batch,
        "dated": known.invoice.dated_on.isoformat(),
        "amount": amounts_shown(known.invoice),
        "differs in": ", ".join(known.faults),
        "state": f"{known.state} by {known.decided_by}" if known.decided_by else known.state,
    }
