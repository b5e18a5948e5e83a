"""Attempts: every start of a command is recorded, and how it ended, whatever ended it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from adapters.errors import WorldError
from adapters.logs import logged
from adapters.store.runs import State, begin_attempt, end_attempt
from adapters.world import World
from domain.ids import AttemptId
from flows.halting import Halted

_log = logging.getLogger("recoup.attempts")


@contextmanager
def attempt_at(world: World, command: str, business_date: date | None) -> Iterator[AttemptId]:
    world.seam.sweep()
    attempt = begin_attempt(world.store, command, business_date)
    with logged(world, attempt=attempt, command=command, business_date=str(business_date or "")):
        _log.info("begun")
        try:
            yield attempt
        except Halted as halted:
            _end(world, attempt, State.HALTED, str(halted))
            raise
        except WorldError as error:
            _end(world, attempt, State.FAILED, str(error))
            raise
        except BaseException as error:
            _end(world, attempt, State.FAILED, f"{type(error).__name__}: {error}")
            raise
        else:
            _end(world, attempt, State.DONE, "")


def _end(world: World, attempt: AttemptId, state: State, message: str) -> None:
    end_attempt(world.store, attempt, state, message)
    level = logging.INFO if state is State.DONE else logging.ERROR
    _log.log(level, "ended: %s", state.value, extra={"state": state.value, "why": message})
