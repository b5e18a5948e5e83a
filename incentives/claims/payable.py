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
    contracts: ContractBook, recoveries: Iterable[PartnerRecovery], payable: Payable = MappingProxyType({})
) -> Recoveries:
    """The recoveries that earn a fee now, and those that wait.

    Of contracts without a settlement, or settled by the books, everything earns. Of the others a booking earns what is
    agreed or decided of it, and never more than is booked; a reversal takes back what its booking has earned, as long
    as the contract lets it, and nothing of a booking that earned nothing. What was posted before the first cycle is
    paid by the books. The order of recoveries is irrelevant.
    """
    known = tuple(recoveries)
    bookings = {(each.partner_id, each.payment_id): each for each in known if not each.reverses}
    kept: dict[tuple[str, str], PartnerRecovery] = {}
    waiting: list[Waiting] = []
    for key, booking in bookings.items():
        found = _booking(contracts, booking, payable.get(booking.partner_id, NOTHING_SETTLED))
        if isinstance(found, Waiting):
            waiting.append(found)
        else:
            kept[key] = found
    taken: dict[tuple[str, str], Decimal] = {}
    for reversal in sorted((each for each in known if each.reverses), key=_posting_order):
        back = _reversal(contracts, reversal, bookings, kept, taken, payable)
        if isinstance(back, Waiting):
            waiting.append(back)
        else:
            kept[back.partner_id, back.payment_id] = back
    ordered = [kept[key] for each in known if (key := (each.partner_id, each.payment_id)) in kept]
    return Recoveries(tuple(ordered), tuple(waiting))


def _posting_order(recovery: PartnerRecovery) -> tuple[date, str]:
    return recovery.posted_on, recovery.payment_id


def by_claims(contracts: ContractBook, recovery: PartnerRecovery) -> tuple[Contract, SettlementTerms] | None:
    """The contract and the terms by which the claims for a booking are settled; None where the books alone decide."""
    placed_on, posted_on = recovery.placement.placed_on, recovery.posted_on
    holding = contracts.holding_for(recovery.partner_id, recovery.currency, placed_on, posted_on)
    if len(holding) != 1:
        return None
    contract = holding[0].contract
    terms = contract.settlement
    if terms is None or terms.fee_base == "books" or posted_on < terms.first_day:
        return None
    return contract, terms


def _booking(contracts: ContractBook, booking: PartnerRecovery, known: PartnerPayable) -> PartnerRecovery | Waiting:
    found = by_claims(contracts, booking)
    if found is None:
        return booking
    amount = known.amounts.get(booking.payment_id)
    if not amount:
        return Waiting(booking, known.waits.get(booking.payment_id, NOT_SETTLED))
    return _cut(found[0], booking, amount)


def _cut(contract: Contract, booking: PartnerRecovery, amount: Decimal) -> PartnerRecovery:
    """The booking with so much of it as is payable; what counts of it is never raised."""
    counted = base_of(contract, booking)
    if amount >= counted:
        return booking
    return replace(booking, amount=booking.amount - (counted - amount))


def _reversal(
    contracts: ContractBook,
    reversal: PartnerRecovery,
    bookings: Mapping[tuple[str, str], PartnerRecovery],
    kept: Mapping[tuple[str, str], PartnerRecovery],
    taken: dict[tuple[str, str], Decimal],
    payable: Payable,
) -> PartnerRecovery | Waiting:
    """A reversal with so much as its booking has earned and not lost yet; its booking may be older than what is read,
    and then counts by what was settled of it."""
    key = (reversal.partner_id, reversal.reverses)
    original = bookings.get(key)
    found = by_claims(contracts, original or reversal)
    if found is None:
        return reversal
    contract, terms = found
    settled = payable.get(reversal.partner_id, NOTHING_SETTLED).amounts.get(reversal.reverses)
    earned = base_of(contract, kept[key]) if key in kept else settled if original is None else None
    if not earned:
        return Waiting(reversal, REVERSED_UNPAID)
    if _is_late(terms, original, reversal):
        return Waiting(reversal, REVERSED_LATE)
    back = -base_of(contract, reversal)
    most = earned - taken.get(key, Decimal(0))
    taken[key] = taken.get(key, Decimal(0)) + min(back, most)
    return replace(reversal, amount=reversal.amount + (back - most)) if back > most else reversal


def _is_late(terms: SettlementTerms, original: PartnerRecovery | None, reversal: PartnerRecovery) -> bool:
    if terms.reversals == "any_time" or original is None:
        return False
    return reversal.posted_on > original.posted_on + timedelta(days=terms.reversal_days)
