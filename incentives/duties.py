"""What a partner owes beside recoveries: returns that are due by months, and what it promised, as bounds on KPIs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue
from domain.periods import Period
from domain.records import KpiResult, ValueState
from domain.rules import Placed
from incentives.numbers import Number

CalendarMonth = Annotated[int, Field(ge=1, le=12)]
DutyCode = Literal["activity_data", "payment_data", "staff_list", "recordings", "complaint_list", "audit", "insurance"]


class Duty(RuleModel):
    """Something that the partner returns, every month or in some of them; what came in lands as `partner_reports`."""

    duty: DutyCode
    """What is returned."""
    due_day: int = Field(ge=1, le=28)
    """Day of the month after on which it is due."""
    months: tuple[CalendarMonth, ...] = ()
    """Calendar months in which it is due, 1 to 12, each about the month before; every month where none is stated. An
    audit once a year is `[3]`, a list every quarter `[1, 4, 7, 10]`."""
    format: str = ""
    """In which form, in words that people read."""
    answer_days: int = Field(default=10, ge=1, le=90)
    """Within so many days of the month's end the partner says why it did not come; the deadline of the action."""


class Commitment(RuleModel):
    """Something that the partner promised, as a bound on a KPI of the month."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    """Name in reports and actions."""
    title: str
    """What people read."""
    kpi: str
    """Id of a KPI measured per partner; no amount of money."""
    at_least: Number | None = None
    """The month's figure is this or more."""
    at_most: Number | None = None
    """The month's figure is this or less."""
    answer_days: int = Field(default=10, ge=1, le=90)
    """Within so many days of the month's end the partner says why it was broken; the deadline of the action."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A commitment in a month beside its figure: kept, broken, or (None) nothing can be said, and why."""

    commitment: Commitment
    value: Decimal | None
    is_kept: bool | None
    note: str = ""

    @property
    def in_words(self) -> str:
        """Such as `people on our accounts: 12, at least 15`."""
        each, shown = self.commitment, "no figure" if self.value is None else canonical_decimal(round(self.value, 4))
        bounds = [f"at least {canonical_decimal(each.at_least)}"] if each.at_least is not None else []
        bounds += [f"at most {canonical_decimal(each.at_most)}"] if each.at_most is not None else []
        return f"{each.title}: {shown}, {' and '.join(bounds)}"


@dataclass(frozen=True, slots=True)
class Return:
    """A return as it landed: about which month, and when it came, if it did."""

    partner: str
    duty: str
    month: Period
    received_on: date | None
    accepted: bool | None


@dataclass(frozen=True, slots=True)
class Returned:
    """A duty that was due in a month: whether it came by the night that looks, in the agreed form, and when.

    `is_kept` is None where nothing can be said. What came late is kept: `returns_in_time` counts lateness.
    """

    duty: Duty
    month: Period
    due_on: date
    received_on: date | None
    is_kept: bool | None
    note: str

    @property
    def in_words(self) -> str:
        """Such as `staff_list of 2026-09: due on 2026-10-05, never landed`."""
        return f"{self.duty.duty} of {self.month}: {self.note}"


def returned(
    duties: Iterable[Duty], returns: Iterable[Return] | None, partner: str, period: Period, as_of: date
) -> tuple[Returned, ...]:
    """Each duty that is due in the period, about the month before, beside what landed up to the night, in the order of
    the contract; `returns` are None where the house lands none at all, which breaks nothing."""
    about = period.previous()
    mine = None if returns is None else [one for one in returns if (one.partner, one.month) == (partner, about)]
    due = [each for each in duties if not each.months or period.month in each.months]
    return tuple(_returned(each, mine, about, period.start.replace(day=each.due_day), as_of) for each in due)


def _returned(duty: Duty, returns: list[Return] | None, about: Period, due_on: date, as_of: date) -> Returned:
    came = [one for one in returns or () if one.duty == duty.duty and one.received_on is not None]
    best = min(came, key=lambda one: (not one.accepted, one.received_on), default=None)
    received = best.received_on if best else None

    def found(note: str, *, is_kept: bool | None) -> Returned:
        return Returned(duty, about, due_on, received, is_kept, f"due on {due_on}, {note}")

    if best is not None and received is not None and best.accepted:
        late = (received - due_on).days
        return found(f"came on {received}" + (f", {late} days late" if late > 0 else ""), is_kept=True)
    if returns is None:
        return found("no returns of partners have landed here", is_kept=None)
    if as_of <= due_on:
        return found("not yet due", is_kept=None)
    if received is not None:
        return found(f"came on {received}, not in the agreed form", is_kept=False)
    landed = any(one.duty == duty.duty for one in returns)
    return found("has not come" if landed else "never landed", is_kept=False)


def followed(commitments: Iterable[Commitment], results: Iterable[KpiResult]) -> tuple[Followed, ...]:
    """Each commitment beside the partner's own results of the month, in the order of the contract.

    A figure that is not there, has no value or was halted breaks nothing: it is told as not known.
    """
    known: Mapping[str, KpiResult] = {each.kpi: each for each in results}
    return tuple(_followed(each, known.get(each.kpi)) for each in commitments)


def _followed(commitment: Commitment, result: KpiResult | None) -> Followed:
    if result is None or result.value is None:
        why = "not measured" if result is None else str(result.state)
        return Followed(commitment, None, None, why)
    low, high = commitment.at_least, commitment.at_most
    is_kept = (low is None or result.value >= low) and (high is None or result.value <= high)
    return Followed(commitment, result.value, is_kept, "" if result.state is ValueState.VALUE else str(result.state))


def commitment_faults(
    placed: Placed[Any], commitments: Iterable[Commitment], duties: Iterable[Duty]
) -> Iterator[Issue]:
    """What is wrong with the sections `commitments` and `duties` of a contract, by themselves."""
    seen: set[str] = set()
    for index, each in enumerate(commitments):
        at = ("commitments", index)
        if each.id in seen:
            yield Issue("COM010", placed.place(*at, "id"), f'"{each.id}" stands twice', "Rename one")
        seen.add(each.id)
        if each.at_least is None and each.at_most is None:
            yield Issue("COM011", placed.place(*at), "a commitment without a bound", "State at_least, or at_most")
        elif each.at_least is not None and each.at_most is not None and each.at_least > each.at_most:
            text = f"at least {each.at_least} and at most {each.at_most}: nothing keeps that"
            yield Issue("COM012", placed.place(*at, "at_most"), text, "Correct one of them")
    returned: set[str] = set()
    for index, duty in enumerate(duties):
        if duty.duty in returned:
            yield Issue("COM013", placed.place("duties", index, "duty"), f"{duty.duty} stands twice", "State it once")
        returned.add(duty.duty)
        if len(set(duty.months)) < len(duty.months):
            yield Issue("COM015", placed.place("duties", index, "months"), "a month stands twice", "State it once")


def commitment_references(
    contracts: Iterable[tuple[Placed[Any], Iterable[Commitment]]], kpis: Iterable[str]
) -> Iterator[Issue]:
    """Commitments on KPIs that no partner is measured by: `kpis` are the counts and ratios of partners."""
    known = frozenset(kpis)
    for placed, commitments in contracts:
        for index, each in enumerate(commitments):
            if each.kpi not in known:
                place = placed.place("commitments", index, "kpi")
                yield Issue(
                    "COM014", place, f'"{each.kpi}" is no count or ratio of partners', suggestion(each.kpi, known)
                )
