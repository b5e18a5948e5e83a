"""Which of several conditions, of which the first that holds counts, can never be the first: where that can be proved.

Conditions that compare single names with constants are told apart by finitely many values of each name: one for each
constant, and one between any two of them. So trying all of these is a proof, and no guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise, product
from math import floor, prod

from domain.expressions.evaluate import Value, evaluate
from domain.expressions.parse import Expression, Scope
from domain.expressions.tree import Comparison, ExprType, Literal, Logic, Membership, Negation, Node, Not, Reference

MOST_TRIED = 20_000  # combinations of values; beyond them nothing is said
ANOTHER = "another text than any that is named"


def never_first(conditions: Sequence[Expression | None], scope: Scope) -> tuple[int, ...]:
    """The places of conditions that never hold where none before them does; None holds always.

    A condition with arithmetic, dates or functions is taken to hold nowhere as far as later ones go, and everywhere as
    far as it goes itself: nothing is said that is not sure. What is unknown makes no condition true: it is not tried.
    """
    return tuple(index for index in range(len(conditions)) if _is_covered(conditions[:index], conditions[index], scope))


def _is_covered(before: Sequence[Expression | None], condition: Expression | None, scope: Scope) -> bool:
    if None in before:
        return True
    known = [each for each in before if each is not None and _is_plain(each.node)]
    mine = condition if condition is not None and _is_plain(condition.node) else None
    asked = [*known, mine] if mine else known
    values = _values([each.node for each in asked], scope)
    if not asked or prod(map(len, values.values())) > MOST_TRIED:
        return False
    return not any(_is_first(known, mine, row) for row in _rows(values))


def _is_first(before: Sequence[Expression], condition: Expression | None, row: Mapping[str, Value]) -> bool:
    holds = condition is None or evaluate(condition, row) is True
    return holds and not any(evaluate(each, row) is True for each in before)


def _rows(values: Mapping[str, Sequence[Value]]) -> Iterator[dict[str, Value]]:
    for row in product(*values.values()):
        yield dict(zip(values, row, strict=True))


def _is_plain(node: Node) -> bool:
    match node:
        case Logic(_, operands):
            return all(map(_is_plain, operands))
        case Not(operand):
            return _is_plain(operand)
        case Comparison(_, left, right):
            return {_is_name(left), _is_name(right)} == {True, False} and not {None} & {
                _constant(left),
                _constant(right),
            }
        case Membership(operand):
            return _is_name(operand)
        case _:
            return _is_name(node)


def _is_name(node: Node) -> bool:
    return isinstance(node, Reference) and node.type not in {ExprType.DATE, ExprType.TIME, ExprType.DURATION}


def _constant(node: Node) -> object:
    """The value of a constant; the name of a name; None of anything else."""
    match node:
        case Literal(value):
            return value
        case Negation(Literal(Decimal() as value)):
            return -value
        case Reference(name):
            return name
    return None


def _values(nodes: Sequence[Node], scope: Scope) -> dict[str, Sequence[Value]]:
    """Of each name enough values to tell the conditions apart."""
    constants: dict[str, set[object]] = {}
    for node in nodes:
        for name, found in _constants(node):
            constants.setdefault(name, set()).update(found)
    return {name: _of_name(scope[name].type, scope[name].codes, found) for name, found in sorted(constants.items())}


def _constants(node: Node) -> Iterator[tuple[str, list[object]]]:
    match node:
        case Logic(_, operands):
            for each in operands:
                yield from _constants(each)
        case Not(operand):
            yield from _constants(operand)
        case Comparison(_, Reference(name), other) | Comparison(_, other, Reference(name)):
            yield name, [_constant(other)]
        case Membership(Reference(name), values):
            yield name, [each.value for each in values]
        case Reference(name):
            yield name, []


def _of_name(kind: ExprType, codes: Sequence[str], constants: set[object]) -> Sequence[Value]:
    if kind is ExprType.BOOL:
        return (False, True)
    if kind is ExprType.TEXT:
        return tuple(codes) or (*sorted(map(str, constants)), ANOTHER)
    numbers = sorted(each for each in constants if isinstance(each, Decimal))
    if kind is ExprType.COUNT:
        return tuple(Decimal(each) for each in sorted({floor(one) + step for one in numbers for step in (-1, 0, 1)}))
    between = [(low + high) / 2 for low, high in pairwise(numbers)]
    return (numbers[0] - 1, *sorted((*numbers, *between)), numbers[-1] + 1)
