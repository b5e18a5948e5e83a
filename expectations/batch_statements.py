"""What is off in a whole extract, as exact statements: each yields a row for whatever is, and else nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, MONEY_SUM, ExactSelect, count_rows, exact, product, total
from domain.tables import Column, Table, Type
from expectations.lowering import Sql, decimal_literal, view_named

_BUCKETS = ((0, "current"), (29, "1-29"), (59, "30-59"), (89, "60-89"))
_NOTHING = sa.cast(sa.literal(0), MONEY)


def counted(source: sa.FromClause, off: Sql, looked_at: Sql | None = None) -> ExactSelect:
    """One row: how many are `off`, and how many `rows` were looked at."""
    both = off if looked_at is None else sa.and_(looked_at, off)
    figures: list[Sql] = [count_rows(both).label("off"), count_rows(looked_at).label("rows")]
    return exact(sa.select(*figures).select_from(source))


def over_balance(table: Table, factor: Decimal, *, is_before: bool) -> ExactSelect:
    """Amounts above `factor` times what was owed on the day before; or else of what is left, where something is: of an
    account that is paid off, the balance does not say what was owed."""
    accounts_view = "accounts_previous" if is_before else "accounts"
    rows, accounts = view_named(table.name), view_named(accounts_view)
    owed = sa.case((accounts.c.balance > 0, accounts.c.balance), else_=_NOTHING)
    over = rows.c.amount > product(owed, decimal_literal(factor))
    joined = rows.join(accounts, rows.c.account_id == accounts.c.account_id)
    looked_at = rows.c.amount > 0 if is_before else sa.and_(rows.c.amount > 0, accounts.c.balance > 0)
    return counted(joined, over, looked_at)


def money_outside(
    table: Table,
    bounds: Mapping[str, tuple[Decimal, Decimal]],
    minimum_rows: int,
    *,
    is_mean: bool,
    column: str = "amount",
) -> ExactSelect:
    """Currencies whose sum, or mean, lies outside its bounds; those with fewer rows say too little."""
    view = view_named(table.name)
    grouped = sa.select(view.c.currency, count_rows().label("rows"), total(view.c[column]).label("amount"))
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


def mix_of(columns: Sequence[Column], now: sa.FromClause, then: sa.FromClause) -> ExactSelect:
    """For each column and code, how many rows have it now and had it then, beside all rows of either."""
    whole = sa.select(
        sa.select(count_rows()).select_from(now).scalar_subquery().label("now_rows"),
        sa.select(count_rows()).select_from(then).scalar_subquery().label("then_rows"),
    ).subquery("whole")
    parts = sa.union_all(*(_codes_of(column, now, then) for column in columns)).subquery("parts")
    statement = sa.select(parts.c["column"], parts.c.code, parts.c["now"], parts.c["then"], *whole.c)
    return exact(statement.select_from(parts.join(whole, sa.true())).order_by(parts.c["column"], parts.c.code))


@cache
def moved(fact: str, share: Decimal, minimum_rows: int) -> ExactSelect:
    """Codes whose share of the rows moved by more than `share`: |now × all then − then × all now| > share × both."""
    numbers = ("now", "then", "now_rows", "then_rows")
    columns = [sa.column("column", sa.String), sa.column("code", sa.String)]
    row = sa.table(fact, *columns, *(sa.column(name, sa.BigInteger) for name in numbers)).c
    gap = product(row["now"], row["then_rows"]) - product(row["then"], row["now_rows"])
    allowed = product(product(row["now_rows"], row["then_rows"]), decimal_literal(share))
    enough = sa.and_(row["now_rows"] >= minimum_rows, row["then_rows"] >= minimum_rows)
    statement = sa.select(row["column"], row["code"], row["now"], row["then"])
    return exact(statement.where(enough, sa.func.abs(gap) > allowed).order_by(row["column"], row["code"]))


@cache
def burst(fact: str, factor: Decimal, least: int, minimum_rows: int) -> ExactSelect:
    """Codes that are gone although `least` rows of them were due, or so many times as frequent in at least as many."""
    numbers = ("now", "then", "now_rows", "then_rows")
    columns = [sa.column("column", sa.String), sa.column("code", sa.String)]
    row = sa.table(fact, *columns, *(sa.column(name, sa.BigInteger) for name in numbers)).c
    here, there = product(row["now"], row["then_rows"]), product(row["then"], row["now_rows"])
    gone = sa.and_(row["now"] == 0, there >= product(row["then_rows"], decimal_literal(Decimal(least))))
    more = sa.and_(row["now"] >= least, here > product(there, decimal_literal(factor)))
    enough = sa.and_(row["now_rows"] >= minimum_rows, row["then_rows"] >= minimum_rows)
    statement = sa.select(row["column"], row["code"], row["now"], row["then"])
    return exact(statement.where(enough, sa.or_(gone, more)).order_by(row["column"], row["code"]))


_WHOLE_UNITS = sa.Numeric(24, 0)


def parts_of(columns: Sequence[str], whole: str, now: sa.TableClause, then: sa.TableClause) -> ExactSelect:
    """For each currency and column, its sum and that of the whole, now and then, in whole units, and rows of both."""
    sides = {"now": now, "then": then}
    found = {side: _sums_of(columns, whole, view).subquery(side) for side, view in sides.items()}
    here, there = found["now"].c, found["then"].c
    parts = [
        sa.select(
            here.currency,
            sa.literal(name).label("column"),
            here[name].label("now"),
            here[whole].label("now_whole"),
            there[name].label("then"),
            there[whole].label("then_whole"),
            here["rows"].label("now_rows"),
            there["rows"].label("then_rows"),
        ).select_from(found["now"].join(found["then"], here.currency == there.currency))
        for name in columns
    ]
    every = sa.union_all(*parts).subquery("every")
    return exact(sa.select(*every.c).order_by(every.c.currency, every.c["column"]))


def _sums_of(columns: Sequence[str], whole: str, view: sa.TableClause) -> sa.Select[Any]:
    sums = (sa.cast(total(view.c[name]), _WHOLE_UNITS).label(name) for name in dict.fromkeys((*columns, whole)))
    return sa.select(view.c.currency, count_rows().label("rows"), *sums).group_by(view.c.currency)


@cache
def parts_moved(fact: str, share: Decimal, minimum_rows: int) -> ExactSelect:
    """Parts whose share of the whole moved by more than `share`, by cross multiplication."""
    texts = [sa.column(name, sa.String) for name in ("currency", "column")]
    sums = [sa.column(name, _WHOLE_UNITS) for name in ("now", "now_whole", "then", "then_whole")]
    rows = [sa.column(name, sa.BigInteger) for name in ("now_rows", "then_rows")]
    row = sa.table(fact, *texts, *sums, *rows).c
    gap = product(row["now"], row["then_whole"]) - product(row["then"], row["now_whole"])
    allowed = product(product(row["now_whole"], row["then_whole"]), decimal_literal(share))
    enough = sa.and_(
        row["now_rows"] >= minimum_rows, row["then_rows"] >= minimum_rows, row["now_whole"] > 0, row["then_whole"] > 0
    )
    shown = (row["currency"], row["column"], row["now"], row["now_whole"], row["then"], row["then_whole"])
    return exact(sa.select(*shown).where(enough, sa.func.abs(gap) > allowed).order_by(row["currency"], row["column"]))


def _codes_of(column: Column, now: sa.FromClause, then: sa.FromClause) -> sa.Select[Any]:
    none = sa.cast(sa.literal(0), sa.BigInteger)
    here: list[Sql] = [_code(column, now).label("code"), count_rows().label("now"), none.label("then")]
    there: list[Sql] = [_code(column, then).label("code"), none.label("now"), count_rows().label("then")]
    sides = (sa.select(*here).select_from(now), sa.select(*there).select_from(then))
    rows = sa.union_all(*(side.group_by(sa.literal_column("1")) for side in sides)).subquery("rows")
    sums = (total(rows.c[side], as_type=sa.BigInteger()).label(side) for side in ("now", "then"))
    return sa.select(sa.literal(column.name).label("column"), rows.c.code, *sums).group_by(rows.c.code)


def _code(column: Column, rows: sa.FromClause) -> Sql:
    """Codes as they are; days past due in buckets, times by their hour."""
    value = rows.c[column.name]
    if column.type is Type.WALL_TIME:
        return sa.cast(sa.cast(sa.extract("hour", value), sa.Integer), sa.String)
    if column.name == "days_past_due":
        return sa.case(*((value <= most, name) for most, name in _BUCKETS), else_="90+")
    return value if column.type in {Type.CODE, Type.ID, Type.TEXT} else sa.cast(value, sa.String)


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
