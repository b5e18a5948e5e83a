"""Attempts: every start of a command is recorded, and how it ended, whatever ended it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from adapters.errors import WorldError
from adapters.store.alive import holding
from adapters.store.killed import record_killed
from adapters.store.runs import State, end_attempt, new_attempt, record_attempt
from adapters.world import World
from domain.ids import AttemptId
from flows.halting import Halted


@contextmanager
def attempt_at(world: World, command: str, business_date: date | None) -> Iterator[AttemptId]:
    world.seam.sweep()
    record_killed(world.store)
    attempt = new_attempt()
    with holding(world.store, attempt):
        record_attempt(world.store, attempt, command, business_date)
        with _its_end_recorded(world, attempt):
            yield attempt


@contextmanager
def _its_end_recorded(world: World, attempt: AttemptId) -> Iterator[None]:
    try:
        yield
    except Halted as halted:
        end_attempt(world.store, attempt, State.HALTED, str(halted))
        raise
    except WorldError as error:
        end_attempt(world.store, attempt, State.FAILED, str(error))
        raise
    except BaseException as error:
        end_attempt(world.store, attempt, State.FAILED, f"{type(error).__name__}: {error}")
        raise
    else:
        end_attempt(world.store, attempt, State.DONE, "")
