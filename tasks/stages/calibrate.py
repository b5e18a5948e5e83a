"""Calibration: what the last allocation before a month had predicted, beside what the days after it brought."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.runs import RunFile, files_of_run
from adapters.store.schema import run_files, runs
from adapters.world import World, registered_file
from allocation.calibration import booked_statement, calibration
from allocation.predicted import BESIDE, PREDICTED, side_by_side
from domain.ids import RunId
from domain.manifest import RunKind
from domain.periods import Period
from reports.calibration import CalibrationOfMonth, calibration_report
from reports.languages import Language
from reports.report_files import report_page
from tasks.stages.gate import accepted_in
from tasks.stages.labels import book_label
from tasks.stages.manifests import manifest_of
from tasks.stages.recovered import RECOVERY
from tasks.stages.session import session_of_tables

ALLOCATION = "allocation"


def calibrate(world: World, period: Period, *, neutral: bool = False) -> CalibrationOfMonth:
    """Predicted by the last official night before the month that allocated, beside what came within its horizon;
    `neutral`: by every row as if all collectors and partners were alike.

    Raises: RefusedError if no night before the month allocated (CAL001), or its horizon is not over (CAL002), or what
    it expected is not kept with it (CAL003); FileChangedError.
    """
    before = period.previous()
    predicted = _allocating_night(world, before.start, period.start, f"night of {before}")
    recovery = _recovery_of(world, predicted)
    recovery |= {"effects": {}} if neutral else {}
    first = predicted.day + timedelta(days=1)
    last = _last_month(period, recovery).last_day
    booked, run = _booked(world, first, last)
    currency, compared = side_by_side(_accounts(world, predicted), booked, recovery, days=(last - first).days + 1)
    return CalibrationOfMonth(
        str(period), predicted.day, predicted.run, first, last, run, currency, calibration(compared), book_label(world)
    )


def expected_by(world: World, day: date) -> dict[str, Any]:
    """The rates and effects that the newest official night of the date has kept.

    Raises: RefusedError if there is none (CAL001, CAL003); FileChangedError.
    """
    return _recovery_of(world, _allocating_night(world, day, day + timedelta(days=1), f"night of {day}"))


def _last_month(period: Period, recovery: Mapping[str, Any]) -> Period:
    """The month in which what was predicted has come: with a horizon of 60 days the one after the month asked for."""
    for _ in range(int(recovery["horizon_days"]) // 30 - 1):
        period = period.next()
    return period


def write_page(world: World, found: CalibrationOfMonth, path: Path, language: Language) -> None:
    text = report_page(calibration_report(found, language), language)
    world.seam.write_text(path, text, point="calibration_page")


@dataclass(frozen=True, slots=True)
class _Night:
    run: RunId
    day: date
    files: Mapping[str, RunFile]


def _allocating_night(world: World, first: date, end: date, asked: str) -> _Night:
    """The last official night from `first` up to, not including, `end` that allocated."""
    statement = (
        sa.select(runs.c.run_id, runs.c.business_date)
        .join(run_files, run_files.c.run_id == runs.c.run_id)
        .where(run_files.c.name == ALLOCATION, runs.c.kind == RunKind.NIGHTLY.value)
        .where(runs.c.business_date >= first, runs.c.business_date < end)
        .order_by(runs.c.business_date.desc(), runs.c.recorded_at.desc())
    )
    with world.store.read() as connection:
        row = connection.execute(statement).first()
        if row is None:
            raise RefusedError(
                f"CAL001 no {asked} has allocated, so nothing was predicted; "
                "the first month that can be compared is the one after the first allocation"
            )
        run = RunId(row.run_id)
        return _Night(run, row.business_date, files_of_run(connection, run))


def _recovery_of(world: World, night: _Night) -> dict[str, Any]:
    file = night.files.get(RECOVERY)
    if file is None:
        raise RefusedError(
            f"CAL003 the night of {night.day} did not keep what it expected; later nights do: choose a later month"
        )
    found: dict[str, Any] = json.loads(registered_file(world, file.path, file.sha256).read_text(encoding="utf-8"))
    return found


def _booked(world: World, first: date, last: date) -> tuple[pa.Table, RunId]:
    """What came, as the first official night knows it that has all of the horizon's days."""
    statement = (
        sa.select(runs.c.run_id, runs.c.business_date)
        .join(run_files, run_files.c.run_id == runs.c.run_id)
        .where(runs.c.kind == RunKind.NIGHTLY.value, runs.c.business_date >= last)
        .order_by(runs.c.business_date, runs.c.recorded_at.desc())
    )
    with world.store.read() as connection:
        row = connection.execute(statement).first()
        if row is None:
            raise RefusedError(
                f"CAL002 what was predicted is to come by {last}, and no night of that day or later has run; "
                "ask again then, or for an earlier month"
            )
        run = RunId(row.run_id)
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
    with session_of_tables(world, manifest, accepted, {"payments"}) as duck:
        return duck.arrow(booked_statement(first, last)), run


def _accounts(world: World, night: _Night) -> pa.Table:
    """The accounts of which something was expected."""
    file = night.files[ALLOCATION]
    path = registered_file(world, file.path, file.sha256)
    known = [name for name in (*PREDICTED, *BESIDE) if name in pq.read_schema(path).names]
    table = pq.read_table(path, columns=known)
    return table.filter(pc.greater(table["expected_recovery"], 0))
