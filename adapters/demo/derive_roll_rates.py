"""How `roll_rates.py` was made: monthly moves between buckets, counted in the Taiwan cards and smoothed.

Run it as `python -m adapters.demo.derive_roll_rates cards.csv.gz`; it prints the rows of the constant. What is smoothed
and why stands in docs/demo-book.md.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from adapters.demo.roll_rates import PARTS, RollRate

_OLDEST_FIRST = ("X11", "X10", "X9", "X8", "X7", "X6")
_LAST_OBSERVED = 6  # most moves from code 7 stay there, and hardly anything is coded 8: the end of the scale


def derive(cards: Path) -> tuple[RollRate, ...]:
    """Rows for buckets 0 to 6 from the data, and one for 7 and over, halfway from row 6 to *everything rolls*."""
    counts = _count_moves(_histories(cards))
    weights = [sum(row.values(), Fraction(0)) for row in counts]
    cure = _rising([-_share(row, "cure") for row in counts], weights)
    roll = _rising([_share(row, "roll") for row in counts], weights)
    rows = [_row(-cure[u], roll[u], counts[u], u) for u in range(_LAST_OBSERVED + 1)]
    last = rows[-1]
    return (*rows, RollRate(7, last.cure // 2, last.improve // 2, last.stay // 2, PARTS - _halves(last)))


def _histories(cards: Path) -> Iterator[list[int]]:
    with gzip.open(cards, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield [max(0, int(row[column])) for column in _OLDEST_FIRST]


def _count_moves(histories: Iterable[list[int]]) -> list[dict[str, Fraction]]:
    counts = [dict.fromkeys(("cure", "improve", "stay", "roll"), Fraction(0)) for _ in range(_LAST_OBSERVED + 1)]
    for history in histories:
        for before, after in pairwise(history):
            if before <= _LAST_OBSERVED:
                counts[before][_kind(before, after)] += 1
    counts[1] = _between(counts[0], counts[2])
    return counts


def _kind(before: int, after: int) -> str:
    if after > before:
        return "roll"  # a jump over several buckets within a month is one bucket: nothing else fits the calendar
    if after == 0:
        return "cure"
    return "stay" if after == before else "improve"


def _between(low: dict[str, Fraction], high: dict[str, Fraction]) -> dict[str, Fraction]:
    """Row 1 has no observations of its own: the midpoint of its neighbours, with nothing to improve to but a cure."""
    middle = {kind: (_share(low, kind) + _share(high, kind)) / 2 for kind in low}
    return {**middle, "improve": Fraction(0), "stay": middle["stay"] + middle["improve"]}


def _share(row: dict[str, Fraction], kind: str) -> Fraction:
    return row[kind] / sum(row.values())


def _rising(values: Sequence[Fraction], weights: Sequence[Fraction]) -> list[Fraction]:
    """The closest sequence that never falls: neighbours that do are pooled by weight (pool adjacent violators)."""
    pools: list[tuple[Fraction, Fraction, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, low_weight, low_size), (high, high_weight, high_size) = pools[-2:]
            pooled = (low * low_weight + high * high_weight) / (low_weight + high_weight)
            pools[-2:] = [(pooled, low_weight + high_weight, low_size + high_size)]
    return [value for value, _, size in pools for _ in range(size)]


def _row(cure: Fraction, roll: Fraction, counts: dict[str, Fraction], bucket: int) -> RollRate:
    """What neither cures nor rolls divides into improving and staying as it was observed to."""
    settled = counts["improve"] + counts["stay"]
    if bucket == 0:
        return RollRate(0, PARTS - round(roll * PARTS), 0, 0, round(roll * PARTS))
    improve = round((1 - cure - roll) * counts["improve"] / settled * PARTS)
    cure_parts, roll_parts = round(cure * PARTS), round(roll * PARTS)
    return RollRate(bucket, cure_parts, improve, PARTS - cure_parts - improve - roll_parts, roll_parts)


def _halves(row: RollRate) -> int:
    return row.cure // 2 + row.improve // 2 + row.stay // 2


if __name__ == "__main__":
    for rate in derive(Path(sys.argv[1])):
        print(f"    {rate},")
