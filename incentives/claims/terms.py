"""How a contract is settled with the partner: its cycle, what is due by when, tolerances, reversals, the invoice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.issues import Issue, Location
from domain.periods import Period
from incentives.numbers import Number

HALF = 15  # last day of the first half of a month

CycleLength = Literal["month", "half_month", "weeks", "quarter"]
Days = Annotated[int, Field(ge=0)]
NotNegative = Annotated[Number, Field(ge=0)]


class Tolerances(RuleModel):
    """How far a claim may be from the books and still agree with them; the books' figure is paid in any case."""

    amount: NotNegative = Field(default_factory=Decimal)
    """In major units of the contract's currency; both ways."""
    days: Days = 0
    """Days between the day that the claim names and the day on which the debtor paid; both ways."""


class Marks(RuleModel):
    """How a partner marks lines that are no money received: what the reference of such a line begins with."""

    estimate: tuple[str, ...] = ("ESTIMATE",)
    """Beginnings of references that say: an estimate."""
    prepayment: tuple[str, ...] = ("PREPAYMENT",)
    """Beginnings of references that say: to be paid in advance."""


class SettlementTerms(RuleModel):
    """Section `settlement` of a contract; without it, the books alone decide what earns a fee."""

    cycle: CycleLength
    """Length of a cycle; halves of a month end with its 15th and its last day."""
    weeks: int = Field(default=1, gt=0, le=13)
    """With `cycle: weeks`, how many."""
    first_day: date
    """First day of the first cycle. What was posted before it is paid by the books."""
    fee_base: Literal["claims", "books"]
    """`claims`: only what agrees, or was decided, earns a fee; `books`: everything booked does, and claims are compared
    with it all the same."""
    cut_off_days: Days = 0
    """Days after a cycle within which money paid in it may still be posted, and belongs to it."""
    claims_due_days: Days
    """Days after a cycle within which claims for it must be in."""
    reply_days: int = Field(gt=0)
    """Days that the partner has to answer a list of differences."""
    tolerances: Tolerances = Field(default_factory=Tolerances)
    """What still agrees."""
    search_days: int = Field(default=45, gt=0)
    """Days around the day of a claim without reference in which a booking is looked for."""
    reversals: Literal["any_time", "within_days"]
    """Whether a reversal takes its fee back at any time, or only so many days after the money was posted."""
    reversal_days: Days = 0
    """With `within_days`, how many."""
    marks: Marks = Field(default_factory=Marks)
    """How estimates and prepayments are told; neither is ever booked as actual."""
    two_people_above: NotNegative | None = None
    """A decision about more than this, in major units, is confirmed by a second person; without it, one decides."""
    invoice: Literal["required", "none"]
    """Whether a batch goes to finance only once the partner's invoice agrees with it, or a person decided so."""
    invoice_tolerance: NotNegative = Field(default_factory=Decimal)
    """How far net and tax of an invoice may be from what was posted, in major units."""


@dataclass(frozen=True, slots=True, order=True)
class Cycle:
    """A cycle of settlement, half-open: `end` is the first day after it."""

    start: date
    end: date

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        """What people type: 2026-09, 2026-Q3, or first and last day."""
        first = Period.of(self.start)
        if self.start == first.start and self.end == first.end:
            return str(first)
        if self.start == first.start and first.month % 3 == 1 and self.end == first.next().next().end:
            return f"{first.year}-Q{(first.month + 2) // 3}"
        return f"{self.start}..{self.last_day}"


def cycle_of(terms: SettlementTerms, day: date) -> Cycle | None:
    """The cycle that the day lies in; None before the first one.

    >>> [str(cycle_of(example_terms(cycle=each), date(2026, 8, 16))) for each in ("month", "quarter", "half_month")]
    ['2026-08', '2026-Q3', '2026-08-16..2026-08-31']
    """
    if day < terms.first_day:
        return None
    month = Period.of(day)
    match terms.cycle:
        case "month":
            whole = Cycle(month.start, month.end)
        case "half_month":
            middle = month.start.replace(day=HALF + 1)
            whole = Cycle(month.start, middle) if day < middle else Cycle(middle, month.end)
        case "quarter":
            first = Period(month.year, (month.month - 1) // 3 * 3 + 1)
            whole = Cycle(first.start, first.next().next().end)
        case "weeks":
            length = timedelta(weeks=terms.weeks)
            start = terms.first_day + (day - terms.first_day) // length * length
            whole = Cycle(start, start + length)
    return Cycle(max(whole.start, terms.first_day), whole.end)


def cycle_named(terms: SettlementTerms, text: str) -> Cycle:
    """The cycle of a month (2026-09), a quarter (2026-Q3), or the one that a day lies in (2026-09-16).

    Raises: ValueError if there is none, or if the month or the quarter has several.
    """
    first, last = _days_named(text)
    found = cycle_of(terms, max(first, terms.first_day) if terms.first_day <= last else first)
    if found is None:
        raise ValueError(f"{text} lies before the first cycle, which begins on {terms.first_day}")
    if found.last_day < last:
        raise ValueError(f"{text} has several cycles: name a day of the one that is meant, such as {found.start}")
    return found


def claims_due(terms: SettlementTerms, cycle: Cycle) -> date:
    """The last day on which claims for the cycle are in time."""
    return cycle.last_day + timedelta(days=terms.claims_due_days)


def reply_due(terms: SettlementTerms, run_on: date) -> date:
    """The last day for the partner's answer to what a run of that day found."""
    return run_on + timedelta(days=terms.reply_days)


def posted_until(terms: SettlementTerms, cycle: Cycle) -> date:
    """The first day of posting that no longer belongs to the cycle, even of money paid in it."""
    return cycle.end + timedelta(days=terms.cut_off_days)


def settlement_faults(terms: SettlementTerms, place: Location, currency_digits: int | None) -> Iterator[Issue]:
    """What cannot be meant: STL001 weeks without weeks, STL002 reversal days, STL003 fractions of the smallest unit."""
    if terms.cycle != "weeks" and terms.weeks != 1:
        yield Issue("STL001", place, f"weeks are stated, and the cycle is {terms.cycle}", "Write cycle: weeks, or none")
    if (terms.reversals == "within_days") != (terms.reversal_days > 0):
        message = "reversal_days go with reversals: within_days, and only with it"
        yield Issue("STL002", place, message, "State both, or any_time")
    amounts = {"tolerances.amount": terms.tolerances.amount, "invoice_tolerance": terms.invoice_tolerance}
    amounts |= {"two_people_above": terms.two_people_above} if terms.two_people_above is not None else {}
    for name, amount in amounts.items():
        exponent = amount.normalize().as_tuple().exponent
        if currency_digits is not None and isinstance(exponent, int) and -exponent > currency_digits:
            message = f"{name} is {amount}, and the currency has {currency_digits} digits after the point"
            yield Issue("STL003", place, message, "State an amount that can be paid")
    if terms.cycle in {"month", "half_month", "quarter"} and terms.first_day.day not in {1, HALF + 1}:
        message = f"the first cycle would begin on {terms.first_day}, in the middle of one"
        yield Issue("STL004", place, message, "Begin it with a cycle")


def example_terms(**changes: object) -> SettlementTerms:
    """Terms for examples in docstrings and tests: monthly cycles from 2026 on, by agreed claims."""
    stated: dict[str, object] = {
        "cycle": "month",
        "first_day": date(2026, 1, 1),
        "fee_base": "claims",
        "claims_due_days": 10,
        "reply_days": 14,
        "reversals": "any_time",
        "invoice": "none",
    }
    return SettlementTerms.model_validate(stated | changes)


def _days_named(text: str) -> tuple[date, date]:
    """First and last day of what the text names."""
    month, quarter = re.fullmatch(r"[0-9]{4}-[0-9]{2}", text), re.fullmatch(r"([0-9]{4})-Q([1-4])", text)
    try:
        if month:
            named = Period.parse(text)
            return named.start, named.last_day
        if quarter:
            named = Period(int(quarter[1]), int(quarter[2]) * 3 - 2)
            return named.start, named.next().next().last_day
        day = date.fromisoformat(text.partition("..")[0])
    except ValueError:
        raise ValueError(f"{text} is no cycle: write 2026-09, 2026-Q3, or a day of it, 2026-09-16") from None
    return day, day
