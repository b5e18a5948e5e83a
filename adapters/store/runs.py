"""Runs and attempts: what was asked, what it was made of, which stages are finished, and how it ended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError
from adapters.seam import NEVER
from adapters.store.alive import Worker, this_worker
from adapters.store.engine import Store
from adapters.store.schema import attempts, run_files, runs, stage_results
from domain.ids import AttemptId, Digest, RunId
from domain.manifest import EarlierNight, Manifest, RunKind, Stage, run_id_of
from domain.periods import Period


class State(StrEnum):
    RUNNING = "running"
    DONE = "done"
    HALTED = "halted"
    FAILED = "failed"
    KILLED = "killed"  # its process is gone, and has not said how it ended


@dataclass(frozen=True, slots=True)
class Attempt:
    attempt: AttemptId
    command: str
    business_date: date | None
    run: RunId | None
    state: State
    message: str
    started_at: datetime
    ended_at: datetime | None
    worker: Worker = field(default_factory=Worker)


@dataclass(frozen=True, slots=True)
class StageResult:
    stage: str
    outcome: State
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file that a run wrote, by what it holds; `path` lies below the home folder."""

    name: str
    path: str
    sha256: str
    rows: int


def begin_attempt(store: Store, command: str, business_date: date | None) -> AttemptId:
    return record_attempt(store, new_attempt(), command, business_date)


def new_attempt() -> AttemptId:
    return AttemptId(uuid.uuid4().hex)


def record_attempt(store: Store, attempt: AttemptId, command: str, business_date: date | None) -> AttemptId:
    worker = this_worker()
    with store.write("attempt_begun") as connection:
        store.seam.latest = max(store.seam.latest, _latest_recorded(connection))
        connection.execute(
            attempts.insert().values(
                attempt_id=attempt,
                command=command,
                business_date=business_date,
                state=State.RUNNING.value,
                message="",
                started_at=store.seam.recorded(),
                host=worker.host,
                process_id=worker.process_id,
                process_started=worker.process_started,
            )
        )
    return attempt


def _latest_recorded(connection: sa.Connection) -> datetime:
    """When something was recorded last: the beginning or end of a command, or what one that was killed came to."""
    columns = (attempts.c.started_at, attempts.c.ended_at, runs.c.recorded_at, stage_results.c.recorded_at)
    found = [connection.execute(sa.select(sa.func.max(column))).scalar() for column in columns]
    return max((each for each in found if each), default=NEVER)


def end_attempt(store: Store, attempt: AttemptId, state: State, message: str) -> None:
    """How it ended; without a message, what was noted while it went on stays."""
    said = {"message": message} if message else {}
    with store.write("attempt_ended") as connection:
        connection.execute(
            attempts.update()
            .where(attempts.c.attempt_id == attempt)
            .values(state=state.value, ended_at=store.seam.recorded(), **said)
        )


def record_attempt_of(store: Store, attempt: AttemptId, run: RunId) -> None:
    """The attempt goes on with a run that is recorded."""
    with store.write("attempt_of_run") as connection:
        connection.execute(attempts.update().where(attempts.c.attempt_id == attempt).values(run_id=run))


def note_attempt(store: Store, attempt: AttemptId, message: str) -> None:
    """What is to be said of an attempt that goes on."""
    with store.write("attempt_noted") as connection:
        connection.execute(attempts.update().where(attempts.c.attempt_id == attempt).values(message=message))


def record_run(store: Store, manifest: Manifest, attempt: AttemptId) -> RunId:
    """The run of this manifest; a manifest that was recorded before is the same run."""
    run = run_id_of(manifest)
    with store.write("run_recorded") as connection:
        if connection.execute(sa.select(runs.c.run_id).where(runs.c.run_id == run)).first() is None:
            connection.execute(
                runs.insert().values(
                    run_id=run,
                    kind=manifest.kind.value,
                    business_date=manifest.business_date,
                    manifest=manifest,
                    recorded_at=store.seam.recorded(),
                    attempt_id=attempt,
                )
            )
        connection.execute(attempts.update().where(attempts.c.attempt_id == attempt).values(run_id=run))
    return run


def wait_for_others(connection: sa.Connection, run: RunId) -> None:
    """Whoever stores something of the run comes one after the other: two what-ifs that ask for the same are one run.

    On PostgreSQL until the transaction ends; on SQLite writers wait for each other anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(int(run[:15], 16))))


def stage_result(connection: sa.Connection, run: RunId, stage: str) -> StageResult | None:
    """What a stage of a run ended with; None while it is not finished."""
    row = connection.execute(sa.select(stage_results).filter_by(run_id=run, stage=stage)).first()
    return None if row is None else StageResult(row.stage, State(row.outcome), row.summary)


def stages_of(connection: sa.Connection, run: RunId) -> tuple[StageResult, ...]:
    """The finished stages in the order of a night: when each was recorded depends on clocks and attempts."""
    rows = connection.execute(sa.select(stage_results).filter_by(run_id=run)).all()
    ordered = sorted(rows, key=lambda row: list(Stage).index(Stage(row.stage)))
    return tuple(StageResult(row.stage, State(row.outcome), row.summary) for row in ordered)


def finish_stage(
    store: Store,
    connection: sa.Connection,
    run: RunId,
    attempt: AttemptId | None,
    result: StageResult,
    files: Sequence[RunFile] = (),
) -> None:
    """Part of the transaction that writes the stage's rows: either all of it is there, or the stage is not finished."""
    register_files(connection, run, files)
    connection.execute(
        stage_results.insert().values(
            run_id=run,
            stage=result.stage,
            outcome=result.outcome.value,
            summary=result.summary,
            recorded_at=store.seam.recorded(),
            attempt_id=attempt,
        )
    )


def register_files(connection: sa.Connection, run: RunId, files: Sequence[RunFile]) -> None:
    """What is not registered does not exist for readers."""
    rows = [
        {"run_id": run, "name": file.name, "path": file.path, "sha256": file.sha256, "rows": file.rows}
        for file in files
    ]
    if rows:
        connection.execute(run_files.insert(), rows)


def register_alike(store: Store, run: RunId, files: Sequence[RunFile], point: str) -> None:
    """Files that follow from what is stored: whoever writes them at the same moment writes the same, and whoever comes
    second finds them registered. Raises: ConflictError if they were registered with another content.
    """
    try:
        _register_missing(store, run, files, point)
    except sa.exc.IntegrityError:  # on a server, two look before either has committed
        _register_missing(store, run, files, point)


def _register_missing(store: Store, run: RunId, files: Sequence[RunFile], point: str) -> None:
    with store.write(point) as connection:
        known = files_of_run(connection, run)
        other = [file.path for file in files if file.name in known and known[file.name].sha256 != file.sha256]
        if other:
            raise ConflictError(f"{', '.join(other)}: somebody else registered another content just now; ask again")
        register_files(connection, run, [file for file in files if file.name not in known])


def files_of_run(connection: sa.Connection, run: RunId) -> dict[str, RunFile]:
    rows = connection.execute(sa.select(run_files).filter_by(run_id=run).order_by(run_files.c.name))
    return {row.name: RunFile(row.name, row.path, row.sha256, row.rows) for row in rows}


def newest_attempts(connection: sa.Connection, most: int) -> tuple[Attempt, ...]:
    rows = connection.execute(sa.select(attempts).order_by(attempts.c.started_at.desc()).limit(most))
    return tuple(_attempt(row) for row in rows)


def running_attempts(connection: sa.Connection) -> tuple[Attempt, ...]:
    """Those that have not said how they ended, the oldest first."""
    running = sa.select(attempts).where(attempts.c.state == State.RUNNING.value).order_by(attempts.c.started_at)
    return tuple(_attempt(row) for row in connection.execute(running))


def attempts_with(connection: sa.Connection, ids: Sequence[AttemptId]) -> tuple[Attempt, ...]:
    rows = connection.execute(sa.select(attempts).where(attempts.c.attempt_id.in_(ids)))
    return tuple(_attempt(row) for row in rows)


def attempt_named(connection: sa.Connection, attempt: AttemptId) -> Attempt | None:
    """The attempt of this id, if it is on record."""
    row = connection.execute(sa.select(attempts).filter_by(attempt_id=attempt)).first()
    return None if row is None else _attempt(row)


def attempts_of_run(connection: sa.Connection, run: RunId) -> tuple[Attempt, ...]:
    rows = connection.execute(sa.select(attempts).filter_by(run_id=run).order_by(attempts.c.started_at))
    return tuple(_attempt(row) for row in rows)


def run_named(connection: sa.Connection, prefix: str) -> tuple[sa.Row[Any], ...]:
    """The runs whose id starts with `prefix`: one, if it is long enough."""
    statement = sa.select(runs).where(runs.c.run_id.startswith(prefix, autoescape=True)).order_by(runs.c.run_id)
    return tuple(connection.execute(statement))


def kinds_of(connection: sa.Connection, run_ids: Sequence[RunId]) -> dict[RunId, RunKind]:
    """What each of the runs is."""
    if not run_ids:
        return {}
    statement = sa.select(runs.c.run_id, runs.c.kind).where(runs.c.run_id.in_(run_ids))
    return {RunId(row.run_id): RunKind(row.kind) for row in connection.execute(statement)}


def official_run(
    connection: sa.Connection,
    kind: str,
    business_date: date,
    stage: str,
    *,
    other_than: RunId | None = None,
    wrote: str = "",
) -> RunId | None:
    """The newest run of this kind and date that has finished the stage, and in it has written the file, if one is
    named."""
    has_file = sa.exists().where(run_files.c.run_id == runs.c.run_id, run_files.c.name == wrote)
    statement = (
        sa.select(runs.c.run_id)
        .join(stage_results, stage_results.c.run_id == runs.c.run_id)
        .where(
            runs.c.kind == kind,
            runs.c.business_date == business_date,
            runs.c.run_id != (other_than or ""),
            stage_results.c.stage == stage,
            stage_results.c.outcome == State.DONE.value,
            *([has_file] if wrote else []),
        )
        .order_by(stage_results.c.recorded_at.desc())
    )
    found = connection.execute(statement).scalars().first()
    return None if found is None else RunId(found)


def allocating_run(connection: sa.Connection, day: date) -> RunId | None:
    """The newest night of the date that decided who works what: one of a past day, run again, decides nothing. Where
    none has, the newest that has finished the stage."""
    terms = (connection, RunKind.NIGHTLY.value, day, Stage.ALLOCATE.value)
    return official_run(*terms, wrote="allocation") or official_run(*terms)


def newest_run(connection: sa.Connection, kind: str, stage: str) -> tuple[RunId, date] | None:
    """The run of the latest business date that has finished the stage; of several, the newest."""
    statement = (
        sa.select(runs.c.run_id, runs.c.business_date)
        .join(stage_results, stage_results.c.run_id == runs.c.run_id)
        .where(runs.c.kind == kind, stage_results.c.stage == stage)
        .order_by(runs.c.business_date.desc(), stage_results.c.recorded_at.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return None if row is None else (RunId(row.run_id), row.business_date)


def last_night_of_each_month(
    connection: sa.Connection, first: date, last: date, known_as_of: datetime | None = None, *, file: str = ""
) -> tuple[EarlierNight, ...]:
    """Of each month that has days from `first` to `last`, the last of these dates with an official night that has
    measured, and wrote the file; of several runs of that date, the newest that was recorded by then."""
    statement = (
        sa.select(runs.c.business_date, runs.c.run_id)
        .join(stage_results, stage_results.c.run_id == runs.c.run_id)
        .where(
            runs.c.kind == RunKind.NIGHTLY.value,
            runs.c.business_date.between(first, last),
            stage_results.c.stage == Stage.MEASURE.value,
            stage_results.c.outcome == State.DONE.value,
        )
        .order_by(runs.c.business_date, stage_results.c.recorded_at)
    )
    if known_as_of is not None:
        statement = statement.where(stage_results.c.recorded_at <= known_as_of)
    if file:
        wrote = sa.and_(run_files.c.run_id == runs.c.run_id, run_files.c.name == file)
        statement = statement.where(sa.exists().where(wrote))
    found = (EarlierNight(row.business_date, RunId(row.run_id)) for row in connection.execute(statement))
    newest = {(night.business_date.year, night.business_date.month): night for night in found}
    return tuple(newest.values())


def newest_files_of_months(
    connection: sa.Connection, name: str, first: date, end: date, known_as_of: datetime | None = None
) -> tuple[Digest, ...]:
    """Of each month from `first` up to, not including, `end`: the file of this name that its last official night wrote,
    the newest recorded by then; the digests in order of months."""
    statement = (
        sa.select(run_files.c.sha256, runs.c.business_date)
        .join(runs, runs.c.run_id == run_files.c.run_id)
        .where(
            run_files.c.name == name,
            runs.c.kind == RunKind.NIGHTLY.value,
            runs.c.business_date >= first,
            runs.c.business_date < end,
            *([runs.c.recorded_at <= known_as_of] if known_as_of else []),
        )
        .order_by(runs.c.business_date, runs.c.recorded_at)
    )
    newest = {Period.of(row.business_date): Digest(row.sha256) for row in connection.execute(statement)}
    return tuple(newest.values())


def _attempt(row: Any) -> Attempt:
    return Attempt(
        AttemptId(row.attempt_id),
        row.command,
        row.business_date,
        None if row.run_id is None else RunId(row.run_id),
        State(row.state),
        row.message,
        row.started_at,
        row.ended_at,
        Worker(row.host or "", row.process_id or 0, row.process_started or ""),
    )
