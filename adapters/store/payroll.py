"""Files for payroll and general ledger, the lines in them, and what the payroll system answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from adapters.store.engine import Store
from adapters.store.schema import (
    batches,
    ledger,
    pay_exports,
    payroll_answers,
    payroll_lines,
    payroll_returns,
)


def exports_of(connection: sa.Connection, batch_id: str) -> tuple[sa.Row[Any], ...]:
    statement = sa.select(pay_exports).where(pay_exports.c.batch_id == batch_id)
    return tuple(connection.execute(statement.order_by(pay_exports.c.kind, pay_exports.c.number)))


def insert_export(
    store: Store, connection: sa.Connection, export: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]
) -> None:
    connection.execute(pay_exports.insert().values(**export, recorded_at=store.seam.recorded()))
    rows = list(lines)
    if rows:
        connection.execute(payroll_lines.insert(), rows)


def handed_over(connection: sa.Connection, *, batch_id: str = "", period: str = "") -> tuple[sa.Row[Any], ...]:
    """Lines with their entries and answers, in order; of all batches, of one, or of those of a month."""
    table = payroll_lines.join(ledger, ledger.c.sequence == payroll_lines.c.sequence)
    table = table.join(batches, batches.c.batch_id == ledger.c.batch_id)
    table = table.outerjoin(payroll_answers, payroll_answers.c.line_id == payroll_lines.c.line_id)
    answers = (payroll_answers.c.outcome, payroll_answers.c.paid_on, payroll_answers.c.reason)
    entry = [column for column in ledger.c if column.name != "sequence"]
    statement = sa.select(*payroll_lines.c, *entry, *answers).select_from(table)
    if batch_id:
        statement = statement.where(ledger.c.batch_id == batch_id)
    if period:
        statement = statement.where(batches.c.period == period)
    return tuple(connection.execute(statement.order_by(payroll_lines.c.sequence, payroll_lines.c.attempt)))


def known_return(connection: sa.Connection, return_id: str) -> bool:
    statement = sa.select(payroll_returns.c.return_id).where(payroll_returns.c.return_id == return_id)
    return connection.execute(statement).first() is not None


def insert_return(
    store: Store, connection: sa.Connection, returned: Mapping[str, Any], answers: Iterable[Mapping[str, Any]]
) -> None:
    connection.execute(payroll_returns.insert().values(**returned, recorded_at=store.seam.recorded()))
    rows = list(answers)
    if rows:
        connection.execute(payroll_answers.insert(), rows)
