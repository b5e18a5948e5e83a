"""The register of actions"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CREATED = ("actions", "action_decisions")
DECIDED_BY_APPROVERS = ("action_decisions",)


def upgrade() -> None:
    _create_actions()
    _create_decisions()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in grant_statements(CREATED, DECIDED_BY_APPROVERS):
            op.execute(statement)


def _create_actions() -> None:
    op.create_table(
        "actions",
        sa.Column("action_id", sa.String(length=160), nullable=False, comment="Source and key: what people type."),
        sa.Column("source", sa.String(length=40), nullable=False, comment="Kind of finding, such as falling_behind."),
        sa.Column(
            "source_key", sa.String(length=120), nullable=False, comment="What tells findings of the source apart."
        ),
        sa.Column("subject_kind", sa.String(length=16), nullable=False, comment="Employee, team, partner, account …"),
        sa.Column("subject_id", sa.String(length=80), nullable=False, comment="Which one it is about, by id."),
        sa.Column("about", sa.Text(), nullable=False, comment="What was found, in words."),
        sa.Column("owner", sa.String(length=120), nullable=False, comment="Who was to do it when it was opened."),
        sa.Column("department", sa.String(length=80), nullable=False, comment="Department that it belongs to."),
        sa.Column("opened_on", sa.Date(), nullable=False, comment="Business date on which it was opened."),
        sa.Column(
            "deadline", sa.Date(), nullable=False, comment="Last day on which it is not overdue, when it was opened."
        ),
        sa.Column("run_id", sa.String(length=24), comment="The run that found it, where one did."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_actions_run_id"),
        sa.PrimaryKeyConstraint("action_id", name="pk_actions"),
        sa.UniqueConstraint("source", "source_key", name="uq_actions_source_source_key"),
        comment="What somebody has to do; each finding opens one, however often it is found.",
    )


def _create_decisions() -> None:
    op.create_table(
        "action_decisions",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("action_id", sa.String(length=160), nullable=False, comment="The action."),
        sa.Column("step", sa.Integer(), nullable=False, comment="Number of the decision on this action, from 1."),
        sa.Column("decision", sa.String(length=16), nullable=False, comment="closed, extended or handed over."),
        sa.Column("outcome", sa.Text(), nullable=False, comment="What came of it; empty unless it was closed."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why; may be empty when it is closed."),
        sa.Column("deadline", sa.Date(), comment="The deadline from now on, where it was extended."),
        sa.Column(
            "owner",
            sa.String(length=120),
            nullable=False,
            comment="The owner from now on, where it was handed over.",
        ),
        sa.Column(
            "decided_on",
            sa.Date(),
            nullable=False,
            comment="Day of the decision; of a closing, when it was closed.",
        ),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
        sa.ForeignKeyConstraint(["action_id"], ["actions.action_id"], name="fk_action_decisions_action_id"),
        sa.PrimaryKeyConstraint("sequence", name="pk_action_decisions"),
        sa.UniqueConstraint("action_id", "step", name="uq_action_decisions_action_id_step"),
        comment="Decisions of people on actions, in order: state, owner and deadline follow from them.",
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
