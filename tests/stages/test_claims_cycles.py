"""Cycles of other lengths than a month, settled, decided and paid: a quarter, the halves of a month, three weeks."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.world import open_world
from domain.periods import Period
from tasks.stages.claims_state import partner_claims
from tasks.stages.claims_unpaid import months_to_prepare
from tests.conftest import SteppingClock
from tests.stages.claimed import PARTNER, TERMS, Book, Claimed, Paid, Placed, night, rule_book, settle, sign_all
from tests.stages.test_claims import OCTOBER, SEPTEMBER, pay


def on(month: int, day: int) -> date:
    return date(2026, month, day)


def both(name: str, account: str, day: date, amount: int, sent: date) -> tuple[Paid, Claimed]:
    """A payment, and the line that claims it."""
    return Paid(f"P{name}", account, day, amount), Claimed(
        f"C{name}", account, day, amount, f"P{name}", claimed_on=sent
    )


def book_of(*pairs: tuple[Paid, Claimed]) -> Book:
    paid, claimed = zip(*pairs, strict=True)
    return Book(paid, claimed, tuple(Placed(f"A{number}") for number in range(1, 4)))


def world_of(tmp_path, cycle: str, first: date):
    terms = TERMS.replace("cycle: month", f"cycle: {cycle}").replace("first_day: 2026-08-01", f"first_day: {first}")
    world = open_world(
        Settings(home=tmp_path / "home", rules=rule_book(tmp_path / "rules", terms)), clock=SteppingClock()
    )
    sign_all(world)
    return world


def months(world) -> tuple[Period, ...]:
    with world.store.read() as connection:
        return months_to_prepare(connection, partner_claims(world, connection, PARTNER))


def test_a_quarter_is_settled_at_its_end_and_each_of_its_months_is_paid_then(tmp_path):
    """Until then every month waits, whatever was claimed; afterwards each is prepared for itself."""
    world = world_of(tmp_path, "quarter", on(7, 1))
    sent = on(10, 3)
    book = book_of(
        both("1", "A1", on(8, 5), 1_000_000, sent),
        both("2", "A2", on(9, 6), 2_000_000, sent),
        both("3", "A3", on(9, 7), 4_000_000, sent),
    )
    for day in (on(8, 31), on(9, 30)):
        night(world, day, book)
    with pytest.raises(RefusedError, match="STL016 the cycle 2026-Q3 ends on 2026-09-30"):
        settle(world, "2026-Q3", on(8, 31))
    assert pay(world, Period(2026, 8)) == pay(world, SEPTEMBER) == {}
    night(world, on(10, 8), book)
    assert settle(world, "2026-Q3", on(10, 8)).settlement_id == "R01-by_claims-2026-Q3-1"
    assert months(world) == (Period(2026, 8), SEPTEMBER)
    pay(world, Period(2026, 8))
    found = pay(world, SEPTEMBER)
    assert {key: found[key] for key in found if key.startswith("fee")} == {
        "fee:by_claims 2026-08": 100_000, "fee:by_claims 2026-09": 600_000,
    }  # fmt: skip
    assert months(world) == ()


def test_each_half_of_a_month_is_settled_by_itself_and_paid_once(tmp_path):
    world = world_of(tmp_path, "half_month", on(9, 1))
    book = book_of(
        both("1", "A1", on(9, 5), 1_000_000, on(9, 17)),
        both("2", "A2", on(9, 20), 2_000_000, on(10, 3)),
    )
    night(world, on(9, 18), book)
    with pytest.raises(RefusedError, match="STL015 2026-09 has several cycles"):
        settle(world, "2026-09", on(9, 18))
    settle(world, "2026-09-01", on(9, 18))
    night(world, on(9, 30), book)
    assert pay(world, SEPTEMBER)["fee:by_claims 2026-09"] == 100_000, "the first half does not wait for the second"
    night(world, on(10, 8), book)
    settle(world, "2026-09-16", on(10, 8))
    assert pay(world, SEPTEMBER)["fee:by_claims 2026-09"] == 300_000
    assert pay(world, SEPTEMBER)["fee:by_claims 2026-09"] == 300_000


@pytest.mark.parametrize("text", ["2026-13", "2026-Q5", "September", "2026-9", "2026-Q4", ""])
def test_what_names_no_cycle_is_told_and_settles_none(tmp_path, text):
    """A quarter of a contract by months is three cycles; it was taken for its first month."""
    world = world_of(tmp_path, "month", on(9, 1))
    night(world, on(10, 8), book_of(both("1", "A1", on(9, 5), 1_000_000, on(10, 3))))
    with pytest.raises(RefusedError, match="STL015"):
        settle(world, text, on(10, 8))


def test_the_tail_after_a_recall_earns_to_its_last_day_and_no_longer(tmp_path):
    """Recalled on the 1st, with thirty days: the 30th earns, the 1st of the next month is listed and earns nothing."""
    world = world_of(tmp_path, "month", on(8, 1))
    pairs = (both("1", "A1", on(9, 30), 1_000_000, on(10, 3)), both("2", "A1", on(10, 1), 2_000_000, on(10, 3)))
    book = book_of(*pairs)
    book = Book(book.paid, book.claimed, (Placed("A1", recalled_on=on(9, 1)),))
    for day in (on(9, 30), on(10, 8), on(10, 31)):
        night(world, day, book)
    settle(world, "2026-10", on(10, 31))
    assert pay(world, SEPTEMBER)["fee:by_claims 2026-09"] == 100_000
    assert "fee:by_claims 2026-10" not in pay(world, OCTOBER)
    with world.store.read() as connection:
        listed = {each.subject: each.kind.value for each in partner_claims(world, connection, PARTNER).listed()}
    assert listed == {"C2": "after_recall"}


def test_a_month_in_which_nothing_was_paid_and_nothing_claimed_is_settled_as_such(tmp_path):
    world = world_of(tmp_path, "month", on(8, 1))
    night(world, on(10, 8), Book(placed=(Placed("A1"),)))
    made = settle(world, "2026-09", on(10, 8))
    assert made.differences == 0
    assert made.totals["theirs"] == []
    assert months(world) == ()
