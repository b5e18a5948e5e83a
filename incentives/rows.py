"""One payee's row: every step of a policy in order, each a column that says what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from itertools import pairwise

from domain.expressions import evaluate
from domain.ids import canonical_decimal
from domain.money import CONTEXT, round_to
from domain.records import Step
from domain.staff import Share
from incentives.ready import ReadyColumn, ReadyPolicy
from incentives.steps import (
    Base,
    Cap,
    Curve,
    DecisionTable,
    Floor,
    Formula,
    Gate,
    MarginalTiers,
    Outside,
    Prorate,
    Round,
    SteppedTiers,
    WholeTiers,
)
from incentives.tiers import reached, slices


class Reason(StrEnum):
    """Why a payee is held: not paid now, and not dropped."""

    MISSING_INPUT = "missing_input"
    HALTED_INPUT = "halted_input"
    OTHER_CURRENCY = "other_currency"
    NO_VALUE = "no_value"
    NO_ROW = "no_row"
    SEVERAL_ROWS = "several_rows"
    OUT_OF_RANGE = "out_of_range"
    NO_CALENDAR = "no_calendar"
    SEVERAL_POLICIES = "several_policies"
    POSTINGS_OVERLAP = "postings_overlap"
    NOT_LAST_POSTING = "not_last_posting"


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a row ended without an amount, and why."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """The columns computed; `amount` in major units is the last of them, or None where the row stopped."""

    steps: tuple[Step, ...]
    amount: Decimal | None
    stop: Stop | None = None


ShareOf = Callable[[Prorate], Share | None]


def fill(policy: ReadyPolicy, inputs: Mapping[str, Decimal], share_of: ShareOf) -> Row:
    """The row of one payee: each step from `inputs` and the steps before it.

    Units: money in major units of the policy's currency. A step without a value ends the row: it is never taken as
    zero. Everything is computed in `money.CONTEXT`; only steps of kind round round.
    """
    values, steps = dict(inputs), []
    with localcontext(CONTEXT):
        for column in policy.columns:
            cell = _cell(column, values, share_of)
            steps.append(_step(column, cell, values))
            if cell.value is None:
                return Row(tuple(steps), None, Stop(cell.reason, f'step "{column.step.name}": {cell.note}'))
            values[column.step.name] = cell.value
    return Row(tuple(steps), cell.value)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A value and what made it beside the names read; without a value, `reason` and `note` say why."""

    value: Decimal | None
    note: str = ""
    made_from: tuple[tuple[str, Decimal], ...] = ()
    reason: Reason = Reason.NO_VALUE


def _step(column: ReadyColumn, cell: _Cell, values: Mapping[str, Decimal]) -> Step:
    read = tuple((name, canonical_decimal(values[name])) for name in column.reads)
    made_from = tuple((name, canonical_decimal(number)) for name, number in cell.made_from)
    shown = (*read, *column.stated, *made_from)
    return Step(column.step.name, column.step.kind, cell.value, shown, column.line, cell.note)


def _cell(column: ReadyColumn, values: Mapping[str, Decimal], share_of: ShareOf) -> _Cell:
    match column.step:
        case Base(value=value):
            return _Cell(_number(value, values))
        case Formula():
            return _formula(column, values)
        case MarginalTiers() as step:
            return _marginal(step, values[step.of])
        case WholeTiers() | SteppedTiers() as step:
            return _banded(step, values)
        case Curve() as step:
            return _on_curve(step, values[step.of])
        case DecisionTable() as step:
            return _in_table(step, column, values)
        case Gate() as step:
            return _gated(step, column, values)
        case _:
            return _bounded(column, values, share_of)


def _bounded(column: ReadyColumn, values: Mapping[str, Decimal], share_of: ShareOf) -> _Cell:
    match column.step:
        case Cap(of=of, at=at):
            most = _number(at, values)
            return _Cell(min(values[of], most), "capped" if values[of] > most else "")
        case Floor(of=of, at=at):
            least = _number(at, values)
            return _Cell(max(values[of], least), "raised" if values[of] < least else "")
        case Prorate(of=of) as step:
            return _prorated(values[of], share_of(step))
        case Round(of=of) as step:
            return _Cell(round_to(values[of], step.digits, step.rounding), f"{step.mode}, {step.digits} digits")
    raise AssertionError(column.step)


def _number(operand: Decimal | str, values: Mapping[str, Decimal]) -> Decimal:
    return values[operand] if isinstance(operand, str) else operand


def _formula(column: ReadyColumn, values: Mapping[str, Decimal]) -> _Cell:
    expression = column.expressions[0]
    value = evaluate(expression, values)
    if isinstance(value, Decimal):
        return _Cell(value, expression.text)
    return _Cell(None, f"{expression.text} has no value: a divisor is zero")


def _marginal(step: MarginalTiers, amount: Decimal) -> _Cell:
    if amount < 0:
        return _outside(step.below, f"{canonical_decimal(amount)} lies below zero")
    parts = slices(step.bands, amount)
    made_from = tuple((f"{canonical_decimal(part.amount)} at", part.rate) for part in parts)
    return _Cell(sum((part.earned for part in parts), Decimal(0)), "each slice at its own rate", made_from)


def _banded(step: WholeTiers | SteppedTiers, values: Mapping[str, Decimal]) -> _Cell:
    index = reached(step.bands, values[step.basis], step.boundary)
    if index is None:
        return _outside(step.below, f"{step.basis} {canonical_decimal(values[step.basis])} lies below the first band")
    made_from, note = (("from", step.bands[index].start),), f"band {index + 1} of {len(step.bands)}"
    if isinstance(step, SteppedTiers):
        return _Cell(step.bands[index].amount, note, made_from)
    rate = step.bands[index].rate
    return _Cell(values[step.of] * rate, note, (*made_from, ("rate", rate)))


def _on_curve(step: Curve, at: Decimal) -> _Cell:
    first, last = step.points[0], step.points[-1]
    if at < first.at and step.below is not Outside.FLAT:
        return _outside(step.below, f"{canonical_decimal(at)} lies below the first point")
    if at > last.at and step.above is Outside.HOLD:
        return _outside(step.above, f"{canonical_decimal(at)} lies above the last point")
    if at <= first.at:
        return _Cell(first.value, "first point")
    if at >= last.at and step.above is Outside.FLAT:
        return _Cell(last.value, "last point")
    low, high = next(((low, high) for low, high in pairwise(step.points) if at <= high.at), step.points[-2:])
    value = low.value + (at - low.at) * (high.value - low.value) / (high.at - low.at)
    return _Cell(value, f"between {canonical_decimal(low.at)} and {canonical_decimal(high.at)}")


def _in_table(step: DecisionTable, column: ReadyColumn, values: Mapping[str, Decimal]) -> _Cell:
    found = [evaluate(expression, values) for expression in column.expressions]
    hits = [index for index, holds in enumerate(found) if holds is True]
    if None in found:
        return _Cell(None, "a condition has no value: a divisor is zero")
    if len(hits) == 1:
        return _Cell(step.rows[hits[0]].value, step.rows[hits[0]].when)
    if not hits:
        return _Cell(None, "no row of the table holds", reason=Reason.NO_ROW)
    return _Cell(None, f"rows {_listed(hits)} of the table hold", reason=Reason.SEVERAL_ROWS)


def _gated(step: Gate, column: ReadyColumn, values: Mapping[str, Decimal]) -> _Cell:
    closed = evaluate(column.expressions[0], values)
    if closed is None:
        return _Cell(None, f"{step.when} has no value: a divisor is zero")
    if closed is True:
        return _Cell(values[step.of] * step.factor, f"closed: {step.when}")
    return _Cell(values[step.of], "open")


def _prorated(value: Decimal, share: Share | None) -> _Cell:
    if share is None:
        return _Cell(None, "the calendar has no working day of the period", reason=Reason.NO_CALENDAR)
    made_from = (("days", share.counted), ("days of the period", share.whole))
    return _Cell(value * share.counted / share.whole, "", made_from)


def _outside(treatment: Outside, note: str) -> _Cell:
    if treatment is Outside.ZERO:
        return _Cell(Decimal(0), note)
    return _Cell(None, note, reason=Reason.OUT_OF_RANGE)


def _listed(indexes: Iterable[int]) -> str:
    return ", ".join(str(index + 1) for index in indexes)
