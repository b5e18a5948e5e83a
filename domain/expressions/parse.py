"""From text to a typed tree, or to issues that point at the character."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

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
    names_in,
)
from domain.issues import Issue, Location
from domain.tables import Column, Type

MOST_CHARACTERS = 1_000
MOST_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Name:
    """What a name in a scope stands for; `codes` closes the texts that it can be compared with."""

    type: ExprType
    codes: tuple[str, ...] = ()


Scope = Mapping[str, Name]


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: its text, tree, type, and the names that it reads."""

    text: str
    node: Node
    type: ExprType
    names: frozenset[str]


def parse(
    text: str, scope: Scope, *, at: Location, expect: ExprType | None = None, division: bool = False
) -> tuple[Expression | None, tuple[Issue, ...]]:
    """The expression, or everything that is wrong with it.

    `division` is allowed in formulas over results, never in row conditions: SQL sums, Python divides.
    `at` is the place of the first character in its file.

    >>> scope = {"days_past_due": Name(ExprType.COUNT)}
    >>> parse("days_past_duo >= 30", scope, at=Location("a.yaml", 3, 9))[1][0].code
    'EXP003'
    """
    checker = _Checker(text.strip(), scope, at, division)
    try:
        node = checker.check(_python_tree(text), 0)
        checker.expect(node, expect)
    except _Refused as refused:
        return None, (refused.issue(at),)
    return Expression(text, node, node.type, names_in(node)), ()


def scope_of_columns(columns: Iterable[Column]) -> dict[str, Name]:
    return {column.name: Name(TYPES[column.type], column.codes) for column in columns}


TYPES: Mapping[Type, ExprType] = {
    Type.ID: ExprType.TEXT,
    Type.TEXT: ExprType.TEXT,
    Type.CODE: ExprType.TEXT,
    Type.COUNT: ExprType.COUNT,
    Type.MONEY: ExprType.MONEY,
    Type.RATE: ExprType.RATIO,
    Type.DEGREES: ExprType.RATIO,
    Type.DATE: ExprType.DATE,
    Type.INSTANT: ExprType.TIME,
    Type.WALL_TIME: ExprType.TIME,
    Type.BOOLEAN: ExprType.BOOL,
}

_COMPARISONS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_FUNCTIONS = ("abs", "min", "max", "is_missing", "coalesce", "days_between", "hours", "days", "hour_of", "weekday_of")

_M, _C, _R, _N = ExprType.MONEY, ExprType.COUNT, ExprType.RATIO, ExprType.NUMBER
_D, _T, _U = ExprType.DATE, ExprType.TIME, ExprType.DURATION

# (operator, left, right) → type; NUMBER has been given the other side's unit before the look-up.
_RESULTS: Mapping[tuple[str, ExprType, ExprType], ExprType] = {
    **{(operator, kind, kind): kind for operator in "+-" for kind in (_M, _C, _R, _N)},
    **{(operator, *pair): _R for operator in "+-" for pair in ((_C, _R), (_R, _C))},
    ("-", _D, _D): _C,
    **{(operator, _D, _C): _D for operator in "+-"},
    **{(operator, _D, _N): _D for operator in "+-"},
    **{(operator, _T, _U): _T for operator in "+-"},
    **{("*", kind, kind): kind for kind in (_C, _R, _N)},
    **{("*", *pair): _M for pair in ((_M, _C), (_M, _R), (_M, _N), (_C, _M), (_R, _M), (_N, _M))},
    **{("*", *pair): _R for pair in ((_C, _R), (_R, _C), (_R, _N), (_N, _R))},
    **{("*", *pair): _C for pair in ((_C, _N), (_N, _C))},
    **{("/", kind, kind): _R for kind in (_M, _C, _R)},
    ("/", _N, _N): _N,
    **{("/", _M, kind): _M for kind in (_C, _R, _N)},
    **{("/", *pair): _R for pair in ((_C, _R), (_R, _C), (_C, _N), (_R, _N), (_N, _C), (_N, _R))},
}


class _Refused(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, code: str, message: str, hint: str = "", node: ast.AST | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.node = code, message, hint, node

    def issue(self, at: Location) -> Issue:
        line, offset = getattr(self.node, "lineno", 1), getattr(self.node, "col_offset", 0)
        column = at.column + offset if line == 1 else offset + 1
        return Issue(self.code, replace(at, line=at.line + line - 1, column=column), self.message, self.hint)


def _python_tree(text: str) -> ast.expr:
    if len(text) > MOST_CHARACTERS:
        raise _Refused("EXP006", f"expression of {len(text)} characters; at most {MOST_CHARACTERS}")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise _no_expression(text.strip(), error) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _Refused("EXP001", f"not an expression: {error}") from None


def _no_expression(text: str, error: SyntaxError) -> _Refused:
    """What people often write otherwise, at its place; Python's own words and place for anything else."""
    outside = _TEXTS.sub(lambda quoted: "_" * len(quoted[0]), text)
    for pattern, found, hint in _WRITTEN_OTHERWISE:
        if match := re.search(pattern, outside):
            place = _place(
                1 + text.count("\n", 0, match.start()), match.start() - (text.rfind("\n", 0, match.start()) + 1)
            )
            return _Refused("EXP001", f"not an expression: {found.format(match[0].strip())}", hint, place)
    place = _place(error.lineno or 1, error.offset - 1 if error.offset else len(text))  # 0 says: at the end
    return _Refused("EXP001", f"not an expression: {error.msg}", "Write, say, days_past_due >= 30", place)


def _place(line: int, offset: int) -> ast.AST:
    return ast.Name("", lineno=line, col_offset=offset)


_TEXTS = re.compile(r"""\"[^"]*\"|'[^']*'""")

# What is common elsewhere, in spreadsheets, SQL and other languages, and how it is written here.
_WRITTEN_OTHERWISE: tuple[tuple[str, str, str], ...] = (
    (r"^\s*$", "it is empty", "Write a condition, or take the key out"),
    (r"[“”„‘’«»]", "{} is no quotation mark here", 'Write straight ones: "call"'),
    (r"[＝＜＞（）＋－＊／，]", "{} is a full-width sign", "Write the half-width one"),
    (r"<>|≠", "{} is written otherwise", "Write !="),
    (r"≥|=>", "{} is written otherwise", "Write >="),
    (r"≤|=<", "{} is written otherwise", "Write <="),
    (r"&&?|\b(AND|And)\b", "{} is written otherwise", "Write and"),
    (r"\|\|?|\b(OR|Or)\b", "{} is written otherwise", "Write or"),
    (r"\b(NOT|Not)\b|!(?!=)", "{} is written otherwise", "Write not"),
    (r"\b(IS|Is|is)\s+(NOT\s+|not\s+)?(NULL|null)\b", "{} is written otherwise", "Write is_missing(..)"),
    (r"(?i)\bbetween\b", "{} is written otherwise", "Write 1 <= name and name <= 9"),
    (r"(?i)\blike\b", "{} is no comparison here", 'Write == or in ["one", "another"]'),
    (r"\d{4}-\d\d?-\d\d?", "the date {} stands without quotes", 'Write it in quotes: "2026-01-31"'),
    (r"(?<=\d)\s*%", "{} is written otherwise", "Write per cent as a share: 0.6"),
    (r"(?<![=<>!])=(?!=)", "{} compares nothing", "Write == to compare"),
)


class _Checker:
    def __init__(self, text: str, scope: Scope, at: Location, division: bool) -> None:  # noqa: FBT001
        self._text, self._scope, self._at, self._division = text, scope, at, division

    def check(self, node: ast.expr, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise _Refused("EXP006", f"expression nested deeper than {MOST_DEPTH}", node=node)
        match node:
            case ast.Constant():
                return _literal(node, self._text)
            case ast.Name(id=name):
                return self._reference(name, node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self._of_type(operand, ExprType.BOOL, depth))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._negation(operand, depth)
            case ast.BinOp(op=operator) if type(operator) in _ARITHMETIC:
                return self._arithmetic(node, depth)
            case ast.BoolOp(op=operator, values=values):
                operands = tuple(self._of_type(value, ExprType.BOOL, depth) for value in values)
                return Logic("and" if isinstance(operator, ast.And) else "or", operands)
            case ast.Compare():
                return self._comparisons(node, depth)
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                return self._call(function, arguments, node, depth)
        raise _Refused(
            "EXP002",
            f"{_what(node)} is not allowed in an expression",
            "Allowed are names, numbers, texts, + - * /, comparisons, and, or, not, in [..] and the named functions",
            node,
        )

    def expect(self, node: Node, expected: ExprType | None) -> None:
        fits = expected in {None, node.type} or (node.type is _N and expected is not None and expected.is_numeric)
        if not fits:
            raise _Refused("EXP004", f"the expression is a {node.type}, expected a {expected}")

    def _reference(self, name: str, node: ast.expr) -> Node:
        if name not in self._scope:
            is_code = any(name in known.codes for known in self._scope.values())
            hint = f'Write a text in quotes: "{name}"' if is_code else suggestion(name, self._scope)
            raise _Refused("EXP003", f'unknown name "{name}"', hint, node)
        return Reference(name, self._scope[name].type)

    def _of_type(self, node: ast.expr, expected: ExprType, depth: int) -> Node:
        checked = self.check(node, depth + 1)
        if checked.type is not expected:
            raise _Refused("EXP004", f"found a {checked.type} where a {expected} is expected", node=node)
        return checked

    def _negation(self, node: ast.expr, depth: int) -> Node:
        operand = self.check(node, depth + 1)
        if not operand.type.is_numeric:
            raise _Refused("EXP004", f"a {operand.type} has no minus", node=node)
        if isinstance(operand, Literal) and isinstance(operand.value, Decimal):
            return Literal(-operand.value, operand.type)
        return Negation(operand, operand.type)

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Node:
        operator = _ARITHMETIC[type(node.op)]
        if operator == "/" and not self._division:
            raise _Refused(
                "EXP008",
                "rows are summed, not divided",
                "Define a ratio KPI, or divide in a formula over results",
                node,
            )
        left, right = self.check(node.left, depth + 1), self.check(node.right, depth + 1)
        if operator in "+-":
            left, right = _same_unit(left, right)
        result = _RESULTS.get((operator, left.type, right.type))
        if result is None:
            raise _Refused("EXP004", f"{left.type} {operator} {right.type} has no meaning", node=node)
        return Arithmetic(operator, left, right, result)

    def _comparisons(self, node: ast.Compare, depth: int) -> Node:
        lefts = [node.left, *node.comparators[:-1]]
        parts = [
            self._comparison(left, operator, right, depth)
            for left, operator, right in zip(lefts, node.ops, node.comparators, strict=True)
        ]
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts))

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr, depth: int) -> Node:
        if isinstance(operator, ast.In | ast.NotIn):
            return self._membership(left, right, isinstance(operator, ast.NotIn), depth)
        if type(operator) not in _COMPARISONS:
            raise _Refused("EXP002", "`is` is not allowed", "Write == or is_missing(..)", left)
        one, two = _same_unit(self.check(left, depth + 1), self.check(right, depth + 1))
        one, two = _as_date(one, two, left), _as_date(two, one, right)
        self._check_codes(one, two, right)
        self._check_codes(two, one, left)
        comparable = one.type is two.type or (
            one.type.is_numeric and two.type.is_numeric and _M not in {one.type, two.type}
        )
        if not comparable:
            raise _Refused("EXP004", f"a {one.type} cannot be compared with a {two.type}", node=right)
        return Comparison(_COMPARISONS[type(operator)], one, two)

    def _membership(self, left: ast.expr, right: ast.expr, negated: bool, depth: int) -> Node:  # noqa: FBT001
        if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
            raise _Refused("EXP002", "`in` needs a list that is not empty", 'Write product in ["card", "loan"]', right)
        operand = self.check(left, depth + 1)
        values = []
        for element in right.elts:
            value = _as_date(_same_unit(operand, self.check(element, depth + 1))[1], operand, element)
            if not isinstance(value, Literal) or value.type is not operand.type:
                raise _Refused("EXP004", f"a list beside a {operand.type} holds values of that kind only", node=element)
            self._check_codes(operand, value, element)
            values.append(value)
        return Membership(operand, tuple(values), negated)

    def _check_codes(self, name: Node, value: Node, node: ast.expr) -> None:
        if not isinstance(name, Reference) or not isinstance(value, Literal) or not isinstance(value.value, str):
            return
        codes = self._scope[name.name].codes
        if codes and value.value not in codes:
            raise _Refused("EXP007", f'{name.name} is never "{value.value}"', suggestion(value.value, codes), node)

    def _call(self, function: str, arguments: list[ast.expr], node: ast.expr, depth: int) -> Node:
        if function not in _FUNCTIONS:
            raise _Refused("EXP005", f'unknown function "{function}"', suggestion(function, _FUNCTIONS), node)
        checked = tuple(self.check(argument, depth + 1) for argument in arguments)
        if function in {"min", "max", "coalesce"}:
            checked = _all_same_unit(checked)
        result = _result_of_call(function, tuple(argument.type for argument in checked))
        if result is None:
            kinds = ", ".join(argument.type for argument in checked)
            raise _Refused("EXP004", f"{function}({kinds}) has no meaning", node=node)
        if function in {"hours", "days"} and not isinstance(checked[0], Literal):
            raise _Refused("EXP004", f"{function}(..) takes a plain number", node=node)
        return Call(function, checked, result)


def _result_of_call(function: str, kinds: tuple[ExprType, ...]) -> ExprType | None:
    match function, kinds:
        case "abs", (kind,) if kind.is_numeric:
            return kind
        case "min" | "max" | "coalesce", (kind, _, *_) if len(set(kinds)) == 1:
            return kind
        case "is_missing", (_,):
            return ExprType.BOOL
        case "days_between", (ExprType.DATE, ExprType.DATE):
            return ExprType.COUNT
        case "hours" | "days", (ExprType.NUMBER,):
            return ExprType.DURATION
        case "hour_of", (ExprType.TIME,):
            return ExprType.COUNT
        case "weekday_of", (ExprType.DATE,):
            return ExprType.COUNT
    return None


def suggestion(name: str, known: Iterable[str]) -> str:
    """The likeliest names that were meant, as a sentence.

    >>> suggestion("dpd_bucket", ["balance", "dpd_buckets"])
    'Did you mean "dpd_buckets"?'
    """
    names = sorted(known)
    if likely := likeliest(name, names):
        return f'Did you mean "{likely}"?'
    return f"Known are {', '.join(names[:20])}{' …' if len(names) > 20 else ''}" if names else ""


def likeliest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like it; empty if none is."""
    return next(iter(difflib.get_close_matches(name[:_LONGEST_NAME], sorted(known), n=1, cutoff=0.55)), "")


_LONGEST_NAME = 200


def _literal(node: ast.Constant, text: str) -> Node:
    """Numbers are read from the text itself: a float would round what has more than 15 digits."""
    match node.value:
        case bool(value):
            return Literal(value, ExprType.BOOL)
        case int(value):
            return Literal(_in_room(Decimal(value), node), ExprType.NUMBER)
        case float():
            written = (ast.get_source_segment(text, node) or "").replace("_", "")
            return Literal(_in_room(Decimal(written), node), ExprType.NUMBER)
        case str(value):
            return Literal(value, ExprType.TEXT)
    hint = "Write is_missing(..)" if node.value is None else ""
    raise _Refused("EXP002", f"{node.value!r} is not allowed in an expression", hint, node)


def _in_room(number: Decimal, node: ast.Constant) -> Decimal:
    """SQL has room for so many digits, before and behind the point together."""
    exponent = number.as_tuple().exponent
    digits = max(number.adjusted() + 1, 0) + max(-exponent if isinstance(exponent, int) else 0, 0)
    if digits > _MOST_DIGITS:
        raise _Refused("EXP006", f"a number of {digits} digits; at most {_MOST_DIGITS}", node=node)
    return Decimal(f"{number:f}")


_MOST_DIGITS = 38


def _same_unit(left: Node, right: Node) -> tuple[Node, Node]:
    return _with_unit_of(right, left), _with_unit_of(left, right)


def _with_unit_of(other: Node, node: Node) -> Node:
    if node.type is _N and other.type in {_M, _C, _R} and isinstance(node, Literal):
        return replace(node, type=other.type)
    return node


def _all_same_unit(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    united = next((node for node in nodes if node.type is not _N), None)
    return nodes if united is None else tuple(_with_unit_of(united, node) for node in nodes)


def _as_date(node: Node, other: Node, place: ast.expr) -> Node:
    if other.type is not _D or not isinstance(node, Literal) or not isinstance(node.value, str):
        return node
    try:
        return Literal(date.fromisoformat(node.value), _D)
    except ValueError:
        raise _Refused("EXP004", f'"{node.value}" is no date', "Write year-month-day: 2026-10-31", place) from None


def _what(node: ast.expr) -> str:
    names: Iterator[str] = (
        text
        for kind, text in (
            (ast.Attribute, "a dot"),
            (ast.Subscript, "an index"),
            (ast.Lambda, "a lambda"),
            (ast.Call, "this call"),
            (ast.IfExp, "if/else"),
        )
        if isinstance(node, kind)
    )
    return next(names, type(node).__name__)
