"""SIGKILL at a moment of a scenario, and the same command typed again: at every named point, or drawn by lot.

The scenario runs once undisturbed, each step in a process of its own, and what happens on its way is counted and timed.
A moment is one of those events, and a time after it; the same seed and number draw the same moment. A process runs the
step up to there and is killed from outside; what the command, typed again, then leaves is compared with what stood at
that place where nobody disturbed it. Of some moments everything after the step is typed too.
"""

from __future__ import annotations

import importlib
import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.settings import Settings
from adapters.store.engine import make_engine
from adapters.store.guards import APPROVER, WRITER
from adapters.store.killed import record_killed
from adapters.store.schema import payroll_answers, payroll_lines
from adapters.world import World, open_world
from tasks.stages.calculation import calculation_version
from tasks.stages.explain import verify_ledger
from tasks.stages.rules import sound_rules
from tests.conftest import copied
from tests.crashes.office import WRITERS, Office, Scenario, Step, office_at
from tests.crashes.watched import Event, Killed, Watch, in_child, in_child_killed
from tests.stages.logins import as_login
from tests.stages.test_nights import files_of, tables_of

NO_CONTENT = frozenset({"attempts"})  # one more for each time that a command was begun
_TRIES = 8


class Drawn(StrEnum):
    """At a named point; or within the step: anywhere in its time, while it writes rows or files, inside a commit."""

    POINT = "point"
    TIME = "time"
    WRITE = "write"
    COMMIT = "commit"


_BY_LOT = (Drawn.TIME, Drawn.WRITE, Drawn.COMMIT)


@dataclass(frozen=True, slots=True)
class Moment:
    """`delay_seconds` after the event of that number of the step. Typed again, the step is killed once more at the
    event `again`; 0 where it is not. `is_long`: everything after the step is typed as well."""

    number: int
    step: int
    drawn: Drawn
    event: int
    delay_seconds: float = 0.0
    again: int = 0
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """`became` is what the server made of a COMMIT that was under way. `differing` names tables, files and findings;
    it is empty if all is as if nothing had happened."""

    moment: Moment
    scenario: str
    step: str
    killed: Killed
    became: str
    again: Killed | None
    differing: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Left:
    """What a scenario leaves after a step, without recorded times."""

    files: dict[str, str]
    tables: dict[str, list[str]]
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """The scenario that nobody disturbed: copies of what stood before each step, what happened in it and after it."""

    scenario: Scenario
    server: str
    before: tuple[Settings, ...]
    events: tuple[tuple[Event, ...], ...]
    after: tuple[Left, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.scenario.steps

    def moment(self, seed: int, number: int, step: int) -> Moment:
        """Ways to draw within a step take turns with the number. Every fourth moment is followed by a second one, and
        every tenth by the whole rest of the scenario."""
        lot = random.Random(f"{seed}/{number}")
        drawn, events = lot.choice(_BY_LOT), self.events[step]
        event, delay_seconds = _drawn_from(lot, drawn, events)
        again = lot.randint(1, len(events)) if lot.random() < 1 / 4 else 0
        return Moment(number, step, drawn, event, delay_seconds, again, is_long=lot.random() < 1 / 10)

    def points(self, seed: int) -> dict[str, Moment]:
        """Of every failpoint that the scenario passes one of the times at which it passes it, drawn by lot."""
        passed: dict[str, list[tuple[int, int]]] = {}
        for step, events in enumerate(self.events):
            for number, event in enumerate(events, 1):
                if event.point:
                    passed.setdefault(event.point, []).append((step, number))
        found = {}
        for number, (point, times) in enumerate(sorted(passed.items())):
            step, event = random.Random(f"{seed}/{point}").choice(times)
            found[point] = Moment(number, step, Drawn.POINT, event)
        return found


@contextmanager
def undisturbed(scenario: Scenario, settings: Settings, folder: Path, server: str = "") -> Iterator[Undisturbed]:
    """Type the scenario's commands on a copy; the copies from before each of them are there meanwhile."""
    with ExitStack() as kept:
        now = kept.enter_context(copied(settings, folder / "whole", server))
        if scenario.people:
            in_child(partial(give_logins, now, scenario.people))
        _read_rules(settings)
        before, events, after = [], [], []
        for number, step in enumerate(scenario.steps):
            before.append(kept.enter_context(copied(now, folder / f"before-{number}", server)))
            events.append(in_child(partial(_typed, now, step, _time_of(scenario, number))))
            left, modules = in_child(partial(_left_and_imported, now, step, scenario, number))
            after.append(left)
            _import_all(modules)
        yield Undisturbed(scenario, server, tuple(before), tuple(events), tuple(after))


def office_of_step(settings: Settings, scenario: Scenario, number: int, *, minutes: int = 0) -> Office:
    """The office in which the step has been typed, at its time."""
    office = office_at(settings, _time_of(scenario, number, minutes=minutes))
    scenario.steps[number].type(office)
    return office


def _read_rules(settings: Settings) -> None:
    """Every process that is forked off has the rules read already."""
    overlay = settings.rules.parent / "overlay"
    for each in (None, overlay) if overlay.is_dir() else (None,):
        sound_rules(settings.rules, each)
    calculation_version()


def _import_all(modules: Sequence[str]) -> None:
    """What a step imported is there already when it is typed in the next process: that would take most of its time."""
    for name in modules:
        if name not in sys.modules:
            with suppress(ImportError):
                importlib.import_module(name)


def give_logins(settings: Settings, people: Sequence[str], _: Watch) -> None:
    world = open_world(settings)
    for name in people:
        as_login(world, name, role=WRITER if name in WRITERS else APPROVER).store.engine.dispose()


def outcome_of(whole: Undisturbed, moment: Moment, folder: Path) -> Outcome:
    """Kill at the moment, type the step again, and compare. Where the step is over before its moment comes, because it
    was faster this time, the time after the event is halved, until there is none."""
    begun = time.perf_counter()
    for tried in range(_TRIES):
        delay = moment.delay_seconds / 2**tried if tried < _TRIES - 1 else 0.0
        home = folder / f"moment-{moment.number}-{tried}"
        with copied(whole.before[moment.step], home, whole.server) as settings:
            ended = _killed_and_typed_again(whole, moment, settings, delay)
        shutil.rmtree(home, ignore_errors=True)
        if ended:
            name = whole.steps[moment.step].name
            return Outcome(moment, whole.scenario.name, name, *ended, time.perf_counter() - begun)
    raise RuntimeError(f"moment {moment.number} does not come: {moment}")


def _killed_and_typed_again(
    whole: Undisturbed, moment: Moment, settings: Settings, delay: float
) -> tuple[Killed, str, Killed | None, tuple[str, ...]] | None:
    scenario, first = whole.scenario, moment.step
    step = whole.steps[first]
    killed = in_child_killed(partial(_typed, settings, step, _time_of(scenario, first)), moment.event, delay)
    if not killed:
        return None
    became, again = _became(settings, killed), None
    if moment.again:
        typed = partial(_typed, settings, step, _time_of(scenario, first, minutes=5))
        again = in_child_killed(typed, moment.again, 0.0)
    last = len(whole.steps) - 1 if moment.is_long else first
    left = in_child(partial(_left_after, settings, whole.steps[first : last + 1], scenario, first))
    return killed, became, again, differing(whole.after[last], left)


def _drawn_from(lot: random.Random, drawn: Drawn, events: Sequence[Event]) -> tuple[int, float]:
    """The number of an event, and a time after it that ends before the next one."""
    wanted = [
        number
        for number, each in enumerate(events[:-1], 1)
        if (each.is_commit if drawn is Drawn.COMMIT else each.is_write)
    ]
    if drawn is Drawn.TIME or not wanted:
        at = lot.uniform(0.0, events[-1].at)
        number = max(sum(each.at <= at for each in events), 1)
        return number, max(at - events[number - 1].at, 0.0)  # before the first event: at it
    number = lot.choice(wanted)
    gap = events[number].at - events[number - 1].at
    return number, lot.choice((0.0, lot.uniform(0.0, gap), lot.uniform(0.0, gap)))


def _left_and_imported(
    settings: Settings, step: Step, scenario: Scenario, number: int, watch: Watch
) -> tuple[Left, list[str]]:
    """What is left after the step once it has been typed a second time, which changes nothing; and the modules that
    all of it needed."""
    before = _left_after(settings, (), scenario, number, watch)
    left = _left_after(settings, (step,), scenario, number, watch)
    if changed := differing(before, left):
        raise AssertionError(f"{scenario.name}: {step.name}, typed again, changes {', '.join(changed)}")
    return left, sorted(sys.modules)


def _typed(settings: Settings, step: Step, now: datetime, watch: Watch) -> tuple[Event, ...]:
    """One step, watched from before the world is opened, as a command opens it."""
    watch.begin(settings.home)
    step.type(office_at(settings, now))
    return watch.end()


def _left_after(settings: Settings, steps: Sequence[Step], scenario: Scenario, first: int, _: Watch) -> Left:
    """What there is once the steps, the first of them of that number, have been typed."""
    office = office_at(settings, _time_of(scenario, first, minutes=10))
    for number in range(first, first + len(steps)):
        office = office_of_step(settings, scenario, number, minutes=10)
        office.close_connections()
    office.world.seam.sweep()  # both as every attempt does at its start
    record_killed(office.world.store)
    return left_of(office)


def _time_of(scenario: Scenario, step: int, *, minutes: int = 0) -> datetime:
    """Each step has a quarter of an hour of its own, so that what is recorded later has the later time."""
    return scenario.begun + timedelta(minutes=15 * step + minutes)


def left_of(office: Office) -> Left:
    world = office.world
    findings = [str(issue) for issue in verify_ledger(world)]
    findings += [f"entry {sequence} was paid twice" for sequence in _paid_twice(world)]
    tables = {name: rows for name, rows in tables_of(world).items() if name not in NO_CONTENT}
    files = files_of(world)
    scratch = world.settings.home / "tmp"
    findings += [f"{path.name} was left over" for path in (scratch.iterdir() if scratch.is_dir() else ())]
    findings += [f"{name} was left over" for name in files if "/.part-" in f"/{name}"]
    return Left(files, tables, tuple(findings))


def _paid_twice(world: World) -> list[int]:
    paid = sa.select(payroll_lines.c.sequence).join(payroll_answers).where(payroll_answers.c.outcome == "paid")
    twice = paid.group_by(payroll_lines.c.sequence).having(sa.func.count() > 1)
    with world.store.read() as connection:
        return list(connection.execute(twice).scalars())


def differing(expected: Left, found: Left) -> tuple[str, ...]:
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
