"""What the next band, point or row of a rule would bring to one payee, everything else being equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import NamedTuple

from domain.expressions.tree import Comparison, Literal, Reference
from domain.money import CONTEXT, minor_digits
from domain.records import PayoutLine, Unit
from domain.staff import Share
from incentives.policies import Input
from incentives.ready import ReadyColumn, ReadyPolicy
from incentives.rows import Row
from incentives.set_steps import Together
from incentives.steps import BANDED, Curve, DecisionTable, MarginalTiers
from incentives.tiers import Boundary
from incentives.trial import FULL_PERIOD, LONG_THERE, Given, try_together


class Reach(StrEnum):
    """Whether the start itself is enough, or must be passed upwards or downwards by the least unit."""

    AT = "at"
    ABOVE = "above"
    BELOW = "below"


class Unsaid(StrEnum):
    """Why nothing is promised."""

    TOGETHER = "together"
    PARTS = "parts"
    NOT_AGAIN = "not_again"


@dataclass(frozen=True, slots=True)
class Moved:
    """The input that carries a computed basis to the start: its value in the line, and the least one that does."""

    name: str
    at: Decimal
    to: Decimal


@dataclass(frozen=True, slots=True)
class NextStep:
    """`basis`, an input or a column, at `start` instead of `at` would pay `gain` more; `step` is the column that says
    so. Where the start must be passed, `gain` is that of the least unit beyond it."""

    step: str
    basis: str
    at: Decimal
    start: Decimal
    gain: Decimal
    reach: Reach = Reach.AT
    moved: Moved | None = None

    @property
    def distance(self) -> Decimal:
        return self.start - self.at


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is next, by step; or why it cannot be said."""

    steps: tuple[NextStep, ...] = ()
    unsaid: Unsaid | None = None


def outlook(policy: ReadyPolicy, line: PayoutLine) -> Outlook:
    """For each column with bands, points or rows over a number: the nearest of its starts that would pay more.

    The policy itself works it out, with the line's own inputs, days, month and tenure. Where the number is a column,
    one input that was measured is moved as little as carries the column there, with everything else that reads it. It
    is not said where what one gets depends on colleagues, where the line has several parts, or where its own amount
    does not come out again.
    """
    columns = tuple(_alone(policy))
    if not columns or columns[-1] is not policy.columns[-1]:
        return Outlook(unsaid=Unsaid.TOGETHER)
    tiered = [column for column in columns if isinstance(column.step, BANDED | Curve | DecisionTable)]
    if not tiered:
        return Outlook()
    if sum(step.kind == "policy" for step in line.steps) != 1:
        return Outlook(unsaid=Unsaid.PARTS)
    again = _again(replace(policy, columns=columns), line)
    if again is None:
        return Outlook(unsaid=Unsaid.NOT_AGAIN)
    found = (_nearest(again, column, basis) for column in tiered for basis in _bases(column))
    return Outlook(tuple(step for step in found if step is not None))


def _alone(policy: ReadyPolicy) -> Iterator[ReadyColumn]:
    """Columns that look at no colleague, and read none that does."""
    shared: set[str] = set()
    for column in policy.columns:
        if isinstance(column.step, Together) or shared.intersection(column.reads):
            shared.add(column.step.name)
        else:
            yield column


class _Side(StrEnum):
    """Whether a start belongs to what lies above it or below it; a point is reached from either side."""

    UPPER = "upper"
    LOWER = "lower"
    POINT = "point"


class _Cut(NamedTuple):
    """Where something begins on a basis: a number, or what a name came to."""

    basis: str
    start: Decimal | str
    side: _Side


class _Landing(NamedTuple):
    start: Decimal
    reach: Reach
    upwards: bool

    def passed(self, value: Decimal) -> bool:
        if self.reach is Reach.AT:
            return value >= self.start if self.upwards else value <= self.start
        return value > self.start if self.upwards else value < self.start

    def least(self, unit: Decimal) -> Decimal:
        """The first number that has passed, in steps of the unit."""
        if self.reach is Reach.AT:
            return self.start
        return self.start + (unit if self.upwards else -unit)


@dataclass(frozen=True, slots=True)
class _Again:
    """The line's calculation, to be done with another value of an input."""

    policy: ReadyPolicy
    given: Given
    month: int
    row: Row
    amount: Decimal

    def with_input(self, name: str, value: Decimal, columns: tuple[ReadyColumn, ...] = ()) -> Row | None:
        """`columns`: only those are computed."""
        policy = replace(self.policy, columns=columns) if columns else self.policy
        given = replace(self.given, inputs={**self.given.inputs, name: value})
        return try_together(policy, {"": given}, month=self.month)[""].row

    def unit_of(self, name: str) -> Decimal:
        """The least step of an input or column: a minor unit of money, one of a count; of ratios the ninth digit."""
        match self.policy.units[name]:
            case Unit.MONEY:
                return Decimal(1).scaleb(-minor_digits(self.policy.policy.currency))
            case Unit.COUNT:
                return Decimal(1)
            case _:
                return Decimal("1e-9")


def _again(policy: ReadyPolicy, line: PayoutLine) -> _Again | None:
    """None if the line's own amount does not come out."""
    inputs = {step.name: step.value for step in line.steps if step.kind == "input"}
    share = _share_of(line)
    if share is None or inputs.keys() != {*policy.policy.inputs}:
        return None
    given = Given(inputs, share, tenure_months=_tenure_of(line))
    month = int(line.origin_period.rpartition("-")[2])
    row = try_together(policy, {"": given}, month=month)[""].row
    return _Again(policy, given, month, row, line.amount) if row and row.amount == line.amount else None


def _nearest(again: _Again, column: ReadyColumn, basis: str) -> NextStep | None:
    at, unit = again.row.values[basis], again.unit_of(basis)
    is_input = basis in again.policy.policy.inputs
    for landing, cut in _landings(again, column, basis):
        moves = [Moved(basis, at, landing.least(unit))] if is_input else _moves(again, basis, landing)
        for move in moves:
            row = again.with_input(move.name, move.to)
            if (
                row
                and row.amount is not None
                and row.amount > again.amount
                and _holds(again, row, column, landing, cut)
            ):
                gain, moved = row.amount - again.amount, None if is_input else move
                return NextStep(column.step.name, basis, at, landing.start, gain, landing.reach, moved)
    return None


def _landings(again: _Again, column: ReadyColumn, basis: str) -> list[tuple[_Landing, _Cut]]:
    """What lies beyond each start, the nearest first."""
    at, unit = again.row.values[basis], again.unit_of(basis)
    found = [
        (_landing(at, start, cut.side), cut)
        for cut in _cuts(column)
        if cut.basis == basis and (start := _number(again.row, cut.start)) is not None
        if start != at or cut.side is not _Side.POINT
    ]
    return sorted(found, key=lambda each: (abs(each[0].least(unit) - at), each[0].reach is not Reach.AT, each[0].start))


def _landing(at: Decimal, start: Decimal, side: _Side) -> _Landing:
    """What lies beyond the start, seen from where the payee is."""
    upwards = at < start or (at == start and side is _Side.LOWER)
    inside = side is _Side.POINT or upwards == (side is _Side.UPPER)
    return _Landing(start, Reach.AT if inside else Reach.ABOVE if upwards else Reach.BELOW, upwards)


def _number(row: Row, start: Decimal | str) -> Decimal | None:
    return row.values.get(start) if isinstance(start, str) else start


def _holds(again: _Again, row: Row, column: ReadyColumn, landing: _Landing, cut: _Cut) -> bool:
    """Whether the start is still where it was, for a quota may itself follow from what is moved; and, where a row of a
    table asks for just this number, whether it is met and not jumped over."""
    start = _number(row, cut.start)
    asked = any(each.side is _Side.POINT and each.start == cut.start for each in _cuts(column))
    met = landing.reach is not Reach.AT or row.values[cut.basis] == start
    return start == _number(again.row, cut.start) and (met or not asked or isinstance(column.step, Curve))


def _moves(again: _Again, basis: str, landing: _Landing) -> list[Moved]:
    """The inputs that can carry a column there, one alone: first those that would have to be higher."""
    names = [column.step.name for column in again.policy.columns]
    columns = again.policy.columns[: names.index(basis) + 1]
    feeding = _feeding(columns, basis)
    measured = [name for name, source in again.policy.policy.inputs.items() if name in feeding and _is_measured(source)]
    found = (_least_move(again, name, columns, landing) for name in measured)
    return sorted((move for move in found if move is not None), key=lambda move: move.to < move.at)


def _feeding(columns: tuple[ReadyColumn, ...], basis: str) -> set[str]:
    feeding = {basis}
    for column in reversed(columns):
        if column.step.name in feeding:
            feeding.update(column.reads)
    return feeding


def _is_measured(source: Input) -> bool:
    """What was measured in the period might have been another number; days, facts and earlier periods might not."""
    return source.kpi is not None or source.scorecard is not None or source.lines is not None


_DOUBLINGS = 40


def _least_move(again: _Again, name: str, columns: tuple[ReadyColumn, ...], landing: _Landing) -> Moved | None:
    """The input as near to its own value as carries the last of the columns there; None if no value does.

    The value returned has been tried, and the one before it too, which does not suffice; so a column that rises and
    falls again costs the nearest, never the truth. Nothing that is not negative is made negative.
    """
    at, unit = again.row.values[name], again.unit_of(name)
    whole = int(max(abs(at), Decimal(1)) / unit)
    near = (at / unit).to_integral_value(ROUND_HALF_EVEN, CONTEXT) * unit

    for sign in (1, -1):

        def value(steps: int, sign: int = sign) -> Decimal | None:
            row = again.with_input(name, near + sign * steps * unit, columns)
            return row.amount if row else None

        sizes = [whole << doubling for doubling in range(_DOUBLINGS)] if sign > 0 or at < 0 else [whole]
        steps = _least_steps(value, sizes, landing)
        if steps is not None:
            return Moved(name, at, near + sign * steps * unit)
    return None


def _least_steps(value: Callable[[int], Decimal | None], sizes: list[int], landing: _Landing) -> int | None:
    """The fewest steps that pass: by a straight line between both ends, which most columns are, or else by halves."""

    def passes(steps: int) -> bool:
        found = value(steps)
        return found is not None and landing.passed(found)

    high = next((size for size in sizes if passes(size)), None)
    if high is None:
        return None
    low = 0
    start, end = value(low), value(high)
    if start is not None and end is not None and start != end:
        guess = int(CONTEXT.divide((landing.start - start) * high, end - start).to_integral_value(ROUND_HALF_EVEN))
        for steps in (guess, guess + 1):
            if 0 < steps <= high and passes(steps) and not passes(steps - 1):
                return steps
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


def _bases(column: ReadyColumn) -> tuple[str, ...]:
    return tuple(sorted({cut.basis for cut in _cuts(column)}))


def _cuts(column: ReadyColumn) -> Iterator[_Cut]:
    step = column.step
    if isinstance(step, BANDED):
        basis = step.of if isinstance(step, MarginalTiers) else step.basis
        for index, band in enumerate(step.bands):
            counts_from_zero = index == 0 and band.start == 0
            passed = step.boundary is Boundary.ABOVE and not counts_from_zero
            yield _Cut(basis, band.start, _Side.LOWER if passed else _Side.UPPER)
    elif isinstance(step, Curve):
        for point in step.points:
            yield _Cut(step.of, point.at, _Side.POINT)
    elif isinstance(step, DecisionTable):
        for expression in column.expressions:
            yield from _compared(expression.node)


_SIDES: Mapping[str, tuple[_Side, ...]] = {
    ">=": (_Side.UPPER,),
    "<": (_Side.UPPER,),
    ">": (_Side.LOWER,),
    "<=": (_Side.LOWER,),
    "==": tuple(_Side),
    "!=": tuple(_Side),
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _compared(node: object) -> Iterator[_Cut]:
    """Names with the numbers, or names, that they are compared to, anywhere in the expression."""
    if isinstance(node, Comparison):
        yield from _cuts_of(node.left, node.operator, node.right)
        yield from _cuts_of(node.right, _TURNED.get(node.operator, node.operator), node.left)
    children = [getattr(node, field.name) for field in fields(node)] if is_dataclass(node) else []
    for child in children:
        for each in child if isinstance(child, tuple) else (child,):
            yield from _compared(each)


def _cuts_of(basis: object, operator: str, start: object) -> Iterator[_Cut]:
    match basis, start:
        case Reference(name=name), Literal(value=Decimal() as number):
            yield from (_Cut(name, number, side) for side in _SIDES[operator])
        case Reference(name=name), Reference(name=other):
            yield from (_Cut(name, other, side) for side in _SIDES[operator])


def _tenure_of(line: PayoutLine) -> int:
    """The month of employment that a quota of the line counted."""
    months = (dict(step.inputs).get("month of employment") for step in line.steps if step.kind == "quota")
    return next((int(month) for month in months if month is not None), LONG_THERE)


def _share_of(line: PayoutLine) -> Share | None:
    """The days that every prorate column of the line counted; None if they differ."""
    found = set()
    for step in line.steps:
        values = dict(step.inputs)
        if step.kind == "prorate" and {"days", "days of the period"} <= values.keys():
            found.add(Share(Decimal(values["days"]), Decimal(values["days of the period"])))
    return FULL_PERIOD if not found else found.pop() if len(found) == 1 else None
