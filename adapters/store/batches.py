"""Batches as they were frozen, and the decisions of people on batches and months, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.engine import Store
from adapters.store.schema import batch_decisions, batch_lines, batches, period_decisions
from domain.ids import AttemptId

_ENDS = ("published", "returned", "void")


def insert_batch(
    store: Store,
    connection: sa.Connection,
    batch: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
    attempt: AttemptId | None,
) -> None:
    connection.execute(batches.insert().values(**batch, recorded_at=store.seam.recorded(), attempt_id=attempt))
    rows = [{"batch_id": batch["batch_id"], **line} for line in lines]
    if rows:
        connection.execute(batch_lines.insert(), rows)


def read_batches(connection: sa.Connection, period: str = "") -> tuple[sa.Row[Any], ...]:
    statement = sa.select(batches).order_by(batches.c.period, batches.c.kind, batches.c.scope, batches.c.recorded_at)
    return tuple(connection.execute(statement.where(batches.c.period == period) if period else statement))


def batches_not_over(connection: sa.Connection) -> tuple[str, ...]:
    """Batches that were not published, returned or made void: somebody still has to do something about each."""
    over = sa.select(batch_decisions.c.batch_id).where(batch_decisions.c.decision.in_(_ENDS))
    statement = sa.select(batches.c.batch_id).where(batches.c.batch_id.not_in(over)).order_by(batches.c.batch_id)
    return tuple(connection.execute(statement).scalars())


def batch_named(connection: sa.Connection, prefix: str) -> sa.Row[Any]:
    """The one batch whose id starts with `prefix`; of one department or partner and month, the one that still counts.

    Those that were returned or made void do not stand in the way of the one that took their place. Raises: RefusedError
    naming those that there are, if it is none or several.
    """
    found = batches_named(connection, prefix)
    counting = batches_that_count(connection, found)
    if len(found) > 1 and len(counting) == 1 and len({(row.kind, row.scope, row.period) for row in found}) == 1:
        return counting[0]
    if len(found) != 1:
        known = ", ".join(row.batch_id for row in found) or "none; `recoup batches` lists them"
        raise RefusedError(f"{prefix!r} should name one batch; it names {known}")
    return found[0]


def batches_named(connection: sa.Connection, prefix: str) -> tuple[sa.Row[Any], ...]:
    """All batches whose ids start with `prefix`."""
    statement = sa.select(batches).where(batches.c.batch_id.startswith(prefix, autoescape=True))
    return tuple(connection.execute(statement.order_by(batches.c.batch_id)))


def batches_that_count(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> tuple[sa.Row[Any], ...]:
    """Of these batches, those that were neither returned nor made void."""
    key = batch_decisions.c
    statement = sa.select(key.batch_id).where(
        key.batch_id.in_([row.batch_id for row in rows]), key.decision.in_(["returned", "void"])
    )
    over = set(connection.execute(statement).scalars())
    return tuple(row for row in rows if row.batch_id not in over)


def lines_of(connection: sa.Connection, batch_id: str) -> tuple[sa.Row[Any], ...]:
    key = batch_lines.c
    statement = sa.select(batch_lines).where(key.batch_id == batch_id)
    return tuple(connection.execute(statement.order_by(key.payee, key.component, key.origin_period, key.currency)))


def insert_decision(store: Store, connection: sa.Connection, decision: Mapping[str, Any]) -> None:
    connection.execute(batch_decisions.insert().values(**decision, recorded_at=store.seam.recorded()))


def decisions_on(connection: sa.Connection, batch_id: str) -> tuple[sa.Row[Any], ...]:
    statement = sa.select(batch_decisions).where(batch_decisions.c.batch_id == batch_id)
    return tuple(connection.execute(statement.order_by(batch_decisions.c.sequence)))


def insert_period_decision(store: Store, connection: sa.Connection, decision: Mapping[str, Any]) -> None:
    connection.execute(period_decisions.insert().values(**decision, recorded_at=store.seam.recorded()))


def period_decisions_on(connection: sa.Connection, period: str = "") -> tuple[sa.Row[Any], ...]:
    statement = sa.select(period_decisions).order_by(period_decisions.c.sequence)
    return tuple(connection.execute(statement.where(period_decisions.c.period == period) if period else statement))


def refuse_other_names(connection: sa.Connection, by: str) -> None:
    """On PostgreSQL a decision is made under the name of the session's own login; SQLite is for one operator.

    Raises: RefusedError if somebody signs as somebody else.
    """
    if connection.dialect.name != "postgresql":
        return
    user = connection.execute(sa.text("SELECT session_user")).scalar_one()
    if user != by:
        raise RefusedError(f"BAT040 the database session is {user}'s; a decision by {by} needs {by}'s own login")
