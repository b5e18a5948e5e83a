"""What partners have and may have by their quotas and by their shares of segments: for people who decide otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from allocation.destinations import Destination
from allocation.limits import amounts_counted, bounds_of_quota, shares_of_segments
from allocation.problem import NO_MAXIMUM, Ints
from allocation.rows import MISSING, Book
from allocation.strategies import Strategy


@dataclass(frozen=True, slots=True)
class PartnerLimit:
    """At least `least` and at most `most` of what is counted, and `used` of it now: accounts of `segments` (all where
    there are none) at the partner, or at any of them where `partner` is empty; or their balances in whole units of the
    comparison currency."""

    name: str
    least: int
    most: int
    used: int
    partner: str = ""
    segments: frozenset[str] = frozenset()
    by_balance: bool = False

    def counts(self, owner: str, row: Mapping[str, Any], strategy: Strategy) -> int:
        """What an account of the book counts for, if it is this owner's."""
        kind, _, name = owner.partition(":")
        if kind != "partner" or self.partner not in {"", name}:
            return 0
        if self.segments and row["segment"] not in self.segments:
            return 0
        if not self.by_balance:
            return 1
        return max(round(Decimal(row["balance"]) * strategy.rule.currencies.get(row["currency"], Decimal(0))), 0)

    def broken_by(self, more: int) -> str:
        """What is wrong if so much more would be counted; empty where nothing is, or it was as wrong before."""
        after = self.used + more
        if more > 0 and after > self.most:
            return f"would come to {after:,}, and {self.most:,} is the most"
        return (
            f"would be left with {after:,}, and {self.least:,} is the least" if more < 0 and after < self.least else ""
        )


def partner_limits(book: Book, destinations: Sequence[Destination], strategy: Strategy) -> tuple[PartnerLimit, ...]:
    """Every quota, and every segment's share, as the present owners use them; running placements count."""
    owner = np.where(book.is_fixed & (book.fixed_to != MISSING), book.fixed_to, book.owner)
    owner[~(book.is_free | book.is_fixed)] = MISSING
    is_partner = np.array([*(end.is_partner for end in destinations), False])[owner]
    return (*_of_segments(book, strategy, is_partner), *_of_quotas(book, destinations, strategy, owner))


def _of_segments(book: Book, strategy: Strategy, is_partner: np.ndarray) -> Iterator[PartnerLimit]:
    for number, (name, most) in enumerate(shares_of_segments(book, strategy)):
        segment = strategy.segments[number]
        if segment.rule.partners is not None:
            used = int((is_partner & (book.segment == number)).sum())
            yield PartnerLimit(name, 0, most, used, segments=frozenset({segment.id}))


def _of_quotas(
    book: Book, destinations: Sequence[Destination], strategy: Strategy, owner: Ints
) -> Iterator[PartnerLimit]:
    number = {end.key: position for position, end in enumerate(destinations)}
    for quota in strategy.rule.quotas:
        least, most = bounds_of_quota(quota, book, strategy)
        mine = owner == number.get(f"partner:{quota.partner}", len(destinations))
        used = int(amounts_counted(quota, book, strategy)[mine].sum())
        yield PartnerLimit(
            quota.name, least, NO_MAXIMUM if most is None else most, used, quota.partner, frozenset(quota.segments),
            quota.by == "balance",
        )  # fmt: skip
