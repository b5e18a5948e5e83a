"""What managers write in KPI files: the types that the YAML is decoded to, and nothing that it computes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from domain.documents import RuleModel
from domain.records import Grain, Unit
from domain.rules import Rule
from domain.staff import DayShareKeys, LeaveType
from kpi_rules.credit_language import CreditRule
from kpi_rules.limit_language import Limit, LimitTest


class KpiFile(RuleModel):
    """A file below kpi_rules/: any of the five sections, each a list."""

    kpis: tuple[AnyKpi, ...] = ()
    """What is measured."""
    credit_rules: tuple[CreditRule, ...] = ()
    """Who a payment counts for."""
    scorecards: tuple[Scorecard, ...] = ()
    """How the KPIs of a department become one score."""
    targets: tuple[Target, ...] = ()
    """What is expected."""
    limits: tuple[Limit, ...] = ()
    """What the law forbids in contacts."""
    long_leave: tuple[LongLeave, ...] = ()
    """Who is away for so long that nothing is expected of them."""


class Aggregation(StrEnum):
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVERAGE = "average"  # kept as a sum and a count: SQL sums, Python divides


class MeasureKeys(RuleModel):
    """One number from the rows of one dataset."""

    dataset: str
    """Which rows are read; docs/rules/kpis.md lists the datasets and their columns."""
    measure: Aggregation
    """What is made of the rows."""
    of: str | None = None
    """The column that is counted distinctly, summed, compared or averaged; a plain count has none."""
    where: str | None = None
    """Condition on the row, such as `channel == "call"`; left out: every row of the dataset."""
    by: str | None = None
    """A column with a few known values: the KPI becomes one per value, named with it, such as `cure_rate_2`."""
    values: tuple[int | str, ...] = ()
    """Which values of that column; left out: all."""
    parameters: dict[str, int] = Field(default_factory=dict)
    """Values that the dataset asks for, such as the days of grace of a promise."""


StatedGrain = Literal[
    Grain.EMPLOYEE,
    Grain.TEAM,
    Grain.DEPARTMENT,
    Grain.PARTNER,
    Grain.BRANCH,
    Grain.SEGMENT,
    Grain.PORTFOLIO,
]


class Kpi(Rule):
    """Keys that every KPI has; `type` says which others."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    """Name in reports, formulas and commands: small letters, digits and underscores."""
    titles: dict[Literal["vi", "zh"], str] = Field(default_factory=dict)
    """The title on pages in Vietnamese and Chinese; left out: as in `title`."""
    about: str = ""
    """The definition in a sentence, as people read it beside the figure."""
    abouts: dict[Literal["vi", "zh"], str] = Field(default_factory=dict)
    """The same in Vietnamese and Chinese; left out: as in `about`, and the page says that it is English."""
    unit: Unit
    """What the figure is; checked against what the measure gives."""
    unit_names: dict[Literal["en", "vi", "zh"], str] = Field(default_factory=dict)
    """What one of it is, on pages in each language, such as `days`; left out: an amount, a share or a plain number."""
    good: Literal["higher", "lower"]
    """Which direction is better."""
    grains: tuple[StatedGrain, ...] = Field(min_length=1)
    """Whose figure it may be."""
    changes: Literal["by_days", "whole_month", "refuse"] | None = None
    """If another version begins within a month: each counts its own days, the last one all of it, or it must not.
    Left out: whole_month."""
    shown_to: tuple[str, ...] = ()
    """Who looks at it on pages and in reports, by role; needed only where no other rule reads it."""

    @model_validator(mode="wrap")
    @classmethod
    def _by_type(cls, data: Any, handler: Any) -> Any:
        """A KPI of no stated kind is decoded as the kind that its `type` names, so that messages speak of that one."""
        if cls is not Kpi:
            return handler(data)
        if isinstance(data, dict) and data.get("type") not in _TYPES:
            raise ValidationError.from_exception_data("Kpi", [_wrong_type(data)])
        return _ANY_KPI.validate_python(data)


class SimpleKpi(Kpi, MeasureKeys):
    """One measure of one dataset."""

    type: Literal["simple"]
    """One number from rows."""


class CumulativeKpi(Kpi, MeasureKeys):
    """One measure over the last days up to the business date, wherever the period starts."""

    type: Literal["cumulative"]
    """A number over a window of days."""
    window_days: int = Field(ge=1, le=400)
    """How many days, the business date included."""


class Measure(MeasureKeys):
    """The numerator or denominator of a ratio."""


def _kpi_or_measure(value: Any) -> str:
    return "kpi" if isinstance(value, str) else "measure"


KpiOrMeasure = Annotated[
    Annotated[str, Tag("kpi")] | Annotated[Measure, Tag("measure")], Discriminator(_kpi_or_measure)
]


class RatioKpi(Kpi):
    """One number divided by another; without a denominator, or with zero, it has no value."""

    type: Literal["ratio"]
    """A division of two sums."""
    numerator: KpiOrMeasure
    """What is divided: the id of a KPI, or a measure."""
    denominator: KpiOrMeasure
    """By what: the id of a KPI, or a measure."""


class DerivedKpi(Kpi):
    """A formula over other KPIs of the same entity."""

    type: Literal["derived"]
    """A formula."""
    formula: str
    """Such as `60 * calls_made / minutes_worked`; a missing operand makes the result missing."""


AnyKpi = Annotated[SimpleKpi | RatioKpi | DerivedKpi | CumulativeKpi, Field(discriminator="type")]

_TYPES = ("simple", "ratio", "derived", "cumulative")
_ANY_KPI: TypeAdapter[Kpi] = TypeAdapter(AnyKpi)


def _wrong_type(data: dict[str, Any]) -> InitErrorDetails:
    if "type" not in data:
        return InitErrorDetails(type="missing", loc=("type",), input=data)
    known = {"found": str(data["type"]), "types": ", ".join(_TYPES)}
    fault = PydanticCustomError("literal_error", "No kind of KPI is called {found}; there are {types}", known)
    return InitErrorDetails(type=fault, loc=("type",), input=data["type"])


class CurvePoint(RuleModel):
    """A stated point of a curve."""

    attainment: Decimal
    """Share of the target that was reached; 1 is on target."""
    points: Decimal
    """What it is worth."""


class Curve(RuleModel):
    """From attainment to points: straight lines between the stated points, a floor below and a cap above them."""

    points: tuple[CurvePoint, ...] = Field(min_length=2)
    """In rising order of attainment."""
    below: Decimal
    """Points of an attainment below the first point."""
    above: Decimal
    """Points of an attainment above the last point."""


class Peers(RuleModel):
    """What the others with the same scorecard have reached, in place of a target."""

    against: Literal["best", "median"]
    """The best value among them, or the middle one."""
    tie_band: Decimal = Field(ge=0, lt=1)
    """A value that is off by no more than this share of it is as good as it: attainment 1."""
    fewest: int = Field(ge=2)
    """How many of them need a value; with fewer the part has none."""
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    """Of amounts."""


class Evidence(RuleModel):
    """What has to be there before a figure says anything of somebody: a few accounts are chance."""

    kpi: str
    """Id of a KPI of the same entity, such as `accounts_had`; no amount of money."""
    at_least: Decimal = Field(gt=0)
    """The least value with which the part counts."""


class ScoreGate(RuleModel):
    """What has to hold, or else the score is less, whatever the parts come to."""

    kpi: str
    """Id of the KPI, measured per employee, or per partner; no amount of money."""
    at_most: Decimal | None = None
    """It holds up to this value, the value included."""
    at_least: Decimal | None = None
    """It holds from this value on."""
    otherwise: GateEffect
    """What becomes of the score where it does not hold."""
    missing: Literal["holds", "fails"]
    """Where the KPI has no value."""


class GateEffect(RuleModel):
    """One of the two."""

    times: Decimal | None = Field(default=None, ge=0, lt=1)
    """The score is multiplied by it."""
    score_at_most: Decimal | None = None
    """The score is no higher than this."""


class ScorecardPart(RuleModel):
    """One KPI of a scorecard."""

    kpi: str
    """Id of the KPI, measured per employee, or per partner."""
    weight: Decimal = Field(gt=0, le=1)
    """Its share of the score; the weights of a scorecard sum to 1."""
    curve: Curve | None = None
    """A curve of its own; left out: the scorecard's."""
    peers: Peers | None = None
    """Held against the others with the same scorecard; left out: against the target."""
    enough: Evidence | None = None
    """Below it the part has no value."""


class PeerGroup(RuleModel):
    """Partners that are held beside each other because somebody says so."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    """Name in explanations."""
    partners: tuple[str, ...] = Field(min_length=1)
    """Ids of the partners."""


class ScoredPartners(RuleModel):
    """Which partners a scorecard scores, and who are peers of whom."""

    partners: Literal["all"] | tuple[str, ...] = "all"
    """All whose contract held on a day of the month, or these of them."""
    alike_in: tuple[Literal["jurisdiction", "legal_type"], ...] = ()
    """Peers are alike in these."""
    groups: tuple[PeerGroup, ...] = ()
    """Peers by name; a partner in none of them is a peer of the others in none."""


class Carry(RuleModel):
    """A part without value takes the last one that the person had in the department, in an earlier month."""

    months: int = Field(ge=1, le=12)
    """How many months back at most."""
    otherwise: Literal["redistribute", "zero"]
    """Where there is none: its weight goes to the others in proportion, or it earns nothing."""


class Scorecard(Rule):
    """How the KPIs of the people of one department, or of partners, become one score."""

    department: str = ""
    """Id of the department; of a scorecard of partners left out."""
    scores: ScoredPartners | None = None
    """Partners, in place of a department's people."""
    titles: dict[Literal["vi", "zh"], str] = Field(default_factory=dict)
    """The title on pages in Vietnamese and Chinese; left out: as in `title`."""
    roles: tuple[Literal["collector", "leader", "manager"], ...] = ("collector",)
    """Who is scored."""
    changes: Literal["whole_month", "refuse", "by_days"] | None = None
    """If the department's scorecard changes within a month: this one scores all of it, or it must not. Left out:
    whole_month. A score has no days of its own, so by_days is refused."""
    missing: Literal["redistribute", "zero", "carry"]
    """A part without value: its weight goes to the others in proportion, it earns nothing, or it carries the last."""
    carry: Carry | None = None
    """With `missing: carry`: how far back, and what else."""
    curve: Curve
    """The curve of every part that has none of its own."""
    parts: tuple[ScorecardPart, ...] = Field(min_length=1)
    """The KPIs and their weights."""
    gates: tuple[ScoreGate, ...] = ()
    """What has to hold beside, in the order in which it is looked at."""

    @property
    def grain(self) -> Grain:
        """Of whom its KPIs are measured."""
        return Grain.PARTNER if self.scores else Grain.EMPLOYEE


def _whole_or_share(value: Any) -> str:
    return "whole" if isinstance(value, str) else "share"


Proration = Annotated[
    Annotated[Literal["whole"], Tag("whole")] | Annotated[DayShareKeys, Tag("share")], Discriminator(_whole_or_share)
]


class CascadeKpi(RuleModel):
    """By what a KPI measures of each."""

    kpi: str
    """Id of the KPI, measured per employee, such as `overdue_at_opening`; below zero it counts as none."""


def _word_or_kpi(value: Any) -> str:
    return "word" if isinstance(value, str) else "kpi"


class Sharing(RuleModel):
    """How a value is shared out: by weight, in whole steps that sum to the whole."""

    by: Annotated[
        Annotated[Literal["equal", "capacity"], Tag("word")] | Annotated[CascadeKpi, Tag("kpi")],
        Discriminator(_word_or_kpi),
    ]
    """The weight of each employee: the same, the accounts that they may own at once, or a KPI; times their days."""
    step: Decimal = Field(gt=0)
    """Each part is a whole multiple of it, such as 1000; what is left goes to the largest remainders."""


class Cascade(Sharing):
    """A team's or department's value, shared out among its employees; what does not add up passes down whole."""

    roles: tuple[Literal["collector", "leader", "manager"], ...] = ("collector",)
    """Among whom."""
    teams: Sharing | None = None
    """A department's value is shared out among its teams first; a team weighs as much as its employees together."""


class Target(Rule):
    """What is expected of each employee, team, department or partner in a scope; the narrowest scope counts."""

    each: Literal[Grain.EMPLOYEE, Grain.TEAM, Grain.DEPARTMENT, Grain.PARTNER] = Grain.EMPLOYEE
    """Whose figure is held against the value."""
    department: str | None = None
    """Scope: one department."""
    team: str | None = None
    """Scope: one team."""
    employee: str | None = None
    """Scope: one employee."""
    partner: str | None = None
    """Scope: one partner, of a target of each partner."""
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    """Of the amounts among the values."""
    prorate: Proration | None = None
    """Of what grows with the days, what is due of an employee for a part of the period: `whole`, or a share of it."""
    part_of: str | None = None
    """Id of the target whose values this one's are a part of: the parts have to sum to it."""
    changes: Literal["by_days", "whole_month", "refuse"] | None = None
    """If it begins within a month: each day counts with the target in force on it, all of the month with this one, or
    it must not. Left out: whole_month."""
    cascade: Cascade | None = None
    """The values of a team or department, shared out among its employees, each for the days that `prorate` counts."""
    values: dict[str, Annotated[Decimal, Field(gt=0)]] = Field(min_length=1)
    """The target of each KPI, by its id."""

    @property
    def weighed_by(self) -> tuple[str, ...]:
        """The KPIs by which the values are shared out."""
        sharings = (self.cascade, self.cascade.teams) if self.cascade else ()
        return tuple(each.by.kpi for each in sharings if each and isinstance(each.by, CascadeKpi))


class LongLeave(Rule):
    """Whoever is away like this is out of targets and peers on these days; what they did before is kept."""

    kinds: tuple[LeaveType, ...] = Field(min_length=1)
    """Which leave; leaves of these kinds that follow each other are one."""
    days: int = Field(ge=1)
    """From how many calendar days on it is long; all of its days are."""


class ScorecardTest(RuleModel):
    """Given values of KPIs, what a scorecard gives."""

    name: str
    """What the test shows, as a sentence."""
    scorecard: str
    """Id of the scorecard."""
    on: date
    """The business date."""
    given: dict[str, Decimal]
    """Values of KPIs; what is left out has no value."""
    targets: dict[str, Decimal] = Field(default_factory=dict)
    """Targets of KPIs; what is left out has the target that the department has on that date."""
    score: Decimal | None
    """The expected score; null: no value."""
    digits: int | None = Field(default=None, ge=0, le=10)
    """Digits after the point to which the score is compared; left out: exactly."""


class KpiTest(RuleModel):
    """Given values of other KPIs, or a numerator and a denominator, what a KPI gives."""

    name: str
    """What the test shows, as a sentence."""
    kpi: str
    """Id of a ratio or derived KPI."""
    on: date
    """The business date."""
    given: dict[str, Decimal]
    """Values by the names that the formula reads, or `numerator` and `denominator`."""
    value: Decimal | None
    """The expected value; null: no value."""
    digits: int | None = Field(default=None, ge=0, le=10)
    """Digits after the point to which the value is compared; left out: exactly."""


def _kind_of_test(value: Any) -> str:
    kinds = ("kpi", "limit")
    return next((kind for kind in kinds if isinstance(value, dict) and kind in value), "scorecard")


AnyTest = Annotated[
    Annotated[ScorecardTest, Tag("scorecard")] | Annotated[KpiTest, Tag("kpi")] | Annotated[LimitTest, Tag("limit")],
    Discriminator(_kind_of_test),
]


class KpiTestFile(RuleModel):
    """A file *.test.yaml beside KPI files."""

    tests: tuple[AnyTest, ...] = ()
    """Each gives values and says what must come out."""


KpiFile.model_rebuild()
