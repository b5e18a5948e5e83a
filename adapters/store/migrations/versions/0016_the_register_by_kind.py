"""Actions by kind and law, and who waits for whom"""

import sqlalchemy as sa
from alembic import op

from adapters.store.schema import STORE

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns are added without rebuilding the tables, which would drop their guards; older actions have none of it."""
    _add("actions", sa.Column("kind", sa.String(length=16)))
    _add("actions", sa.Column("jurisdiction", sa.String(length=8)))
    for name in ("account_id", "partner_id", "employee_id", "unit"):
        _add("actions", sa.Column(name, sa.String(length=80)))
    _add("actions", sa.Column("code", sa.String(length=40)))
    _add("actions", sa.Column("counted_from", sa.Date()))
    _add("actions", sa.Column("due_by", sa.Text()))
    _add("actions", sa.Column("terms", sa.String(length=64)))
    _add("actions", sa.Column("opened_by", sa.String(length=120)))
    _add("action_decisions", sa.Column("code", sa.String(length=40)))
    _add("action_decisions", sa.Column("waiting_on", sa.String(length=120)))
    _add("action_decisions", sa.Column("stops_clock", sa.Boolean()))


def _add(table: str, column: sa.Column) -> None:  # type: ignore[type-arg]
    column.comment = STORE.tables[table].columns[column.name].comment
    op.add_column(table, column)


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
