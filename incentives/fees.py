"""What partners earn in a month: each recovery of the books under its contract, the month's sum, and the tax on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from itertools import groupby

from domain.ids import canonical_decimal
from domain.money import CONTEXT, round_to, to_minor
from domain.periods import Period
from domain.records import PayoutLine, Step
from domain.rules import Placed
from incentives.contract_language import Contract, FeeBand
from incentives.contracts import ContractBook
from incentives.tiers import marginal, reached


@dataclass(frozen=True, slots=True)
class Placement:
    """An account at a partner; `age_days` is the days past due at placement, `recalled_on` the first day back."""

    placement_id: str
    batch: str
    number: int
    placed_on: date
    balance: Decimal
    term_ends_on: date
    recalled_on: date | None
    age_days: int


@dataclass(frozen=True, slots=True)
class PartnerRecovery:
    """A payment in the books on an account placed with a partner; never what the partner claims.

    `amount` is the whole booking in major units, negative for a reversal, and includes `waiver`, the part forgiven.
    `days_past_due` is the account's on the day of the payment; `reverses` names the payment taken back.
    """

    payment_id: str
    account_id: str
    partner_id: str
    posted_on: date
    amount: Decimal
    currency: str
    placement: Placement
    waiver: Decimal = Decimal(0)
    days_past_due: int | None = None
    reverses: str = ""


class NoFee(StrEnum):
    """Why a recovery earns nothing; it is listed all the same."""

    NO_CONTRACT = "no_contract"
    SEVERAL_CONTRACTS = "several_contracts"
    BEFORE_PLACEMENT = "before_placement"
    AFTER_RECALL = "after_recall"
    AFTER_TERM = "after_term"
    UNKNOWN_DAYS_PAST_DUE = "unknown_days_past_due"


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One recovery under its contract, by the version that begins on `valid_from`: `base` is what counts of it, `fee`
    rounded only where the contract says so.

    `measured` chose the band: of a reversal, what the payment that it takes back had. `before` is what its placement
    had recovered until then, from which slices count.
    """

    recovery: PartnerRecovery
    contract: str
    valid_from: date
    band: int
    base: Decimal
    fee: Decimal
    line: str
    measured: Decimal
    before: Decimal

    @property
    def rate(self) -> Decimal | None:
        """What the fee is of the base; None where nothing counts."""
        return CONTEXT.divide(self.fee, self.base) if self.base else None


@dataclass(frozen=True, slots=True)
class WithoutFee:
    """A recovery that earns no fee, and why."""

    recovery: PartnerRecovery
    reason: NoFee


@dataclass(frozen=True, slots=True)
class FeeCalculation:
    """Every recovery of the period is in `lines` or in `without_fee`; `payouts` sum `lines` by partner and contract."""

    lines: tuple[FeeLine, ...]
    payouts: tuple[PayoutLine, ...]
    without_fee: tuple[WithoutFee, ...]


def fees(contracts: ContractBook, recoveries: Iterable[PartnerRecovery], *, period: Period) -> FeeCalculation:
    """The fees of the recoveries posted in the period.

    Earlier recoveries of the same placements may be handed in too: they earn nothing again, but marginal slices count
    from the first of them, and a reversal takes back at the rate and by the entitlement of the payment it names.
    Payouts: component `fee`, and `vat` where there is tax, with the contract's id; amounts in major units.
    Raises: ValueError if a payment comes twice for one partner, for it would be paid twice.
    """
    recoveries = tuple(recoveries)
    if len({(each.partner_id, each.payment_id) for each in recoveries}) < len(recoveries):
        raise ValueError("a payment comes twice for one partner")
    with localcontext(CONTEXT):
        ordered = sorted(recoveries, key=_posting_order)
        found: list[FeeLine | WithoutFee] = []
        for _, group in groupby(ordered, key=lambda each: (each.partner_id, each.placement.placement_id)):
            found.extend(_of_placement(contracts, tuple(group), period))
        lines = tuple(each for each in found if isinstance(each, FeeLine))
        without = tuple(each for each in found if isinstance(each, WithoutFee))
        return FeeCalculation(lines, tuple(_payouts(contracts, lines, period)), without)


def _posting_order(recovery: PartnerRecovery) -> tuple[str, str, date, str]:
    return recovery.partner_id, recovery.placement.placement_id, recovery.posted_on, recovery.payment_id


def _of_placement(
    contracts: ContractBook, recoveries: tuple[PartnerRecovery, ...], period: Period
) -> Iterator[FeeLine | WithoutFee]:
    """The recoveries of one placement in the order in which they were posted."""
    by_payment = {each.payment_id: each for each in recoveries}
    before = Decimal(0)
    for recovery in recoveries:
        judged = by_payment.get(recovery.reverses, recovery)
        terms = _terms(contracts, judged)
        if isinstance(terms, NoFee):
            if recovery.posted_on in period:
                yield WithoutFee(recovery, terms)
            continue
        base = _base(terms.placed.rule, recovery)
        if recovery.posted_on in period:
            yield _line(terms, recovery, before, base)
        before += base


@dataclass(frozen=True, slots=True)
class _Terms:
    """The contract that a recovery falls under, and the band that it reaches by what was measured."""

    placed: Placed[Contract]
    band: int
    measured: Decimal


def _terms(contracts: ContractBook, recovery: PartnerRecovery) -> _Terms | NoFee:
    """The contract and the band of a recovery, or why it earns nothing."""
    matching = _most_specific(contracts, recovery)
    if len(matching) != 1:
        return NoFee.SEVERAL_CONTRACTS if matching else NoFee.NO_CONTRACT
    contract = matching[0].rule
    ended = _not_entitled(contract, recovery)
    if ended is not None:
        return ended
    measured = _measure(contract, recovery)
    if measured is None:
        return NoFee.UNKNOWN_DAYS_PAST_DUE
    band = reached(contract.schedule.bands, measured, contract.schedule.boundary) or 0
    return _Terms(matching[0], band, measured)


def _most_specific(contracts: ContractBook, recovery: PartnerRecovery) -> list[Placed[Contract]]:
    matching = [each for each in contracts.contracts if _holds_for(each.rule, recovery)]
    named = [each for each in matching if each.rule.partners != "all"]
    return named or matching


def _holds_for(contract: Contract, recovery: PartnerRecovery) -> bool:
    day = recovery.placement.placed_on if contract.dated_by == "placed_on" else recovery.posted_on
    partner = contract.partners == "all" or recovery.partner_id in contract.partners
    return partner and contract.currency == recovery.currency and contract.holds_on(day)


def _not_entitled(contract: Contract, recovery: PartnerRecovery) -> NoFee | None:
    placement, entitlement = recovery.placement, contract.entitlement
    if recovery.posted_on < placement.placed_on:
        return NoFee.BEFORE_PLACEMENT
    ends = (
        (placement.recalled_on, entitlement.after_recall, NoFee.AFTER_RECALL),
        (placement.term_ends_on, entitlement.after_term, NoFee.AFTER_TERM),
    )
    for end, right, reason in ends:
        tail = timedelta(days=entitlement.tail_days if right == "tail" else 0)
        if end is not None and right != "full" and recovery.posted_on >= end + tail:
            return reason
    return None


def _measure(contract: Contract, recovery: PartnerRecovery) -> Decimal | None:
    match contract.schedule.by:
        case "age_at_placement_days":
            return Decimal(recovery.placement.age_days)
        case "placement_number":
            return Decimal(recovery.placement.number)
        case "balance_at_placement":
            return max(recovery.placement.balance, Decimal(0))
        case "days_past_due":
            return None if recovery.days_past_due is None else Decimal(recovery.days_past_due)


def _base(contract: Contract, recovery: PartnerRecovery) -> Decimal:
    parts = {"cash": recovery.amount - recovery.waiver, "waiver": recovery.waiver}
    return sum((parts[each] for each in dict.fromkeys(contract.counts)), Decimal(0))


def _line(terms: _Terms, recovery: PartnerRecovery, before: Decimal, base: Decimal) -> FeeLine:
    contract, band = terms.placed.rule, terms.band
    exact = _fee(contract.schedule.bands[band], before, base)
    rounding = contract.rounding
    fee = round_to(exact, rounding.digits, rounding.rounding) if rounding.each == "payment" else exact
    place = str(terms.placed.place("schedule", "bands", band))
    return FeeLine(recovery, contract.id, contract.valid_from, band, base, fee, place, terms.measured, before)


def _fee(band: FeeBand, before: Decimal, base: Decimal) -> Decimal:
    """Slices count from what the placement had recovered before, so that the fees of one placement add up to the fee
    of its sum, and a reversal takes back exactly what it undoes."""
    if band.slices is None:
        return base * (band.rate or Decimal(0))
    return marginal(band.slices, before + base) - marginal(band.slices, before)


def _payouts(contracts: ContractBook, lines: tuple[FeeLine, ...], period: Period) -> Iterator[PayoutLine]:
    ordered = sorted(lines, key=lambda line: (line.recovery.partner_id, line.contract, line.recovery.payment_id))
    for (partner, contract_id), group in groupby(ordered, key=lambda line: (line.recovery.partner_id, line.contract)):
        placed = _version_of_month(contracts, contract_id, period)
        fee, steps = _fee_of_month(placed, tuple(group))
        yield _payout("fee", partner, placed, period, fee, steps)
        if placed.rule.vat_rate:
            yield _payout("vat", partner, placed, period, *_vat(placed, fee))


def _version_of_month(contracts: ContractBook, contract_id: str, period: Period) -> Placed[Contract]:
    """Minimum, maximum, tax and rounding of a month are those of the version in force last within it."""
    versions = [each for each in contracts.contracts if each.rule.id == contract_id]
    return max((each for each in versions if each.rule.valid_from < period.end), key=lambda each: each.rule.valid_from)


def _fee_of_month(placed: Placed[Contract], lines: tuple[FeeLine, ...]) -> tuple[Decimal, tuple[Step, ...]]:
    contract, steps = placed.rule, list(bands_of(lines))
    value = sum((line.fee for line in lines), Decimal(0))
    steps.append(_step(placed, "sum_of_fees", "sum", value, {}, "id"))
    if contract.month_minimum is not None:
        value = max(value, contract.month_minimum)
        steps.append(_step(placed, "at_least", "floor", value, {"at": contract.month_minimum}, "month_minimum"))
    if contract.month_maximum is not None:
        value = min(value, contract.month_maximum)
        steps.append(_step(placed, "at_most", "cap", value, {"at": contract.month_maximum}, "month_maximum"))
    value = round_to(value, contract.rounding.digits, contract.rounding.rounding)
    steps.append(_step(placed, "payable", "round", value, {}, "rounding"))
    return value, tuple(steps)


def bands_of(lines: tuple[FeeLine, ...]) -> Iterator[Step]:
    """What was recovered and earned in each band of each version of the schedule, in order of versions: by where they
    stand in files, the same would be told otherwise once a file has moved on."""
    for name, of_band in by_band(lines):
        base = sum((each.base for each in of_band), Decimal(0))
        fee = sum((each.fee for each in of_band), Decimal(0))
        shown = (("recovered", canonical_decimal(base)), ("payments", str(len(of_band))))
        yield Step(name, "tiers", fee, shown, of_band[0].line)


def by_band(lines: Iterable[FeeLine]) -> Iterator[tuple[str, tuple[FeeLine, ...]]]:
    """The lines of each band of each version, under the name of the step that sums them."""
    ordered = sorted(lines, key=lambda line: (line.valid_from, line.band))
    for (_, band), group in groupby(ordered, key=lambda line: (line.valid_from, line.band)):
        yield f"band_{band + 1}", tuple(group)


def _vat(placed: Placed[Contract], fee: Decimal) -> tuple[Decimal, tuple[Step, ...]]:
    contract = placed.rule
    exact = fee * contract.vat_rate
    value = round_to(exact, contract.rounding.digits, contract.rounding.rounding)
    inputs = {"fee": fee, "vat_rate": contract.vat_rate}
    return value, (
        _step(placed, "vat", "formula", exact, inputs, "vat_rate"),
        _step(placed, "payable", "round", value, {}, "rounding"),
    )


def _step(
    placed: Placed[Contract], name: str, kind: str, value: Decimal, inputs: Mapping[str, Decimal], key: str
) -> Step:
    shown = tuple((each, canonical_decimal(number)) for each, number in inputs.items())
    return Step(name, kind, value, shown, str(placed.place(key)))


def _payout(
    component: str, partner: str, placed: Placed[Contract], period: Period, amount: Decimal, steps: tuple[Step, ...]
) -> PayoutLine:
    contract = placed.rule
    to_minor(amount, contract.currency)  # payable exactly: it was rounded
    name = f"{component}:{contract.id}"
    return PayoutLine(partner, name, str(period), contract.currency, amount, partner, placed.version.digest, steps)
