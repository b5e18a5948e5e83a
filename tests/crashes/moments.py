"""SIGKILL at a moment of a month that was drawn by lot, and the same commands typed again to the end.

The month runs once undisturbed, each step in a process of its own, and what happens on its way is counted and timed. A
moment is one of those events, and a time after it; the same seed and number draw the same moment. A process runs the
step up to there and is killed from outside; what the commands, typed again, then leave is compared with the month that
nobody disturbed.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.settings import Settings
from adapters.store.engine import make_engine
from adapters.store.guards import APPROVER, WRITER
from adapters.store.schema import payroll_answers, payroll_lines
from adapters.world import World, open_world
from tasks.stages.explain import verify_ledger
from tests.conftest import SteppingClock, copied
from tests.crashes.month import CLERK, PEOPLE, STEPS, Office, Step
from tests.crashes.watched import Event, Killed, Watch, in_child, in_child_killed
from tests.stages.logins import as_login
from tests.stages.test_nights import files_of, tables_of

BEGUN = datetime(2026, 10, 2, tzinfo=UTC)  # seven in the morning in Vietnam: the whole month is typed on one day
NO_CONTENT = frozenset({"attempts"})  # one more for each time that a command was begun
_TRIES = 8


class Drawn(StrEnum):
    """Within its step: anywhere in its time, while it writes rows or files, or inside a commit."""

    TIME = "time"
    WRITE = "write"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class Moment:
    """`delay_seconds` after the event of that number of the step. Typed again, the step is killed once more at the
    event `again`; 0 where it is not."""

    number: int
    step: int
    drawn: Drawn
    event: int
    delay_seconds: float
    again: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`became` is what the server made of a COMMIT that was under way. `differing` names tables, files and findings;
    it is empty if all is as if nothing had happened."""

    moment: Moment
    step: str
    killed: Killed
    became: str
    again: Killed | None
    differing: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Left:
    """What a month leaves, without recorded times."""

    files: dict[str, str]
    tables: dict[str, list[str]]
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """The month that nobody disturbed: copies of what stood before each step, what happened in it, and the end."""

    steps: tuple[Step, ...]
    server: str
    before: tuple[Settings, ...]
    events: tuple[tuple[Event, ...], ...]
    end: Left

    def moment(self, seed: int, number: int) -> Moment:
        """Steps take turns, and so do the ways to draw within them. Every fourth moment is followed by a second one."""
        lot = random.Random(f"{seed}/{number}")
        step, round_of_steps = number % len(self.steps), number // len(self.steps)
        drawn, events = list(Drawn)[round_of_steps % len(Drawn)], self.events[step]
        event, delay_seconds = _drawn_from(lot, drawn, events)
        again = lot.randint(1, len(events)) if number % 4 == 3 else 0
        return Moment(number, step, drawn, event, delay_seconds, again)


@contextmanager
def undisturbed(
    settings: Settings, folder: Path, server: str = "", steps: tuple[Step, ...] = STEPS
) -> Iterator[Undisturbed]:
    """Type the month's commands on a copy; the copies from before each of them are there meanwhile."""
    with ExitStack() as kept:
        now = kept.enter_context(copied(settings, folder / "whole", server))
        in_child(partial(_give_logins, now))
        before, events = [], []
        for number, step in enumerate(steps):
            before.append(kept.enter_context(copied(now, folder / f"before-{number}", server)))
            events.append(in_child(partial(_typed, now, step, _time_of(number))))
        end = in_child(partial(_typed_to_the_end, now, (), len(steps)))
        yield Undisturbed(steps, server, tuple(before), tuple(events), end)


def _give_logins(settings: Settings, _: Watch) -> None:
    world = open_world(settings)
    for name in PEOPLE:
        as_login(world, name, role=WRITER if name == CLERK else APPROVER)


def outcome_of(month: Undisturbed, moment: Moment, folder: Path) -> Outcome:
    """Kill at the moment, type the rest again, and compare. Where the step is over before its moment comes, because it
    was faster this time, the time after the event is halved, until there is none."""
    begun = time.perf_counter()
    for tried in range(_TRIES):
        delay = moment.delay_seconds / 2**tried if tried < _TRIES - 1 else 0.0
        home = folder / f"moment-{moment.number}-{tried}"
        with copied(month.before[moment.step], home, month.server) as settings:
            step, first = month.steps[moment.step], moment.step
            killed = in_child_killed(partial(_typed, settings, step, _time_of(first)), moment.event, delay)
            if killed:
                became, again = _became(settings, killed), None
                if moment.again:
                    again = in_child_killed(partial(_typed, settings, step, _time_of(first, 5)), moment.again, 0.0)
                left = in_child(partial(_typed_to_the_end, settings, month.steps[first:], first))
        shutil.rmtree(home)
        if killed:
            return Outcome(
                moment, step.name, killed, became, again, _differing(month.end, left), time.perf_counter() - begun
            )
    raise RuntimeError(f"moment {moment.number} does not come: {moment}")


def _drawn_from(lot: random.Random, drawn: Drawn, events: Sequence[Event]) -> tuple[int, float]:
    """The number of an event, and a time after it that ends before the next one."""
    if drawn is Drawn.TIME:
        at = lot.uniform(0.0, events[-1].at)
        number = max(sum(each.at <= at for each in events), 1)
        return number, max(at - events[number - 1].at, 0.0)  # before the first event: at it
    wanted = [
        number
        for number, each in enumerate(events[:-1], 1)
        if (each.is_commit if drawn is Drawn.COMMIT else each.is_write)
    ]
    number = lot.choice(wanted)
    gap = events[number].at - events[number - 1].at
    return number, lot.choice((0.0, lot.uniform(0.0, gap), lot.uniform(0.0, gap)))


def _typed(settings: Settings, step: Step, now: datetime, watch: Watch) -> tuple[Event, ...]:
    """One step, watched."""
    office = _office(settings, now)
    watch.begin(settings.home)
    step.type(office)
    return watch.end()


def _typed_to_the_end(settings: Settings, steps: Sequence[Step], first: int, _: Watch) -> Left:
    for number, step in enumerate(steps, first):
        office = _office(settings, _time_of(number, 10))
        step.type(office)
        office.close_connections()
    world = open_world(settings)
    world.seam.sweep()  # as every command does at its start
    return _left(world)


def _time_of(step: int, minutes: int = 0) -> datetime:
    """Each step has a quarter of an hour of its own, so that what is recorded later has the later time."""
    return BEGUN + timedelta(minutes=15 * step + minutes)


def _office(settings: Settings, now: datetime) -> Office:
    """Everybody signed in."""
    office = Office(open_world(settings, clock=SteppingClock(now)))
    for name in PEOPLE:
        office.under(name)
    return office


def _left(world: World) -> Left:
    findings = [str(issue) for issue in verify_ledger(world)]
    with world.store.read() as connection:
        paid = sa.select(payroll_lines.c.sequence).join(payroll_answers).where(payroll_answers.c.outcome == "paid")
        twice = paid.group_by(payroll_lines.c.sequence).having(sa.func.count() > 1)
        findings += [f"entry {sequence} was paid twice" for (sequence,) in connection.execute(twice)]
    tables = {name: rows for name, rows in tables_of(world).items() if name not in NO_CONTENT}
    files = files_of(world)
    scratch = world.settings.home / "tmp"
    findings += [f"{path.name} was left over" for path in (scratch.iterdir() if scratch.is_dir() else ())]
    return Left(files, tables, tuple(findings))


def _differing(expected: Left, found: Left) -> tuple[str, ...]:
    tables = (name for name, rows in expected.tables.items() if found.tables[name] != rows)
    names = sorted({*expected.files, *found.files})
    files = (name for name in names if expected.files.get(name) != found.files.get(name))
    return (*tables, *files, *(text for text in found.findings if text not in expected.findings))


def _became(settings: Settings, killed: Killed) -> str:
    """What PostgreSQL made of the transaction whose COMMIT was under way; it learns late that nobody waits for it."""
    if not killed.transaction:
        return ""
    engine = make_engine(settings.store_url)
    status: Any = "in progress"
    with engine.connect() as connection:
        while status == "in progress":
            asked = sa.text("SELECT pg_xact_status(CAST(:name AS xid8))")
            status = connection.execute(asked, {"name": killed.transaction}).scalar()
            connection.rollback()
    engine.dispose()
    return str(status)
