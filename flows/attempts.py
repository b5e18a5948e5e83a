"""Attempts: every start of a command is recorded, and how it ended, whatever ended it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
            _end_if_possible(world, attempt, State.HALTED, str(halted))
            raise
        except WorldError as error:
            _end_if_possible(world, attempt, State.FAILED, str(error))
            raise
        except BaseException as error:
            _end_if_possible(world, attempt, State.FAILED, f"{type(error).__name__}: {error}")
            raise
        else:
            end_attempt(world.store, attempt, State.DONE, "")
            _log.info("ended: %s", State.DONE.value, extra={"state": State.DONE.value})


def _end_if_possible(world: World, attempt: AttemptId, state: State, message: str) -> None:
    """What went wrong is told, whether or not the store can still be told; if not, the attempt stays `running`, like
    that of a process that was killed."""
    _log.error("ended: %s", state.value, extra={"state": state.value, "why": message})
    with suppress(WorldError):
        end_attempt(world.store, attempt, state, message)
