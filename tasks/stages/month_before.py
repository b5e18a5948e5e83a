"""What last month paid: the lines of the newest published batch of the same kind and scope."""

from __future__ import annotations

import sqlalchemy as sa

from adapters.store.batches import read_batches
from domain.periods import Period
from domain.records import PayoutLine
from incentives.batches import BatchPhase
from incentives.ledger import BatchKind
from tasks.stages.brought_in import is_opening
from tasks.stages.month_end import read_frozen


def lines_of_the_month_before(
    connection: sa.Connection, period: Period, kind: BatchKind, scope: str = ""
) -> tuple[PayoutLine, ...]:
    """Of one department or partner, or of all of them; what an opening brought in was paid by another system."""
    newest = {}
    for row in read_batches(connection, str(period.previous())):
        if row.kind == kind.value and scope in {"", row.scope} and not is_opening(row.batch_id):
            frozen = read_frozen(connection, row.batch_id)
            if frozen.state.phase is BatchPhase.PUBLISHED:
                newest[row.scope] = frozen.lines
    return tuple(line for each in sorted(newest) for line in newest[each])
