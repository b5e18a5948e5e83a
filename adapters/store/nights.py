"""The official night of each business date, of those that have been gated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.store.runs import State
from adapters.store.schema import runs, stage_results
from domain.ids import RunId
from domain.manifest import RunKind, Stage


def newest_gated(first: date | None = None, last: date | None = None) -> sa.Select[Any]:
    """`run_id` and `business_date`, from `first` up to and including `last`: the night whose gate was finished last."""
    newest_first = (stage_results.c.recorded_at.desc(), runs.c.run_id)
    place = sa.func.row_number().over(partition_by=runs.c.business_date, order_by=newest_first)
    gated = (
        sa.select(runs.c.run_id, runs.c.business_date, place.label("place"))
        .join(stage_results, stage_results.c.run_id == runs.c.run_id)
        .where(runs.c.kind == RunKind.NIGHTLY.value, stage_results.c.stage == Stage.GATE.value)
    )
    if first is not None:
        gated = gated.where(runs.c.business_date >= first)
    if last is not None:
        gated = gated.where(runs.c.business_date <= last)
    found = gated.subquery("gated")
    return sa.select(found.c.run_id, found.c.business_date).where(found.c.place == 1)


def newest_gated_nights(
    connection: sa.Connection, first: date | None = None, last: date | None = None
) -> Mapping[date, RunId]:
    """The runs of `newest_gated`, by date and in its order."""
    found = connection.execute(newest_gated(first, last))
    return {row.business_date: RunId(row.run_id) for row in sorted(found, key=lambda row: row.business_date)}


def newest_gated_night(connection: sa.Connection, business_date: date) -> RunId | None:
    """The one of that date, if there is one."""
    return newest_gated_nights(connection, business_date, business_date).get(business_date)


def newest_measured_nights(
    connection: sa.Connection, first: date | None = None, last: date | None = None
) -> Mapping[date, RunId]:
    """The official night of each date that has measured, in order of dates: the one whose measuring ended last; from
    `first` up to and including `last`."""
    statement = (
        sa.select(runs.c.run_id, runs.c.business_date)
        .join(stage_results, stage_results.c.run_id == runs.c.run_id)
        .where(
            runs.c.kind == RunKind.NIGHTLY.value,
            stage_results.c.stage == Stage.MEASURE.value,
            stage_results.c.outcome == State.DONE.value,
        )
        .order_by(runs.c.business_date, stage_results.c.recorded_at, runs.c.run_id)
    )
    if first is not None:
        statement = statement.where(runs.c.business_date >= first)
    if last is not None:
        statement = statement.where(runs.c.business_date <= last)
    return {row.business_date: RunId(row.run_id) for row in connection.execute(statement)}
