"""Accounts whose owner people have decided, by override or handover: the solver works around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from allocation.destinations import Destination
from allocation.problem import Ints

NOT_PINNED = -1


@dataclass(frozen=True, slots=True)
class Pin:
    """`owner` is a destination's key, such as employee:E7; `reason` names the decision, such as override:12."""

    owner: str
    reason: str


Pins = Mapping[str, Pin]  # by account id


def pinned_rows(
    accounts: pa.ChunkedArray, destinations: Sequence[Destination], pins: Pins
) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Of each account the number of the destination to which it is pinned, or NOT_PINNED, and that of the reason.

    A pin to somebody who is no destination today (left, away for long) does not hold: the account is free.
    """
    number = {one.key: index for index, one in enumerate(destinations)}
    reasons = tuple(sorted({pin.reason for pin in pins.values()}))
    code = {reason: index for index, reason in enumerate(reasons)}
    places: Ints = np.full(len(accounts), NOT_PINNED, dtype=np.int64)
    codes: Ints = np.full(len(accounts), NOT_PINNED, dtype=np.int64)
    if pins:
        for row, account in enumerate(accounts.to_pylist()):
            pin = pins.get(account)
            if pin is not None and pin.owner in number:
                places[row], codes[row] = number[pin.owner], code[pin.reason]
    return places, codes, reasons


def lapsed(destinations: Sequence[Destination], pins: Pins) -> tuple[str, ...]:
    """Decisions that cannot hold today, because who got the accounts is no destination: each with that name."""
    known = {one.key for one in destinations}
    return tuple(sorted({f"{pin.reason} to {pin.owner}" for pin in pins.values() if pin.owner not in known}))
