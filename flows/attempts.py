"""Attempts: every start of a command is recorded, and how it ended, whatever ended it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from adapters.errors import WorldError
from adapters.redaction import redacted
from adapters.store.runs import State, begin_attempt, end_attempt
from adapters.world import World
from domain.ids import AttemptId
from flows.halting import Halted


@contextmanager
def attempt_at(world: World, command: str, business_date: date | None) -> Iterator[AttemptId]:
    world.seam.sweep()
    attempt = begin_attempt(world.store, command, business_date)
    try:
        yield attempt
    except Halted as halted:
        end_attempt(world.store, attempt, State.HALTED, str(halted))
        raise
    except WorldError as error:
        end_attempt(world.store, attempt, State.FAILED, redacted(str(error)))
        raise
    except BaseException as error:
        end_attempt(world.store, attempt, State.FAILED, redacted(f"{type(error).__name__}: {error}"))
        raise
    else:
        end_attempt(world.store, attempt, State.DONE, "")
