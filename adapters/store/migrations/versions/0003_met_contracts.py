"""Contracts that a table met"""

import sqlalchemy as sa
from alembic import op

from adapters.store.guards import grant_statements, guard_statements
from adapters.store.schema import STORE
from adapters.store.types import CanonicalJson

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_table()
    dialect = op.get_bind().dialect.name
    for statement in guard_statements(STORE.tables["met_contracts"], dialect):
        op.execute(statement)
    if dialect == "postgresql":
        for statement in grant_statements(["met_contracts"], []):
            op.execute(statement)


def _create_table() -> None:
    op.create_table(
        "met_contracts",
        sa.Column(
            "inputs",
            sa.String(length=64),
            nullable=False,
            comment="Digest of the contract and of every version that it read.",
        ),
        sa.Column("table_name", sa.String(length=64), nullable=False, comment="The table."),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="Its rows, every one of them sound."),
        sa.Column("money", CanonicalJson(), nullable=False, comment="Their amounts by currency, in major units."),
        sa.Column("run_id", sa.String(length=24), nullable=False, comment="The run that judged them."),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_met_contracts_run_id"),
        sa.PrimaryKeyConstraint("inputs", name="pk_met_contracts"),
        comment="Whole tables of state that met their contract: while nothing of it changes, they are not judged again.",
    )


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
