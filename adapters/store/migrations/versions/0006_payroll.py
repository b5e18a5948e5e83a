"""Files for payroll and general ledger, and what the payroll system answered"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CREATED = ("pay_exports", "payroll_lines", "payroll_returns", "payroll_answers")


def upgrade() -> None:
    _create_exports()
    _create_lines()
    _create_returns()
    _create_answers()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in grant_statements(CREATED, ()):
            op.execute(statement)


def _create_exports() -> None:
    op.create_table(
        "pay_exports",
        sa.Column("export_id", sa.String(length=120), nullable=False, comment="The batch, what it is, and its number."),
        sa.Column("batch_id", sa.String(length=64), nullable=False, comment="The published batch."),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="payroll or journal."),
        sa.Column("number", sa.Integer(), nullable=False, comment="1; more where rejected lines went out again."),
        sa.Column("layout", sa.String(length=24), nullable=False, comment="Layout of the file and its version."),
        sa.Column("path", sa.String(length=400), nullable=False, comment="File, below the home folder."),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="SHA-256 of the file."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Lines in it."),
        sa.Column("totals", CanonicalJson(), nullable=False, comment="Control totals by currency, in minor units."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_pay_exports_batch_id"),
        sa.PrimaryKeyConstraint("export_id", name="pk_pay_exports"),
        sa.UniqueConstraint("batch_id", "kind", "number", name="uq_pay_exports_batch_id_kind_number"),
        comment="Files for the payroll system and the general ledger, written from the ledger.",
    )


def _create_lines() -> None:
    op.create_table(
        "payroll_lines",
        sa.Column("line_id", sa.String(length=40), nullable=False, comment="Entry of the ledger and attempt: 17-1."),
        sa.Column("export_id", sa.String(length=120), nullable=False, comment="The file."),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="The entry that is paid."),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="1; one more each time that it was rejected."),
        sa.Column("payroll_number", sa.String(length=80), nullable=False, comment="Number in the payroll system."),
        sa.Column("cost_centre", sa.String(length=80), nullable=False, comment="Cost centre that bears it."),
        sa.ForeignKeyConstraint(["export_id"], ["pay_exports.export_id"], name="fk_payroll_lines_export_id"),
        sa.ForeignKeyConstraint(["sequence"], ["ledger.sequence"], name="fk_payroll_lines_sequence"),
        sa.PrimaryKeyConstraint("line_id", name="pk_payroll_lines"),
        sa.UniqueConstraint("sequence", "attempt", name="uq_payroll_lines_sequence_attempt"),
        comment="Entries of the ledger as they were handed to the payroll system.",
    )


def _create_returns() -> None:
    op.create_table(
        "payroll_returns",
        sa.Column("return_id", sa.String(length=64), nullable=False, comment="SHA-256 of the file."),
        sa.Column("file_name", sa.String(length=200), nullable=False, comment="Its name, without folders."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Lines in it."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who took it in."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
        sa.PrimaryKeyConstraint("return_id", name="pk_payroll_returns"),
        comment="Return files of the payroll system that were taken in.",
    )


def _create_answers() -> None:
    op.create_table(
        "payroll_answers",
        sa.Column("line_id", sa.String(length=40), nullable=False, comment="The line."),
        sa.Column("return_id", sa.String(length=64), nullable=False, comment="Who said so."),
        sa.Column("outcome", sa.String(length=8), nullable=False, comment="paid or rejected."),
        sa.Column("paid_on", sa.Date(), comment="When it was paid."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it was rejected; empty where it was paid."),
        sa.CheckConstraint("outcome IN ('paid', 'rejected')", name="ck_payroll_answers_outcome"),
        sa.ForeignKeyConstraint(["line_id"], ["payroll_lines.line_id"], name="fk_payroll_answers_line_id"),
        sa.ForeignKeyConstraint(["return_id"], ["payroll_returns.return_id"], name="fk_payroll_answers_return_id"),
        sa.PrimaryKeyConstraint("line_id", name="pk_payroll_answers"),
        comment="What the payroll system did with each line.",
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
