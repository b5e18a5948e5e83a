"""The rows that a signal looks at: one shape for every kind, whatever table they come from.

Each kind gives one SELECT of these columns. `hit` says whether it fires; `figure` (÷ `per`) is what was measured, as
whole numbers, so that nothing is divided in SQL. A row belongs to one subject, the employee or else the partner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, product, total
from domain.periods import Period
from domain.tables import Type
from kpi_rules.views import CREDITS_SQL

Sql = sa.ColumnElement[Any]

# Column: type, and whether a kind may go without it.
UNIT_COLUMNS: Mapping[str, Type] = {
    "row_id": Type.ID,
    "other_id": Type.ID,
    "account_id": Type.ID,
    "subject_kind": Type.CODE,
    "subject_id": Type.ID,
    "day": Type.DATE,
    "currency": Type.CODE,
    "amount": Type.MONEY,
    "channel": Type.CODE,
    "outcome": Type.CODE,
    "figure": Type.COUNT,
    "per": Type.COUNT,
    "hit": Type.BOOLEAN,
}

_NOTHING: Mapping[str, Sql] = {
    "other_id": sa.cast(sa.null(), sa.String),
    "currency": sa.cast(sa.null(), sa.String),
    "amount": sa.cast(sa.null(), MONEY),
    "channel": sa.cast(sa.null(), sa.String),
    "outcome": sa.cast(sa.null(), sa.String),
    "per": sa.cast(1, sa.BigInteger),
}


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are looked at: from the first of a month up to and including `as_of`."""

    start: date
    as_of: date

    @property
    def month_before(self) -> Period:
        return Period.of(self.start).previous()


def unit(**columns: Sql) -> tuple[Sql, ...]:
    """The columns of a unit in their order; what a kind does not have is missing, and what is unknown does not fire."""
    given = {**_NOTHING, **columns}
    given["figure"] = sa.cast(given["figure"], sa.BigInteger)
    given["hit"] = sa.func.coalesce(given["hit"], sa.false())
    return tuple(given[name].label(name) for name in UNIT_COLUMNS)


def subject_of(rows: Any) -> dict[str, Sql]:
    """The employee of a row, or else its partner."""
    return {
        "subject_kind": sa.case((rows.employee_id.is_not(None), "employee"), else_="partner"),
        "subject_id": sa.func.coalesce(rows.employee_id, rows.partner_id),
    }


def has_subject(rows: Any) -> sa.ColumnElement[bool]:
    return sa.or_(rows.employee_id.is_not(None), rows.partner_id.is_not(None))


def credited(first: date, last: date, name: str = "credited") -> sa.Subquery:
    """What was credited to each subject of each payment booked in the days, money that came in only: a payment that is
    split between two is a row of each, and its parts for one and the same are one row."""
    lines = CREDITS_SQL.c
    subject = subject_of(lines)
    keys = [lines[each] for each in ("payment_id", "account_id", "posted_on", "paid_on", "credited_for", "currency")]
    amount = total(lines.recovered, as_type=MONEY)
    return (
        sa.select(*keys, *(value.label(name) for name, value in subject.items()), amount.label("amount"))
        .where(lines.posted_on >= first, lines.posted_on <= last, lines.reason.is_(None), has_subject(lines))
        .group_by(*keys, *subject.values())
        .having(total(lines.recovered) > 0)
        .subquery(name)
    )


def of_credit(rows: Any) -> dict[str, Sql]:
    """What a unit made of a credited payment has from it."""
    return {
        "row_id": rows.payment_id,
        "account_id": rows.account_id,
        "subject_kind": rows.subject_kind,
        "subject_id": rows.subject_id,
        "day": rows.posted_on,
        "currency": rows.currency,
        "amount": rows.amount,
    }


def date_of(day: date) -> Sql:
    """A day with which can be counted: a bare text would be taken for an interval."""
    return sa.cast(sa.literal(day, sa.Date), sa.Date)


def day_of(at: Sql) -> Sql:
    return sa.cast(at, sa.Date)


def minute_of(at: Sql) -> Sql:
    """Minute of the day, from 0 to 1439."""
    hours = sa.cast(sa.extract("hour", at), sa.BigInteger)
    return sa.cast(product(hours, sa.literal(60)), sa.BigInteger) + sa.cast(sa.extract("minute", at), sa.BigInteger)


def minute_of_clock(text: str) -> int:
    """Minute of the day of a time such as "18:00"."""
    return int(text[:2]) * 60 + int(text[3:])
