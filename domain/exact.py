"""The compile gate: SQL sums, exactly, and only what has passed here is run.

A statement that divides, averages, touches a Float, multiplies without room, or leaves a sum or count
in whatever type the engine likes, is refused. DuckDB's `/` and `avg` are doubles; a bare SUM of integers is
HUGEINT, which Parquet writes as DOUBLE; DECIMAL(18,4) × DECIMAL(18,10) stays 18 digits wide and overflows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NewType

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, Cast, ColumnElement, Over
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import ExternallyTraversible

ExactSelect = NewType("ExactSelect", sa.Select[Any])

MONEY = sa.Numeric(18, 4)
MONEY_SUM = sa.Numeric(38, 4)
RATE = sa.Numeric(18, 10)
DEGREES = sa.Numeric(9, 6)
PRODUCT = sa.Numeric(38, 14)

_WIDE = 38
_AGGREGATES_THAT_WIDEN = {"sum", "count"}
_INEXACT = {"avg", "mean", "median", "stddev", "variance", "var_pop", "var_samp", "stddev_pop", "stddev_samp", "fsum",
            "quantile_cont", "percentile_cont", "exp", "ln", "log", "power", "pow", "sqrt", "random"}  # fmt: skip


class InexactStatementError(TypeError):
    """A statement that could lose a digit: a bug in what built it, never bad input."""


def exact(statement: sa.Select[Any]) -> ExactSelect:
    """The statement, fit to be run.

    Raises: InexactStatementError naming every place that is not exact.
    """
    found = tuple(dict.fromkeys(_faults(statement)))
    if found:
        raise InexactStatementError("; ".join(found))
    return ExactSelect(statement)


def count_rows(condition: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    """How many rows meet the condition, as BIGINT; 0 where none does."""
    counted = sa.func.count() if condition is None else sa.func.count(sa.case((condition, 1)))
    return sa.cast(counted, sa.BigInteger)


def count_distinct(column: ColumnElement[Any], condition: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    kept = column if condition is None else sa.case((condition, column))
    return sa.cast(sa.func.count(sa.distinct(kept)), sa.BigInteger)


def total(
    amount: ColumnElement[Any],
    condition: ColumnElement[bool] | None = None,
    *,
    as_type: sa.types.TypeEngine[Any] = MONEY_SUM,
) -> ColumnElement[Any]:
    """The sum over rows that meet the condition, in a declared type; NULL over no rows at all, else 0 or more terms."""
    kept = amount if condition is None else sa.case((condition, amount), else_=0)
    return sa.cast(sa.func.sum(kept), as_type)


def running_total(
    amount: ColumnElement[Any],
    *,
    partition_by: Any,
    order_by: Any = None,
) -> ColumnElement[Any]:
    """The sum of money over the rows of the partition: up to this one, in an order without ties, or over all."""
    rows = None if order_by is None else (None, 0)
    summed = sa.func.sum(amount).over(partition_by=partition_by, order_by=order_by, rows=rows)
    return sa.cast(summed, MONEY_SUM)


def product(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    """left × right with room for both: each factor is widened to 38 digits first."""
    wide = sa.cast(left, _widened(left)) * sa.cast(right, _widened(right))
    return sa.cast(wide, sa.Numeric(_WIDE, _scale(left) + _scale(right)))


def _widened(element: ColumnElement[Any]) -> sa.Numeric[Any]:
    return sa.Numeric(_WIDE, _scale(element))


def _scale(element: ColumnElement[Any]) -> int:
    return getattr(element.type, "scale", None) or 0


def _faults(statement: sa.Select[Any]) -> Iterator[str]:
    elements = _elements(statement)
    cast_children = {id(_aggregated(element.clause)) for element in elements if isinstance(element, Cast)}
    for element in elements:
        if isinstance(element, BinaryExpression):
            yield from _faults_of_operator(element)
        if isinstance(element, FunctionElement):
            yield from _faults_of_function(element, is_cast=id(element) in cast_children)
        if isinstance(getattr(element, "type", None), sa.Float | sa.Double):
            yield f"{element} is a floating-point number"


def _elements(statement: sa.Select[Any]) -> tuple[ExternallyTraversible, ...]:
    """Each element once. A step that two later ones read is reached by both, and what it reads by four."""
    found: dict[int, ExternallyTraversible] = {}
    waiting: list[ExternallyTraversible] = [statement]
    while waiting:
        element = waiting.pop()
        if id(element) not in found:
            found[id(element)] = element
            waiting.extend(element.get_children())
    return tuple(found.values())


def _aggregated(clause: ColumnElement[Any]) -> ColumnElement[Any]:
    """The aggregate behind a window."""
    return clause.element if isinstance(clause, Over) else clause


def _faults_of_operator(element: BinaryExpression[Any]) -> Iterator[str]:
    if element.operator in {operators.truediv, operators.floordiv, operators.mod}:
        yield f"{element} divides: SQL sums, Python divides"
    if element.operator is operators.mul and not (_is_wide(element.left) and _is_wide(element.right)):
        yield f"{element} multiplies without room: use product()"


def _is_wide(element: ColumnElement[Any]) -> bool:
    return isinstance(element, Cast) and getattr(element.type, "precision", None) == _WIDE


def _faults_of_function(element: FunctionElement[Any], *, is_cast: bool) -> Iterator[str]:
    name = str(getattr(element, "name", "")).lower()
    if name in _INEXACT:
        yield f"{element} is not exact: keep its sum and its count"
    if name in _AGGREGATES_THAT_WIDEN and not is_cast:
        yield f"{element} has no declared type: use total() or count_rows()"
