"""The register of actions: opened once by what finds them, decided on by people, listed for whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.store.actions import action_named, insert_action, insert_action_decision, read_actions
from adapters.store.batches import refuse_other_names
from adapters.store.signals import SOURCE as SIGNAL
from adapters.world import World
from domain.actions import (
    Action,
    ActionDecision,
    ActionDecisionKind,
    ActionState,
    NewAction,
    action_refusals,
    fresh_actions,
)
from domain.ids import AttemptId
from tasks.stages.settling import DISPUTE

_COMMANDS = {ActionDecisionKind.CLOSED: "resolve", ActionDecisionKind.ANSWERED: "answer"}


def open_actions(world: World, found: Iterable[NewAction], attempt: AttemptId | None) -> tuple[NewAction, ...]:
    """Enter those that are new into the register; what was found before, or is being worked on, is opened once only."""
    every = tuple(found)
    if not every:
        return ()
    with world.store.write("actions_opened") as connection:
        fresh = fresh_actions(every, read_actions(connection))
        for action in fresh:
            insert_action(world.store, connection, action, attempt)
    return fresh


def decide_action(
    world: World,
    prefix: str,
    decision: ActionDecision,
    attempt: AttemptId | None,
    *,
    of_dispute: bool = False,
    of_signal: bool = False,
) -> Action:
    """Record a decision on the action whose id starts with `prefix`.

    Pay follows from what becomes of a dispute: who answers and resolves it stands in rules, which are looked at for its
    own commands (`of_dispute`); and so does it of cases of signals, which are closed as confirmed or explained
    (`of_signal`). Raises: RefusedError with everything that stands in its way.
    """
    try:
        with world.store.write("action_decided") as connection:
            refuse_other_names(connection, decision.by)
            action = action_named(connection, prefix)
            faults = [*action_refusals(action, decision)]
            if action.opened.source == DISPUTE and decision.kind in _COMMANDS and not of_dispute:
                faults.append(
                    f"DIS006 {action.action_id} is a dispute: `recoup disputes {_COMMANDS[decision.kind]}` it"
                )
            if action.opened.source == SIGNAL and decision.kind is ActionDecisionKind.CLOSED and not of_signal:
                faults.append(f"INT027 {action.action_id} is a case of a signal: `recoup signals close` it")
            if faults:
                raise RefusedError("\n".join(faults))
            insert_action_decision(world.store, connection, action, decision, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody decided on {prefix} at the same moment: look at it again") from None
    return Action(action.opened, (*action.decisions, decision))


def list_actions(
    world: World, *, only_open: bool = False, owner: str = "", overdue_on: date | None = None
) -> tuple[Action, ...]:
    """By deadline; `overdue_on` keeps those that are open although their deadline lies before that day."""
    with world.store.read() as connection:
        found = read_actions(connection)
    return tuple(
        each
        for each in found
        if (not only_open or each.state is ActionState.OPEN)
        and owner in {"", each.owner}
        and (overdue_on is None or each.is_overdue(overdue_on))
    )
