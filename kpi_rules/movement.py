"""Where a month may end, by its run rate and by the shape of past months: estimates, said as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.money import CONTEXT, Rounding, round_to


@dataclass(frozen=True, slots=True)
class Forecast:
    """The month's end by the run rate, and by the shape of past months: `low` and `high` are theirs, one by one."""

    by_days: Decimal | None
    by_shape: Decimal | None
    low: Decimal | None
    high: Decimal | None
    months: int


def forecast(so_far: Decimal, passed: Decimal, shares: Sequence[Decimal]) -> Forecast:
    """`passed` is the share of the month's working days that is over; `shares` what past months had by the same day.

    >>> made = forecast(Decimal(60), Decimal("0.5"), [Decimal("0.4"), Decimal("0.6")])
    >>> made.by_days, made.by_shape, made.low, made.high
    (Decimal('120'), Decimal('120'), Decimal('100'), Decimal('150'))
    """
    known = [share for share in shares if share > 0]
    ends = [_whole(CONTEXT.divide(so_far, share)) for share in known]
    mean = CONTEXT.divide(sum(known, Decimal(0)), Decimal(len(known))) if known else None
    return Forecast(
        by_days=_whole(CONTEXT.divide(so_far, passed)) if passed else None,
        by_shape=_whole(CONTEXT.divide(so_far, mean)) if mean else None,
        low=min(ends, default=None),
        high=max(ends, default=None),
        months=len(known),
    )


def _whole(amount: Decimal) -> Decimal:
    """An estimate has no digits after the point."""
    return round_to(amount, 0, Rounding.HALF_EVEN)
