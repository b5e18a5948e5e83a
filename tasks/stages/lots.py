"""Lots of a night: what experiments have drawn, read from the night before and written for the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.duck import Duck
from adapters.store.runs import RunFile
from adapters.store.schema import run_files, runs, stage_results
from adapters.world import World, registered_file
from allocation.drawing import Draw, Lots, drawn_table, meets_statement
from allocation.experiments import Experiment, ExperimentBook
from allocation.plans import EXPERIMENT_ARM
from domain.drawn import DRAWN
from domain.ids import Digest
from domain.manifest import Manifest, RunKind, Stage
from tasks.stages.night import Night, folder_of, write_table


def drawn_before(
    connection: sa.Connection, experiments: ExperimentBook, day: date, known_as_of: datetime | None = None
) -> Digest | None:
    """The lots of the last official night before `day` that drew; none are looked for where no experiment holds."""
    if not experiments.on(day):
        return None
    statement = drawing_nights().where(runs.c.business_date < day)
    if known_as_of is not None:
        statement = statement.where(stage_results.c.recorded_at <= known_as_of)
    row = connection.execute(statement).first()
    return None if row is None else Digest(row.sha256)


def drawing_nights() -> sa.Select[Any]:
    """`business_date`, `run_id`, `path` and `sha256` of the lots of official nights, the newest first."""
    of_stage = sa.and_(stage_results.c.run_id == runs.c.run_id, stage_results.c.stage == Stage.ALLOCATE.value)
    return (
        sa.select(runs.c.business_date, runs.c.run_id, run_files.c.path, run_files.c.sha256)
        .join(run_files, run_files.c.run_id == runs.c.run_id)
        .join(stage_results, of_stage)
        .where(run_files.c.name == DRAWN.name, runs.c.kind == RunKind.NIGHTLY.value)
        .order_by(runs.c.business_date.desc(), stage_results.c.recorded_at.desc(), runs.c.run_id)
    )


def lots_of_night(world: World, manifest: Manifest, duck: Duck, experiments: ExperimentBook) -> Lots | None:
    """What is drawn by tonight; None where no experiment holds. Raises: FileChangedError."""
    day = manifest.business_date
    held = experiments.on(day)
    if not held:
        return None
    meets = {each.rule.id: _meeting(duck, each, day) for each in held if each.when is not None}
    return Lots(held, day, rows_named(world, manifest.drawn), meets)


def arms_in_force(world: World, experiments: ExperimentBook, day: date) -> dict[str, str]:
    """The arm of each account that an experiment treats otherwise than as usual on `day`, by the night that drew last.

    Raises: FileChangedError.
    """
    treated = {
        (each.rule.id, arm.id): each.named(arm)
        for each in experiments.on(day)
        for arm in each.rule.arms
        if arm.usual is None
    }
    if not treated:
        return {}
    with world.store.read() as connection:
        row = connection.execute(drawing_nights().where(runs.c.business_date < day)).first()
    drawn = rows_of_file(world, row.path, row.sha256) if row else ()
    arms = ((each["account_id"], treated.get((each["experiment_id"], each["arm"]))) for each in drawn)
    return {account: arm for account, arm in arms if arm is not None}


def with_arms(owners: pa.Table, lots: Lots | None) -> pa.Table:
    """The owners with the arm that each account was drawn into before, or none."""
    if lots is None:
        return owners.append_column(EXPERIMENT_ARM, pa.nulls(owners.num_rows, pa.string()))
    held = {(each.rule.id, arm.id): each.named(arm) for each in lots.experiments for arm in each.rule.arms}
    arms = {row["account_id"]: held.get((row["experiment_id"], row["arm"])) for row in lots.before}
    named = pa.array([arms.get(account) for account in owners["account_id"].to_pylist()], pa.string())
    return owners.append_column(EXPERIMENT_ARM, named)


def write_lots(world: World, night: Night, drawn: Draw | None) -> tuple[RunFile, ...]:
    """Every lot that holds, as a file of the run, where an experiment holds."""
    if drawn is None:
        return ()
    path = world.settings.home / folder_of(night) / f"{DRAWN.name}.parquet"
    rows = drawn_table(drawn.rows)
    written = world.seam.write_file(path, lambda part: write_table(rows, part), point=DRAWN.name)
    name = path.relative_to(world.settings.home).as_posix()
    return (RunFile(DRAWN.name, name, written.sha256, rows.num_rows),)


def told_of_lots(drawn: Draw | None) -> dict[str, Any]:
    """What people read of the night's lots, in debtors."""
    if drawn is None:
        return {}
    names = ("experiment", "could", "drawn", "no_room", "held_on", "not_treated")
    return {"experiments": [{name: getattr(tally, name) for name in names} for tally in drawn.tallies]}


def _meeting(duck: Duck, experiment: Experiment, day: date) -> frozenset[str]:
    return frozenset(row["account_id"] for row in duck.read(meets_statement(experiment, day)))


def rows_named(world: World, digest: Digest | None) -> tuple[Mapping[str, Any], ...]:
    if digest is None:
        return ()
    with world.store.read() as connection:
        row = connection.execute(sa.select(run_files.c.path).where(run_files.c.sha256 == digest)).first()
    return rows_of_file(world, row.path if row else digest, digest)


def rows_of_file(world: World, path: str, digest: str) -> tuple[Mapping[str, Any], ...]:
    """Raises: FileChangedError."""
    rows: Iterable[Mapping[str, Any]] = pq.read_table(registered_file(world, path, digest)).to_pylist()
    return tuple(rows)
