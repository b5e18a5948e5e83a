"""Planned actions of a month up to a day: counted by plan and action, or one by one, from what its night has read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.world import World
from domain.exact import ExactSelect, count_rows, exact
from domain.ids import RunId, short
from domain.periods import Period
from domain.planned import ActionState
from kpi_rules.planned import READS, planned_rows
from tasks.stages.measured import measured_night


@dataclass(frozen=True, slots=True)
class ActionCount:
    """Of one action of a plan: how many of those judged in the month became what, and how many are open."""

    plan_id: str
    action_id: str
    done_in_time: int
    done_late: int
    missed: int
    withdrawn: int
    open: int


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """`owner_id` is whom it counts for."""

    account_id: str
    plan_id: str
    action_id: str
    kind: str
    due_from: date
    due_by: date
    state: str
    done_on: date | None
    withdrawn_on: date | None
    owner_id: str


@dataclass(frozen=True, slots=True)
class PlannedActions:
    run: RunId
    counts: tuple[ActionCount, ...]
    rows: tuple[PlannedAction, ...]


def planned_actions_of(
    world: World, day: date, *, owner: str = "", account: str = "", each: bool = False
) -> PlannedActions:
    """What the newest official night of the date found; `each` also gives the rows, by last day and account.

    Raises: RefusedError if no night of the date has measured, or could tell; ConflictError if the rules were edited
    since; FileChangedError.
    """
    with measured_night(world, day) as night:
        halted = READS & night.halted
        if halted:
            text = f"PLN010 {', '.join(sorted(halted))} of {day} was halted, and what was done is not known"
            raise RefusedError(f"{text}: see `recoup show {short(night.run)}`")
        rows = planned_rows()
        mine = sa.and_(*(rows.c[name] == value for name, value in _wanted(owner, account)), sa.true())
        counts = night.duck.read(_bound(_counted(rows).where(mine), day))
        found = night.duck.read(_bound(_listed(rows).where(mine), day)) if each else ()
    return PlannedActions(night.run, _by_action(counts), tuple(PlannedAction(**row) for row in found))


def _wanted(owner: str, account: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in (("owner_id", owner), ("account_id", account)) if value]


def _bound(statement: sa.Select[Any], day: date) -> ExactSelect:
    return exact(statement.params(start=Period.of(day).start, as_of=day))


def _counted(rows: sa.Subquery) -> sa.Select[Any]:
    key = (rows.c.plan_id, rows.c.action_id, rows.c.state)
    return sa.select(*key, count_rows().label("actions")).group_by(*key).order_by(*key)


def _listed(rows: sa.Subquery) -> sa.Select[Any]:
    order = (rows.c.due_by, rows.c.account_id, rows.c.due_from, rows.c.number)
    return sa.select(*(rows.c[name] for name in PlannedAction.__slots__)).order_by(*order)


def _by_action(counts: Any) -> tuple[ActionCount, ...]:
    found = Counter({(row["plan_id"], row["action_id"], row["state"]): row["actions"] for row in counts})
    actions = sorted({key[:2] for key in found})
    states = [ActionState(name).value for name in ActionCount.__slots__[2:]]
    return tuple(
        ActionCount(plan, action, *(found[plan, action, state] for state in states)) for plan, action in actions
    )
