"""The register of actions: opened once, and every decision on them, in order."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.engine import Store
from adapters.store.schema import action_decisions, actions
from domain.actions import Action, ActionDecision, ActionDecisionKind, NewAction, Party, RegisterKind
from domain.ids import AttemptId, RunId


def insert_action(store: Store, connection: sa.Connection, action: NewAction, attempt: AttemptId | None) -> None:
    connection.execute(
        actions.insert().values(
            action_id=action.action_id,
            source=action.source,
            source_key=action.key,
            subject_kind=action.subject_kind,
            subject_id=action.subject_id,
            about=action.about,
            owner=action.owner,
            department=action.department,
            opened_on=action.opened_on,
            deadline=action.deadline,
            run_id=action.run,
            kind=None if action.kind is None else action.kind.value,
            jurisdiction=action.jurisdiction or None,
            account_id=action.account_id or None,
            partner_id=action.partner_id or None,
            employee_id=action.employee_id or None,
            unit=action.unit or None,
            code=action.code or None,
            counted_from=action.counted_from,
            due_by=action.due_by or None,
            terms=action.terms or None,
            opened_by=action.opened_by or None,
            recorded_at=store.seam.recorded(),
            attempt_id=attempt,
        )
    )


def insert_action_decision(
    store: Store, connection: sa.Connection, action: Action, decision: ActionDecision, attempt: AttemptId | None
) -> None:
    connection.execute(
        action_decisions.insert().values(
            action_id=action.action_id,
            step=len(action.decisions) + 1,
            decision=decision.kind.value,
            outcome=decision.outcome,
            reason=decision.reason,
            deadline=decision.deadline,
            owner=decision.owner,
            decided_on=decision.decided_on,
            by_name=decision.by,
            on_behalf_of=decision.on_behalf_of,
            code=decision.code or None,
            waiting_on=None if decision.waiting_on is None else str(decision.waiting_on),
            stops_clock=decision.stops_clock or None,
            recorded_at=store.seam.recorded(),
            attempt_id=attempt,
        )
    )


def read_actions(
    connection: sa.Connection, *, source: str = "", prefix: str = "", known_as_of: datetime | None = None
) -> tuple[Action, ...]:
    """Actions with their decisions, by deadline and id; as they were known at a moment, where one is given."""
    statement = sa.select(actions).order_by(actions.c.action_id)
    decisions = sa.select(action_decisions).order_by(action_decisions.c.sequence)
    if source:
        statement = statement.where(actions.c.source == source)
    if prefix:
        statement = statement.where(actions.c.action_id.startswith(prefix, autoescape=True))
        decisions = decisions.where(action_decisions.c.action_id.startswith(prefix, autoescape=True))
    if known_as_of is not None:
        statement = statement.where(actions.c.recorded_at <= known_as_of)
        decisions = decisions.where(action_decisions.c.recorded_at <= known_as_of)
    decided: dict[str, list[ActionDecision]] = defaultdict(list)
    for row in connection.execute(decisions):
        decided[row.action_id].append(_decision(row))
    found = (Action(_opened(row), tuple(decided[row.action_id])) for row in connection.execute(statement))
    return tuple(sorted(found, key=lambda each: (each.deadline, each.action_id)))


def keys_of_source(connection: sa.Connection, source: str) -> frozenset[str]:
    """The keys of what the source has opened, whatever became of it."""
    found = connection.execute(sa.select(actions.c.source_key).where(actions.c.source == source))
    return frozenset(found.scalars())


def action_named(connection: sa.Connection, prefix: str) -> Action:
    """The one action whose id starts with `prefix`, or is it. Raises: RefusedError naming those that there are."""
    found = read_actions(connection, prefix=prefix)
    whole = [each for each in found if each.action_id == prefix]
    if len(whole or found) != 1:
        known = ", ".join(each.action_id for each in found[:20]) or "none; `recoup actions` lists them"
        raise RefusedError(f"ACT001 {prefix!r} should name one action; it names {known}")
    return (whole or found)[0]


def _opened(row: sa.Row[Any]) -> NewAction:
    return NewAction(
        row.source,
        row.source_key,
        row.subject_kind,
        row.subject_id,
        row.about,
        row.owner,
        row.department,
        row.opened_on,
        row.deadline,
        None if row.run_id is None else RunId(row.run_id),
        None if row.kind is None else RegisterKind(row.kind),
        row.jurisdiction or "",
        row.account_id or "",
        row.partner_id or "",
        row.employee_id or "",
        row.unit or "",
        row.code or "",
        row.counted_from,
        row.due_by or "",
        row.terms or "",
        row.opened_by or "",
    )


def _decision(row: sa.Row[Any]) -> ActionDecision:
    return ActionDecision(
        ActionDecisionKind(row.decision),
        row.by_name,
        row.decided_on,
        row.outcome,
        row.reason,
        row.deadline,
        row.owner,
        row.on_behalf_of or "",
        row.code or "",
        None if row.waiting_on is None else Party.parse(row.waiting_on),
        bool(row.stops_clock),
    )
