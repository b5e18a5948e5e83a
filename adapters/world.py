"""The world as one value: settings, the seam, the store. Opened at the edge, handed inwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.environment import refuse_another_environment
from adapters.errors import FileChangedError
from adapters.seam import Clock, Seam, sha256_of, system_clock
from adapters.settings import Settings, read_settings
from adapters.store.engine import Store, open_store
from adapters.store.retention import error_of_missing


@dataclass(frozen=True, slots=True)
class World:
    settings: Settings
    seam: Seam
    store: Store


def open_world(settings: Settings | None = None, *, clock: Clock = system_clock) -> World:
    """Raises: SettingsError; StoreError, also where settings, store and home are of different environments."""
    world = open_any_world(settings, clock=clock)
    refuse_another_environment(world.settings, world.store)
    return world


def open_any_world(settings: Settings | None = None, *, clock: Clock = system_clock) -> World:
    """Of whatever environment: to name it. Raises: SettingsError, StoreError."""
    known = settings or read_settings()
    seam = Seam(clock, known.failpoint, known.home / "tmp")
    return World(known, seam, open_store(known, seam))


def registered_file(world: World, path: str, sha256: str) -> Path:
    """The file below the home folder, with the content that was registered.

    Raises: RemovedError where retention removed it; FileChangedError where nothing says why it is not there.
    """
    file = world.settings.home / path
    fault = f"{path} is gone, or not what was registered: make it again"
    if not file.exists():
        with world.store.read() as connection:
            raise error_of_missing(connection, [path], fault)
    if sha256_of(file) != sha256:
        raise FileChangedError(fault)
    return file


def business_today(world: World) -> date:
    """The local date of the business: what decides whether a day that people named is past."""
    return world.seam.clock().astimezone(ZoneInfo(world.settings.time_zone)).date()


@lru_cache(maxsize=1)
def world_of_process() -> World:
    """The world that tasks share: one per process, opened when the first task needs it."""
    return open_world()
