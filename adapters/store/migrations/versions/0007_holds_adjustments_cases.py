"""Days of decisions, holds of payees, manual adjustments, disputes"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, MinorUnits, UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CREATED = ("pay_holds", "adjustments", "adjustment_decisions", "pay_cases")
DECIDED_BY_APPROVERS = (*CREATED, "actions")


def upgrade() -> None:
    """Columns are added without rebuilding a table: rebuilding it would drop its triggers."""
    _add_columns()
    _create_holds()
    _create_adjustments()
    _create_cases()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        _reword()
        for statement in grant_statements(CREATED, DECIDED_BY_APPROVERS):
            op.execute(statement)


def _add_columns() -> None:
    op.add_column(
        "batches", sa.Column("prepared_on", sa.Date(), comment="Day from which the time for approving counts.")
    )
    op.add_column(
        "batches",
        sa.Column("open_month", sa.String(length=64), comment="Digest of what deductions of its payees follow from."),
    )
    op.add_column(
        "batch_lines",
        sa.Column(
            "steps",
            CanonicalJson(),
            comment="Explanation of what is not calculated: holds, adjustments, deductions.",
        ),
    )
    op.add_column(
        "batch_lines",
        sa.Column("rule", sa.String(length=64), comment="Version of the terms of pay that it follows."),
    )
    op.add_column(
        "batch_decisions",
        sa.Column("decided_on", sa.Date(), comment="Day of the decision, from which an approval's age counts."),
    )
    op.add_column(
        "batch_decisions",
        sa.Column("on_behalf_of", sa.String(length=120), comment="Whom a delegate acted for; empty: nobody."),
    )


def _reword() -> None:
    """Only PostgreSQL keeps comments of columns."""
    for name in ("batches.chain", "batch_lines.entry_type", "ledger.entry_type", "action_decisions.decision"):
        table, column = name.split(".")
        comment = STORE.tables[table].columns[column].comment
        op.execute(f"COMMENT ON COLUMN {name} IS '{comment}'")


def _create_holds() -> None:
    op.create_table(
        "pay_holds",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("batch_kind", sa.String(length=8), nullable=False, comment="bonus or fee."),
        sa.Column("scope", sa.String(length=80), nullable=False, comment="Department or partner."),
        sa.Column("period", sa.String(length=7), nullable=False, comment="Month whose pay is held."),
        sa.Column("payee", sa.String(length=80), nullable=False, comment="Who is held."),
        sa.Column(
            "step", sa.Integer(), nullable=False, comment="Number of the decision on this payee and month, from 1."
        ),
        sa.Column("decision", sa.String(length=12), nullable=False, comment="held or released."),
        sa.Column("until", sa.Date(), comment="First day on which it no longer holds, where one was given."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, and until when or what."),
        sa.Column("decided_on", sa.Date(), nullable=False, comment="Day of the decision."),
        *_recorded(),
        sa.PrimaryKeyConstraint("sequence", name="pk_pay_holds"),
        sa.UniqueConstraint(
            "batch_kind", "scope", "period", "payee", "step", name="uq_pay_holds_batch_kind_scope_period_payee_step"
        ),
        comment="Decisions to hold and to release one payee of a batch.",
    )


def _create_adjustments() -> None:
    op.create_table(
        "adjustments",
        sa.Column("adjustment_id", sa.String(length=40), nullable=False, comment="What people type."),
        sa.Column("batch_kind", sa.String(length=8), nullable=False, comment="bonus or fee."),
        sa.Column("scope", sa.String(length=80), nullable=False, comment="Department or partner."),
        sa.Column("period", sa.String(length=7), nullable=False, comment="Month that it is for."),
        sa.Column("payee", sa.String(length=80), nullable=False, comment="Employee or partner."),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="Currency."),
        sa.Column(
            "amount_minor",
            MinorUnits(),
            nullable=False,
            comment="What is paid beside the calculation; or taken.",
        ),
        sa.Column("case_id", sa.String(length=160), comment="The dispute that it settles, if one."),
        sa.Column("proposed_by", sa.String(length=120), nullable=False, comment="Who proposed it."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("proposed_on", sa.Date(), nullable=False, comment="Day of the proposal."),
        *_recorded(),
        sa.ForeignKeyConstraint(["case_id"], ["actions.action_id"], name="fk_adjustments_case_id"),
        sa.PrimaryKeyConstraint("adjustment_id", name="pk_adjustments"),
        comment="Manual adjustments as they were proposed; paid only once somebody else has approved them.",
    )
    op.create_table(
        "adjustment_decisions",
        sa.Column("adjustment_id", sa.String(length=40), nullable=False, comment="Which one."),
        sa.Column("decision", sa.String(length=12), nullable=False, comment="approved or rejected; once."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided: neither proposer nor payee."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why; may be empty for approvals."),
        sa.Column("decided_on", sa.Date(), nullable=False, comment="Day of the decision."),
        *_recorded(),
        sa.ForeignKeyConstraint(
            ["adjustment_id"], ["adjustments.adjustment_id"], name="fk_adjustment_decisions_adjustment_id"
        ),
        sa.PrimaryKeyConstraint("adjustment_id", name="pk_adjustment_decisions"),
        comment="What became of proposed adjustments.",
    )


def _create_cases() -> None:
    op.create_table(
        "pay_cases",
        sa.Column("action_id", sa.String(length=160), nullable=False, comment="The action of the register."),
        sa.Column("batch_id", sa.String(length=64), nullable=False, comment="Batch in which the line stood."),
        sa.Column("payee", sa.String(length=80), nullable=False, comment="Whose pay it is about."),
        sa.Column("component", sa.String(length=80), nullable=False, comment="The line."),
        sa.ForeignKeyConstraint(["action_id"], ["actions.action_id"], name="fk_pay_cases_action_id"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_pay_cases_batch_id"),
        sa.PrimaryKeyConstraint("action_id", name="pk_pay_cases"),
        comment="Disputes about lines of pay; their state is that of their action.",
    )


def _recorded() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
