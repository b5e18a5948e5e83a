"""Pieces: one payment of a debtor with several accounts, spread over what is overdue on them.

The overdue amounts of a debtor at the end of the previous period, in the order that the rules state, lie one after the
other on a line; so do the debtor's payments of the period, in the order in which they were booked. Where a payment and
an account lie over each other, that much of the payment is for the account. What lies beyond the last account stays
with the account on which it was booked. So a payment is never spread anew because another one followed.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, running_total, total
from kpi_rules.credit_checks import CheckedCreditRule
from kpi_rules.views import ACCOUNTS_OPENING_SQL, START

Sql = sa.ColumnElement[Any]


def credit_pieces(ruled: sa.CTE, rules: tuple[CheckedCreditRule, ...]) -> sa.CTE:
    """The rows of `ruled` with a number `piece` from 1 and, of spread ones, the account and money of each piece.

    Payments of earlier periods, and of debtors that were not in the opening book, are one piece.
    """
    spreading = [number for number, each in enumerate(rules) if each.rule.over_accounts]
    if not spreading:
        return sa.select(*ruled.c, sa.literal(1).label("piece")).cte("pieces")
    order = next(each.rule.over_accounts for each in rules if each.rule.over_accounts)
    due, paid = _due(order), _paid(ruled, spreading)
    spread = _grouped(sa.union_all(_over(paid, due), _beyond(paid, due)).subquery("parts_of_payments"))
    own = [column for column in ruled.c if column.name not in {"account_id", "recovered"}]
    columns = (
        *own,
        sa.func.coalesce(spread.c.account_id, ruled.c.account_id).label("account_id"),
        sa.func.coalesce(spread.c.recovered, ruled.c.recovered).label("recovered"),
        sa.func.coalesce(spread.c.piece, 1).label("piece"),
    )
    joined = ruled.outerjoin(spread, spread.c.payment_id == ruled.c.payment_id)
    return sa.select(*columns).select_from(joined).cte("pieces")


def _due(order: str | None) -> sa.Subquery:
    """Each overdue account as a stretch of its debtor's line."""
    book = ACCOUNTS_OPENING_SQL.c
    first = book.days_past_due if order == "oldest_first" else book.overdue_amount
    of_debtor, along = (book.debtor_id, book.currency), (first.desc(), book.account_id)
    ends = running_total(book.overdue_amount, partition_by=of_debtor, order_by=along)
    return (
        sa.select(
            book.debtor_id,
            book.currency,
            book.account_id,
            (ends - book.overdue_amount).label("begins"),
            ends.label("ends"),
        )
        .where(book.overdue_amount > 0)
        .subquery("due")
    )


def _paid(ruled: sa.CTE, spreading: list[int]) -> sa.Subquery:
    """Each payment of the period that is spread, as a stretch of its debtor's line."""
    booked_on = ACCOUNTS_OPENING_SQL.alias("booked_on")
    of_debtor, along = (booked_on.c.debtor_id, ruled.c.currency), (ruled.c.posted_on, ruled.c.payment_id)
    ends = running_total(ruled.c.recovered, partition_by=of_debtor, order_by=along)
    return (
        sa.select(
            *(ruled.c.payment_id, ruled.c.account_id, ruled.c.currency, booked_on.c.debtor_id),
            (ends - ruled.c.recovered).label("begins"),
            ends.label("ends"),
        )
        .select_from(ruled.join(booked_on, booked_on.c.account_id == ruled.c.account_id))
        .where(ruled.c.rule.in_(spreading), ruled.c.posted_on >= START, ruled.c.recovered > 0)
        .subquery("paid")
    )


def _over(paid: sa.Subquery, due: sa.Subquery) -> sa.Select[Any]:
    """What of a payment lies over an account."""
    same = sa.and_(due.c.debtor_id == paid.c.debtor_id, due.c.currency == paid.c.currency)
    meet = sa.and_(paid.c.begins < due.c.ends, due.c.begins < paid.c.ends)
    lying = sa.func.least(paid.c.ends, due.c.ends) - sa.func.greatest(paid.c.begins, due.c.begins)
    columns = (paid.c.payment_id, due.c.account_id, due.c.begins.label("at"), sa.cast(lying, MONEY).label("recovered"))
    return sa.select(*columns).select_from(paid.join(due, sa.and_(same, meet)))


def _beyond(paid: sa.Subquery, due: sa.Subquery) -> sa.Select[Any]:
    """What of a payment lies beyond the debtor's last account."""
    last = (
        sa.select(due.c.debtor_id, due.c.currency, sa.func.max(due.c.ends).label("ends"))
        .group_by(due.c.debtor_id, due.c.currency)
        .subquery("last")
    )
    same = sa.and_(last.c.debtor_id == paid.c.debtor_id, last.c.currency == paid.c.currency)
    end = sa.func.coalesce(last.c.ends, 0)
    left = sa.cast(paid.c.ends - sa.func.greatest(paid.c.begins, end), MONEY).label("recovered")
    columns = (paid.c.payment_id, paid.c.account_id, sa.func.greatest(paid.c.begins, end).label("at"), left)
    return sa.select(*columns).select_from(paid.outerjoin(last, same)).where(paid.c.ends > end)


def _grouped(parts: sa.Subquery) -> sa.Subquery:
    """One piece for each account of a payment, numbered along the line."""
    own = (parts.c.payment_id, parts.c.account_id)
    number = sa.func.row_number().over(
        partition_by=parts.c.payment_id, order_by=(sa.func.min(parts.c.at), parts.c.account_id)
    )
    recovered = total(parts.c.recovered, as_type=MONEY).label("recovered")
    return sa.select(*own, recovered, number.label("piece")).group_by(*own).subquery("spread")
