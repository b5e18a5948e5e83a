"""What the next band, point or row of a rule would bring to one payee, everything else being equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal

from domain.expressions.tree import Comparison, Literal, Reference
from domain.records import PayoutLine
from domain.staff import Share
from incentives.ready import ReadyPolicy
from incentives.set_steps import Together
from incentives.trial import FULL_PERIOD, try_policy


@dataclass(frozen=True, slots=True)
class NextStep:
    """`basis`, an input, at `start` instead of `at` would pay `gain` more; `step` is the column that says so."""

    step: str
    basis: str
    at: Decimal
    start: Decimal
    gain: Decimal

    @property
    def distance(self) -> Decimal:
        return self.start - self.at


def next_steps(policy: ReadyPolicy, line: PayoutLine) -> tuple[NextStep, ...]:
    """For each column with bands, points or rows over an input: the nearest of its starts that would pay more.

    It is worked out by the policy itself, with the line's own inputs and days. There is none where that cannot be done
    exactly: if a column looks at several payees, if the line has several parts, if its own amount does not come out
    again, if a start has only to be passed and not reached, or if what is banded is no input.
    """
    if any(isinstance(column.step, Together) for column in policy.columns):
        return ()
    inputs = {step.name: step.value for step in line.steps if step.kind == "input"}
    share = _share_of(line)
    if (
        share is None
        or sum(step.kind == "policy" for step in line.steps) != 1
        or inputs.keys() != {*policy.policy.inputs}
    ):
        return ()
    if _amount(policy, inputs, share) != line.amount:
        return ()
    found = (_nearest(policy, line, inputs, share, *each) for each in _starts(policy, line))
    return tuple(step for step in found if step is not None)


def _nearest(
    policy: ReadyPolicy,
    line: PayoutLine,
    inputs: Mapping[str, Decimal | None],
    share: Share,
    step: str,
    basis: str,
    starts: tuple[Decimal, ...],
) -> NextStep | None:
    at = inputs[basis]
    if at is None:
        return None
    for start in sorted(starts, key=lambda start: (abs(start - at), start)):
        amount = _amount(policy, {**inputs, basis: start}, share)
        if amount is not None and amount > line.amount:
            return NextStep(step, basis, at, start, amount - line.amount)
    return None


def _amount(policy: ReadyPolicy, inputs: Mapping[str, Decimal | None], share: Share) -> Decimal | None:
    row = try_policy(policy, inputs, share=share).row
    return row.amount if row else None


def _starts(policy: ReadyPolicy, line: PayoutLine) -> Iterator[tuple[str, str, tuple[Decimal, ...]]]:
    """Columns with the input that decides, and where something begins on it: a number, or what a name came to in the
    line. Of kinds that are not known here: where they have bands or points like the others."""
    inputs, values = policy.policy.inputs, {step.name: step.value for step in line.steps}
    for column in policy.columns:
        step, name = column.step, column.step.name
        basis = getattr(step, "basis", None) or getattr(step, "of", None)
        if basis in inputs and getattr(step, "boundary", None) != "above":
            stated = (getattr(place, "start", None) for place in getattr(step, "bands", ()))
            starts = (values.get(start) if isinstance(start, str) else start for start in stated)
            points = (getattr(place, "at", None) for place in getattr(step, "points", ()))
            yield name, basis, tuple(start for start in (*starts, *points) if isinstance(start, Decimal))
        elif step.kind == "table":
            compared = [each for expression in column.expressions for each in _comparisons(expression.node)]
            for basis in sorted({reference for reference, _ in compared} & {*inputs}):
                yield name, basis, tuple(literal for reference, literal in compared if reference == basis)


def _comparisons(node: object) -> Iterator[tuple[str, Decimal]]:
    """Names with the numbers that they are compared to, anywhere in the expression."""
    if isinstance(node, Comparison):
        match node.left, node.right:
            case (Reference(name=name), Literal(value=Decimal() as number)) | (
                Literal(value=Decimal() as number),
                Reference(name=name),
            ):
                yield name, number
    children = [getattr(node, field.name) for field in fields(node)] if is_dataclass(node) else []
    for child in children:
        for each in child if isinstance(child, tuple) else (child,):
            yield from _comparisons(each)


def _share_of(line: PayoutLine) -> Share | None:
    """The days that every prorate column of the line counted; None if they differ."""
    found = set()
    for step in line.steps:
        values = dict(step.inputs)
        if step.kind == "prorate" and {"days", "days of the period"} <= values.keys():
            found.add(Share(Decimal(values["days"]), Decimal(values["days of the period"])))
    return FULL_PERIOD if not found else found.pop() if len(found) == 1 else None
