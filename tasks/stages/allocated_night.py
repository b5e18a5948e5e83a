"""An official night that has allocated, opened again: what it decided on, what it kept, and who lost what, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.duck import Duck, duck_columns
from adapters.errors import RefusedError
from adapters.store.runs import RunFile, allocating_run, files_of_run, stage_result
from adapters.world import World, registered_file
from allocation.allocate import Asked, Prepared, prepare
from allocation.moves import Move, Owners, long_leave_statement, moves, owned_statement
from allocation.recovered import RECOVERED, THIS_MONTH_SQL
from allocation.shortages import Shortage, shortages_of
from allocation.strategies import Strategy
from domain.ids import RunId
from domain.manifest import Manifest, Stage
from tasks.stages.allocate import asked_of_night
from tasks.stages.gate import accepted_in
from tasks.stages.lots import lots_of_night
from tasks.stages.manifests import manifest_of
from tasks.stages.plan import PRICES
from tasks.stages.recovered import expect
from tasks.stages.rules import RuleSet
from tasks.stages.rules_then import rules_then
from tasks.stages.session import session_of_night


def allocated_night(world: World, day: date) -> AllocatedNight:
    """The newest of the date. Nothing is solved.

    Raises: RefusedError if it has not allocated (EXA001, EXA002); ConflictError if the rules were edited since, and
    never signed; FileChangedError.
    """
    with world.store.read() as connection:
        run = allocating_run(connection, day)
        if run is None:
            raise RefusedError(f"EXA001 no night of {day} has allocated; `recoup runs` lists those that have")
        result, files = stage_result(connection, run, Stage.ALLOCATE.value), files_of_run(connection, run)
        manifest = manifest_of(connection, run)
    summary = result.summary if result else {}
    if "allocation" not in files:
        raise RefusedError(f"EXA002 the night of {day} decided nothing: {summary.get('note', 'see `recoup show`')}")
    rules = rules_then(world, manifest)
    strategy = rules.strategies.on(day)
    if strategy is None:
        raise RefusedError(f"EXA002 no strategy held on {day}")
    with looked_at_again(world, run, manifest, files) as duck:
        recovery = expect(world, manifest, duck, strategy, seen_by(files))
        lots = lots_of_night(world, manifest, duck, rules.experiments)
        asked = asked_of_night(world, manifest, duck, rules, strategy, recovery, lots)
        before, due = (duck.arrow(owned_statement(one)) for one in (day, day + timedelta(days=1)))
        away = frozenset(row["employee_id"] for row in duck.read(long_leave_statement(strategy, day)))
        owners = Owners(before, due, away)
    decided = pq.read_table(_path(world, files["allocation"]))
    prices = json.loads(_path(world, files[PRICES]).read_text(encoding="utf-8"))
    known = prepare(asked)
    return AllocatedNight(run, day, manifest, rules, strategy, summary, decided, prices, asked, known, owners)


@contextmanager
def looked_at_again(world: World, run: RunId, manifest: Manifest, files: Mapping[str, RunFile]) -> Iterator[Duck]:
    """A session of the night as its allocation had it: with what its month had recovered, where it kept that."""
    with world.store.read() as connection:
        accepted = accepted_in(connection, run)
    with session_of_night(world, manifest, accepted) as duck:
        paths = [_path(world, file) for file in seen_by(files)]
        duck.create_view(THIS_MONTH_SQL.name, paths, duck_columns(RECOVERED))
        yield duck


def seen_by(files: Mapping[str, RunFile]) -> tuple[RunFile, ...]:
    """What the night kept of its month, where it did."""
    return (files[RECOVERED.name],) if RECOVERED.name in files else ()


def _path(world: World, file: RunFile) -> Path:
    return registered_file(world, file.path, file.sha256)


@dataclass(frozen=True, slots=True)
class AllocatedNight:
    """`asked` is what it decided on, `known` the same ready for the solver; `summary`, `decided` and `prices` are as it
    kept them."""

    run: RunId
    day: date
    manifest: Manifest
    rules: RuleSet
    strategy: Strategy
    summary: Mapping[str, Any]
    decided: pa.Table
    prices: Mapping[str, float]
    asked: Asked
    known: Prepared
    owners: Owners

    @property
    def moves(self) -> tuple[Move, ...]:
        return moves(self.known, self.decided, self.owners, self.prices)

    def move_of(self, account: str) -> Move | None:
        """The same of one account; None where nobody else works it than the day before."""
        tables = (self.decided, self.owners.before, self.owners.due)
        mine, before, due = (table.filter(pc.equal(table["account_id"], account)) for table in tables)
        found = moves(self.known, mine, replace(self.owners, before=before, due=due), self.prices)
        return next((move for move in found if move.account_id == account), None)

    def shortages_of(self, account: str) -> tuple[Shortage, ...]:
        """Why nobody could have it, whatever it brings; empty where somebody has room for it, or it is not free."""
        return shortages_of(self.known.book, self.known.strategy, self.known.work, account)
