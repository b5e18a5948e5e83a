"""What is decided after months were paid: which months have to be prepared again, and what they come to then."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.periods import Period
from incentives.claims.differences import Step
from tasks.stages.claims_state import partner_claims
from tasks.stages.claims_statement import claims_told
from tasks.stages.claims_unpaid import months_to_prepare, settled_since
from tests.conftest import copy_of, new_world
from tests.stages.claimed import PARTNER, Claimed, Paid, night, rule_book, settle, sign_all
from tests.stages.test_claims import BOOK, CLAIMS, END, LATER, OCTOBER, SEPTEMBER, decided, on, pay

FIRST = "R01-by_claims-2026-09-1"
BACK = Paid("T4", "A4", on(8), -4_000_000, reverses="P4", posted_on=on(20, 10))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def paid_world(request, tmp_path_factory):
    """September settled with P4 not claimed; it is taken back in October, and both months are paid."""
    rules = rule_book(tmp_path_factory.mktemp("rules"))
    with new_world(request, tmp_path_factory.mktemp("claims") / "home", request.param, rules=rules) as world:
        sign_all(world)
        night(world, END, BOOK)
        night(world, CLAIMS, BOOK)
        settle(world, "2026-09", CLAIMS)
        night(world, LATER, BOOK.and_paid(BACK))
        pay(world, SEPTEMBER)
        pay(world, OCTOBER)
        yield world


@pytest.fixture
def paid(request, tmp_path, paid_world):
    with copy_of(paid_world, tmp_path / "home", request) as world:
        yield world


def months(world) -> tuple[Period, ...]:
    with world.store.read() as connection:
        return months_to_prepare(connection, partner_claims(world, connection, PARTNER))


def test_a_month_that_pays_what_is_payable_is_not_prepared_again(paid):
    assert months(paid) == ()
    assert settled_since(paid, [SEPTEMBER, OCTOBER]) == ()


def test_a_decision_asks_for_its_month_and_for_the_months_in_which_it_may_be_taken_back(paid):
    """Or the fee of money that has gone back would stay with the partner: October was paid before anything was due."""
    decided(paid, "payment:P4", Step.OURS, "demo finance")
    assert months(paid) == (), "nothing is payable before a second person has confirmed it"
    decided(paid, "payment:P4", Step.CONFIRM, "demo director")
    assert months(paid) == (SEPTEMBER, OCTOBER)
    (of_september, of_october) = settled_since(paid, [SEPTEMBER, OCTOBER])
    assert "R01 in 2026-09" in of_september
    assert "prepare 2026-10 again" in of_october
    assert pay(paid, SEPTEMBER)["fee:by_claims 2026-09"] == 700_000
    assert months(paid) == (OCTOBER,)
    found = pay(paid, OCTOBER)
    assert (found["fee:by_claims 2026-09"], found["fee:by_claims 2026-10"]) == (700_000, -400_000)
    assert months(paid) == ()
    owed = found.pop("carried/net 2026-10")
    assert (owed, sum(found.values())) == (440_000, 330_000), "of what went back nothing stays"


def test_a_month_of_which_something_is_payable_and_which_was_never_prepared_is_asked_for(paid):
    line = Claimed("C9", "A2", on(15, 10), 900_000, "P9", claimed_on=on(20, 10))
    book = BOOK.and_paid(BACK, Paid("P9", "A2", on(15, 10), 900_000)).and_claimed(line)
    night(paid, LATER, book)
    settle(paid, "2026-10", LATER)
    assert months(paid) == (OCTOBER,)


def test_the_statement_tells_each_fee_once_and_what_decisions_of_this_settlement_made_payable(paid):
    decided(paid, "payment:P4", Step.OURS, "demo finance")
    decided(paid, "payment:P4", Step.CONFIRM, "demo director")
    pay(paid, SEPTEMBER)
    with paid.store.read() as connection:
        told = claims_told(paid, connection, FIRST)
    assert [(each.payments, each.recovered, each.fee) for each in told.bands] == [
        (3, Decimal(7_000_000), Decimal(700_000))
    ], "two batches of a month were published, and the second one has all of it"
    assert told.decided == Decimal(4_000_000)
    assert told.owner == "head_of_partners"


def test_what_was_agreed_of_a_booking_before_is_no_part_of_what_was_decided_on_the_rest(paid):
    """P9 is agreed in part by one settlement; the rest of it is decided on in the next one."""
    part = Claimed("C9", "A2", on(15, 10), 600_000, "P9", claimed_on=on(20, 10))
    other = replace(part, claim_id="C10", amount=100_000)
    book = BOOK.and_paid(Paid("P9", "A2", on(15, 10), 900_000)).and_claimed(part, other)
    night(paid, LATER, book)
    made = settle(paid, "2026-10", LATER)
    with paid.store.read() as connection:
        before = claims_told(paid, connection, made.settlement_id)
    assert before.agreed_as_booked == Decimal(700_000)
    assert decided(paid, "payment:P9", Step.OURS, "demo finance").value == "ours"
    with paid.store.read() as connection:
        assert claims_told(paid, connection, made.settlement_id).decided == Decimal(200_000)
