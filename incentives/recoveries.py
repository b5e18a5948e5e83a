"""What fees are reckoned from: placements at partners, and the payments in the books that fall to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Money(StrEnum):
    """What kind of money a payment is, beside the waiver in it; each payment is of exactly one."""

    CASH = "cash"
    SETTLEMENT = "settlement"  # paid on an account on which a settlement was agreed
    RESTRUCTURED = "restructured"  # paid on an account that was restructured


@dataclass(frozen=True, slots=True)
class Placement:
    """An account at a partner; `age_days` is the days past due at placement, `recalled_on` the first day back.

    `exclusive`: nobody else works it until the agreed term ends.
    """

    placement_id: str
    batch: str
    number: int
    placed_on: date
    balance: Decimal
    term_ends_on: date
    recalled_on: date | None
    age_days: int
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account as the night knows it; None where no extract that it reads has it."""

    product: str | None = None
    branch_id: str | None = None
    region: str | None = None
    originator: str | None = None
    opened_on: date | None = None
    charged_off_on: date | None = None
    balance: Decimal | None = None


UNKNOWN_ACCOUNT = AccountFacts()


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise that the partner took on the account, and that was not cancelled."""

    made_on: date
    due_on: date


@dataclass(frozen=True, slots=True)
class PartnerRecovery:
    """A payment in the books on an account placed with a partner; never what the partner claims.

    `amount` is the whole booking in major units, negative for a reversal, and includes `waiver`, the part forgiven.
    `days_past_due` is the account's at the end of the last day before the payment was posted that the night knows;
    `reverses` names the payment taken back. `paid_on` is None where it is not told apart from `posted_on`.
    """

    payment_id: str
    account_id: str
    partner_id: str
    posted_on: date
    amount: Decimal
    currency: str
    placement: Placement
    waiver: Decimal = Decimal(0)
    days_past_due: int | None = None
    reverses: str = ""
    paid_on: date | None = None
    channel: str = ""
    kind: Money = Money.CASH
    legal_type: str | None = None
    account: AccountFacts = UNKNOWN_ACCOUNT
    promised: tuple[Promised, ...] = ()


@dataclass(frozen=True, slots=True)
class AtPartner:
    """A placement of the month, whether anything was recovered on it or not: for fees that look at placements."""

    partner_id: str
    currency: str
    placement: Placement
    legal_type: str = ""


class NoFee(StrEnum):
    """Why a recovery earns nothing; it is listed all the same."""

    NO_CONTRACT = "no_contract"
    SEVERAL_CONTRACTS = "several_contracts"
    BEFORE_PLACEMENT = "before_placement"
    AFTER_RECALL = "after_recall"
    AFTER_TERM = "after_term"
    NOT_PAID_YET = "not_paid_yet"
    NOT_COUNTED = "not_counted"
    NO_CASE = "no_case"
    UNKNOWN_DAYS_PAST_DUE = "unknown_days_past_due"
    UNKNOWN_FACT = "unknown_fact"
    HISTORY_TOO_SHORT = "history_too_short"
