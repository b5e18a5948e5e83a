"""What partners brought of debtors that the lot gave them: written by the night that measures, and read by its KPIs."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from adapters.duck import Duck, duck_columns
from adapters.store.runs import RunFile, files_of_run
from adapters.world import World, registered_file
from allocation.drawing import drawn_table
from allocation.experiment_results import outcomes_statement
from allocation.experiments import Experiment
from allocation.lot_outcomes import LotOutcome, lot_outcomes
from domain.drawn import DRAWN
from domain.ids import RunId
from domain.manifest import Manifest
from kpi_rules.views import LOT_OUTCOMES
from tasks.stages.lots import rows_named
from tasks.stages.night import Night, folder_of, write_table


def write_lot_outcomes(
    world: World, night: Night, manifest: Manifest, duck: Duck, experiments: Iterable[Experiment]
) -> tuple[RunFile, ...]:
    """The outcomes by the lots that the manifest names, as a file of the run and the view of the session; no file where
    nothing was drawn. Raises: FileChangedError."""
    found = _outcomes(world, manifest, duck, experiments)
    if not found:
        return ()
    path, table = world.settings.home / folder_of(night) / f"{LOT_OUTCOMES.name}.parquet", found_table(found)
    written = world.seam.write_file(path, lambda part: write_table(table, part), point=LOT_OUTCOMES.name)
    duck.create_view(LOT_OUTCOMES.name, [path], duck_columns(LOT_OUTCOMES))
    return (RunFile(LOT_OUTCOMES.name, path.relative_to(world.settings.home).as_posix(), written.sha256, len(found)),)


def create_no_lot_outcomes(duck: Duck) -> None:
    """The view without rows: of a session in which nobody has looked at lots."""
    duck.create_view(LOT_OUTCOMES.name, (), duck_columns(LOT_OUTCOMES))


def view_lot_outcomes(world: World, duck: Duck, run: RunId) -> None:
    """The view as the night wrote it. Raises: FileChangedError."""
    with world.store.read() as connection:
        file = files_of_run(connection, run).get(LOT_OUTCOMES.name)
    written = [registered_file(world, file.path, file.sha256)] if file else []
    duck.create_view(LOT_OUTCOMES.name, written, duck_columns(LOT_OUTCOMES))


def found_table(found: Iterable[LotOutcome]) -> pa.Table:
    """In order of the key."""
    rows = sorted(found, key=lambda each: (each.experiment_id, each.currency, each.debtor_id))
    types = {"known_on": pa.date32(), "brought": pa.decimal128(18, 10), "expected": pa.decimal128(18, 10)}
    return pa.table(
        {
            column.name: pa.array([getattr(each, column.name) for each in rows], types.get(column.name, pa.string()))
            for column in LOT_OUTCOMES
        }
    )


def _outcomes(
    world: World, manifest: Manifest, duck: Duck, experiments: Iterable[Experiment]
) -> tuple[LotOutcome, ...]:
    if manifest.drawn is None:
        return ()
    day, rows = manifest.business_date, rows_named(world, manifest.drawn)
    duck.create_table_of(DRAWN.name, drawn_table(rows))
    return tuple(
        outcome
        for each in experiments
        if any(arm.partners for arm in each.rule.arms)
        for outcome in lot_outcomes(each, duck.read(outcomes_statement(each, day)), day)
    )
