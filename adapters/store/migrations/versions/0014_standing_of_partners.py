"""How partners stand: what months proposed, and what people decided"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CREATED = ("standing_reviews", "standing_decisions")


def upgrade() -> None:
    _create_standing_reviews()
    _create_standing_decisions()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":  # a proposal of a person is decided on under logins of their own
        for statement in grant_statements(CREATED, (*CREATED, "actions", "action_decisions")):
            op.execute(statement)


def _create_standing_reviews() -> None:
    op.create_table(
        "standing_reviews",
        sa.Column(
            "review_id", sa.String(length=64), nullable=False, comment="Partner, month and number: what people type."
        ),
        sa.Column("partner_id", sa.String(length=80), nullable=False, comment="The partner."),
        sa.Column("period", sa.String(length=7), nullable=False, comment="Month whose figures were looked at."),
        sa.Column("number", sa.Integer(), nullable=False, comment="1; more where the month was looked at again."),
        sa.Column("rule", sa.String(length=80), nullable=False, comment="Id of the rule."),
        sa.Column("rule_version", sa.String(length=64), nullable=False, comment="Digest of the rule's version."),
        sa.Column(
            "run_id",
            sa.String(length=24),
            nullable=True,
            comment="The night whose figures were looked at, if one was.",
        ),
        sa.Column("before_state", sa.String(length=16), nullable=False, comment="How the partner stood."),
        sa.Column(
            "proposed_state",
            sa.String(length=16),
            nullable=False,
            comment="What is proposed; the same where nothing is.",
        ),
        sa.Column(
            "looked", CanonicalJson(), nullable=False, comment="Every condition, its figures, and whether it held."
        ),
        sa.Column("decided_by", CanonicalJson(), nullable=False, comment="Groups of people who decide, in order."),
        sa.Column(
            "placed", sa.String(length=16), nullable=False, comment="keeps or recalled: of what a suspended one has."
        ),
        sa.Column("deadline", sa.Date(), nullable=True, comment="Proposed deadline of a rectification."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, in words."),
        sa.Column(
            "proposed_by", sa.String(length=120), nullable=False, comment="recoup, or the person who proposed it."
        ),
        sa.Column("proposed_on", sa.Date(), nullable=False, comment="Day of the proposal."),
        *_recorded(),
        sa.CheckConstraint("placed IN ('keeps', 'recalled')", name="ck_standing_reviews_placed"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_standing_reviews_run_id"),
        sa.PrimaryKeyConstraint("review_id", name="pk_standing_reviews"),
        sa.UniqueConstraint("partner_id", "period", "number", name="uq_standing_reviews_partner_id_period_number"),
        comment="How partners stood by a month's figures, and what was proposed; it counts once people have accepted it.",
    )


def _create_standing_decisions() -> None:
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "standing_decisions",
        sa.Column("sequence", sequence, autoincrement=True, nullable=False, comment="Order in which rows came."),
        sa.Column("review_id", sa.String(length=64), nullable=False, comment="The proposal."),
        sa.Column("step", sa.Integer(), nullable=False, comment="Number of the decision on it, from 1."),
        sa.Column("decision", sa.String(length=12), nullable=False, comment="accepted or refused."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why; may be empty for acceptances."),
        sa.Column("plan", sa.Text(), nullable=False, comment="Of a rectification: what the partner does; else empty."),
        sa.Column("deadline", sa.Date(), nullable=True, comment="Of a rectification: by when, where a person set it."),
        sa.Column(
            "effective_from",
            sa.Date(),
            nullable=True,
            comment="First day on which the state holds, once everybody has accepted.",
        ),
        sa.Column("decided_on", sa.Date(), nullable=False, comment="Day of the decision."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided."),
        sa.Column(
            "on_behalf_of", sa.String(length=120), nullable=False, comment="Whom a delegate acted for; empty: nobody."
        ),
        *_recorded(),
        sa.CheckConstraint("decision IN ('accepted', 'refused')", name="ck_standing_decisions_decision"),
        sa.ForeignKeyConstraint(["review_id"], ["standing_reviews.review_id"], name="fk_standing_decisions_review_id"),
        sa.PrimaryKeyConstraint("sequence", name="pk_standing_decisions"),
        sa.UniqueConstraint("review_id", "step", name="uq_standing_decisions_review_id_step"),
        sa.UniqueConstraint("review_id", "by_name", name="uq_standing_decisions_review_id_by_name"),
        comment="Decisions of people on how a partner stands, in order: the state in force follows from them.",
    )


def _recorded() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
