"""Minutes that people have for accounts, by hand: calendars, leave, part-time, ramps, last days, leavers to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.capacity.staffing import Attrition, Joiners, StaffingRule
from allocation.capacity.supply import Capacity, Crew, leaving_of, supply_of
from domain.staff import Employee, Leave, StaffPosting, Terms

D = date(2026, 10, 18)  # a Sunday: the weeks ahead go from Monday to Sunday
MONDAY = D + timedelta(days=1)
WORKING = {"VN": frozenset(D + timedelta(days=n) for n in range(1, 60) if (D + timedelta(days=n)).isoweekday() <= 5)}
CREW = Crew("VN", "phone", "PH-1", ("vi",))
RAMP = """    capacity:
      {by: minutes, calendar_days: 30, part_time: true, ramp: [{months: 0, share: 0.5}, {months: 1, share: 1}]}"""
PLAIN = StaffingRule(id="plain", title="x", owner="x", valid_from=date(2026, 1, 1), review_by=date(2027, 1, 1))
LONG_AGO = date(2020, 1, 1)


def person(**changed) -> Employee:
    posting = StaffPosting("phone", "PH-1", "collector", LONG_AGO)
    return replace(Employee("E1", "VND", "VN", LONG_AGO, None, (posting,), (Terms(Decimal(1), LONG_AGO),)), **changed)


def supply(hand, *people: Employee, staffing=PLAIN, leaving=(), weeks=4, working=WORKING, text=""):
    strategy = hand.strategy(text or hand.text.replace("    capacity: {by: accounts}", RAMP))
    names = [one.employee_id for one in people]
    capacities = dict.fromkeys(names, Capacity(480, 100))
    skills = dict.fromkeys(names, ("vi",))
    return supply_of(people, skills, capacities, strategy, staffing, leaving, working, D, weeks)


def there(found, week=0, crew=CREW):
    return found.weeks[week].get(crew)


@pytest.mark.parametrize(
    ("changed", "paid", "minutes"),
    [
        ({}, 2400, 2400),
        ({"terms": (Terms(Decimal("0.5"), LONG_AGO),)}, 1200, 1200),
        ({"leave": (Leave("annual", MONDAY, MONDAY + timedelta(days=2)),)}, 2400, 1440),
        ({"leave": (Leave("sick", D, D + timedelta(days=90)),)}, 2400, 0),
        ({"hired_on": MONDAY}, 2400, 1200),
        ({"exited_on": MONDAY + timedelta(days=1)}, 480, 480),
        ({"exited_on": D}, None, None),
    ],
)
def test_a_week_of_one_collector(hand, changed, paid, minutes):
    one = there(supply(hand, person(**changed)))
    assert one is None if paid is None else (one.paid, one.there) == (paid, minutes)


def test_who_moves_within_a_week_is_in_both_teams(hand):
    wednesday = MONDAY + timedelta(days=2)
    postings = (
        StaffPosting("phone", "PH-1", "collector", LONG_AGO, wednesday),
        StaffPosting("legal", "LG-1", "collector", wednesday),
    )
    found = supply(hand, person(postings=postings))
    assert there(found).there == 2 * 480
    assert there(found, crew=Crew("VN", "legal", "LG-1", ("vi",))).there == 3 * 480
    assert there(found).people + there(found, crew=Crew("VN", "legal", "LG-1", ("vi",))).people == 1


def test_leaders_are_no_collectors_and_part_time_counts_where_the_strategy_says(hand):
    leader = person(postings=(StaffPosting("phone", "PH-1", "leader", LONG_AGO),))
    assert supply(hand, leader).weeks[0] == {}
    half = person(terms=(Terms(Decimal("0.5"), LONG_AGO),))
    assert there(supply(hand, half, text=hand.text)).there == 2400, "capacity states what everybody has"


def test_expected_leavers_are_taken_off_week_by_week(hand):
    terms = PLAIN.model_copy(update={"attrition": Attrition(per_year=Decimal("0.5"), weight_years=Decimal(10))})
    (rate,) = leaving_of(
        [{"employee_id": "E1", "hired_on": LONG_AGO, "exited_on": None, "department_id": "phone"}], terms, D
    )
    assert rate.rate < rate.house < Decimal("0.5"), "one year without a leaver"
    found = supply(hand, person(), staffing=terms, leaving=[rate])
    for week in (0, 3):
        stays = Decimal(exp(-float(rate.rate) * (week * 7 + 3.5) / 365)).quantize(Decimal("0.000001"))
        one = there(found, week)
        assert (one.people, one.there) == (stays, 2400 * stays)
        assert one.rostered - one.leavers - one.away - one.not_carried == one.there


def test_whose_last_day_is_known_is_there_up_to_it_for_sure(hand):
    leaves = person(exited_on=MONDAY + timedelta(days=7))
    terms = PLAIN.model_copy(update={"attrition": Attrition(per_year=Decimal(1), weight_years=Decimal(1))})
    (rate,) = leaving_of(
        [{"employee_id": "E1", "hired_on": LONG_AGO, "exited_on": None, "department_id": "phone"}], terms, D
    )
    found = supply(hand, leaves, staffing=terms, leaving=[rate])
    assert (there(found).there, there(found, 1)) == (2400, None)


def test_joiners_who_are_agreed_come_and_grow_into_it(hand):
    next_week = MONDAY + timedelta(days=7)
    group = Joiners(department="phone", team="PH-1", jurisdiction="VN", skills=("vi",), starts_on=next_week, people=3,
                    minutes_per_day=400)  # fmt: skip
    found = supply(hand, staffing=PLAIN.model_copy(update={"joiners": (group,)}), weeks=7)
    assert there(found, 0) is None
    assert (there(found, 1).people, there(found, 1).there) == (3, 3 * 5 * 400 / 2)
    assert there(found, 6).there == 3 * 5 * 400
    assert found.crew_of == {}, "nobody who could be moved yet"


def test_beyond_the_calendar_monday_to_friday_are_worked_and_it_is_told(hand):
    short = {"VN": frozenset(day for day in WORKING["VN"] if day <= MONDAY + timedelta(days=8))}
    found = supply(hand, person(), working=short)
    assert [there(found, week).there for week in range(4)] == [2400] * 4
    assert found.without_calendar == ("VN ends on 2026-10-27",)


def test_nobody_works_on_holidays(hand):
    holidays = {"VN": WORKING["VN"] - {MONDAY, MONDAY + timedelta(days=1)}}
    assert there(supply(hand, person(), working=holidays)).there == 3 * 480


@settings(max_examples=25)
@given(st.integers(0, 20), st.integers(1, 20), st.integers(1, 4), st.sampled_from(["1", "0.85", "0.5"]))
def test_weeks_add_up_and_without_leave_or_leavers_the_time_at_work_is_what_is_rostered(
    hand, start, length, weeks, share
):
    staffing = PLAIN.model_copy(update={"productive_share": Decimal(share)})
    first = MONDAY + timedelta(days=start)
    away = person(leave=(Leave("annual", first, first + timedelta(days=length)),))
    whole = supply(hand, person(), staffing=staffing, weeks=weeks)
    less = supply(hand, away, staffing=staffing, weeks=weeks)
    days = sum(
        first <= day < first + timedelta(days=length) for day in WORKING["VN"] if day <= D + timedelta(days=weeks * 7)
    )
    assert all(there(whole, week).there == 2400 * Decimal(share) for week in range(weeks))
    missing = sum(there(whole, week).there - there(less, week).there for week in range(weeks))
    assert missing == days * 480 * Decimal(share)


@pytest.mark.parametrize(
    ("leavers", "people", "low", "high"), [(0, 40, 0.0, 0.15), (40, 0, 1.0, 3.0), (2, 38, 0.02, 0.25)]
)
def test_leavers_of_a_year_beside_what_is_stated(leavers, people, low, high):
    """Leavers left half a year ago, and count half a person-year each."""
    terms = PLAIN.model_copy(update={"attrition": Attrition(per_year=Decimal("0.3"), weight_years=Decimal(20))})
    rows = [
        *({"employee_id": f"L{n}", "hired_on": LONG_AGO, "exited_on": D - timedelta(days=182), "department_id": "phone"}
          for n in range(leavers)),
        *({"employee_id": f"P{n}", "hired_on": LONG_AGO, "exited_on": None, "department_id": "phone"}
          for n in range(people)),
        {"employee_id": "gone", "hired_on": LONG_AGO, "exited_on": D - timedelta(days=900), "department_id": "phone"},
    ]  # fmt: skip
    (found,) = leaving_of(rows, terms, D)
    assert found.leavers == leavers
    assert low <= found.rate <= high


def test_nothing_is_expected_where_no_attrition_is_stated():
    assert (
        leaving_of([{"employee_id": "E1", "hired_on": LONG_AGO, "exited_on": D, "department_id": "x"}], PLAIN, D) == ()
    )
