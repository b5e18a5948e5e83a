"""Must be shown: over random payments, reversals, claims, decisions and cycles, what is paid is the contract applied to
what was matched, to the minor unit; nothing is paid twice; the order of files is irrelevant."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.settings import Settings
from adapters.world import open_world
from domain.periods import Period
from incentives.claims.differences import Step
from incentives.claims.kinds import ABOUT, Verdict
from tasks.stages.claims_decide import Which, decide_differences
from tasks.stages.claims_state import partner_claims, payable_of
from tasks.stages.claims_status import settlement_status
from tests.conftest import SteppingClock
from tests.stages.claimed import PARTNER, TERMS, Book, Claimed, Paid, Placed, night, rule_book, settle, sign_all
from tests.stages.test_claims import pay

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
NIGHTS = (date(2026, 9, 30), date(2026, 10, 8), date(2026, 10, 31), date(2026, 11, 8))
PLACES = tuple(Placed(f"A{number}") for number in range(3))
ACCOUNTS = tuple(each.account for each in PLACES)


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """One person decides, whatever the amount, so that a story is short."""
    terms = TERMS.replace("      two_people_above: 2_000_000\n", "")
    return rule_book(tmp_path_factory.mktemp("rules"), terms)


@st.composite
def stories(draw) -> tuple[Book, int]:
    """Payments of two months, some taken back later, and claims for them that are mostly right."""
    paid = [
        Paid(f"P{n}", draw(st.sampled_from(ACCOUNTS)), _day(draw, n), draw(st.integers(1, 40)) * 12_345)
        for n in range(draw(st.integers(3, 7)))
    ]
    back = [
        Paid(f"T{each.payment_id}", each.account, each.on, -each.amount // draw(st.sampled_from([1, 2])),
             reverses=each.payment_id, posted_on=draw(st.sampled_from([date(2026, 10, 6), date(2026, 10, 20)])))
        for each in paid if draw(st.integers(0, 3)) == 0
    ]  # fmt: skip
    claimed = [
        Claimed(f"C{n}-{each.payment_id}", each.account, each.on, each.amount + draw(st.sampled_from([0, 0, 0, 700])),
                draw(st.sampled_from([each.payment_id, ""])), claimed_on=sent)
        for each in paid
        for n, sent in enumerate(draw(st.sampled_from(FILES)))
        if sent > each.on
    ]  # fmt: skip
    return Book(tuple(paid), tuple(claimed), PLACES).and_paid(*back), draw(st.integers(0, 1_000))


# Claimed at once, late, twice, in two files, never.
FILES = (
    (date(2026, 10, 3),), (date(2026, 10, 3),), (date(2026, 11, 3),), (date(2026, 10, 3), date(2026, 10, 3)),
    (date(2026, 10, 3), date(2026, 11, 3)), (),
)  # fmt: skip


def _day(draw, number: int) -> date:
    return date(2026, draw(st.sampled_from([9, 9, 10])), 2 + 3 * number)


def told(world, book: Book, choice: int) -> dict[str, int]:
    """Two cycles: settled, decided by a rule of thumb, paid month by month; what the ledger has come to."""
    for first, second, cycle in ((0, 1, "2026-09"), (2, 3, "2026-10")):
        for at in (first, second):
            night(world, NIGHTS[at], book)
        settle(world, cycle, NIGHTS[second])
        _decide_some(world, choice)
        for month in (SEPTEMBER, OCTOBER)[: 1 + (first > 0)]:
            pay(world, month)
    return pay(world, SEPTEMBER)


def _decide_some(world, choice: int) -> None:
    """About half of what may be decided for the books is, by its subject alone, so that it is the same in any order."""
    (status,) = settlement_status(world, partner=PARTNER, on=NIGHTS[1])
    for each in status.open:
        difference = each.difference
        is_chosen = Random(f"{choice}{difference.subject}").random() < 0.5
        if is_chosen and Verdict.OURS in ABOUT[difference.kind].verdicts and difference.payment_id:
            which = Which(named=(difference.difference_id,))
            decide_differences(
                world, which, Step.OURS, by="demo finance", reason="as booked", on=NIGHTS[3], attempt=None
            )


def expected(world, book: Book) -> dict[str, int]:
    """The contract by hand: ten percent of each month's payable bookings, less what of them was taken back, rounded
    once; ten percent of tax on that."""
    with world.store.read() as connection:
        payable = payable_of(partner_claims(world, connection, PARTNER)).amounts
    found: dict[str, int] = {}
    for month in (SEPTEMBER, OCTOBER):
        base = Decimal(0)
        for each in book.paid:
            if each.posted in month and not each.reverses:
                base += payable.get(each.payment_id, Decimal(0))
            elif each.posted in month and each.reverses:
                base -= min(-Decimal(each.amount), payable.get(each.reverses, Decimal(0)))
        fee = _rounded(base * Decimal("0.10"))
        tax = _rounded(fee * Decimal("0.10"))
        found |= {f"fee:by_claims {month}": int(fee), f"vat:by_claims {month}": int(tax)}
    return found


def _rounded(amount: Decimal) -> Decimal:
    away = Decimal("0.5") if amount >= 0 else Decimal("-0.5")
    return Decimal(int(amount + away))


@pytest.mark.slow
@settings(max_examples=EXAMPLES)
@given(story=stories(), order=st.randoms(use_true_random=False))
def test_what_is_paid_is_the_contract_applied_to_what_was_matched(tmp_path_factory, rules, story, order):
    book, choice = story
    world = _world(tmp_path_factory, rules)
    reached = told(world, book, choice)
    by_hand = expected(world, book)
    assert {key: reached.get(key, 0) for key in by_hand} == by_hand
    with world.store.read() as connection:
        payable = payable_of(partner_claims(world, connection, PARTNER)).amounts
    booked = {each.payment_id: each.amount for each in book.paid}
    assert all(amount <= booked[name] for name, amount in payable.items()), "no booking is paid for twice"
    paid, claimed = list(book.paid), list(book.claimed)
    order.shuffle(paid)
    order.shuffle(claimed)
    again = _world(tmp_path_factory, rules)
    assert told(again, Book(tuple(paid), tuple(claimed), PLACES), choice) == reached


def _world(tmp_path_factory, rules):
    home = tmp_path_factory.mktemp("story") / "home"
    world = open_world(Settings(home=home, rules=rules), clock=SteppingClock())
    sign_all(world)
    return world
