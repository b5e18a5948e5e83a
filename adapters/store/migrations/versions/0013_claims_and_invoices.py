"""Claims of partners: settlements, differences, decisions, replies; invoices of partners"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, MinorUnits, UtcTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CREATED = (
    "claim_settlements",
    "claim_differences",
    "claim_decisions",
    "claim_replies",
    "claim_reply_lines",
    "partner_invoices",
    "invoice_decisions",
)
DECIDED = ("claim_decisions", "claim_replies", "claim_reply_lines", "invoice_decisions")


def upgrade() -> None:
    _create_claim_settlements()
    _create_claim_differences()
    _create_claim_decisions()
    _create_claim_replies()
    _create_claim_reply_lines()
    _create_partner_invoices()
    _create_invoice_decisions()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in grant_statements(CREATED, DECIDED):
            op.execute(statement)
        comment = STORE.tables["runs"].columns["kind"].comment  # only PostgreSQL keeps comments of columns
        op.execute(f"COMMENT ON COLUMN runs.kind IS '{comment}'")


def _create_claim_settlements() -> None:
    op.create_table(
        "claim_settlements",
        sa.Column(
            "settlement_id", sa.String(length=160), nullable=False, comment="Partner, contract, cycle and number."
        ),
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run that matched."),
        sa.Column("partner_id", sa.String(length=80), nullable=False, comment="The partner."),
        sa.Column("position", sa.Integer(), nullable=False, comment="Counted up over all settlements of the partner."),
        sa.Column("contract_id", sa.String(length=80), nullable=False, comment="The contract that is settled."),
        sa.Column(
            "contract", sa.String(length=64), nullable=False, comment="Digest of its version at the end of the cycle."
        ),
        sa.Column("starts_on", sa.Date(), nullable=False, comment="First day of the cycle."),
        sa.Column("ends_on", sa.Date(), nullable=False, comment="First day after it."),
        sa.Column("number", sa.Integer(), nullable=False, comment="1; more where the cycle was settled again."),
        sa.Column(
            "run_on", sa.Date(), nullable=False, comment="Claims up to this day; the date of the night that is read."
        ),
        sa.Column("reply_by", sa.Date(), nullable=False, comment="Last day for the partner's answer."),
        sa.Column("totals", CanonicalJson(), nullable=False, comment="Numbers and money, theirs and ours."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who had it matched."),
        *_recorded(),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_claim_settlements_run_id"),
        sa.PrimaryKeyConstraint("settlement_id", name="pk_claim_settlements"),
        sa.UniqueConstraint(
            "partner_id",
            "contract_id",
            "starts_on",
            "number",
            name="uq_claim_settlements_partner_id_contract_id_starts_on_number",
        ),
        sa.UniqueConstraint("partner_id", "position", name="uq_claim_settlements_partner_id_position"),
        sa.UniqueConstraint("run_id", name="uq_claim_settlements_run_id"),
        comment="Claims of a partner matched to the books, cycle by cycle.",
    )


def _create_claim_differences() -> None:
    op.create_table(
        "claim_differences",
        sa.Column("difference_id", sa.String(length=200), nullable=False, comment="The settlement and a number."),
        sa.Column("settlement_id", sa.String(length=160), nullable=False, comment="The settlement."),
        sa.Column("subject", sa.String(length=120), nullable=False, comment="The line, or payment: and the booking."),
        sa.Column("kind", sa.String(length=24), nullable=False, comment="In what way claim and books differ."),
        sa.Column(
            "claim_id", sa.String(length=80), nullable=False, comment="The partner's line; empty: nothing was claimed."
        ),
        sa.Column("account_id", sa.String(length=80), nullable=False, comment="The account."),
        sa.Column(
            "reference", sa.String(length=80), nullable=False, comment="The booking that the line names; empty: none."
        ),
        sa.Column("payment_id", sa.String(length=80), nullable=False, comment="The booking that it fits; empty: none."),
        sa.Column("claimed_on", sa.Date(), nullable=True, comment="Date of the claim."),
        sa.Column("month", sa.Date(), nullable=True, comment="Month that is claimed."),
        sa.Column("paid_on", sa.Date(), nullable=True, comment="When it was paid, by the claim."),
        sa.Column("booked_on", sa.Date(), nullable=True, comment="When it was paid, by the books."),
        sa.Column("posted_on", sa.Date(), nullable=True, comment="When it was booked."),
        sa.Column(
            "claimed_minor", MinorUnits(), nullable=True, comment="What is claimed; null: no amount that could be paid."
        ),
        sa.Column(
            "booked_minor", MinorUnits(), nullable=True, comment="What is open of the booking; null: there is none."
        ),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="Currency."),
        sa.Column("first_listed_on", sa.Date(), nullable=False, comment="Since when it is open."),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["claim_settlements.settlement_id"], name="fk_claim_differences_settlement_id"
        ),
        sa.PrimaryKeyConstraint("difference_id", name="pk_claim_differences"),
        sa.UniqueConstraint("settlement_id", "subject", name="uq_claim_differences_settlement_id_subject"),
        comment="Lines and bookings that do not agree, each under one kind.",
    )


def _create_claim_decisions() -> None:
    op.create_table(
        "claim_decisions",
        sa.Column("partner_id", sa.String(length=80), nullable=False, comment="The partner."),
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="Counted up over all decisions on the partner's claims."
        ),
        sa.Column("difference_id", sa.String(length=200), nullable=False, comment="The difference."),
        sa.Column("step", sa.Integer(), nullable=False, comment="Number of the decision on this difference, from 1."),
        sa.Column(
            "verdict",
            sa.String(length=12),
            nullable=False,
            comment="ours, theirs, reject, wait, confirm, object, reopen.",
        ),
        sa.Column(
            "is_proposal", sa.Boolean(), nullable=False, comment="Whether it counts only once somebody confirms it."
        ),
        sa.Column("until", sa.Date(), nullable=True, comment="Until when it waits."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("decided_on", sa.Date(), nullable=False, comment="Day of the decision."),
        sa.Column(
            "on_behalf_of", sa.String(length=120), nullable=False, comment="Whom a delegate acted for; empty: nobody."
        ),
        *_recorded(),
        sa.ForeignKeyConstraint(
            ["difference_id"], ["claim_differences.difference_id"], name="fk_claim_decisions_difference_id"
        ),
        sa.PrimaryKeyConstraint("partner_id", "number", name="pk_claim_decisions"),
        sa.UniqueConstraint("difference_id", "step", name="uq_claim_decisions_difference_id_step"),
        comment="What people decided on differences, in order.",
    )


def _create_claim_replies() -> None:
    op.create_table(
        "claim_replies",
        sa.Column("reply_id", sa.String(length=64), nullable=False, comment="SHA-256 of the partner's file."),
        sa.Column("settlement_id", sa.String(length=160), nullable=False, comment="What it answers."),
        sa.Column("file_name", sa.String(length=200), nullable=False, comment="Its name, without folders."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Lines in it."),
        sa.Column("received_on", sa.Date(), nullable=False, comment="When it was taken in."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who took it in."),
        *_recorded(),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["claim_settlements.settlement_id"], name="fk_claim_replies_settlement_id"
        ),
        sa.PrimaryKeyConstraint("reply_id", name="pk_claim_replies"),
        comment="Answers of partners to lists of differences.",
    )


def _create_claim_reply_lines() -> None:
    op.create_table(
        "claim_reply_lines",
        sa.Column("reply_id", sa.String(length=64), nullable=False, comment="The file."),
        sa.Column("difference_id", sa.String(length=200), nullable=False, comment="The difference."),
        sa.Column("answer", sa.String(length=12), nullable=False, comment="agreed, disputed or withdrawn."),
        sa.Column("text", sa.Text(), nullable=False, comment="What the partner says; may be empty."),
        sa.CheckConstraint("answer IN ('agreed', 'disputed', 'withdrawn')", name="ck_claim_reply_lines_answer"),
        sa.ForeignKeyConstraint(
            ["difference_id"], ["claim_differences.difference_id"], name="fk_claim_reply_lines_difference_id"
        ),
        sa.ForeignKeyConstraint(["reply_id"], ["claim_replies.reply_id"], name="fk_claim_reply_lines_reply_id"),
        sa.PrimaryKeyConstraint("reply_id", "difference_id", name="pk_claim_reply_lines"),
        comment="What a partner answered to each difference; it decides nothing.",
    )


def _create_partner_invoices() -> None:
    op.create_table(
        "partner_invoices",
        sa.Column("invoice_id", sa.String(length=160), nullable=False, comment="The partner and its number."),
        sa.Column("partner_id", sa.String(length=80), nullable=False, comment="The partner."),
        sa.Column("invoice_number", sa.String(length=80), nullable=False, comment="The partner's number."),
        sa.Column("batch_id", sa.String(length=64), nullable=False, comment="The published batch it is for."),
        sa.Column("dated_on", sa.Date(), nullable=False, comment="Its date."),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="Its currency."),
        sa.Column("net_minor", MinorUnits(), nullable=False, comment="Without tax, in minor units."),
        sa.Column("tax_minor", MinorUnits(), nullable=False, comment="The tax, in minor units."),
        sa.Column("differences", CanonicalJson(), nullable=False, comment="In what it differs from what was posted."),
        sa.Column("received_on", sa.Date(), nullable=False, comment="When it was taken in."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who took it in."),
        *_recorded(),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_partner_invoices_batch_id"),
        sa.PrimaryKeyConstraint("invoice_id", name="pk_partner_invoices"),
        sa.UniqueConstraint("partner_id", "invoice_number", name="uq_partner_invoices_partner_id_invoice_number"),
        comment="Invoices of partners for what was posted.",
    )


def _create_invoice_decisions() -> None:
    op.create_table(
        "invoice_decisions",
        sa.Column("invoice_id", sa.String(length=160), nullable=False, comment="The invoice; decided once."),
        sa.Column("decision", sa.String(length=12), nullable=False, comment="accepted or rejected."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided: not who took it in."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("decided_on", sa.Date(), nullable=False, comment="Day of the decision."),
        sa.Column(
            "on_behalf_of", sa.String(length=120), nullable=False, comment="Whom a delegate acted for; empty: nobody."
        ),
        *_recorded(),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["partner_invoices.invoice_id"], name="fk_invoice_decisions_invoice_id"
        ),
        sa.PrimaryKeyConstraint("invoice_id", name="pk_invoice_decisions"),
        comment="What people decided on invoices that differ from what was posted.",
    )


def _recorded() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
