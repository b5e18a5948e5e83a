"""Whom somebody decided about pay for, and who opened a dispute"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from adapters.store.schema import STORE

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DECIDED = ("pay_holds", "adjustments", "adjustment_decisions", "pay_cases", "period_decisions", "action_decisions")


def upgrade() -> None:
    """Columns are added without rebuilding a table, which would drop its guards; what is older has none of them."""
    for table in DECIDED:
        op.add_column(table, _column(table, "on_behalf_of", sa.String(length=120)))
    op.add_column("pay_cases", _column("pay_cases", "opened_by", sa.String(length=120)))
    op.add_column("period_decisions", _column("period_decisions", "decided_on", sa.Date()))


def _column(table: str, name: str, of_type: sa.String | sa.Date) -> sa.Column[Any]:
    return sa.Column(name, of_type, comment=STORE.tables[table].columns[name].comment)


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
