"""What a partner owes beside recoveries: returns that are due every month, and what it promised, as bounds on KPIs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue
from domain.records import KpiResult, ValueState
from domain.rules import Placed
from incentives.numbers import Number

DutyCode = Literal["activity_data", "payment_data", "staff_list", "recordings", "complaint_list", "audit", "insurance"]


class Duty(RuleModel):
    """Something that the partner returns every month; what came in lands as `partner_reports`."""

    duty: DutyCode
    """What is returned."""
    due_day: int = Field(ge=1, le=28)
    """Day of the month after on which it is due."""
    format: str = ""
    """In which form, in words that people read."""


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
