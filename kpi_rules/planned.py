"""What became of planned actions: done in time or late, missed, withdrawn or open, and whose they are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.dispatch import DISPATCH_SQL
from domain.exact import count_rows, total
from domain.planned import PLANNED, PLANNED_SQL, VISIT, ActionState, Withdrawn
from domain.sql import TABLES
from kpi_rules.views import AS_OF, START

Sql = sa.ColumnElement[Any]

READS = frozenset({"planned_actions", "dispatch", "contacts", "visits", "cases"})

_KEY = ("due_from", "number")
_OWNER = ("owner_kind", "owner_id", "department_id", "team_id", "segment")
_SPOKEN_TO = ("right_party", "promise", "refused")


def planned_rows() -> sa.Subquery:
    """Each action once whose last day ended in the period, or has not ended, with its state and its owner.

    An action is judged on the day after its last one: what was recorded by then of that day is known, and so is whether
    the account left. It is the owner's who had the account on the day on which it was done in time; else whoever had it
    on most of the days on which it was due, of equal ones the last.
    """
    asked = _asked().cte("asked")
    stays = _stays(_fits(asked).cte("fits")).cte("stays")
    done = _done(stays).cte("done")
    stay = _stay_of_owner(stays, done)
    rows = asked.outerjoin(stay, _same(asked, stay)).outerjoin(done, _same(asked, done))
    done_on, left_on = done.c.done_on, sa.func.coalesce(stay.c.left_on, asked.c.due_from)
    owner = (sa.case((stay.c.number.is_(None), asked.c[name]), else_=stay.c[name]).label(name) for name in _OWNER)
    return (
        sa.select(
            *(asked.c[name] for name in PLANNED.names if name not in _OWNER),
            *owner,
            done_on.label("done_on"),
            sa.case((_is_withdrawn(asked, done_on, left_on), left_on)).label("withdrawn_on"),
            _state(asked, done_on, left_on).label("state"),
        )
        .select_from(rows)
        .subquery("planned")
    )


def _asked() -> sa.Select[Any]:
    planned = PLANNED_SQL.c
    return sa.select(*planned).where(planned.due_from <= AS_OF, planned.due_by + 1 >= START)


def _fits(asked: sa.CTE) -> sa.Select[Any]:
    """The stretches with one owner in which the account is where the action is asked for; `breaks_on` is the day after
    one that no other follows without a break."""
    owner, following = DISPATCH_SQL.alias("owner"), DISPATCH_SQL.alias("following")
    there = sa.and_(
        owner.c.account_id == asked.c.account_id,
        owner.c.valid_from <= AS_OF,
        owner.c.valid_to > asked.c.due_from,
        _is_there(asked, owner),
    )
    next_one = sa.and_(following.c.account_id == owner.c.account_id, following.c.valid_from == owner.c.valid_to)
    goes_on = sa.and_(owner.c.valid_to <= AS_OF, sa.func.coalesce(_is_there(asked, following), sa.false()))
    return sa.select(
        *(asked.c[name] for name in (*_KEY, "account_id", "due_by", "proofs", "effective", "by_owner")),
        *(owner.c[name] for name in (*_OWNER, "valid_from", "valid_to")),
        sa.case((sa.not_(goes_on), owner.c.valid_to)).label("breaks_on"),
    ).select_from(asked.join(owner, there).outerjoin(following, next_one))


def _is_there(asked: sa.CTE, owner: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the account is worked, and where the action is withdrawn with its segment, in that and by as kind an
    owner."""
    no_segment = sa.and_(owner.c.segment.is_(None), asked.c.segment.is_(None))
    same_segment = sa.func.coalesce(owner.c.segment == asked.c.segment, no_segment)
    same = sa.and_(same_segment, owner.c.owner_kind == asked.c.owner_kind)
    is_worked = owner.c.owner_kind.in_(["employee", "partner"])
    return sa.and_(is_worked, sa.or_(asked.c.withdrawn_when == Withdrawn.LEAVES_COLLECTION.value, same))


def _stays(fits: sa.CTE) -> sa.Select[Any]:
    """The stretches from the first day of each action on, up to the first break: from `left_on` on it is elsewhere."""
    bounds = (
        sa.select(
            *(fits.c[name] for name in _KEY),
            sa.func.min(fits.c.breaks_on).label("left_on"),
            sa.func.min(fits.c.valid_from).label("began"),
            count_rows().label("stretches"),
        )
        .group_by(*(fits.c[name] for name in _KEY))
        .subquery("bounds")
    )
    return (
        sa.select(fits, bounds.c.left_on, bounds.c.stretches)
        .select_from(fits.join(bounds, _same(fits, bounds)))
        .where(bounds.c.began <= fits.c.due_from, fits.c.valid_from < bounds.c.left_on)
    )


def _done(stays: sa.CTE) -> sa.Select[Any]:
    """The first day on which something was done that counts, of the actions that were."""
    event = _events()
    maker = sa.or_(sa.not_(stays.c.by_owner), event.c.maker == stays.c.owner_id)
    counts = sa.and_(
        event.c.account_id == stays.c.account_id,
        event.c.day >= stays.c.due_from,
        event.c.day >= stays.c.valid_from,
        event.c.day < stays.c.valid_to,
        stays.c.proofs.like("%," + event.c.proof + ",%"),
        sa.or_(sa.not_(stays.c.effective), event.c.is_effective),
        sa.func.coalesce(maker, sa.false()),
    )
    key = [stays.c[name] for name in _KEY]
    done_on = sa.func.min(event.c.day).label("done_on")
    return sa.select(*key, done_on).select_from(stays.join(event, counts)).group_by(*key)


def _stay_of_owner(stays: sa.CTE, done: sa.CTE) -> sa.Subquery:
    """Of each action the stretch of whoever it counts for; most have one, and only of the others it is sought."""
    chosen = _chosen(stays, done)
    return (
        sa.select(*(stays.c[name] for name in (*_KEY, *_OWNER, "left_on")))
        .select_from(stays.outerjoin(chosen, _same(stays, chosen)))
        .where(sa.or_(stays.c.stretches == 1, stays.c.valid_from == chosen.c.valid_from))
        .subquery("stay")
    )


def _chosen(stays: sa.CTE, done: sa.CTE) -> sa.Subquery:
    """Of actions with several stretches: the one in which it was done in time, else the last of who had most days."""
    several = sa.select(stays).where(stays.c.stretches > 1, stays.c.valid_from <= stays.c.due_by).cte("several")
    key = [several.c[name] for name in _KEY]
    owner = (several.c.owner_kind, several.c.owner_id)
    own = (
        sa.select(
            *key,
            *owner,
            total(_days_due(several), as_type=sa.BigInteger()).label("days"),
            sa.func.max(several.c.valid_from).label("valid_from"),
        )
        .group_by(*key, *owner)
        .cte("own")
    )
    most = (
        sa.select(*(own.c[name] for name in _KEY), sa.func.max(own.c.days).label("days"))
        .group_by(*(own.c[name] for name in _KEY))
        .subquery("most")
    )
    had_it = (
        sa.select(*(own.c[name] for name in _KEY), sa.func.max(own.c.valid_from).label("valid_from"))
        .select_from(own.join(most, sa.and_(_same(own, most), own.c.days == most.c.days)))
        .group_by(*(own.c[name] for name in _KEY))
        .subquery("had_it")
    )
    in_time = sa.and_(
        _same(several, done),
        done.c.done_on <= several.c.due_by,
        done.c.done_on >= several.c.valid_from,
        done.c.done_on < several.c.valid_to,
    )
    did_it = sa.select(*key, several.c.valid_from).select_from(several.join(done, in_time)).subquery("did_it")
    valid_from = sa.func.coalesce(did_it.c.valid_from, had_it.c.valid_from).label("valid_from")
    return (
        sa.select(*(had_it.c[name] for name in _KEY), valid_from)
        .select_from(had_it.outerjoin(did_it, _same(had_it, did_it)))
        .subquery("chosen")
    )


def _days_due(stays: sa.CTE) -> Sql:
    """Days of the stretch on which the action was due."""
    first = sa.case((stays.c.valid_from > stays.c.due_from, stays.c.valid_from), else_=stays.c.due_from)
    end = sa.case((stays.c.valid_to <= stays.c.due_by, stays.c.valid_to), else_=stays.c.due_by + 1)
    return sa.cast(end - first, sa.BigInteger)


def _events() -> sa.Subquery:
    """What shows that an action was done, each with its day, its maker and whether the debtor was spoken to or met."""
    contacts, visits, cases = (TABLES[name].c for name in ("contacts", "visits", "cases"))
    contacted = sa.select(
        contacts.account_id,
        sa.cast(contacts.started_wall, sa.Date).label("day"),
        contacts.channel.label("proof"),
        contacts.outcome.in_(_SPOKEN_TO).label("is_effective"),
        sa.func.coalesce(contacts.employee_id, contacts.partner_id).label("maker"),
    ).where(contacts.direction == "out", contacts.channel != VISIT, contacts.started_wall < AS_OF + 1)
    visited = sa.select(
        visits.account_id,
        sa.cast(visits.made_at, sa.Date),
        sa.literal(VISIT, sa.String),
        visits.outcome == "met_debtor",
        sa.func.coalesce(visits.employee_id, visits.partner_id),
    ).where(visits.made_at < AS_OF + 1)
    opened = sa.select(cases.account_id, cases.opened_on, cases.case_type, sa.false(), cases.owner_id).where(
        cases.account_id.is_not(None), cases.opened_on <= AS_OF
    )
    return sa.union_all(contacted, visited, opened).subquery("event")


def _is_withdrawn(asked: sa.CTE, done_on: Sql, left_on: Sql) -> sa.ColumnElement[bool]:
    """It had left by the night of its last day, and was not done before; only what has happened by now."""
    left = sa.and_(left_on <= asked.c.due_by + 1, left_on <= AS_OF)
    return sa.and_(left, done_on.is_(None))


def _state(asked: sa.CTE, done_on: Sql, left_on: Sql) -> Sql:
    state = sa.case(
        (asked.c.due_by >= AS_OF, ActionState.OPEN.value),
        (_is_withdrawn(asked, done_on, left_on), ActionState.WITHDRAWN.value),
        (done_on <= asked.c.due_by, ActionState.DONE_IN_TIME.value),
        (done_on.is_not(None), ActionState.DONE_LATE.value),
        else_=ActionState.MISSED.value,
    )
    return sa.cast(state, sa.String)


def _same(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(*(one.c[name] == other.c[name] for name in _KEY))
