"""Settlements of partners' claims: what was matched, what differs, what people decided and partners answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.engine import Store
from adapters.store.schema import (
    claim_decisions,
    claim_differences,
    claim_replies,
    claim_reply_lines,
    claim_settlements,
    invoice_decisions,
    partner_invoices,
)
from domain.ids import AttemptId

_ROWS_AT_ONCE = 5_000
_LOCK = 0x636C61696D73  # "claims": one lock for all of them, on PostgreSQL


def lock_claims(connection: sa.Connection) -> None:
    """Held by this transaction until it ends: settlements, and decisions on differences, come one after the other.

    Below that, a settlement lists anew what somebody decides in the same moment, and it could be decided twice. On
    SQLite the transaction began with BEGIN IMMEDIATE; approvers may lock no row of PostgreSQL, but this.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def numbers_of_claims(connection: sa.Connection) -> dict[str, tuple[int, int]]:
    """By partner with settlements: how many there are, and how many decisions on their differences."""
    decided = _numbers(connection, claim_decisions.c.partner_id)
    made = _numbers(connection, claim_settlements.c.partner_id)
    return {partner: (number, decided.get(partner, 0)) for partner, number in made.items()}


def _numbers(connection: sa.Connection, key: sa.Column[str]) -> dict[str, int]:
    rows = connection.execute(sa.select(key, sa.func.count().label("rows")).group_by(key))
    return {row[0]: row[1] for row in rows}


def insert_settlement(
    store: Store,
    connection: sa.Connection,
    settlement: Mapping[str, Any],
    differences: Sequence[Mapping[str, Any]],
    attempt: AttemptId | None,
) -> None:
    stamped = {**settlement, "recorded_at": store.seam.recorded(), "attempt_id": attempt}
    connection.execute(claim_settlements.insert().values(**stamped))
    for first in range(0, len(differences), _ROWS_AT_ONCE):
        rows = [{**each, "settlement_id": settlement["settlement_id"]} for each in differences[first:][:_ROWS_AT_ONCE]]
        connection.execute(claim_differences.insert(), rows)


def settlements_of(
    connection: sa.Connection, *, partner: str = "", runs: Sequence[str] | None = None
) -> tuple[sa.Row[Any], ...]:
    """By partner, in the order in which they were made."""
    key = claim_settlements.c
    statement = sa.select(claim_settlements).order_by(key.partner_id, key.position)
    if partner:
        statement = statement.where(key.partner_id == partner)
    if runs is not None:
        statement = statement.where(key.run_id.in_(runs))
    return tuple(connection.execute(statement))


def settlement_named(connection: sa.Connection, prefix: str) -> sa.Row[Any]:
    """The settlement of this id, or the last one of the contract whose settlements' ids begin so, or of the partner
    that is called so. Raises: RefusedError."""
    rows = settlements_of(connection)
    found = [row for row in rows if row.partner_id == prefix] or [
        row for row in rows if row.settlement_id.startswith(prefix)
    ]
    whole = [row for row in found if row.settlement_id == prefix]
    if not whole and len({(row.partner_id, row.contract_id) for row in found}) == 1:
        whole = found[-1:]
    if len(whole) != 1:
        known = ", ".join(row.settlement_id for row in found) or "none; `recoup settlement list` lists them"
        raise RefusedError(f"STL010 {prefix!r} should name one settlement; it names {known}")
    return whole[0]


def differences_of(
    connection: sa.Connection, *, partner: str = "", settlements: Sequence[str] | None = None
) -> tuple[sa.Row[Any], ...]:
    """Every difference as it was listed, with its settlement's partner, contract, dates and position, in order."""
    of, key = claim_settlements.c, claim_differences.c
    statement = (
        sa.select(
            claim_differences, of.partner_id, of.contract_id, of.position, of.starts_on, of.ends_on, of.reply_by,
            of.run_on,
        )
        .join_from(claim_differences, claim_settlements, of.settlement_id == key.settlement_id)
        .order_by(of.partner_id, of.position, key.subject)
    )  # fmt: skip
    if partner:
        statement = statement.where(of.partner_id == partner)
    if settlements is not None:
        statement = statement.where(key.settlement_id.in_(settlements))
    return tuple(connection.execute(statement))


def insert_claim_decision(
    store: Store, connection: sa.Connection, row: Mapping[str, Any], attempt: AttemptId | None
) -> None:
    connection.execute(claim_decisions.insert().values(**row, recorded_at=store.seam.recorded(), attempt_id=attempt))


def claim_decisions_of(connection: sa.Connection, *, partner: str = "") -> tuple[sa.Row[Any], ...]:
    """Every decision, by partner, in order."""
    key = claim_decisions.c
    statement = sa.select(claim_decisions).order_by(key.partner_id, key.number)
    return tuple(connection.execute(statement.where(key.partner_id == partner) if partner else statement))


def replies_to(connection: sa.Connection, settlement: str) -> tuple[sa.Row[Any], ...]:
    """The files that answer a settlement, in the order in which they were taken in."""
    reply = claim_replies.c
    statement = sa.select(claim_replies).where(reply.settlement_id == settlement)
    return tuple(connection.execute(statement.order_by(reply.recorded_at, reply.reply_id)))


def insert_reply(
    store: Store,
    connection: sa.Connection,
    reply: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
    attempt: AttemptId | None,
) -> None:
    stamped = {**reply, "recorded_at": store.seam.recorded(), "attempt_id": attempt}
    connection.execute(claim_replies.insert().values(**stamped))
    rows = [{**line, "reply_id": reply["reply_id"]} for line in lines]
    if rows:
        connection.execute(claim_reply_lines.insert(), rows)


def replies_of(connection: sa.Connection, *, partner: str = "") -> tuple[sa.Row[Any], ...]:
    """Answers to differences, in the order in which they were taken in."""
    line, reply, of = claim_reply_lines.c, claim_replies.c, claim_settlements.c
    statement = (
        sa.select(line.difference_id, line.answer, line.text, reply.received_on, of.partner_id)
        .join_from(claim_reply_lines, claim_replies, reply.reply_id == line.reply_id)
        .join(claim_settlements, of.settlement_id == reply.settlement_id)
        .order_by(reply.recorded_at, reply.reply_id, line.difference_id)
    )
    return tuple(connection.execute(statement.where(of.partner_id == partner) if partner else statement))


def insert_invoice(store: Store, connection: sa.Connection, row: Mapping[str, Any], attempt: AttemptId | None) -> None:
    connection.execute(partner_invoices.insert().values(**row, recorded_at=store.seam.recorded(), attempt_id=attempt))


def insert_invoice_decision(
    store: Store, connection: sa.Connection, row: Mapping[str, Any], attempt: AttemptId | None
) -> None:
    connection.execute(invoice_decisions.insert().values(**row, recorded_at=store.seam.recorded(), attempt_id=attempt))


def invoices_of(connection: sa.Connection, *, partner: str = "", batch: str = "") -> tuple[sa.Row[Any], ...]:
    """Invoices with what was decided on them (`decision` is none while nothing was), in order of their taking in."""
    key, decided = partner_invoices.c, invoice_decisions.c
    statement = (
        sa.select(
            partner_invoices,
            decided.decision,
            decided.by_name.label("decided_by"),
            decided.reason.label("decided_because"),
        )
        .join_from(partner_invoices, invoice_decisions, decided.invoice_id == key.invoice_id, isouter=True)
        .order_by(key.recorded_at, key.invoice_id)
    )
    if partner:
        statement = statement.where(key.partner_id == partner)
    if batch:
        statement = statement.where(key.batch_id == batch)
    return tuple(connection.execute(statement))
