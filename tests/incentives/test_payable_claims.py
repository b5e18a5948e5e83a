"""What of a partner's recoveries earns, where a contract is settled by claims: held against a slow, plain reckoning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.claims.payable import (
    NOT_SETTLED,
    REVERSED_LATE,
    REVERSED_UNPAID,
    REVERSED_UNSEEN,
    PartnerPayable,
    payable_recoveries,
)
from incentives.contracts import ContractBook, decode_contracts
from incentives.recoveries import PartnerRecovery
from tests.incentives.test_partner_fees import CONTRACTS, recovery

SECTION = """\
    settlement:
      cycle: month
      first_day: 2026-06-01
      fee_base: claims
      claims_due_days: 10
      reply_days: 14
      reversals: any_time
      invoice: none
"""
MAY, JUNE, JULY = date(2026, 5, 20), date(2026, 6, 10), date(2026, 7, 20)


@pytest.fixture(scope="session")
def book(document_of):
    def build(section: str = SECTION, then: str = "") -> ContractBook:
        """The contract with a section; `then` is that of a version from July on, which takes the place of the first."""
        text = CONTRACTS + section
        if then:
            body = CONTRACTS[CONTRACTS.index("  - id: standard") :] + then
            text = text.replace("review_by: 2026-12-31", "valid_to: 2026-07-01")
            text += body.replace("valid_from: 2026-01-01", "valid_from: 2026-07-01")
        found, issues = decode_contracts([document_of(text)])
        assert not issues, "\n".join(map(str, issues))
        return found

    return build


def paid(name: str, amount: int, on: date, **facts: Any) -> PartnerRecovery:
    return recovery(payment_id=name, amount=amount, posted_on=on, **facts)


Found = tuple[dict[str, Decimal], dict[str, str]]


def earns(contracts: ContractBook, *recoveries: PartnerRecovery, agreed: Mapping[str, int], **more: Any) -> Found:
    """What earns, by payment; and why the rest waits."""
    payable = PartnerPayable({name: Decimal(amount) for name, amount in agreed.items()})
    found = payable_recoveries(contracts, recoveries, {"P01": payable}, **more)
    return (
        {each.payment_id: each.amount for each in found.payable},
        {each.recovery.payment_id: each.reason for each in found.waiting},
    )


@pytest.mark.parametrize(
    ("agreed", "earning", "waits"),
    [
        pytest.param({"P1": 1000}, {"P1": 1000}, {}, id="agreed"),
        pytest.param({"P1": 600}, {"P1": 600}, {}, id="agreed in part"),
        pytest.param({"P1": 5000}, {"P1": 1000}, {}, id="never more than is booked"),
        pytest.param({}, {}, {"P1": NOT_SETTLED}, id="claimed by nobody"),
    ],
)
def test_a_booking_earns_what_is_agreed_of_it(book, agreed, earning, waits):
    assert earns(book(), paid("P1", 1000, JUNE), agreed=agreed) == (earning, waits)


def test_what_was_posted_before_the_first_cycle_is_paid_and_taken_back_by_the_books(book):
    back = paid("T1", -400, JUNE, reverses="P1")
    assert earns(book(), paid("P1", 1000, MAY), back, agreed={}) == ({"P1": 1000, "T1": -400}, {})


def test_a_section_that_a_new_version_brings_in_holds_for_accounts_that_were_placed_before(book):
    """The fee goes by the version of the placement, the settlement by that of the posting: or claims would be listed as
    unpaid that the books have paid."""
    new = book("", then=SECTION.replace("2026-06-01", "2026-07-01"))
    assert earns(new, paid("P1", 1000, JULY), paid("P2", 500, JUNE), agreed={}) == ({"P2": 500}, {"P1": NOT_SETTLED})
    ended = book(SECTION, then=SECTION.replace("fee_base: claims", "fee_base: books"))
    assert earns(ended, paid("P1", 1000, JULY), paid("P2", 500, JUNE), agreed={}) == ({"P1": 1000}, {"P2": NOT_SETTLED})


@pytest.mark.parametrize(
    ("agreed", "backs", "earning", "waits"),
    [
        pytest.param({"P1": 1000}, [-1000], {"P1": 1000, "T0": -1000}, {}, id="all of it"),
        pytest.param({"P1": 600}, [-1000], {"P1": 600, "T0": -600}, {}, id="no more than it earned"),
        pytest.param({"P1": 600}, [-500, -500], {"P1": 600, "T0": -500, "T1": -100}, {}, id="in parts"),
        pytest.param({}, [-1000], {}, {"P1": NOT_SETTLED, "T0": REVERSED_UNPAID}, id="nothing of what earned nothing"),
    ],
)
def test_a_reversal_takes_back_what_its_booking_has_earned(book, agreed, backs, earning, waits):
    reversals = [
        paid(f"T{number}", amount, JULY + timedelta(number), reverses="P1") for number, amount in enumerate(backs)
    ]
    assert earns(book(), paid("P1", 1000, JUNE), *reversals, agreed=agreed) == (earning, waits)


def test_a_reversal_after_its_days_takes_nothing_back(book):
    late = book(SECTION.replace("reversals: any_time", "reversals: within_days\n      reversal_days: 30"))
    back = (
        paid("T1", -100, JUNE + timedelta(30), reverses="P1"),
        paid("T2", -100, JUNE + timedelta(31), reverses="P1"),
    )
    found = earns(late, paid("P1", 1000, JUNE), *back, agreed={"P1": 1000})
    assert found == ({"P1": 1000, "T1": -100}, {"T2": REVERSED_LATE})


@pytest.mark.parametrize(
    ("agreed", "known_from", "earning", "waits"),
    [
        pytest.param({"P0": 700}, JULY, {"T1": -700}, {}, id="what was settled of it"),
        pytest.param({}, date(2026, 6, 1), {"T1": -1000}, {}, id="older than the first cycle: paid by the books"),
        pytest.param({}, date(2026, 6, 2), {}, {"T1": REVERSED_UNSEEN}, id="nobody can say"),
    ],
)
def test_a_reversal_of_a_booking_that_is_older_than_what_is_read(book, agreed, known_from, earning, waits):
    back = paid("T1", -1000, JULY, reverses="P0")
    assert earns(book(), back, agreed=agreed, known_from=known_from) == (earning, waits)


@given(
    bookings=st.lists(st.tuples(st.integers(1, 900), st.integers(0, 1200)), max_size=6),
    backs=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 900), st.integers(0, 9)), max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_nobody_earns_more_than_is_booked_and_agreed_nor_loses_more_than_was_earned(book, bookings, backs, order):
    """And the order of rows is irrelevant."""
    agreed = {f"P{number}": amount for number, (_, amount) in enumerate(bookings)}
    rows = [paid(f"P{number}", booked, JUNE) for number, (booked, _) in enumerate(bookings)]
    reversals = [(f"T{number}", f"P{of}", amount, JULY + timedelta(days)) for number, (of, amount, days) in
                 enumerate(backs) if of < len(bookings)]  # fmt: skip
    rows += [paid(name, -amount, day, reverses=of) for name, of, amount, day in reversals]
    expected = {f"P{number}": min(booked, amount) for number, (booked, amount) in enumerate(bookings) if amount}
    left = dict(expected)
    for name, of, amount, _ in sorted(reversals, key=lambda each: (each[3], each[0])):
        if of in left:
            expected[name] = -min(amount, left[of])
            left[of] -= min(amount, left[of])
    found, waits = earns(book(), *rows, agreed=agreed)
    assert found == expected
    assert {*found} | {*waits} == {each.payment_id for each in rows}
    order.shuffle(rows)
    assert earns(book(), *rows, agreed=agreed) == (found, waits)
