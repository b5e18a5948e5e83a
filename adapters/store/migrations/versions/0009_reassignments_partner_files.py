"""Overrides and handovers of the dispatch; files for partners, and what they answered"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REASSIGNED = ("reassignments", "reassigned_accounts", "reassignment_decisions")
CREATED = (*REASSIGNED, "partner_files", "partner_file_lines", "partner_acknowledgements", "partner_answers")


def upgrade() -> None:
    _create_reassignments()
    _create_reassigned_accounts()
    _create_reassignment_decisions()
    _create_partner_files()
    _create_partner_file_lines()
    _create_partner_acknowledgements()
    _create_partner_answers()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":  # an approved reassignment is a release, made by who approves it
        for statement in grant_statements(CREATED, (*REASSIGNED, "releases")):
            op.execute(statement)
        comment = STORE.tables["runs"].columns["kind"].comment  # only PostgreSQL keeps comments of columns
        op.execute(f"COMMENT ON COLUMN runs.kind IS '{comment}'")


def _create_reassignments() -> None:
    op.create_table(
        "reassignments",
        sa.Column(
            "reassignment_id", sa.String(length=40), nullable=False, comment="What people type: override-7, handover-8."
        ),
        sa.Column("number", sa.Integer(), nullable=False, comment="Counted up over both kinds."),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="override or handover."),
        sa.Column("valid_from", sa.Date(), nullable=False, comment="First day with the other owner."),
        sa.Column("valid_until", sa.Date(), nullable=False, comment="Last day with the other owner."),
        sa.Column("from_owner", sa.String(length=80), nullable=False, comment="Who is absent; empty for overrides."),
        sa.Column("accounts", sa.BigInteger(), nullable=False, comment="How many accounts."),
        sa.Column("proposed_by", sa.String(length=120), nullable=False, comment="Who proposed it."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("proposed_on", sa.Date(), nullable=False, comment="Day of the proposal."),
        *_recorded(),
        sa.CheckConstraint("kind IN ('override', 'handover')", name="ck_reassignments_kind"),
        sa.PrimaryKeyConstraint("reassignment_id", name="pk_reassignments"),
        sa.UniqueConstraint("number", name="uq_reassignments_number"),
        comment="Overrides by leaders and handovers in absence, as proposed; they count once somebody else has approved.",
    )


def _create_reassigned_accounts() -> None:
    op.create_table(
        "reassigned_accounts",
        sa.Column("reassignment_id", sa.String(length=40), nullable=False, comment="Which one."),
        sa.Column("account_id", sa.String(length=80), nullable=False, comment="The account."),
        sa.Column("owner_kind", sa.String(length=16), nullable=False, comment="employee or partner."),
        sa.Column("owner_id", sa.String(length=80), nullable=False, comment="Who gets it."),
        sa.ForeignKeyConstraint(
            ["reassignment_id"], ["reassignments.reassignment_id"], name="fk_reassigned_accounts_reassignment_id"
        ),
        sa.PrimaryKeyConstraint("reassignment_id", "account_id", name="pk_reassigned_accounts"),
        comment="The accounts of an override or handover, and who gets each.",
    )


def _create_reassignment_decisions() -> None:
    op.create_table(
        "reassignment_decisions",
        sa.Column("reassignment_id", sa.String(length=40), nullable=False, comment="Which one."),
        sa.Column("decision", sa.String(length=12), nullable=False, comment="approved or rejected; once."),
        sa.Column("proposed_by", sa.String(length=120), nullable=False, comment="Who proposed it."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided: somebody else."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why; may be empty for approvals."),
        sa.Column("decided_on", sa.Date(), nullable=False, comment="Day of the decision."),
        sa.Column("release_id", sa.String(length=64), nullable=True, comment="The release that it became."),
        *_recorded(),
        sa.CheckConstraint("proposed_by <> by_name", name="ck_reassignment_decisions_two_people"),
        sa.ForeignKeyConstraint(
            ["reassignment_id"], ["reassignments.reassignment_id"], name="fk_reassignment_decisions_reassignment_id"
        ),
        sa.ForeignKeyConstraint(["release_id"], ["releases.release_id"], name="fk_reassignment_decisions_release_id"),
        sa.PrimaryKeyConstraint("reassignment_id", name="pk_reassignment_decisions"),
        sa.UniqueConstraint("release_id", name="uq_reassignment_decisions_release_id"),
        comment="What became of overrides and handovers; an approved one is a release of the dispatch.",
    )


def _create_partner_files() -> None:
    op.create_table(
        "partner_files",
        sa.Column("file_id", sa.String(length=160), nullable=False, comment="Partner, contract, day, kind and number."),
        sa.Column("partner_id", sa.String(length=80), nullable=False, comment="The partner."),
        sa.Column("contract_id", sa.String(length=80), nullable=False, comment="The contract whose columns it has."),
        sa.Column("day", sa.Date(), nullable=False, comment="First day at the partner, or first day back."),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="placement or recall."),
        sa.Column("number", sa.Integer(), nullable=False, comment="1; more for corrections."),
        sa.Column("replaces", sa.String(length=160), nullable=True, comment="The file that it corrects."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it corrects; empty for the first."),
        sa.Column("contract", sa.String(length=64), nullable=False, comment="Digest of the contract's version."),
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The night whose extracts it reads."),
        sa.Column("released", sa.BigInteger(), nullable=False, comment="Number of the last release that it knows."),
        sa.Column("path", sa.String(length=400), nullable=False, comment="File, below the home folder."),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="SHA-256 of the file."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Lines in it."),
        sa.Column("totals", CanonicalJson(), nullable=False, comment="Balance by currency, in major units."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who exported it."),
        *_recorded(),
        sa.ForeignKeyConstraint(["replaces"], ["partner_files.file_id"], name="fk_partner_files_replaces"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_partner_files_run_id"),
        sa.PrimaryKeyConstraint("file_id", name="pk_partner_files"),
        sa.UniqueConstraint(
            "partner_id",
            "contract_id",
            "day",
            "kind",
            "number",
            name="uq_partner_files_partner_id_contract_id_day_kind_number",
        ),
        sa.UniqueConstraint("replaces", name="uq_partner_files_replaces"),
        comment="Placement and recall files that were handed to partners.",
    )


def _create_partner_file_lines() -> None:
    op.create_table(
        "partner_file_lines",
        sa.Column("file_id", sa.String(length=160), nullable=False, comment="The file."),
        sa.Column("account_id", sa.String(length=80), nullable=False, comment="The account."),
        sa.Column("reason", sa.String(length=80), nullable=False, comment="Reason code of the dispatch."),
        sa.ForeignKeyConstraint(["file_id"], ["partner_files.file_id"], name="fk_partner_file_lines_file_id"),
        sa.PrimaryKeyConstraint("file_id", "account_id", name="pk_partner_file_lines"),
        comment="The accounts of each file for a partner.",
    )


def _create_partner_acknowledgements() -> None:
    op.create_table(
        "partner_acknowledgements",
        sa.Column("acknowledgement_id", sa.String(length=64), nullable=False, comment="SHA-256 of the partner's file."),
        sa.Column("file_id", sa.String(length=160), nullable=False, comment="The file that it answers."),
        sa.Column("file_name", sa.String(length=200), nullable=False, comment="Its name, without folders."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Lines in it."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who took it in."),
        *_recorded(),
        sa.ForeignKeyConstraint(["file_id"], ["partner_files.file_id"], name="fk_partner_acknowledgements_file_id"),
        sa.PrimaryKeyConstraint("acknowledgement_id", name="pk_partner_acknowledgements"),
        comment="Acknowledgements of partners that were taken in.",
    )


def _create_partner_answers() -> None:
    op.create_table(
        "partner_answers",
        sa.Column("file_id", sa.String(length=160), nullable=False, comment="The file."),
        sa.Column("account_id", sa.String(length=80), nullable=False, comment="The account."),
        sa.Column("acknowledgement_id", sa.String(length=64), nullable=False, comment="Where the partner said so."),
        sa.Column("outcome", sa.String(length=8), nullable=False, comment="accepted or rejected."),
        sa.Column("reason", sa.Text(), nullable=False, comment="The partner's reason; empty where it was accepted."),
        sa.CheckConstraint("outcome IN ('accepted', 'rejected')", name="ck_partner_answers_outcome"),
        sa.ForeignKeyConstraint(
            ["acknowledgement_id"],
            ["partner_acknowledgements.acknowledgement_id"],
            name="fk_partner_answers_acknowledgement_id",
        ),
        sa.ForeignKeyConstraint(["file_id"], ["partner_files.file_id"], name="fk_partner_answers_file_id"),
        sa.PrimaryKeyConstraint("file_id", "account_id", name="pk_partner_answers"),
        comment="What a partner answered to each line of a file.",
    )


def _recorded() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
