"""Whether a share moved by more than chance, how sure a share is, and where a month may end: estimates, said as such.

Tests and intervals are floats on purpose: nobody is paid by them. Shares that are compared are counts of accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from statistics import NormalDist

from domain.money import CONTEXT, Rounding, round_to

SURE = 0.95
FEW = 30  # fewer accounts than this say little, and are marked


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
class Interval:
    low: float
    high: float


def interval(counted: Counted) -> Interval:
    """Where the share behind the count lies with 95 % (Wilson's interval, which holds for small numbers too).

    >>> shown = interval(Counted(1, 10))
    >>> round(shown.low, 3), round(shown.high, 3)
    (0.018, 0.404)
    """
    if not counted.of:
        return Interval(0.0, 1.0)
    z, n, p = NormalDist().inv_cdf((1 + SURE) / 2), counted.of, counted.share
    centre, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    return Interval(max(0.0, (centre - half) / whole), min(1.0, (centre + half) / whole))


@dataclass(frozen=True, slots=True)
class LeagueRow:
    """`actual` beside what was expected of the same accounts, with the interval of `actual`, from `n` accounts."""

    entity: str
    actual: float
    expected: float | None
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Place:
    """The places that the interval leaves open: best 1 and worst 1 is a sure first."""

    row: LeagueRow
    best: int
    worst: int

    @property
    def is_few(self) -> bool:
        return self.row.n < FEW


def league(rows: Sequence[LeagueRow]) -> tuple[Place, ...]:
    """Places by the share of what was expected, or by the share itself; only intervals that do not meet tell two apart.

    With an expectation an entity is compared by actual ÷ expected, and its interval is divided likewise.
    """
    scaled = {row.entity: _scaled(row) for row in rows}
    places = [_place(row, scaled) for row in rows]
    return tuple(sorted(places, key=lambda place: (-_value(place.row), place.row.entity)))


def _place(row: LeagueRow, scaled: Mapping[str, Interval]) -> Place:
    mine = scaled[row.entity]
    surely_better = sum(other.low > mine.high for other in scaled.values())
    surely_worse = sum(other.high < mine.low for other in scaled.values())
    return Place(row, 1 + surely_better, len(scaled) - surely_worse)


def _value(row: LeagueRow) -> float:
    return row.actual / row.expected if row.expected else row.actual


def _scaled(row: LeagueRow) -> Interval:
    by = row.expected or 1.0
    return Interval(row.low / by, row.high / by)


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
