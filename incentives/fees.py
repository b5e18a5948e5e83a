"""What partners earn in a month: each recovery of the books under its contract, and what the month makes of the sum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from itertools import groupby
from types import MappingProxyType

from domain.collector import no_collection
from domain.money import CONTEXT, round_to
from domain.periods import Period
from domain.records import PayoutLine
from incentives.contract_language import FeeRounding
from incentives.contracts import ContractBook
from incentives.earned import Terms, base_of, bounded, bounded_placement, exact_fee, terms_of
from incentives.entitled import not_entitled
from incentives.fee_lines import FeeLine, WithoutFee
from incentives.fee_month import HeldFee, payouts_of_month
from incentives.fee_names import Recovered
from incentives.measures import Measures
from incentives.ready_contracts import ReadyContract
from incentives.recoveries import AtPartner, NoFee, PartnerRecovery

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class FeeCalculation:
    """Every recovery of the period is in `lines` or in `without_fee`; `payouts` are what the month makes of the lines,
    by partner and contract, and `held` those months that cannot be paid, with the reason."""

    lines: tuple[FeeLine, ...]
    payouts: tuple[PayoutLine, ...]
    without_fee: tuple[WithoutFee, ...]
    held: tuple[HeldFee, ...] = ()


def fees(
    contracts: ContractBook,
    recoveries: Iterable[PartnerRecovery],
    *,
    period: Period,
    at_partners: Iterable[AtPartner] = (),
    measures: Measures = MappingProxyType({}),
    known_from: date | None = None,
) -> FeeCalculation:
    """The fees of the recoveries posted in the period.

    Earlier recoveries of the same placements may be handed in too: they earn nothing again, but marginal slices count
    from the first of them, and a reversal takes back at the rate and by the entitlement of the payment it names.
    `known_from` is the first day of which payments were read: a placement that began before it earns nothing under a
    contract that counts from its first payment. `at_partners` are the placements, and `measures` the figures, that the
    steps of the month read.
    Payouts: component `fee`, and `vat` where there is tax, with the contract's id; amounts in major units.
    Raises: ValueError if a payment comes twice for one partner, for it would be paid twice.
    """
    ordered = sorted(recoveries, key=_posting_order)
    if len({(each.partner_id, each.payment_id) for each in ordered}) < len(ordered):
        raise ValueError("a payment comes twice for one partner")
    found = _Found(_Chosen(contracts), period, known_from)
    with localcontext(CONTEXT), no_collection():
        for _, group in groupby(ordered, key=_placement):
            found.add_placement(list(group))
        paid, held = payouts_of_month(contracts, found.chosen.of_placement, found.lines, at_partners, measures, period)
    return FeeCalculation(tuple(found.lines), paid, tuple(found.without), held)


def _placement(recovery: PartnerRecovery) -> tuple[str, str]:
    return recovery.partner_id, recovery.placement.placement_id


def _posting_order(recovery: PartnerRecovery) -> tuple[str, str, date, bool, str]:
    """A reversal comes after the payments of its day: it may take back one of them."""
    placement = recovery.placement.placement_id
    return recovery.partner_id, placement, recovery.posted_on, recovery.reverses != "", recovery.payment_id


@dataclass(slots=True)
class _Chosen:
    """The contract that holds for a recovery: looked up once for each partner, currency and pair of days."""

    contracts: ContractBook
    known: dict[tuple[str, str, date, date], ReadyContract | NoFee] = field(default_factory=dict)

    def of(self, recovery: PartnerRecovery) -> ReadyContract | NoFee:
        return self._of(recovery.partner_id, recovery.currency, recovery.placement.placed_on, recovery.posted_on)

    def of_placement(self, at: AtPartner, day: date) -> ReadyContract | None:
        """The contract that the placement is under on the day; None where there is none, or none that is the one."""
        found = self._of(at.partner_id, at.currency, at.placement.placed_on, day)
        return found if isinstance(found, ReadyContract) else None

    def _of(self, partner: str, currency: str, placed_on: date, posted_on: date) -> ReadyContract | NoFee:
        key = (partner, currency, placed_on, posted_on)
        if key not in self.known:
            matching = self.contracts.holding_for(partner, currency, placed_on, posted_on)
            several = NoFee.SEVERAL_CONTRACTS if matching else NoFee.NO_CONTRACT
            self.known[key] = matching[0] if len(matching) == 1 else several
        return self.known[key]


@dataclass(slots=True)
class _OfPayment:
    """A payment with what takes it back: what is left of it, its exact fee, and what of that was earned so far."""

    base: Decimal = ZERO
    exact: Decimal = ZERO
    earned: Decimal = ZERO


@dataclass(slots=True)
class _Found:
    """The lines of the period, placement by placement."""

    chosen: _Chosen
    period: Period
    known_from: date | None
    lines: list[FeeLine] = field(default_factory=list)
    without: list[WithoutFee] = field(default_factory=list)

    def add_placement(self, recoveries: list[PartnerRecovery]) -> None:
        """The recoveries of one placement in the order in which they were posted."""
        by_payment = {each.payment_id: each for each in recoveries}
        start, end = self.period.start, self.period.end
        terms_by_payment: dict[str, Terms | NoFee] = {}
        to_date = _ToDate()
        for recovery in recoveries:
            judged = by_payment.get(recovery.reverses, recovery)
            terms = terms_by_payment.get(judged.payment_id)
            if terms is None:
                terms = terms_by_payment[judged.payment_id] = self._terms(judged, to_date.recovered)
            is_of_period = start <= recovery.posted_on < end
            if isinstance(terms, NoFee):
                if is_of_period:
                    self.without.append(WithoutFee(recovery, terms))
                continue
            before, base = to_date.recovered, base_of(terms.ready.contract, recovery)
            fee = to_date.add(terms, judged.payment_id, base)
            if is_of_period:
                self.lines.append(FeeLine.of(recovery, terms, base, fee, before))

    def _terms(self, recovery: PartnerRecovery, before: Decimal) -> Terms | NoFee:
        """The terms of a recovery, or why it earns nothing."""
        ready = self.chosen.of(recovery)
        if isinstance(ready, NoFee):
            return ready
        contract, placed_on = ready.contract, recovery.placement.placed_on
        ended = not_entitled(contract, recovery)
        if ended is not None:
            return ended
        if recovery.paid_on is not None and recovery.paid_on > recovery.posted_on:
            return NoFee.NOT_PAID_YET
        base = base_of(contract, recovery)
        if not base:
            return NoFee.NOT_COUNTED
        if ready.counts_back and self.known_from is not None and placed_on < self.known_from:
            return NoFee.HISTORY_TOO_SHORT
        return terms_of(ready, Recovered(recovery, base, before))


@dataclass(slots=True)
class _ToDate:
    """What one placement has recovered and earned so far."""

    recovered: Decimal = ZERO
    sliced: Decimal = ZERO
    exact: Decimal = ZERO
    earned: Decimal = ZERO
    payments: dict[str, _OfPayment] = field(default_factory=dict)

    def add(self, terms: Terms, payment: str, base: Decimal) -> Decimal:
        """The fee of a recovery: what its payment, and then the placement, has earned more than before it.

        So a payment that is taken back in parts is taken back exactly, whatever bounds and rounding make of it.
        """
        rate, contract = terms.rate, terms.ready.contract
        fee = exact_fee(terms, self.recovered, base)
        self.recovered += base
        is_rounded = contract.rounding.each == "payment"
        if rate.slices and is_rounded:
            fee = self._rounded_slices(contract.rounding, fee)
        if rate.is_bounded or is_rounded:
            fee = self._of_payment(terms, payment, base, fee)
        if contract.schedule.each_placement is None:
            return fee
        self.exact += fee
        to_date = bounded_placement(contract, self.recovered, self.exact)
        fee, self.earned = to_date - self.earned, to_date
        return fee

    def _rounded_slices(self, rounding: FeeRounding, fee: Decimal) -> Decimal:
        """What slices add to the rounded fee to date: of a placement that was taken back whole, nothing is left."""
        before = round_to(self.sliced, rounding.digits, rounding.rounding)
        self.sliced += fee
        return round_to(self.sliced, rounding.digits, rounding.rounding) - before

    def _of_payment(self, terms: Terms, payment: str, base: Decimal, fee: Decimal) -> Decimal:
        one, rounding = self.payments.setdefault(payment, _OfPayment()), terms.ready.contract.rounding
        one.base += base
        one.exact += fee
        now = bounded(terms.rate, one.base, one.exact)
        if rounding.each == "payment":
            now = round_to(now, rounding.digits, rounding.rounding)
        fee, one.earned = now - one.earned, now
        return fee
