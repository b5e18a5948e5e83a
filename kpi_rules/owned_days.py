"""Who had which account for how many days of a period, and what there was to collect on it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.dispatch import DISPATCH_SQL
from domain.exact import MONEY_SUM, total
from domain.sql import TABLES
from kpi_rules.views import ACCOUNTS_OPENING_SQL, AS_OF, START

Sql = sa.ColumnElement[Any]

READS = frozenset({"accounts_opening", "accounts", "dispatch", "payments"})

_OWNER = ("owner_kind", "owner_id", "department_id", "team_id", "segment")
_ACCOUNT = ("branch_id", "product", "currency")


def owned_days() -> sa.Subquery:
    """One row per account and stretch of days with one owner, within the period; with the account and its owner.

    `days` are those of the stretch up to the business date. `overdue_amount` is what there was to collect in the whole
    period: past due at its opening or, if that is more, past due on the business date and recovered since. Of an
    account that is cured or gone by then, whoever worked it last has the days up to the business date: who collects
    everything would shrink what they are measured by. An account of the opening book that nobody had, not even the
    house, has one row of all days without an owner.
    """
    before, now = ACCOUNTS_OPENING_SQL.alias("before"), TABLES["accounts"].alias("now")
    stretch, paid = _stretches(), _paid()
    known = before.outerjoin(now, now.c.account_id == before.c.account_id, full=True)
    account = sa.func.coalesce(before.c.account_id, now.c.account_id)
    currency = sa.func.coalesce(before.c.currency, now.c.currency)
    is_current = sa.func.coalesce(now.c.days_past_due, 0) <= 0
    is_over = sa.or_(now.c.account_id.is_(None), is_current, now.c.status == "closed")
    rows = known.outerjoin(stretch, stretch.c.account_id == account).outerjoin(
        paid, sa.and_(paid.c.account_id == account, paid.c.currency == currency)
    )
    return (
        sa.select(
            account.label("account_id"),
            *(stretch.c[name] for name in _OWNER),
            *(sa.func.coalesce(before.c[name], now.c[name]).label(name) for name in _ACCOUNT),
            sa.func.coalesce(before.c.days_past_due, now.c.days_past_due).label("days_past_due"),
            sa.func.coalesce(before.c.balance, now.c.balance).label("balance"),
            _overdue(before.c.overdue_amount, now.c.overdue_amount, paid.c.recovered).label("overdue_amount"),
            _days(stretch, is_over).label("days"),
        )
        .select_from(rows)
        .where(_is_counted(before, stretch, is_over))
        .subquery("owned")
    )


def _stretches() -> sa.Subquery:
    """The intervals of the dispatch that touch the period; `last_worked`: where the last one that is not the house's
    begins."""
    owner = DISPATCH_SQL.alias("owner")
    worked_from = sa.case((owner.c.owner_kind != "house", owner.c.valid_from))
    last_worked = sa.func.max(worked_from).over(partition_by=owner.c.account_id).label("last_worked")
    in_period = sa.and_(owner.c.valid_from <= AS_OF, owner.c.valid_to > START)
    return sa.select(owner, last_worked).where(in_period).subquery("stretch")


def _paid() -> sa.Subquery:
    """What was recovered of each account in the period: booked in it, waivers left out, reversals taken back."""
    payments = TABLES["payments"]
    return (
        sa.select(
            payments.c.account_id,
            payments.c.currency,
            total(payments.c.amount - payments.c.waiver).label("recovered"),
        )
        .where(payments.c.posted_on.between(START, AS_OF))
        .group_by(payments.c.account_id, payments.c.currency)
        .subquery("paid")
    )


def _overdue(before: Sql, now: Sql, paid: Sql) -> Sql:
    opening = sa.cast(sa.func.coalesce(before, 0), MONEY_SUM)
    since = sa.cast(sa.func.coalesce(now, 0), MONEY_SUM) + sa.func.coalesce(paid, 0)
    return sa.cast(sa.case((since > opening, since), else_=opening), MONEY_SUM)


def _days(stretch: sa.Subquery, is_over: Sql) -> Sql:
    after = AS_OF + 1
    begin = sa.case((stretch.c.valid_from > START, stretch.c.valid_from), else_=START)
    is_last = sa.and_(is_over, stretch.c.valid_from == stretch.c.last_worked)
    end = sa.case((is_last, after), (stretch.c.valid_to < after, stretch.c.valid_to), else_=after)
    return sa.cast(sa.case((stretch.c.account_id.is_(None), after - START), else_=end - begin), sa.BigInteger)


def _is_counted(before: sa.FromClause, stretch: sa.Subquery, is_over: Sql) -> sa.ColumnElement[bool]:
    """The house's stretch after the last worked one of an account that is over stands with whoever worked it."""
    is_after = sa.func.coalesce(stretch.c.valid_from > stretch.c.last_worked, sa.false())
    had = sa.and_(stretch.c.account_id.is_not(None), sa.not_(sa.and_(is_over, is_after)))
    return sa.or_(had, sa.and_(stretch.c.account_id.is_(None), before.c.account_id.is_not(None)))
