"""Targets that change within a month: each day counts with the target in force on it, where the file says so."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.money import CONTEXT
from domain.periods import Period, days_between
from domain.records import ValueState
from domain.rules import version_digest
from domain.staff import Employee, Leave, StaffPosting, Terms
from kpi_rules.cascades import Cascades
from kpi_rules.scores import score
from kpi_rules.stays import Workforce, stays_of
from kpi_rules.target_values import due_target

OCTOBER = Period(2026, 10)
START, LAST, CHANGE = OCTOBER.start, OCTOBER.last_day, date(2026, 10, 11)
LONG_AGO = date(2024, 1, 1)
WORKING = {"VN": frozenset(day for day in days_between(START, OCTOBER.end) if day.weekday() < 5)}  # 22 of them
WORKED = "{by: days_worked, employment_share: true, without_leave: [parental]}"
KPIS = """
kpis:
  - {id: calls, title: C, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: count, good: higher,
     grains: [employee], type: simple, dataset: contacts, measure: count}
  - {id: rate, title: R, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: ratio, good: higher,
     grains: [employee], type: ratio, numerator: calls, denominator: calls}
scorecards:
  - {id: card, title: C, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, department: field, missing: zero,
     curve: {points: [{attainment: 0, points: 0}, {attainment: 1, points: 100}], below: 0, above: 100},
     parts: [{kpi: calls, weight: 0.5}, {kpi: rate, weight: 0.5}]}
targets:
"""


def target(values, begins="2026-01-01", ends="", *, name="t", prorate=WORKED, changes="", scope=""):
    keys = [f"valid_to: {ends}" if ends else "", f"changes: {changes}" if changes else "", scope]
    more = "".join(f"{key}, " for key in keys if key)
    head = f"id: {name}, title: T, owner: o, valid_from: {begins}, review_by: 2027-01-01"
    return f"  - {{{head}, {more}prorate: {prorate}, values: {values}}}\n"


def changed(changes, *, before="{calls: 100, rate: 0.2}", since="{calls: 200, rate: 0.5}", **keys):
    """The target before and since the 11th of October."""
    return KPIS + target(before, ends=CHANGE, **keys) + target(since, CHANGE, changes=changes, **keys)


def person(name="E1", *postings, **facts):
    held = postings or (StaffPosting("field", "T1", "collector", LONG_AGO),)
    usual = {"hired_on": LONG_AGO, "exited_on": None, "terms": (Terms(Decimal(1), LONG_AGO),)}
    return Employee(name, "VND", "VN", postings=held, **usual | facts)


def due(rules, somebody=None, kpi="calls", *, as_of=LAST, working=WORKING):
    somebody, current = somebody or person(), rules.on(as_of)
    figures = {figure.id: figure for figure in current.figures}
    people = Workforce((somebody,), OCTOBER, as_of, working, None, current.long_leave)
    (stay,) = stays_of([somebody], START, as_of)
    return due_target(current.all_targets, kpi, stay, Cascades(people, {}, figures))


@pytest.mark.parametrize(
    ("changes", "calls", "rate"),
    [
        # 7 of 22 working days with 100, 15 with 200; of 31 days 10 with 0.2 and 21 with 0.5
        ("by_days", Fraction(7 * 100 + 15 * 200, 22), Fraction(10 * 2 + 21 * 5, 310)),
        ("whole_month", 200, Fraction(1, 2)),
        ("", 200, Fraction(1, 2)),
    ],
)
def test_each_day_counts_with_the_target_in_force_on_it_if_the_file_says_so(changes, calls, rate, rules_of):
    rules = rules_of(changed(changes))
    assert due(rules).value == to_decimal(calls)
    assert due(rules, kpi="rate").value == to_decimal(rate)


def test_before_the_change_the_target_is_that_of_the_day_to_the_end_of_the_month(rules_of):
    assert due(rules_of(changed("by_days")), as_of=date(2026, 10, 10)).value == 100


def test_the_next_month_has_one_target(rules_of):
    current = rules_of(changed("by_days")).on(date(2026, 11, 2))
    assert [each.rule.valid_from for each in current.all_targets] == [CHANGE]


def test_the_score_says_which_days_counted_with_what(rules_of):
    rules = rules_of(changed("by_days"))
    (found,) = score(rules, [], [person()], WORKING, start=START, as_of=LAST)
    first, second = (placed.place("values", "calls") for placed in rules.targets)
    assert found.parts[0].note.endswith(
        f"target: {first}, 100 for 7 of 22 days worked + {second}, 200 for 15 of 22 days worked"
    )
    first, second = (placed.place("values", "rate") for placed in rules.targets)
    assert found.parts[1].note.endswith(f"target: {first}, 0.2 for 10 of 31 days + {second}, 0.5 for 21 of 31 days")


def test_every_version_that_counts_is_named_and_signed(rules_of):
    rules = rules_of(changed("by_days"))
    both = {version_digest(placed.rule) for placed in rules.targets}
    assert both <= {version.digest for version in rules.on(LAST).versions()}
    assert rules.on(LAST).on(LAST).versions() == rules.on(LAST).versions()
    whole = rules_of(changed("whole_month"))
    assert (
        len({version_digest(each.rule) for each in whole.targets} - {v.digest for v in whole.on(LAST).versions()}) == 1
    )


@pytest.mark.parametrize(
    ("somebody", "calls", "rate"),
    [
        # a joiner of the 16th is due by the second target alone; a leaver of the 8th by the first
        (person("E1", StaffPosting("field", "T1", "collector", date(2026, 10, 16))), 100, "0.5"),
        (person("E1", StaffPosting("field", "T1", "collector", LONG_AGO, date(2026, 10, 8))), Fraction(500, 22), "0.2"),
        (person(terms=(Terms(Decimal("0.5"), LONG_AGO),)), Fraction(7 * 100 + 15 * 200, 44), None),
        (person(leave=(Leave("parental", START, CHANGE),)), Fraction(15 * 200, 22), None),
    ],
    ids=["joiner", "leaver", "half-time", "away before the change"],
)
def test_only_the_days_of_somebody_count(somebody, calls, rate, rules_of):
    rules = rules_of(changed("by_days"))
    assert due(rules, somebody).value == to_decimal(calls)
    assert rate is None or due(rules, somebody, "rate").value == Decimal(rate)


def test_a_whole_target_counts_calendar_days_whoever_was_there(rules_of):
    joiner = person("E1", StaffPosting("field", "T1", "collector", date(2026, 10, 30)))
    found = due(rules_of(changed("by_days", prorate="whole")), joiner)
    assert found.value == to_decimal(Fraction(10 * 100 + 21 * 200, 31))
    assert found.note.endswith("200 for 21 of 31 calendar days")


def test_a_narrower_target_that_begins_within_the_month_leaves_the_days_before_to_the_wider_one(
    rules_of, decoded_rules
):
    wide = target("{calls: 100, rate: 0.1}", name="wide")
    narrow = target("{calls: 200}", CHANGE, name="narrow", changes="by_days", scope="employee: E1")
    both = rules_of(KPIS + wide + narrow)
    assert due(both).value == to_decimal(Fraction(7 * 100 + 15 * 200, 22))
    assert due(both, person("E2")).value == 100
    rates = target("{rate: 0.1}", name="rates")
    first = target("{calls: 200}", CHANGE, changes="by_days", scope="department: field")
    rules, _ = decoded_rules(KPIS + rates + first)  # the check warns of the days without a target
    assert due(rules).value == to_decimal(Fraction(15 * 200, 22)), "nothing was due before"


def test_equal_targets_before_and_after_are_one(rules_of):
    same = "{calls: 100, rate: 0.2}"
    rules = rules_of(changed("by_days", since=same))
    assert (due(rules).value, due(rules, kpi="rate").value) == (100, Decimal("0.2"))


def test_where_the_calendar_is_halted_so_is_what_it_makes_due(rules_of):
    assert due(rules_of(changed("by_days")), working=None).state is ValueState.HALTED
    assert due(rules_of(changed("by_days")), kpi="rate", working=None).state is ValueState.VALUE
    nothing = due(rules_of(changed("by_days")), working={"VN": frozenset()})
    assert (nothing.state, nothing.note) == (
        ValueState.NO_VALUE, "no target: the calendar of VN has no working day of 2026-10")  # fmt: skip


days = st.integers(0, 40).map(lambda offset: date(2026, 9, 25) + timedelta(days=offset))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    turns=st.lists(days, min_size=1, max_size=3, unique=True).map(sorted),
    values=st.lists(st.integers(1, 900), min_size=4, max_size=4),
    there=st.tuples(days, days).map(sorted),
    as_of=st.integers(0, 30).map(lambda offset: START + timedelta(days=offset)),
)
def test_the_target_is_the_sum_over_days(turns, values, there, as_of, decoded_rules):
    """Day by day: what was in force on it, that of the business date on the days to come."""
    begins = [date(2026, 1, 1), *turns]
    ends = [*turns, None]
    rules, issues = decoded_rules(KPIS + "".join(
        target(f"{{calls: {value}, rate: {value}}}", begin, end, changes="by_days")
        for value, begin, end in zip(values, begins, ends, strict=False)
    ))  # fmt: skip
    assert not issues
    first, last = there[0], there[1] + timedelta(days=1)
    if not (first <= as_of and last > START):
        return
    somebody = person("E1", StaffPosting("field", "T1", "collector", first, last))
    in_force = {day: max(n for n, begin in enumerate(begins) if begin <= min(day, as_of)) for day in october()}
    mine = [day for day in october() if first <= day < last]
    worked = [day for day in mine if day in WORKING["VN"]]
    calls = Fraction(sum(values[in_force[day]] for day in worked), 22)
    rate = Fraction(sum(values[in_force[day]] for day in mine), len(mine))
    assert due(rules, somebody, "rate", as_of=as_of).value == to_decimal(rate)
    assert due(rules, somebody, as_of=as_of).value == (to_decimal(calls) if worked else None)


def october():
    return list(days_between(START, OCTOBER.end))


def to_decimal(number):
    """As the product divides: 50 digits."""
    fraction = Fraction(number)
    return CONTEXT.divide(Decimal(fraction.numerator), Decimal(fraction.denominator))
