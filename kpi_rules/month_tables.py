"""The statements of the weekly and monthly report: who paid and when, which bucket went where, how vintages stand."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from domain.exact import ExactSelect, count_rows, exact, total
from domain.sql import TABLES
from kpi_rules.datasets import DATASETS
from kpi_rules.figures import Source
from kpi_rules.views import ACCOUNTS_OPENING_SQL, CREDITS_SQL

ROLL_READS = frozenset({"accounts"})
VINTAGE_READS = frozenset({"accounts", "payments"})


def payers_statement(*, start: date, as_of: date) -> ExactSelect:
    """Of the `accounts` that were overdue at the month's opening, those that `paid` from `start` up to and including
    `as_of`, by the segment that they had on the first of these days; a payment that was reversed still is one."""
    opening = DATASETS["opening"]
    rows = opening.select(["account_id", "segment", "overdue_amount"]).subquery("opening_rows")
    credit = CREDITS_SQL.c
    paying = sa.select(credit.account_id).where(credit.recovered > 0, credit.posted_on.between(start, as_of))
    paid = paying.distinct().subquery("paid")
    statement = (
        sa.select(
            rows.c.segment, count_rows().label("accounts"), count_rows(paid.c.account_id.is_not(None)).label("paid")
        )
        .select_from(rows.outerjoin(paid, paid.c.account_id == rows.c.account_id))
        .where(rows.c.overdue_amount > 0, rows.c.segment.is_not(None))
        .group_by(rows.c.segment)
        .order_by(rows.c.segment)
    )
    return exact(statement.params(Source(opening.name).bound(start, as_of)))


def course_statement(*, start: date, as_of: date) -> ExactSelect:
    """What was `recovered` from `start` up to and including `as_of`, by day, department (NULL: of nobody's) and
    currency, as the credits have it."""
    credit = CREDITS_SQL.c
    keys = (credit.posted_on, credit.department_id, credit.currency)
    statement = (
        sa.select(*keys, total(credit.recovered).label("recovered"))
        .where(credit.posted_on.between(start, as_of))
        .group_by(*keys)
        .order_by(*(key.asc().nulls_last() for key in keys))
    )
    return exact(statement)


def roll_statement(*, start: date, as_of: date) -> ExactSelect:
    """The dataset `cohort` by the bucket it was in, the one it is in now, and currency: `accounts`, `balance`.

    `to_bucket` is NULL for accounts that are closed or gone. The balance is that of the month's opening.
    """
    cohort = DATASETS["cohort"]
    rows = cohort.select(["bucket", "bucket_now", "status_now", "currency", "balance"]).subquery("cohort_rows")
    to_bucket = sa.case((rows.c.status_now == "closed", sa.null()), else_=rows.c.bucket_now)
    keys = (rows.c.bucket, to_bucket, rows.c.currency)
    statement = (
        sa.select(
            rows.c.bucket.label("from_bucket"),
            sa.cast(to_bucket, sa.BigInteger).label("to_bucket"),
            rows.c.currency,
            count_rows().label("accounts"),
            total(rows.c.balance).label("balance"),
        )
        .group_by(*keys)
        .order_by(*(key.asc().nulls_last() for key in keys))
    )
    return exact(statement.params(Source(cohort.name).bound(start, as_of)))


def vintage_statement(*, start: date, as_of: date) -> ExactSelect:
    """The book by the month in which accounts were opened, and currency.

    `accounts` and how many of them are `past_due`, over 30 and over 90 days; `balance`; `overdue_at_opening` of the
    month, and what was `recovered` in it on these accounts, as the credits have it.
    """
    book, before = TABLES["accounts"], ACCOUNTS_OPENING_SQL.alias("before")
    credited = (
        sa.select(CREDITS_SQL.c.account_id, CREDITS_SQL.c.currency, total(CREDITS_SQL.c.recovered).label("recovered"))
        .where(CREDITS_SQL.c.posted_on.between(sa.bindparam("start"), sa.bindparam("as_of")))
        .group_by(CREDITS_SQL.c.account_id, CREDITS_SQL.c.currency)
        .subquery("credited")
    )
    year = sa.cast(sa.extract("year", book.c.opened_on), sa.BigInteger)
    month = sa.cast(sa.extract("month", book.c.opened_on), sa.BigInteger)
    keys = (year, month, book.c.currency)
    same = sa.and_(credited.c.account_id == book.c.account_id, credited.c.currency == book.c.currency)
    statement = (
        sa.select(
            year.label("year"),
            month.label("month"),
            book.c.currency,
            count_rows().label("accounts"),
            count_rows(book.c.days_past_due > 0).label("past_due"),
            count_rows(book.c.days_past_due > 30).label("over_30"),
            count_rows(book.c.days_past_due > 90).label("over_90"),
            total(book.c.balance).label("balance"),
            total(before.c.overdue_amount).label("overdue_at_opening"),
            total(credited.c.recovered).label("recovered"),
        )
        .select_from(book.outerjoin(before, before.c.account_id == book.c.account_id).outerjoin(credited, same))
        .group_by(*keys)
        .order_by(*keys)
    )
    return exact(statement.params(start=start, as_of=as_of))
