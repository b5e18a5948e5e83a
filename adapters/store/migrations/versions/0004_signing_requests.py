"""What signers were shown"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CREATED = ("signing_requests", "requested_rules")


def upgrade() -> None:
    _create_tables()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in grant_statements(CREATED, CREATED):
            op.execute(statement)


def _create_tables() -> None:
    op.create_table(
        "signing_requests",
        sa.Column("request", sa.String(length=64), nullable=False, comment="Digest of all that was shown."),
        sa.Column(
            "was_named", sa.Boolean(), nullable=False, comment="Whether the signer named the digest on approving."
        ),
        sa.Column(
            "content",
            CanonicalJson(),
            nullable=False,
            comment="What was shown: the rules that differ, and their effect.",
        ),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.PrimaryKeyConstraint("request", name="pk_signing_requests"),
        comment="What signers were shown before they approved rule versions.",
    )
    op.create_table(
        "requested_rules",
        sa.Column("rule", sa.String(length=64), nullable=False, comment="Digest of the version."),
        sa.Column("request", sa.String(length=64), nullable=False, comment="What was shown."),
        sa.ForeignKeyConstraint(["request"], ["signing_requests.request"], name="fk_requested_rules_request"),
        sa.ForeignKeyConstraint(["rule"], ["rule_signatures.rule"], name="fk_requested_rules_rule"),
        sa.PrimaryKeyConstraint("rule", name="pk_requested_rules"),
        comment="Which request each signed version was part of.",
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
