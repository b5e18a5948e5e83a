"""What conditions and bands of a fee schedule may read of a recovery, its placement and its account."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from domain.catalogue import PAYMENT_CHANNELS, PRODUCTS
from domain.expressions import ExprType, Value
from domain.expressions import Name as ExprName
from incentives.recoveries import PartnerRecovery

LEGAL_TYPES = ("law_firm", "asset_manager", "agency")


class Recovered(NamedTuple):
    """A recovery as a contract counts it: `base` is what counts of it, `before` what counted of the placement until
    then."""

    recovery: PartnerRecovery
    base: Decimal
    before: Decimal


Read = Callable[[Recovered], Value]


@dataclass(frozen=True, slots=True)
class FeeName:
    """One name: its type, where it is read, the table that it needs beside payments and placements, what it means."""

    type: ExprType
    read: Read
    meaning: str
    table: str = ""
    codes: tuple[str, ...] = ()


def full_months(first: date, day: date) -> int:
    """Full calendar months from `first` to `day`: a month is full once its day of the month is reached; where a month
    is too short for it, on its last day.

    >>> full_months(date(2025, 1, 15), date(2025, 2, 15)), full_months(date(2025, 3, 31), date(2025, 4, 30))
    (1, 1)
    """
    months = (day.year - first.year) * 12 + day.month - first.month
    return months - (day.day < min(first.day, monthrange(day.year, day.month)[1]))


def _age_months(of: Recovered) -> Decimal:
    placement = of.recovery.placement
    return Decimal(full_months(placement.placed_on - timedelta(days=placement.age_days), placement.placed_on))


def _days_since(day: date | None, of: Recovered) -> Decimal | None:
    return None if day is None else Decimal((of.recovery.posted_on - day).days)


def _count(number: int | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def counted_on(of: Recovered) -> Decimal:
    """Days past due: as known, or those at placement and the days since."""
    recovery, placement = of.recovery, of.recovery.placement
    if recovery.days_past_due is not None:
        return Decimal(recovery.days_past_due)
    return Decimal(placement.age_days + (recovery.posted_on - placement.placed_on).days)


_C, _M, _T, _B = ExprType.COUNT, ExprType.MONEY, ExprType.TEXT, ExprType.BOOL

NAMES: Mapping[str, FeeName] = {
    "placement_number": FeeName(
        _C, lambda of: Decimal(of.recovery.placement.number), "1 for the first partner to have the account"
    ),
    "balance_at_placement": FeeName(
        _M, lambda of: max(of.recovery.placement.balance, Decimal(0)), "balance handed over; a negative one counts as 0"
    ),
    "age_at_placement_days": FeeName(
        _C, lambda of: Decimal(of.recovery.placement.age_days), "days past due at placement"
    ),
    "age_at_placement_months": FeeName(
        _C, _age_months, "full calendar months from the oldest unpaid due date to placement"
    ),
    "days_since_placed": FeeName(
        _C, lambda of: _days_since(of.recovery.placement.placed_on, of), "days from placement to the posting"
    ),
    "exclusive": FeeName(_B, lambda of: of.recovery.placement.exclusive, "whether nobody else works it until the term"),
    "recovered": FeeName(_M, lambda of: of.base, "what counts of the payment"),
    "recovered_before": FeeName(_M, lambda of: of.before, "what counted of the placement's payments until then"),
    "channel": FeeName(_T, lambda of: of.recovery.channel or None, "how the payment came in", codes=PAYMENT_CHANNELS),
    "days_past_due": FeeName(
        _C, lambda of: _count(of.recovery.days_past_due), "of the account, the day before posting", "accounts"
    ),
    "product": FeeName(_T, lambda of: of.recovery.account.product, "product of the account", "accounts", PRODUCTS),
    "branch_id": FeeName(_T, lambda of: of.recovery.account.branch_id, "branch that keeps the account", "accounts"),
    "region": FeeName(_T, lambda of: of.recovery.account.region, "region of the debtor's address", "accounts"),
    "originator": FeeName(_T, lambda of: of.recovery.account.originator, "unit that granted the debt", "accounts"),
    "balance": FeeName(
        _M, lambda of: of.recovery.account.balance, "what is owed by the night's extract: what remains", "accounts"
    ),
    "days_since_opened": FeeName(
        _C, lambda of: _days_since(of.recovery.account.opened_on, of), "days from opening to the posting", "accounts"
    ),
    "days_since_charge_off": FeeName(
        _C,
        lambda of: _days_since(of.recovery.account.charged_off_on, of),
        "days from the write-off to the posting; unknown where it was not written off",
        "accounts",
    ),
    "charged_off": FeeName(
        _B,
        lambda of: None if of.recovery.account.product is None else of.recovery.account.charged_off_on is not None,
        "whether the account was written off",
        "accounts",
    ),
    "legal_type": FeeName(
        _T, lambda of: of.recovery.legal_type, "of the partner: a law firm's is an attorney placement", "partners",
        LEGAL_TYPES,
    ),
}  # fmt: skip

SCOPE: Mapping[str, ExprName] = {name: ExprName(each.type, each.codes) for name, each in NAMES.items()}
