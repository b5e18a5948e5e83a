"""Where what is overdue lies, at the month's opening and now, and what flowed between: one statement per dimension."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect, count_rows, exact, total
from domain.sql import TABLES
from kpi_rules.buckets import bucket_of
from kpi_rules.views import ACCOUNTS_OPENING_SQL, CREDITS_SQL

READS = frozenset({"accounts"})
MONEY_READS = frozenset({"accounts", "payments"})
NOBODY = ""

Sql = sa.ColumnElement[Any]


class Dimension(StrEnum):
    BUCKET = "bucket"
    PRODUCT = "product"
    REGION = "region"
    OWNER_KIND = "owner_kind"
    DEPARTMENT = "department"
    PARTNER = "partner"


def distribution_statement(dimension: Dimension, *, start: date, as_of: date) -> ExactSelect:
    """By `place` in the dimension and currency, accounts and money overdue at the opening, and now.

    `came` are accounts that are overdue here now and were not at the opening: newly late, or from another place; `went`
    were overdue here and are not: paid up, gone from the book, or in another place. opening − went + came = now, in
    accounts. `worse` and `better` are those that stayed overdue in the book and changed buckets, counted where they
    were. `recovered` is what the credits have of the month so far, of accounts that were overdue here at the opening.
    Owners are those of the first day, and of `as_of`. An account that is overdue in two currencies is in both.
    """
    flows = _flows(dimension).subquery("flows")
    was, here = flows.c.place_before, flows.c.place_now
    both = _rows(flows, was, flows.c.currency_before, is_before=True).union_all(
        _rows(flows, here, flows.c.currency_now, is_before=False)
    )
    rows = both.subquery("both_ends")
    numbers = ("opening", "went", "worse", "better", "now", "came")
    statement = (
        sa.select(
            rows.c.place,
            rows.c.currency,
            *(total(rows.c[name]).label(name) for name in ("overdue_before", "overdue_now", "recovered")),
            *(count_rows(rows.c[name]).label(name) for name in numbers),
        )
        .group_by(rows.c.place, rows.c.currency)
        .order_by(rows.c.currency, rows.c.place)
    )
    return exact(statement.params(start=start, as_of=as_of))


def _rows(flows: sa.Subquery, place: Sql, currency: Sql, *, is_before: bool) -> sa.Select[Any]:
    """One end of each account's way: where it was overdue, or where it is."""
    row, nothing, none = flows.c, sa.false(), sa.cast(sa.literal(0), sa.Numeric(18, 4))
    was, here = row.bucket_before > 0, row.bucket_now > 0
    stays = sa.and_(was, here, row.place_before == row.place_now, row.currency_before == row.currency_now)
    still = sa.and_(was, here)
    found: Mapping[str, Sql] = {
        "opening": was if is_before else nothing,
        "went": sa.and_(was, sa.not_(stays)) if is_before else nothing,
        "worse": sa.and_(still, row.bucket_now > row.bucket_before) if is_before else nothing,
        "better": sa.and_(still, row.bucket_now < row.bucket_before) if is_before else nothing,
        "now": nothing if is_before else here,
        "came": nothing if is_before else sa.and_(here, sa.not_(stays)),
    }
    return sa.select(
        place.label("place"),
        currency.label("currency"),
        *(sa.func.coalesce(each, nothing).label(name) for name, each in found.items()),
        (row.overdue_before if is_before else none).label("overdue_before"),
        (none if is_before else row.overdue_now).label("overdue_now"),
        (row.recovered if is_before else none).label("recovered"),
    ).where(was if is_before else here)


def _flows(dimension: Dimension) -> sa.Select[Any]:
    """Every account of either book, with both ends; what is not in a book is not overdue in it."""
    before, now = (
        _end(ACCOUNTS_OPENING_SQL, dimension, "before", "start"),
        _end(TABLES["accounts"], dimension, "now", "as_of"),
    )
    credited = (
        sa.select(CREDITS_SQL.c.account_id, CREDITS_SQL.c.currency, total(CREDITS_SQL.c.recovered).label("recovered"))
        .where(CREDITS_SQL.c.posted_on.between(sa.bindparam("start"), sa.bindparam("as_of")))
        .group_by(CREDITS_SQL.c.account_id, CREDITS_SQL.c.currency)
        .subquery("credited")
    )
    same = sa.and_(credited.c.account_id == before.c.account_id, credited.c.currency == before.c.currency)
    joined = before.join(now, now.c.account_id == before.c.account_id, full=True).outerjoin(credited, same)
    zero = sa.literal(0)
    return sa.select(
        sa.func.coalesce(before.c.bucket, zero).label("bucket_before"),
        sa.func.coalesce(now.c.bucket, zero).label("bucket_now"),
        before.c.place.label("place_before"),
        now.c.place.label("place_now"),
        before.c.currency.label("currency_before"),
        now.c.currency.label("currency_now"),
        before.c.overdue_amount.label("overdue_before"),
        now.c.overdue_amount.label("overdue_now"),
        credited.c.recovered,
    ).select_from(joined)


def _end(book: sa.FromClause, dimension: Dimension, name: str, day: str) -> sa.Subquery:
    """The accounts of a book that are in it, where they lie in the dimension, and how late they are."""
    owner = DISPATCH_SQL.alias(f"owner_{name}")
    holds = sa.and_(
        owner.c.account_id == book.c.account_id,
        owner.c.valid_from <= sa.bindparam(day),
        owner.c.valid_to > sa.bindparam(day),
    )
    bucket = sa.case((book.c.status == "closed", 0), else_=bucket_of(book.c.days_past_due))
    is_partner = owner.c.owner_kind == "partner"
    places: Mapping[Dimension, Sql] = {
        Dimension.BUCKET: sa.cast(bucket, sa.String()),
        Dimension.PRODUCT: book.c.product,
        Dimension.REGION: book.c.region,
        Dimension.OWNER_KIND: sa.func.coalesce(owner.c.owner_kind, NOBODY),
        Dimension.DEPARTMENT: sa.func.coalesce(owner.c.department_id, NOBODY),
        Dimension.PARTNER: sa.case((is_partner, owner.c.owner_id), else_=NOBODY),
    }
    source = book.outerjoin(owner, holds)
    columns = (book.c.account_id, book.c.currency, book.c.overdue_amount)
    place = sa.func.coalesce(places[dimension], NOBODY).label("place")
    return sa.select(*columns, sa.cast(bucket, sa.BigInteger).label("bucket"), place).select_from(source).subquery(name)
