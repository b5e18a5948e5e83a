"""How far off chance alone may take a figure: shares of counts, shares that moved, and rates of groups dealt by lot.

Nobody is paid by any of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from statistics import NormalDist

from domain.money import CONTEXT

SURE = 0.95
Z = Decimal("1.96")  # 95 %: of twenty who are all alike, one falls outside by chance
FEWEST_CASES = 30  # with fewer there is an interval, and no verdict: sums of money are too lumpy even for that


def wilson(successes: int, cases: int) -> tuple[Decimal, Decimal]:
    """The interval of a share of counts (E. B. Wilson, 1927).

    >>> [str(round(bound, 4)) for bound in wilson(8, 10)]
    ['0.4902', '0.9433']
    """
    share, n, z2 = CONTEXT.divide(Decimal(successes), Decimal(cases)), Decimal(cases), Z * Z
    spread = Z * (share * (1 - share) / n + z2 / (4 * n * n)).sqrt(CONTEXT)
    below = 1 + z2 / n
    return max((share + z2 / (2 * n) - spread) / below, Decimal(0)), min(
        (share + z2 / (2 * n) + spread) / below, Decimal(1)
    )


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
class Cluster:
    """What came together into a group, such as all accounts of a debtor: sums of the rate's two parts over it, each row
    weighing 1 ÷ its probability of being there."""

    stratum: str
    numerator: Decimal
    denominator: Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate or a difference of rates, the variance that chance gives it, and of how many clusters it is."""

    value: Decimal
    variance: Decimal
    clusters: int

    @property
    def interval(self) -> tuple[Decimal, Decimal]:
        spread = Z * max(self.variance, Decimal(0)).sqrt(CONTEXT)
        return self.value - spread, self.value + spread

    def less(self, other: Estimate) -> Estimate:
        """The difference of two rates of different clusters; it is as sure as the smaller of them."""
        value, variance = self.value - other.value, self.variance + other.variance
        return Estimate(value, variance, min(self.clusters, other.clusters))


def rate_of(clusters: Iterable[Cluster]) -> Estimate | None:
    """Sum ÷ sum, with the variance between clusters within strata of the linearised ratio (Taylor); None over nothing.

    Strata of one cluster are taken together, for one alone does not scatter.

    >>> found = rate_of([Cluster("a", Decimal(paid), Decimal(10)) for paid in (0, 10, 5, 5)])
    >>> found.value, round(found.variance, 4)
    (Decimal('0.5'), Decimal('0.0417'))
    """
    every = tuple(clusters)
    whole = sum((each.denominator for each in every), Decimal(0))
    if whole <= 0:
        return None
    rate = CONTEXT.divide(sum((each.numerator for each in every), Decimal(0)), whole)
    residuals: dict[str, list[Decimal]] = defaultdict(list)
    for each in every:
        residuals[each.stratum].append(each.numerator - rate * each.denominator)
    alone = [found[0] for found in residuals.values() if len(found) == 1]
    groups = [found for found in residuals.values() if len(found) > 1]
    scatter = sum((_scatter(group) for group in (*groups, alone)), Decimal(0))
    return Estimate(rate, CONTEXT.divide(scatter, whole * whole), len(every))


def _scatter(residuals: Sequence[Decimal]) -> Decimal:
    """n ÷ (n − 1) × the squares around their mean; of a single one its square."""
    number = len(residuals)
    if number < 2:
        return sum((each * each for each in residuals), Decimal(0))
    mean = CONTEXT.divide(sum(residuals, Decimal(0)), Decimal(number))
    squares = sum(((each - mean) ** 2 for each in residuals), Decimal(0))
    return CONTEXT.divide(squares * number, Decimal(number - 1))
