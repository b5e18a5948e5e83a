"""A plan by hand: what accounts ask, who is there, what is short, what it costs, and who could help."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.allocate import Asked, prepare
from allocation.capacity.demand import demand_of
from allocation.capacity.forecast import forecast
from allocation.capacity.hours import TenHours, ten_hours
from allocation.capacity.money import money_of
from allocation.capacity.moves import moves, proposals
from allocation.capacity.plan import capacity_plan, rolls_of
from allocation.capacity.rates import rates_of
from allocation.capacity.staffing import HourCost, StaffingRule
from allocation.capacity.stock import Flow, State
from allocation.capacity.supply import Crew, Minutes, Supply
from allocation.effects import Effect, Effects, path_of
from allocation.recovery import recovery_table
from allocation.work_costs import Spent

D = date(2026, 10, 18)
PHONE, LEGAL = State("phone", 3), State("legal", 20)
VI, ZH = ("VN", "card", "vi", ""), ("VN", "card", "zh", "")
PLAIN = StaffingRule(id="plain", title="x", owner="x", valid_from=date(2026, 1, 1), review_by=date(2027, 1, 1))
CALLERS = Crew("VN", "phone", "PH-1", ("vi",))
BOTH = Crew("VN", "phone", "PH-2", ("vi", "zh"))
LAWYERS = Crew("VN", "legal", "LG-1", ("vi",))


def people(number, minutes, room=0):
    one = Decimal(number)
    return Minutes(people=one, rostered=one * minutes, there=one * minutes, room=one * room)


def plan(hand, now, crews, *, weeks=1, staffing=PLAIN, spent=None, budgets=(), owners=(), actions=(), by="minutes"):
    text = (
        hand.text.replace("{by: accounts}", "{by: minutes, working_days_per_month: 21}")
        if by == "minutes"
        else hand.text
    )
    strategy = hand.strategy(text)
    stays = [[Flow(stratum, state, state, number) for (stratum, state), number in now.items()]]
    ahead = forecast(now, stays, rates_of(stays, 7, 300), weeks)
    demand = demand_of(strategy, staffing, owners, actions, now, D)
    supply = Supply(tuple(dict(crews) for _ in range(weeks)), (), {"E1": CALLERS, "E2": BOTH, "E3": LAWYERS})
    return capacity_plan(D, ahead, demand, supply, money_of(strategy, staffing, spent or {}, budgets, D))


def test_hours_people_and_what_is_short(hand):
    """300 accounts × 20 minutes a month × 7 ÷ 30 = 1,400 minutes; one person has 700 of the 1,400."""
    found = plan(hand, {(VI, PHONE): 300}, {CALLERS: people(1, 700)})
    (asked,), (team,), (work,), (department,) = found.asked, found.teams, found.works, found.departments
    assert (asked.hours, asked.house_share) == (Decimal("23.33"), 1)
    assert (team.people, team.hours_there, team.hours_asked) == (1, Decimal("11.67"), Decimal("23.33"))
    assert (team.needed, team.short) == (2, 1)
    assert (work.hours_short, work.people_short) == (Decimal("11.67"), 1)
    assert (department.short, department.over, department.by_limit) == (1, 0, None)


def test_who_speaks_both_helps_where_it_is_short(hand):
    """1,400 minutes in each language: one who speaks Vietnamese and two who speak both, 933⅓ minutes each."""
    crews = {CALLERS: people(1, 1400), BOTH: people(2, 700)}
    found = plan(hand, {(VI, PHONE): 300, (ZH, PHONE): 300}, crews)
    assert [(row.team, row.needed) for row in found.teams] == [("PH-1", 1), ("PH-2", 2)]
    assert {row.people_short for row in found.works} == {0}
    without = plan(hand, {(VI, PHONE): 300, (ZH, PHONE): 300}, {CALLERS: people(2, 1400)})
    assert [(row.work.skills, row.people_short, row.nobody_may) for row in without.works] == [
        (("vi",), 0, False),
        (("zh",), 1, True),
    ]
    (department,) = without.departments
    assert (department.needed, department.short, department.over) == (2, 1, 1), (
        "one who speaks zh is missing, one is over"
    )


def test_partners_accounts_ask_nobody_of_the_house(hand):
    owners = [{"jurisdiction": "VN", "segment": "legal", "accounts": 4, "placed": 1}]
    found = plan(hand, {(VI, LEGAL): 400}, {LAWYERS: people(1, 3150)}, owners=owners)
    assert found.asked[0].hours == Decimal(400 * 45 * 7) / 30 / 60 * 3 / 4
    assert found.departments[0].needed == 1


def test_what_is_held_or_current_asks_nobody(hand):
    found = plan(hand, {(VI, State("held:dispute")): 50, (VI, State("current", 0)): 900}, {CALLERS: people(2, 700)})
    assert (found.asked, found.departments[0].needed, found.departments[0].over) == ((), 0, 2)


def test_where_the_strategy_counts_accounts_the_larger_of_both_is_needed(hand):
    """300 accounts of 100 that one may own: three people, although one has the hours."""
    found = plan(hand, {(VI, PHONE): 300}, {CALLERS: people(1, 1400, room=100)}, by="accounts")
    (team,), (work,) = found.teams, found.works
    assert (team.by_minutes, team.by_limit, team.needed) == (1, 3, 3)
    assert (work.hours_short, work.accounts_short, work.people_short) == (0, 200, 2)


def test_actions_of_plans_take_their_minutes_where_all_are_stated(hand):
    """28 days: 600 calls and 300 visits on 300 accounts are half a call and a quarter of a visit a week."""
    actions = [{"segment": "phone", "kind": kind, "actions": number, "first": D - timedelta(days=27)}
               for kind, number in (("call", 600), ("visit", 300))]  # fmt: skip
    some = PLAIN.model_copy(update={"minutes_per_action": {"call": Decimal(6)}})
    every = PLAIN.model_copy(update={"minutes_per_action": {"call": Decimal(6), "visit": Decimal(40)}})
    asked = [
        plan(hand, {(VI, PHONE): 300}, {}, staffing=one, actions=actions).asked[0].minutes for one in (some, every)
    ]
    assert asked == [Decimal("4.666667"), Decimal("0.5") * 6 + Decimal("0.25") * 40]


def test_cost_against_the_budget(hand):
    """One person of 1,400 minutes at 60 an hour; a week has 7 ÷ 31 of October's 6,200."""
    spent = {"phone": Spent(Decimal(1000), 1000)}
    budgets = [{"department_id": "phone", "month": date(2026, 10, 1), "currency": "VND", "amount": Decimal(6200)}]
    (found,) = plan(hand, {(VI, PHONE): 600}, {CALLERS: people(1, 1400)}, spent=spent, budgets=budgets).departments
    assert (found.cost, found.cost_needed, found.budget) == (1400, 2800, 1400)


@pytest.mark.parametrize(
    ("stated", "day", "amount"),
    [
        ((), D, None),
        ((("phone", 90, "VND", date(2026, 1, 1)),), D, 90),
        ((("phone", 90, "VND", date(2026, 1, 1)), ("phone", 95, "VND", D)), D, 95),
        ((("phone", 90, "VND", D + timedelta(days=1)),), D, None),
        ((("phone", 2, "CNY", date(2026, 1, 1)),), D, 7200),
        ((("phone", 2, "USD", date(2026, 1, 1)),), D, None),
    ],
)
def test_an_hour_costs_what_is_stated_for_the_day(hand, stated, day, amount):
    costs = tuple(HourCost(department=d, amount=Decimal(a), currency=c, valid_from=f) for d, a, c, f in stated)
    money = money_of(hand.strategy(), PLAIN.model_copy(update={"cost_per_hour": costs}), {}, (), D)
    found = money.hour_cost("phone", day)
    assert (found and found.amount) == amount


def test_nothing_is_made_up_where_cost_and_budget_are_not_known(hand):
    (found,) = plan(hand, {(VI, PHONE): 600}, {CALLERS: people(1, 1400)}).departments
    assert (found.cost, found.cost_needed, found.budget) == (None, None, None)


numbers = st.integers(0, 12)


@settings(max_examples=25)
@given(st.integers(1, 900), st.integers(0, 900), numbers, numbers, st.integers(1, 6))
def test_more_people_never_make_more_short_and_weeks_are_alike(hand, vi, zh, callers, both, more):
    now = {(VI, PHONE): vi, (ZH, PHONE): zh}
    crews = {CALLERS: people(callers, 300), BOTH: people(both, 300)}
    short, less = (
        [sum(row.hours_short for row in plan(hand, now, each, weeks=2).works if row.week == week) for week in (1, 2)]
        for each in (crews, crews | {BOTH: people(both + more, 300)})
    )
    assert short[0] == pytest.approx(short[1], abs=Decimal("0.02")), "nothing moves, so no week differs"
    assert less[0] <= short[0]


def test_roll_rates_with_their_intervals():
    steps = [
        [Flow(VI, PHONE, LEGAL, 20), Flow(VI, PHONE, PHONE, 70)],
        [Flow(VI, PHONE, None, 10), Flow(VI, None, PHONE, 9)],
    ]
    found = {(row.segment, row.to): row for row in rolls_of(steps)}
    assert found.keys() == {("phone", "legal"), ("phone", "phone"), ("phone", "")}
    row = found["phone", "legal"]
    assert (row.went, row.seen, row.share) == (20, 100, Decimal("0.2"))
    assert (round(row.low, 3), round(row.high, 3)) == (Decimal("0.133"), Decimal("0.289"))


def effects_of(**factors):
    crews = {"E1": CALLERS, "E2": BOTH, "E3": LAWYERS}
    paths = {name: path_of("employee", name, crews[name].department, crews[name].team)[-1] for name in factors}
    return Effects({paths[name]: Effect(paths[name], own, 1.0, weight, months, True)
                    for name, (own, weight, months) in factors.items()})  # fmt: skip


def worth(team, value, spread=1):
    return TenHours("VN", team[:2].replace("PH", "phone").replace("LG", "legal"), team, 1, Decimal(value),
                    Decimal(value - spread), Decimal(value + spread), Decimal(value), None)  # fmt: skip


CASES_OF_MOVES = {
    "the better one goes": ({"E1": (0.8, 0.5, 60), "E2": (1.4, 0.5, 60)}, (), ["E2"]),
    "ties go by who can spare most": ({}, (), ["E1"]),
    "nobody from where hours are worth more": ({}, (worth("PH-1", 50), worth("PH-2", 5), worth("LG-1", 9)), ["E2"]),
    "worth more, or not: the bounds do not say": ({}, (worth("PH-1", 50, 60), worth("LG-1", 9)), ["E1"]),
}


@pytest.mark.parametrize("case", CASES_OF_MOVES)
def test_who_could_help(hand, case):
    """Legal is short of one; either team can spare somebody who speaks what it takes."""
    factors, hours, who = CASES_OF_MOVES[case]
    crews = {CALLERS: people(4, 700), BOTH: people(2, 700), LAWYERS: people(1, 700)}
    now = {(VI, LEGAL): 133, (VI, PHONE): 150}
    found = moves(plan(hand, now, crews), {"E1": CALLERS, "E2": BOTH, "E3": LAWYERS}, effects_of(**factors), hours)
    assert [move.employee for move in found] == who
    (one,) = proposals(found)
    assert (one.people, one.short_before, one.short_after) == (1, Decimal("1.00"), 0)


def test_believed_is_shrunk_and_thin_cases_are_told(hand):
    crews = {CALLERS: people(4, 700), LAWYERS: people(1, 700)}
    (one,) = moves(plan(hand, {(VI, LEGAL): 133}, crews), {"E1": CALLERS}, effects_of(E1=(2.0, 0.25, 12)))
    assert (one.ability.own, one.ability.believed, one.ability.is_thin) == (2, Decimal("1.25"), True)


def test_nobody_is_taken_from_a_team_that_needs_them_in_its_fullest_week(hand):
    crews = {CALLERS: people(1, 700), LAWYERS: people(1, 700)}
    assert moves(plan(hand, {(VI, LEGAL): 133, (VI, PHONE): 100}, crews), {"E1": CALLERS}, Effects()) == ()


def test_ten_hours_bring_what_the_accounts_in_line_are_worth(hand):
    """One collector takes two of four accounts, each of 20 minutes; ten hours are 30 more, and there are but two."""
    text = hand.text.replace("{by: accounts}", "{by: minutes, working_days_per_month: 1}")
    strategy = hand.strategy(text)
    rows = [{"account_id": f"A{n}", "overdue_amount": Decimal(100 * n)} for n in (1, 2, 3, 4)]
    ends = [
        hand.collector("E1", 9, minutes_per_day=40),
        hand.collector("E2", 9, department="legal", minutes_per_day=40),
    ]
    posed = prepare(Asked(hand.book(*rows), hand.barred(), ends, strategy, recovery_table(strategy, [])))
    asked = (posed.work, posed.destinations, strategy)
    found = {each.department: each for each in ten_hours(*asked, {"E1": 40, "E2": 40}, {"phone": Decimal(90)})}
    phone = found["phone"]
    assert (phone.extra, phone.value, phone.cost) == (600, (100 + 200) / 2, 900)
    assert phone.low <= phone.value <= phone.high
    assert phone.by_price > phone.value, "the price of the first minute, 600 times, promises too much"
    assert (found["legal"].value, found["legal"].cost) == (0, None)


def test_ten_hours_of_accounts_are_their_part_of_the_teams(hand):
    strategy = hand.strategy()
    rows = [{"account_id": f"A{n}", "overdue_amount": Decimal(100)} for n in range(9)]
    ends = [hand.collector("E1", 3), hand.collector("E2", 1)]
    posed = prepare(Asked(hand.book(*rows), hand.barred(), ends, strategy, recovery_table(strategy, [])))
    (found,) = ten_hours(posed.work, posed.destinations, strategy, {"E1": 1200, "E2": 1200}, {})
    assert (found.extra, found.value) == (1, 50), "of 4 accounts in 2,400 minutes 600 are one more"
    assert np.all(posed.work.problem.limits.hi[:2] == [3, 1]), "the problem itself is left as it was"
    assert Fraction(found.extra, 4) == Fraction(600, 2400)
