"""Partner contracts as they stand in rule files: what counts as recovered, at what rate, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import Document, RuleModel, decode
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.money import MINOR_DIGITS, Rounding
from domain.periods import Period
from domain.rules import Placed, RuleKind, RuleVersion, decode_rules
from incentives.numbers import Number
from incentives.sections import check_sections
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


class ContractFile(RuleModel):
    """A file below `incentives/contracts`."""

    permissions: tuple[Permission, ...] = ()
    """The law on who may collect, as data."""
    contracts: tuple[Contract, ...] = ()
    """The contracts."""


@dataclass(frozen=True, slots=True)
class ContractBook:
    """Contracts that can be settled by, ordered by id and first day."""

    contracts: tuple[Placed[Contract], ...]
    permissions: tuple[Permission, ...]

    def during(self, period: Period) -> ContractBook:
        """The versions that recoveries of the period may fall under; the version of the placement may be an old one."""
        kept = (each for each in self.contracts if each.rule.valid_from < period.end)
        return ContractBook(tuple(kept), self.permissions)

    def versions(self) -> tuple[RuleVersion, ...]:
        return tuple(placed.version for placed in self.contracts)

    def for_partner(
        self, partner: str, legal_type: str, jurisdiction: str, currency: str, day: date
    ) -> tuple[Placed[Contract], ...]:
        """The contracts under which accounts are placed with the partner on the day: one, where all is well."""
        holding = [each for each in self.contracts if each.rule.holds_on(day) and each.rule.currency == currency]
        named = [each for each in holding if each.rule.partners != "all" and partner in each.rule.partners]
        for_all = [
            each
            for each in holding
            if each.rule.partners == "all" and legal_type in each.rule.legal_types
            and jurisdiction in each.rule.jurisdictions
        ]  # fmt: skip
        return tuple(named or for_all)

    def may_collect(self, legal_type: str, jurisdiction: str, day: date) -> bool:
        """Whether the law in force lets the legal type collect there; where no law is stated, nobody may."""
        return legal_type in _permitted(self.permissions, jurisdiction, day)


def decode_contracts(documents: Iterable[Document]) -> tuple[ContractBook, tuple[Issue, ...]]:
    """The contracts of the documents, or everything that is wrong with them."""
    documents = tuple(documents)
    issues = [issue for document in documents for issue in check_sections(document, ("permissions", "contracts"))]
    permissions, found = _permissions(documents)
    placed, faults = decode_rules(documents, "contracts", RuleKind.CONTRACT, Contract)
    issues += [*found, *faults]
    sound: list[Placed[Contract]] = []
    for each in placed:
        wrong = (*_faults(each), *_not_permitted(each, permissions))
        issues += wrong
        if not wrong:
            sound.append(each)
    issues += _competing(sound)
    ordered = sorted(sound, key=lambda each: (each.rule.id, each.rule.valid_from))
    return ContractBook(tuple(ordered), permissions), tuple(
        sorted(dict.fromkeys(issues), key=lambda issue: (issue.location, issue.code))
    )


def _permissions(documents: tuple[Document, ...]) -> tuple[tuple[Permission, ...], list[Issue]]:
    found: list[Permission] = []
    issues: list[Issue] = []
    for document in documents:
        node = document.data.get("permissions") if isinstance(document.data, dict) else None
        for index in range(len(node) if isinstance(node, list) else 0):
            permission, faults = decode(document, Permission, ("permissions", index))
            issues.extend(faults)
            found.extend([permission] if permission else [])
    return tuple(found), issues


def _permitted(permissions: tuple[Permission, ...], jurisdiction: str, day: date) -> tuple[str, ...]:
    holding = [each for each in permissions if each.jurisdiction == jurisdiction and each.valid_from <= day]
    return max(holding, key=lambda each: each.valid_from).legal_types if holding else ()


def _not_permitted(placed: Placed[Contract], permissions: tuple[Permission, ...]) -> Iterator[Issue]:
    """Whether the contract's partners may collect where it says, on its first day and after each change of the law."""
    contract = placed.rule
    for index, jurisdiction in enumerate(contract.jurisdictions):
        changes = {each.valid_from for each in permissions if each.jurisdiction == jurisdiction}
        days = {contract.valid_from, *(day for day in changes if contract.holds_on(day))}
        for day in sorted(days):
            permitted = _permitted(permissions, jurisdiction, day)
            for legal_type in contract.legal_types:
                if legal_type not in permitted:
                    message = f"in {jurisdiction} a partner of type {legal_type} may not collect on {day}"
                    hint = f"Permitted are {', '.join(permitted)}" if permitted else "State who may, under permissions"
                    yield Issue("CON010", placed.place("jurisdictions", index), message, hint)


def _faults(placed: Placed[Contract]) -> Iterator[Issue]:
    contract = placed.rule
    yield from _band_faults(placed)
    yield from _file_faults(placed)
    if contract.currency not in MINOR_DIGITS:
        hint = suggestion(contract.currency, MINOR_DIGITS)
        yield Issue("CON020", placed.place("currency"), f'unknown currency "{contract.currency}"', hint)
    elif contract.rounding.digits > MINOR_DIGITS[contract.currency]:
        digits = MINOR_DIGITS[contract.currency]
        message = f"{contract.currency} is paid with {digits} digits after the point, not {contract.rounding.digits}"
        yield Issue("CON021", placed.place("rounding", "digits"), message, f"Round to {digits} or fewer")
    low, high = contract.month_minimum, contract.month_maximum
    if low is not None and high is not None and low > high:
        message = f"the minimum {low} lies above the maximum {high}"
        yield Issue("CON022", placed.place("month_minimum"), message)
    entitlement = contract.entitlement
    if ("tail" in {entitlement.after_recall, entitlement.after_term}) != (entitlement.tail_days > 0):
        message = "a tail, and only a tail, has tail_days"
        yield Issue("CON023", placed.place("entitlement"), message, "State tail_days, or write none")


def _file_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    files = placed.rule.files
    for name, columns in (("placement", files.placement), ("recall", files.recall)) if files else ():
        place = placed.place("files", name)
        for column in sorted({each for each in columns if columns.count(each) > 1}):
            yield Issue("CON050", place, f'the column "{column}" stands twice', "Keep one")
        if "account_id" not in columns:
            yield Issue("CON051", place, "no account_id: nobody could acknowledge a line", "Add it")
        if {*AMOUNTS} & {*columns} and "currency" not in columns:
            yield Issue("CON052", place, "amounts without their currency", "Add currency")
    if files and ("term_ends_on" in files.placement) != (files.term_days is not None):
        message = "term_ends_on and term_days go together"
        yield Issue("CON053", placed.place("files", "term_days"), message, "State both, or neither")


def _band_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    bands = placed.rule.schedule.bands
    yield from _not_ascending(placed, [band.start for band in bands], ("schedule", "bands"))
    for index, band in enumerate(bands):
        path = ("schedule", "bands", index)
        if (band.rate is None) == (band.slices is None):
            hint = "rate pays on everything recovered, slices by the amount recovered so far"
            yield Issue("CON031", placed.place(*path), "a band has a rate or slices, one of the two", hint)
        if band.slices is not None:
            yield from _not_ascending(placed, [each.start for each in band.slices], (*path, "slices"))


def _not_ascending(placed: Placed[Contract], starts: list[Decimal], path: tuple[str | int, ...]) -> Iterator[Issue]:
    if starts[0] != 0:
        message = f"the first band starts at {starts[0]}; below it nothing is stated"
        yield Issue("CON032", placed.place(*path, 0, "from"), message, "Start it at 0")
    for index, (low, high) in enumerate(pairwise(starts), start=1):
        if low >= high:
            message = f"{high} does not lie above {low}, the one before it"
            yield Issue("CON030", placed.place(*path, index, "from"), message, "Put them in ascending order, each once")


def _competing(contracts: list[Placed[Contract]]) -> Iterator[Issue]:
    """Contracts for one partner on the same days, of which neither is more specific."""
    ordered = sorted(contracts, key=lambda each: (each.rule.id, each.rule.valid_from))
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if one.rule.id != other.rule.id and _compete(one.rule, other.rule):
                message = (
                    f'"{other.rule.id}" and "{one.rule.id}" hold for the same partner; see {one.place("partners")}'
                )
                yield Issue("CON040", other.place("partners"), message, "End one of them, or name other partners")


def _compete(one: Contract, other: Contract) -> bool:
    if one.currency != other.currency or (one.partners == "all") != (other.partners == "all"):
        return False
    together = (other.valid_to is None or one.valid_from < other.valid_to) and (
        one.valid_to is None or other.valid_from < one.valid_to
    )
    return together and (one.partners == "all" or bool({*one.partners} & {*other.partners}))
