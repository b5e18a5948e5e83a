"""A night as the stages pass it on: a small frozen reference, never a frame."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.store.costs import measured
from adapters.store.runs import RunFile, StageResult, State, finish_stage, stage_result, wait_for_others
from adapters.world import World
from domain.ids import AttemptId, RunId
from domain.manifest import RunKind, Stage

_log = logging.getLogger("recoup.stages")


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
    """What a stage has to store: rows that `write` inserts, files, and the summary that people read.

    `rows` is how much it was: rows judged, accounts decided on, figures, payout lines, files written.
    """

    outcome: State
    summary: dict[str, Any]
    files: Sequence[RunFile] = ()
    write: Callable[[sa.Connection], None] = lambda _: None
    rows: int | None = None


def run_stage(world: World, night: Night, stage: Stage, work: Callable[[], StageWork]) -> StageResult:
    """The stage's result: what the store has of it, or else `work` done and stored in one transaction.

    A run that was killed goes on here after its last finished stage; a stage is finished when its row is there. Two
    who work at the same run at once come to the same result, of which that of the first is kept.
    """
    with world.store.read() as connection:
        known = stage_result(connection, night.run, stage.value)
    if known is not None:
        _log.info("%s: finished before", stage.value, extra={"run": night.run, "stage": stage.value})
        return known
    with measured(world.store, night.attempt, stage.value) as counter:
        done = work()
        counter.rows = done.rows
        result = StageResult(stage.value, done.outcome, done.summary)
        with world.store.write(f"stage_{stage.value}") as connection:
            wait_for_others(connection, night.run)
            known = stage_result(connection, night.run, stage.value)
            if known is None:
                done.write(connection)
                finish_stage(world.store, connection, night.run, night.attempt, result, done.files)
    fields = {
        "run": night.run,
        "stage": stage.value,
        "outcome": result.outcome.value,
        **(counter.cost.fields if counter.cost else {}),
    }
    _log.info("%s: %s", stage.value, result.outcome.value, extra=fields)
    return known or result


def folder_of(night: Night) -> str:
    """Where the run's files lie, below the home folder; a what-if has a scratch folder of its own."""
    return f"{'runs' if night.is_official else 'what-if'}/{night.run}"


def write_table(table: pa.Table, path: Path) -> None:
    """The rows in their order, with pinned options: equal rows have equal bytes."""
    pq.write_table(table, path, compression="zstd", row_group_size=122_880)
