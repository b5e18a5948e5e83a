"""What retention removed, what is held against it, and what was confirmed before going live"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson, UtcTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CREATED = ("legal_hold_decisions", "removals", "removed_files", "removals_finished", "confirmations")


def upgrade() -> None:
    _create_holds()
    _create_removals()
    _create_confirmations()
    dialect = op.get_bind().dialect.name
    for name in CREATED:
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":  # people hold, release and confirm under logins of their own
        for statement in grant_statements(CREATED, ("legal_hold_decisions", "confirmations")):
            op.execute(statement)


def _create_holds() -> None:
    op.create_table(
        "legal_hold_decisions",
        sa.Column("hold_id", sa.String(length=40), nullable=False, comment="What people type: hold-3."),
        sa.Column("step", sa.Integer(), nullable=False, comment="1 placed, 2 released."),
        sa.Column("decision", sa.String(length=12), nullable=False, comment="placed or released."),
        sa.Column("kind", sa.String(length=12), nullable=False, comment="account, period, run or everything."),
        sa.Column("subject", sa.String(length=80), nullable=False, comment="Which one; empty for everything."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who decided; who releases did not place."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("decided_on", sa.Date(), nullable=False, comment="Day of the decision."),
        *_recorded(),
        sa.PrimaryKeyConstraint("hold_id", "step", name="pk_legal_hold_decisions"),
        comment="Legal holds: what is held is not removed by retention until another person releases it.",
    )


def _create_removals() -> None:
    op.create_table(
        "removals",
        sa.Column("removal_id", sa.String(length=64), nullable=False, comment="Digest of the plan that was applied."),
        sa.Column("rules", CanonicalJson(), nullable=False, comment="The retention settings that it followed."),
        sa.Column("files", sa.BigInteger(), nullable=False, comment="Files that it named."),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="What they came to."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who had it applied."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why."),
        sa.Column("decided_on", sa.Date(), nullable=False, comment="Day of the decision."),
        *_recorded(),
        sa.PrimaryKeyConstraint("removal_id", name="pk_removals"),
        comment="Removals by retention; they are recorded before the first file goes.",
    )
    op.create_table(
        "removed_files",
        sa.Column("removal_id", sa.String(length=64), nullable=False, comment="The removal."),
        sa.Column("path", sa.String(length=400), nullable=False, comment="File, below the home folder."),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="snapshots, runs, what_ifs, data_docs …"),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="What was registered of it; empty: nothing."),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="Its size."),
        sa.Column("dated", sa.Date(), nullable=False, comment="The business date from which its term counts."),
        sa.ForeignKeyConstraint(["removal_id"], ["removals.removal_id"], name="fk_removed_files_removal_id"),
        sa.PrimaryKeyConstraint("removal_id", "path", name="pk_removed_files"),
        comment="Files that retention removed.",
    )
    op.create_table(
        "removals_finished",
        sa.Column("removal_id", sa.String(length=64), nullable=False, comment="The removal: all its files are gone."),
        *_recorded(),
        sa.ForeignKeyConstraint(["removal_id"], ["removals.removal_id"], name="fk_removals_finished_removal_id"),
        sa.PrimaryKeyConstraint("removal_id", name="pk_removals_finished"),
        comment="Removals that came to their end; another one is finished by the next.",
    )


def _create_confirmations() -> None:
    op.create_table(
        "confirmations",
        sa.Column("item", sa.String(length=40), nullable=False, comment="Item of the checklist of going live."),
        sa.Column("step", sa.Integer(), nullable=False, comment="Number of the confirmation of this item, from 1."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who confirmed it."),
        sa.Column("note", sa.Text(), nullable=False, comment="What was seen or done."),
        sa.Column("confirmed_on", sa.Date(), nullable=False, comment="Day of the confirmation."),
        *_recorded(),
        sa.PrimaryKeyConstraint("item", "step", name="pk_confirmations"),
        comment="What people confirmed of the checklist of going live, where the program cannot see it.",
    )


def _recorded() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
