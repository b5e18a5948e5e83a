"""Holds, manual adjustments and capped deductions: what reaches a payee, and what is left to be taken back."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import Period
from incentives.ledger import BatchKind, EntryType, LedgerKey, moves_of, nets, posted_after
from incentives.settlement import Adjustment, Decided, Hold, OpenMonth, Scope, owes, settle

MAY, JUNE, JULY = Period(2026, 5), Period(2026, 6), Period(2026, 7)
THIRD = {"VND": Decimal("0.3")}
HOLD = Hold("E1", "", "Ha", "a dispute")


def key(component="bonus:field", payee="E1", origin=JUNE):
    return LedgerKey(BatchKind.BONUS, payee, component, origin, "VND")


def scope(period=JUNE, into=None):
    return Scope(BatchKind.BONUS, "field", period, into or period)


def posted_by(postings):
    return {posting.key.component: (posting.entry_type, posting.amount_minor) for posting in postings}


HELD, CARRIED, RECEIVABLE = "held/bonus:field", "carried/net:field", "receivable/net:field"


@pytest.mark.parametrize(
    ("calculated", "posted", "holds", "expected"),
    [
        pytest.param(
            100, {}, [HOLD], {"bonus:field": ("earning", 100), HELD: ("hold", -100)}, id="held from the start"
        ),
        pytest.param(
            130, {"bonus:field": 100}, [HOLD], {"bonus:field": ("adjustment", 30), HELD: ("hold", -30)}, id="no more"
        ),
        pytest.param(
            70, {"bonus:field": 100}, [HOLD], {"bonus:field": ("clawback", -30), HELD: ("hold", 30)}, id="nor less"
        ),
        pytest.param(100, {"bonus:field": 100, HELD: -100}, [HOLD], {}, id="still held"),
        pytest.param(100, {"bonus:field": 100, HELD: -100}, [], {HELD: ("release", 100)}, id="released"),
        pytest.param(
            80,
            {"bonus:field": 100, HELD: -100},
            [],
            {"bonus:field": ("clawback", -20), HELD: ("release", 100)},
            id="released, and less by now",
        ),
        pytest.param(100, {}, [replace(HOLD, payee="E2")], {"bonus:field": ("earning", 100)}, id="somebody else"),
        pytest.param(
            100, {}, [replace(HOLD, component="x:field")], {"bonus:field": ("earning", 100)}, id="another line"
        ),
    ],
)
def test_a_held_payee_keeps_what_reached_them_and_gets_no_more(calculated, posted, holds, expected):
    before = {key(component): amount for component, amount in posted.items()}
    settled = settle(scope(), {key(): calculated}, before, Decided(holds=tuple(holds)), OpenMonth(before))
    assert posted_by(settled.postings) == expected
    again = settle(
        scope(),
        {key(): calculated},
        posted_after(before, settled.postings),
        Decided(holds=tuple(holds)),
        OpenMonth(posted_after(before, settled.postings)),
    )
    assert again.postings == ()


def test_what_is_released_in_a_later_month_is_paid_with_the_month_in_which_it_was_earned():
    before = {key(): 100, key(HELD): -100}
    (released,) = settle(scope(JUNE, JULY), {key(): 100}, before, Decided(), OpenMonth()).postings
    assert (released.key, released.posting_period, released.entry_type) == (key(HELD), JULY, EntryType.RELEASE)


ADJUSTMENT = Adjustment("2026-06-0001", "E1", "VND", 50, "two visits", "Pia", "Ha", "dispute-1")


def test_an_adjustment_stands_beside_the_calculated_line_and_names_who_made_it():
    settled = settle(scope(), {key(): 100}, {}, Decided(adjustments=(ADJUSTMENT,)), OpenMonth())
    assert posted_by(settled.postings) == {
        "bonus:field": ("earning", 100),
        "manual/2026-06-0001:field": ("manual", 50),
    }
    (line,) = settled.lines
    assert (line.amount, dict(line.steps[-1].inputs)) == (
        50,
        {"proposed by": "Pia", "approved by": "Ha", "case": "dispute-1"},
    )


def test_an_adjustment_is_paid_to_whom_the_calculation_waits_for_and_is_held_with_its_payee():
    waits = Decided(waiting=frozenset({("E1", "")}), adjustments=(ADJUSTMENT,))
    assert posted_by(settle(scope(), {}, {}, waits, OpenMonth()).postings) == {
        "manual/2026-06-0001:field": ("manual", 50)
    }
    held = replace(waits, holds=(HOLD,))
    assert sum(amount for _, amount in posted_by(settle(scope(), {}, {}, held, OpenMonth()).postings).values()) == 0


@pytest.mark.parametrize(
    ("paid", "back", "owed_before", "cap", "carried", "reaches"),
    [
        pytest.param(100, 0, 0, "0.3", 0, 100, id="nothing to take back"),
        pytest.param(100, 20, 0, "0.3", 0, 80, id="within the cap"),
        pytest.param(100, 30, 0, "0.3", 0, 70, id="exactly the cap"),
        pytest.param(100, 50, 0, "0.3", 20, 70, id="above the cap"),
        pytest.param(0, 50, 0, "0.3", 50, 0, id="without pay nothing is deducted"),
        pytest.param(100, 0, 50, "0.3", -30, 70, id="what was carried is taken up to the cap"),
        pytest.param(100, 10, 5, "0.3", -5, 85, id="and not more than is owed"),
        pytest.param(101, 50, 0, "0.3", 20, 71, id="rounded down, in favour of the payee"),
        pytest.param(100, 50, 0, "0", 50, 100, id="no cap is stated"),
        pytest.param(100, 150, 0, "1", 50, 0, id="a fee may be set off whole"),
    ],
)
def test_deductions_stay_below_the_cap_and_the_rest_is_carried_forward(paid, back, owed_before, cap, carried, reaches):
    posted = {key("old:field"): back} if back else {}
    month = OpenMonth({}, {("E1", "VND"): owed_before}, {("E1", "VND"): owed_before})
    settled = settle(scope(), {key(): paid}, posted, Decided(caps={"VND": Decimal(cap)}), month)
    amounts = posted_by(settled.postings)
    assert amounts.get(CARRIED, ("", 0))[1] == carried
    assert sum(amount for _, amount in amounts.values()) == reaches


def test_what_somebody_owes_who_has_left_is_a_receivable():
    month = OpenMonth({}, {("E1", "VND"): 50}, {("E1", "VND"): 50})
    settled = settle(scope(), {}, {}, Decided(caps=THIRD, leavers=frozenset({"E1"})), month)
    assert posted_by(settled.postings) == {CARRIED: ("carry_forward", -50), RECEIVABLE: ("receivable", 50)}
    *_, last = settled.lines
    assert [step.name for step in last.steps][-2:] == ["still_owed", "receivable"]
    posted = posted_after({}, settled.postings)
    after = OpenMonth({}, {("E1", "VND"): 50}, {("E1", "VND"): 0}, {("E1", "VND"): 50})
    assert settle(scope(), {}, posted, Decided(caps=THIRD, leavers=frozenset({"E1"})), after).postings == ()


def test_a_correction_within_the_month_is_no_debt():
    """What was posted into the open month is not paid yet: less of it is less pay, and nothing is carried."""
    posted = {key(): 100}
    settled = settle(scope(), {key(): 60}, posted, Decided(caps=THIRD), OpenMonth(posted))
    assert posted_by(settled.postings) == {"bonus:field": ("clawback", -40)}


def test_limits_of_approvers_speak_of_what_reaches_people():
    held = settle(scope(), {key(): 100, key(payee="E2"): 40}, {}, Decided(holds=(HOLD,)), OpenMonth())
    assert moves_of(held.postings) == {"VND": 40}
    up_and_down = settle(scope(), {key(): 100}, {key(payee="E2"): 30}, Decided(), OpenMonth({key(payee="E2"): 30}))
    assert moves_of(up_and_down.postings) == {"VND": 130}


def test_only_postings_to_the_same_payees_change_the_month_that_was_frozen():
    month = OpenMonth({key(): 100, key(payee="E2"): 5}, {}, {("E3", "VND"): 7})
    assert month.digest_for({"E1"}) == OpenMonth({key(): 100}).digest_for({"E1"})
    assert month.digest_for({"E1"}) != OpenMonth({key(): 101}).digest_for({"E1"})
    assert month.digest_for({"E3"}) != OpenMonth().digest_for({"E3"})


# What happens, month by month. A payment of a month is known, perhaps long after it; one is reversed; the rate of a
# month is changed afterwards; the payee is held or released; the open month is closed.
MONTHS = st.integers(0, 3)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("payment"), MONTHS, st.integers(0, 400)),
        st.tuples(st.just("reversal"), MONTHS, st.integers(0, 400)),
        st.tuples(st.just("rate"), MONTHS, st.integers(0, 30)),
        st.tuples(st.just("hold"), MONTHS, st.just(0)),
        st.tuples(st.just("release"), MONTHS, st.just(0)),
        st.tuples(st.just("close"), MONTHS, st.just(0)),
    ),
    max_size=14,
)


class House:
    """A plain model: payments, rates and holds by month; what a month earns by all that is known of it."""

    def __init__(self):
        self.paid, self.rates, self.held, self.into, self.store = Counter(), Counter(), set(), 0, Store()

    def live(self, events):
        for what, month, number in events:
            self.paid[month] += {"payment": number, "reversal": -number}.get(what, 0)
            if what == "rate":
                self.rates[month] = number
            (self.held.add if what == "hold" else self.held.discard if what == "release" else int)(month)
            self.into = max(self.into, month) + (what == "close")
            self.publish(month)
            assert self.publish(month) == (), "publishing twice posts nothing"

    def earned(self, month):
        return self.paid[month] * (self.rates[month] or 10) // 100

    def publish(self, month):
        decided = Decided(caps=THIRD, holds=(HOLD,) if month in self.held else ())
        calculated = {key(origin=month_of(month)): self.earned(month)}
        return self.store.publish(month_of(month), month_of(self.into), calculated, decided)


class Store:
    """The ledger as a list of postings, and the month that is open."""

    def __init__(self):
        self.postings = []

    def open_month(self, into):
        posted, before, now = Counter(), Counter(), Counter()
        for each in self.postings:
            account = (each.key.payee, each.key.currency)
            if owes(each.key):
                now[account] += each.amount_minor
                before[account] += each.amount_minor * (each.posting_period < into)
            elif each.posting_period == into:
                posted[each.key] += each.amount_minor
        return OpenMonth(posted, before, now)

    def publish(self, origin, into, calculated, decided):
        posted = posted_after({}, (each for each in self.postings if each.key.origin_period == origin))
        settled = settle(
            Scope(BatchKind.BONUS, "field", origin, into), calculated, posted, decided, self.open_month(into)
        )
        self.postings += settled.postings
        return settled.postings


def month_of(number):
    return Period(2026 + (2 + number) // 12, (2 + number) % 12 + 1)


@given(EVENTS)
def test_a_history_of_late_data_rules_and_reversals_ends_as_one_calculation_with_full_knowledge(events):
    house = House()
    house.live(events)
    for month in sorted(house.held):
        house.live([("release", month, 0)])

    sums = posted_after({}, house.store.postings)
    reached = nets((each, amount) for each, amount in sums.items() if not owes(each))
    once = {month_of(month): house.earned(month) for month in house.paid if house.earned(month)}
    assert {each.origin_period: amount for each, amount in reached.items() if amount} == once
    owed = sum(amount for each, amount in sums.items() if owes(each))
    assert owed >= 0, "nobody is owed a debt"
    assert sum(sums.values()) == sum(once.values()) + owed, "what reached the payee is what was earned, and the debt"


@given(EVENTS)
def test_no_month_pays_less_than_the_cap_leaves(events):
    house = House()
    house.live(events)
    for month in {each.posting_period for each in house.store.postings}:
        mine = [(each.key, each.amount_minor) for each in house.store.postings if each.posting_period == month]
        earned = sum(net for each, net in nets(mine).items() if net > 0 and not owes(each))
        assert sum(amount for _, amount in mine) >= earned - earned * 3 // 10


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 120)), min_size=1, max_size=5), st.randoms())
def test_within_a_month_the_order_of_publishing_does_not_matter(batches, random):
    """The last calculation of each month counts; in which order they are posted into the open one, does not."""
    known = dict(batches)

    def owed_after(order):
        store = Store()
        store.publish(MAY.previous(), MAY, {key(origin=MAY.previous()): 90}, Decided(caps=THIRD))
        for origin in order:
            calculated = {key(origin=month_of(origin)): known[origin]} if known[origin] > 60 else {}
            store.publish(month_of(origin), JUNE, calculated, Decided(caps=THIRD))
        return sum(each.amount_minor for each in store.postings if owes(each.key))

    order = sorted(known)
    shuffled = list(order)
    random.shuffle(shuffled)
    assert owed_after(order) == owed_after(shuffled)


@given(st.integers(0, 500), st.integers(0, 500), st.decimals("0", "1", places=2))
def test_calculated_corrected_and_reversed_comes_back_to_zero(first, second, cap):
    store, decided = Store(), Decided(caps={"VND": cap})
    for amount in (first, second, 0):
        store.publish(JUNE, JUNE, {key(): amount} if amount else {}, decided)
    assert not any(posted_after({}, store.postings).values())


def test_a_hold_says_why_and_apart_from_it_who_decided_and_until_when():
    decided = Hold("E1", "", "Ha", "two visits in doubt", until=date(2027, 1, 1))
    by_case = Hold("E1", "", "2026-09-E1-1", "a dispute is open", is_case=True)
    settled = settle(scope(), {key(): 100}, {}, Decided(holds=(decided, by_case)), OpenMonth())
    (step,) = settled.lines[0].steps
    assert step.note == "two visits in doubt; a dispute is open"
    shown = (("held by", "Ha"), ("until", "2027-01-01"), ("case", "2026-09-E1-1"))
    assert step.inputs == (("of", key().component), *shown)
