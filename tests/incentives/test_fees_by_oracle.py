"""Fees are the contract applied to what was recovered, to the cent: against a plain oracle, over random contracts."""

import os
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.issues import has_errors
from domain.periods import Period
from incentives.contracts import decode_contracts
from incentives.fees import fees
from incentives.recoveries import PartnerRecovery, Placement
from tests.incentives.plain_fees import PlainCase, PlainContract, PlainPayment, PlainPlacement, paid
from tests.incentives.test_contract_schedules import HEAD, REST

MONTHS = [Period(2026, month) for month in (3, 4, 5)]
FIRST = MONTHS[0].start
MANY = int(os.environ.get("FUZZ_EXAMPLES", "40"))

rates = st.integers(0, 60).map(lambda percent: Fraction(percent, 100))
bounds = st.tuples(st.none() | st.integers(0, 20), st.none() | st.integers(21, 90))


@st.composite
def cases(draw, least_number):
    low, high = draw(bounds)
    fixed = draw(st.sampled_from([0, 0, 2]))
    if draw(st.booleans()):
        return PlainCase(least_number, draw(rates), (), fixed, low, high)
    starts = [0, *sorted(draw(st.sets(st.integers(1, 800), max_size=2)))]
    slices = tuple((start, draw(rates)) for start in starts)
    return PlainCase(least_number, None, slices, fixed, low, high)


@st.composite
def contracts(draw):
    some = [draw(cases(number)) for number in draw(st.sampled_from([[None], [2, None], [3, 2, None]]))]
    placement = draw(bounds) if draw(st.booleans()) else (None, None)
    return PlainContract(
        tuple(some),
        draw(st.none() | st.integers(0, 60)),
        Fraction(draw(st.integers(0, 10)), 100),
        *placement,
        draw(st.none() | st.integers(0, 30)),
        draw(st.booleans()),
    )


@st.composite
def placements(draw):
    """Payments of three months; some taken back, whole or in parts, on their day or later."""
    found = PlainPlacement(draw(st.integers(1, 3)), draw(st.integers(0, 90)), None)
    if draw(st.booleans()):
        found.recalled_on = FIRST + timedelta(days=draw(st.integers(0, 91)))
    for number in range(draw(st.integers(0, 4))):
        day, cents = draw(st.integers(0, 91)), draw(st.integers(1, 90_000))
        found.payments.append(PlainPayment(f"P{number}", FIRST + timedelta(days=day), cents))
        left = cents
        for part in range(draw(st.integers(0, 2))):
            back = draw(st.integers(1, left)) if left > 1 and draw(st.booleans()) else left
            later = FIRST + timedelta(days=draw(st.integers(day, 91)))
            if left and back:
                found.payments.append(PlainPayment(f"P{number}-{part}", later, -back, f"P{number}"))
            left -= back
    return found


def text_of(contract):
    """The contract as a manager would write it."""
    lines = [_case(each) for each in contract.cases]
    schedule = f"cases: [{', '.join(lines)}]"
    if contract.points_over_days is not None:
        up = f"{{when: age_at_placement_days > {contract.points_over_days}, points: {float(contract.points)}}}"
        schedule += f", uplifts: [{up}]"
    if (contract.placement_at_least, contract.placement_at_most) != (None, None):
        both = {"at_least": contract.placement_at_least, "at_most": contract.placement_at_most}
        schedule += f", each_placement: {{{_keys(both)}}}"
    rights = "after_recall: full, after_term: full"
    if contract.tail_days is not None:
        tail = f"after_recall: tail, tail_days: {contract.tail_days}" if contract.tail_days else "after_recall: none"
        rights = f"{tail}, after_term: full"
    each = "payment" if contract.round_each else "month"
    keys = {
        **REST,
        "schedule": f"{{{schedule}}}",
        "entitlement": f"{{{rights}}}",
        "rounding": f"{{each: {each}, digits: 2, mode: half_up}}",
    }
    return HEAD + "".join(f"    {key}: {value}\n" for key, value in keys.items())


def _case(case):
    keys = {"fixed": case.fixed or None, "at_least": case.at_least, "at_most": case.at_most}
    if case.least_number is not None:
        keys["when"] = f"placement_number >= {case.least_number}"
    if case.rate is not None:
        keys["rate"] = float(case.rate)
    else:
        keys["slices"] = "[" + ", ".join(f"{{from: {start}, rate: {float(rate)}}}" for start, rate in case.slices) + "]"
    return f"{{{_keys(keys)}}}"


def _keys(keys):
    return ", ".join(f"{key}: {value}" for key, value in keys.items() if value is not None)


def recoveries_of(some):
    for number, placement in enumerate(some):
        placed = Placement(
            f"L{number}", "B", placement.number, FIRST, Decimal(0), date(2030, 1, 1), placement.recalled_on,
            placement.age_days,
        )  # fmt: skip
        for each in placement.payments:
            back = f"{number}:{each.reverses}" if each.reverses else ""
            amount = Decimal(each.cents) / 100
            yield PartnerRecovery(
                f"{number}:{each.name}", f"A{number}", "P", each.on, amount, "USD", placed, reverses=back
            )


@pytest.fixture(scope="session")
def book_of(document_of):
    def build(contract):
        book, issues = decode_contracts([document_of(text_of(contract))])
        assert not has_errors(issues), "\n".join(map(str, issues))
        return book

    return build


@settings(max_examples=MANY, deadline=None)
@given(contracts(), st.lists(placements(), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_fee_of_each_month_is_that_of_the_oracle_whatever_the_order(book_of, contract, some, random):
    book, recoveries = book_of(contract), list(recoveries_of(some))
    for month in MONTHS:
        random.shuffle(recoveries)
        found = fees(book, recoveries, period=month)
        total = sum((line.amount for line in found.payouts), Decimal(0))
        assert total == paid(contract, some, month.start, month.end)
        assert len(found.lines) + len(found.without_fee) == sum(each.posted_on in month for each in recoveries)


@settings(max_examples=MANY, deadline=None)
@given(contracts(), st.lists(placements(), min_size=1, max_size=2))
def test_settled_reversed_and_settled_again_is_settled_once(book_of, contract, some):
    """Every payment is taken back whole and comes again: over all months the same is earned as without."""
    book, whole = book_of(contract), []
    for placement in some:
        placement.payments = [each for each in placement.payments if not each.reverses]
        placement.recalled_on = None
        whole += [placement]
    once = sum((line.fee for line in _all(book, recoveries_of(whole))), Decimal(0))
    for placement in whole:
        for each in list(placement.payments):
            placement.payments.append(PlainPayment(f"{each.name}-back", MONTHS[-1].last_day, -each.cents, each.name))
    assert sum((line.fee for line in _all(book, recoveries_of(whole))), Decimal(0)) == 0
    for placement in whole:
        first = sorted(
            (each for each in placement.payments if not each.reverses), key=lambda each: (each.on, each.name)
        )
        for rank, each in enumerate(first):  # in the order of the first time: slices go by it
            placement.payments.append(PlainPayment(f"{rank}-new", MONTHS[-1].end, each.cents))
    again = sum((line.fee for line in _all(book, recoveries_of(whole))), Decimal(0))
    assert again == once


def _all(book, recoveries):
    every = list(recoveries)
    for month in (*MONTHS, MONTHS[-1].next()):
        yield from fees(book, every, period=month).lines
