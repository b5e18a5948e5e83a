"""Nights in order: one after the other, each as a flow run of its own below the one that asked for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from prefect import get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from adapters.errors import RefusedError, WorldError
from adapters.world import world_of_process
from flows.halting import Halted
from tasks import notices
from tasks.stages.due import Due


def run_in_order(due: Due, night: Callable[[date], object]) -> State[object] | None:
    """Run what is due; none of it is lost when one of them ends badly, and all of that is told at the end.

    Raises: RefusedError FLW005; Halted or WorldError with what each night said that did not end well.
    """
    notices.show_due(due)
    for text in due.why:
        get_run_logger().info("%s", text)
    if not due.nights:
        return _none_due(due)
    ended_badly = _run_each(due.nights, night, stops=world_of_process().settings.after_halt == "stop")
    if ended_badly:
        raise _all_of(ended_badly, len(due.nights))
    return None


def _none_due(due: Due) -> State[object]:
    """Raises: RefusedError if it is a halted night that stops the later ones."""
    why = "; ".join(due.why)
    if "FLW005" in why:
        raise RefusedError(why)
    return Completed(name="NoNight", message=why)


def _run_each(nights: Iterable[date], night: Callable[[date], object], *, stops: bool) -> dict[date, Exception]:
    ended_badly: dict[date, Exception] = {}
    for day in nights:
        try:
            night(day)
        except (Halted, WorldError) as error:
            ended_badly[day] = error
            if stops:
                break
    return ended_badly


def _all_of(ended_badly: dict[date, Exception], of: int) -> Exception:
    """Failed if one of them failed; halted if they were halted only."""
    texts = [f"{day}: {error}" for day, error in ended_badly.items()]
    told = f"FLW006 {len(ended_badly)} of {of} nights did not end well\n" + "\n".join(texts)
    halted_only = all(isinstance(error, Halted) for error in ended_badly.values())
    return Halted(told) if halted_only else WorldError(told)
