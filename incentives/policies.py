"""Bonus policies as they stand in rule files: who is paid what, from which inputs, by which named steps."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.expressions import ExprType
from domain.expressions import Name as ExprName
from domain.records import Grain, Unit
from domain.rules import Rule
from domain.staff import DayCount
from incentives.numbers import Name, Number
from incentives.steps import AnyStep
from incentives.titles import Names, TitledRule


class Missing(StrEnum):
    """What an input without a value means; a halted one always holds the payee."""

    ZERO = "zero"
    HOLD = "hold"


class PartPeriod(StrEnum):
    """How a payee who was covered for part of the period is paid."""

    PRORATED = "prorated"
    WHOLE = "whole"


class AppliesTo(RuleModel):
    """Whom a policy is for. Of the policies for one component, the one that states most keys wins."""

    departments: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Departments; every department if left out."""
    roles: tuple[Literal["collector", "leader", "manager"], ...] | None = Field(default=None, min_length=1)
    """Roles; every role if left out."""
    when: str | None = None
    """Condition over department, team, role, jurisdiction, full_time_share and tenure_days."""

    @property
    def specificity(self) -> int:
        return sum(stated is not None for stated in (self.departments, self.roles, self.when))


Fact = Literal["tenure_months", "month", "full_time_share", "leaving"]


class Input(RuleModel):
    """A figure that the policy reads: a KPI, a score, an attainment, days, a fact, what others are paid, or a column of
    an earlier period."""

    kpi: str | None = None
    """A KPI, by id; `unit` says what it counts. Money is taken in the policy's currency."""
    scorecard: str | None = None
    """A scorecard, by id: its score, or with `attainment` the attainment of one of its KPIs."""
    attainment: str | None = None
    """The KPI of the scorecard whose attainment is read."""
    days: DayCount | None = None
    """Days of the period on which the policy covered the payee; `days_worked` leaves out every kind of leave."""
    fact: Fact | None = None
    """`tenure_months`: the month of employment at the period's end, 1 for that of hire; `month`: the calendar month;
    `full_time_share`: on the last day covered; `leaving`: 1 if the payee leaves within the period, else 0."""
    lines: Name | None = None
    """A component: what those below the payee are paid of it, each line by the days on which they were led."""
    level: Annotated[int, Field(ge=1, le=9)] | None = None
    """With `lines`: 1 for those whom the payee leads, 2 for those whom these lead, and so on."""
    carried: Name | None = None
    """A column of this policy's component as it was published for an earlier period: year to date, owed draws, what was
    kept back."""
    months_ago: Annotated[int, Field(ge=1, le=36)] | None = None
    """With `carried`: of which period; 1 is the month before."""
    begins_anew: Annotated[int, Field(ge=1, le=12)] | None = None
    """With `carried`: the calendar month that carries nothing over; 1 for a year to date."""
    rates: Name | None = None
    """With a KPI in money: the exchange rates by which what was measured in other currencies counts too."""
    unit: Unit | None = None
    """What a KPI or a carried column counts: money, count or ratio. Scores and attainments are ratios, days counts."""
    grain: Literal[Grain.EMPLOYEE, Grain.TEAM, Grain.DEPARTMENT] = Grain.EMPLOYEE
    """Whose figure: the payee's own, or that of the payee's team or department (leaders)."""
    missing: Missing
    """What it means when there is no value: zero, or the payee is held. Nothing is dropped."""

    @property
    def measured_in(self) -> Unit:
        if self.lines is not None:
            return Unit.MONEY
        if self.days is not None or self.fact in {"tenure_months", "month", "leaving"}:
            return Unit.COUNT
        return self.unit or Unit.RATIO

    @property
    def reference(self) -> str:
        """What is read, without the currency: `kpi:recovered_amount`."""
        if self.kpi is not None:
            return f"kpi:{self.kpi}"
        if self.fact is not None:
            return f"fact:{self.fact}"
        if self.lines is not None:
            return f"lines:{self.lines}"
        if self.carried is not None:
            return f"carried:{self.carried}"
        if self.attainment is not None:
            return f"attainment:{self.scorecard}.{self.attainment}"
        return f"scorecard:{self.scorecard}" if self.scorecard is not None else f"days:{self.days}"


class PolicyBody(RuleModel):
    """What a policy says beside its id and dates."""

    applies_to: AppliesTo
    """Whom it is for."""
    component: Name
    """What is paid, as the ledger names it."""
    component_titles: Names = Field(default_factory=dict)
    """What statements call it, by language; left out: the component, with spaces."""
    currency: str
    """ISO 4217 code; it pays those whose pay is in this currency."""
    part_period: PartPeriod
    """`prorated`: a `prorate` step counts the days. `whole`: paid in full, once, by the policy of the last day."""
    inputs: dict[Name, Input]
    """What it reads, by the names that its steps use."""
    steps: tuple[AnyStep, ...] = Field(min_length=1)
    """The calculation, in order; the last step rounds to what can be paid."""


class Policy(TitledRule, PolicyBody):
    """A bonus policy."""


class Parameter(RuleModel):
    """What a template leaves open."""

    meaning: str
    """What to put there."""
    default: Any = None
    """Used where a policy does not state it."""


class PolicyTemplate(RuleModel):
    """A policy with values left open: text such as `$target_bonus` stands for the parameter of that name."""

    id: Name
    """Name by which policies use it."""
    title: str
    """What people read."""
    parameters: dict[Name, Parameter]
    """What each policy of this template states."""
    applies_to: Any
    """As in a policy, parameters allowed."""
    component: Any
    """As in a policy, parameters allowed."""
    component_titles: Any = None
    """As in a policy, parameters allowed."""
    currency: Any
    """As in a policy, parameters allowed."""
    part_period: Any
    """As in a policy, parameters allowed."""
    inputs: Any
    """As in a policy, parameters allowed."""
    steps: Any
    """As in a policy, parameters allowed."""


class TemplatedPolicy(TitledRule):
    """A policy made from a template; its version is the digest of the whole policy that results."""

    template: Name
    """The template."""
    parameters: dict[Name, Any] = Field(default_factory=dict)
    """A value for each parameter that has no default; any YAML value."""


class ExchangeRates(Rule):
    """Rates by which amounts in other currencies count; the version of the period's last day holds for the period."""

    to: str
    """The currency that amounts are converted into."""
    rates: dict[str, Annotated[Number, Field(gt=0)]] = Field(min_length=1)
    """What one unit of each other currency counts, in `to`."""


class PolicyFile(RuleModel):
    """A file below `incentives/policies`."""

    exchange_rates: tuple[ExchangeRates, ...] = ()
    """Rates for policies that pay on amounts in several currencies."""
    templates: tuple[PolicyTemplate, ...] = ()
    """Policies with values left open."""
    policies: tuple[Policy | TemplatedPolicy, ...] = ()
    """Policies, written out or made from a template."""


# What conditions in `applies_to` may read: facts of the posting and of the employment, never results.
FACTS = {
    "department": ExprName(ExprType.TEXT),
    "team": ExprName(ExprType.TEXT),
    "role": ExprName(ExprType.TEXT, ("collector", "leader", "manager")),
    "jurisdiction": ExprName(ExprType.TEXT),
    "full_time_share": ExprName(ExprType.RATIO),
    "tenure_days": ExprName(ExprType.COUNT),
}
