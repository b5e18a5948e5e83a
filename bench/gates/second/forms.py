"""What several of the second set's themes say in the same way: levels, nights, and a few statements."""

from __future__ import annotations

from decimal import Decimal

from bench.gates.kinds import ALL, FIVE, ONE_ROW, TWENTY, Occasion

A_NIGHT = (Occasion.MIDWEEK,)
CLAIMED = (Occasion.CLAIMS,)

ROW_TO_ALL = (ONE_ROW, TWENTY, ALL)
ROW_TO_FIFTH = (ONE_ROW, FIVE, TWENTY)
ROW_OR_ALL = (ONE_ROW, ALL)

ONE_OF_THEM, THREE, TEN, FORTY = Decimal(1), Decimal(3), Decimal(10), Decimal(40)


def money(sql: str) -> str:
    """An amount that stays an amount, whatever the arithmetic made of its type."""
    return f"CAST({sql} AS DECIMAL(18,4))"


def drawn(column: str, below: int) -> str:
    """A whole number from 0 that belongs to the value, the same in every table and on every machine."""
    return f"(CAST('0x' || left(md5({column}), 7) AS BIGINT) % {below})"
