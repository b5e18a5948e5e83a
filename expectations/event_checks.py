"""Batch checks of events: what a day's increment looks like beside itself, its earlier days, and who was at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.exact import count_distinct, count_rows, exact, product, total
from domain.tables import Kind, Table, Type
from expectations.batch_statements import burst, counted, mix_of, moved, parts_moved, parts_of
from expectations.declaring import LEVELS, Declared, Subject, counted_shares, rows_where, unknown
from expectations.limits import (
    ByEmployee,
    CallMinutes,
    Commonest,
    HistoryMix,
    Hours,
    Means,
    Mix,
    Parts,
    Repeated,
    Share,
)
from expectations.lowering import Sql, decimal_literal, view_named
from expectations.suites import Expectation, Fact, NoRows, Severity

_UNITS = "See whether the column is in another unit"
_MINUTES = 60


def moved_mix(
    check: str,
    mix: Mix,
    table: Table,
    sides: tuple[sa.FromClause, sa.FromClause],
    expected: str,
    hint: str,
    minimum_rows: int = 0,
) -> Iterator[Declared]:
    """Shares of codes now beside those of then, counted once."""
    fact = f"fact_{check.replace('.', '_')}"
    yield Fact(fact, mix_of([table[name] for name in mix.columns], *sides))
    for severity, level in LEVELS:
        share: Decimal = getattr(mix, f"{level}_share")
        measure = NoRows(moved(fact, share, minimum_rows))
        yield Expectation(check, severity, measure, f"{expected}, give or take {share}", hint)
    if mix.warn_factor is not None:
        measure = NoRows(burst(fact, mix.warn_factor, mix.warn_rows, minimum_rows))
        expected = f"{expected}, none of them gone or {mix.warn_factor} times as frequent"
        yield Expectation(f"{check}_codes", Severity.WARNING, measure, expected, hint)


def _history_mix(mix: HistoryMix, of: Subject) -> Iterator[Declared]:
    check, days = f"{of.table.name}.history_mix", len(of.night.alike.get(of.table.name, ()))
    if days < mix.minimum_days:
        yield unknown(of.table, check, f"{days} earlier {of.night.kind}", f"at least {mix.minimum_days} accepted days")
        return
    rows = f" where {mix.where}" if mix.where else ""
    expected = f"shares of {', '.join(mix.columns)}{rows} as on {days} earlier {of.night.kind}"
    hint = "See whether a part of the extract is missing, or codes mean something else"
    views = (view_named(of.table.name), view_named(f"{of.table.name}_alike"))
    now, then = (view if mix.where is None else rows_where(mix.where, of.table, view) for view in views)
    yield from moved_mix(check, mix, of.table, (now, then), expected, hint, mix.minimum_rows)


def _parts(parts: Parts, of: Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.parts"
    if _too_short(of, parts.minimum_days):
        yield _not_yet(of, check, parts.minimum_days)
        return
    fact = f"fact_{of.table.name}_parts"
    yield Fact(fact, parts_of(parts.columns, parts.whole, view_named(of.table.name), view_named(_history(of))))
    expected = f"shares of {', '.join(parts.columns)} in {parts.whole} as on earlier days"
    hint = "See whether columns were swapped, or payments are booked in another order"
    for severity, level in LEVELS:
        share: Decimal = getattr(parts, f"{level}_share")
        measure = NoRows(parts_moved(fact, share, parts.minimum_rows))
        yield Expectation(check, severity, measure, f"{expected}, give or take {share}", hint)


def _means(means: Means, of: Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.{means.column}.mean"
    if _too_short(of, means.minimum_days):
        yield _not_yet(of, check, means.minimum_days)
        return
    fact = f"fact_{check.replace('.', '_')}"
    sides = {"now": view_named(of.table.name), "then": view_named(_history(of))}
    scale = sa.Numeric(38, 4)
    numbers = [
        column.label(f"{side}_{name}")
        for side, view in sides.items()
        for name, column in (
            (
                "sum",
                sa.select(sa.func.coalesce(total(sa.cast(view.c[means.column], scale), as_type=scale), 0))
                .select_from(view)
                .scalar_subquery(),
            ),
            ("rows", sa.select(count_rows(view.c[means.column].is_not(None))).select_from(view).scalar_subquery()),
        )
    ]
    yield Fact(fact, exact(sa.select(*numbers)))
    for severity, level in LEVELS:
        factor: Decimal = getattr(means, f"{level}_factor")
        expected = f"a mean of {means.column} within {factor} times that of earlier days"
        measure = NoRows(_mean_outside(fact, factor, means.minimum_rows))
        yield Expectation(check, severity, measure, expected, _UNITS)


@cache
def _mean_outside(fact: str, factor: Decimal, minimum_rows: int) -> Any:
    """now/now_rows beyond factor × then/then_rows, or below then/then_rows ÷ factor, by cross multiplication."""
    sums = [sa.column(f"{side}_sum", sa.Numeric(38, 4)) for side in ("now", "then")]
    rows = [sa.column(f"{side}_rows", sa.BigInteger) for side in ("now", "then")]
    row = sa.table(fact, *sums, *rows).c
    now, then = (_rounded(row[f"{side}_sum"]) for side in ("now", "then"))
    limit = decimal_literal(factor)
    here, there = product(now, row["then_rows"]), product(then, row["now_rows"])
    outside = sa.or_(here > product(there, limit), product(here, limit) < there)
    enough = sa.and_(row["now_rows"] >= minimum_rows, row["then_rows"] >= minimum_rows)
    return exact(sa.select(*row).where(enough, outside).order_by(row["now_sum"]))


def _rounded(amount: Sql) -> Sql:
    """Whole units: products of sums and counts need the digits in front of the point."""
    return sa.cast(amount, sa.Numeric(24, 0))


def _repeated(repeated: Repeated, of: Subject) -> Iterator[Declared]:
    view = view_named(of.table.name)
    rows, kinds = count_rows(), count_distinct(sa.tuple_(*(view.c[name] for name in repeated.columns)))
    figures: list[Sql] = [(rows - kinds).label("off"), rows.label("rows")]
    statement = exact(sa.select(*figures).select_from(view))
    expected = f"no two rows that agree in {', '.join(repeated.columns)}"
    hint = "See whether the same events were sent twice under new keys"
    yield from counted_shares(f"{of.table.name}.repeated", repeated, statement, expected, hint)


def _commonest(commonest: Commonest, of: Subject) -> Iterator[Declared]:
    view, name = view_named(of.table.name), commonest.column
    value = view.c[name]
    is_number = of.table[name].type in {Type.COUNT, Type.RATE, Type.MONEY, Type.DEGREES}
    kept = sa.and_(value.is_not(None), value != 0) if is_number else value.is_not(None)
    groups = sa.select(count_rows().label("rows")).select_from(view).where(kept).group_by(value).subquery("groups")
    off = sa.func.coalesce(sa.cast(sa.func.max(groups.c.rows), sa.BigInteger) - 1, 0)
    rows = sa.func.coalesce(total(groups.c.rows, as_type=sa.BigInteger()), 0)
    statement = exact(sa.select(sa.case((rows > _FEW, off), else_=0).label("off"), rows.label("rows")))
    expected = f"many values of {name}, none of them in most rows"
    hint = "See whether the source fills in a value of its own"
    yield from counted_shares(f"{of.table.name}.{name}.commonest", commonest, statement, expected, hint)


_FEW = 20


def _hours(hours: Hours, of: Subject) -> Iterator[Declared]:
    view = view_named(of.table.name)
    column = next(column for column in of.table if column.type is Type.WALL_TIME)
    hour = sa.cast(sa.extract("hour", view.c[column.name]), sa.Integer)
    outside = sa.or_(hour < hours.first, hour >= hours.last)
    expected = f"{column.name} from {hours.first} to {hours.last} o'clock"
    hint = "See whether times were written in another time zone"
    yield from counted_shares(f"{of.table.name}.hours", hours, counted(view, outside), expected, hint)


def _clocks(share: Share, of: Subject) -> Iterator[Declared]:
    """Wall time less UTC, for each time zone of the book as it stands on the business date."""
    contacts, accounts = view_named(of.table.name), view_named("accounts")
    gap = (contacts.c.started_wall - contacts.c.started_at).label("gap")
    kinds = (
        sa.select(accounts.c.time_zone, gap, count_rows().label("rows"))
        .select_from(contacts.join(accounts, contacts.c.account_id == accounts.c.account_id))
        .group_by(accounts.c.time_zone, sa.literal_column("2"))
        .subquery("kinds")
    )
    by_minutes: dict[int, list[str]] = {}
    for zone, minutes in _offsets(datetime.combine(of.night.business_date, time(12), UTC)).items():
        by_minutes.setdefault(minutes, []).append(zone)
    right = [
        sa.and_(
            kinds.c.time_zone.in_(sorted(zones)),
            kinds.c.gap == sa.literal_column(f"INTERVAL '{minutes}' MINUTE", sa.Interval),
        )
        for minutes, zones in sorted(by_minutes.items())
    ]
    wrong = sa.case((sa.or_(*right), 0), else_=kinds.c.rows)
    figures = (
        sa.func.coalesce(total(value, as_type=sa.BigInteger()), 0).label(name)
        for name, value in (("off", wrong), ("rows", kinds.c.rows))
    )
    expected = "wall times that are UTC plus the offset of the debtor's time zone"
    hint = "See whether UTC and local time were mixed up"
    yield from counted_shares(f"{of.table.name}.clocks", share, exact(sa.select(*figures)), expected, hint)


def _offsets(at: datetime) -> Mapping[str, int]:
    """Minutes ahead of UTC of every time zone with a name of a place."""
    return {
        zone.key: int((at.astimezone(zone).utcoffset() or _NONE).total_seconds()) // _MINUTES
        for zone in _zones_of_places()
    }


@cache
def _zones_of_places() -> tuple[ZoneInfo, ...]:
    """Listing them reads the whole time zone database, and making one reads its file: `zoneinfo` itself keeps few."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return tuple(map(ZoneInfo, names))


_NONE, _MINUTE = timedelta(), timedelta(minutes=1)


def _on_leave(share: Share, of: Subject) -> Iterator[Declared]:
    view, leave = view_named(of.table.name), view_named("leave")
    day = of.night.business_date
    away = sa.select(leave.c.employee_id).where(
        leave.c.starts_on <= day, leave.c.ends_on > day, leave.c.employee_id.is_not(None)
    )
    off = view.c.employee_id.in_(away)
    expected = f"rows of employees who are not on leave on {day}"
    hint = "See whether the extract of leave is that of the date, or the rows are somebody else's"
    looked_at = view.c.employee_id.is_not(None)
    yield from counted_shares(f"{of.table.name}.on_leave", share, counted(view, off, looked_at), expected, hint)


def _by_employee(limits: ByEmployee, of: Subject) -> Iterator[Declared]:
    """Not asked on days off, when a few people take the work of all."""
    check = f"{of.table.name}.by_employee"
    if not of.night.is_working_day:
        return
    if _too_short(of, limits.minimum_days):
        yield _not_yet(of, check, limits.minimum_days)
        return
    now, then = view_named(of.table.name), view_named(_history(of))
    dated = CATALOGUE[of.table.name].dated_by
    days = (
        sa.select(then.c.employee_id, sa.cast(then.c[dated], sa.Date).label("day"), count_rows().label("rows"))
        .where(then.c.employee_id.is_not(None))
        .group_by(then.c.employee_id, sa.cast(then.c[dated], sa.Date))
        .subquery("days")
    )
    busiest = (
        sa.select(days.c.employee_id, sa.cast(sa.func.max(days.c.rows), sa.BigInteger).label("most"))
        .group_by(days.c.employee_id)
        .subquery("busiest")
    )
    today = (
        sa.select(now.c.employee_id, count_rows().label("rows"))
        .where(now.c.employee_id.is_not(None))
        .group_by(now.c.employee_id)
        .subquery("today")
    )
    over = sa.and_(
        today.c.rows >= limits.minimum_rows, today.c.rows > product(busiest.c.most, decimal_literal(limits.factor))
    )
    joined = today.join(busiest, today.c.employee_id == busiest.c.employee_id)
    enough = sa.select(count_rows()).select_from(today).scalar_subquery() >= limits.minimum_employees
    expected = f"nobody with more than {limits.factor} times the rows of their busiest day"
    hint = "See whether somebody's rows were doubled, or are those of others"
    yield from counted_shares(check, limits, counted(joined, sa.and_(over, enough)), expected, hint)


def _at_work(share: Share, of: Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.at_work"
    if "attendance" not in of.night.landed:
        yield unknown(of.table, check, "no attendance of the date", "it, to compare with")
        return
    view, attendance = view_named(of.table.name), view_named("attendance")
    there = sa.select(attendance.c.employee_id).where(attendance.c.employee_id.is_not(None))
    looked_at = view.c.employee_id.is_not(None)
    statement = counted(view, view.c.employee_id.not_in(there), looked_at)
    expected = "rows of employees who were at work by their attendance"
    yield from counted_shares(check, share, statement, expected, "See whether both extracts are of one date")


def _minutes(minutes: CallMinutes, of: Subject) -> Iterator[Declared]:
    """What the telephone system says of each employee, beside what attendance says."""
    check = f"{of.table.name}.minutes"
    if "attendance" not in of.night.landed:
        yield unknown(of.table, check, "no attendance of the date", "it, to compare with")
        return
    contacts, attendance = view_named(of.table.name), view_named("attendance")
    seconds = total(contacts.c.duration_seconds, as_type=sa.BigInteger()).label("seconds")
    spoken = (
        sa.select(contacts.c.employee_id, seconds)
        .where(contacts.c.employee_id.is_not(None), contacts.c.channel == "call")
        .group_by(contacts.c.employee_id)
        .subquery("spoken")
    )
    found = product(sa.func.coalesce(spoken.c.seconds, 0), decimal_literal(Decimal(1)))
    bounds = (minutes.least * _MINUTES, minutes.most * _MINUTES)
    due = [product(attendance.c.minutes_on_calls, decimal_literal(bound)) for bound in bounds]
    off = sa.or_(found < due[0], found > due[1])
    looked_at = attendance.c.minutes_on_calls >= minutes.minimum_minutes
    joined = attendance.outerjoin(spoken, spoken.c.employee_id == attendance.c.employee_id)
    expected = f"calls of {minutes.least} to {minutes.most} of the minutes on calls that attendance has"
    hint = "See whether calls are missing, doubled or somebody else's"
    yield from counted_shares(check, minutes, counted(joined, off, looked_at), expected, hint)


def _strangers(share: Share, of: Subject) -> Iterator[Declared]:
    view, parties, accounts = view_named(of.table.name), view_named("parties"), view_named("accounts")
    joined = view.join(parties, parties.c.party_id == view.c.party_id).join(
        accounts, accounts.c.account_id == view.c.account_id
    )
    statement = counted(joined, parties.c.debtor_id != accounts.c.debtor_id)
    hint = "See whether accounts or parties were mixed up: a debt was told to a stranger"
    expected = "contacts with people who are tied to the debt"
    yield from counted_shares(f"{of.table.name}.strangers", share, statement, expected, hint)


def _history(of: Subject) -> str:
    return f"{of.table.name}_history"


def _too_short(of: Subject, minimum_days: int) -> bool:
    return len(of.night.history.get(of.table.name, ())) < minimum_days or of.table.kind is Kind.STATE


def _not_yet(of: Subject, check: str, minimum_days: int) -> Declared:
    found = f"{len(of.night.history.get(of.table.name, ()))} earlier days"
    return unknown(of.table, check, found, f"at least {minimum_days} accepted days")


EVENT_SECTIONS: Mapping[str, Callable[[Any, Subject], Iterator[Declared]]] = {
    "history_mix": _history_mix,
    "parts": _parts,
    "means": _means,
    "repeated": _repeated,
    "commonest": _commonest,
    "hours": _hours,
    "clocks": _clocks,
    "on_leave": _on_leave,
    "by_employee": _by_employee,
    "at_work": _at_work,
    "minutes": _minutes,
    "strangers": _strangers,
}
