"""How a flow run ends in the UI: by a state of its own name, with its message, what to do, and the runbook's place."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar, cast

from prefect.client.schemas.objects import State
from prefect.states import Failed

from adapters.errors import RefusedError, StageTooLongError, WorldError
from adapters.settings import read_settings
from flows.halting import Halted
from flows.runbook import runbook_place
from tasks import notices

P = ParamSpec("P")
T = TypeVar("T")

HALTED, REFUSED, FAILED, TIMED_OUT = "Halted", "Refused", "Failed", "TimedOut"


def ends_told(flow: Callable[P, T]) -> Callable[P, T]:
    """A flow whose known endings are states: `Halted` by a gate, `Refused` by a rule of the house, `TimedOut`, `Failed`
    by the world. Whoever calls it as a function still gets what was raised; a bug stays a bug, with its traceback.
    """

    @wraps(flow)
    def told(*given: P.args, **named: P.kwargs) -> T | State[object]:
        try:
            return flow(*given, **named)
        except (Halted, WorldError) as error:
            place = runbook_place(str(error), read_settings().runbook_url)
            notices.show_failure(_state_name(error), str(error), place)
            return Failed(name=_state_name(error), message=f"{error}\nRunbook: {place}", data=error)

    # Prefect makes the form from these: as texts they would be looked up among the names of this file.
    form = signature(flow, eval_str=True)
    vars(told)["__signature__"] = form
    told.__annotations__ = {name: each.annotation for name, each in form.parameters.items()}
    return cast(Callable[P, T], told)


def _state_name(error: Exception) -> str:
    if isinstance(error, Halted):
        return HALTED
    if isinstance(error, StageTooLongError):
        return TIMED_OUT
    return REFUSED if isinstance(error, RefusedError) else FAILED
