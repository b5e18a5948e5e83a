"""Expected recovery, as a table that one can check by hand, and in worlds whose truth is known."""

import random
from datetime import date
from decimal import Decimal

import pytest

from allocation.credibility import FREEDOM_AT_LEAST
from allocation.effects import LEAST, MOST
from allocation.recovery import Key, as_told, recovery_table
from domain.recovery import Basis

PHONE, LEGAL = Key("phone", "VND"), Key("legal", "VND")


def seen(segment, accounts, overdue, recovered, currency="VND", *, months=1, age=0, product="card", **owner):
    """A cell whose accounts owe the same each, of which as many pay all as makes up what was recovered."""
    each, share = overdue / accounts, max(recovered, 0) / (overdue * months)
    days = 30 * months
    return {
        "age": age, "segment": segment, "currency": currency, "product": product, "band": 1,
        "owner_kind": None, "owner_id": None, "department_id": None, "team_id": None, **owner,
        "first_month": date(2026, 9, 1), "last_month": date(2026, 8 + months, 1),
        "parts": accounts * months, "account_days": accounts * days,
        "money_days": Decimal(overdue * days), "recovered": Decimal(recovered),
        "money_days_squared": (each * 30) ** 2 * accounts * months,
        "money_days_recovered": each * 30 * recovered,
        "recovered_squared": each**2 * accounts * months * share,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("history", "phone", "legal"),
    [
        # nothing seen: what the strategy states
        ([], 0.50, 0.10),
        # 100 account-months weigh as much as the rest. The portfolio brought 0.6 of what was stated: factor 0.8; the
        # channel too: (0.6 + 0.8) ÷ 2; own 0.30, known without 0.50 × 0.7
        ([seen("phone", 100, 1000, 300)], 0.325, 0.08),
        # two months: twice as many, so 200 ÷ 300, at each step
        ([seen("phone", 100, 1000, 600, months=2)], (2 * 0.30 + 0.5 * (2 * 0.6 + (2 * 0.6 + 1) / 3) / 3) / 3,
         0.10 * (2 * 0.6 + 1) / 3),
        # reversals exceed payments: nothing was recovered, which is no less than nothing
        ([seen("phone", 100, 1000, -50)], 0.50 / 8, 0.05),
        # another currency is another portfolio
        ([seen("phone", 100, 1000, 300, "CNY")], 0.50, 0.10),
        # a segment that the strategy no longer has, and one that nobody works
        ([seen("gone", 100, 1000, 300), seen("current", 100, 1000, 300)], 0.50, 0.10),
    ],
)  # fmt: skip
def test_rates(hand, history, phone, legal):
    """With few cells the stated weight holds, at each step from the portfolio to the segment."""
    table = recovery_table(hand.strategy(), history)
    assert table.rates[PHONE].rate == pytest.approx(phone)
    assert table.rates[LEGAL].rate == pytest.approx(legal)


def test_a_cell_leans_on_its_segment_and_one_that_was_never_seen_is_its_segment(hand):
    history = [seen("phone", 100, 1000, 300), seen("phone", 100, 1000, 100, product="loan")]
    table = recovery_table(hand.strategy(), history)
    whole = table.rates[PHONE].rate
    assert table.of(Key("phone", "VND", "card", 1)).rate == pytest.approx((0.30 + whole) / 2)
    assert table.of(Key("phone", "VND", "loan", 1)).rate == pytest.approx((0.10 + whole) / 2)
    assert table.of(Key("phone", "VND", "never seen", 1)) is table.rates[PHONE]
    assert table.of(Key("phone", "USD", "card", 1)) is None


def test_this_month_counts_only_where_the_months_before_saw_nothing(hand):
    before, now = [seen("phone", 100, 1000, 300)], [seen("phone", 100, 1000, 900), seen("legal", 9, 9, 9, "CNY")]
    table = recovery_table(hand.strategy(), before, now)
    assert table.rates[PHONE] == recovery_table(hand.strategy(), before).rates[PHONE]
    found = {key.currency: rate.basis for key, rate in table.rates.items()}
    assert found == {"VND": Basis.HISTORY, "CNY": Basis.OWN_MONTH}


def test_more_observations_weigh_more(hand):
    rates = [recovery_table(hand.strategy(), [seen("phone", n, 10 * n, n)]).rates[PHONE].rate for n in (1, 100, 10_000)]
    assert rates[0] > rates[1] > rates[2] > 0.10
    assert rates[2] == pytest.approx(0.10, abs=0.004)


def test_sixty_days_are_the_sum_of_two_months_of_the_same_opening_books(hand):
    terms = "    recovery: {horizon_days: 60, later_months_without_history: [0.5]}\n"
    strategy = hand.strategy(hand.text.replace("    excluded:", terms + "    excluded:"))
    assert recovery_table(strategy, []).rates[PHONE].rate == pytest.approx(0.50 + 0.25)
    many = 1_000_000  # what is stated weighs nothing beside it
    history = [seen("phone", many, many, 400_000), seen("phone", many, many, 100_000, age=1)]
    rate = recovery_table(strategy, history).rates[PHONE]
    assert rate.rate == pytest.approx(0.40 + 0.10, abs=0.001)
    assert str(rate) == "0.5000 of what is overdue in 60 days = 0.4000 + 0.1000, from earlier months"


def test_a_rate_says_how_it_came_about(hand):
    rate = recovery_table(hand.strategy(), [seen("phone", 100, 1000, 300)]).of(Key("phone", "VND", "card", 1))
    assert str(rate) == "0.3125 of what is overdue in 30 days, from earlier months"
    seen_there = "(100 account-months, 2026-09; weight stated)"
    assert list(rate.lines()) == [
        f"card, balance from 1,000 VND: 0.3125 = 0.50 × own 0.3000 + 0.50 × 0.3250 {seen_there}",
        f"segment phone: 0.3250 = 0.50 × own 0.3000 + 0.50 × 0.3500 {seen_there}",
        f"channel phone beside what is stated: 0.7000 = 0.50 × own 0.6000 + 0.50 × 0.8000 {seen_there}",
        f"portfolio VND beside what is stated: 0.8000 = 0.50 × own 0.6000 + 0.50 × 1.0000 {seen_there}",
    ]


def test_segments_that_nobody_works_have_no_rate(hand):
    assert Key("current", "VND") not in recovery_table(hand.strategy(), []).rates


def test_a_segment_that_is_said_to_bring_nothing_still_learns(hand):
    strategy = hand.strategy(hand.text.replace("recovery_without_history: 0.50", "recovery_without_history: 0"))
    assert recovery_table(strategy, []).rates[PHONE].rate == 0
    assert recovery_table(strategy, [seen("phone", 100, 1000, 300)]).rates[PHONE].rate == pytest.approx(0.15)


def world_of_cells(rng, cells, accounts, spread):
    """Cells that truly differ by `spread` around a tenth, each with its accounts paying all or nothing."""
    for number in range(cells):
        rate = max(0.1 * rng.gauss(1, spread), 0.0)
        paying = sum(rng.random() < rate for _ in range(accounts))
        yield number, rate, seen("phone", accounts, 100 * accounts, 100 * paying, product=f"P{number:03d}")


def errors_of(hand, rng, spread):
    """Mean squared error of the cells' own rates, and of the shrunk ones."""
    made = list(world_of_cells(rng, 40, 60, spread))
    table = recovery_table(hand.strategy(), [row for *_, row in made])
    rates = [table.of(Key("phone", "VND", row["product"], 1)) for *_, row in made]
    own = sum((one.steps[0][-1].own - true) ** 2 for one, (_, true, _) in zip(rates, made, strict=True))
    shrunk = sum((one.rate - true) ** 2 for one, (_, true, _) in zip(rates, made, strict=True))
    return own, shrunk, rates[0].steps[0][-1]


@pytest.mark.parametrize(("spread", "most"), [(0.0, 0.35), (0.3, 0.65), (1.0, 1.0)])
def test_shrunk_rates_are_nearer_to_the_truth_than_the_cells_own(hand, spread, most):
    """Over sixty worlds: where cells do not differ their own rates are noise, where they do, these are believed."""
    rng = random.Random(7)
    found = [errors_of(hand, rng, spread) for _ in range(60)]
    assert sum(shrunk for _, shrunk, _ in found) < most * sum(own for own, _, _ in found)
    assert all(step.is_estimated for *_, step in found)


def test_the_weight_grows_with_the_difference_between_cells(hand):
    rng = random.Random(7)
    weights = [sum(errors_of(hand, rng, spread)[2].weight for _ in range(20)) / 20 for spread in (0.0, 0.3, 1.0)]
    assert weights[0] < 0.15
    assert weights[0] < weights[1] < weights[2]
    assert weights[2] > 0.7


@pytest.mark.parametrize(("cells", "is_estimated"), [(FREEDOM_AT_LEAST, False), (FREEDOM_AT_LEAST + 1, True)])
def test_with_few_cells_the_stated_weight_holds(hand, cells, is_estimated):
    history = [row for *_, row in world_of_cells(random.Random(1), cells, 60, 0.3)]
    rate = recovery_table(hand.strategy(), history).of(Key("phone", "VND", "P000", 1))
    assert rate.steps[0][-1].is_estimated is is_estimated


def owned(owner, accounts, recovered, *, team="T1", department="phone", kind="employee"):
    given = {"owner_kind": kind, "owner_id": owner, "department_id": department, "team_id": team}
    return seen("phone", accounts, 100 * accounts, recovered, **given)


def effects_of(hand, rows, **ends):
    effects = recovery_table(hand.strategy(), rows).effects
    return {name: effects.factor(end) for name, end in ends.items()}


def test_a_destination_is_seen_beside_what_its_accounts_were_expected_to_bring(hand):
    """Many accounts, so that what is stated weighs little: E1 brings half as much again as the others."""
    rows = [owned("E1", 9_000, 450_000), owned("E2", 9_000, 225_000), owned("E3", 9_000, 225_000)]
    rows += [owned(f"F{number}", 9_000, 300_000, team="T2") for number in range(3)]
    found = effects_of(hand, rows, E1=hand.collector("E1", 1, team="T1"), E2=hand.collector("E2", 1, team="T1"),
                       new=hand.collector("new", 1, team="T1"), F0=hand.collector("F0", 1, team="T2"),
                       nobody=hand.collector("X", 1, department="other", team="T9"))  # fmt: skip
    assert found["E1"] == pytest.approx(1.5, abs=0.05)
    assert found["E2"] == pytest.approx(0.75, abs=0.05)
    assert found["new"] == pytest.approx(found["F0"], abs=0.02) == pytest.approx(1.0, abs=0.02)
    assert found["nobody"] == 1


def test_only_owners_who_work_the_segment_are_held_beside_each_other(hand):
    """Accounts that rolled on to another department in mid-month are nobody's merit: E1 brings what is usual there."""
    rows = [owned("E1", 9_000, 300_000), owned("L1", 9_000, 900_000, department="legal", team="L")]
    found = effects_of(hand, rows, E1=hand.collector("E1", 1, team="T1"),
                       L1=hand.collector("L1", 1, department="legal", team="L"))  # fmt: skip
    assert found == {"E1": pytest.approx(1), "L1": 1}


def test_where_nothing_came_nobody_is_better_or_worse(hand):
    assert effects_of(hand, [owned("E1", 10, 0)], E1=hand.collector("E1", 1, team="T1")) == {"E1": 1}


def test_an_effect_is_bounded_and_says_how_it_came_about(hand):
    table = recovery_table(hand.strategy(), [owned("E1", 9_000, 900_000), owned("E2", 90_000, 0)])
    factors = [one.factor for one in table.effects.found.values()]
    assert all(LEAST <= factor <= MOST for factor in factors)
    assert (min(factors), max(factors)) == (LEAST, MOST)
    (line,) = [str(one) for one in table.effects.found.values() if one.of.endswith("E1")]
    assert line.startswith("department:phone team:T1 employee:E1: 4.000 = 0.99 × own ")


def test_where_the_strategy_says_so_destinations_do_not_differ(hand):
    text = hand.text.replace("    excluded:", "    recovery: {destination_effects: false}\n    excluded:")
    table = recovery_table(hand.strategy(text), [owned("E1", 9_000, 900_000), owned("E2", 9_000, 0)])
    assert table.effects.factor(hand.collector("E1", 1, team="T1")) == 1


def test_the_order_of_rows_leaves_no_trace(hand):
    rows = [row for *_, row in world_of_cells(random.Random(2), 12, 30, 0.5)]
    rows += [owned(f"E{number}", 50, 700 * number, team=f"T{number % 3}") for number in range(9)]
    shuffled = random.Random(3).sample(rows, len(rows))
    assert as_told(recovery_table(hand.strategy(), rows)) == as_told(recovery_table(hand.strategy(), shuffled))


def optimism(hand, rng, *, error, spread):
    """Of fifty collectors the best ten: predicted ÷ true − 1, by what was seen and by what is believed.

    Each was seen on as many accounts as make the error; in truth they differ by the spread.
    """
    accounts = round(0.9 / 0.1 / error**2)
    true = {f"E{number:02d}": max(rng.gauss(1, spread), 0.0) for number in range(50)}
    paying = {name: sum(rng.random() < 0.1 * effect for _ in range(accounts)) for name, effect in true.items()}
    effects = recovery_table(hand.strategy(), [owned(name, accounts, 100 * paying[name]) for name in true]).effects
    own = {name: effects.found[f"department:phone team:T1 employee:{name}"].own for name in true}
    believed = {name: effects.factor(hand.collector(name, 1, team="T1")) for name in true}
    return [_too_high(guess, true) for guess in (own, believed)]


def _too_high(guess, true):
    best = sorted(guess, key=guess.get)[-10:]
    return sum(guess[name] for name in best) / sum(true[name] for name in best) - 1


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.25])
def test_the_optimisers_curse_is_taken_off_by_shrinking(hand, spread):
    """With an error of 25 % of each collector, the best are predicted a quarter too high; shrunk, by less than 3 %."""
    rng = random.Random(5)
    draws = [optimism(hand, rng, error=0.25, spread=spread) for _ in range(30)]
    own, believed = (sum(column) / len(draws) for column in zip(*draws, strict=True))
    assert own > 0.20
    assert abs(believed) < 0.03
