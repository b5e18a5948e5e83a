"""Attempts: every start of a command is recorded, and how it ended, whatever ended it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date

from adapters.errors import RefusedError, WorldError
from adapters.logs import logged
from adapters.redaction import redacted
from adapters.store.alive import holding
from adapters.store.killed import record_killed
from adapters.store.runs import State, end_attempt, new_attempt, record_attempt
from adapters.store.turns import turn
from adapters.world import World
from domain.ids import AttemptId
from flows.halting import Halted

_log = logging.getLogger("recoup.attempts")


@contextmanager
def attempt_at(
    world: World, command: str, business_date: date | None, faults: Iterable[str] = ()
) -> Iterator[AttemptId]:
    """Raises: RefusedError with the `faults` of what was asked for, before anything is done."""
    world.seam.sweep()
    record_killed(world.store)
    attempt = new_attempt()
    with holding(world.store, attempt):
        record_attempt(world.store, attempt, command, business_date)
        with (
            logged(world, attempt=attempt, command=command, business_date=str(business_date or "")),
            _its_end_recorded(world, attempt),
        ):
            refuse_wrong(faults)
            yield attempt


@contextmanager
def turn_at(world: World, command: str, business_date: date | None, faults: Iterable[str] = ()) -> Iterator[AttemptId]:
    """An attempt at what changes the book officially: it waits until no other such attempt is under way.

    Raises: RefusedError with the `faults`; ConflictError FLW001 naming the attempt that has the book, if it does not
    end within the wait of the settings.
    """
    wait_seconds = world.settings.turn_wait_minutes * 60
    with (
        attempt_at(world, command, business_date, faults) as attempt,
        turn(world.store, attempt, wait_seconds=wait_seconds, told=_tell),
    ):
        yield attempt


def refuse_wrong(faults: Iterable[str]) -> None:
    """Raises: RefusedError with every fault."""
    found = tuple(faults)
    if found:
        raise RefusedError("\n".join(found))


def _tell(text: str) -> None:
    """To whoever looks at the terminal, to the house's log and, in a flow, to the run's."""
    _log.warning("%s", text)
    sys.stderr.write(f"{text}\n")
    if "prefect" in sys.modules:
        from prefect import get_run_logger
        from prefect.exceptions import MissingContextError

        with suppress(MissingContextError):
            get_run_logger().warning("%s", text)


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
