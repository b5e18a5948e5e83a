"""A night that has measured, opened again: its rules, its results, and a session with what it read and wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.errors import RefusedError
from adapters.store.results import read_kpis
from adapters.store.runs import files_of_run, official_run
from adapters.world import World, registered_file
from domain.expressions.parse import suggestion
from domain.ids import RunId
from domain.manifest import RunKind, Stage
from domain.records import Grain, KpiResult
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import BREACHES, CREDITS, LOT_OUTCOMES, RECOVERY_RATES
from tasks.stages.gate import accepted_in, halted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.rules_then import rules_then
from tasks.stages.session import session_of_night


@dataclass(frozen=True, slots=True)
class MeasuredNight:
    run: RunId
    day: date
    rules: KpiRules
    results: tuple[KpiResult, ...]
    halted: frozenset[str]
    duck: Duck

    def currencies_of(self, kpi: str) -> list[str]:
        return sorted({result.currency for result in self.results if result.kpi == kpi} - {""})


def figures_on(world: World, day: date, kpis: Iterable[str], grain: Grain, entity: str = "") -> tuple[KpiResult, ...]:
    """Of the newest official night of the date, by KPI in the order given; of one by bucket all its parts.

    Raises: RefusedError if there is no such night or figure.
    """
    with world.store.read() as connection:
        results = read_kpis(connection, _run_of(connection, day))
    mine = [each for each in results if each.grain is grain and entity in {"", each.entity}]
    found = tuple(each for kpi in kpis for each in mine if re.fullmatch(rf"{re.escape(kpi)}(_\d+)?", each.kpi))
    if not found:
        known = sorted({each.kpi for each in results})
        hints = "; ".join(suggestion(kpi, known) for kpi in kpis)
        raise RefusedError(f"EXK006 no such figure per {grain} on {day}. {hints}")
    return found


def _run_of(connection: sa.Connection, day: date) -> RunId:
    run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.MEASURE.value)
    if run is None:
        raise RefusedError(f"EXK001 no night of {day} has measured; `recoup runs` lists those that have")
    return run


@contextmanager
def measured_night(world: World, day: date) -> Iterator[MeasuredNight]:
    """The newest official night of the date that has measured.

    Raises: RefusedError if there is none; ConflictError if the rules have changed since and were never signed;
    FileChangedError.
    """
    with world.store.read() as connection:
        run = _run_of(connection, day)
        results, files = read_kpis(connection, run), files_of_run(connection, run)
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
        halted = halted_in(connection, run)
    rules = rules_then(world, manifest).kpis.on(day)
    with session_of_night(world, manifest, accepted) as duck:
        for table in (CREDITS, BREACHES, RECOVERY_RATES, LOT_OUTCOMES):
            file = files.get(table.name)
            written = [registered_file(world, file.path, file.sha256)] if file else []
            duck.create_view(table.name, written, duck_columns(table))
        yield MeasuredNight(run, day, rules, results, halted, duck)
