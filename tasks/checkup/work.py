"""The work: who is at it, what was killed, what is unfinished, and whether the files that the store names are there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import islice

import sqlalchemy as sa

from adapters.seam import sha256_of
from adapters.store.killed import as_they_are
from adapters.store.registered import RegisteredFile, orphans, registered_files
from adapters.store.retention import removed_paths
from adapters.store.runs import Attempt, State, running_attempts
from adapters.store.schema import runs, stage_metrics
from adapters.world import World
from domain.ids import short
from domain.issues import Issue
from tasks.checkup.looked import Looked, warned, wrong
from tasks.stages.resuming import unfinished_nights

_MOST_FILES = 20
_LONG = timedelta(hours=1)


def look_at_attempts(world: World) -> Looked:
    """Who is at work, and since when; who was killed and has not been recorded so yet."""
    with world.store.read() as connection:
        said_running = running_attempts(connection)
        longest = _longest_attempt(connection)
    found = as_they_are(world.store, said_running)
    at_work = [each for each in found if each.state is State.RUNNING]
    issues = [
        warned("DOC014", f"attempt {short(each.attempt)}", f"{each.command} was killed: {each.message}",
               "The next command records it; `recoup runs` shows it as killed")
        for each in found
        if each.state is State.KILLED
    ]  # fmt: skip
    issues += [issue for each in at_work for issue in _long_at_work(world, each, longest)]
    who = ", ".join(f"{each.command} by {each.worker}" for each in at_work) or "nobody is at work"
    return Looked("attempts", who, tuple(issues))


def _longest_attempt(connection: sa.Connection) -> timedelta:
    """The stages of the slowest attempt that was measured."""
    spent: dict[str, Decimal] = {}
    for attempt, seconds in connection.execute(sa.select(stage_metrics.c.attempt_id, stage_metrics.c.seconds)):
        spent[attempt] = spent.get(attempt, Decimal()) + seconds
    return timedelta(seconds=int(max(spent.values(), default=Decimal())))


def _long_at_work(world: World, attempt: Attempt, longest: timedelta) -> Iterator[Issue]:
    since = world.seam.clock() - attempt.started_at
    if since > max(_LONG, 3 * longest):
        said = f"{attempt.command} by {attempt.worker} is at work for {since.total_seconds() / 3600:.1f} hours"
        hint = "Look at its log. If it hangs, end its process, and go on with `recoup resume`"
        yield warned("DOC016", f"attempt {short(attempt.attempt)}", said, hint)


def look_at_nights(world: World) -> Looked:
    """Official nights that were not finished, and whose place no later run of their date has taken."""
    with world.store.read() as connection:
        unfinished = unfinished_nights(connection)
        statement = sa.select(runs.c.run_id, runs.c.business_date).where(runs.c.run_id.in_(unfinished))
        dates = {row.run_id: row.business_date for row in connection.execute(statement)}
        newest = connection.execute(sa.select(sa.func.max(runs.c.business_date))).scalar()
        working = {each.run for each in as_they_are(world.store, running_attempts(connection))
                   if each.state is State.RUNNING}  # fmt: skip
    issues = tuple(
        wrong(
            "DOC015", f"run {short(run)}", f"the night of {dates[run]} is not finished", f"`recoup resume {short(run)}`"
        )
        for run in unfinished
        if run not in working
    )
    return Looked("nights", f"the newest is of {newest}" if newest else "none yet", issues)


def look_at_files(world: World, *, thorough: bool) -> Looked:
    """Registered files that are missing, or changed (`thorough`), and files that nobody registered."""
    with world.store.read() as connection:
        gone = removed_paths(connection)
        every = tuple(registered_files(connection))
    registered = tuple(file for file in every if file.path not in gone or (world.settings.home / file.path).exists())
    faults = list(islice(_faults(world, registered, thorough=thorough), _MOST_FILES))
    left = orphans(world.settings.home, frozenset(file.path for file in every))
    hint = "A process died before it registered it. It may go; nothing reads it"
    issues = (*faults, *(warned("DOC019", path, "is registered nowhere", hint) for path in left[:_MOST_FILES]))
    told = "each as registered" if thorough else "there" if not faults else "looked for"
    return Looked(
        "registered files",
        f"{len(registered)}, {told}; {len(left)} orphans; {len(every) - len(registered)} removed by retention",
        issues,
    )


def _faults(world: World, files: tuple[RegisteredFile, ...], *, thorough: bool) -> Iterator[Issue]:
    hint = "Restore it from the backup, with the store of the same time"
    for file in files:
        path = world.settings.home / file.path
        if not path.exists():
            yield wrong("DOC017", file.path, f"is gone; {file.table} has it for {short(file.owner)}", hint)
        elif thorough and file.sha256 and sha256_of(path) != file.sha256:
            yield wrong("DOC018", file.path, f"is not what {file.table} registered for {short(file.owner)}", hint)
