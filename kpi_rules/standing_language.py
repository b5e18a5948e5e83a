"""What managers write about the standing of partners: states, who decides on each, what leads from one to another."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from domain.documents import RuleModel
from domain.rules import Rule
from domain.standings import PartnerState, Placed
from kpi_rules.language import Evidence


class Bounds(RuleModel):
    """One bound, and for how many months in a row it has to be passed."""

    below: Decimal | None = None
    """The figure is less than this."""
    above: Decimal | None = None
    """The figure is more than this."""
    at_least: Decimal | None = None
    """The figure is this or more."""
    at_most: Decimal | None = None
    """The figure is this or less."""
    months: int = Field(default=1, ge=1, le=12)
    """In this month and those before it, each of them."""


class ScoreCondition(Bounds):
    """A score of the month beside a bound."""

    score: str
    """Id of a scorecard of partners."""


class KpiCondition(Bounds):
    """A KPI of the month beside a bound."""

    kpi: str
    """Id of a KPI measured per partner; no amount of money."""
    surely: bool = False
    """Of a share of counts: its whole interval is beyond the bound, so that a few cases by chance do not do it."""
    enough: Evidence | None = None
    """Below it the condition does not hold: there is too little to go by."""


class LeagueCondition(RuleModel):
    """A rate like for like, beside all partners on such accounts."""

    league: str
    """Id of a KPI that is a rate of two sums over accounts, measured per partner."""
    alike_in: tuple[
        Literal["bucket", "product", "band", "branch", "region", "opened", "charged_off", "placed"], ...
    ] = (
        "bucket",
        "product",
    )
    """What accounts are alike in; `placed` is the month in which they were placed."""
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    """Of money, where the partners have several."""
    verdict: Literal["better", "worse", "not worse"]
    """What chance leaves open is neither better nor worse; too few cases are neither, and not `not worse` either."""
    months: int = Field(default=1, ge=1, le=12)
    """In this month and those before it, each of them."""


class DeadlineCondition(RuleModel):
    """What has become of the rectification: how its action in the register ended, or that it is still open too late."""

    deadline: Literal["missed", "met"]
    """met: the action ended in one of `outcomes`; missed: it is open after its deadline, or ended otherwise."""
    outcomes: tuple[str, ...] = Field(default=("put_right", "unfounded"), min_length=1)
    """Endings after which there is nothing left to put right, by their codes in kpi_rules/actions."""


class TimeCondition(RuleModel):
    """How long the partner has been in the state."""

    months_in_state: int = Field(ge=1, le=36)
    """At least so many months since the decision, the month of the decision not counted."""


class CommitmentCondition(RuleModel):
    """What the partner promised by contract and did not keep."""

    commitments: Literal["broken", "kept"]
    """broken: at least `count` of them in a month; kept: those that can be judged, every one."""
    count: int = Field(default=1, ge=1)
    """How many."""
    months: int = Field(default=1, ge=1, le=12)
    """In this month and those before it, each of them."""


_KEYS = ("score", "kpi", "league", "deadline", "months_in_state", "commitments")


def _kind(value: Any) -> str:
    """A condition is of the kind whose key it states; one that states none is told as if it were of a score."""
    has = value.__contains__ if isinstance(value, dict) else lambda key: hasattr(value, key)
    return next((key for key in _KEYS if has(key)), _KEYS[0])


Condition = Annotated[
    Annotated[ScoreCondition, Tag("score")]
    | Annotated[KpiCondition, Tag("kpi")]
    | Annotated[LeagueCondition, Tag("league")]
    | Annotated[DeadlineCondition, Tag("deadline")]
    | Annotated[TimeCondition, Tag("months_in_state")]
    | Annotated[CommitmentCondition, Tag("commitments")],
    Discriminator(_kind),
]


class StateTerms(RuleModel):
    """Who decides that a partner comes into a state, and what it means."""

    state: PartnerState
    """The state."""
    decided_by: tuple[str, ...] = Field(min_length=1)
    """Groups of approvers: one person of each, in this order, and nobody twice."""
    deadline_days: int | None = Field(default=None, ge=1, le=366)
    """Of a rectification: days from the proposal within which it is to be done, unless a person sets another day."""
    placed: Placed | None = None
    """Of a suspension or termination: whether the partner keeps what it has until its term, or it is recalled."""


class Step(RuleModel):
    """What leads from a state to another: it is proposed where the conditions hold, and a person decides."""

    start: tuple[PartnerState, ...] = Field(alias="from", min_length=1)
    """States from which it leads."""
    to: PartnerState
    """The state that is proposed."""
    any_of: tuple[Condition, ...] = ()
    """At least one of these holds."""
    all_of: tuple[Condition, ...] = ()
    """And every one of these."""


class StandingRule(Rule):
    """How partners stand: a month's figures propose a step, and people decide on it."""

    partners: Literal["all"] | tuple[str, ...] = "all"
    """All whose contract held on a day of the month, or these of them."""
    states: tuple[StateTerms, ...] = Field(min_length=1)
    """Every state to which a step leads, or a person may decide."""
    steps: tuple[Step, ...] = Field(min_length=1)
    """In the order in which they are looked at; steps to worse states come first whatever the order."""

    def terms(self, state: PartnerState) -> StateTerms | None:
        return next((each for each in self.states if each.state is state), None)


class StandingFile(RuleModel):
    """A file below kpi_rules/standings/."""

    standings: tuple[StandingRule, ...] = ()
    """How partners stand."""
    selections: tuple[SelectionRule, ...] = ()
    """How new partners are chosen."""


class Criterion(RuleModel):
    """One thing that applicants are judged by."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    """The column of the application sheet."""
    title: str
    """What people read."""
    weight: Decimal = Field(ge=0, le=1)
    """Its share of the result; the weights sum to 1. A criterion that only knocks out weighs 0."""
    points: tuple[ValuePoint, ...] | None = Field(default=None, min_length=2)
    """Of a number: straight lines between stated points; below the first and above the last, theirs."""
    choices: dict[str, Decimal] | None = Field(default=None, min_length=1)
    """Of a word: the points of each answer that there is."""
    at_least: Decimal | None = None
    """Knocks out: an applicant with fewer points than this is not chosen."""
    missing: Literal["zero", "knocked_out"] = "knocked_out"
    """An applicant who says nothing: no points, or not chosen."""


class ValuePoint(RuleModel):
    """A stated point."""

    value: Decimal
    """The number that the applicant states."""
    points: Decimal
    """What it is worth."""


class TrialTerms(RuleModel):
    """How a chosen applicant is tried on like accounts, before it gets more."""

    segments: tuple[str, ...] = Field(min_length=1)
    """Segments of the strategy whose debtors are drawn."""
    champion: str
    """Id of the partner that it is compared with."""
    measure: Literal["recovered_of_overdue", "recovered_of_balance", "paid"] = "paid"
    """By what they are compared, as experiments are."""
    days: int = Field(ge=1, le=365)
    """For so many days from the draw."""
    usual_rate: Decimal = Field(gt=0, lt=1)
    """What the champion commonly reaches."""
    worth_knowing: Decimal = Field(gt=0, lt=1)
    """The smallest difference of rates that the trial has to find."""
    scatter: Decimal | None = Field(default=None, gt=0)
    """Standard deviation between debtors of a rate of money; of `paid` it follows from the rate."""
    power: Decimal = Field(default=Decimal("0.8"), gt=Decimal("0.5"), lt=1)
    """The chance of finding a difference of that size where there is one."""
    capacity_share: Decimal = Field(gt=0, le=1)
    """Share of the capacity of both partners that the trial may have."""


class SelectionRule(Rule):
    """How applicants are ranked, and which are out whatever they score."""

    jurisdiction: str
    """Where the partner is to collect; the permissions of the contracts say which legal types may."""
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    """What is judged."""
    at_least: Decimal
    """The least result that is chosen."""
    trial: TrialTerms | None = None
    """How whoever is chosen is tried."""


StandingFile.model_rebuild()
Criterion.model_rebuild()
