"""What a month recovered on its overdue book, by cell and by owner: the history that expected recovery is made from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from allocation.segments import classified
from allocation.strategies import Strategy
from domain.catalogue import CATALOGUE, OWNER_KINDS
from domain.dispatch import DISPATCH_SQL
from domain.exact import MONEY, MONEY_SUM, ExactSelect, count_rows, exact, product, total
from domain.ownership import owned_days
from domain.recovery import band_of
from domain.sql import TABLES, sql_table
from domain.tables import Column, Kind, Table, Type

RECOVERED = Table(
    "recovered",
    Kind.STATE,
    ("month", "age", "currency", "segment", "product", "band", "owner_kind", "owner_id", "department_id", "team_id"),
    (
        Column("month", Type.DATE, "First day of the month that was looked at."),
        Column("age", Type.COUNT, "Months between the opening book and it: 0 is the month's own opening book."),
        Column("currency", Type.CODE, "Of the money."),
        Column("segment", Type.ID, "Segment of the account in the opening book."),
        Column("product", Type.CODE, "Product."),
        Column("band", Type.COUNT, "Band of balance."),
        Column("owner_kind", Type.CODE, "Kind of owner.", required=False, codes=OWNER_KINDS),
        Column("owner_id", Type.ID, "Who owned the accounts; nobody where it is missing.", required=False),
        Column("department_id", Type.ID, "Department of the owner.", required=False),
        Column("team_id", Type.ID, "Team of the owner.", required=False),
        Column("parts", Type.COUNT, "Accounts, or parts of them where the owner changed."),
        Column("account_days", Type.COUNT, "Their days in the month."),
        Column("money_days", Type.MONEY, "What was overdue in the opening book × the days owned."),
        Column("recovered", Type.MONEY, "What was booked in these days, without waivers."),
        Column("money_days_squared", Type.MONEY, "Sum of the squares of each part's money-days, in whole units."),
        Column("money_days_recovered", Type.MONEY, "Sum of each part's money-days × what it brought, in whole units."),
        Column("recovered_squared", Type.MONEY, "Sum of the squares of what each part brought, in whole units."),
    ),
    "What a month recovered on its overdue book, by cell and owner.",
)

Sql = sa.ColumnElement[Any]

_VIEWS = sa.MetaData()
RECOVERED_SQL: sa.Table = sql_table(RECOVERED, _VIEWS)
THIS_MONTH_SQL: sa.Table = sql_table(RECOVERED, _VIEWS, "recovered_this_month")

# The opening book of the month, of the month before, and of the one before that.
OPENING_VIEWS = ("accounts_opening", "accounts_opening_before", "accounts_opening_two_before")
OPENINGS = tuple(sql_table(CATALOGUE["accounts"], _VIEWS, name) for name in OPENING_VIEWS)

_CELL = ("month", "age", "currency", "segment", "product", "band")
_OWNER = ("owner_kind", "owner_id", "department_id", "team_id")
_OF_ACCOUNT = ("account_id", "currency", "in_segment", "product", "band", "overdue_amount")
_ACCOUNT = ("account_id", *_CELL[2:], "overdue_amount")
_SQUARE: sa.types.TypeEngine[Any] = sa.Numeric(38, 0)
_COUNTS = ("parts", "account_days")
_MONEY_SUMS = ("money_days", "recovered")
_SQUARES = ("money_days_squared", "money_days_recovered", "recovered_squared")
SUMS = (*_COUNTS, *_MONEY_SUMS, *_SQUARES)


def recovered_statement(strategy: Strategy, openings: Sequence[date], as_of: date) -> ExactSelect:
    """The rows of RECOVERED that the month up to and including `as_of` makes.

    `openings` are the first days of this month and of those before whose opening books are followed, the newest first:
    as many as the strategy's horizon has months. Recovered are payments in the account's currency, posted from this
    month's first day on, without waivers. Accounts that were not to be worked are left out. Owners are told apart for
    this month's own opening book only. A part of an account counts for who owned it on the day of posting.
    """
    start, end = sa.cast(sa.literal(openings[0]), sa.Date), sa.cast(sa.literal(as_of), sa.Date) + 1
    payments = _payments(openings[0], as_of)
    cohorts = (_cohort(strategy, age, opened) for age, opened in enumerate(openings))
    parts = sa.union_all(*(_parts(one, age, start, end, payments) for age, one in enumerate(cohorts))).subquery("parts")
    money_days, recovered = sa.cast(parts.c.money_days, _SQUARE), sa.cast(parts.c.recovered, _SQUARE)
    keys = [parts.c[name] for name in (*_CELL[1:], *_OWNER)]
    squares = (product(money_days, money_days), product(money_days, recovered), product(recovered, recovered))
    return exact(
        sa.select(
            start.label("month"),
            *keys,
            count_rows().label("parts"),
            total(parts.c.account_days, as_type=sa.BigInteger()).label("account_days"),
            *(total(parts.c[name]).label(name) for name in _MONEY_SUMS),
            *(total(square, as_type=_SQUARE).label(name) for name, square in zip(_SQUARES, squares, strict=True)),
        )
        .group_by(*keys)
        .order_by(*(key.asc().nulls_last() for key in keys))
    )


def history_statement(rows: sa.Table = RECOVERED_SQL) -> ExactSelect:
    """What the months of the view saw, by age, cell and owner, from `first_month` to `last_month`."""
    keys = [rows.c[name] for name in (*_CELL[1:], *_OWNER)]
    types = {**dict.fromkeys(_COUNTS, sa.BigInteger()), **dict.fromkeys(_SQUARES, _SQUARE)}
    return exact(
        sa.select(
            *keys,
            sa.func.min(rows.c.month).label("first_month"),
            sa.func.max(rows.c.month).label("last_month"),
            *(total(rows.c[name], as_type=types.get(name, MONEY_SUM)).label(name) for name in SUMS),
        )
        .group_by(*keys)
        .order_by(*(key.asc().nulls_last() for key in keys))
    )


def _cohort(strategy: Strategy, age: int, opened: date) -> sa.CTE:
    """The accounts of an opening book that were to be worked, each in its segment by the strategy in force now."""
    opening = classified(strategy, OPENINGS[age], opened).subquery(f"opening_{age}")
    worked = [segment.id for segment in strategy.segments if segment.rule.hold is None]
    columns = [opening.c[name] for name in ("account_id", "currency", "product", "overdue_amount")]
    return (
        sa.select(*columns, opening.c.segment.label("in_segment"), band_of(opening.c.balance).label("band"))
        .where(opening.c.not_worked.is_(None), opening.c.overdue_amount > 0, opening.c.segment.in_(worked))
        .cte(f"cohort_{age}")
    )


def _parts(cohort: sa.CTE, age: int, start: Sql, end: Sql, payments: sa.CTE) -> sa.Select[Any]:
    """A row for each account and each of its owners in the month: days owned, and what was booked in them."""
    days = _days(cohort, start, end) if age == 0 else _days_of_nobody(cohort, start, end)
    every = sa.union_all(days, _booked(cohort, payments, with_owner=age == 0)).subquery(f"every_{age}")
    keys = [every.c[name] for name in (*_ACCOUNT, *_OWNER)]
    days_owned = total(every.c.days, as_type=sa.BigInteger())
    return (
        sa.select(
            sa.literal(age, sa.BigInteger()).label("age"),
            *(every.c[name] for name in (*_CELL[2:], *_OWNER)),
            days_owned.label("account_days"),
            sa.cast(product(every.c.overdue_amount, days_owned), MONEY_SUM).label("money_days"),
            total(every.c.recovered).label("recovered"),
        )
        .group_by(*keys)
        .having(days_owned > 0)
    )


def _days(cohort: sa.CTE, start: Sql, end: Sql) -> sa.Select[Any]:
    owned = owned_days(cohort, start, end).subquery("owned_in_month")
    nothing = sa.cast(0, MONEY).label("recovered")
    return sa.select(*_columns(owned), *(owned.c[name] for name in _OWNER), owned.c.owned_days.label("days"), nothing)


def _days_of_nobody(cohort: sa.CTE, start: Sql, end: Sql) -> sa.Select[Any]:
    days, nothing = sa.cast(end - start, sa.BigInteger).label("days"), sa.cast(0, MONEY).label("recovered")
    return sa.select(*_columns(cohort), *_nobody(), days, nothing)


def _booked(cohort: sa.CTE, payments: sa.CTE, *, with_owner: bool) -> sa.Select[Any]:
    owner = [payments.c[name] for name in _OWNER] if with_owner else _nobody()
    same = sa.and_(payments.c.account_id == cohort.c.account_id, payments.c.currency == cohort.c.currency)
    none = sa.cast(0, sa.BigInteger).label("days")
    return sa.select(*_columns(cohort), *owner, none, payments.c.recovered).join(payments, same)


def _payments(start: date, as_of: date) -> sa.CTE:
    """What was booked in the month, without waivers, and who owned the account on the day of posting."""
    payment, owner = TABLES["payments"].c, DISPATCH_SQL.alias("owner_then")
    on_the_day = sa.and_(
        owner.c.account_id == payment.account_id,
        owner.c.valid_from <= payment.posted_on,
        owner.c.valid_to > payment.posted_on,
    )
    recovered = sa.cast(payment.amount - payment.waiver, MONEY).label("recovered")
    return (
        sa.select(payment.account_id, payment.currency, *(owner.c[name] for name in _OWNER), recovered)
        .select_from(TABLES["payments"].outerjoin(owner, on_the_day))
        .where(payment.posted_on >= start, payment.posted_on <= as_of)
        .cte("booked")
    )


def _columns(accounts: sa.FromClause) -> list[Sql]:
    return [accounts.c[name].label("segment" if name == "in_segment" else name) for name in _OF_ACCOUNT]


def _nobody() -> list[Sql]:
    return [sa.cast(sa.null(), DISPATCH_SQL.c[name].type).label(name) for name in _OWNER]
