"""The nodes of an expression after type-checking, and the types that they have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class ExprType(StrEnum):
    MONEY = "money"
    COUNT = "count"
    RATIO = "ratio"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    BOOL = "bool"
    TEXT = "text"
    NUMBER = "number"  # a literal that has not met a unit yet: fits money, count and ratio

    @property
    def is_numeric(self) -> bool:
        return self in {ExprType.MONEY, ExprType.COUNT, ExprType.RATIO, ExprType.NUMBER}


@dataclass(frozen=True, slots=True)
class Literal:
    value: Decimal | str | bool | date
    type: ExprType


@dataclass(frozen=True, slots=True)
class Reference:
    name: str
    type: ExprType


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Node
    type: ExprType


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: str  # + - * /
    left: Node
    right: Node
    type: ExprType


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str  # == != < <= > >=
    left: Node
    right: Node
    type: ExprType = ExprType.BOOL


@dataclass(frozen=True, slots=True)
class Membership:
    """`values` hold no nulls: `in` and `not in` mean the same in SQL and in Python."""

    operand: Node
    values: tuple[Literal, ...]
    negated: bool
    type: ExprType = ExprType.BOOL


@dataclass(frozen=True, slots=True)
class Logic:
    operator: str  # and, or
    operands: tuple[Node, ...]
    type: ExprType = ExprType.BOOL


@dataclass(frozen=True, slots=True)
class Not:
    operand: Node
    type: ExprType = ExprType.BOOL


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]
    type: ExprType


Node = Literal | Reference | Negation | Arithmetic | Comparison | Membership | Logic | Not | Call


def names_in(node: Node) -> frozenset[str]:
    match node:
        case Reference(name):
            return frozenset({name})
        case Literal():
            return frozenset()
        case Negation(operand) | Not(operand) | Membership(operand):
            return names_in(operand)
        case Arithmetic(_, left, right) | Comparison(_, left, right):
            return names_in(left) | names_in(right)
        case Logic(_, operands) | Call(_, operands):
            return frozenset().union(*(names_in(operand) for operand in operands))
