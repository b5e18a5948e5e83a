"""Money: exact amounts, minor units, and rounding at named steps only."""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from functools import lru_cache

# Money is computed with 50 digits, and anything inexact that would pass them is an error, not a smaller number.
CONTEXT = decimal.Context(prec=50, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow])

# ISO 4217, with the minor units that are in use rather than those that are on paper.
MINOR_DIGITS: Mapping[str, int] = {
    "CNY": 2,
    "EUR": 2,
    "IDR": 0,
    "INR": 2,
    "JOD": 3,
    "JPY": 0,
    "TWD": 0,
    "USD": 2,
    "VND": 0,
}


class Rounding(Enum):
    """How a number between two steps is rounded; policies state it, nothing assumes it."""

    HALF_UP = decimal.ROUND_HALF_UP
    HALF_EVEN = decimal.ROUND_HALF_EVEN
    DOWN = decimal.ROUND_DOWN
    UP = decimal.ROUND_UP


def minor_digits(currency: str) -> int:
    """Digits after the point of the smallest amount that can be paid.

    Raises: ValueError for a currency that is not in the table.
    """
    try:
        return MINOR_DIGITS[currency]
    except KeyError:
        raise ValueError(f"unknown currency {currency!r}; known are {', '.join(MINOR_DIGITS)}") from None


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in minor units; it must be payable exactly, for rounding is a step of its own.

    Raises: ValueError if the amount has digits below the minor unit.

    >>> to_minor(Decimal("12.30"), "CNY"), to_minor(Decimal(1500), "VND")
    (1230, 1500)
    """
    scaled = amount.scaleb(minor_digits(currency), context=CONTEXT)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency} is not a whole number of minor units: round it first, at a named step")
    return int(scaled)


def from_minor(minor: int, currency: str) -> Decimal:
    """The amount in major units.

    >>> from_minor(1230, "CNY")
    Decimal('12.30')
    """
    return Decimal(minor).scaleb(-minor_digits(currency), context=CONTEXT)


def round_to(number: Decimal, digits: int, mode: Rounding) -> Decimal:
    """`number` with `digits` digits after the point (negative: whole tens, hundreds …).

    >>> round_to(Decimal("1234.5"), 0, Rounding.HALF_UP), round_to(Decimal(1250), -2, Rounding.HALF_EVEN)
    (Decimal('1235'), Decimal('1.2E+3'))
    """
    return number.quantize(unit_of(digits), rounding=mode.value, context=CONTEXT)


@lru_cache(maxsize=64)
def unit_of(digits: int) -> Decimal:
    """One of the last of so many digits after the point: 0.01 for two."""
    return Decimal(1).scaleb(-digits)


def share_out(total: int, weights: Mapping[str, Decimal]) -> dict[str, int]:
    """Whole units of `total` by weight; the shares sum to the total (largest remainder, ties by id).

    Units: whatever `total` counts, commonly minor units. Signs: a negative total is the mirror of the positive one.
    Raises: ValueError if a weight is negative or all of them are zero.

    >>> share_out(100, {"a": Decimal(1), "b": Decimal(1), "c": Decimal(1)})
    {'a': 34, 'b': 33, 'c': 33}
    """
    whole = sum(weights.values(), Decimal(0))
    if whole <= 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("shares need weights of zero or more, and at least one above zero")
    floors = {key: int(CONTEXT.divide_int(abs(total) * weight, whole)) for key, weight in weights.items()}
    left = abs(total) - sum(floors.values())
    remainders = {key: CONTEXT.remainder(abs(total) * weight, whole) for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: (-remainders[key], key))
    sign = -1 if total < 0 else 1
    return {key: sign * (floors[key] + (key in by_remainder[:left])) for key in weights}
