"""The quarantine's index, and the corrections of rows that were in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.store.engine import Store
from adapters.store.nights import newest_gated
from adapters.store.schema import corrections, quarantine, runs
from domain.ids import AttemptId, RunId, VersionId, canonical_decimal
from expectations.statements import ALL_REASONS, SetAside


@dataclass(frozen=True, slots=True)
class Quarantined:
    """How many rows of a table a run set aside for one reason; `money` are their absolute amounts by currency."""

    run: RunId
    business_date: date
    table: str
    reason: str
    rows: int
    money: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """Rows of one landed version that came back: `version` is what lands in its place."""

    table: str
    business_date: date
    base: VersionId
    version: VersionId
    run: RunId
    replaced: int
    dropped: int
    path: str
    sha256: str
    by: str
    reason: str
    recorded_at: datetime | None = None


def write_quarantine(connection: sa.Connection, run: RunId, set_aside: Mapping[str, SetAside]) -> None:
    rows = [
        {
            "run_id": run,
            "table_name": table,
            "reason": reason,
            "rows": number,
            "money": {currency: canonical_decimal(amount) for currency, amount in money},
        }
        for table, aside in set_aside.items()
        for reason, number, money in aside.by_reason
        if reason != ALL_REASONS
    ]
    if rows:
        connection.execute(quarantine.insert(), rows)


def read_quarantine(
    connection: sa.Connection, *, run: RunId | None = None, business_date: date | None = None, table: str = ""
) -> tuple[Quarantined, ...]:
    """The index of one run, or of the newest official night of each date; by date, table and reason."""
    nights = [run] if run else sa.select(newest_gated().subquery().c.run_id)
    statement = (
        sa.select(quarantine, runs.c.business_date)
        .join(runs, runs.c.run_id == quarantine.c.run_id)
        .where(quarantine.c.run_id.in_(nights))
    )
    if business_date is not None:
        statement = statement.where(runs.c.business_date == business_date)
    if table:
        statement = statement.where(quarantine.c.table_name == table)
    ordered = statement.order_by(runs.c.business_date, quarantine.c.table_name, quarantine.c.reason)
    return tuple(_quarantined(row) for row in connection.execute(ordered))


def insert_correction(
    store: Store, connection: sa.Connection, correction: Correction, attempt: AttemptId | None
) -> None:
    connection.execute(
        corrections.insert().values(
            table_name=correction.table,
            business_date=correction.business_date,
            base=correction.base,
            version=correction.version,
            run_id=correction.run,
            replaced=correction.replaced,
            dropped=correction.dropped,
            path=correction.path,
            sha256=correction.sha256,
            by_name=correction.by,
            reason=correction.reason,
            recorded_at=store.seam.recorded(),
            attempt_id=attempt,
        )
    )


def corrections_on_record(connection: sa.Connection, business_date: date | None = None) -> tuple[Correction, ...]:
    """Every correction, in the order in which they were made."""
    statement = sa.select(corrections).order_by(corrections.c.sequence)
    if business_date is not None:
        statement = statement.where(corrections.c.business_date == business_date)
    return tuple(_correction(row) for row in connection.execute(statement))


def _quarantined(row: sa.Row[Any]) -> Quarantined:
    money = tuple((currency, Decimal(text)) for currency, text in sorted(row.money.items()))
    return Quarantined(RunId(row.run_id), row.business_date, row.table_name, row.reason, row.rows, money)


def _correction(row: sa.Row[Any]) -> Correction:
    return Correction(
        row.table_name,
        row.business_date,
        VersionId(row.base),
        VersionId(row.version),
        RunId(row.run_id),
        row.replaced,
        row.dropped,
        row.path,
        row.sha256,
        row.by_name,
        row.reason,
        row.recorded_at,
    )
