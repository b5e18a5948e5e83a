"""What a minute of work on an account is expected to bring: an estimate, by which work lists are ordered."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa

from allocation.strategies import Strategy


def per_minute(accounts: pa.Table, strategy: Strategy) -> Iterator[tuple[str, Decimal]]:
    """Of the rows of an allocation: expected recovery in the comparison currency, over the minutes of the segment.

    Two digits are kept: what nobody can tell apart is in the order of the account numbers.
    """
    minutes = {one.id: one.rule.handling_minutes or 1 for one in strategy.segments}
    worth = {currency: float(value) for currency, value in strategy.rule.currencies.items()}
    columns = (accounts[name].to_pylist() for name in ("account_id", "currency", "segment", "expected_recovery"))
    for account, currency, segment, expected in zip(*columns, strict=True):
        estimate = (expected or 0.0) * worth.get(currency, 0.0) / minutes.get(segment, 1)
        yield account, Decimal(f"{estimate:.2f}")
