"""Who owned which account for how many days of a period: the days of an account always add up to the period's."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.dispatch import DISPATCH_SQL
from domain.exact import total

Sql = sa.ColumnElement[Any]

OWNER = ("owner_kind", "owner_id", "team_id", "department_id", "segment")


def owned_days(accounts: sa.CTE, first: Sql, end: Sql) -> sa.CompoundSelect[Any]:
    """A row for each of the accounts and each owner that it had from `first` up to, not including, `end`.

    The columns of `accounts`, those of OWNER as dispatched, and `owned_days`. Days on which nobody owned an account
    make a row of their own, without owner.
    """
    owned = _owned(accounts, first, end).cte("owned")
    return sa.union_all(sa.select(owned), _unowned(accounts, owned, sa.cast(end - first, sa.BigInteger)))


def _owned(accounts: sa.CTE, first: Sql, end: Sql) -> sa.Select[Any]:
    owner = DISPATCH_SQL.alias("owner")
    begins = sa.func.greatest(owner.c.valid_from, first, type_=sa.Date())
    ends = sa.func.least(owner.c.valid_to, end, type_=sa.Date())
    in_period = sa.and_(owner.c.valid_from < end, owner.c.valid_to > first)
    days = sa.cast(ends - begins, sa.BigInteger).label("owned_days")
    return sa.select(*accounts.c, *(owner.c[name] for name in OWNER), days).select_from(
        accounts.join(owner, sa.and_(owner.c.account_id == accounts.c.account_id, in_period))
    )


def _unowned(accounts: sa.CTE, owned: sa.CTE, period_days: Sql) -> sa.Select[Any]:
    days = total(owned.c.owned_days, as_type=sa.BigInteger()).label("days")
    known = sa.select(owned.c.account_id, days).group_by(owned.c.account_id).subquery("known")
    rest = period_days - sa.func.coalesce(known.c.days, 0)
    nobody = (sa.cast(sa.null(), owned.c[name].type).label(name) for name in OWNER)
    return (
        sa.select(*accounts.c, *nobody, rest.label("owned_days"))
        .select_from(accounts.outerjoin(known, known.c.account_id == accounts.c.account_id))
        .where(rest > 0)
    )
