"""What compliance writes in limit files: how the law limits contacts, as dated rules of one jurisdiction each."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.rules import Rule

MOST_WINDOW_DAYS = 14  # contacts of so many days before the period are at hand

_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Per(StrEnum):
    """What contacts are counted for."""

    DEBTOR = "debtor"
    ACCOUNT = "account"
    PARTY = "party"
    CONTACT_POINT = "contact_point"


class OutsideHours(RuleModel):
    """Contacts outside the hours of a day, by the debtor's clock."""

    kind: Literal["outside_hours"]
    starts: str = Field(pattern=_TIME)
    """First moment at which they are allowed, such as "07:00"."""
    ends: str = Field(pattern=_TIME)
    """Last moment at which they are: nine o'clock sharp is not after nine."""


class OnDays(RuleModel):
    """Contacts on certain days, by the debtor's clock."""

    kind: Literal["on_days"]
    weekdays: tuple[Weekday, ...] = ()
    """Days of the week on which they are forbidden."""
    holidays: bool
    """Whether they are forbidden on the holidays of the jurisdiction's calendar."""


class MoreThan(RuleModel):
    """Every contact beyond so many, in the order in which they were made."""

    kind: Literal["more_than"]
    count: int = Field(ge=0)
    """How many are allowed."""
    per: Per
    """For whom they are counted."""
    days: int = Field(ge=1, le=MOST_WINDOW_DAYS)
    """Within how many days, the day of the contact included; 1 is its own day, by the debtor's clock."""


class TooSoon(RuleModel):
    """A contact within so many days after another one."""

    kind: Literal["too_soon"]
    days: int = Field(ge=1, le=MOST_WINDOW_DAYS)
    """Up to so many days after the day of the other one; later contacts of that day included."""
    after: str
    """Condition on the other one: a conversation, say."""
    per: Per
    """Whose contacts are compared."""


class Never(RuleModel):
    """Every contact that `where` describes."""

    kind: Literal["never"]


Forbidden = Annotated[OutsideHours | OnDays | MoreThan | TooSoon | Never, Field(discriminator="kind")]


class Limit(Rule):
    """What the law, or the house, forbids in contacts on accounts of one jurisdiction; a breach is a contact too many.

    The contact is judged by the limits in force on its day, by the debtor's clock.
    """

    source: str = Field(min_length=1)
    """The law, standard or policy, with its article."""
    jurisdiction: str = Field(pattern=r"^[A-Z]{2}$")
    """Whose law: that of the account, ISO 3166 code."""
    severity: Literal["hard", "soft"]
    """A hard limit is law; a soft one is advice, or a presumption that can be refuted."""
    where: str | None = None
    """Which contacts it speaks of, and counts; left out: all of them."""
    forbids: Forbidden
    """What of them is forbidden."""


class LimitTestContact(RuleModel):
    """A contact, and whether it breaks the limit."""

    at: datetime
    """When, by the debtor's clock, such as "2026-10-05 09:30"; contacts are listed as they were made."""
    breaks: bool
    """Whether it is a breach."""
    given: dict[str, Decimal | bool | str] = Field(default_factory=dict)
    """Columns that conditions read, where they differ from the test's."""
    debtor: str = "D1"
    """Whose debt."""
    account: str = "A1"
    """Which account."""
    party: str = "P1"
    """Who was to be reached."""
    contact_point: str = "N1"
    """By which number."""


class LimitTest(RuleModel):
    """Which of some contacts break a limit."""

    name: str
    """What the test shows, as a sentence."""
    limit: str
    """Id of the limit."""
    given: dict[str, Decimal | bool | str] = Field(default_factory=dict)
    """Columns that conditions read, the same for every contact."""
    holidays: tuple[date, ...] = ()
    """Holidays of the jurisdiction."""
    contacts: tuple[LimitTestContact, ...] = Field(min_length=1)
    """In the order in which they were made."""
