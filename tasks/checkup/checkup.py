"""The check-up: every look, all findings at once. Nothing is changed, migrated or repaired by it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from adapters.seam import Clock, Seam, system_clock
from adapters.settings import Settings
from adapters.store.engine import Store, make_engine
from adapters.world import World
from tasks.checkup import book, database, machine, place, server, work
from tasks.checkup.looked import Look, Looked, look_at_all
from tasks.checkup.server import Server


def check_up(
    settings: Settings, served: Server, *, thorough: bool = False, clock: Clock = system_clock
) -> tuple[Looked, ...]:
    """What was looked at, in order: the machine, the place, the database; and what needs a database, where one is.

    `thorough` also reads every registered file, and compares it with its digest.
    """
    first = look_at_all(_without_store(settings, served, clock))
    try:
        engine = make_engine(settings.store_url)
    except sa.exc.ArgumentError:
        return (*first, database.no_address())
    seam = Seam(clock, "", settings.home / "tmp")
    world = World(settings, seam, Store(engine, seam))
    reached = look_at_all(iter([("database", partial(database.look_at_database, world))]))
    rest = look_at_all(_with_store(world, thorough=thorough)) if database.is_usable(world) else ()
    engine.dispose()
    return (*first, *reached, *rest)


def _without_store(settings: Settings, served: Server, clock: Clock) -> Iterator[tuple[str, Look]]:
    yield "Python and packages", machine.look_at_versions
    yield "memory", partial(machine.look_at_memory, settings)
    yield "time zone and schedule", partial(machine.look_at_schedule, settings, clock())
    yield "home folder", partial(place.look_at_home, settings)
    yield "rule book", partial(book.look_at_rules, settings)
    yield "Prefect server", partial(server.look_at_server, served)


def _with_store(world: World, *, thorough: bool) -> Iterator[tuple[str, Look]]:
    yield "guards", partial(database.look_at_guards, world)
    yield "roles", partial(database.look_at_roles, world)
    yield "environment", partial(place.look_at_environment, world)
    yield "clock", partial(database.look_at_clock, world)
    yield "signatures", partial(book.look_at_signatures, world)
    yield "attempts", partial(work.look_at_attempts, world)
    yield "nights", partial(work.look_at_nights, world)
    yield "registered files", partial(work.look_at_files, world, thorough=thorough)
    yield "disk space", partial(place.look_at_space, world)
