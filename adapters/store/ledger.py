"""The ledger's rows: locked at its head, read by key, appended to; never updated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapters.store.schema import ledger, ledger_head
from domain.ids import Digest


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of the last entry; 0 and zeros before the first."""

    sequence: int
    entry_hash: Digest


@dataclass(frozen=True, slots=True, order=True)
class PostedKey:
    """What postings add up by."""

    batch_kind: str
    payee: str
    component: str
    origin_period: str
    currency: str


def lock_head(connection: sa.Connection) -> Head:
    """The head, held by this transaction until it ends: two publishers at once post one after the other.

    On SQLite the transaction began with BEGIN IMMEDIATE; elsewhere the row is locked. Below that, two that each read
    what is posted and then post the difference both post it, on SQLite and on PostgreSQL below SERIALIZABLE.
    """
    row = connection.execute(sa.select(ledger_head).with_for_update()).one()
    return Head(row.sequence, Digest(row.entry_hash))


def read_head(connection: sa.Connection) -> Head:
    row = connection.execute(sa.select(ledger_head)).one()
    return Head(row.sequence, Digest(row.entry_hash))


def move_head(connection: sa.Connection, head: Head) -> None:
    connection.execute(ledger_head.update().values(sequence=head.sequence, entry_hash=head.entry_hash))


def posted_sums(connection: sa.Connection, batch_kind: str, origin_period: str) -> dict[PostedKey, int]:
    """What each key of the origin period has come to, in minor units."""
    keys = [ledger.c[name] for name in ("batch_kind", "payee", "component", "origin_period", "currency")]
    total = sa.cast(sa.func.sum(ledger.c.amount_minor), sa.BigInteger)
    statement = (
        sa.select(*keys, total)
        .where(ledger.c.batch_kind == batch_kind, ledger.c.origin_period == origin_period)
        .group_by(*keys)
    )
    return {PostedKey(*row[:-1]): int(row[-1]) for row in connection.execute(statement)}


def posted_into(connection: sa.Connection, batch_kind: str, posting_period: str) -> dict[PostedKey, int]:
    """What was posted into the month, by key, whatever month it was earned in; in minor units."""
    keys = [ledger.c[name] for name in ("batch_kind", "payee", "component", "origin_period", "currency")]
    total = sa.cast(sa.func.sum(ledger.c.amount_minor), sa.BigInteger)
    statement = (
        sa.select(*keys, total)
        .where(ledger.c.batch_kind == batch_kind, ledger.c.posting_period == posting_period)
        .group_by(*keys)
    )
    return {PostedKey(*row[:-1]): int(row[-1]) for row in connection.execute(statement)}


def sums_of_sort(connection: sa.Connection, batch_kind: str, sort: str) -> tuple[sa.Row[Any], ...]:
    """What components of this sort come to, by payee, component, currency and month of posting; in minor units."""
    keys = [ledger.c[name] for name in ("payee", "component", "currency", "posting_period")]
    total = sa.cast(sa.func.sum(ledger.c.amount_minor), sa.BigInteger).label("amount_minor")
    statement = (
        sa.select(*keys, total)
        .where(ledger.c.batch_kind == batch_kind, ledger.c.component.startswith(f"{sort}/", autoescape=True))
        .group_by(*keys)
        .order_by(*keys)
    )
    return tuple(connection.execute(statement))


def append(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(ledger.insert(), list(rows))


def read_entries(connection: sa.Connection, batch_ids: Iterable[str] | None = None) -> tuple[sa.Row[Any], ...]:
    """Every entry, or those of some batches, in order."""
    statement = sa.select(ledger).order_by(ledger.c.sequence)
    if batch_ids is not None:
        statement = statement.where(ledger.c.batch_id.in_(sorted(batch_ids)))
    return tuple(connection.execute(statement))
