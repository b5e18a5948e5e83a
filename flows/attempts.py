"""Attempts: every start of a command is recorded, and how it ended, whatever ended it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

from adapters.errors import WorldError
from adapters.logs import logged
from adapters.redaction import redacted
from adapters.store.alive import holding
from adapters.store.killed import record_killed
from adapters.store.runs import State, end_attempt, new_attempt, record_attempt
from adapters.world import World
from domain.ids import AttemptId
from flows.halting import Halted

_log = logging.getLogger("recoup.attempts")


@contextmanager
def attempt_at(world: World, command: str, business_date: date | None) -> Iterator[AttemptId]:
    world.seam.sweep()
    record_killed(world.store)
    attempt = new_attempt()
    with holding(world.store, attempt):
        record_attempt(world.store, attempt, command, business_date)
        with (
            logged(world, attempt=attempt, command=command, business_date=str(business_date or "")),
            _its_end_recorded(world, attempt),
        ):
            yield attempt


@contextmanager
def _its_end_recorded(world: World, attempt: AttemptId) -> Iterator[None]:
    _log.info("begun")
    try:
        yield
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
    """What went wrong is told, whether or not the store can still be told; if not, the attempt stays `running`, and is
    told as killed once its process is gone."""
    message = redacted(message)
    _log.error("ended: %s", state.value, extra={"state": state.value, "why": message})
    with suppress(WorldError):
        end_attempt(world.store, attempt, state, message)
