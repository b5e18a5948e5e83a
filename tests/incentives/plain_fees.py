"""Fees by a slow, plain oracle: every sum anew from the first payment, in fractions, without a line of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class PlainCase:
    """`least_number`: from this placement number on; None holds for all."""

    least_number: int | None
    rate: Fraction | None
    slices: tuple[tuple[int, Fraction], ...] = ()
    fixed: int = 0
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True)
class PlainContract:
    cases: tuple[PlainCase, ...]
    points_over_days: int | None = None
    points: Fraction = Fraction(0)
    placement_at_least: int | None = None
    placement_at_most: int | None = None
    tail_days: int | None = None  # None: in full after a recall
    round_each: bool = False


@dataclass(frozen=True)
class PlainPayment:
    name: str
    on: date
    cents: int
    reverses: str = ""


@dataclass
class PlainPlacement:
    number: int
    age_days: int
    recalled_on: date | None
    payments: list[PlainPayment] = field(default_factory=list)


def fee_to_date(contract: PlainContract, placement: PlainPlacement, until: date) -> Fraction:
    """What the placement has earned by all that was posted before `until`, in currency units."""
    posted = sorted(
        (each for each in placement.payments if each.on < until),
        key=lambda each: (each.on, each.reverses != "", each.name),
    )
    case = next(each for each in contract.cases if each.least_number is None or placement.number >= each.least_number)
    entitled = [each for each in posted if _earns(contract, placement, each)]
    lines = _lines(contract, case, placement, entitled)
    earned = sum((_of_payment(contract, case, entitled, lines, root) for root in _roots(entitled)), Fraction(0))
    recovered = sum((Fraction(each.cents, 100) for each in entitled), Fraction(0))
    return _bounded(earned, contract.placement_at_least, contract.placement_at_most) if recovered > 0 else earned


def _roots(payments: list[PlainPayment]) -> list[str]:
    names = {each.name for each in payments}
    return list(dict.fromkeys(each.reverses if each.reverses in names else each.name for each in payments))


def _earns(contract: PlainContract, placement: PlainPlacement, payment: PlainPayment) -> bool:
    judged = next((each for each in placement.payments if each.name == payment.reverses), payment)
    if contract.tail_days is None or placement.recalled_on is None:
        return True
    return judged.on < placement.recalled_on + timedelta(days=contract.tail_days)


def _lines(
    contract: PlainContract, case: PlainCase, placement: PlainPlacement, payments: list[PlainPayment]
) -> list[Fraction]:
    """What each booking adds by rate or slices; rounded slices add to the rounded sum to date."""
    over = contract.points_over_days is not None and placement.age_days > contract.points_over_days
    points = contract.points if over else Fraction(0)
    recovered, found = [Fraction(0)], []
    for each in payments:
        recovered.append(recovered[-1] + Fraction(each.cents, 100))
        to_date = [_plain(case, amount) + amount * points for amount in recovered[-2:]]
        if contract.round_each and case.slices:
            to_date = [_half_up(amount) for amount in to_date]
        found.append(to_date[1] - to_date[0])
    return found


def _of_payment(
    contract: PlainContract, case: PlainCase, payments: list[PlainPayment], lines: list[Fraction], root: str
) -> Fraction:
    mine = [number for number, each in enumerate(payments) if root in {each.name, each.reverses}]
    base = sum((Fraction(payments[number].cents, 100) for number in mine), Fraction(0))
    exact = sum((lines[number] for number in mine), Fraction(0))
    if base > 0:
        exact = _bounded(exact + case.fixed, case.at_least, case.at_most)
    return _half_up(exact) if contract.round_each else exact


def _plain(case: PlainCase, amount: Fraction) -> Fraction:
    if case.rate is not None:
        return amount * case.rate
    sign, size, whole = (-1, -amount, Fraction(0)) if amount < 0 else (1, amount, Fraction(0))
    ends = [start for start, _ in case.slices[1:]] + [None]
    for (start, rate), end in zip(case.slices, ends, strict=True):
        top = size if end is None else min(size, Fraction(end))
        whole += max(top - start, Fraction(0)) * rate
    return sign * whole


def _bounded(fee: Fraction, least: int | None, most: int | None) -> Fraction:
    fee = fee if least is None else max(fee, Fraction(least))
    return fee if most is None else min(fee, Fraction(most))


def _half_up(number: Fraction) -> Fraction:
    cents = abs(number) * 100
    whole = cents.numerator // cents.denominator
    whole += 2 * (cents - whole) >= 1
    return Fraction(whole, 100) * (-1 if number < 0 else 1)


def paid(contract: PlainContract, placements: list[PlainPlacement], start: date, end: date) -> Decimal:
    """The fee of the month, rounded to cents."""
    whole = sum(
        (fee_to_date(contract, each, end) - fee_to_date(contract, each, start) for each in placements), Fraction(0)
    )
    cents = _half_up(whole) * 100
    return Decimal(cents.numerator) / 100
