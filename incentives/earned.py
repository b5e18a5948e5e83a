"""What a recovery earns by a contract: the case that holds for it, its band, the points on top, and the exact fee."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from domain.expressions import Value
from incentives.contract_language import Contract, FeeSlice
from incentives.fee_names import Recovered
from incentives.ready_contracts import Rate, ReadyCase, ReadyContract
from incentives.recoveries import NoFee, PartnerRecovery
from incentives.tiers import marginal, reached


class Terms(NamedTuple):
    """The contract, case and band that a recovery falls under. `measured` chose the band, and is None without bands;
    `points` come on top of the rate."""

    ready: ReadyContract
    case: int
    band: int
    measured: Decimal | None
    points: Decimal

    @property
    def rate(self) -> Rate:
        return self.ready.cases[self.case].rates[self.band]


def base_of(contract: Contract, recovery: PartnerRecovery) -> Decimal:
    """What counts of a booking: its waiver only where it is named, and the rest by what kind of money it is."""
    counts, whole = contract.counts, Decimal(0)
    if "waiver" in counts:
        whole += recovery.waiver
    return whole + (recovery.amount - recovery.waiver if _kind(contract, recovery) in counts else Decimal(0))


def _kind(contract: Contract, recovery: PartnerRecovery) -> str:
    """Direct money is told apart of cash alone: what was settled or restructured is that, however it came in."""
    is_direct = recovery.kind == "cash" and recovery.channel in contract.direct_channels
    return "direct" if is_direct else recovery.kind.value


def terms_of(ready: ReadyContract, recovered: Recovered) -> Terms | NoFee:
    """The first case that holds, its band and the points on top; or why nothing is earned.

    A condition that cannot be told, because a fact is not known, is never taken to hold or not to hold.
    """
    values: dict[str, Value] = {name: read(recovered) for name, read in ready.reads.items()}
    for number, case in enumerate(ready.cases):
        holds = True if case.condition is None else case.condition(values)
        if holds is None:
            return _unknown(values, case.names)
        if holds:
            return _in_case(ready, number, case, values)
    return NoFee.NO_CASE


def _in_case(ready: ReadyContract, number: int, case: ReadyCase, values: Mapping[str, Value]) -> Terms | NoFee:
    if not case.rates:
        return NoFee.NO_CASE
    points = Decimal(0)
    for uplift in ready.uplifts:
        holds = uplift.condition(values)
        if holds is None:
            return _unknown(values, uplift.names)
        if holds:
            points = uplift.points
            break
    if case.model.by is None:
        return Terms(ready, number, 0, None, points)
    measured = values[case.model.by]
    if not isinstance(measured, Decimal):
        return _unknown(values, (case.model.by,))
    band = reached(case.model.bands or (), measured, case.boundary) or 0
    return Terms(ready, number, band, measured, points)


def _unknown(values: Mapping[str, Value], names: tuple[str, ...]) -> NoFee:
    missing = {name for name in names if values[name] is None}
    return NoFee.UNKNOWN_DAYS_PAST_DUE if missing == {"days_past_due"} else NoFee.UNKNOWN_FACT


def exact_fee(terms: Terms, before: Decimal, base: Decimal) -> Decimal:
    """By the rate or the slices alone, points on top included. Slices count from what the placement had recovered
    before, so that the fees of one placement add up to the fee of its sum, and a reversal takes back what it undoes."""
    rate, points = terms.rate, terms.points
    if rate.rate is not None:
        share = rate.rate + points
        is_added_on = terms.ready.contract.schedule.rates_on == "applied"
        return base * share / (1 + share) if is_added_on else base * share
    slices: tuple[FeeSlice, ...] = rate.slices
    return marginal(slices, before + base) - marginal(slices, before) + base * points


def bounded(rate: Rate, base: Decimal, fee: Decimal) -> Decimal:
    """The fee of one payment, of which `base` is left after what was taken back, with the fixed part and the bounds.

    Where nothing is left, nothing but what slices make of taking it back."""
    if base <= 0:
        return fee
    return _between(fee + rate.fixed, rate.at_least, rate.at_most)


def bounded_placement(contract: Contract, recovered: Decimal, fee: Decimal) -> Decimal:
    """What a placement has earned to date, of which so much was recovered to date."""
    bounds = contract.schedule.each_placement
    if bounds is None or recovered <= 0:
        return fee
    return _between(fee, bounds.at_least, bounds.at_most)


def _between(fee: Decimal, least: Decimal | None, most: Decimal | None) -> Decimal:
    fee = fee if least is None else max(fee, least)
    return fee if most is None else min(fee, most)
