"""Which planned actions a night releases: those that became due since the nights before, once each, in one statement.

An account is followed by the first plan whose condition it meets with tomorrow's owner. What was planned before is read
from the rows of earlier nights, so that a missed night loses nothing, and nothing is planned twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa

from allocation.facts import with_facts
from allocation.plans import EXPERIMENT_ARM, OF_OWNERS, Action, Plan, Within
from domain.catalogue import JURISDICTIONS
from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect, count_rows, exact
from domain.expressions import to_sql
from domain.planned import MOST_DAYS, PLANNED, PLANNED_SQL
from domain.sql import SNAPSHOTS, SQL_TYPES, TABLES
from domain.staff import WorkingDays

CATCH_UP_DAYS = 14
"""How long after it became due an action is still planned, where the nights in between did not run."""

READS = frozenset({"accounts", "cases", "placements", "calendar", "promises", "complaints"})

Sql = sa.ColumnElement[Any]

_OWNER = ("owner_kind", "owner_id", "department_id", "team_id", "segment", "channel")

# Who has each account from tomorrow on: the session has it once the dispatch is decided.
OWNERS_NEXT = sa.Table(
    "owners_next",
    SNAPSHOTS,
    sa.Column("account_id", sa.String),
    *(sa.Column(name, DISPATCH_SQL.c[name].type) for name in _OWNER),
    sa.Column(EXPERIMENT_ARM, sa.String),
)


def planned_statement(plans: Sequence[Plan], as_of: date, since: date, days: WorkingDays) -> ExactSelect:
    """The actions that are due from the day after `as_of` on, as rows of `PLANNED` in their order.

    `plans` in the order in which they take accounts; `since` is the last day of which nothing is caught up; `days` are
    the working days by jurisdiction.
    """
    followed = _followed(plans, as_of).cte("followed")
    asked = _asked(plans, as_of + timedelta(days=1), days).cte("asked")
    parts = [_by_date(followed, asked, as_of, since)]
    events = {action.due.after for plan in plans for action in plan.rule.actions if action.due.after}
    if events:
        parts.append(_by_event(followed, asked, _events(events, as_of, since)))
    due = sa.union_all(*parts).subquery("due")
    order = (due.c.account_id, due.c.plan_id, due.c.action_id, due.c.caused_by.nulls_first())
    number = sa.cast(sa.func.row_number().over(order_by=order), sa.BigInteger)
    due_from = sa.cast(sa.literal(as_of + timedelta(days=1)), sa.Date)
    computed: dict[str, Sql] = {**due.c, "number": number, "due_from": due_from}
    columns = [computed[name].label(name) for name in PLANNED.names]
    return exact(sa.select(*columns).order_by(sa.literal_column("number")))


def several_plans_statement(plans: Sequence[Plan], as_of: date) -> ExactSelect:
    """How many accounts follow no plan, because they meet one that is unique and another one."""
    source, names = _accounts(plans, as_of)
    fits_several = _fits_unique_and_another(plans, names)
    return exact(sa.select(count_rows().label("accounts")).select_from(source).where(fits_several))


def _accounts(plans: Sequence[Plan], as_of: date) -> tuple[sa.FromClause, dict[str, Sql]]:
    """The accounts that somebody works from tomorrow on, and what conditions may name."""
    read = frozenset().union(*(plan.when.names for plan in plans))
    accounts = TABLES["accounts"]
    source, names = with_facts(read, accounts, as_of)
    owned = sa.and_(
        OWNERS_NEXT.c.account_id == accounts.c.account_id, OWNERS_NEXT.c.owner_kind.in_(["employee", "partner"])
    )
    return source.join(OWNERS_NEXT, owned), {**names, **{name: OWNERS_NEXT.c[name] for name in OF_OWNERS}}


def _followed(plans: Sequence[Plan], as_of: date) -> sa.Select[Any]:
    source, names = _accounts(plans, as_of)
    mine = [(to_sql(plan.when, names), sa.literal(plan.rule.id)) for plan in plans]
    plan_id = sa.case((_fits_unique_and_another(plans, names), sa.null()), *mine, else_=sa.null())
    accounts = (names[name] for name in ("account_id", "jurisdiction", "days_past_due"))
    return sa.select(*accounts, *(OWNERS_NEXT.c[name] for name in _OWNER), plan_id.label("plan_id")).select_from(source)


def _fits_unique_and_another(plans: Sequence[Plan], names: dict[str, Sql]) -> sa.ColumnElement[bool]:
    fits = {plan.rule.id: sa.case((to_sql(plan.when, names), 1), else_=0) for plan in plans}
    unique = [fits[plan.rule.id] for plan in plans if plan.rule.match == "unique"]
    if not unique:
        return sa.false()
    return sa.and_(sum(unique, start=sa.literal(0)) > 0, sum(fits.values(), start=sa.literal(0)) > 1)


_ASKED: dict[str, sa.types.TypeEngine[Any]] = {
    **{
        name: SQL_TYPES[PLANNED[name].type]
        for name in ("plan_id", "plan_version", "action_id", "kind", "proofs", "effective", "by_owner",
                     "withdrawn_when", "due_by")
    },
    "jurisdiction": sa.String(),
    "at_days_past_due": sa.BigInteger(),
    "not_after": sa.Date(),
    "event": sa.String(),
}  # fmt: skip


def _asked(plans: Sequence[Plan], due_from: date, days: WorkingDays) -> sa.Select[Any]:
    """What the plans ask for, as rows: one for each action and jurisdiction. `not_after`: what is due every so many
    working days is due again where it was last due by then."""
    rows = [
        tuple(({**what, **_dates(action, due_from, days.get(name, frozenset())), "jurisdiction": name})[key]
              for key in _ASKED)
        for plan in plans
        for action, what in _without_dates(plan)
        for name in JURISDICTIONS
    ]  # fmt: skip
    given = sa.values(*(sa.column(name, kind) for name, kind in _ASKED.items()), name="given").data(rows)
    return sa.select(*(sa.cast(given.c[name], kind).label(name) for name, kind in _ASKED.items()))


def _without_dates(plan: Plan) -> Iterator[tuple[Action, dict[str, Any]]]:
    version = plan.version.digest
    for action in plan.rule.actions:
        yield (
            action,
            {
                "plan_id": plan.rule.id,
                "plan_version": version,
                "action_id": action.id,
                "kind": action.kind.value,
                "proofs": f",{','.join(action.proofs)},",
                "effective": action.done.outcome == "effective",
                "by_owner": action.done.by == "owner",
                "withdrawn_when": plan.rule.withdrawn_when.value,
                "at_days_past_due": action.due.days_past_due,
                "event": action.due.after,
            },
        )


def _dates(action: Action, due_from: date, working: Collection[date]) -> dict[str, date | None]:
    every = action.due.every_working_days
    return {
        "due_by": last_day(action.within, due_from, working),
        "not_after": None if every is None else _working_days_before(due_from, every, working),
    }


def last_day(within: Within, due_from: date, working: Collection[date]) -> date:
    """The last day on which it is in time; a calendar's end does not stretch it beyond what rows are kept for."""
    if within.days is not None:
        return due_from + timedelta(days=within.days - 1)
    days = _working_from(due_from, 1, working)
    found = next(day for number, day in enumerate(days, start=1) if number == within.working_days)
    return min(found, due_from + timedelta(days=MOST_DAYS - 1))


def _working_days_before(due_from: date, number: int, working: Collection[date]) -> date:
    """The latest day from which so many working days lie before `due_from`."""
    days = _working_from(due_from - timedelta(days=1), -1, working)
    return next(day for counted, day in enumerate(days, start=1) if counted == number)


def _working_from(first: date, step: int, working: Collection[date]) -> Iterator[date]:
    """The working days from `first` on or, with a step of -1, back; beyond the calendar, Monday to Friday."""
    known = (min(working), max(working)) if working else None
    for offset in count():
        day = first + timedelta(days=step * offset)
        is_known = known is not None and known[0] <= day <= known[1]
        if day in working if is_known else day.isoweekday() <= 5:
            yield day


def _by_date(followed: sa.CTE, asked: sa.CTE, as_of: date, since: date) -> sa.Select[Any]:
    """What is due at so many days past due, or every so many working days."""
    before = PLANNED_SQL.c
    key = (before.account_id, before.plan_id, before.action_id)
    last = (
        sa.select(*key, sa.func.max(before.due_from).label("due_from"), sa.func.max(before.due_by).label("due_by"))
        .group_by(*key)
        .subquery("last")
    )
    source = followed.join(asked, _asked_of(followed, asked)).outerjoin(last, _same_action(last, followed, asked))
    ago = followed.c.days_past_due - asked.c.at_days_past_due
    due_ago = sa.cast(sa.cast(sa.literal(as_of), sa.Date) - last.c.due_from, sa.BigInteger)
    is_over = last.c.due_by <= as_of
    reached = sa.and_(
        ago.between(0, (as_of - since).days - 1),
        sa.or_(last.c.due_from.is_(None), sa.and_(due_ago >= ago, is_over)),
    )
    again = sa.and_(
        asked.c.not_after.is_not(None), sa.or_(last.c.due_from.is_(None), last.c.due_from <= asked.c.not_after)
    )
    return _rows(followed, asked, sa.cast(sa.null(), sa.String)).select_from(source).where(sa.or_(reached, again))


def _by_event(followed: sa.CTE, asked: sa.CTE, event: sa.Subquery) -> sa.Select[Any]:
    """What is due after a promise or complaint: once for each."""
    before = PLANNED_SQL.c
    was_planned = sa.exists().where(
        before.account_id == followed.c.account_id,
        before.plan_id == asked.c.plan_id,
        before.action_id == asked.c.action_id,
        before.caused_by == event.c.caused_by,
    )
    source = followed.join(asked, _asked_of(followed, asked)).join(
        event, sa.and_(event.c.event == asked.c.event, event.c.account_id == followed.c.account_id)
    )
    return _rows(followed, asked, event.c.caused_by).select_from(source).where(sa.not_(was_planned))


def _events(wanted: Collection[str], as_of: date, since: date) -> sa.Subquery:
    """Those that some plan waits for. A promise is broken on the day on which it was due, whenever it became known."""
    promises, complaints = TABLES["promises"].c, TABLES["complaints"].c
    broken = sa.and_(promises.state == "broken", _lately(promises.due_on, as_of, since))
    events = (
        ("broken_promise", promises.account_id, promises.promise_id, broken),
        ("promise", promises.account_id, promises.promise_id, _lately(promises.made_on, as_of, since)),
        ("complaint", complaints.account_id, complaints.complaint_id, _lately(complaints.received_on, as_of, since)),
    )
    selects = (
        sa.select(sa.literal(name).label("event"), account.label("account_id"), cause.label("caused_by")).where(when)
        for name, account, cause, when in events
        if name in wanted
    )
    return sa.union_all(*selects).subquery("event")


def _lately(day: Sql, as_of: date, since: date) -> sa.ColumnElement[bool]:
    return sa.and_(day > since, day <= as_of)


def _asked_of(followed: sa.CTE, asked: sa.CTE) -> sa.ColumnElement[bool]:
    return sa.and_(asked.c.plan_id == followed.c.plan_id, asked.c.jurisdiction == followed.c.jurisdiction)


def _same_action(last: sa.Subquery, followed: sa.CTE, asked: sa.CTE) -> sa.ColumnElement[bool]:
    return sa.and_(
        last.c.account_id == followed.c.account_id,
        last.c.plan_id == asked.c.plan_id,
        last.c.action_id == asked.c.action_id,
    )


def _rows(followed: sa.CTE, asked: sa.CTE, caused_by: Sql) -> sa.Select[Any]:
    of_account = [followed.c[name] for name in ("account_id", *_OWNER) if name in PLANNED]
    of_action = [asked.c[name] for name in _ASKED if name in PLANNED]
    return sa.select(*of_account, *of_action, caused_by.label("caused_by"))
