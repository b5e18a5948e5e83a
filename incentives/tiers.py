"""Tiered rates: which band a number has reached, and what each slice of an amount earns."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple, Protocol


class Boundary(StrEnum):
    """Whether a number exactly at a band's start has reached it; published plans differ, so policies say it."""

    AT = "at"
    ABOVE = "above"


class Start(Protocol):
    @property
    def start(self) -> Decimal: ...


class Rate(Start, Protocol):
    @property
    def rate(self) -> Decimal: ...


def reached(bands: Sequence[Start], number: Decimal, boundary: Boundary) -> int | None:
    """The index of the band that `number` has reached, or None below the first.

    Bands are contiguous: each ends where the next starts. A first band that starts at 0 has its start either way, for
    counting begins there; any other start is a threshold like those of the bands above it.
    """
    first = bands[0].start
    if number < first or (number == first != 0 and boundary is Boundary.ABOVE):
        return None
    for index in range(len(bands) - 1, 0, -1):
        start = bands[index].start
        if start < number or (start == number and boundary is Boundary.AT):
            return index
    return 0


class Slice(NamedTuple):
    """The part of an amount that falls into one band."""

    start: Decimal
    rate: Decimal
    amount: Decimal

    @property
    def earned(self) -> Decimal:
        return self.amount * self.rate


def slices(bands: Sequence[Rate], amount: Decimal) -> tuple[Slice, ...]:
    """The slices of `amount`, each at the rate of its band; they add up to the amount, and nothing is rounded.

    Units: amount and starts alike; a rate is a fraction, or money for each unit counted.
    The first band starts at 0. A negative amount is the mirror of the positive one, so that what is taken back earns
    the negative of what was earned. Source: the marginal reading of "10 % up to 100, then 20 %".
    """
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    found: list[Slice] = []
    for band, after in zip_longest(bands, bands[1:]):
        if size <= band.start:
            break
        end = size if after is None or size < after.start else after.start
        found.append(Slice(band.start, band.rate, sign * (end - band.start)))
    return tuple(found)


def marginal(bands: Sequence[Rate], amount: Decimal) -> Decimal:
    return sum((part.earned for part in slices(bands, amount)), Decimal(0))
