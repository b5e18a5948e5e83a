"""A night as the stages pass it on: a small frozen reference, never a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.store.runs import RunFile, StageResult, State, finish_stage, measured, stage_result
from adapters.world import World
from domain.ids import AttemptId, RunId
from domain.manifest import RunKind, Stage


@dataclass(frozen=True, slots=True)
class Night:
    """One attempt at one run; `overlay` is the folder of rule files that take the place of the book's."""

    run: RunId
    attempt: AttemptId
    business_date: date
    kind: RunKind
    overlay: Path | None = None

    @property
    def is_official(self) -> bool:
        return self.kind is not RunKind.WHAT_IF


@dataclass(frozen=True, slots=True)
class StageWork:
    """What a stage has to store: rows that `write` inserts, files, and the summary that people read."""

    outcome: State
    summary: dict[str, Any]
    files: Sequence[RunFile] = ()
    write: Callable[[sa.Connection], None] = lambda _: None


def run_stage(world: World, night: Night, stage: Stage, work: Callable[[], StageWork]) -> StageResult:
    """The stage's result: what the store has of it, or else `work` done and stored in one transaction.

    A run that was killed goes on here after its last finished stage; a stage is finished when its row is there.
    """
    with world.store.read() as connection:
        known = stage_result(connection, night.run, stage.value)
    if known is not None:
        return known
    with measured(world.store, night.attempt, stage.value):
        done = work()
        result = StageResult(stage.value, done.outcome, done.summary)
        with world.store.write(f"stage_{stage.value}") as connection:
            done.write(connection)
            finish_stage(world.store, connection, night.run, night.attempt, result, done.files)
    return result


def folder_of(night: Night) -> str:
    """Where the run's files lie, below the home folder; a what-if has a scratch folder of its own."""
    return f"{'runs' if night.is_official else 'what-if'}/{night.run}"


def write_table(table: pa.Table, path: Path) -> None:
    """The rows in their order, with pinned options: equal rows have equal bytes."""
    pq.write_table(table, path, compression="zstd", row_group_size=122_880)
