"""What auditors write in signal files: what looks odd, beside whom it is compared, and when it raises a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.rules import Rule
from domain.signals import SubjectKind

Count = Annotated[int, Field(ge=1)]
Share = Annotated[Decimal, Field(gt=0, le=1)]
Amounts = dict[str, Decimal]
"""Major units of each currency."""
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]

MOST_DAYS = 60  # of what happened before the month, so much is at hand


class PaidAfterReassignment(RuleModel):
    """Accounts that were handed over to somebody, and paid within a few days: as if it had been known."""

    kind: Literal["paid_after_reassignment"]
    days: int = Field(ge=0, le=14)
    """Paid up to so many days after the first day of ownership; 0 is that day alone."""


class ReversedAfterCutOff(RuleModel):
    """Payments credited in the month before, and taken back soon after its end: the bonus was paid, the money went."""

    kind: Literal["reversed_after_cut_off"]
    within_days: int = Field(ge=1, le=31)
    """Up to so many days after the last day of the month before."""


class TravelTooFast(RuleModel):
    """Visits of one person on one day, each of which lies too far from the one before for the time between them."""

    kind: Literal["travel_too_fast"]
    faster_than_kmh: Count
    """Above this speed, as the crow flies."""
    at_least_metres: Count
    """Nearer than this, the place that a telephone tells is not sure enough."""


class RecordedAfterShift(RuleModel):
    """Visits recorded after the day's shift, several at once: nobody remembers them one by one."""

    kind: Literal["recorded_after_shift"]
    shift_ends: Clock
    """End of the shift; on a later day than the visit it is always after the shift."""
    together: int = Field(ge=2, le=10)
    """So many or more of one person ..."""
    minutes: int = Field(ge=1, le=240)
    """... within so many minutes."""


class SamePlace(RuleModel):
    """Visits to several debtors at one and the same place."""

    kind: Literal["same_place"]
    debtors: int = Field(ge=2)
    """So many or more different debtors visited there by one person in the month."""
    digits: int = Field(ge=3, le=6)
    """Digits of the degrees that are alike: 4 is about eleven metres, 6 the very spot."""


class LatePromises(RuleModel):
    """Promises taken in the last hours of the month: they count for it, and nobody can hold them against it."""

    kind: Literal["late_promises"]
    last_working_days: int = Field(ge=1, le=5)
    """Of so many last working days of the account's jurisdiction, and after them ..."""
    after: Clock
    """... by the debtor's clock from this time on."""


class ShortContacts(RuleModel):
    """Calls of a few seconds that are said to have reached somebody."""

    kind: Literal["short_contacts"]
    seconds: int = Field(ge=0, le=60)
    """Up to so many seconds."""
    outcomes: tuple[Literal["right_party", "promise", "refused", "third_party"], ...] = Field(min_length=1)
    """What the call is said to have come to."""


class CashKept(RuleModel):
    """Cash that a collector took, and that reached the bank late, or has not yet."""

    kind: Literal["cash_kept"]
    days: int = Field(ge=0, le=MOST_DAYS)
    """More than so many days after it was paid."""


class NeverPlaced(RuleModel):
    """Claims of a partner on accounts that had not been placed with it when the debtor paid."""

    kind: Literal["never_placed"]


class SplitPayments(RuleModel):
    """Several payments on one account on one day, that together reach what none of them reaches alone."""

    kind: Literal["split_payments"]
    pieces: int = Field(ge=2)
    """So many or more."""
    boundaries: dict[str, tuple[Decimal, ...]] = Field(default_factory=dict)
    """Amounts of each currency from which on a rate, a minimum or a bonus counts; without it, any pieces are odd."""


class JustAboveTier(RuleModel):
    """Small payments of the last days of a month by which somebody's money just reached a tier of their pay."""

    kind: Literal["just_above_tier"]
    boundaries: dict[str, tuple[Decimal, ...]] = Field(min_length=1)
    """The tiers: amounts of money credited in a month, by currency."""
    margin: Share
    """What is reached lies less than this share above the tier ..."""
    last_days: int = Field(ge=1, le=10)
    """... and without the small payments of the last days of the month lies below it."""
    small: Amounts = Field(min_length=1)
    """Up to this amount a payment is small, by currency."""


class HeldOver(RuleModel):
    """Payments of the month before that were booked in this one, later than money takes: kept back for a month that
    needs them."""

    kind: Literal["held_over"]
    days: int = Field(ge=0, le=31)
    """More than so many days after they were paid."""


class PromiseAfterPayment(RuleModel):
    """Promises that were kept before they were made: the money was booked already."""

    kind: Literal["promise_after_payment"]
    days: int = Field(ge=0, le=31)
    """Booked up to so many days before the promise, its own day included, and as much as was promised."""


class KeptWithoutPayment(RuleModel):
    """Promises noted as kept, although not enough was paid."""

    kind: Literal["kept_without_payment"]
    grace_days: int = Field(ge=0, le=31)
    """Payments booked from the making of the promise until so many days after it was due are counted."""
    share: Share
    """Less than this share of what was promised."""


class RoundedClaims(RuleModel):
    """Claims of a partner that are above what was booked, and round."""

    kind: Literal["rounded_claims"]
    step: dict[str, Count] = Field(min_length=1)
    """Whole major units of each currency to a multiple of which a claim is rounded."""


LooksFor = Annotated[
    PaidAfterReassignment
    | ReversedAfterCutOff
    | TravelTooFast
    | RecordedAfterShift
    | SamePlace
    | LatePromises
    | ShortContacts
    | CashKept
    | NeverPlaced
    | SplitPayments
    | JustAboveTier
    | HeldOver
    | PromiseAfterPayment
    | KeptWithoutPayment
    | RoundedClaims,
    Field(discriminator="kind"),
]


class AlikeBy(StrEnum):
    """Kinds of rows that are compared with their like only."""

    PRODUCT = "product"
    BUCKET = "bucket"
    CURRENCY = "currency"
    CHANNEL = "channel"


class SignalScope(RuleModel):
    """Whose rows are looked at; what is left out is not narrowed."""

    departments: tuple[str, ...] = ()
    """Departments of employees, on the day of the row; partners are in none."""
    partners: tuple[str, ...] = ()
    """These partners alone; employees are not narrowed by it."""
    jurisdictions: tuple[str, ...] = ()
    """Jurisdictions of accounts."""


class CaseRule(RuleModel):
    """When what fired becomes a case: never by a single row, and never where chance is a good explanation."""

    at_least: int = Field(ge=1)
    """So many rows fired, or more."""
    peers_at_most: Share
    """What peers do counts as usual up to this share of their rows: all of them together do not hide anybody."""
    false_alarms: Share
    """How many honest subjects may be named in a month, of all that are looked at together: 0.05 is one in twenty
    months."""


class Closing(RuleModel):
    """Who looks at a case, and by when."""

    department: str
    """The department that has it."""
    days: int = Field(ge=1, le=366)
    """Days until its deadline."""
    groups: tuple[str, ...] = Field(min_length=1)
    """Groups of approvers whose members close it."""


class Tuning(RuleModel):
    """How `recoup signals tune` proposes another threshold; nothing changes by itself."""

    confirmed_at_least: Share = Decimal("0.5")
    """The share of closed cases that should turn out to be confirmed."""
    closed_at_least: int = Field(default=10, ge=1)
    """With fewer closed cases nothing is proposed."""


class Signal(Rule):
    """An explainable check that raises cases, never verdicts: people look, and say what they found."""

    titles: dict[Literal["vi", "zh"], str] = Field(default_factory=dict)
    """Its title in other languages."""
    about: str = Field(min_length=1)
    """What it may mean, and what it may mean instead: read by whoever has the case."""
    subjects: tuple[SubjectKind, ...] = Field(min_length=1)
    """Whose rows are looked at: employees, partners or both."""
    scope: SignalScope = SignalScope()
    """Whose, more narrowly."""
    where: str | None = None
    """Which rows are looked at; left out: all of them."""
    alike: tuple[AlikeBy, ...] = ()
    """Rows are compared with rows of peers that are alike in this: an account kind that always does it is no clue."""
    looks_for: LooksFor
    """What fires."""
    case: CaseRule
    """When it becomes a case."""
    closing: Closing
    """Who looks at it."""
    tuning: Tuning = Tuning()
    """How another threshold is proposed."""


class SignalFile(RuleModel):
    """A file of signals."""

    signals: tuple[Signal, ...] = ()
    """One entry for each signal and time."""


class SignalTestRow(RuleModel):
    """A row by what is measured of it, and whether the signal fires."""

    given: dict[str, Decimal | bool | str]
    """The facts of the kind; which there are stands in docs/rules/signals.md."""
    fires: bool
    """Whether the signal fires."""


class SignalTestSubject(RuleModel):
    """Somebody's rows beside those of peers, and whether there is a case."""

    rows: int = Field(ge=0)
    """Rows of the subject."""
    hits: int = Field(ge=0)
    """Of these, fired."""
    peer_rows: int = Field(ge=0)
    """Rows of the peers."""
    peer_hits: int = Field(ge=0)
    """Of these, fired."""
    subjects: int = Field(default=100, ge=1)
    """How many are looked at in the month."""
    case: bool
    """Whether there is a case."""


class SignalTest(RuleModel):
    """What a signal says of some rows and people."""

    name: str
    """What the test shows, as a sentence."""
    signal: str
    """Id of the signal."""
    on: date
    """The version that holds on this day."""
    rows: tuple[SignalTestRow, ...] = ()
    """Rows, each by itself."""
    people: tuple[SignalTestSubject, ...] = ()
    """People, each by themselves."""


class SignalTestFile(RuleModel):
    """Tests beside a file of signals."""

    tests: tuple[SignalTest, ...] = Field(min_length=1)
    """One entry for each."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The parameter that says from which figure on a kind fires, and in which unit.

    `is_lower`: low figures are odd; `is_beyond`: the figure itself does not fire, only one beyond it.
    """

    parameter: str
    unit: str
    is_lower: bool = False
    is_beyond: bool = False

    def fires(self, figure: Decimal, at: Decimal) -> bool:
        """Whether a figure fires at a threshold."""
        if self.is_beyond and figure == at:
            return False
        return figure <= at if self.is_lower else figure >= at


# Kinds without an entry have no single figure to move: for them, tuning proposes how many rows make a case.
THRESHOLDS: Mapping[str, Threshold] = MappingProxyType(
    {
        "paid_after_reassignment": Threshold("days", "days after the handover", is_lower=True),
        "reversed_after_cut_off": Threshold("within_days", "days after the cut-off", is_lower=True),
        "travel_too_fast": Threshold("faster_than_kmh", "km/h", is_beyond=True),
        "same_place": Threshold("debtors", "debtors at one place"),
        "short_contacts": Threshold("seconds", "seconds", is_lower=True),
        "cash_kept": Threshold("days", "days until deposited", is_beyond=True),
        "split_payments": Threshold("pieces", "pieces"),
        "held_over": Threshold("days", "days until booked", is_beyond=True),
        "promise_after_payment": Threshold("days", "days after it was booked", is_lower=True),
    }
)

UNITS: Mapping[str, str] = MappingProxyType(
    {
        **{kind: each.unit for kind, each in THRESHOLDS.items()},
        "recorded_after_shift": "hours until recorded",
        "late_promises": "minute of the day",
        "never_placed": "placements before",
        "just_above_tier": "above the tier",
        "kept_without_payment": "paid",
        "rounded_claims": "above what was booked",
    }
)
