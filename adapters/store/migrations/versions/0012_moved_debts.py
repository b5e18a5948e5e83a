"""Which department's debt an adjustment moves to another"""

import sqlalchemy as sa
from alembic import op

from adapters.store.schema import STORE

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The column is added without rebuilding the table, which would drop its guards; older adjustments move nothing."""
    comment = STORE.tables["adjustments"].columns["moved_from"].comment
    op.add_column("adjustments", sa.Column("moved_from", sa.String(length=80), comment=comment))


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
