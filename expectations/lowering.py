"""From a row check to SQL: a boolean that is true where the row fails, and false or NULL where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.exact import count_rows
from domain.expressions import to_sql
from domain.money import MINOR_DIGITS
from domain.sql import sql_columns
from domain.tables import Table
from expectations.checks import (
    Bound,
    Check,
    InCodes,
    InRange,
    Matches,
    MinorUnits,
    NewKey,
    NoOverlap,
    NotNull,
    OneOf,
    Ordered,
    PlainText,
    References,
    Related,
    Rule,
)

Sql = sa.ColumnElement[Any]

CONTROL_CHARACTERS = r"[\x01-\x1f\x7f]"
_FOR_GOOD = date(9999, 12, 31)
_MONEY_DIGITS = 18


def view_of(table: Table, name: str | None = None) -> sa.TableClause:
    """The view of that name, with the columns of the table."""
    return sa.table(name or table.name, *sql_columns(table))


@cache
def view_named(name: str) -> sa.TableClause:
    """A view by its name: that of a table, or of one as it was (`_history`, `_alike`, `_previous`)."""
    return view_of(CATALOGUE[name.removesuffix("_history").removesuffix("_alike").removesuffix("_previous")], name)


def fails(check: Check, table: Table, row: sa.FromClause, other: sa.FromClause | None = None) -> Sql:
    """Whether `row` fails; `other` is what `lookup` gave for a check that reads the row that is referred to."""
    match check:
        case NotNull() | InCodes() | InRange() | Matches() | PlainText():
            return _value_fails(check, row.c[check.column])
        case References(_, column, there, column_there):
            return _unknown(row.c[column], _values(view_named(there), column_there))
        case NewKey(_, column, history):
            return row.c[column].in_(_seen(table, column, view_named(history)))
        case NoOverlap():
            return _overlaps(check, table, row)
        case Rule(_, expression):
            return sa.not_(to_sql(expression, dict(row.c)))
        case Related():
            return sa.not_(to_sql(check.rule, {**dict(row.c), **_as_other(other)}))
        case _:
            return _columns_disagree(check, row)


def _value_fails(check: NotNull | InCodes | InRange | Matches | PlainText, value: Sql) -> Sql:
    match check:
        case NotNull():
            return value.is_(None)
        case InCodes(codes=codes):
            return value.not_in(codes)
        case InRange():
            return _outside(check, value)
        case Matches(pattern=pattern):
            return sa.not_(value.regexp_match(f"^(?:{pattern})$"))
        case PlainText(most_characters=most):
            return sa.or_(sa.func.length(value) > most, value.regexp_match(CONTROL_CHARACTERS))


def _columns_disagree(check: MinorUnits | Ordered | OneOf, row: sa.FromClause) -> Sql:
    match check:
        case MinorUnits(_, column, currency):
            return _below_minor_unit(row.c[column], row.c[currency])
        case Ordered(_, first, then, strict):
            return row.c[first] >= row.c[then] if strict else row.c[first] > row.c[then]
        case OneOf(_, columns, needed):
            return _not_one(row, columns, needed=needed)


def lookup(check: Related, table: Table) -> sa.Subquery:
    """The rows that `table` refers to, one for each key that has one version in all the views.

    Only keys that are referred to are looked at: a few reviews are judged beside a month of calls.
    """
    views = [view_named(name) for name in check.tables]
    columns = (check.column_there, *(name for name in check.needed if name != check.column_there))
    referring = view_of(table).alias("referring")
    keys = sa.select(referring.c[check.column]).where(referring.c[check.column].is_not(None))
    versions = sa.union(
        *(sa.select(*(view.c[name] for name in columns)).where(view.c[check.column_there].in_(keys)) for view in views)
    ).subquery()
    key = versions.c[check.column_there]
    single = sa.select(key, *(sa.func.min(versions.c[name]).label(name) for name in columns[1:]))
    return single.where(key.is_not(None)).group_by(key).having(count_rows() == 1).subquery()


def _seen(table: Table, column: str, history: sa.TableClause) -> sa.Select[Any]:
    """Keys of the table that the history has: what is kept in memory is as small as one day."""
    tonight = view_of(table).alias("tonight")
    keys = sa.select(tonight.c[column]).where(tonight.c[column].is_not(None))
    return sa.select(history.c[column]).where(history.c[column].in_(keys))


def _as_other(other: sa.FromClause | None) -> Mapping[str, Sql]:
    return {} if other is None else {f"other_{name}": column for name, column in other.c.items()}


def _outside(check: InRange, value: Sql) -> Sql:
    faults: list[Sql] = []
    if check.least is not None:
        faults.append(value <= _bound(check.least) if check.above else value < _bound(check.least))
    if check.most is not None:
        faults.append(value > _bound(check.most))
    return sa.or_(*faults)


def _bound(bound: Bound) -> Any:
    return decimal_literal(bound) if isinstance(bound, Decimal) else bound


def decimal_literal(number: Decimal) -> Sql:
    """The number with its own digits declared, so that the engine compares decimals and not doubles."""
    return sa.literal(number, sa.Numeric(38, max(0, -int(number.as_tuple().exponent))))


def _below_minor_unit(amount: Sql, currency: Sql) -> Sql:
    """Casting to the currency's digits rounds exactly, so an amount that the cast changes had digits below them."""
    by_digits = groupby(sorted(MINOR_DIGITS, key=lambda code: MINOR_DIGITS[code]), key=lambda code: MINOR_DIGITS[code])
    return sa.or_(
        *(
            sa.and_(currency.in_(list(codes)), sa.cast(amount, sa.Numeric(_MONEY_DIGITS, digits)) != amount)
            for digits, codes in by_digits
        )
    )


def _unknown(value: Sql, known: sa.Select[Any]) -> Sql:
    """A missing value is not in an empty list, SQL says, so it is left out by name."""
    return sa.and_(value.is_not(None), value.not_in(known))


def _values(view: sa.TableClause, column: str) -> sa.Select[Any]:
    """Without the missing ones: a NULL in the list would make NOT IN unknown for every row, and the check pass."""
    return sa.select(view.c[column]).where(view.c[column].is_not(None))


def _overlaps(check: NoOverlap, table: Table, row: sa.FromClause) -> Sql:
    other = view_of(table).alias("other")
    ends, other_ends = (sa.func.coalesce(*(side.c[name] for name in check.ends), _FOR_GOOD) for side in (row, other))
    alone = [sa.or_(row.c[check.alone], other.c[check.alone])] if check.alone else []
    return sa.exists().where(
        other.c[check.owner] == row.c[check.owner],
        sa.or_(*(other.c[name] != row.c[name] for name in table.key)),
        other.c[check.starts] < ends,
        row.c[check.starts] < other_ends,
        *alone,
    )


def _not_one(row: sa.FromClause, columns: Sequence[str], *, needed: bool) -> Sql:
    given = [sa.case((row.c[name].is_(None), 0), else_=1) for name in columns]
    number = given[0]
    for one in given[1:]:
        number = number + one  # type: ignore[assignment]
    return number != 1 if needed else number > 1
