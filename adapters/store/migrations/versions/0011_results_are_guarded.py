"""What runs store is append-only as well, and sealed"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RESULTS = (
    "table_verdicts",
    "check_results",
    "quarantine",
    "run_files",
    "kpi_results",
    "scores",
    "payout_lines",
    "held_payees",
)


def upgrade() -> None:
    """Nothing of a run is ever written again or taken away; runs from before have no seals, and are passed over."""
    op.create_table(
        "result_seals",
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run."),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="The table of this store."),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="Digest of the groups."),
        sa.Column("groups", CanonicalJson(), nullable=False, comment="Column, value, rows and their digest."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_result_seals_run_id"),
        sa.PrimaryKeyConstraint("run_id", "table_name", name="pk_result_seals"),
        comment="What a run stored of each table, by digests: `recoup verify` tells which rows are not those any more.",
    )
    dialect = op.get_bind().dialect.name
    for name in (*RESULTS, "result_seals"):
        for statement in guard_statements(STORE.tables[name], dialect):
            op.execute(statement)
    if dialect == "postgresql":
        for statement in grant_statements(("result_seals",), ()):
            op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
