"""The language of partner contracts: what a contract file may say, section by section."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from domain.documents import RuleModel
from domain.money import Rounding
from domain.records import Unit
from domain.rules import Rule
from incentives.claims.terms import SettlementTerms
from incentives.duties import Commitment, Duty
from incentives.numbers import Name, Number
from incentives.policies import Missing
from incentives.steps import AnyStep
from incentives.tiers import Boundary
from incentives.titles import TitledRule

LegalType = Literal["law_firm", "asset_manager", "agency"]
Jurisdiction = Literal["VN", "CN", "TW", "US", "IN", "ID"]
NotNegative = Annotated[Number, Field(ge=0)]
PaymentChannel = Literal["transfer", "cash", "counter", "wallet", "direct_debit"]
Counted = Literal["cash", "settlement", "restructured", "direct", "waiver"]
Measured = Literal[
    "age_at_placement_days", "age_at_placement_months", "days_past_due", "placement_number", "balance_at_placement",
    "balance", "recovered", "recovered_before", "days_since_placed", "days_since_charge_off",
]  # fmt: skip


def permission_id(jurisdiction: str) -> str:
    """The id of the law on who may collect in a jurisdiction."""
    return f"collecting_in_{jurisdiction.lower()}"


class Permission(Rule):
    """Who may collect debts of others in a jurisdiction, from a day on, by which law. The latest of a jurisdiction that
    has begun holds. It is signed like any other rule; its id, title and owner follow from the jurisdiction."""

    id: str = ""
    """Left out: `collecting_in_vn`."""
    title: str = ""
    """Left out: who may collect there."""
    owner: str = "legal"
    """The role that answers for the rule."""
    jurisdiction: Jurisdiction
    """The jurisdiction."""
    legal_types: tuple[LegalType, ...] = Field(min_length=1)
    """Legal types that may collect there."""
    source: str
    """The law, as data; it is no legal advice."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("jurisdiction"), str):
            return data
        where = data["jurisdiction"]
        return {"id": permission_id(where), "title": f"Who may collect in {where}", **data}

    @model_validator(mode="after")
    def _ends_or_is_reviewed(self) -> Permission:
        """A law holds until another one does."""
        return self


class FeeSlice(RuleModel):
    """A rate on the part of the recovered amount above `from`."""

    start: NotNegative = Field(alias="from")
    """Amount recovered on the placement from which on this rate holds."""
    rate: NotNegative
    """Fraction of the amount recovered."""


class Earned(RuleModel):
    """What a recovery earns: a rate on everything, or slices; and beside it what each payment earns at least or most.

    A payment and its reversals count as one: what was taken back whole has earned nothing.
    """

    rate: NotNegative | None = None
    """Whole: this fraction of everything recovered."""
    slices: tuple[FeeSlice, ...] | None = Field(default=None, min_length=1)
    """Marginal instead: the amount recovered on one placement so far, sliced; the first slice starts at 0."""
    fixed: NotNegative | None = None
    """Money for each payment, beside the rate, before the least and the most."""
    at_least: NotNegative | None = None
    """The least fee of one payment."""
    at_most: NotNegative | None = None
    """The most fee of one payment."""


class FeeBand(Earned):
    """What a recovery earns whose measure has reached `from`."""

    start: NotNegative = Field(alias="from")
    """Where the band starts."""


class FeeCase(Earned):
    """One case of the schedule; the first one whose condition holds is paid by.

    It states a rate, or slices, or bands of a measure, or that nothing is earned.
    """

    name: Name | None = None
    """What explanations call it; left out: its number."""
    when: str | None = None
    """Condition over the recovery, its placement and its account; left out, the case holds for all that is left."""
    by: Measured | None = None
    """The number that decides the band; needs `bands`."""
    boundary: Boundary | None = None
    """`at`: exactly at a band's start has reached it; `above`: it has not."""
    bands: tuple[FeeBand, ...] | None = Field(default=None, min_length=1)
    """Bands in ascending order; the first starts at 0."""
    no_fee: Literal[True] | None = None
    """Nothing is earned in this case."""


class Uplift(RuleModel):
    """Percentage points on top of the rate, or of every slice's, where a condition holds."""

    when: str
    """Condition, as in a case."""
    points: NotNegative
    """What is added to the rate: 0.10 makes 20 % of it 30 %."""


class OfPlacement(RuleModel):
    """What one placement earns in all its months together."""

    at_least: NotNegative | None = None
    """The least, once something was recovered on it."""
    at_most: NotNegative | None = None
    """The most."""


class Schedule(RuleModel):
    """The fee schedule."""

    cases: tuple[FeeCase, ...] = Field(min_length=1)
    """Cases, the first that holds counts; the last has no condition, or `otherwise` says what the rest comes to."""
    otherwise: Literal["no_fee"] | None = None
    """What earns nothing is said: a recovery for which no case holds."""
    rates_on: Literal["recovered", "applied"] = "recovered"
    """What rates are fractions of: of the payment, or of the part of it that is left for the debt, where the fee is
    added to the debt and paid out of the payment. 0.25 of the latter is 0.20 of the former."""
    uplifts: tuple[Uplift, ...] = ()
    """Points on top; of several that hold only the first counts, so the highest stands first."""
    each_placement: OfPlacement | None = None
    """Bounds of what one placement earns, over all months."""
    unknown_days_past_due: Literal["no_fee", "from_placement"] = "no_fee"
    """Where no state of the account of the days before the payment is known: the recovery earns nothing and is listed,
    or the days past due at placement are counted on."""
    look_back_days: int | None = Field(default=None, gt=0, le=3_660)
    """How many days before the month payments are read: slices, and bounds of a placement, count from its first one."""


class InFlight(RuleModel):
    """Promises that were made while the account was placed, and kept after it was back."""

    grace_days: int = Field(ge=0, le=62)
    """Days after the due date on which a payment still keeps the promise."""


AfterRecall = Literal["none", "tail", "full", "exclusive"]
AfterTerm = Literal["none", "tail", "full"]


class Entitlement(RuleModel):
    """Which recoveries still earn a fee once the account is back: after recall, or after the term."""

    after_recall: AfterRecall
    """`tail`: for `tail_days` days, counted from the first day back; `exclusive`: in full up to the end of the agreed
    term where the placement was exclusive, and nothing where it was not."""
    after_term: AfterTerm
    """The same from the first day after the agreed term."""
    tail_days: int = Field(default=0, ge=0)
    """Length of the tail, in days."""
    promises_in_flight: InFlight | None = None
    """Whether a promise that the partner took before the account was back, and that is kept afterwards, still earns."""


class MonthInput(RuleModel):
    """A figure of the partner that the steps of the month read: a KPI, a score, or the attainment of a KPI."""

    kpi: str | None = None
    """A KPI of the grain partner, by id; `unit` says what it counts. Money is taken in the contract's currency."""
    scorecard: str | None = None
    """A scorecard of partners, by id: the score, or with `attainment` the attainment of one of its KPIs."""
    attainment: str | None = None
    """The KPI of the scorecard whose attainment is read."""
    unit: Unit | None = None
    """What a KPI counts: money, count or ratio. Scores and attainments are ratios."""
    missing: Missing
    """What it means when the partner has no value: zero, or the fee of the month is held."""


class Month(RuleModel):
    """What becomes of the month's fee: bonus, malus, deductions, fixed fees, minimum and maximum, step by step.

    Steps read these inputs, and without being declared: `fees` (the sum of the month's fees), `recovered`, `payments`
    (how many earned), `placed` (placements that began in the month), `placed_balance`, `returned` (that ended in it)
    and `running` (on its last day).
    """

    inputs: dict[Name, MonthInput] = Field(default_factory=dict)
    """Figures of the partner, by the names that steps use."""
    steps: tuple[AnyStep, ...] = Field(min_length=1)
    """The steps, in order; what the last one comes to is rounded as `rounding` says, and paid."""


class FeeRounding(RuleModel):
    """Where fees are rounded, and how."""

    each: Literal["payment", "month"]
    """`payment`: every fee, then summed; `month`: the month's sum, once."""
    digits: int
    """Digits after the point."""
    mode: Literal["half_up", "half_even", "down", "up"]
    """How halves, and what lies between, are rounded."""

    @property
    def rounding(self) -> Rounding:
        return Rounding[self.mode.upper()]


PlacementColumn = Literal[
    "account_id", "debtor_id", "debtor_name", "national_id", "phone", "address", "product", "branch_id", "region",
    "language", "jurisdiction", "originator", "opened_on", "currency", "principal", "balance", "overdue_amount",
    "days_past_due", "charged_off_on", "placed_on", "term_ends_on",
]  # fmt: skip
RecallColumn = Literal["account_id", "debtor_id", "recalled_on", "reason", "currency", "balance"]
AMOUNTS = ("principal", "balance", "overdue_amount")


class PartnerFiles(RuleModel):
    """What the partner is told of each account, column by column and in this order: nothing else leaves the house."""

    placement: tuple[PlacementColumn, ...] = Field(min_length=1)
    """Columns of placement files."""
    recall: tuple[RecallColumn, ...] = Field(min_length=1)
    """Columns of recall files."""
    term_days: int | None = Field(default=None, gt=0)
    """Days that an account stays with the partner; needed for the column term_ends_on."""
    acknowledge_days: int | None = Field(default=None, ge=0, le=60)
    """Calendar days after a file's day within which every line of it is answered; left out, no answer is ever late."""


class Contract(TitledRule):
    """A contract with a partner, or with several on the same terms."""

    partners: Literal["all"] | tuple[str, ...]
    """Partner ids, or `all`; a contract that names the partner takes precedence."""
    legal_types: tuple[LegalType, ...] = Field(min_length=1)
    """Legal types of the partners."""
    jurisdictions: tuple[Jurisdiction, ...] = Field(min_length=1)
    """Where they collect; each legal type must be permitted there."""
    currency: str
    """ISO 4217 code of recoveries and fees."""
    dated_by: Literal["placed_on", "posted_on"]
    """Which date decides the version of the contract."""
    counts: tuple[Counted, ...] = Field(min_length=1)
    """What is recovered, by what kind of money it is; what is not named earns nothing."""
    direct_channels: tuple[PaymentChannel, ...] = ()
    """Channels by which a debtor pays the bank directly; needed where `counts` tells direct money apart."""
    schedule: Schedule
    """The rates."""
    entitlement: Entitlement
    """What is still paid after recall and term."""
    month: Month | None = None
    """Steps over the fee of the month; left out, the sum of its fees is paid."""
    vat_rate: NotNegative
    """Value-added tax on the fee, as a fraction; a line of its own."""
    rounding: FeeRounding
    """Rounding of fees and tax."""
    accounts_at_most: int | None = Field(default=None, gt=0)
    """The most accounts that the partner may have at once; allocation places no more, whatever its capacity."""
    files: PartnerFiles | None = None
    """What placement and recall files hold; left out, none are written under the contract."""
    duties: tuple[Duty, ...] = ()
    """What the partner returns every month."""
    commitments: tuple[Commitment, ...] = ()
    """What the partner promised, as bounds on KPIs."""
    settlement: SettlementTerms | None = None
    """How the partner's claims are settled, cycle by cycle; left out, the books alone decide what earns a fee."""


class ContractFile(RuleModel):
    """A file below `incentives/contracts`."""

    permissions: tuple[Permission, ...] = ()
    """The law on who may collect, as data."""
    contracts: tuple[Contract, ...] = ()
    """The contracts."""
