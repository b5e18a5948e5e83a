"""What each kind of step gives, as tables that finance could check."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.staff import Share
from incentives.cell import Reason
from incentives.trial import try_policy

PAY = """
  - {name: payable, kind: round, of: result, digits: 3, mode: half_up}
"""
X = "inputs:\n  x: {kpi: x, unit: money, missing: hold}\nsteps:\n"
RATIO = "inputs:\n  x: {kpi: x, unit: ratio, missing: hold}\nsteps:\n  - {name: one, kind: base, value: 1}\n"
TIMES = "  - {name: result, kind: formula, expression: one * y}\n"
COUNT = "inputs:\n  x: {kpi: x, unit: count, missing: hold}\nsteps:\n"


def paid(policy, x, **share):
    return try_policy(policy, {"x": Decimal(x)}, **share).row.amount


def held(policy, x):
    stop = try_policy(policy, {"x": Decimal(x)}).row.stop
    return stop.reason if stop else None


@pytest.mark.parametrize(
    ("x", "at", "above"),
    [("0", "0", "0"), ("99.99", "9.999", "9.999"), ("100", "20", "10"), ("100.01", "20.002", "20.002")],
)
def test_whole_amount_tiers_pay_everything_at_the_rate_reached(policy_of, x, at, above):
    for boundary, pays in (("at", at), ("above", above)):
        tiers = (
            f"  - {{name: result, kind: tiers, mode: whole_amount, basis: x, of: x, boundary: {boundary}, below: zero,"
        )
        policy = policy_of(X + tiers + " bands: [{from: 0, rate: 0.1}, {from: 100, rate: 0.2}]}" + PAY)
        assert paid(policy, x) == Decimal(pays)


def test_stepped_tiers_pay_the_amount_of_the_band_and_hold_or_zero_below(policy_of):
    def policy(below):
        tiers = f"  - {{name: result, kind: tiers, mode: stepped, basis: x, boundary: at, below: {below},"
        return policy_of(COUNT + tiers + " bands: [{from: 3, amount: 50}, {from: 5, amount: 80}]}" + PAY)

    assert [paid(policy("zero"), x) for x in (2, 3, 4, 5, 6)] == [0, 50, 50, 80, 80]
    assert [held(policy("hold"), x) for x in (2, 3)] == [Reason.OUT_OF_RANGE, None]


@pytest.mark.parametrize(("mode", "of", "key"), [("stepped", "", "amount"), ("whole_amount", " of: x,", "rate")])
def test_above_the_first_threshold_is_above_it_but_counting_begins_at_zero(policy_of, mode, of, key):
    def policy(first):
        tiers = f"  - {{name: result, kind: tiers, mode: {mode}, basis: x,{of} boundary: above, below: hold,"
        return policy_of(COUNT + tiers + f" bands: [{{from: {first}, {key}: 50}}, {{from: 5, {key}: 80}}]}}" + PAY)

    assert [held(policy(3), x) for x in (2, 3, 4, 5, 6)] == [Reason.OUT_OF_RANGE, Reason.OUT_OF_RANGE, None, None, None]
    assert [held(policy(0), x) for x in (-1, 0, 1)] == [Reason.OUT_OF_RANGE, None, None]


def test_tiers_over_a_count_pay_money_for_each(policy_of):
    tiers = "  - {name: result, kind: tiers, mode: marginal, of: x, below: hold,"
    policy = policy_of(COUNT + tiers + " bands: [{from: 0, rate: 10}, {from: 10, rate: 5}]}" + PAY)
    assert [paid(policy, x) for x in (0, 1, 10, 12)] == [0, 10, 100, 110]
    assert held(policy, -1) is Reason.OUT_OF_RANGE


def curve_of(policy_of, below, above):
    curve = f"  - {{name: y, kind: curve, of: x, unit: ratio, below: {below}, above: {above}, points: "
    points = "[{at: 60, value: 0.5}, {at: 100, value: 1}, {at: 120, value: 1.5}]}\n"
    return policy_of(RATIO + curve + points + TIMES + PAY)


@pytest.mark.parametrize(
    ("x", "flat_flat", "zero_extend"),
    [
        ("0", "0.5", "0"),
        ("60", "0.5", "0.5"),
        ("80", "0.75", "0.75"),
        ("100", "1", "1"),
        ("110", "1.25", "1.25"),
        ("120", "1.5", "1.5"),
        ("130", "1.5", "1.75"),
    ],
)
def test_a_curve_is_linear_between_its_points_and_its_ends_are_stated(policy_of, x, flat_flat, zero_extend):
    assert paid(curve_of(policy_of, "flat", "flat"), x) == Decimal(flat_flat)
    assert paid(curve_of(policy_of, "zero", "extend"), x) == Decimal(zero_extend)


def test_a_curve_can_hold_who_lies_outside_of_it(policy_of):
    policy = curve_of(policy_of, "hold", "hold")
    assert [held(policy, x) for x in (59, 60, 120, 121)] == [Reason.OUT_OF_RANGE, None, None, Reason.OUT_OF_RANGE]


@given(st.decimals(0, 200, places=3))
def test_a_curve_equals_weighing_the_two_points_around(policy_of, x):
    assert paid(curve_of(policy_of, "flat", "flat"), x) == _weighed(x)


def _weighed(x: Decimal) -> Decimal:
    """The slow oracle in whole thousandths: the further a point, the less it weighs."""
    points = [(60_000, 500), (100_000, 1_000), (120_000, 1_500)]
    at = min(max(int(x * 1_000), 60_000), 120_000)
    for (left, low), (right, high) in ((points[0], points[1]), (points[1], points[2])):
        if left <= at <= right:
            weighed = Decimal(low * (right - at) + high * (at - left)) / (right - left)
            return weighed.quantize(Decimal(1), ROUND_HALF_UP) / 1_000
    raise AssertionError(at)


def test_a_gate_leaves_its_factor_when_the_condition_holds(policy_of):
    body = "  - {name: result, kind: gate, of: base_pay, when: x >= 2, factor: %s}\n"
    head = COUNT + "  - {name: base_pay, kind: base, value: 100}\n"
    assert [paid(policy_of(head + body % "0" + PAY), x) for x in (1, 2, 3)] == [100, 0, 0]
    assert [paid(policy_of(head + body % "0.5" + PAY), x) for x in (1, 2, 3)] == [100, 50, 50]


@given(st.decimals(-1_000, 1_000, places=2))
def test_caps_and_floors_hold(policy_of, x):
    steps = "  - {name: low, kind: floor, of: x, at: 10}\n  - {name: result, kind: cap, of: low, at: 500}\n"
    policy = policy_of(X + steps + PAY)
    assert 10 <= paid(policy, x) <= 500
    assert paid(policy, x) == sorted([Decimal(10), x, Decimal(500)])[1]


def test_a_decision_table_pays_by_the_one_row_that_holds(policy_of):
    rows = "[{when: x < 2, value: 1}, {when: 'x in [2, 3]', value: 0.5}, {when: x > 3, value: 0}]"
    head = COUNT + "  - {name: one, kind: base, value: 100}\n"
    policy = policy_of(head + f"  - {{name: y, kind: table, unit: ratio, rows: {rows}}}\n" + TIMES + PAY)
    assert [paid(policy, x) for x in (0, 1, 2, 3, 4)] == [100, 100, 50, 50, 0]


def test_a_table_that_cannot_be_proved_holds_whom_it_does_not_pay_by_one_row(policy_of):
    rows = "[{when: x * 2 < 10, value: 1}, {when: x * 2 > 8, value: 2}, {when: x * 2 > 20, value: 3}]"
    head = COUNT + "  - {name: one, kind: base, value: 100}\n"
    policy = policy_of(head + f"  - {{name: y, kind: table, unit: ratio, rows: {rows}}}\n" + TIMES + PAY)
    assert [held(policy, x) for x in ("4", "4.5", "5", "11")] == [None, Reason.SEVERAL_ROWS, None, Reason.SEVERAL_ROWS]


def test_a_condition_without_a_value_holds(policy_of):
    rows = "[{when: one / x > 2, value: 1}, {when: x > 7, value: 2}]"
    head = X + "  - {name: one, kind: base, value: 100}\n"
    table = policy_of(head + f"  - {{name: y, kind: table, unit: ratio, rows: {rows}}}\n" + TIMES + PAY)
    assert [held(table, x) for x in (5, 0)] == [None, Reason.NO_VALUE]
    gate = policy_of(head + "  - {name: result, kind: gate, of: one, when: one / x > 2, factor: 0}" + PAY)
    assert [held(gate, x) for x in (5, 0)] == [None, Reason.NO_VALUE]


@pytest.mark.parametrize(("missing", "found"), [("hold", Reason.MISSING_INPUT), ("zero", None)])
def test_an_input_left_out_of_a_trial_is_missing(policy_of, missing, found):
    policy = policy_of(X.replace("hold", missing) + "  - {name: result, kind: floor, of: x, at: 5}" + PAY)
    for inputs in ({}, {"x": None}):
        row = try_policy(policy, inputs).row
        assert (row.stop.reason if row.stop else None, row.amount) == (found, None if found else 5)


def test_a_zero_divisor_is_no_value_and_holds(policy_of):
    policy = policy_of(X + "  - {name: result, kind: formula, expression: x * (x / x)}" + PAY)
    assert paid(policy, 5) == 5
    assert held(policy, 0) is Reason.NO_VALUE


@pytest.mark.parametrize(
    ("digits", "mode", "pays"),
    [
        ("0", "half_up", "1235"),
        ("0", "half_even", "1234"),
        ("0", "down", "1234"),
        ("0", "up", "1235"),
        ("-2", "half_up", "1200"),
        ("-3", "up", "2000"),
        ("1", "half_up", "1234.5"),
    ],
)
def test_rounding_is_by_the_stated_digits_and_mode(policy_of, digits, mode, pays):
    policy = policy_of(X + f"  - {{name: payable, kind: round, of: x, digits: {digits}, mode: {mode}}}")
    assert paid(policy, "1234.5") == Decimal(pays)


def test_days_are_rounded_once_at_the_end(policy_of):
    """The daily rate rounded first would pay 3,342.80."""
    steps = "  - {name: result, kind: prorate, of: x, by: calendar_days, employment_share: false}\n"
    last = "  - {name: payable, kind: round, of: result, digits: 2, mode: half_up}"
    policy = policy_of(X + steps + last, part_period="prorated")
    assert paid(policy, 10_000, share=Share(Decimal(122), Decimal(365))) == Decimal("3342.47")


def test_the_row_is_its_own_explanation(policy_of):
    policy = policy_of(X + "  - {name: result, kind: cap, of: x, at: 500}" + PAY)
    row = try_policy(policy, {"x": Decimal("700.50")}).row
    assert [(step.name, step.kind, step.value, step.inputs, step.note) for step in row.steps] == [
        ("x", "input", Decimal("700.50"), (("kpi:x", "given"),), ""),
        ("result", "cap", Decimal(500), (("x", "700.5"), ("at", "500")), "capped"),
        ("payable", "round", Decimal("500.000"), (("result", "500"),), "half_up, 3 digits"),
    ]
    assert [step.line for step in row.steps] == ["0.yaml:12:10", "0.yaml:14:9", "0.yaml:15:9"]


def test_trying_with_an_input_that_there_is_not_computes_nothing(policy_of):
    trial = try_policy(policy_of(X + "  - {name: result, kind: cap, of: x, at: 500}" + PAY), {"y": Decimal(1)})
    assert (trial.row, [issue.code for issue in trial.issues]) == (None, ["POL070"])


def test_a_tier_over_an_attainment_applies_its_rate_to_an_amount(policy_of):
    inputs = "inputs:\n  deal: {kpi: deal, unit: money, missing: hold}\n"
    inputs += "  reached_share: {scorecard: s, attainment: deal, missing: hold}\nsteps:\n"
    tiers = "  - {name: result, kind: tiers, mode: whole_amount, basis: reached_share, of: deal, boundary: above,"
    policy = policy_of(inputs + tiers + " below: zero, bands: [{from: 0, rate: 0.06}, {from: 1, rate: 0.075}]}" + PAY)
    given_values = {"deal": Decimal(50_000), "reached_share": Decimal("1.15")}
    assert try_policy(policy, given_values).row.amount == 3750
    assert try_policy(policy, given_values | {"reached_share": Decimal(1)}).row.amount == 3000
