"""What no allocation within a fairness band can bring more than: proven in whole numbers, whatever the prices.

Prices of expected value of a team may be moved together: what members pay and what they get then cancels out in every
allocation within the band, since each has about its part of the whole.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from allocation.problem import PARTS, Ints, proven_bound
from allocation.teams import Compared


def fair_bound(compared: Compared, band: int, prices: Ints, place: Ints) -> tuple[Ints, int]:
    """The prices, those of each team's members moved to where they prove most, and the bound at them.

    No allocation that keeps the band, or is outside it at no member by more than this one, and meets the minimums as
    far as this one does, brings more.
    """
    problem, first = compared.problem, compared.first
    moved, given = prices.copy(), compared.given(place)
    for number in range(len(compared.teams.names)):
        mine = np.flatnonzero(compared.teams.team == number)
        own = prices[first + mine]
        moved[first + mine] = own - _dearest(own.tolist(), _parts(compared, band, given, mine))
    limits = problem.limits
    nothing = np.append(limits.hi[:first], np.zeros(len(limits) - first, dtype=np.int64))
    bound = proven_bound(replace(problem, limits=replace(limits, hi=nothing)), moved, problem.used(place))
    shift = problem.measures[-1].shift
    paid_already = sum(
        price * amount for price, amount in zip(moved[first:].tolist(), compared.fixed.tolist(), strict=True)
    )
    return moved, bound - (paid_already >> shift)


def _parts(compared: Compared, band: int, given: Ints, mine: Ints) -> list[tuple[Fraction, Fraction]]:
    """The least and the largest part of the team's whole that each member may have: by the band, or as it has."""
    capacity, values = compared.teams.capacity[mine].tolist(), given[mine].tolist()
    whole, total = sum(capacity), sum(values)
    narrow, wide = Fraction(max(PARTS - band, 0), PARTS), Fraction(PARTS + band, PARTS)
    found = []
    for able, value in zip(capacity, values, strict=True):
        fair = Fraction(able, whole)
        has = Fraction(value, total) if total else fair
        found.append((min(fair * narrow, has), max(fair * wide, has)))
    return found


def _dearest(prices: list[int], parts: list[tuple[Fraction, Fraction]]) -> int:
    """The most that one unit of the team's whole can pay, shared out within the parts; rounded up.

    Everybody has the least; what is left goes to the dearest, as far as they may have it.
    """
    left = 1 - sum(least for least, _ in parts)
    paid = sum((price * least for price, (least, _) in zip(prices, parts, strict=True)), Fraction(0))
    for price, (least, most) in sorted(zip(prices, parts, strict=True), reverse=True):
        more = min(most - least, left)
        paid += price * more
        left -= more
    return -(-paid.numerator // paid.denominator)
