"""Waivers: who went on over which halt, of which data, until when; and the accepted versions that rest on one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from adapters.store.engine import Store
from adapters.store.schema import waived_versions, waivers
from domain.ids import AttemptId, RunId, VersionId
from domain.manifest import Input, Waiver


@dataclass(frozen=True, slots=True)
class RecordedWaiver:
    """A waiver, the run whose halt was seen, and when it was recorded."""

    waiver: Waiver
    run: RunId
    recorded_at: datetime


def insert_waiver(
    store: Store, connection: sa.Connection, run: RunId, waiver: Waiver, attempt: AttemptId | None
) -> None:
    recorded = {"recorded_at": store.seam.recorded(), "attempt_id": attempt}
    connection.execute(waivers.insert().values(run_id=run, **_row(waiver), **recorded))


def waivers_on_record(connection: sa.Connection) -> tuple[RecordedWaiver, ...]:
    """Every waiver, newest first, whether it still holds or not."""
    rows = connection.execute(sa.select(waivers).order_by(waivers.c.sequence.desc()))
    return tuple(RecordedWaiver(_waiver(row), RunId(row.run_id), row.recorded_at) for row in rows)


def waivers_in_force(
    connection: sa.Connection, landed: Iterable[Input], today: date, known_as_of: datetime | None = None
) -> tuple[Waiver, ...]:
    """Those whose day is not past and that speak of exactly what has landed; of several for a check, the newest."""
    versions = {(item.table, item.business_date, item.version) for item in landed}
    found: dict[tuple[str, str], Waiver] = {}
    for recorded in waivers_on_record(connection):
        one = recorded.waiver
        is_known = known_as_of is None or recorded.recorded_at <= known_as_of
        if is_known and today <= one.until and (one.table, one.business_date, one.version) in versions:
            found.setdefault((one.table, one.check), one)
    return tuple(found[key] for key in sorted(found))


def write_waived(
    connection: sa.Connection, run: RunId, used: Iterable[Waiver], accepted: Mapping[str, VersionId]
) -> None:
    """Remember which accepted versions rest on a waiver."""
    for waiver in used:
        connection.execute(waived_versions.insert().values(run_id=run, **_row(waiver, accepted[waiver.table])))


def waivers_behind(connection: sa.Connection, inputs: Iterable[Input]) -> tuple[Waiver, ...]:
    """The waivers on which these accepted versions rest, one for each table, date and check."""
    read = {(item.table, item.business_date, item.version) for item in inputs}
    rows = connection.execute(sa.select(waived_versions).order_by(*waived_versions.primary_key.columns))
    found = {
        (one.table, one.business_date, one.check): one
        for one in (_waiver(row) for row in rows)
        if (one.table, one.business_date, one.version) in read
    }
    return tuple(found[key] for key in sorted(found))


def _row(waiver: Waiver, version: VersionId | None = None) -> dict[str, Any]:
    return {
        "table_name": waiver.table,
        "business_date": waiver.business_date,
        "check_name": waiver.check,
        "version": version or waiver.version,
        "until": waiver.until,
        "by_name": waiver.by,
        "reason": waiver.reason,
    }


def _waiver(row: sa.Row[Any]) -> Waiver:
    return Waiver(
        row.table_name,
        row.business_date,
        row.check_name,
        VersionId(row.version),
        row.by_name,
        row.reason,
        row.until,
    )
