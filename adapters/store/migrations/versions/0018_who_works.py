"""Attempts say which process works; the store says of which environment it is"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import UtcTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns are added without rebuilding the table; older attempts have none of it."""
    op.add_column("attempts", sa.Column("host", sa.String(length=255), comment=_said("host")))
    op.add_column("attempts", sa.Column("process_id", sa.BigInteger(), comment=_said("process_id")))
    op.add_column("attempts", sa.Column("process_started", sa.String(length=120), comment=_said("process_started")))
    op.create_table(
        "environments",
        sa.Column("step", sa.Integer(), nullable=False, comment="Number of the naming, from 1."),
        sa.Column("environment", sa.String(length=40), nullable=False, comment="Such as production or test."),
        sa.Column("by_name", sa.String(length=120), nullable=False, comment="Who named it."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it is another one now; empty for the first."),
        sa.Column("recorded_at", UtcTime(), nullable=False, comment="When it was recorded, UTC; no content."),
        sa.Column("attempt_id", sa.String(length=32), comment="The attempt that recorded it; no content."),
        sa.PrimaryKeyConstraint("step", name="pk_environments"),
        comment="Of which environment the store is; the last one counts.",
    )
    dialect = op.get_bind().dialect.name
    for statement in guard_statements(STORE.tables["environments"], dialect):
        op.execute(statement)
    if dialect == "postgresql":
        op.alter_column("attempts", "state", comment=_said("state"))
        for statement in grant_statements(("environments",), ()):
            op.execute(statement)


def _said(column: str) -> str | None:
    return STORE.tables["attempts"].columns[column].comment


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
