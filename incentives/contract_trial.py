"""One contract on given placements and payments: what `recoup try` prints, and what rule tests compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pydantic import Field

from domain.documents import RuleModel
from domain.expressions.parse import suggestion
from domain.ids import Digest
from domain.issues import Issue, Location
from domain.periods import Period
from domain.records import Grain, PayoutLine, ValueState
from incentives.contract_language import LegalType, PaymentChannel
from incentives.contracts import ContractBook
from incentives.fee_lines import FeeLine
from incentives.fees import FeeCalculation, fees
from incentives.measures import Measure
from incentives.numbers import Number
from incentives.ready_contracts import ReadyContract
from incentives.recoveries import AccountFacts, AtPartner, Money, PartnerRecovery, Placement, Promised

PARTNER = "partner"
LONG = timedelta(days=3_660)


class GivenPromise(RuleModel):
    """A promise to pay."""

    made_on: date
    """When it was made."""
    due_on: date
    """When it is due."""


class GivenPlacement(RuleModel):
    """A placement; what is left out is as plain as it can be."""

    placed_on: date | None = None
    """First day at the partner; left out: the first day of the month."""
    age_days: int = Field(default=0, ge=0)
    """Days past due at placement."""
    number: int = Field(default=1, ge=1)
    """1 for the first partner to have the account."""
    balance: Number = Decimal(0)
    """Balance handed over."""
    term_ends_on: date | None = None
    """First day after the agreed term; left out: far away."""
    recalled_on: date | None = None
    """First day back; left out: not recalled."""
    exclusive: bool = False
    """Whether nobody else works it until the term ends."""
    product: str | None = None
    """Product of the account."""
    branch_id: str | None = None
    """Its branch."""
    region: str | None = None
    """Its region."""
    originator: str | None = None
    """The unit that granted it."""
    opened_on: date | None = None
    """When it was opened."""
    charged_off_on: date | None = None
    """When it was written off."""
    remaining: Number | None = None
    """What is owed now: `balance` of the account."""
    promises: tuple[GivenPromise, ...] = ()
    """Promises that the partner took."""


class GivenPayment(RuleModel):
    """A payment, and what is expected of it where it stands in a test."""

    on: date | None = None
    """When it was posted; left out: on the last day of the month."""
    amount: Number
    """The whole booking; below zero for what takes another one back."""
    waiver: Number = Decimal(0)
    """Part of it that was forgiven."""
    placement: str | None = None
    """The placement, by its name; left out where there is one, or none."""
    paid_on: date | None = None
    """When the debtor paid; left out: when it was posted."""
    channel: PaymentChannel = "transfer"
    """How it came in."""
    kind: Money = Money.CASH
    """What money it is."""
    days_past_due: int | None = None
    """Of the account, the day before."""
    reverses: str | None = None
    """The payment that it takes back, by its name."""
    fee: Number | None = None
    """In a test: the fee expected."""
    no_fee: str | None = None
    """In a test: the reason for which it earns nothing, such as `after_recall`."""


class Given(RuleModel):
    """What a contract is tried with."""

    legal_type: LegalType = "law_firm"
    """Of the partner."""
    placements: dict[str, GivenPlacement] = Field(default_factory=dict)
    """Placements by any name; left out: a plain one."""
    payments: dict[str, GivenPayment] = Field(default_factory=dict)
    """Payments by any name; those of earlier months are only counted from."""
    figures: dict[str, Number | None] = Field(default_factory=dict)
    """Values by the names of the month's inputs; null, or left out, has no value."""


class ContractInputs(Given):
    """The file of `recoup try`."""

    on: date
    """A day of the month that is paid."""


@dataclass(frozen=True, slots=True)
class ContractTrial:
    """What came out, and what is wrong with what was given (then nothing was computed)."""

    found: FeeCalculation | None
    issues: tuple[Issue, ...] = ()

    def payout(self, component: str) -> PayoutLine | None:
        lines = self.found.payouts if self.found is not None else ()
        return next((each for each in lines if each.component.startswith(f"{component}:")), None)


def try_contract(contracts: ContractBook, contract: str, given: Given, period: Period, at: Location) -> ContractTrial:
    """The contract alone, in the version that the dates of what is given ask for, on a partner that it is for."""
    versions = tuple(each for each in contracts.ready if each.contract.id == contract)
    issues = tuple(_wrong(versions, given, at))
    if issues:
        return ContractTrial(None, issues)
    contract_of_all = versions[-1].contract
    partner = PARTNER if contract_of_all.partners == "all" else contract_of_all.partners[0]
    placed = _placements(given, period)
    currency = contract_of_all.currency
    who = (partner, currency, given.legal_type)
    recoveries = [_recovery(name, each, given, placed, period, who) for name, each in given.payments.items()]
    at_partners = [AtPartner(partner, currency, placement, given.legal_type) for placement in placed.values()]
    measures = dict(_measures(versions, given, partner))
    book = ContractBook(versions, contracts.permissions)
    found = fees(book, recoveries, period=period, at_partners=at_partners, measures=measures)
    return ContractTrial(found)


def _wrong(versions: tuple[ReadyContract, ...], given: Given, at: Location) -> Iterator[Issue]:
    if not versions:
        yield Issue("CON070", at, "no contract has this id", "`recoup check` tells what is wrong with the book")
        return
    names = {name for each in versions if each.month is not None for name in each.month.policy.inputs}
    for name in sorted(given.figures.keys() - names):
        yield Issue("CON074", at, f'the month reads no figure "{name}"', suggestion(name, names))
    for name, payment in given.payments.items():
        if payment.reverses is not None and payment.reverses not in given.payments:
            hint = suggestion(payment.reverses, given.payments)
            yield Issue("CON074", at, f'"{name}" takes back "{payment.reverses}", which is not given', hint)
        is_placed = payment.placement in given.placements if payment.placement else len(given.placements) < 2
        if not is_placed:
            message = f'"{name}" is of no placement that is given'
            yield Issue("CON074", at, message, suggestion(payment.placement or "", given.placements))


def _placements(given: Given, period: Period) -> Mapping[str, Placement]:
    every = given.placements or {"placement": GivenPlacement()}
    return {name: _placement(name, each, each.placed_on or period.start) for name, each in every.items()}


def _placement(name: str, each: GivenPlacement, placed_on: date) -> Placement:
    ends_on = each.term_ends_on or placed_on + LONG
    return Placement(
        name, name, each.number, placed_on, each.balance, ends_on, each.recalled_on, each.age_days, each.exclusive
    )


def _recovery(
    name: str,
    payment: GivenPayment,
    given: Given,
    placed: Mapping[str, Placement],
    period: Period,
    who: tuple[str, str, str],
) -> PartnerRecovery:
    placement = payment.placement or next(iter(placed))
    about, posted_on = given.placements.get(placement, GivenPlacement()), payment.on or period.last_day
    facts = AccountFacts(
        about.product, about.branch_id, about.region, about.originator, about.opened_on, about.charged_off_on,
        about.remaining,
    )  # fmt: skip
    promised = tuple(Promised(each.made_on, each.due_on) for each in about.promises)
    partner, currency, legal_type = who
    return PartnerRecovery(
        name, placement, partner, posted_on, payment.amount, currency, placed[placement], payment.waiver,
        payment.days_past_due, payment.reverses or "", payment.paid_on, payment.channel, payment.kind, legal_type,
        facts, promised,
    )  # fmt: skip


def _measures(
    versions: tuple[ReadyContract, ...], given: Given, partner: str
) -> Iterator[tuple[tuple[Grain, str, str], Measure]]:
    for each in versions:
        for name, source in each.month.policy.inputs.items() if each.month is not None else ():
            value = given.figures.get(name)
            if value is not None:
                yield (Grain.PARTNER, partner, source.reference), Measure(ValueState.VALUE, value, Digest("given"))


def payments_as_table(found: FeeCalculation) -> list[dict[str, str]]:
    """Each payment of the month in the order of its placement: what it earned and by what, or why it earned nothing."""
    paid = [(each.recovery, _paid(each)) for each in found.lines]
    unpaid = [(each.recovery, {"by": f"no fee: {each.reason}"}) for each in found.without_fee]
    empty = dict.fromkeys(("recovered", "by", "rate", "fee"), "")
    return [
        {
            "payment": recovery.payment_id,
            "placement": recovery.placement.placement_id,
            "posted on": str(recovery.posted_on),
            "amount": f"{recovery.amount:f}",
            **empty,
            **about,
        }
        for recovery, about in sorted((*paid, *unpaid), key=_posting_order)
    ]


def _paid(line: FeeLine) -> dict[str, str]:
    chosen = f", {line.measure} {line.measured:f}" if line.measured is not None else ""
    rate = f"slices after {line.before:f}" if line.stated is None else f"{line.stated:f}"
    return {"recovered": f"{line.base:f}", "by": f"{line.name}{chosen}", "rate": rate, "fee": f"{line.fee:f}"}


def _posting_order(shown: tuple[PartnerRecovery, dict[str, str]]) -> tuple[date, bool, str]:
    recovery = shown[0]
    return recovery.posted_on, recovery.reverses != "", recovery.payment_id
