"""The audit trail, decisions under one's own login, and rights that nobody needs"""

import sqlalchemy as sa
from alembic import op

from adapters.seam import system_clock
from adapters.store.guards import grant_statements, guard_statements, narrowing_statements, own_name_statements
from adapters.store.schema import STORE
from adapters.store.trail import TRAILED, append_rows, key_columns
from adapters.store.types import UtcTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OWN_NAMES = (
    "action_decisions",
    "actions",
    "adjustment_decisions",
    "adjustments",
    "audit_trail",
    "batch_decisions",
    "claim_decisions",
    "claim_replies",
    "confirmations",
    "corrections",
    "invoice_decisions",
    "legal_hold_decisions",
    "pay_cases",
    "pay_holds",
    "period_decisions",
    "reassignment_decisions",
    "reassignments",
    "releases",
    "removals",
    "rule_signatures",
    "signature_decisions",
    "standing_decisions",
    "standing_reviews",
    "waivers",
)
DECIDED_BY_APPROVERS = ("audit_trail",)


def upgrade() -> None:
    """Decisions from before are taken into the trail as they stand: what was changed until now, it cannot show."""
    _create_trail()
    connection = op.get_bind()
    for statement in guard_statements(STORE.tables["audit_trail"], connection.dialect.name):
        op.execute(statement)
    if connection.dialect.name == "postgresql":
        for statements in (grant_statements(("audit_trail",), DECIDED_BY_APPROVERS), narrowing_statements()):
            for statement in statements:
                op.execute(statement)
        for statement in own_name_statements(OWN_NAMES):
            op.execute(statement)
    append_rows(connection, _keys_of_all(connection), system_clock, "upgrade")


def _keys_of_all(connection: sa.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Of the tables that this version has: later ones are empty when they come."""
    there = set(sa.inspect(connection).get_table_names())
    return {
        name: [tuple(row) for row in connection.execute(sa.select(*(table.c[key] for key in key_columns(table))))]
        for name, (table, _) in TRAILED.items()
        if name in there
    }


def _create_trail() -> None:
    op.create_table(
        "audit_trail",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False, comment="Without gaps, from 1."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="Table of the decision."),
        sa.Column(
            "row_key", sa.String(length=400), nullable=False, comment="Key of its row; parts are separated by U+001F."
        ),
        sa.Column(
            "content", sa.String(length=64), nullable=False, comment="Digest of the row, without recorded times."
        ),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Whom the row names."),
        sa.Column(
            "login", sa.String(length=120), nullable=False, comment="Login of the session, or account on SQLite."
        ),
        sa.Column("previous_hash", sa.String(length=64), nullable=False, comment="Hash of the entry before."),
        sa.Column("entry_hash", sa.String(length=64), nullable=False, comment="Hash of this entry and that before."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_trail"),
        sa.UniqueConstraint("previous_hash", name="uq_audit_trail_previous_hash"),
        sa.UniqueConstraint("entry_hash", name="uq_audit_trail_entry_hash"),
        sa.UniqueConstraint("table_name", "row_key", name="uq_audit_trail_table_name_row_key"),
        comment="Decisions of people, chained by hash: `recoup audit` lists them, `recoup verify` holds rows against them.",
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
