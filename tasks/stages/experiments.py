"""What an experiment has shown by a date: lots, payments and dispatch of official nights, compared as assigned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.duck import open_duck
from adapters.errors import RefusedError
from adapters.snapshots import Pointer, pointed, versions
from adapters.store.releases import create_dispatch_views, releases_before
from adapters.store.schema import runs
from adapters.world import World
from allocation.drawing import drawn_table
from allocation.experiment_results import ExperimentResults, outcomes_statement, results_of
from allocation.experiments import Experiment
from domain.catalogue import CATALOGUE
from domain.drawn import DRAWN
from domain.expressions.parse import suggestion
from domain.ids import RunId
from domain.manifest import Input
from tasks.stages.lots import drawing_nights, rows_of_file
from tasks.stages.rules import sound_rules
from tasks.stages.session import create_view

Rows = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FoundExperiment:
    """`run` is the night whose lots are compared; `gaps` are dates whose payments landed and were never accepted."""

    run: RunId
    results: ExperimentResults
    gaps: tuple[date, ...]


def experiment_as_of(world: World, name: str, as_of: date) -> FoundExperiment:
    """The experiment's results by the date, from the lots of its last official night up to then.

    Raises: RefusedError if there is no such experiment (ARM020), or it has drawn nobody (ARM021); FileChangedError.
    """
    experiment = _experiment(world, name, as_of)
    run, rows = _lots(world, experiment, as_of)
    first = min(row["drawn_on"] for row in rows)
    with world.store.read() as connection:
        accepted = _payments(connection, Pointer.ACCEPTED, first, as_of)
        landed = _payments(connection, Pointer.LANDED, first, as_of)
        found = versions(world, connection, [item.version for item in accepted])
        dispatch = releases_before(world, connection, as_of)
    with open_duck(world.settings) as duck:
        create_view(duck, CATALOGUE["payments"], accepted, found)
        create_dispatch_views(duck, dispatch)
        duck.create_table_of(DRAWN.name, drawn_table(rows))
        results = results_of(experiment, duck.read(outcomes_statement(experiment, as_of)), as_of)
    known = {item.business_date for item in accepted}
    return FoundExperiment(
        run, results, tuple(item.business_date for item in landed if item.business_date not in known)
    )


def _experiment(world: World, name: str, as_of: date) -> Experiment:
    book = sound_rules(world.settings.rules).experiments
    found = book.latest(name, as_of)
    if found is None:
        known = sorted({each.rule.id for each in book.experiments})
        hint = suggestion(name, known) or f"There are: {', '.join(known) or 'none'}"
        raise RefusedError(f'ARM020 no experiment "{name}" has begun by {as_of}. {hint}')
    return found


def _lots(world: World, experiment: Experiment, as_of: date) -> tuple[RunId, Rows]:
    end = experiment.rule.valid_to or as_of + timedelta(days=1)
    last = drawing_nights().where(runs.c.business_date <= as_of, runs.c.business_date < end).limit(1)
    with world.store.read() as connection:
        row = connection.execute(last).first()
    drawn = rows_of_file(world, row.path, row.sha256) if row else ()
    mine = tuple(each for each in drawn if each["experiment_id"] == experiment.rule.id)
    if row is None or not mine:
        raise RefusedError(f'ARM021 "{experiment.rule.id}" has drawn nobody by {as_of}; the nights say why')
    return RunId(row.run_id), mine


def _payments(connection: sa.Connection, pointer: Pointer, first: date, last: date) -> tuple[Input, ...]:
    found = pointed(connection, pointer, first, last)
    return tuple(Input(*key, version) for key, version in sorted(found.items()) if key[0] == "payments")
