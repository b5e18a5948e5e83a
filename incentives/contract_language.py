"""The language of partner contracts: what a contract file may say, section by section."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.money import Rounding
from incentives.claims.terms import SettlementTerms
from incentives.numbers import Number
from incentives.tiers import Boundary
from incentives.titles import TitledRule

LegalType = Literal["law_firm", "asset_manager", "agency"]
Jurisdiction = Literal["VN", "CN", "TW", "US", "IN", "ID"]
NotNegative = Annotated[Number, Field(ge=0)]


class Permission(RuleModel):
    """Who may collect debts of others in a jurisdiction, from a day on, by which law."""

    jurisdiction: Jurisdiction
    """The jurisdiction."""
    legal_types: tuple[LegalType, ...] = Field(min_length=1)
    """Legal types that may collect there."""
    valid_from: date
    """First day of this state of the law."""
    source: str
    """The law, as data; it is no legal advice."""


class FeeSlice(RuleModel):
    """A rate on the part of the recovered amount above `from`."""

    start: NotNegative = Field(alias="from")
    """Amount recovered on the placement from which on this rate holds."""
    rate: NotNegative
    """Fraction of the amount recovered."""


class FeeBand(RuleModel):
    """What a placement earns that has reached `from` in the schedule's measure."""

    start: NotNegative = Field(alias="from")
    """Where the band starts."""
    rate: NotNegative | None = None
    """Whole: this fraction of everything recovered."""
    slices: tuple[FeeSlice, ...] | None = Field(default=None, min_length=1)
    """Marginal instead: the amount recovered on one placement so far, sliced; the first slice starts at 0."""


class Schedule(RuleModel):
    """The fee schedule."""

    by: Literal["age_at_placement_days", "days_past_due", "placement_number", "balance_at_placement"]
    """What decides the band; days past due are those of the account on the day of the payment."""
    boundary: Boundary
    """`at`: exactly at a band's start has reached it; `above`: it has not."""
    bands: tuple[FeeBand, ...] = Field(min_length=1)
    """Bands in ascending order; the first starts at 0."""


class Entitlement(RuleModel):
    """Which recoveries still earn a fee once the account is back: after recall, or after the term."""

    after_recall: Literal["none", "tail", "full"]
    """`tail`: for `tail_days` days, counted from the first day back."""
    after_term: Literal["none", "tail", "full"]
    """The same from the first day after the agreed term."""
    tail_days: int = Field(default=0, ge=0)
    """Length of the tail, in days."""


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
    counts: tuple[Literal["cash", "waiver"], ...] = Field(min_length=1)
    """What of a payment is recovered: cash; a waiver only where it is named."""
    schedule: Schedule
    """The rates."""
    entitlement: Entitlement
    """What is still paid after recall and term."""
    month_minimum: NotNegative | None = None
    """The least fee of a month, before VAT; it is paid for a month with recoveries that count."""
    month_maximum: NotNegative | None = None
    """The most fee of a month, before VAT."""
    vat_rate: NotNegative
    """Value-added tax on the fee, as a fraction; a line of its own."""
    rounding: FeeRounding
    """Rounding of fees and tax."""
    files: PartnerFiles | None = None
    """What placement and recall files hold; left out, none are written under the contract."""
    settlement: SettlementTerms | None = None
    """How the partner's claims are settled, cycle by cycle; left out, the books alone decide what earns a fee."""


class ContractFile(RuleModel):
    """A file below `incentives/contracts`."""

    permissions: tuple[Permission, ...] = ()
    """The law on who may collect, as data."""
    contracts: tuple[Contract, ...] = ()
    """The contracts."""
