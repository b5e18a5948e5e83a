"""Planned actions of a night: what the treatment plans ask for from the next day on, beside the dispatch.

Each official night plans once; what was planned is never made again. Nights that did not plan are caught up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from adapters.duck import Duck
from adapters.store.runs import RunFile
from adapters.store.schema import run_files, runs, stage_results
from adapters.world import World
from allocation.planned import CATCH_UP_DAYS, OWNERS_NEXT, planned_statement, several_plans_statement
from allocation.plans import Plan
from domain.ids import RunId
from domain.manifest import EarlierNight, Manifest, RunKind, Stage
from domain.periods import Period
from domain.planned import MOST_DAYS, PLANNED
from tasks.stages.night import Night, folder_of, write_table
from tasks.stages.people import working_days_of


@dataclass(frozen=True, slots=True)
class Planned:
    """The file of a night's planned actions, and what people read of them."""

    files: tuple[RunFile, ...] = ()
    summary: dict[str, Any] | None = None


def plan_actions(
    world: World, night: Night, manifest: Manifest, plans: tuple[Plan, ...], duck: Duck, owners: pa.Table
) -> Planned:
    """The actions that are due from the next day on, for those whose accounts they are then, as a file of the run.

    `owners` has a row per account with the columns of `OWNERS_NEXT`, and others. Nothing where no plan holds, and
    officially where the date, or a later one, has been planned.
    """
    if not plans or (night.is_official and _is_planned(world, night.business_date)):
        return Planned()
    day = night.business_date
    worked = owners.filter(pc.is_in(owners["owner_kind"], pa.array(["employee", "partner"])))
    duck.create_table_of(OWNERS_NEXT.name, worked.select(OWNERS_NEXT.c.keys()))
    rows = duck.arrow(planned_statement(plans, day, _caught_up_since(manifest), working_days_of(duck)))
    (several,) = duck.read(several_plans_statement(plans, day))
    path = world.settings.home / folder_of(night) / "planned_actions.parquet"
    written = world.seam.write_file(path, lambda part: write_table(rows, part), point="planned_actions")
    name = path.relative_to(world.settings.home).as_posix()
    summary = {"planned": rows.num_rows, "planned_by": _counts(rows), "several_plans": several["accounts"]}
    return Planned((RunFile(PLANNED.name, name, written.sha256, rows.num_rows),), summary)


def first_planned_day(day: date) -> date:
    """The first day on which an action can have begun that still counts on `day`, in its month."""
    return Period.of(day).start - timedelta(days=MOST_DAYS)


def nights_that_planned(
    connection: sa.Connection, day: date, known_as_of: datetime | None = None
) -> tuple[EarlierNight, ...]:
    """The official nights before `day` whose planned actions may still count, in order; of several runs of a date the
    first that planned."""
    first = first_planned_day(day) - timedelta(days=1)
    statement = _planning_runs().where(runs.c.business_date.between(first, day - timedelta(days=1)))
    if known_as_of is not None:
        statement = statement.where(stage_results.c.recorded_at <= known_as_of)
    found: dict[date, EarlierNight] = {}
    for row in connection.execute(statement):
        found.setdefault(row.business_date, EarlierNight(row.business_date, RunId(row.run_id)))
    return tuple(found.values())


def _is_planned(world: World, day: date) -> bool:
    with world.store.read() as connection:
        return connection.execute(_planning_runs().where(runs.c.business_date >= day)).first() is not None


def _planning_runs() -> sa.Select[Any]:
    """`business_date` and `run_id` of the official runs that have planned, in the order in which they did."""
    wrote = sa.and_(run_files.c.run_id == runs.c.run_id, run_files.c.name == PLANNED.name)
    of_stage = sa.and_(stage_results.c.run_id == runs.c.run_id, stage_results.c.stage == Stage.ALLOCATE.value)
    return (
        sa.select(runs.c.business_date, runs.c.run_id)
        .join(run_files, wrote)
        .join(stage_results, of_stage)
        .where(runs.c.kind == RunKind.NIGHTLY.value)
        .order_by(runs.c.business_date, stage_results.c.recorded_at, runs.c.run_id)
    )


def _caught_up_since(manifest: Manifest) -> date:
    """The last day of which nothing is caught up: the first night that planned, or where none has, yesterday."""
    day = manifest.business_date
    first = min((night.business_date for night in manifest.planned), default=day - timedelta(days=1))
    return max(first, day - timedelta(days=CATCH_UP_DAYS))


def _counts(rows: pa.Table) -> list[dict[str, Any]]:
    counted = rows.group_by(["plan_id", "action_id"]).aggregate([([], "count_all")]).to_pylist()
    found = [{"plan": row["plan_id"], "action": row["action_id"], "accounts": row["count_all"]} for row in counted]
    return sorted(found, key=lambda each: (each["plan"], each["action"]))
