"""What somebody owes where nobody pays them any more, moved to who does: never lost, nor taken twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import Period
from incentives.ledger import CARRIED, MOVED, BatchKind, EntryType, LedgerKey, nets, posted_after, scope_of
from incentives.settlement import Decided, Hold, Move, OpenMonth, Scope, owes, settle

AUGUST, SEPTEMBER = Period(2026, 8), Period(2026, 9)
THIRD = {"VND": Decimal("0.3")}
WHO = ("E1", "VND")


def key(component, origin):
    return LedgerKey(BatchKind.BONUS, "E1", component, origin, "VND")


class Store:
    """The ledger as a list of postings, and decisions to move what is owed in one department to the other."""

    def __init__(self):
        self.postings, self.moves, self.into = [], [], AUGUST

    def publish(self, name, origin, earned, holds=()):
        """The batch of a department: the differences of the month, by what is known now."""
        scope = Scope(BatchKind.BONUS, name, origin, self.into)
        every = posted_after({}, self.postings)
        posted = {each: amount for each, amount in every.items()
                  if each.origin_period == origin and scope_of(each) == name}  # fmt: skip
        moves = tuple(self._credited(each) for each, month in self.moves if month == origin)
        mine = tuple(each for each in moves if name in {each.source, each.target})
        calculated = {key(f"bonus:{name}", origin): earned} if earned else {}
        decided = Decided(caps=THIRD, moves=mine, holds=holds)
        found = settle(scope, calculated, posted, decided, self.open_month(name)).postings
        self.postings += found
        return {each.key.component: each.amount_minor for each in found}

    def move(self, source, target, amount, origin=None):
        name = f"{origin or self.into}-{len(self.moves) + 1:04d}"
        move = Move(name, "E1", "VND", amount, source, target, "works in legal now", "Pia", "Ha")
        self.moves.append((move, origin or self.into))

    def _credited(self, move):
        credited = sum(each.amount_minor for each in self.postings
                       if each.key.component == f"moved/{move.adjustment_id}:{move.source}")  # fmt: skip
        return Move(*(getattr(move, name) for name in Move.__slots__[:9]), credited)

    def open_month(self, name):
        posted, before, now = Counter(), Counter(), Counter()
        for each in (each for each in self.postings if scope_of(each.key) == name):
            if owes(each.key):
                now[WHO] += each.amount_minor
                before[WHO] += each.amount_minor * (each.posting_period < self.into)
            elif each.posting_period == self.into:
                posted[each.key] += each.amount_minor
        return OpenMonth(posted, before, now)

    def owed(self, name=""):
        return sum(each.amount_minor for each in self.postings
                   if each.key.sort == CARRIED and name in {"", scope_of(each.key)})  # fmt: skip

    def on_the_way(self):
        """Credited, and not taken up yet."""
        return sum(each.amount_minor for each in self.postings if each.key.sort == MOVED)

    def reached(self):
        """By department and month, what payroll pays."""
        found = defaultdict(int)
        for each in self.postings:
            found[scope_of(each.key), each.posting_period] += each.amount_minor
        return found


@pytest.fixture
def moved_on():
    """August of field is cut by a million after it was closed; in September legal alone pays."""
    store = Store()
    store.publish("field", AUGUST, 3_000_000)
    store.into = SEPTEMBER
    assert store.publish("field", AUGUST, 2_000_000) == {"bonus:field": -1_000_000, "carried/net:field": 1_000_000}
    return store


def test_the_new_department_deducts_what_the_old_one_has_credited_under_its_cap(moved_on):
    moved_on.move("field", "legal", 1_000_000)
    assert moved_on.publish("legal", SEPTEMBER, 2_000_000) == {"bonus:legal": 2_000_000}, "nothing is credited yet"
    assert moved_on.publish("field", SEPTEMBER, 0) == {
        "carried/net:field": -1_000_000,
        "moved/2026-09-0001:field": 1_000_000,
    }
    assert moved_on.publish("legal", SEPTEMBER, 2_000_000) == {
        "carried/net:legal": 400_000,
        "moved/2026-09-0001:legal": -1_000_000,
    }
    assert {moved_on.publish(name, SEPTEMBER, 2_000_000 * (name == "legal")) == {} for name in ("field", "legal")} == {
        True
    }, "publishing twice posts nothing"
    assert (moved_on.owed("field"), moved_on.owed("legal")) == (0, 400_000)
    assert moved_on.reached()["legal", SEPTEMBER] == 1_400_000
    assert {each.entry_type for each in moved_on.postings if each.key.sort == MOVED} == {EntryType.MOVE}


def test_no_more_is_credited_than_is_left_to_be_carried(moved_on):
    """Field pays again, and deducts up to its cap; a later move of all of it finds only the rest, and the next none."""
    moved_on.move("field", "legal", 1_000_000)
    moved_on.move("field", "legal", 1_000_000)
    assert moved_on.publish("field", SEPTEMBER, 1_000_000)["moved/2026-09-0001:field"] == 700_000
    assert moved_on.owed("field") == 0
    moved_on.publish("legal", SEPTEMBER, 10_000_000)
    assert sum(amount for (_, month), amount in moved_on.reached().items() if month == SEPTEMBER) == 10_000_000


def test_what_was_moved_and_then_turns_out_not_to_be_owed_is_paid(moved_on):
    moved_on.move("field", "legal", 1_000_000)
    moved_on.publish("field", SEPTEMBER, 0)
    moved_on.publish("legal", SEPTEMBER, 10_000_000)
    moved_on.publish("field", AUGUST, 3_000_000)
    assert moved_on.reached()["field", SEPTEMBER] == 1_000_000
    assert moved_on.reached()["legal", SEPTEMBER] == 9_000_000
    assert moved_on.owed() == 0


def test_what_is_owed_after_a_move_needs_another_one(moved_on):
    """A credit that was posted stays as it is, although the department owes more since."""
    moved_on.move("field", "legal", 1_000_000)
    moved_on.publish("field", SEPTEMBER, 0)
    moved_on.publish("field", AUGUST, 1_500_000)
    assert moved_on.publish("field", SEPTEMBER, 0) == {}
    assert (moved_on.owed("field"), moved_on.on_the_way()) == (500_000, 1_000_000)


def test_a_payee_who_is_held_owes_it_in_the_new_department(moved_on):
    moved_on.move("field", "legal", 1_000_000)
    hold = (Hold("E1", "", "Ha", "a dispute"),)
    moved_on.publish("field", SEPTEMBER, 0, hold)
    moved_on.publish("legal", SEPTEMBER, 5_000_000, hold)
    assert (moved_on.reached()["legal", SEPTEMBER], moved_on.owed("legal")) == (0, 1_000_000)
    moved_on.publish("legal", SEPTEMBER, 5_000_000)
    assert (moved_on.reached()["legal", SEPTEMBER], moved_on.owed("legal")) == (4_000_000, 0)


DEPARTMENTS = ("field", "legal")
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("earns"), st.sampled_from(DEPARTMENTS), st.integers(0, 2), st.integers(0, 400)),
        st.tuples(st.just("moves"), st.sampled_from(DEPARTMENTS), st.integers(0, 2), st.integers(1, 400)),
        st.tuples(st.just("publish"), st.sampled_from(DEPARTMENTS), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("close"), st.just("field"), st.just(0), st.just(0)),
    ),
    max_size=16,
)


@given(EVENTS)
def test_whatever_happens_the_sum_of_what_is_owed_is_what_was_taken_back_and_not_deducted(events):
    """Debts, with what is on the way between departments, are what earlier pay came to too much; moving changes
    neither that sum nor what was earned, and no month of a department pays less than its cap leaves."""
    store, earned = Store(), Counter()
    for what, name, number, amount in events:
        month = Period(2026, 8 + number)
        if what == "earns":
            earned[name, month] = amount
        elif what == "moves":
            other = DEPARTMENTS[name == "field"]
            store.move(name, other, amount, month)
        elif what == "close":
            store.into = store.into.next()
        if what == "publish" and month <= store.into:
            before = store.owed() + store.on_the_way()
            posted = store.publish(name, month, earned[name, month])
            owes_more = store.owed() + store.on_the_way() - before
            not_moved = sum(net for part, net in posted.items() if not part.startswith(("carried/", "moved/")))
            paid = sum(posted.values())
            assert not_moved - paid == -owes_more
            assert store.publish(name, month, earned[name, month]) == {}, "publishing twice posts nothing"
        assert store.on_the_way() >= 0, "nothing is taken up that was not credited"
        assert all(store.owed(each) >= 0 for each in DEPARTMENTS), "nobody is owed a debt"
    for name in DEPARTMENTS:
        for month in {each.posting_period for each in store.postings}:
            mine = [(each.key, each.amount_minor) for each in store.postings
                    if each.posting_period == month and scope_of(each.key) == name]  # fmt: skip
            pay = sum(net for each, net in nets(mine).items() if net > 0 and not owes(each) and each.sort != MOVED)
            assert sum(amount for _, amount in mine) >= pay - pay * 3 // 10
