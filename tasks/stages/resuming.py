"""Going on: which stages a run has finished by the store's own record, by whom, and where it goes on from.

A run is its manifest, so the same command with the same inputs is the same run, and finished stages are read. Where
the inputs are others by now it is another run: then it says what differs from the run that was not finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.store.killed import as_they_are
from adapters.store.runs import (
    Attempt,
    State,
    attempts_of_run,
    note_attempt,
    record_attempt_of,
    run_named,
    stages_of,
)
from adapters.store.schema import attempts, runs
from adapters.store.schema import stage_results as results
from adapters.world import World
from domain.ids import AttemptId, RunId, short
from domain.manifest import Manifest, RunKind, Stage
from tasks.stages.calculation import calculation_version
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night

# What of a manifest people know by a name of its own; every part that is not here goes by its own.
_PARTS = {
    "landed": "what landed",
    "history": "what was accepted of earlier dates",
    "late": "late rows",
    "rules": "the rules",
    "calculation": "the program",
    "dispatch": "the dispatch before",
    "baselines": "what extracts are compared with",
    "stages": "the stages asked for",
    "waivers": "waivers",
    "unread": "files that could not be read",
    "complaints": "what people found of complaints",
    "signals": "confirmed cases of signals",
    "standings": "standings of partners",
    "prices": "yesterday's prices",
}


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Where a run goes on; `before` are the finished stages, `first` the next one, None where all are finished.

    `last` is the attempt that got so far.
    """

    run: RunId
    before: tuple[str, ...]
    first: str | None
    last: Attempt | None

    def __str__(self) -> str:
        by = f" of the attempt of {self.last.started_at:%Y-%m-%d %H:%M}, {self.last.state.value}" if self.last else ""
        done = f"{', '.join(self.before)} {'is' if len(self.before) == 1 else 'are'} finished{by}"
        return f"goes on from {self.first}: {done}" if self.first else f"was finished before: {done}"


def going_on(world: World, run: RunId, attempt: AttemptId, stages: Sequence[Stage]) -> GoesOn | None:
    """Where the run goes on; None for one of which nothing is finished."""
    with world.store.read() as connection:
        finished = {result.stage for result in stages_of(connection, run)}
        others = [each for each in attempts_of_run(connection, run) if each.attempt != attempt]
    if not finished:
        return None
    waiting = [stage.value for stage in stages if stage.value not in finished]
    before = tuple(stage.value for stage in stages if stage.value in finished)
    last = as_they_are(world.store, others[-1:])
    return GoesOn(run, before, waiting[0] if waiting else None, last[0] if last else None)


def note_going_on(world: World, night: Night, stages: Sequence[Stage]) -> tuple[str, ...]:
    """What is to be said before the first stage: noted on the attempt, which `recoup runs` shows."""
    goes_on = going_on(world, night.run, night.attempt, stages)
    said = (str(goes_on),) if goes_on else tuple(_not_the_unfinished_one(world, night))
    if said:
        note_attempt(world.store, night.attempt, "; ".join(said))
    return said


def unfinished_run(world: World, name: str = "") -> RunId:
    """The run to go on with: the one of that name, or else the official night that was not finished last.

    Raises: RefusedError where there is none, or somebody is working on it.
    """
    with world.store.read() as connection:
        found = [RunId(row.run_id) for row in run_named(connection, name)] if name else _unfinished(connection)[:1]
        if len(found) != 1:
            raise RefusedError(
                f"{name!r} names {len(found)} runs; `recoup runs` lists them" if name else "no night is unfinished"
            )
        made = attempts_of_run(connection, found[0])
    working = [each for each in as_they_are(world.store, made) if each.state is State.RUNNING]
    if working:
        raise RefusedError(
            f"run {short(found[0])} is being worked on by {working[0].worker}, since "
            f"{working[0].started_at:%Y-%m-%d %H:%M} UTC. Wait for it, or stop it first"
        )
    return found[0]


def go_on_with(world: World, run: RunId, attempt: AttemptId) -> tuple[Night, Manifest]:
    """The run as it was planned, whatever landed or was decided since, for a further attempt.

    Raises: RefusedError for what-ifs and pay, which have commands of their own; ConflictError once the program is
    another one: it would calculate otherwise than the stages that are finished.
    """
    with world.store.read() as connection:
        manifest = manifest_of(connection, run)
    if manifest.kind is not RunKind.NIGHTLY:
        raise RefusedError(f"run {short(run)} is no night but {manifest.kind.value}: give its own command again")
    if manifest.calculation != calculation_version():
        raise ConflictError(
            f"run {short(run)} was begun by another version of the program. "
            f"`recoup nightly --date {manifest.business_date}` runs the night by this one, from its beginning"
        )
    record_attempt_of(world.store, attempt, run)
    return Night(run, attempt, manifest.business_date, manifest.kind), manifest


def _unfinished(connection: sa.Connection) -> list[RunId]:
    """Official nights, the newest first, that were not finished, and whose place no later run of the date has taken.

    Not finished is one with a stage that is not, and one of which no attempt came to its end: after the last stage
    there is the work of weeks and months, which every attempt looks at again.
    """
    came_to_an_end = sa.exists().where(
        attempts.c.run_id == runs.c.run_id, attempts.c.state.in_([State.DONE.value, State.HALTED.value])
    )
    done = sa.select(results.c.run_id, sa.func.count().label("stages")).group_by(results.c.run_id).subquery()
    statement = (
        sa.select(runs.c.run_id, runs.c.business_date, runs.c.manifest, done.c.stages, came_to_an_end.label("ended"))
        .join(done, done.c.run_id == runs.c.run_id, isouter=True)
        .where(runs.c.kind == RunKind.NIGHTLY.value)
        .order_by(runs.c.recorded_at.desc())
        .limit(_LOOKED_AT)
    )
    found, dates = [], set[date]()
    for row in connection.execute(statement):
        is_finished = row.ended and (row.stages or 0) >= len(row.manifest["stages"])
        if row.business_date not in dates and not is_finished:
            found.append(RunId(row.run_id))
        dates.add(row.business_date)
    return found


_LOOKED_AT = 400  # runs, the newest first: about a year of nights


def unfinished_nights(connection: sa.Connection) -> tuple[RunId, ...]:
    return tuple(_unfinished(connection))


def _not_the_unfinished_one(world: World, night: Night) -> Iterator[str]:
    """In what a new run differs from an unfinished one of the same date and kind that was planned before it."""
    with world.store.read() as connection:
        earlier = (
            sa.select(runs.c.run_id, runs.c.manifest)
            .where(
                runs.c.kind == night.kind.value,
                runs.c.business_date == night.business_date,
                runs.c.run_id != night.run,
            )
            .order_by(runs.c.recorded_at.desc())
            .limit(1)
        )
        before = connection.execute(earlier).first()
        if before is None:
            return
        finished = stages_of(connection, RunId(before.run_id))
        now = connection.execute(sa.select(runs.c.manifest).filter_by(run_id=night.run)).scalar_one()
    if len(finished) < len(before.manifest["stages"]):
        differs = ", ".join(parts_that_differ(before.manifest, now)) or "the order of its inputs"
        yield f"is another run than {short(before.run_id)}, which was not finished: {differs} changed since"


def parts_that_differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Parts of two stored manifests that are not equal, in words; what landed by table."""
    names = [name for name in (*one, *(each for each in other if each not in one)) if name != "known_as_of"]
    return tuple(_words(name, one, other) for name in names if one.get(name) != other.get(name))


def _words(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    words = _PARTS.get(name, name)
    if name not in {"landed", "history", "late"}:
        return words
    changed = {str(each) for each in one.get(name, ())} ^ {str(each) for each in other.get(name, ())}
    tables = {each["table"] for each in (*one.get(name, ()), *other.get(name, ())) if str(each) in changed}
    return f"{words} ({', '.join(sorted(tables))})"
