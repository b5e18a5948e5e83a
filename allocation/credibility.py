"""How far what a cell has seen itself is believed, beside what the wider cell has seen: empirical Bayes, in floats.

The ratio of what was recovered to what was expected is looked at, cell by cell. A part of the cells' differences is
chance, which the squares of single accounts tell; what is left over is how much cells truly differ. The more they
differ, and the more a cell has seen, the more its own ratio weighs (Bühlmann and Straub, 1970).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import NamedTuple

MONTH_DAYS = 30.0

# With fewer cells than this beyond their parents, how much cells differ is not estimated: the stated weight holds.
FREEDOM_AT_LEAST = 5


class Experience(NamedTuple):
    """What was seen of a cell; `expected` is what the wider cell's rate promised, and the squares are sums over parts.

    `parts` are accounts, or parts of accounts that changed hands; `account_months` of thirty days each. It is a tuple,
    because there are as many as there are cells × owners.
    """

    parts: float = 0.0
    account_months: float = 0.0
    money_months: float = 0.0
    expected: float = 0.0
    recovered: float = 0.0
    expected_squared: float = 0.0
    expected_recovered: float = 0.0
    recovered_squared: float = 0.0

    def plus(self, other: Experience) -> Experience:
        return Experience(*map(add, self, other))

    def times(self, factor: float) -> Experience:
        """The same, where `factor` times as much is expected."""
        return Experience(
            self.parts,
            self.account_months,
            self.money_months,
            self.expected * factor,
            self.recovered,
            self.expected_squared * factor**2,
            self.expected_recovered * factor,
            self.recovered_squared,
        )

    def in_worth(self, worth: float) -> Experience:
        """The same money in another currency, of which one of this one's is worth so much."""
        return Experience(
            self.parts,
            self.account_months,
            self.money_months * worth,
            self.expected * worth,
            self.recovered * worth,
            self.expected_squared * worth**2,
            self.expected_recovered * worth**2,
            self.recovered_squared * worth**2,
        )

    @property
    def ratio(self) -> float | None:
        """Recovered ÷ expected; None where nothing was expected. Reversals beyond payments are nothing recovered."""
        return max(self.recovered, 0.0) / self.expected if self.expected > 0 else None

    @property
    def payers(self) -> float:
        """How many accounts' worth of money was expected to come: the size that chance goes by."""
        return self.account_months * self.expected / self.money_months if self.money_months > 0 else 0.0

    @property
    def noise(self) -> float:
        """The variance of the ratio × payers: about the same in every cell, so that it can be pooled."""
        ratio = self.recovered / self.expected
        squares = self.recovered_squared - 2 * ratio * self.expected_recovered + ratio**2 * self.expected_squared
        return max(squares, 0.0) * self.parts / (self.parts - 1) / self.expected**2 * self.payers


@dataclass(frozen=True, slots=True)
class Weights:
    """`between`: the variance of true ratios among cells; `within`: of one payer's worth by chance.

    Where `between` is None there are too few cells to tell, and `stated` account-months weigh as much as the parent.
    """

    between: float | None
    within: float
    stated: float

    def of(self, seen: Experience) -> float:
        """The own ratio's weight, from 0 to 1."""
        if self.between is None or seen.ratio is None:
            whole = seen.account_months + self.stated
            return seen.account_months / whole if whole > 0 else 0.0
        signal = seen.payers * self.between
        return signal / (signal + self.within) if signal > 0 else 0.0


def weights(cells: Sequence[tuple[Hashable, Experience]], stated: float) -> Weights:
    """From cells with their parents, siblings together; what each parent has seen is what its cells have."""
    seen = [(parent, one) for parent, one in cells if one.ratio is not None and one.payers > 0]
    families: defaultdict[Hashable, list[Experience]] = defaultdict(list)
    for parent, one in seen:
        families[parent].append(one)
    noisy = [one for _, one in seen if one.parts >= 2]
    size = sum(one.payers for one in noisy)
    within = sum(one.payers * one.noise for one in noisy) / size if size > 0 else 0.0
    freedom = len(seen) - len(families)
    if freedom < FREEDOM_AT_LEAST or size <= 0:
        return Weights(None, within, stated)
    return Weights(_between(families, within, freedom), within, stated)


def _between(families: Mapping[Hashable, Sequence[Experience]], within: float, freedom: int) -> float:
    """The spread of ratios around their families' means, less what chance alone would have made of it."""
    spread = room = 0.0
    for cells in families.values():
        size = sum(one.payers for one in cells)
        mean = sum(one.payers * (one.ratio or 0.0) for one in cells) / size
        spread += sum(one.payers * ((one.ratio or 0.0) - mean) ** 2 for one in cells)
        room += size - sum(one.payers**2 for one in cells) / size
    return max(spread - freedom * within, 0.0) / room if room > 0 else 0.0
