"""From a typed tree and named values to a value: Decimal arithmetic, and missing values as SQL has them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.expressions.parse import Expression
from domain.expressions.tree import (
    Arithmetic,
    Call,
    Comparison,
    Literal,
    Logic,
    Membership,
    Negation,
    Node,
    Not,
    Reference,
)
from domain.money import CONTEXT

Value = Decimal | str | bool | date | datetime | timedelta | None

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPUTE: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": CONTEXT.add,
    "-": CONTEXT.subtract,
    "*": CONTEXT.multiply,
}


_OF_NUMBERS: Mapping[str, Callable[..., Any]] = {"abs": CONTEXT.abs, "min": min, "max": max}


def evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    """The value of the expression; a missing operand, or a zero divisor, makes it missing: *no value*, never zero.

    >>> from domain.expressions.parse import Name, ExprType, parse
    >>> from domain.issues import Location
    >>> scope = {"kept": Name(ExprType.COUNT), "due": Name(ExprType.COUNT)}
    >>> rate, _ = parse("kept / due", scope, at=Location("a.yaml", 1, 1), division=True)
    >>> evaluate(rate, {"kept": Decimal(3), "due": Decimal(4)}), evaluate(rate, {"kept": Decimal(3), "due": Decimal(0)})
    (Decimal('0.75'), None)
    """
    result: Value = _value(expression.node, values)
    return result


def _value(node: Node, values: Mapping[str, Value]) -> Any:
    match node:
        case Literal(value):
            return value
        case Reference(name):
            return values[name]
        case Negation(operand):
            return _lift(CONTEXT.minus, _value(operand, values))
        case Not(operand):
            return _lift(operator.not_, _value(operand, values))
        case Logic(word, operands):
            return _logic(word, [_value(operand, values) for operand in operands])
        case Comparison(symbol, left, right):
            return _lift(_COMPARE[symbol], _value(left, values), _value(right, values))
        case Membership(operand, literals, negated):
            inside = _lift(lambda found: found in [literal.value for literal in literals], _value(operand, values))
            return (not inside) if negated and inside is not None else inside
        case Arithmetic(symbol, left, right):
            return _lift(_arithmetic(symbol), _value(left, values), _value(right, values))
        case Call(function, arguments):
            return _call(function, [_value(argument, values) for argument in arguments])


def _lift(function: Callable[..., Any], *operands: Any) -> Any:
    return None if any(operand is None for operand in operands) else function(*operands)


def _logic(word: str, operands: list[bool | None]) -> bool | None:
    decisive = word == "or"
    if decisive in operands:
        return decisive
    return None if None in operands else not decisive


def _arithmetic(symbol: str) -> Callable[[Any, Any], Any]:
    def compute(left: Any, right: Any) -> Any:
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            if symbol == "/":
                return CONTEXT.divide(left, right) if right else None
            return _COMPUTE[symbol](left, right)
        return _of_days(symbol, left, right)

    return compute


def _of_days(symbol: str, left: Any, right: Any) -> Any:
    if isinstance(right, date):
        return Decimal((left - right).days)
    step = right if isinstance(right, timedelta) else timedelta(days=int(right))
    return left + step if symbol == "+" else left - step


def _call(function: str, arguments: list[Any]) -> Any:
    match function:
        case "coalesce":
            return next((argument for argument in arguments if argument is not None), None)
        case "is_missing":
            return arguments[0] is None
        case "abs" | "min" | "max":
            return _lift(_OF_NUMBERS[function], *arguments)
        case "days_between":
            return _lift(lambda start, end: Decimal((end - start).days), *arguments)
        case "hours" | "days":
            return timedelta(**{function: int(arguments[0])})
        case "hour_of":
            return _lift(lambda time: Decimal(time.hour), *arguments)
        case "weekday_of":
            return _lift(lambda day: Decimal(day.isoweekday()), *arguments)
    raise AssertionError(function)
