"""What people decided beside the calculation: holds of payees, manual adjustments, disputes; only added to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from adapters.store.engine import Store
from adapters.store.schema import adjustment_decisions, adjustments, batches, pay_cases, pay_holds
from domain.ids import AttemptId


def insert_hold(store: Store, connection: sa.Connection, row: Mapping[str, Any], attempt: AttemptId | None) -> None:
    connection.execute(pay_holds.insert().values(**row, recorded_at=store.seam.recorded(), attempt_id=attempt))


def holds_of(connection: sa.Connection, kind: str, period: str) -> tuple[sa.Row[Any], ...]:
    """Every decision to hold or release a payee of the month, in order."""
    statement = sa.select(pay_holds).where(pay_holds.c.batch_kind == kind, pay_holds.c.period == period)
    return tuple(connection.execute(statement.order_by(pay_holds.c.sequence)))


def insert_adjustment(
    store: Store, connection: sa.Connection, row: Mapping[str, Any], attempt: AttemptId | None
) -> None:
    connection.execute(adjustments.insert().values(**row, recorded_at=store.seam.recorded(), attempt_id=attempt))


def insert_adjustment_decision(
    store: Store, connection: sa.Connection, row: Mapping[str, Any], attempt: AttemptId | None
) -> None:
    connection.execute(
        adjustment_decisions.insert().values(**row, recorded_at=store.seam.recorded(), attempt_id=attempt)
    )


def adjustments_of(connection: sa.Connection, *, kind: str = "", period: str = "") -> tuple[sa.Row[Any], ...]:
    """Adjustments with what was decided on them (`decision` is none while nothing was), by id."""
    decided = adjustment_decisions.c
    statement = (
        sa.select(
            adjustments,
            decided.decision,
            decided.by_name.label("decided_by"),
            decided.reason.label("decided_because"),
            decided.decided_on,
        )
        .join(adjustment_decisions, decided.adjustment_id == adjustments.c.adjustment_id, isouter=True)
        .order_by(adjustments.c.adjustment_id)
    )
    if kind:
        statement = statement.where(adjustments.c.batch_kind == kind)
    if period:
        statement = statement.where(adjustments.c.period == period)
    return tuple(connection.execute(statement))


def insert_case(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    connection.execute(pay_cases.insert().values(**row))


def cases_of(connection: sa.Connection, *, kind: str = "", period: str = "") -> tuple[sa.Row[Any], ...]:
    """Disputes with the kind, scope and month of their batch, by action."""
    statement = (
        sa.select(pay_cases, batches.c.kind, batches.c.scope, batches.c.period)
        .join(batches, batches.c.batch_id == pay_cases.c.batch_id)
        .order_by(pay_cases.c.action_id)
    )
    if kind:
        statement = statement.where(batches.c.kind == kind)
    if period:
        statement = statement.where(batches.c.period == period)
    return tuple(connection.execute(statement))
