"""What stages cost: processor time, what was written, rows"""

import sqlalchemy as sa
from alembic import op

from adapters.store.schema import STORE

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Stages measured before have none of it."""
    columns = STORE.tables["stage_metrics"].columns
    for name, kind in (("cpu_seconds", sa.String()), ("written_mib", sa.Integer()), ("rows_done", sa.BigInteger())):
        op.add_column("stage_metrics", sa.Column(name, kind, comment=columns[name].comment))


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
