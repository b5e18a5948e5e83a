"""The cells of a payee's row, step by step: what a step comes to, from the columns before it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from domain.expressions import Evaluator, evaluator
from domain.ids import canonical_decimal
from domain.money import CONTEXT, round_to, share_out
from domain.staff import Share
from incentives.banded import filled
from incentives.cell import Cell, Reason, Values, number, outside
from incentives.ready import ReadyColumn
from incentives.steps import (
    BANDED,
    Base,
    Cap,
    Curve,
    DecisionTable,
    Draw,
    Floor,
    Formula,
    Gate,
    Hit,
    Kicker,
    Outside,
    Penalty,
    Prorate,
    Quota,
    Round,
    Split,
)

ShareOf = Callable[[Prorate], Share | None]


class Around(NamedTuple):
    """What a row stands in: whose it is and where, the calendar month, the month of employment, and the days."""

    payee: str
    department: str
    team: str
    month: int
    tenure_months: int
    share_of: ShareOf

    @property
    def key(self) -> tuple[str, str, str]:
        return self.payee, self.department, self.team


Kernel = Callable[[Values, Around], Cell]


def kernel_of(column: ReadyColumn) -> Kernel:
    """The function that fills the column in a row, from the columns before it.

    Units: money in major units of the policy's currency. Everything is computed in `money.CONTEXT`; only steps that say
    so round.
    """
    step, evaluators = column.step, [evaluator(expression) for expression in column.expressions]
    if isinstance(step, BANDED):
        fill = filled(step, evaluators)
        return lambda values, _: fill(values)
    if isinstance(step, Curve | Round):
        return _curve(step) if isinstance(step, Curve) else _rounding(step)
    if type(step) in _BY_EXPRESSIONS:
        return partial(_BY_EXPRESSIONS[type(step)], step, evaluators)
    return partial(_BY_VALUES[type(step)], step)


def _base(step: Base, values: Values, _: Around) -> Cell:
    return Cell(number(step.value, values))


def _formula(step: Formula, evaluators: Sequence[Evaluator], values: Values, _: Around) -> Cell:
    value = evaluators[0](values)
    return Cell(value, step.expression) if value is not None else _without_divisor(step.expression)


def _curve(step: Curve) -> Kernel:
    """The points are looked up by halves; beyond the last one the last two carry on."""
    starts = [point.at for point in step.points]
    return partial(_on_curve, step, starts, len(starts) - 1)


def _on_curve(step: Curve, starts: Sequence[Decimal], most: int, values: Values, _: Around) -> Cell:
    at, first, last = values[step.of], step.points[0], step.points[-1]
    if at < first.at and step.below is not Outside.FLAT:
        return outside(step.below, f"{canonical_decimal(at)} lies below the first point")
    if at > last.at and step.above is Outside.HOLD:
        return outside(step.above, f"{canonical_decimal(at)} lies above the last point")
    if at <= first.at:
        return Cell(first.value, "first point")
    if at >= last.at and step.above is Outside.FLAT:
        return Cell(last.value, "last point")
    place = min(bisect_left(starts, at), most)
    low, high = step.points[place - 1], step.points[place]
    value = low.value + (at - low.at) * (high.value - low.value) / (high.at - low.at)
    return Cell(value, lambda: f"between {canonical_decimal(low.at)} and {canonical_decimal(high.at)}")


def _in_table(step: DecisionTable, evaluators: Sequence[Evaluator], values: Values, _: Around) -> Cell:
    found = [each(values) for each in evaluators]
    hits = [index for index, holds in enumerate(found) if holds is True]
    if None in found:
        return _without_divisor("a condition")
    if step.hit is Hit.SUM:
        whole = sum((step.rows[index].value for index in hits), Decimal(0))
        return Cell(whole, f"rows {_listed(hits)}" if hits else "no row holds")
    if len(hits) == 1 or (hits and step.hit is Hit.FIRST):
        return Cell(step.rows[hits[0]].value, step.rows[hits[0]].when)
    if not hits:
        return Cell(None, "no row of the table holds", reason=Reason.NO_ROW)
    return Cell(None, f"rows {_listed(hits)} of the table hold", reason=Reason.SEVERAL_ROWS)


def _gated(step: Gate, evaluators: Sequence[Evaluator], values: Values, _: Around) -> Cell:
    closed, value = evaluators[0](values), values[step.of]
    if closed is None:
        return _without_divisor(step.when)
    return Cell(value * step.factor, lambda: f"closed: {step.when}") if closed is True else Cell(value, "open")


def _kicked(step: Kicker, evaluators: Sequence[Evaluator], values: Values, _: Around) -> Cell:
    holds = evaluators[0](values)
    if holds is None:
        return _without_divisor(step.when)
    of, amount = values[step.of], number(step.amount, values)
    return Cell(of + amount, lambda: f"earned: {step.when}") if holds is True else Cell(of, "not earned")


def _penalised(step: Penalty, values: Values, _: Around) -> Cell:
    whole = number(step.each, values) * values[step.times]
    most = whole if step.at_most is None else number(step.at_most, values)
    taken = min(whole, most)
    return Cell(values[step.of] - taken, "at most" if taken < whole else "", (("taken", taken),))


def _quota(step: Quota, values: Values, around: Around) -> Cell:
    whole = number(step.value, values)
    share = next((each.share for each in step.ramp if around.tenure_months <= each.months), Decimal(1))
    season = step.seasons.get(around.month, Decimal(1))
    ramp = (("month of employment", Decimal(around.tenure_months)), ("ramp", share)) if step.ramp else ()
    seasons = (("season", season),) if step.seasons else ()
    return Cell(whole * share * season, "", (*ramp, *seasons))


def _part(step: Split, values: Values, _: Around) -> Cell:
    amount = values[step.of]
    units = amount.scaleb(step.digits, context=CONTEXT)
    if units != units.to_integral_value():
        return _not_in_units(step.of, amount, step.digits)
    parts = share_out(int(units), step.shares)
    return Cell(Decimal(parts[step.part]).scaleb(-step.digits), "", ((step.part, step.shares[step.part]),))


def _drawn(step: Draw, values: Values, _: Around) -> Cell:
    """What is earned above the draw pays back what is owed; what is missing to the draw is paid, and owed."""
    earned, draw, owed = values[step.of], number(step.draw, values), values[step.owed]
    paid_back = min(max(owed, Decimal(0)), max(earned - draw, Decimal(0)))
    advance = max(draw - earned, Decimal(0))
    value = earned + advance - paid_back if step.gives == "pay" else owed + advance - paid_back
    return Cell(value, "", (("advance", advance), ("paid back", paid_back)))


def _capped(step: Cap, values: Values, _: Around) -> Cell:
    value, most = values[step.of], number(step.at, values)
    return Cell(most, "capped") if value > most else Cell(value)


def _raised(step: Floor, values: Values, _: Around) -> Cell:
    value, least = values[step.of], number(step.at, values)
    return Cell(least, "raised") if value < least else Cell(value)


def _prorated(step: Prorate, values: Values, around: Around) -> Cell:
    value, share = values[step.of], around.share_of(step)
    if share is None:
        return Cell(None, "the calendar has no working day of the period", reason=Reason.NO_CALENDAR)
    made_from = (("days", share.counted), ("days of the period", share.whole))
    return Cell(value * share.counted / share.whole, "", made_from)


def _rounding(step: Round) -> Kernel:
    mode, note = step.rounding, f"{step.mode}, {step.digits} digits"
    return lambda values, _: Cell(round_to(values[step.of], step.digits, mode), note)


def _without_divisor(what: str) -> Cell:
    return Cell(None, f"{what} has no value: a divisor is zero")


def _not_in_units(name: str, amount: Decimal, digits: int) -> Cell:
    note = f"{name} {canonical_decimal(amount)} has more than {digits} digits after the point: round it first"
    return Cell(None, note, reason=Reason.NOT_IN_UNITS)


def _listed(indexes: Iterable[int]) -> str:
    return ", ".join(str(index + 1) for index in indexes)


_BY_EXPRESSIONS: Mapping[type, Callable[..., Cell]] = {
    Formula: _formula,
    DecisionTable: _in_table,
    Gate: _gated,
    Kicker: _kicked,
}
_BY_VALUES: Mapping[type, Callable[..., Cell]] = {
    Base: _base,
    Penalty: _penalised,
    Quota: _quota,
    Split: _part,
    Draw: _drawn,
    Cap: _capped,
    Floor: _raised,
    Prorate: _prorated,
}
