"""What is off in a whole extract, as exact statements: each yields a row for whatever is, and else nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, MONEY_SUM, ExactSelect, count_rows, exact, product, total
from domain.tables import Table
from expectations.lowering import Sql, decimal_literal, view_named

_BUCKETS = ((0, "current"), (29, "1-29"), (59, "30-59"), (89, "60-89"))
_NOTHING = sa.cast(sa.literal(0), MONEY)


def off_share(source: sa.FromClause, off: Sql, share: Decimal, looked_at: Sql | None = None) -> ExactSelect:
    """One row (how many are off, how many were looked at) if more than the share of them is off."""
    both = off if looked_at is None else sa.and_(looked_at, off)
    counted = (
        sa.select(count_rows(both).label("off"), count_rows(looked_at).label("rows"))
        .select_from(source)
        .subquery("counted")
    )
    return exact(
        sa.select(*counted.c).where(counted.c.off > product(counted.c.rows, decimal_literal(share))).order_by("off")
    )


def over_balance(accounts_view: str, factor: Decimal, share: Decimal) -> ExactSelect:
    """Payments above `factor` times what the view says was owed, if they are more than the share of payments."""
    payments, accounts = view_named("payments"), view_named(accounts_view)
    owed = sa.case((accounts.c.balance > 0, accounts.c.balance), else_=_NOTHING)
    over = payments.c.amount > product(owed, decimal_literal(factor))
    joined = payments.join(accounts, payments.c.account_id == accounts.c.account_id)
    return off_share(joined, over, share, payments.c.amount > 0)


def money_outside(
    table: Table, bounds: Mapping[str, tuple[Decimal, Decimal]], minimum_rows: int, *, is_mean: bool
) -> ExactSelect:
    """Currencies whose sum, or mean, lies outside its bounds; those with fewer rows say too little."""
    view = view_named(table.name)
    grouped = sa.select(view.c.currency, count_rows().label("rows"), total(view.c.amount).label("amount"))
    sums = grouped.group_by(view.c.currency).subquery("sums")

    def of_all(bound: Decimal) -> Sql:
        return product(sums.c.rows, decimal_literal(bound)) if is_mean else decimal_literal(bound)

    outside = [
        sa.and_(
            sums.c.currency == currency,
            sums.c.rows >= minimum_rows,
            sa.or_(sums.c.amount < of_all(low), sums.c.amount > of_all(high)),
        )
        for currency, (low, high) in bounds.items()
    ]
    return exact(sa.select(sums.c.currency, sums.c.rows, sums.c.amount).where(sa.or_(*outside)).order_by("currency"))


def moved(table: Table, columns: Sequence[str], share: Decimal) -> ExactSelect:
    """Codes whose share of the rows moved by more than `share`: |now × all then − then × all now| > share × both."""
    now, then = view_named(table.name), view_named(f"{table.name}_previous")
    whole = sa.select(
        sa.select(count_rows()).select_from(now).scalar_subquery().label("now"),
        sa.select(count_rows()).select_from(then).scalar_subquery().label("then"),
    ).subquery("whole")
    counted = sa.union_all(*(_counted(now, then, column) for column in columns)).subquery("counted")
    moved = product(counted.c.now, whole.c.then) - product(counted.c.then, whole.c.now)
    allowed = product(product(whole.c.now, whole.c.then), decimal_literal(share))
    statement = sa.select(counted.c.column, counted.c.code, counted.c.now, counted.c.then)
    return exact(
        statement.select_from(counted.join(whole, sa.true()))
        .where(sa.func.abs(moved) > allowed)
        .order_by(counted.c.column, counted.c.code)
    )


def _counted(now: sa.TableClause, then: sa.TableClause, column: str) -> sa.Select[Any]:
    one, none = sa.literal(1, sa.BigInteger), sa.literal(0, sa.BigInteger)
    rows = sa.union_all(
        sa.select(_code(now.c[column]).label("code"), one.label("now"), none.label("then")),
        sa.select(_code(then.c[column]).label("code"), none.label("now"), one.label("then")),
    ).subquery("rows")
    sums = (total(rows.c[side], as_type=sa.BigInteger()).label(side) for side in ("now", "then"))
    return sa.select(sa.literal(column).label("column"), rows.c.code, *sums).group_by(rows.c.code)


def _code(column: Sql) -> Sql:
    """Codes as they are; days past due in buckets."""
    if isinstance(column.type, sa.String):
        return column
    return sa.case(*((column <= most, name) for most, name in _BUCKETS), else_="90+")


def not_rolled(share: Decimal) -> ExactSelect:
    """Currencies in which |today − previous + paid| exceeds the share of the previous balances."""
    sides = ("today", "previous", "paid")
    sources = (("accounts", "balance"), ("accounts_previous", "balance"), ("payments", "amount"))
    rows = sa.union_all(
        *(_one_side(side, view_named(name), column, sides) for side, (name, column) in zip(sides, sources, strict=True))
    )
    each = rows.subquery("each")
    sums = (
        sa.select(each.c.currency, *(total(each.c[side]).label(side) for side in sides))
        .group_by(each.c.currency)
        .subquery("sums")
    )
    gap = sa.func.abs(sums.c.today - sums.c.previous + sums.c.paid)
    allowed = product(sa.cast(sa.func.abs(sums.c.previous), MONEY_SUM), decimal_literal(share))
    return exact(sa.select(*sums.c).where(gap > allowed).order_by(sums.c.currency))


def _one_side(side: str, view: sa.TableClause, column: str, sides: Sequence[str]) -> sa.Select[Any]:
    amounts = ((view.c[column] if name == side else _NOTHING).label(name) for name in sides)
    return sa.select(view.c.currency, *amounts)
