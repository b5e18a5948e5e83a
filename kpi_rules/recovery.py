"""The statements of expected recovery: what a month saw of each cell, and the rows of which an expectation is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, ExactSelect, count_rows, exact, product, total
from domain.ownership import owned_days
from domain.recovery import Cell, Level, Seen, band_of
from kpi_rules.buckets import bucket_of
from kpi_rules.views import ACCOUNTS_OPENING_SQL, AS_OF, CREDITS_SQL, LIQUIDATION_SQL, RECOVERY_RATES_SQL, START

Sql = sa.ColumnElement[Any]

# Written out in a statement's text, a date is a word: it has to be said that it is a date before days are added.
START_DAY, _END = sa.cast(START, sa.Date), sa.cast(AS_OF, sa.Date) + 1
_DAYS = sa.cast(_END - START_DAY, sa.BigInteger)


def has_expectation(account: Any) -> sa.ColumnElement[bool]:
    """Of an account of the opening book: something was overdue, and it could be worked."""
    return sa.and_(account.overdue_amount > 0, account.hold == "none", account.status.not_in(["closed", "sold"]))


def liquidation_statement(*, start: date, as_of: date) -> ExactSelect:
    """Of each cell of the opening book: accounts, their overdue money, and what was booked on them from `start` on.

    What was booked are the credit lines of the account, credited or not; one in another currency than the account's is
    not looked at.
    """
    opening, paid = ACCOUNTS_OPENING_SQL.alias("opening"), recovered_by_account()
    keys = {
        "currency": opening.c.currency,
        "bucket": bucket_of(opening.c.days_past_due),
        "product": opening.c["product"],
        "band": band_of(opening.c.balance),
    }
    on = sa.and_(paid.c.account_id == opening.c.account_id, paid.c.currency == opening.c.currency)
    statement = (
        sa.select(
            *(key.label(name) for name, key in keys.items()),
            count_rows().label("accounts"),
            sa.cast(product(count_rows(), _DAYS), sa.BigInteger).label("account_days"),
            (overdue := total(opening.c.overdue_amount)).label("overdue"),
            product(overdue, _DAYS).label("money_days"),
            total(sa.func.coalesce(paid.c.recovered, 0)).label("recovered"),
        )
        .select_from(opening.outerjoin(paid, on))
        .where(has_expectation(opening.c))
        .group_by(*keys.values())
        .order_by(*(sa.literal_column(name).asc() for name in keys))
    )
    return exact(statement.params(start=start, as_of=as_of))


def seen_statement() -> ExactSelect:
    """What the months of the view `liquidation` saw of each cell, added up."""
    months = LIQUIDATION_SQL.c
    keys = (months.currency, months.bucket, months["product"], months.band)
    counts = (total(months[name], as_type=sa.BigInteger()).label(name) for name in ("accounts", "account_days"))
    money = (total(months[name]).label(name) for name in ("overdue", "money_days", "recovered"))
    return exact(sa.select(*keys, *counts, *money).group_by(*keys).order_by(*keys))


def seen_in(rows: Iterable[Mapping[str, Any]]) -> tuple[Seen, ...]:
    """From the rows of that statement."""
    return tuple(
        Seen(
            Cell(row["currency"], Level.CELL, row["bucket"], row["product"], row["band"]),
            *(row[name] for name in ("accounts", "account_days", "overdue", "money_days", "recovered")),
        )
        for row in rows
    )


def expected_rows() -> sa.Subquery:
    """A row for each account with an expectation and each owner that it had in the period, with the days owned.

    Days on which nobody owned it make a row of their own, without owner: so the days of an account add up to the days
    of the period, and the rows of an owner to the owner's part of it.
    """
    overdue = _overdue().cte("overdue")
    every = owned_days(overdue, START_DAY, _END).subquery("every_day")
    daily = product(every.c.overdue_amount, every.c.rate)
    expected = sa.cast(product(daily, every.c.owned_days), MONEY).label("expected")
    return sa.select(*every.c, expected).subquery("expected_rows")


def _overdue() -> sa.Select[Any]:
    """The accounts with an expectation, each with the rate of its cell."""
    opening, rates = ACCOUNTS_OPENING_SQL.alias("opened"), RECOVERY_RATES_SQL.alias("rates")
    bucket, band = bucket_of(opening.c.days_past_due), band_of(opening.c.balance)
    of_cell = sa.and_(
        rates.c.level == Level.CELL.value,
        rates.c.currency == opening.c.currency,
        rates.c.bucket == bucket,
        rates.c["product"] == opening.c["product"],
        rates.c.band == band,
    )
    own = [opening.c[name] for name in ("account_id", "product", "branch_id", "region", "currency", "overdue_amount")]
    return (
        sa.select(*own, bucket.label("bucket"), band.label("band"), rates.c.rate)
        .select_from(opening.join(rates, of_cell))
        .where(has_expectation(opening.c))
    )


def recovered_by_account() -> sa.Subquery:
    """What was booked in the period for each account that has any credit line, credited or not, per currency."""
    lines = CREDITS_SQL.c
    return (
        sa.select(lines.account_id, lines.currency, total(lines.recovered).label("recovered"))
        .where(lines.posted_on.between(START, AS_OF))
        .group_by(lines.account_id, lines.currency)
        .subquery("paid")
    )
