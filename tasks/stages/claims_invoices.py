"""Invoices of partners: taken in once by number, compared with what was posted, and decided where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.store.batches import refuse_other_names
from adapters.store.claims import insert_invoice, insert_invoice_decision, invoices_of
from adapters.store.ledger import read_entries
from adapters.world import World, business_today
from domain.ids import AttemptId
from domain.issues import Location
from domain.money import MINOR_DIGITS, from_minor, to_minor
from incentives.approvers import PayDecision
from incentives.authority import Matter
from incentives.batches import BatchPhase, DecisionKind
from incentives.claims.invoices import Invoice, InvoiceFault, PostedFee, faults_of, posted_fees
from incentives.claims.terms import SettlementTerms
from incentives.ledger import BatchKind
from tasks.stages.authority import refuse, ruling_on
from tasks.stages.month_end import Frozen, read_frozen
from tasks.stages.rules import RuleSet, sound_rules


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """As the partner sent it; money in major units."""

    number: str
    dated_on: date
    net: Decimal
    tax: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class KnownInvoice:
    """An invoice as it stands: it agrees, differs, or was accepted or rejected although it differs."""

    invoice: Invoice
    faults: tuple[InvoiceFault, ...]
    decision: str
    decided_by: str

    @property
    def state(self) -> str:
        return self.decision or ("differs" if self.faults else "agrees")

    @property
    def is_good(self) -> bool:
        return self.state in {"agrees", "accepted"}


def take_invoice(world: World, batch: str, new: NewInvoice, *, by: str, attempt: AttemptId) -> KnownInvoice:
    """Record a partner's invoice for a published batch of fees. Raises: RefusedError with what stands against it."""
    day, rules = business_today(world), sound_rules(world.settings.rules)
    try:
        with world.store.write("invoice_taken_in") as connection:
            refuse_other_names(connection, by)
            frozen = read_frozen(connection, batch)
            invoice = _invoice(frozen, new, by)
            if any(row.invoice_number == invoice.number for row in invoices_of(connection, partner=invoice.partner)):
                raise RefusedError(f"STL053 invoice {invoice.number} of {invoice.partner} is there already")
            good = [each.invoice.invoice_id for each in _known(connection, frozen.batch.batch_id)
                    if each.is_good and each.invoice.currency == invoice.currency]  # fmt: skip
            terms = terms_of(rules, frozen, invoice.currency)
            tolerance = terms.invoice_tolerance if terms else Decimal(0)
            faults = faults_of(invoice, posted_by(connection, frozen), _published_on(frozen), good, tolerance)
            row = {
                "invoice_id": invoice.invoice_id,
                "partner_id": invoice.partner,
                "invoice_number": invoice.number,
                "batch_id": invoice.batch,
                "dated_on": invoice.dated_on,
                "currency": invoice.currency,
                "net_minor": invoice.net_minor,
                "tax_minor": invoice.tax_minor,
                "differences": [fault.value for fault in faults],
                "received_on": day,
                "by_name": by,
            }
            insert_invoice(world.store, connection, row, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody took in invoice {new.number} at the same moment: look again") from None
    return KnownInvoice(invoice, faults, "", "")


def decide_invoice(world: World, named: str, *, accept: bool, by: str, reason: str, attempt: AttemptId) -> KnownInvoice:
    """Accept or reject an invoice that differs; not by whoever took it in. Raises: RefusedError."""
    day, rules = business_today(world), sound_rules(world.settings.rules)
    if not reason.strip():
        raise RefusedError("STL056 an invoice is decided with a reason: give --reason")
    try:
        with world.store.write("invoice_decided") as connection:
            refuse_other_names(connection, by)
            row = _named(connection, named)
            known = _as_known(row)
            if known.decision or not known.faults:
                raise RefusedError(f"STL055 invoice {row.invoice_id} {known.state}: there is nothing to decide")
            frozen = read_frozen(connection, row.batch_id)
            moved = {known.invoice.currency: known.invoice.net_minor + known.invoice.tax_minor}
            matter = Matter(
                PayDecision.ACCEPT_INVOICE, by, Location(f"invoice {row.invoice_id}"), row.partner_id, moved,
                frozenset({row.partner_id}), {row.by_name: "took it in"},
            )  # fmt: skip
            acting_for = refuse(ruling_on(connection, rules, BatchKind.FEE, frozen.batch.period, matter, day))
            decision = "accepted" if accept else "rejected"
            decided = {"invoice_id": row.invoice_id, "decision": decision, "by_name": by, "reason": reason}
            decided |= {"decided_on": day, "on_behalf_of": acting_for}
            insert_invoice_decision(world.store, connection, decided, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody decided on invoice {named} at the same moment: look again") from None
    with world.store.read() as connection:
        return _as_known(_named(connection, row.invoice_id))


def list_invoices(world: World, partner: str = "") -> tuple[KnownInvoice, ...]:
    with world.store.read() as connection:
        return tuple(_as_known(row) for row in invoices_of(connection, partner=partner))


def awaited_invoices(connection: sa.Connection, rules: RuleSet, frozen: Frozen) -> tuple[str, ...]:
    """Currencies of a batch of fees for which a contract wants an invoice, and none agrees or was accepted; none of
    what takes back."""
    if frozen.batch.kind is not BatchKind.FEE:
        return ()
    good = {each.invoice.currency for each in _known(connection, frozen.batch.batch_id) if each.is_good}
    posted = posted_by(connection, frozen)
    return tuple(
        currency
        for currency in sorted(posted)
        if posted[currency].is_owed
        and currency not in good
        and (terms := terms_of(rules, frozen, currency))
        and terms.invoice == "required"
    )


def posted_by(connection: sa.Connection, frozen: Frozen) -> dict[str, PostedFee]:
    entries = read_entries(connection, [frozen.batch.batch_id])
    return posted_fees((row.component, row.currency, row.amount_minor) for row in entries)


def terms_of(rules: RuleSet, frozen: Frozen, currency: str) -> SettlementTerms | None:
    """Of the contract that the batch's components name, in the version of the end of its month."""
    contracts = {key.component.rpartition(":")[2] for key in frozen.desired}
    versions = [
        each.rule
        for each in rules.contracts.contracts
        if each.rule.id in contracts
        and each.rule.currency == currency
        and each.rule.holds_on(frozen.batch.period.last_day)
    ]
    return versions[-1].settlement if versions else None


def _invoice(frozen: Frozen, new: NewInvoice, by: str) -> Invoice:
    batch, faults = frozen.batch, list[str]()
    if not by.strip() or not new.number.strip():
        faults.append("STL011 an invoice is taken in by somebody, and has a number: give --by and --number")
    if batch.kind is not BatchKind.FEE:
        faults.append(f"STL050 {batch.batch_id} pays bonuses: a partner's invoice is for a batch of fees")
    elif frozen.state.phase is not BatchPhase.PUBLISHED:
        text = "nothing is payable by it yet, and nothing is paid in advance. Publish it first"
        faults.append(f"STL051 {batch.batch_id} is {frozen.state.phase}: {text}")
    if new.currency not in MINOR_DIGITS:
        faults.append(f"STL052 {new.currency} is no currency that is known; there are {', '.join(MINOR_DIGITS)}")
    if faults:
        raise RefusedError("\n".join(faults))
    try:
        net, tax = (to_minor(amount, new.currency) for amount in (new.net, new.tax))
    except ValueError as error:
        raise RefusedError(f"STL052 {error}") from None
    return Invoice(batch.scope, new.number.strip(), batch.batch_id, new.dated_on, new.currency, net, tax)


def _published_on(frozen: Frozen) -> date | None:
    return next((each.on for each in frozen.decisions if each.kind is DecisionKind.PUBLISHED), None)


def _known(connection: sa.Connection, batch: str) -> Sequence[KnownInvoice]:
    return [_as_known(row) for row in invoices_of(connection, batch=batch)]


def _named(connection: sa.Connection, named: str) -> sa.Row[Any]:
    found = [row for row in invoices_of(connection) if row.invoice_id.startswith(named)]
    whole = [row for row in found if row.invoice_id == named] or found
    if len(whole) != 1:
        known = ", ".join(row.invoice_id for row in found) or "none; `recoup settlement invoices` lists them"
        raise RefusedError(f"STL054 {named!r} should name one invoice; it names {known}")
    return whole[0]


def _as_known(row: sa.Row[Any]) -> KnownInvoice:
    invoice = Invoice(
        row.partner_id, row.invoice_number, row.batch_id, row.dated_on, row.currency, row.net_minor, row.tax_minor
    )
    faults = tuple(InvoiceFault(each) for each in row.differences)
    return KnownInvoice(invoice, faults, row.decision or "", row.decided_by or "")


def amounts_shown(invoice: Invoice) -> str:
    net, tax = (from_minor(minor, invoice.currency) for minor in (invoice.net_minor, invoice.tax_minor))
    return f"{net:,f} + {tax:,f} {invoice.currency}"
