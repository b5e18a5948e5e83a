"""Signatures that are withdrawn, and given again"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CREATED = ("signature_decisions",)


def upgrade() -> None:
    _create_table()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in grant_statements(CREATED, CREATED):
            op.execute(statement)


def _create_table() -> None:
    op.create_table(
        "signature_decisions",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("rule", sa.String(length=64), nullable=False, comment="Digest of the version."),
        sa.Column("step", sa.Integer(), nullable=False, comment="Number of the decision on this version, from 1."),
        sa.Column("decision", sa.String(length=12), nullable=False, comment="withdrawn, or signed again."),
        sa.Column(
            "proposer",
            sa.String(length=120),
            nullable=False,
            comment="Who proposed it again; empty if it was withdrawn.",
        ),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who withdrew it, or approved it again."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it was withdrawn; empty if it was signed again."),
        sa.Column("request", sa.String(length=64), comment="What who approved it again was shown."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
        sa.CheckConstraint("proposer <> by_name", name="ck_signature_decisions_two_people"),
        sa.ForeignKeyConstraint(["request"], ["signing_requests.request"], name="fk_signature_decisions_request"),
        sa.ForeignKeyConstraint(["rule"], ["rule_signatures.rule"], name="fk_signature_decisions_rule"),
        sa.PrimaryKeyConstraint("sequence", name="pk_signature_decisions"),
        sa.UniqueConstraint("rule", "step", name="uq_signature_decisions_rule_step"),
        comment="Signatures that were withdrawn, and given again, in order: whether a version is signed follows from "
        "them.",
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
