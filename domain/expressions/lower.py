"""From a typed tree to SQLAlchemy, in operators that DuckDB and PostgreSQL read alike."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.exact import product
from domain.expressions.parse import Expression
from domain.expressions.tree import (
    Arithmetic,
    Call,
    Comparison,
    ExprType,
    Literal,
    Logic,
    Membership,
    Negation,
    Node,
    Not,
    Reference,
)

Sql = sa.ColumnElement[Any]

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def to_sql(expression: Expression, columns: Mapping[str, Sql]) -> Sql:
    """The expression over `columns`, which holds at least the names that it reads.

    A comparison with a missing value is neither true nor false, so a row condition leaves the row out.
    """
    return _lower(expression.node, columns)


def _lower(node: Node, columns: Mapping[str, Sql]) -> Sql:
    match node:
        case Literal():
            return _literal(node)
        case Reference(name):
            return columns[name]
        case Negation(operand):
            return -_lower(operand, columns)
        case Not(operand):
            return sa.not_(_lower(operand, columns))
        case Logic(word, operands):
            join = sa.and_ if word == "and" else sa.or_
            return join(*(_lower(operand, columns) for operand in operands))
        case Comparison(symbol, left, right):
            return _COMPARE[symbol](_lower(left, columns), _lower(right, columns))  # type: ignore[no-any-return]
        case Membership(operand, values, negated):
            inside = _lower(operand, columns).in_([_plain(value) for value in values])
            return sa.not_(inside) if negated else inside
        case Arithmetic(symbol, left, right):
            return _arithmetic(symbol, left, right, columns)
        case Call(function, arguments):
            return _call(function, arguments, columns)


def _arithmetic(symbol: str, left: Node, right: Node, columns: Mapping[str, Sql]) -> Sql:
    one, two = _lower(left, columns), _lower(right, columns)
    if symbol == "*":
        return product(one, two)
    if left.type is ExprType.DATE and right.type is not ExprType.DATE:
        two = sa.cast(two, sa.Integer)  # neither engine adds a BIGINT to a date
    return one + two if symbol == "+" else one - two


def _call(function: str, arguments: tuple[Node, ...], columns: Mapping[str, Sql]) -> Sql:
    values = [_lower(argument, columns) for argument in arguments]
    match function:
        case "abs":
            return sa.func.abs(values[0])
        case "min":
            return _extreme(operator.le, values)
        case "max":
            return _extreme(operator.ge, values)
        case "coalesce":
            return sa.func.coalesce(*values)
        case "is_missing":
            return values[0].is_(None)
        case "days_between":
            return values[1] - values[0]
        case "hours" | "days":
            return _interval(timedelta(**{function: _whole(arguments[0])}))
        case "hour_of":
            return sa.cast(sa.extract("hour", values[0]), sa.BigInteger)
        case "weekday_of":
            return sa.cast(sa.extract("isodow", values[0]), sa.BigInteger)
    raise AssertionError(function)


def _extreme(keep: Callable[[Any, Any], Any], values: list[Sql]) -> Sql:
    """CASE rather than LEAST: engines disagree on LEAST with nulls; here a missing value makes the result missing."""
    best = values[0]
    for value in values[1:]:
        best = sa.case((best.is_(None), None), (value.is_(None), None), (keep(best, value), best), else_=value)
    return best


def _interval(length: timedelta) -> Sql:
    """Cast from text, because DuckDB's dialect writes a literal interval as a function that DuckDB does not have."""
    return sa.cast(sa.literal(f"{int(length.total_seconds())} seconds"), sa.Interval())


def _literal(node: Literal) -> Sql:
    plain = _plain(node)
    if isinstance(plain, Decimal):
        digits = -int(plain.as_tuple().exponent)
        return sa.literal(plain, sa.Numeric(38, digits))
    return sa.literal(plain)


def _plain(node: Literal) -> object:
    """A whole number as an integer, so that it does not widen what it is compared with."""
    if isinstance(node.value, Decimal) and node.value == node.value.to_integral_value():
        return int(node.value)
    return node.value


def _whole(node: Node) -> int:
    """The argument of hours(..) and days(..), which the parser has seen to be a plain number."""
    if isinstance(node, Literal) and isinstance(node.value, Decimal):
        return int(node.value)
    raise AssertionError(node)
