"""Claims under a contract that pays what is booked: they are compared, listed and answered, and move no money."""

from __future__ import annotations

import pytest

from adapters.settings import Settings
from adapters.store.runs import begin_attempt
from adapters.world import open_world
from incentives.batches import DecisionKind
from incentives.claims.differences import Step
from reports.claims_statement import statement_report
from reports.languages import Language
from tasks.stages import decide
from tasks.stages.claims_state import partner_claims, payable_of
from tasks.stages.claims_statement import claims_told
from tasks.stages.claims_status import settlement_status
from tasks.stages.month_end import prepare
from tests.conftest import SteppingClock, copy_of
from tests.stages.claimed import PARTNER, TERMS, night, rule_book, settle, sign_all
from tests.stages.test_claims import BOOK, CLAIMS, END, LATER, SEPTEMBER, decided, open_kinds, pay

ALL = {"fee:by_claims 2026-09": 1_000_000, "vat:by_claims 2026-09": 100_000}


@pytest.fixture(scope="module")
def claimed_world(tmp_path_factory):
    rules = rule_book(tmp_path_factory.mktemp("rules"), TERMS.replace("fee_base: claims", "fee_base: books"))
    found = open_world(Settings(home=tmp_path_factory.mktemp("books") / "home", rules=rules), clock=SteppingClock())
    sign_all(found)
    night(found, END, BOOK)
    night(found, CLAIMS, BOOK)
    return found


@pytest.fixture
def world(request, tmp_path, claimed_world):
    with copy_of(claimed_world, tmp_path / "home", request) as found:
        yield found


def test_everything_booked_earns_whatever_is_claimed_settled_and_decided(world):
    assert pay(world) == ALL
    settle(world, "2026-09", CLAIMS)
    assert open_kinds(world) == {"C3": "amount_above", "C5": "not_in_books", "payment:P4": "not_claimed"}
    decided(world, "payment:P4", Step.REJECT, "demo finance")
    decided(world, "payment:P4", Step.CONFIRM, "demo director")
    assert pay(world) == ALL
    (status,) = settlement_status(world, on=CLAIMS)
    assert status.to_prepare == ()
    with world.store.read() as connection:
        assert payable_of(partner_claims(world, connection, PARTNER)).amounts == {}


def test_a_settlement_voids_no_batch_that_it_does_not_change(world):
    prepared = prepare(world, SEPTEMBER, begin_attempt(world.store, "m", END), by="preparer", on=LATER)
    (batch,) = prepared.batches
    for role in ("manager", "hr", "finance"):
        decide.decide(world, batch, DecisionKind.APPROVED, by=f"demo {role}", on=LATER)
    settle(world, "2026-09", CLAIMS)
    assert decide.publish(world, batch, by="publisher", on=LATER).entries == len(ALL)


def test_the_statement_does_not_say_that_nothing_is_paid_on_a_difference(world):
    made = settle(world, "2026-09", CLAIMS)
    with world.store.read() as connection:
        told = claims_told(world, connection, made.settlement_id)
    cards = {card.title: card.note for card in statement_report(told, Language.ENGLISH).cards}
    assert cards == dict.fromkeys(("Agreed", "Open differences"), "fees go by what is booked, whatever is claimed")


def test_the_demonstration_settles_what_partners_claim_by_the_contracts_of_the_house(tmp_path):
    from flows.demo import settle as settle_as_demonstrated

    found = open_world(Settings(home=tmp_path / "home"), clock=SteppingClock())
    sign_all(found)
    night(found, CLAIMS, BOOK)
    settle_as_demonstrated(found, (PARTNER, "R02"))
    first, second = settlement_status(found, on=CLAIMS)
    assert (first.settlement_id, len(first.open)) == ("R01-standard_vnd-2026-09-1", 3)
    assert (second.settlement_id, second.open) == ("R02-standard_vnd-2026-09-1", ())
