"""Claims of a partner settled from the books to the ledger: matched, listed, decided, paid once, taken back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.ledger import read_entries
from adapters.store.runs import begin_attempt
from adapters.world import open_world
from domain.periods import Period
from incentives.batches import BatchPhase, DecisionKind
from incentives.claims.differences import Standing, Step
from incentives.claims.kinds import Kind
from tasks.stages import decide
from tasks.stages.claims_decide import Which, decide_differences
from tasks.stages.claims_status import settlement_status
from tasks.stages.month_end import prepare, read_frozen
from tests.conftest import SteppingClock, copy_of, new_world
from tests.stages.claimed import PARTNER, Book, Claimed, Paid, Placed, night, rule_book, settle, sign_all
from tests.stages.logins import as_login

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
END, CLAIMS, LATER = date(2026, 9, 30), date(2026, 10, 8), date(2026, 10, 31)


def on(day: int, month: int = 9) -> date:
    return date(2026, month, day)


BOOK = Book(
    paid=(
        Paid("P1", "A1", on(5), 1_000_000),
        Paid("P2", "A2", on(6), 2_000_000),
        Paid("P3", "A3", on(7), 3_000_000),
        Paid("P4", "A4", on(8), 4_000_000),
    ),
    claimed=(
        Claimed("C1", "A1", on(5), 1_000_000, "P1"),
        Claimed("C2", "A2", on(7), 2_000_400),
        Claimed("C3", "A3", on(7), 3_300_000, "P3"),
        Claimed("C5", "A5", on(9), 5_000_000),
    ),
    placed=tuple(Placed(f"A{number}") for number in range(1, 6)),
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    return rule_book(tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def settled_world(request, tmp_path_factory, rules):
    """September claimed and settled: two lines agree, two differ, and one booking is not claimed."""
    with new_world(request, tmp_path_factory.mktemp("claims") / "home", request.param, rules=rules) as world:
        sign_all(world)
        night(world, END, BOOK)
        night(world, CLAIMS, BOOK)
        settle(world, "2026-09", CLAIMS)
        yield world


@pytest.fixture
def settled(request, tmp_path, settled_world):
    with copy_of(settled_world, tmp_path / "home", request) as world:
        yield world


def open_kinds(world) -> dict[str, str]:
    (status,) = settlement_status(world, partner=PARTNER, on=CLAIMS)
    return {each.difference.subject: each.difference.kind.value for each in status.open}


def decided(world, subject: str, step: Step, by: str, **more):
    (status,) = settlement_status(world, partner=PARTNER, on=CLAIMS)
    (found,) = [each.difference for each in status.open if each.difference.subject == subject]
    which = Which(named=(found.difference_id,))
    (done,) = decide_differences(
        as_login(world, by), which, step, by=by, reason="seen", on=CLAIMS, attempt=None, **more
    )
    return done.state.standing


def pay(world, period=SEPTEMBER) -> dict[str, int]:
    """Prepare, approve and publish what there is; the ledger's sums by component and origin month."""
    prepared = prepare(world, period, begin_attempt(world.store, "month-end", period.last_day), by="preparer", on=LATER)
    for batch in prepared.batches:
        with world.store.read() as connection:
            frozen = read_frozen(connection, batch)
        if frozen.state.phase is BatchPhase.PREPARED:
            for role in frozen.batch.chain:
                decide.decide(
                    as_login(world, f"demo {role}"), batch, DecisionKind.APPROVED, by=f"demo {role}", on=LATER
                )
            decide.publish(world, batch, by="publisher", on=LATER)
    return posted(world)


def posted(world) -> dict[str, int]:
    sums: dict[str, int] = {}
    with world.store.read() as connection:
        for entry in read_entries(connection):
            key = f"{entry.component} {entry.origin_period}"
            sums[key] = sums.get(key, 0) + entry.amount_minor
    return sums


def test_what_agrees_is_agreed_and_everything_else_is_listed_under_one_kind(settled):
    assert open_kinds(settled) == {
        "C3": "amount_above",
        "C5": "not_in_books",
        "payment:P4": "not_claimed",
    }


def test_numbers_and_money_tie_out_both_ways(settled):
    (status,) = settlement_status(settled, on=CLAIMS)
    (found,) = status.reconciled
    assert found.is_tied
    assert (found.sent.number, found.sent.amount) == (4, Decimal(11_300_400))
    assert (found.agreed.number, found.agreed.amount) == (2, Decimal(3_000_000))
    assert found.forgiven == 400
    assert (found.held.amount, found.not_claimed.amount) == (Decimal(3_000_000), Decimal(4_000_000))


def test_only_what_agrees_is_paid_and_the_rest_waits_with_its_reason(settled):
    assert pay(settled) == {"fee:by_claims 2026-09": 300_000, "vat:by_claims 2026-09": 30_000}


def test_what_is_decided_later_is_paid_later_and_nothing_twice(settled):
    pay(settled)
    assert decided(settled, "payment:P4", Step.OURS, "demo finance") is Standing.PROPOSED
    assert pay(settled)["fee:by_claims 2026-09"] == 300_000
    assert decided(settled, "payment:P4", Step.CONFIRM, "demo director") is Standing.OURS
    assert decided(settled, "C5", Step.REJECT, "demo finance") is Standing.PROPOSED
    assert pay(settled)["fee:by_claims 2026-09"] == 700_000
    assert pay(settled)["fee:by_claims 2026-09"] == 700_000


def test_a_decision_voids_the_batch_that_was_prepared_before_it(settled):
    prepared = prepare(settled, SEPTEMBER, begin_attempt(settled.store, "m", END), by="preparer", on=LATER)
    (batch,) = prepared.batches
    for role in ("manager", "hr", "finance"):
        decide.decide(as_login(settled, f"demo {role}"), batch, DecisionKind.APPROVED, by=f"demo {role}", on=LATER)
    decided(settled, "payment:P4", Step.OURS, "demo finance")
    decided(settled, "payment:P4", Step.CONFIRM, "demo director")
    with pytest.raises(RefusedError, match="BAT018 other recoveries of its partner are payable now"):
        decide.publish(settled, batch, by="publisher", on=LATER)


@pytest.mark.parametrize(
    ("subject", "step", "by", "refused"),
    [
        ("C5", Step.OURS, "demo finance", "STL021"),
        ("C3", Step.THEIRS, "demo finance", "STL021"),
        ("C3", Step.CONFIRM, "demo director", "STL024"),
        ("C3", Step.WAIT, "demo finance", "STL023"),
        ("C3", Step.REOPEN, "demo finance", "STL026"),
        ("C3", Step.OURS, "somebody", "AUT001"),
    ],
)
def test_what_may_not_be_decided_is_refused_with_its_code(settled, subject, step, by, refused):
    with pytest.raises(RefusedError, match=refused):
        decided(settled, subject, step, by)


def test_who_proposed_does_not_confirm(settled):
    decided(settled, "C3", Step.OURS, "demo finance")
    with pytest.raises(RefusedError, match="STL025"):
        decided(settled, "C3", Step.CONFIRM, "demo finance")


def test_the_same_settlement_is_not_made_twice(settled):
    assert settle(settled, "2026-09", CLAIMS).settlement_id == "R01-by_claims-2026-09-1"


def test_a_settlement_goes_forward(settled):
    with pytest.raises(RefusedError, match="STL018"):
        settle(settled, "2026-08", CLAIMS)


def test_what_is_booked_later_agrees_in_the_next_settlement(settled):
    night(settled, LATER, BOOK.and_paid(Paid("P5", "A5", on(9), 5_000_000, posted_on=on(12, 10))))
    settle(settled, "2026-10", LATER)
    assert open_kinds(settled) == {"C3": "amount_above", "payment:P4": "not_claimed"}
    pay(settled)
    assert pay(settled, OCTOBER)["fee:by_claims 2026-10"] == 500_000


def test_settled_reversed_and_settled_again_comes_to_the_right_sum(settled):
    pay(settled)
    back = Paid("T1", "A1", on(5), -1_000_000, reverses="P1", posted_on=on(10, 10))
    again = Paid("P9", "A1", on(15, 10), 1_000_000)
    line = Claimed("C9", "A1", on(15, 10), 1_000_000, "P9", claimed_on=on(20, 10))
    night(settled, LATER, BOOK.and_paid(back, again).and_claimed(line))
    settle(settled, "2026-10", LATER)
    found = pay(settled, OCTOBER)
    assert found["fee:by_claims 2026-09"] == 300_000
    assert found.get("fee:by_claims 2026-10", 0) == 0, "what was taken back and what was paid again are even"


def test_a_recovery_that_was_settled_is_refused_in_the_next_cycle(settled):
    line = Claimed("C8", "A1", on(5), 1_000_000, "P1", claimed_on=on(20, 10))
    night(settled, LATER, BOOK.and_claimed(line))
    settle(settled, "2026-10", LATER)
    assert open_kinds(settled)["C8"] == Kind.SETTLED_BEFORE.value


def test_a_claim_line_that_changes_after_it_was_agreed_is_looked_at_again(settled):
    changed = Book(BOOK.paid, (Claimed("C1", "A1", on(5), 900_000, "P1"), *BOOK.claimed[1:]), BOOK.placed)
    night(settled, LATER, changed)
    settle(settled, "2026-10", LATER)
    assert open_kinds(settled)["C1"] == Kind.SETTLED_BEFORE.value


def test_without_any_settlement_nothing_is_paid_and_nothing_lost(tmp_path, rules):
    world = open_world(Settings(home=tmp_path / "home", rules=rules), clock=SteppingClock())
    sign_all(world)
    night(world, END, BOOK)
    assert pay(world) == {}
