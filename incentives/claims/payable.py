"""Which recoveries of the books earn a fee now, where a contract is settled by claims; the rest waits, listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from incentives.claims.terms import SettlementTerms
from incentives.contract_language import Contract
from incentives.contracts import ContractBook
from incentives.earned import base_of
from incentives.recoveries import PartnerRecovery

NOT_SETTLED = "not_settled"
REVERSED_UNPAID = "reversed_unpaid"
REVERSED_UNSEEN = "reversed_unseen"
REVERSED_LATE = "reversed_late"
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class PartnerPayable:
    """What is agreed or decided of a partner's claims, by booking, in major units; `waits` says why others are not."""

    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    waits: Mapping[str, str] = field(default_factory=dict)


Payable = Mapping[str, PartnerPayable]  # by partner

NOTHING_SETTLED = PartnerPayable()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recovery that earns nothing yet, and why: the kind of its difference, or that no settlement has it."""

    recovery: PartnerRecovery
    reason: str


class Recoveries(NamedTuple):
    payable: tuple[PartnerRecovery, ...]
    waiting: tuple[Waiting, ...]


def payable_recoveries(
    contracts: ContractBook,
    recoveries: Iterable[PartnerRecovery],
    payable: Payable = MappingProxyType({}),
    known_from: date | None = None,
) -> Recoveries:
    """The recoveries that earn a fee now, and those that wait.

    Of contracts without a settlement, or settled by the books, everything earns. Of the others a booking earns what is
    agreed or decided of it, and never more than is booked; a reversal takes back what its booking has earned, as long
    as the contract lets it, and nothing of a booking that earned nothing. What was posted before the first cycle is
    paid by the books, and taken back by them: also a booking that is older than `known_from`, the first day of which
    payments were read, if that is no later than the first cycle. The order of recoveries is irrelevant.
    """
    known = tuple(recoveries)
    bookings = {(each.partner_id, each.payment_id): each for each in known if not each.reverses}
    judged = _Judged(contracts, payable, known_from, bookings)
    for each in bookings.values():
        judged.book(each)
    for each in sorted((each for each in known if each.reverses), key=_posting_order):
        judged.reverse(each)
    ordered = [judged.kept[key] for each in known if (key := (each.partner_id, each.payment_id)) in judged.kept]
    return Recoveries(tuple(ordered), tuple(judged.waiting))


def _posting_order(recovery: PartnerRecovery) -> tuple[date, str]:
    return recovery.posted_on, recovery.payment_id


def by_claims(contracts: ContractBook, recovery: PartnerRecovery) -> tuple[Contract, SettlementTerms] | None:
    """The contract that a booking falls under, and the terms by which claims for it are settled; None where the books
    alone decide.

    The terms are those of the version in force when it was posted, also where the fee goes by the version of the
    placement: a section that a new version brings in holds for accounts that were placed before.
    """
    placed_on, posted_on = recovery.placement.placed_on, recovery.posted_on
    holding = contracts.holding_for(recovery.partner_id, recovery.currency, placed_on, posted_on)
    if len(holding) != 1:
        return None
    contract = holding[0].contract
    terms = contracts.settlement_on(contract.id, posted_on)
    if terms is None or terms.fee_base == "books" or posted_on < terms.first_day:
        return None
    return contract, terms


_Key = tuple[str, str]  # partner and payment


@dataclass(slots=True)
class _Judged:
    """What earns so far, what waits, and how much of each booking went back; reversals come in order of posting."""

    contracts: ContractBook
    payable: Payable
    known_from: date | None
    bookings: Mapping[_Key, PartnerRecovery]
    kept: dict[_Key, PartnerRecovery] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    taken: dict[_Key, Decimal] = field(default_factory=dict)

    def book(self, booking: PartnerRecovery) -> None:
        found, known = by_claims(self.contracts, booking), self.payable.get(booking.partner_id, NOTHING_SETTLED)
        amount = known.amounts.get(booking.payment_id)
        if found is None:
            self._keep(booking)
        elif amount:
            self._keep(_cut(found[0], booking, amount))
        else:
            self._wait(booking, known.waits.get(booking.payment_id, NOT_SETTLED))

    def reverse(self, reversal: PartnerRecovery) -> None:
        """A reversal with so much as its booking has earned and not lost yet; its booking may be older than what is
        read, and then counts by what was settled of it."""
        key = (reversal.partner_id, reversal.reverses)
        original = self.bookings.get(key)
        found = by_claims(self.contracts, original or reversal)
        if found is None:
            self._keep(reversal)
            return
        contract, terms = found
        earned = self._earned(contract, key)
        if not earned:
            self._without_earned(terms, original, reversal)
        elif _is_late(terms, original, reversal):
            self._wait(reversal, REVERSED_LATE)
        else:
            back, most = -base_of(contract, reversal), earned - self.taken.get(key, Decimal(0))
            self.taken[key] = self.taken.get(key, Decimal(0)) + min(back, most)
            self._keep(replace(reversal, amount=reversal.amount + (back - most)) if back > most else reversal)

    def _earned(self, contract: Contract, key: _Key) -> Decimal | None:
        """What counts of the booking; None where it earned nothing, or where nothing is known of it."""
        if key in self.kept:
            return base_of(contract, self.kept[key])
        settled = self.payable.get(key[0], NOTHING_SETTLED).amounts.get(key[1])
        return settled if key not in self.bookings else None

    def _without_earned(
        self, terms: SettlementTerms, original: PartnerRecovery | None, reversal: PartnerRecovery
    ) -> None:
        """Of a booking that no settlement has: one that is seen earned nothing; one that is not was paid by the books
        if everything since the first cycle is seen, and else nobody can say."""
        if original is not None:
            self._wait(reversal, REVERSED_UNPAID)
        elif self.known_from is not None and self.known_from <= terms.first_day:
            self._keep(reversal)
        else:
            self._wait(reversal, REVERSED_UNSEEN)

    def _keep(self, recovery: PartnerRecovery) -> None:
        self.kept[recovery.partner_id, recovery.payment_id] = recovery

    def _wait(self, recovery: PartnerRecovery, reason: str) -> None:
        self.waiting.append(Waiting(recovery, reason))


def _cut(contract: Contract, booking: PartnerRecovery, amount: Decimal) -> PartnerRecovery:
    """The booking with so much of it as is payable; what counts of it is never raised."""
    counted = base_of(contract, booking)
    if amount >= counted:
        return booking
    return replace(booking, amount=booking.amount - (counted - amount))


def _is_late(terms: SettlementTerms, original: PartnerRecovery | None, reversal: PartnerRecovery) -> bool:
    if terms.reversals == "any_time" or original is None:
        return False
    return reversal.posted_on > original.posted_on + timedelta(days=terms.reversal_days)
