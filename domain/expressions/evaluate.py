"""From a typed tree and named values to a value: Decimal arithmetic, and missing values as SQL has them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast

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
from domain.money import CONTEXT

Value = Decimal | str | bool | date | datetime | timedelta | None
Evaluator = Callable[[Mapping[str, Value]], Any]

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
    result: Value = evaluator(expression)(values)
    return result


def evaluator(expression: Expression) -> Evaluator:
    """The expression made ready to be evaluated many times."""
    return _made(expression.node)


def _made(node: Node) -> Evaluator:
    match node:
        case Literal(value):
            return lambda _: value
        case Reference(name):
            return operator.itemgetter(name)
        case Negation(operand):
            return _lifted(CONTEXT.minus, _made(operand))
        case Not(operand):
            return _lifted(operator.not_, _made(operand))
        case Logic(word, operands):
            return _logic([_made(operand) for operand in operands], decisive=word == "or")
        case Comparison(symbol, left, right):
            return _lifted_pair(_COMPARE[symbol], _made(left), _made(right))
        case Membership(operand, literals, negated):
            return _membership(_made(operand), [literal.value for literal in literals], negated=negated)
        case Arithmetic(symbol, left, right):
            return _lifted_pair(_arithmetic(symbol, left.type), _made(left), _made(right))
        case Call(function, arguments):
            return _call(function, [_made(argument) for argument in arguments])


def _lifted(function: Callable[..., Any], *operands: Evaluator) -> Evaluator:
    """A function of values that all have to be there."""

    def lifted(values: Mapping[str, Value]) -> Any:
        found = [operand(values) for operand in operands]
        return None if any(each is None for each in found) else function(*found)

    return lifted


def _lifted_pair(function: Callable[[Any, Any], Any], left: Evaluator, right: Evaluator) -> Evaluator:
    """The same of two, which is what nearly all of them are."""

    def lifted(values: Mapping[str, Value]) -> Any:
        one, other = left(values), right(values)
        return None if one is None or other is None else function(one, other)

    return lifted


def _logic(operands: list[Evaluator], *, decisive: bool) -> Evaluator:
    """One decisive operand decides, even beside a missing one, as in SQL."""

    def logic(values: Mapping[str, Value]) -> Any:
        found = [operand(values) for operand in operands]
        if decisive in found:
            return decisive
        return None if None in found else not decisive

    return logic


def _membership(operand: Evaluator, among: list[Any], *, negated: bool) -> Evaluator:
    return _lifted((lambda found: found not in among) if negated else (lambda found: found in among), operand)


def _arithmetic(symbol: str, of: ExprType) -> Callable[[Any, Any], Any]:
    if symbol == "/":
        return lambda left, right: CONTEXT.divide(left, right) if right else None
    if of.is_numeric:
        return _COMPUTE[symbol]
    return partial(_of_days, symbol)


def _of_days(symbol: str, left: Any, right: Any) -> Any:
    if isinstance(right, date):
        return Decimal((left - right).days)
    step = right if isinstance(right, timedelta) else timedelta(days=int(right))
    return left + step if symbol == "+" else left - step


def _call(function: str, arguments: list[Evaluator]) -> Evaluator:
    match function:
        case "coalesce":
            return lambda values: next(
                (found for argument in arguments if (found := argument(values)) is not None), None
            )
        case "is_missing":
            return lambda values: arguments[0](values) is None
        case "abs" | "min" | "max":
            return _lifted(_OF_NUMBERS[function], *arguments)
        case "days_between":
            return _lifted(lambda start, end: Decimal((end - start).days), *arguments)
        case "hours" | "days":
            return lambda values: timedelta(**{function: int(cast("Decimal", arguments[0](values)))})
        case "hour_of":
            return _lifted(lambda time: Decimal(time.hour), *arguments)
        case "weekday_of":
            return _lifted(lambda day: Decimal(day.isoweekday()), *arguments)
    raise AssertionError(function)
