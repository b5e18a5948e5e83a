"""When a file went to a partner, and when its answer came"""

import sqlalchemy as sa
from alembic import op

from adapters.store.schema import STORE

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns are added without rebuilding the tables, which would drop their guards; older rows have none of it."""
    _add("partner_files", "handed_on")
    _add("partner_acknowledgements", "received_on")


def _add(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.Date(), comment=STORE.tables[table].columns[name].comment))


def downgrade() -> None:
    raise RuntimeError("the store is append-only: restore a backup instead")
