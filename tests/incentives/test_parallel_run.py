"""A month beside the old result: each difference with its causes, which always sum to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import Digest
from domain.periods import Period
from domain.records import Grain, ValueState
from domain.staff import Employee, Leave, StaffPosting, Terms
from incentives.calculate import calculate
from incentives.measures import Measure
from incentives.parallel_run import Cause, Month, OldLine, Variant, differences

JUNE = Period(2026, 6)
HIRED = date(2025, 1, 1)
POLICY = """
policies:
  - id: commission_vnd
    title: Commission
    owner: head_of_field
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {departments: [field]}
    component: commission
    currency: VND
    part_period: prorated
    inputs:
      recovered: {kpi: recovered, unit: money, missing: hold}
      complaints: {kpi: complaints, unit: count, missing: zero}
      owed: {carried: kept, months_ago: 1, unit: money, missing: zero}
    steps:
      - {name: rate, kind: base, value: 0.01, unit: ratio}
      - {name: earned, kind: formula, expression: recovered * rate - owed}
      - {name: fair, kind: gate, of: earned, when: complaints >= 2, factor: 0.5}
      - {name: capped, kind: cap, of: fair, at: 5_000_000}
      - {name: for_days, kind: prorate, of: capped, by: calendar_days, employment_share: false}
      - {name: kept, kind: formula, expression: for_days * 0, memo: true}
      - {name: payable, kind: round, of: for_days, digits: 0, mode: half_up}
"""


def employee(name="E1", *, hired=HIRED, leave=()):
    posting = StaffPosting("field", "F1", "collector", hired)
    return Employee(name, "VND", "VN", hired, None, (posting,), (Terms(Decimal(1), hired),), leave)


def measured(**values):
    """`E1=(recovered, complaints)`."""
    found = {}
    for name, (recovered, complaints) in values.items():
        if recovered is not None:
            found[Grain.EMPLOYEE, name, "kpi:recovered:VND"] = Measure(
                ValueState.VALUE, Decimal(recovered), Digest("r"), "VND"
            )
        found[Grain.EMPLOYEE, name, "kpi:complaints"] = Measure(ValueState.VALUE, Decimal(complaints), Digest("c"))
    return found


@pytest.fixture(scope="module")
def compare(book_of):
    book = book_of(POLICY)

    def run(old, measures, *payees, variants=(), earlier=None):
        def paid(found):
            return calculate(book, payees, found, period=JUNE, working_days={}, earlier=earlier or {})

        swapped = tuple(Variant(cause, name, paid(found), texts) for cause, name, found, texts in variants)
        month = Month(JUNE, {each.employee_id: each for each in payees}, paid(measures), swapped, book.policies)
        found = differences(old, month)
        for each in found:
            explained = sum((one.amount for one in each.explained), Decimal(0))
            assert (each.old or 0) + explained + each.unexplained == (each.ours or 0)
        return found

    return run


def old(amount, payee="E1", component="", **figures):
    named = {name.replace("_", ":", 1): Decimal(value) for name, value in figures.items()}
    return OldLine(payee, component, "VND", Decimal(amount), named)


def causes(difference):
    return [(each.cause, each.name, each.amount) for each in difference.explained]


# what the old result had: recovered, complaints, the old amount, and what explains the difference, ours less old
STEPS = {
    "nothing differs": ("100_000_000", 0, 1_000_000, []),
    "the old result has no gate": ("100_000_000", 2, 1_000_000, [(Cause.STEP, "fair", -500_000)]),
    "the old result has no cap": ("800_000_000", 0, 8_000_000, [(Cause.STEP, "capped", -3_000_000)]),
    "neither of the two": (
        "1_200_000_000", 2, 12_000_000, [(Cause.STEP, "capped", -7_000_000)]),
    "rounded to thousands": ("100_000_400", 0, 1_000_000, [(Cause.ROUNDING, "", 4)]),
    "rounded down": ("100_000_060", 0, 1_000_000, [(Cause.ROUNDING, "", 1)]),
    "something else": ("100_000_000", 0, 1_234_567, []),
}  # fmt: skip


@pytest.mark.parametrize(("recovered", "complaints", "amount", "expected"), STEPS.values(), ids=list(STEPS))
def test_steps_that_the_old_result_does_not_have_are_named(compare, recovered, complaints, amount, expected):
    (found,) = compare([old(amount)], measured(E1=(recovered, complaints)), employee())
    assert causes(found) == expected
    is_explained = bool(expected) or amount == 1_000_000
    assert bool(found.unexplained) is not is_explained


def test_a_step_that_has_an_effect_only_beside_another_is_named_with_it(compare):
    (found,) = compare([old(12_000_000)], measured(E1=("1_200_000_000", 2)), employee())
    assert found.explained[0].text == (
        "6000000 becomes 5000000 by a cap; together with fair: 12000000 becomes 6000000 by a gate"
    )


def test_a_joiner_is_explained_by_the_days_and_the_day_of_joining(compare):
    joined = employee(hired=date(2026, 6, 16))
    (found,) = compare([old(1_000_000)], measured(E1=("100_000_000", 0)), joined)
    assert causes(found) == [(Cause.PRORATION, "for_days", -500_000)]
    assert found.explained[0].text.endswith(": 15 of 30 days; joined on 2026-06-16")


def test_leave_stands_beside_the_days(compare):
    away = employee(hired=date(2026, 6, 16), leave=(Leave("unpaid", date(2026, 6, 20), date(2026, 6, 22)),))
    (found,) = compare([old(1_000_000)], measured(E1=("100_000_000", 0)), away)
    assert "unpaid leave from 2026-06-20 to 2026-06-22" in found.explained[0].text


def test_what_is_carried_over_and_the_old_result_does_not_know(compare):
    earlier = {(1, "E1", "commission"): {"kept": Decimal(200_000)}}
    (found,) = compare([old(1_000_000)], measured(E1=("100_000_000", 0)), employee(), earlier=earlier)
    assert causes(found) == [(Cause.CARRIED, "owed", -200_000)]


def test_another_rate_is_put_in_and_the_rest_is_looked_for(compare):
    (found,) = compare([old(2_000_000, step_rate="0.02")], measured(E1=("100_000_000", 2)), employee())
    assert causes(found) == [(Cause.RATE, "rate", -500_000), (Cause.STEP, "fair", -1_000_000)]


def test_another_value_of_a_kpi_explains_what_the_policy_pays_less_with_it(compare):
    ours, with_old = measured(E1=("100_000_000", 0)), measured(E1=("90_000_000", 0))
    variants = [(Cause.FIGURE, "recovered", with_old, {"E1": "old 90000000, ours 100000000"})]
    (found,) = compare([old(880_000)], ours, employee(), variants=variants)
    assert causes(found) == [(Cause.FIGURE, "recovered", 100_000)]
    assert found.unexplained == 20_000


def test_a_figure_that_differs_without_an_effect_is_a_note(compare):
    ours, with_old = measured(E1=("800_000_000", 0)), measured(E1=("700_000_000", 0))
    variants = [(Cause.FIGURE, "recovered", with_old, {"E1": "old 700000000"})]
    (found,) = compare([old(5_000_000)], ours, employee(), variants=variants)
    assert (causes(found), found.notes) == ([], ("recovered: old 700000000; it changes nothing",))


def test_a_payee_of_one_side_only_is_a_difference_in_full(compare):
    found = compare([old(1_000_000, "E7")], measured(E1=("100_000_000", 0)), employee())
    assert {each.payee: causes(each) for each in found} == {
        "E1": [(Cause.NOT_IN_OLD, "commission", 1_000_000)],
        "E7": [(Cause.NOT_IN_OURS, "", -1_000_000)],
    }
    assert [(each.old, each.ours) for each in found] == [(None, 1_000_000), (1_000_000, None)]


def test_a_component_that_the_other_side_does_not_have(compare):
    found = compare([old(300_000, component="meals")], measured(E1=("100_000_000", 0)), employee())
    assert {each.component: causes(each) for each in found} == {
        "commission": [(Cause.NOT_IN_OLD, "commission", 1_000_000)],
        "meals": [(Cause.NOT_IN_OURS, "", -300_000)],
    }


def test_whom_we_hold_is_named_with_the_reason(compare):
    (found,) = compare([old(900_000)], measured(E1=(None, 0)), employee())
    assert causes(found) == [(Cause.HELD, "", -900_000)]
    assert "kpi:recovered has no value" in found.explained[0].text


@given(
    st.integers(0, 2_000_000_000), st.integers(0, 3), st.integers(-5_000_000, 20_000_000), st.integers(0, 2_000_000_000)
)
def test_old_and_causes_and_the_rest_always_come_to_ours(compare, recovered, complaints, amount, other):
    variants = [(Cause.FIGURE, "recovered", measured(E1=(str(other), complaints)), {"E1": "other"})]
    compare([old(amount)], measured(E1=(str(recovered), complaints)), employee(), variants=variants)


def test_the_order_of_rows_does_not_matter(compare):
    lines = [old(1, "E1"), replace(old(2, "E2")), old(3, "E3")]
    measures = measured(E1=("100_000_000", 0), E2=("100_000_000", 0))
    ours = (employee("E1"), employee("E2"))
    assert compare(lines, measures, *ours) == compare(lines[::-1], measures, *ours[::-1])
