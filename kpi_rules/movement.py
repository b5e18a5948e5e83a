"""Whether a share moved by more than chance, and where a month may end: estimates, said as such.

Tests are floats on purpose: nobody is paid by them. Shares that are compared are counts of accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from statistics import NormalDist

from domain.money import CONTEXT, Rounding, round_to

SURE = 0.95


@dataclass(frozen=True, slots=True)
class Counted:
    """`hits` of `of`."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        return self.hits / self.of if self.of else 0.0


def moved(before: Counted, now: Counted) -> float:
    """How many standard errors the share moved, by the pooled test of two shares; 0 where nothing can be said.

    >>> round(moved(Counted(50, 100), Counted(65, 100)), 2)
    2.15
    """
    if not before.of or not now.of:
        return 0.0
    pooled = Counted(before.hits + now.hits, before.of + now.of).share
    spread = sqrt(pooled * (1 - pooled) * (1 / before.of + 1 / now.of))
    return (now.share - before.share) / spread if spread else 0.0


def bar_for(comparisons: int) -> float:
    """The standard errors beyond which, of so many comparisons without any change, one is found in 1 week of 20.

    >>> round(bar_for(1), 2), round(bar_for(20), 2)
    (1.96, 3.02)
    """
    return NormalDist().inv_cdf(1 - (1 - SURE) / (2 * max(comparisons, 1)))


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
