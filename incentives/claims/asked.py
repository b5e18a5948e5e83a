"""What a settlement asks: whose claims, under which contract, of which days, with what is forgiven."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

Condition = sa.ColumnElement[bool]
NO_ONE = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is settled: a partner under a contract, in a cycle, as the terms say; amounts in major units.

    `other_currencies` are those of the partner's other contracts; `is_first` says that lines of no contract at all are
    listed here; `looks_back_to` is the first day of which bookings are read.
    """

    partner: str
    currency: str
    dated_by: str
    first_day: date
    starts_on: date
    ends_on: date
    posted_until: date
    run_on: date
    looks_back_to: date
    tolerance: Decimal = Decimal(0)
    tolerance_days: int = 0
    estimates: tuple[str, ...] = ()
    prepayments: tuple[str, ...] = ()
    other_currencies: tuple[str, ...] = ()
    is_first: bool = True


def within(difference: Any, tolerance: Decimal) -> Condition:
    return sa.and_(difference <= tolerance, difference >= -tolerance)
