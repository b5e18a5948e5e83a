"""What managers write about credit: who a payment counts for, in which shares, and over which accounts of a debtor."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.rules import Rule

# How far back a credit rule may look for a contact: the run's inputs hold that much, and the days until a booking.
LONGEST_WITHIN_DAYS = 62


class ToOwner(RuleModel):
    """The payment counts for whoever owned the account, by the dispatch history."""

    kind: Literal["owner"]
    """The owner."""
    date: Literal["paid_on", "posted_on"]
    """On which day: when the debtor paid, or when it was booked."""


class ToHouse(RuleModel):
    """The payment counts for nobody, and is listed as uncredited with a reason."""

    kind: Literal["house"]
    """Nobody."""


Otherwise = Annotated[ToOwner | ToHouse, Field(discriminator="kind")]


class ToLastContact(RuleModel):
    """Whoever made the last contact on the account up to and including the day of the payment."""

    kind: Literal["last_contact"]
    """The employee or partner of that contact, where they worked on its day."""
    within_days: int = Field(ge=0, le=LONGEST_WITHIN_DAYS)
    """How many days before the payment it may have been made; 0: on its day."""
    where: str | None = None
    """Condition on the columns of the contact, such as `channel == "call"`; left out: every contact counts."""
    otherwise: Otherwise
    """Who has the credit where there was no such contact."""


class ToPromiseTaker(RuleModel):
    """Whoever took the promise that the payment keeps: of those that run on the account, the one made last."""

    kind: Literal["promise_taker"]
    """The employee or partner who took it, where they worked on its day."""
    grace_days: int = Field(ge=0, le=31)
    """How many days after its due day a promise still runs."""
    otherwise: Otherwise
    """Who has the credit where no promise ran."""


class ToHandover(RuleModel):
    """The owner on the day of the payment; soon after a handover, shared with the employee or partner before them."""

    kind: Literal["handover"]
    """The owner, and the one before."""
    within_days: int = Field(ge=1, le=365)
    """How many days after the handover, its own day included, the credit is shared."""
    before: Decimal = Field(gt=0, lt=1)
    """The share of the owner before; the rest is the owner's."""
    from_department: str | None = None
    """Only of handovers out of this department."""
    to_department: str | None = None
    """Only of handovers into this department."""


class SharePart(RuleModel):
    """One of the parts into which a credit is split."""

    share: Decimal = Field(gt=0, lt=1)
    """Its share of the payment; the shares of a rule sum to 1."""
    to: Annotated[ToOwner | ToHouse | ToLastContact | ToPromiseTaker, Field(discriminator="kind")]
    """Who has this part."""


class ToSplit(RuleModel):
    """The payment counts for several, by stated shares that sum to the whole."""

    kind: Literal["split"]
    """Several."""
    parts: tuple[SharePart, ...] = Field(min_length=2, max_length=5)
    """Who has how much; what is left by rounding down goes to the largest remainder, at a tie to the part above."""


AnyCredit = Annotated[
    ToOwner | ToHouse | ToLastContact | ToPromiseTaker | ToHandover | ToSplit, Field(discriminator="kind")
]


class CreditRule(Rule):
    """The first rule whose condition a payment meets says who it counts for.

    A reversal takes the credit back from whoever had it, on the day on which it is booked.
    """

    order: int = Field(ge=0)
    """Rules are tried from the lowest number up."""
    where: str | None = None
    """Condition on the columns of the payment; left out: every payment."""
    over_accounts: Literal["oldest_first", "largest_first"] | None = None
    """A payment is split over the overdue accounts of its debtor, in this order; left out: it counts where booked."""
    to: AnyCredit
    """Who gets the credit."""
    changes: Literal["by_days", "whole_month", "refuse"] | None = None
    """If it changes within a month: payments booked on the days of each version go by that one, all of the month by the
    last one, or it must not. Left out: by_days."""
    look_back_days: int = Field(ge=0, le=400)
    """How long before the period a payment may have been booked for its reversal to take the credit back."""
