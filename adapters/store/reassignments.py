"""Overrides and handovers as proposed, what became of them, and which accounts they pin on a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.store.engine import Store
from adapters.store.schema import reassigned_accounts, reassignment_decisions, reassignments, releases
from domain.ids import AttemptId, ReleaseId
from domain.reassignments import Reassigned, Reassignment, ReassignmentKind


def next_number(connection: sa.Connection) -> int:
    newest = connection.execute(sa.select(sa.func.max(reassignments.c.number))).scalar()
    return int(newest or 0) + 1


def insert_reassignment(
    store: Store, connection: sa.Connection, wanted: Reassignment, day: date, attempt: AttemptId | None
) -> None:
    connection.execute(
        reassignments.insert().values(
            reassignment_id=wanted.reassignment_id,
            number=wanted.number,
            kind=wanted.kind.value,
            valid_from=wanted.first,
            valid_until=wanted.until,
            from_owner=wanted.from_owner,
            accounts=len(wanted.accounts),
            proposed_by=wanted.proposed_by,
            reason=wanted.reason.strip(),
            proposed_on=day,
            recorded_at=store.seam.recorded(),
            attempt_id=attempt,
        )
    )
    rows = [
        {
            "reassignment_id": wanted.reassignment_id,
            "account_id": each.account_id,
            "owner_kind": each.owner_kind,
            "owner_id": each.owner_id,
        }
        for each in wanted.accounts
    ]
    connection.execute(reassigned_accounts.insert(), rows)


def insert_reassignment_decision(
    store: Store, connection: sa.Connection, decision: dict[str, Any], attempt: AttemptId | None
) -> None:
    row = {**decision, "recorded_at": store.seam.recorded(), "attempt_id": attempt}
    connection.execute(reassignment_decisions.insert().values(**row))


def read_reassignments(connection: sa.Connection, *, prefix: str = "") -> tuple[sa.Row[Any], ...]:
    """Each with its decision, if there is one: `decision`, `decided_by`, `decided_on`; in order of their numbers."""
    decided = reassignment_decisions.c
    columns = (
        *reassignments.c,
        decided.decision,
        decided.by_name.label("decided_by"),
        decided.decided_on,
        decided.release_id,
    )
    source = reassignments.outerjoin(reassignment_decisions, decided.reassignment_id == reassignments.c.reassignment_id)
    statement = sa.select(*columns).select_from(source).order_by(reassignments.c.number)
    if prefix:
        statement = statement.where(reassignments.c.reassignment_id.startswith(prefix, autoescape=True))
    return tuple(connection.execute(statement))


def reassignment_of(connection: sa.Connection, row: sa.Row[Any]) -> Reassignment:
    """The whole of a row of `read_reassignments`."""
    table = reassigned_accounts
    mine = sa.select(table).where(table.c.reassignment_id == row.reassignment_id).order_by(table.c.account_id)
    accounts = tuple(Reassigned(each.account_id, each.owner_kind, each.owner_id) for each in connection.execute(mine))
    days = (row.valid_from, row.valid_until)
    kind = ReassignmentKind(row.kind)
    return Reassignment(kind, row.number, *days, accounts, row.proposed_by, row.reason, row.from_owner)


def reassigned_on(
    connection: sa.Connection, named: Collection[ReleaseId], day: date
) -> Iterable[tuple[Reassigned, Reassignment]]:
    """The accounts that approved reassignments among these releases hold on `day`, in the order in which they were
    approved, each with its reassignment (without its accounts)."""
    table, decided, account = reassignments.c, reassignment_decisions.c, reassigned_accounts.c
    statement = (
        sa.select(*reassigned_accounts.c, *(column for column in table if column.name != "reassignment_id"),
                  decided.release_id)
        .select_from(
            reassigned_accounts.join(reassignments, table.reassignment_id == account.reassignment_id)
            .join(reassignment_decisions, decided.reassignment_id == account.reassignment_id)
            .join(releases, releases.c.release_id == decided.release_id)
        )
        .where(table.valid_from <= day, table.valid_until >= day)
        .order_by(releases.c.sequence, account.account_id)
    )  # fmt: skip
    known = frozenset(named)
    for row in connection.execute(statement):
        if row.release_id in known:
            days = (row.valid_from, row.valid_until)
            kind = ReassignmentKind(row.kind)
            of = Reassignment(kind, row.number, *days, (), row.proposed_by, row.reason, row.from_owner)
            yield Reassigned(row.account_id, row.owner_kind, row.owner_id), of
