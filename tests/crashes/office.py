"""An office: the world, the people signed in beside it, and the commands that they type, one step after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from adapters.settings import Settings
from adapters.world import World, open_any_world
from incentives.batches import BatchPhase, DecisionKind
from tasks.stages import decide
from tasks.stages.month_end import Frozen
from tests.conftest import SteppingClock
from tests.stages.logins import signed_in

HR, FINANCE, DIRECTOR = "demo hr", "demo finance", "demo director"
WRITERS = CLERK, OPERATIONS = "payroll clerk", "operations"
BY_ROLE = {"manager": "demo manager", "hr": HR, "finance": FINANCE, "director": DIRECTOR}
PEOPLE = (*BY_ROLE.values(), CLERK)


@dataclass(slots=True)
class Office:
    """The world, and beside it the same world under each person's login."""

    world: World
    logins: dict[str, World] = field(default_factory=dict)

    def under(self, name: str) -> World:
        if name not in self.logins:
            self.logins[name] = signed_in(self.world, name)
        return self.logins[name]

    def beside(self, name: str) -> Path:
        """What people brought along lies beside the rule book: nobody's home, and the same for every copy of it."""
        return self.world.settings.rules.parent / name

    def close_connections(self) -> None:
        for world in (self.world, *self.logins.values()):
            world.store.engine.dispose()


@dataclass(frozen=True, slots=True)
class Step:
    """A command, or one and the same command for each of several things; typed again, it does what is still to do."""

    name: str
    type: Callable[[Office], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Commands in their order, from a world that lies ready in a folder; `begun` is when the first one is typed.
    The people have a login of their own on PostgreSQL."""

    name: str
    about: str
    ready: Callable[[Path], Settings]
    begun: datetime
    steps: tuple[Step, ...]
    people: tuple[str, ...] = PEOPLE


def office_at(settings: Settings, now: datetime) -> Office:
    """Of whatever environment: the command that names it opens what was named by half, which others refuse."""
    return Office(open_any_world(settings, clock=SteppingClock(now)))


def approve_all(office: Office, batches: list[Frozen]) -> None:
    """Everybody of each batch's chain who is still due, under a login of their own."""
    for frozen in (each for each in batches if each.state.phase is BatchPhase.PREPARED):
        batch, role = frozen.batch.batch_id, frozen.state.next_role
        while role:
            by = BY_ROLE[role]
            role = decide.decide(office.under(by), batch, DecisionKind.APPROVED, by=by).state.next_role
