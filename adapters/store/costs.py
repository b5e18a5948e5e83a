"""What stages cost: time, memory, disk and rows of each attempt. Recorded beside the results, and no content."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import sqlalchemy as sa

from adapters.store.engine import Store
from adapters.store.schema import attempts, runs, stage_metrics
from domain.costs import ORDER, Cost, NightCost
from domain.ids import AttemptId
from domain.manifest import RunKind

_MIB = 1024 * 1024
_SAME = ("stage", "seconds", "cpu_seconds", "peak_mib", "written_mib")


class Counter:
    """What a stage says of itself while it is measured; `cost` is there afterwards."""

    def __init__(self) -> None:
        self.rows: int | None = None
        self.cost: Cost | None = None


@contextmanager
def measured(store: Store, attempt: AttemptId, stage: str) -> Iterator[Counter]:
    """Record what the block cost; nothing is recorded of one that fails. What it yields takes the rows."""
    wall, processor, written = time.perf_counter(), time.process_time(), _written_bytes()
    counter = Counter()
    yield counter
    cost = Cost(
        stage,
        _thousandths(time.perf_counter() - wall),
        _thousandths(time.process_time() - processor),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        None if written is None else ((_written_bytes() or written) - written) // _MIB,
        counter.rows,
    )
    row = {"attempt_id": attempt, "rows_done": cost.rows, **{name: getattr(cost, name) for name in _SAME}}
    with store.write("stage_measured") as connection:
        connection.execute(stage_metrics.insert().values(row))
    counter.cost = cost


def costs_of_attempt(connection: sa.Connection, attempt: AttemptId) -> tuple[Cost, ...]:
    """In the order of a night."""
    rows = connection.execute(sa.select(stage_metrics).filter_by(attempt_id=attempt))
    return tuple(sorted(map(_cost, rows), key=lambda each: ORDER.index(each.stage)))


def costs_of_nights(connection: sa.Connection, first: date, last: date) -> tuple[NightCost, ...]:
    """Every attempt at an official night of the dates, oldest first, whatever became of it."""
    statement = (
        sa.select(attempts, *(column for column in stage_metrics.c if column.name != "attempt_id"))
        .join(runs, runs.c.run_id == attempts.c.run_id)
        .join(stage_metrics, stage_metrics.c.attempt_id == attempts.c.attempt_id, isouter=True)
        .where(runs.c.kind == RunKind.NIGHTLY.value, attempts.c.business_date.between(first, last))
        .order_by(attempts.c.business_date, attempts.c.started_at, attempts.c.attempt_id)
    )
    grouped = groupby(connection.execute(statement), key=lambda row: row.attempt_id)
    return tuple(_night(tuple(rows)) for _, rows in grouped)


def costs_of_newest_night(connection: sa.Connection) -> NightCost | None:
    """The newest attempt at the latest date that an official night was begun for."""
    latest = (
        sa.select(sa.func.max(attempts.c.business_date))
        .join(runs, runs.c.run_id == attempts.c.run_id)
        .where(runs.c.kind == RunKind.NIGHTLY.value)
    )
    day = connection.execute(latest).scalar()
    return costs_of_nights(connection, day, day)[-1] if day is not None else None


def _night(rows: tuple[sa.Row[tuple[object, ...]], ...]) -> NightCost:
    one, measured_rows = rows[0], [row for row in rows if row.stage is not None]
    stages = sorted(map(_cost, measured_rows), key=lambda each: ORDER.index(each.stage))
    return NightCost(
        one.attempt_id,
        one.run_id,
        one.business_date,
        one.state,
        one.started_at,
        one.ended_at,
        tuple(stages),
    )


def _cost(row: sa.Row[tuple[object, ...]]) -> Cost:
    return Cost(row.stage, row.seconds, row.cpu_seconds, row.peak_mib, row.written_mib, row.rows_done)


def _thousandths(seconds: float) -> Decimal:
    return Decimal(f"{seconds:.3f}")


def _written_bytes() -> int | None:
    """What this process has caused to be written to disks so far, as Linux counts it; None where nothing counts."""
    try:
        found = re.search(r"^write_bytes: (\d+)$", Path("/proc/self/io").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None
