"""The dispatch: who owns which account, bitemporal and append-only, and the only source of attribution.

A release is one file of changes, in the order of its sequence number. A row says that from `valid_from` on the account
has this owner, until a later row says otherwise; where two rows start on the same day, the later release counts. When
it was recorded stands in the store's pointer row, not here, so that equal decisions have equal bytes.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from domain.catalogue import OWNER_KINDS
from domain.sql import SNAPSHOTS, sql_table
from domain.tables import Column, Kind, Table, Type

HOUSE = "HOUSE"

CHANGES = Table(
    "dispatch_changes",
    Kind.EVENT,
    ("account_id", "valid_from", "release_sequence"),
    (
        Column("account_id", Type.ID, "The account.", references="accounts.account_id"),
        Column("valid_from", Type.DATE, "First day of this ownership."),
        Column("release_sequence", Type.COUNT, "Number of the release, counted up over all releases."),
        Column("owner_kind", Type.CODE, "Kind; nobody: the account left the book.", codes=(*OWNER_KINDS, "nobody")),
        Column("owner_id", Type.ID, "Employee or partner; HOUSE where nobody works the account."),
        Column("department_id", Type.ID, "Department of the owner.", required=False),
        Column("team_id", Type.ID, "Team of the owner.", required=False),
        Column("segment", Type.ID, "Segment in which the account was allocated.", required=False),
        Column("channel", Type.CODE, "Treatment channel.", required=False),
        Column("reason", Type.CODE, "Why this owner: a reason code of the allocation, an override or the opening."),
    ),
    "Changes of ownership, as released.",
    dated_by="valid_from",
)

CHANGES_SQL: sa.Table = sql_table(CHANGES, SNAPSHOTS)

# What attribution joins: the same rows as half-open intervals. Sessions provide it as a view named "dispatch".
DISPATCH_SQL: sa.Table = sa.Table(
    "dispatch",
    SNAPSHOTS,
    *(sa.Column(column.name, column.type) for column in CHANGES_SQL.columns),
    sa.Column("valid_to", sa.Date),
)

FOREVER = date(9999, 12, 31)


def intervals() -> sa.Select[tuple[object, ...]]:
    """The changes as intervals [valid_from, valid_to); the last of each account ends in the far future."""
    changes = CHANGES_SQL.c
    following = sa.func.lead(changes.valid_from).over(
        partition_by=changes.account_id, order_by=(changes.valid_from, changes.release_sequence)
    )
    ordered = sa.select(*changes, sa.func.coalesce(following, sa.literal(FOREVER)).label("valid_to")).subquery()
    kept = sa.and_(ordered.c.valid_from < ordered.c.valid_to, ordered.c.owner_kind != "nobody")
    return sa.select(*ordered.c).where(kept)
