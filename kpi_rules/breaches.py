"""Breaches: each contact that a limit forbids, as a row that names the limit and its version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, count_rows, exact
from domain.expressions import to_sql
from domain.rules import version_digest
from domain.sql import TABLES
from kpi_rules.limit_checks import LIMIT_COLUMNS, CheckedLimit
from kpi_rules.limit_language import MoreThan, Never, OnDays, OutsideHours, Per, TooSoon, Weekday
from kpi_rules.views import BREACHES, BREACHES_SQL

BREACHES_READ = frozenset({"contacts", "accounts", "parties", "calendar"})

Sql = sa.ColumnElement[Any]

_COUNTED = {
    Per.DEBTOR: "debtor_id",
    Per.ACCOUNT: "account_id",
    Per.PARTY: "party_id",
    Per.CONTACT_POINT: "contact_point_id",
}
_SHOWN = ("contact_id", "account_id", "employee_id", "partner_id", "started_wall")
_OF_CONTACTS = (*_SHOWN, "started_at", "party_id", "contact_point_id")


def breach_statements(limits: Sequence[CheckedLimit], *, start: date, as_of: date) -> tuple[ExactSelect, ...]:
    """Statements whose rows together are those of `BREACHES` for the contacts made from `start` up to `as_of`.

    A contact is judged by the limits of its account's jurisdiction that hold on its day. A party that is not known has
    no duty to repay. Contacts of up to `MOST_WINDOW_DAYS` before `start` are counted, and not judged. Limits that count
    have a statement each: run one after the other, they need the memory of one.
    """
    alone = [limit for limit in limits if isinstance(limit.rule.forbids, OutsideHours | OnDays | Never)]
    selects: list[sa.Select[Any]] = [_together(list(_each_alone(alone, start, as_of)))] if alone else []
    for limit in limits:
        match limit.rule.forbids:
            case MoreThan() as forbids:
                selects.append(_more_than(limit, forbids, start, as_of))
            case TooSoon() as forbids:
                selects.append(_too_soon(limit, forbids, start, as_of))
    return tuple(exact(select) for select in selects)


def breaches_in_order() -> ExactSelect:
    """All breaches that were found, by contact and limit."""
    found = BREACHES_SQL.c
    return exact(sa.select(*found).order_by(found.contact_id, found.limit_id))


def _together(selects: Sequence[sa.Select[Any]]) -> sa.Select[Any]:
    found = sa.union_all(*selects).subquery("found")
    return sa.select(*(found.c[name] for name in BREACHES.names))


def _each_alone(limits: Sequence[CheckedLimit], start: date, as_of: date) -> Iterator[sa.Select[Any]]:
    """Limits that need no other contact: one scan finds the contacts that break any of them."""
    has_holidays = any(isinstance(limit.rule.forbids, OnDays) and limit.rule.forbids.holidays for limit in limits)
    rows = contacts_of_days(start, as_of, holidays=has_holidays)
    broken = [sa.and_(_speaks_of(limit, rows), _forbidden(limit, rows)) for limit in limits]
    flags = [sa.case((each, 1), else_=0).label(f"breaks_{number}") for number, each in enumerate(broken)]
    some = sa.select(*(rows.c[name] for name in _SHOWN), *flags).where(sa.or_(*broken)).cte("some_breach")
    for number, limit in enumerate(limits):
        yield _breaches(limit, some, None).where(some.c[f"breaks_{number}"] == 1)


def _forbidden(limit: CheckedLimit, rows: sa.FromClause) -> sa.ColumnElement[bool]:
    match limit.rule.forbids:
        case OutsideHours(starts=starts, ends=ends):
            at = sa.cast(rows.c.started_wall, sa.Time)
            late = sa.false() if ends == "24:00" else at > time.fromisoformat(ends)
            return sa.or_(at < time.fromisoformat(starts), late)
        case OnDays(weekdays=weekdays, holidays=holidays):
            number = sa.cast(sa.extract("isodow", rows.c.day), sa.Integer)
            by_week = number.in_([list(Weekday).index(day) + 1 for day in weekdays])
            return sa.or_(by_week, rows.c.is_holiday) if holidays else by_week
    return sa.true()


def _more_than(limit: CheckedLimit, forbids: MoreThan, start: date, as_of: date) -> sa.Select[Any]:
    """The contacts beyond the count. Only those of whom there are enough in the first place are held together."""
    rows = _kept(limit, contacts_of_days(start - timedelta(days=forbids.days - 1), as_of), "counted")
    name = _COUNTED[forbids.per]
    window = [rows.c.day] if forbids.days == 1 else []
    busy = (
        sa.select(rows.c[name], *window)
        .where(rows.c[name].is_not(None))
        .group_by(rows.c[name], *window)
        .having(count_rows() > forbids.count)
        .cte(f"busy_{limit.rule.id}_{limit.rule.valid_from:%Y%m%d}")
    )
    together = sa.and_(*(rows.c[column.name] == column for column in busy.c))
    few = sa.select(rows).select_from(rows.join(busy, together)).cte(f"few_{busy.name}")
    other = few.alias(f"other_{busy.name}")
    counted = sa.and_(
        other.c[name] == few.c[name],
        other.c.day > few.c.day - forbids.days,
        sa.or_(other.c.day < few.c.day, _is_before(other, few), other.c.contact_id == few.c.contact_id),
    )
    shown = [few.c[each] for each in _SHOWN]
    numbered = (
        sa.select(*shown, count_rows().label("number"))
        .select_from(few.join(other, counted))
        .where(few.c.day >= start, _holds(limit, few))
        .group_by(*shown)
        .having(count_rows() > forbids.count)
        .subquery(f"numbered_{limit.rule.id}")
    )
    return _breaches(limit, numbered, numbered.c.number)


def _too_soon(limit: CheckedLimit, forbids: TooSoon, start: date, as_of: date) -> sa.Select[Any]:
    every = contacts_of_days(start - timedelta(days=forbids.days), as_of)
    rows, earlier = _kept(limit, every, "judged"), every.alias("earlier")
    name = _COUNTED[forbids.per]
    is_after = to_sql(limit.after, dict(earlier.c)) if limit.after else sa.true()
    follows = sa.exists().where(
        earlier.c[name] == rows.c[name],
        is_after,
        earlier.c.jurisdiction == limit.rule.jurisdiction,
        earlier.c.day >= rows.c.day - forbids.days,
        _is_before(earlier, rows),
    )
    return _breaches(limit, rows, None).where(rows.c.day >= start, _holds(limit, rows), follows)


def _is_before(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """In the order in which contacts were made; of two at the same moment, the one with the lower id is the first."""
    same = sa.and_(one.c.started_at == other.c.started_at, one.c.contact_id < other.c.contact_id)
    return sa.or_(one.c.started_at < other.c.started_at, same)


def _kept(limit: CheckedLimit, rows: sa.Subquery, name: str) -> sa.Subquery:
    return sa.select(rows).where(applies(limit, rows)).subquery(f"{name}_{limit.rule.id}")


def _speaks_of(limit: CheckedLimit, rows: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(applies(limit, rows), _holds(limit, rows))


def applies(limit: CheckedLimit, rows: sa.FromClause) -> sa.ColumnElement[bool]:
    condition = to_sql(limit.where, dict(rows.c)) if limit.where else sa.true()
    return sa.and_(rows.c.jurisdiction == limit.rule.jurisdiction, condition)


def _holds(limit: CheckedLimit, rows: sa.FromClause) -> sa.ColumnElement[bool]:
    """On the days on which the limit is in force."""
    ends = limit.rule.valid_to
    return sa.and_(rows.c.day >= limit.rule.valid_from, rows.c.day < ends if ends else sa.true())


def _breaches(limit: CheckedLimit, rows: sa.FromClause, number: Sql | None) -> sa.Select[Any]:
    computed: Mapping[str, Sql] = {
        **{name: rows.c[name] for name in _SHOWN},
        "limit_id": sa.literal(limit.rule.id, sa.String),
        "limit_version": sa.literal(version_digest(limit.rule), sa.String),
        "jurisdiction": sa.literal(limit.rule.jurisdiction, sa.String),
        "severity": sa.literal(limit.rule.severity, sa.String),
        "number": sa.cast(sa.null() if number is None else number, sa.BigInteger),
    }
    return sa.select(*(computed[name].label(name) for name in BREACHES.names))


def contacts_of_days(first: date, last: date, *, holidays: bool = False) -> sa.Subquery:
    """Contacts of the days, each beside its account and its party."""
    contacts, accounts, parties = TABLES["contacts"], TABLES["accounts"], TABLES["parties"]
    day = sa.cast(contacts.c.started_wall, sa.Date)
    columns: list[Sql] = [contacts.c[name] for name in _OF_CONTACTS if name not in LIMIT_COLUMNS]
    for name in LIMIT_COLUMNS:
        if name == "party_role":
            columns.append(parties.c.role.label(name))
        elif name == "duty_to_repay":
            columns.append(sa.func.coalesce(parties.c.duty_to_repay, sa.false()).label(name))
        else:
            columns.append((contacts if name in contacts.c else accounts).c[name])
    columns += [accounts.c.jurisdiction, accounts.c.debtor_id, day.label("day")]
    source = contacts.join(accounts, accounts.c.account_id == contacts.c.account_id).outerjoin(
        parties, parties.c.party_id == contacts.c.party_id
    )
    if holidays:
        calendar = TABLES["calendar"]
        on = sa.and_(calendar.c.jurisdiction == accounts.c.jurisdiction, calendar.c.day == day)
        source = source.outerjoin(calendar, on)
        is_holiday = sa.and_(calendar.c.name.is_not(None), sa.not_(calendar.c.is_working_day))
        columns.append(sa.func.coalesce(is_holiday, sa.false()).label("is_holiday"))
    period = sa.and_(contacts.c.started_wall >= first, contacts.c.started_wall < last + timedelta(days=1))
    return sa.select(*columns).select_from(source).where(period).subquery("contacts_of_days")
