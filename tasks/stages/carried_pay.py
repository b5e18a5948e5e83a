"""What pay carries over from earlier months: the columns of the lines that were then published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import sqlalchemy as sa

from adapters.store.batches import decisions_on, read_batches
from adapters.store.results import read_payout_lines
from adapters.store.runs import kinds_of
from domain.ids import RunId
from domain.manifest import PaidBatch, RunKind
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import PayoutLine
from incentives.batches import DecisionKind
from incentives.book import PolicyBook
from incentives.house import Earlier
from incentives.ledger import BatchKind


def batches_carried(connection: sa.Connection, policies: PolicyBook, period: Period) -> tuple[PaidBatch, ...]:
    """The newest published batch of each department and earlier month that the policies of `period` reach back to."""
    most = policies.during(period).most_months_carried()
    found: dict[tuple[Period, str], PaidBatch] = {}
    for month in _before(period, most):
        for row in read_batches(connection, str(month)):
            kinds = {decision.decision for decision in decisions_on(connection, row.batch_id)}
            if row.kind == BatchKind.BONUS.value and DecisionKind.PUBLISHED.value in kinds:
                found[month, row.scope] = PaidBatch(str(month), row.scope, RunId(row.run_id))
    return tuple(found[key] for key in sorted(found))


def columns_carried(connection: sa.Connection, paid: Iterable[PaidBatch], period: Period) -> Earlier:
    """The columns of these batches' lines by how many months ago, payee and component, summed over departments."""
    found: dict[tuple[int, str, str], dict[str, Decimal]] = defaultdict(dict)
    for batch in paid:
        ago = _months_between(Period.parse(batch.period), period)
        for line in read_payout_lines(connection, batch.run, BatchKind.BONUS.value):
            if line.scope == batch.scope:
                _add(found[ago, line.payee, line.component.partition(":")[0]], line)
    return found


def months_opened(connection: sa.Connection, paid: Iterable[PaidBatch], period: Period) -> frozenset[int]:
    """How many months ago the columns came in by the opening import: Recoup published nothing for these months."""
    kinds = kinds_of(connection, [batch.run for batch in paid])
    opened = (batch for batch in paid if kinds[batch.run] is RunKind.OPENING)
    return frozenset(_months_between(Period.parse(batch.period), period) for batch in opened)


def _add(columns: dict[str, Decimal], line: PayoutLine) -> None:
    for step in line.steps:
        if step.value is not None:
            columns[step.name] = CONTEXT.add(columns.get(step.name, Decimal(0)), step.value)


def _before(period: Period, months: int) -> list[Period]:
    found: list[Period] = []
    for _ in range(months):
        period = period.previous()
        found.append(period)
    return found


def _months_between(earlier: Period, period: Period) -> int:
    return (period.year - earlier.year) * 12 + period.month - earlier.month
