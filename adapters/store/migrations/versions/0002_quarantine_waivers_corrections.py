"""Quarantine index, waivers, and corrections of quarantined rows"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("waivers", "waived_versions", "corrections")
CREATED = ("quarantine", *APPEND_ONLY)
DECIDED_BY_APPROVERS = ("waivers",)


def upgrade() -> None:
    _create_tables()
    dialect = op.get_bind().dialect.name
    for name in APPEND_ONLY:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in grant_statements(CREATED, DECIDED_BY_APPROVERS):
            op.execute(statement)


def _create_tables() -> None:
    op.create_table(
        "corrections",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="The table."),
        sa.Column("business_date", sa.Date(), nullable=False, comment="Date of the extract."),
        sa.Column("base", sa.String(length=64), nullable=False, comment="The version corrected."),
        sa.Column("version", sa.String(length=64), nullable=False, comment="What lands instead."),
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run that quarantined the rows."),
        sa.Column("replaced", sa.BigInteger(), nullable=False, comment="Rows that were replaced by corrected ones."),
        sa.Column("dropped", sa.BigInteger(), nullable=False, comment="Rows that were left out on purpose."),
        sa.Column(
            "path", sa.String(length=400), nullable=False, comment="File of the corrected rows, below the home folder."
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="SHA-256 of that file."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who corrected."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.ForeignKeyConstraint(["base"], ["snapshot_versions.version"], name="fk_corrections_base"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_corrections_run_id"),
        sa.ForeignKeyConstraint(["version"], ["snapshot_versions.version"], name="fk_corrections_version"),
        sa.PrimaryKeyConstraint("sequence", name="pk_corrections"),
        sa.UniqueConstraint("base", "business_date", name="uq_corrections_base_business_date"),
        comment="Quarantined rows that came back corrected; a new extract from the source takes their place.",
    )
    op.create_table(
        "quarantine",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="The table."),
        sa.Column("reason", sa.String(length=120), nullable=False, comment="Reason code; a row may have several."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Rows with this reason."),
        sa.Column(
            "money", CanonicalJson(), nullable=False, comment="Their absolute amounts by currency, in major units."
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_quarantine_run_id"),
        sa.PrimaryKeyConstraint("run_id", "table_name", "reason", name="pk_quarantine"),
        comment="Index of the quarantine: the rows themselves, as they came, are in the run's file quarantine/<table>.",
    )
    op.create_table(
        "waived_versions",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run that went on."),
        sa.Column("check_name", sa.String(length=120), nullable=False, comment="The check that was waived."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="Its table."),
        sa.Column("business_date", sa.Date(), nullable=False, comment="Date of the extract."),
        sa.Column("version", sa.String(length=64), nullable=False, comment="What was accepted."),
        sa.Column("until", sa.Date(), nullable=False, comment="Until when the waiver held."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_waived_versions_run_id"),
        sa.ForeignKeyConstraint(["version"], ["snapshot_versions.version"], name="fk_waived_versions_version"),
        sa.PrimaryKeyConstraint("run_id", "check_name", name="pk_waived_versions"),
        comment="Accepted over a waiver: every result that reads such a version says so.",
    )
    op.create_table(
        "waivers",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="Order in which rows came.",
        ),
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run whose halt was seen."),
        sa.Column("business_date", sa.Date(), nullable=False, comment="Date of the extract."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="Table of the check."),
        sa.Column("check_name", sa.String(length=120), nullable=False, comment="Code of the check."),
        sa.Column("version", sa.String(length=64), nullable=False, comment="The data it is about."),
        sa.Column("until", sa.Date(), nullable=False, comment="Last day on which it holds."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column(
            "attempt_id", sa.String(length=32), nullable=True, comment="The attempt that recorded it; no content."
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_waivers_run_id"),
        sa.ForeignKeyConstraint(["version"], ["snapshot_versions.version"], name="fk_waivers_version"),
        sa.PrimaryKeyConstraint("sequence", name="pk_waivers"),
        sa.UniqueConstraint("run_id", "check_name", name="uq_waivers_run_id_check_name"),
        comment="Decisions to go on over a halted check: void when past, or when other data land.",
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
