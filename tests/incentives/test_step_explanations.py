"""What an explanation says of each kind of step: the numbers that it shows, and the words."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.rule_files import read_document
from domain.expressions import evaluator
from domain.staff import Share
from incentives.banded import band_of
from incentives.book import decode_policies
from incentives.trial import Given, try_together

HERE = Path(__file__).parent
DAYS = Share(Decimal(122), Decimal(365))

# Policy, inputs, step, what it shows, its note.
TOLD = (
    (
        "kickers",
        "commission 1000000, kept 40",
        "pay",
        "commission 1000000, kept 40, amount 500000",
        "earned: kept >= 40",
    ),
    ("kickers", "commission 1000000, kept 39", "pay", "commission 1000000, kept 39, amount 500000", "not earned"),
    (
        "penalties",
        "commission 3000000, complaints 6",
        "pay",
        "commission 3000000, complaints 6, each 200000, at_most 1000000, taken 1000000",
        "at most",
    ),
    (
        "penalties",
        "commission 3000000, complaints 2",
        "pay",
        "commission 3000000, complaints 2, each 200000, at_most 1000000, taken 400000",
        "",
    ),
    ("quotas", "recovered 40000000", "quota", "value 100000000, month of employment 2, ramp 0.5, season 0.8", ""),
    ("quotas", "recovered 40000000", "attainment", "quota 40000000, recovered 40000000", "recovered / quota"),
    ("quotas", "recovered 40000000", "pay", "attainment 1, from 1", "band 2 of 2"),
    ("splits", "earned 100, released 1", "whole", "earned 100", "down, 0 digits"),
    ("splits", "earned 100, released 1", "kept_back", "whole 100, later 0.33", ""),
    (
        "draws",
        "earned 2400000, owed 600000",
        "pay",
        "earned 2400000, owed 600000, draw 2000000, advance 0, paid back 400000",
        "",
    ),
    ("draws", "earned 1500000, owed 0", "pay", "earned 1500000, owed 0, draw 2000000, advance 500000, paid back 0", ""),
    (
        "shifts",
        "score 80, quality 0.5, attendance 0",
        "pay",
        "score 80, attendance 0, quality 0.5, from 60",
        "band 2 of 4, moved by -1",
    ),
    (
        "shifts",
        "score 80, quality 0.5, attendance 1",
        "pay",
        "score 80, attendance 1, quality 0.5, from 80",
        "band 3 of 4",
    ),
    (
        "breakevens",
        "salary 4000, fees 20000",
        "pay",
        "fees 20000, breakeven 14000, 14000 at 0, 6000 at 0.2",
        "each slice at its own rate",
    ),
    (
        "breakevens",
        "salary 0, fees 20000",
        "pay",
        "fees 20000, breakeven 0",
        "the bands start at 0, 0, which is no ascending order",
    ),
    ("first_rows", "score 90, fails 0", "pay", "fails 0, score 90", "score >= 80"),
    ("summed_rows", "calls 1000, visits 50", "pay", "calls 1000, visits 50", "rows 1, 2, 3"),
    ("summed_rows", "calls 0, visits 0", "pay", "calls 0, visits 0", "no row holds"),
    (
        "ordered_bands",
        "recovered 2000, low 1000, high 2000",
        "pay",
        "recovered 2000, low 1000, high 2000, from 2000, rate 0.02",
        "band 2 of 2",
    ),
    (
        "ordered_bands",
        "recovered 500, low 1000, high 2000",
        "pay",
        "recovered 500, low 1000, high 2000",
        "recovered 500 lies below the first band",
    ),
    (
        "mirrored",
        "recovered -1000100",
        "pay",
        "recovered -1000100, -1000000 at 0.01, -100 at 0.02, from 1000000 -5000",
        "each slice at its own rate",
    ),
    ("lago_volume", "units 300", "pay", "units 300, from 200, rate 0.5, flat 50", "band 3 of 3"),
    ("pool_marginal_funding", "buckets 3", "bucket_size", "value 2042288", ""),
    ("pool_marginal_funding", "buckets 3", "pay", "buckets 3, from 3", "band 3 of 9"),
    (
        "commission_problem",
        "locks 0, stocks 1, barrels 1",
        "passed",
        "commission 5.5, barrels 1, locks 0, stocks 1, factor 0",
        "closed: locks == 0 or stocks == 0 or barrels == 0",
    ),
    ("bonuspaycalc_payout_curve", "attainment 0.85", "payout", "attainment 0.85", "between 0.7 and 1"),
    ("bonuspaycalc_payout_curve", "attainment 0.5", "payout", "attainment 0.5", "0.5 lies below the first point"),
    ("bonuspaycalc_payout_curve", "attainment 2", "payout", "attainment 2", "last point"),
    ("bonuspaycalc_payout_curve", "attainment 0.7", "payout", "attainment 0.7", "first point"),
    ("hr_cap", "calculated 35000", "floored", "calculated 35000, at 0", ""),
    ("hr_cap", "calculated 35000", "capped", "floored 35000, most 30000", "capped"),
    ("hr_cap", "calculated -1", "floored", "calculated -1, at 0", "raised"),
    ("hr_cap", "calculated -1", "capped", "floored 0, most 30000", ""),
    ("prorate_rounding_order", "", "for_days", "full 10000, days 122, days of the period 365", ""),
    (
        "prorate_rounding_order",
        "",
        "payable",
        "for_days 3342.4657534246575342465753424657534246575342465753",
        "half_up, 2 digits",
    ),
)


SETTLED = """
inputs:
  score: {kpi: score, unit: count, missing: hold}
  fund: {kpi: fund, unit: money, grain: team, missing: zero}
steps:
  - {name: one, kind: base, value: 1}
  - {name: earned, kind: formula, expression: one * score}
  - {name: place, kind: rank, of: score, best: highest, ties: TIES, among: team, held: leave_out, memo: true}
  - {name: won, kind: prize, of: score, best: highest, least: 2, among: team, held: leave_out,
     prizes: [50, 30], ties: share, digits: 0, memo: true}
  - {name: share, kind: pool, fund: fund, weight: score, among: team, held: leave_out,
     reserve: 0.1, without_weight: equal, digits: 0, memo: true}
  - {name: cut, kind: scale, of: earned, budget: fund, among: policy, held: HELD, digits: 0}
  - {name: payable, kind: round, of: cut, digits: 0, mode: half_up}
"""
TEAM = {"A": ("7", "100", "T"), "B": ("7", "100", "T"), "C": ("1", "100", "T")}


@pytest.fixture(scope="module")
def policies():
    documents = [read_document(HERE / name, name)[0] for name in ("step_kinds.yaml", "published_schemes.yaml")]
    return {name: each for one in documents for name, each in decode_policies([one])[0].on(date(2026, 6, 1)).items()}


@pytest.mark.parametrize(("policy", "given", "name", "shown", "note"), TOLD)
def test_a_step_shows_what_it_was_made_from(policies, policy, given, name, shown, note):
    inputs = {key: Decimal(value) for key, value in (pair.split() for pair in given.split(", ") if pair)}
    share = DAYS if policy == "prorate_rounding_order" else Share(Decimal(1), Decimal(1))
    row = try_together(policies[policy], {"": Given(inputs, share, tenure_months=2)}, month=2)[""].row
    (step,) = [step for step in row.steps if step.name == name]
    assert (", ".join(f"{key} {value}" for key, value in step.inputs), step.note) == (shown, note)
    assert row.steps[-1] is step or step.value is not None or row.stop.text == f'step "{name}": {note}'


def settled(policy_of, people, *, ties="best", held="leave_out"):
    policy = policy_of(SETTLED.replace("TIES", ties).replace("HELD", held))
    given = {
        name: Given({"score": None if score == "" else Decimal(score), "fund": Decimal(fund)}, team=team)
        for name, (score, fund, team) in people.items()
    }
    rows = {name: trial.row for name, trial in try_together(policy, given).items()}
    return {
        (name, step.name): (step.value, ", ".join(f"{key} {value}" for key, value in step.inputs), step.note)
        for name, row in rows.items()
        for step in row.steps
        if step.name in {"place", "won", "share", "cut"}
    }


def test_steps_that_look_at_several_payees_tell_of_all_of_them(policy_of):
    found = settled(policy_of, TEAM)
    assert found["A", "place"] == (1, "score 7, of 3", "one of 2 equals")
    assert found["C", "place"] == (3, "score 1, of 3", "")
    assert found["A", "won"] == (40, "score 7, least 2, place 1, prize 1 50, prize 2 30", "one of 2 equals")
    assert found["C", "won"] == (0, "score 1, least 2", "takes no part")
    shared = "fund 100, score 7, reserve 0.1, paid out 90, all weights 15, payees 3"
    assert found["A", "share"] == (42, shared, "")
    assert found["A", "cut"] == (7, "earned 7, fund 100, all together 15, budget 100", "within the budget")


def test_what_is_cut_and_what_is_shared_equally_says_so(policy_of):
    found = settled(policy_of, {"A": ("0", "10", "T"), "B": ("0", "10", "T")})
    assert found["A", "share"][2] == "equal parts: every score is zero"
    found = settled(policy_of, {"A": ("9", "10", "T"), "B": ("6", "10", "T")})
    assert found["A", "cut"] == (6, "earned 9, fund 10, all together 15, budget 10", "cut to the budget")


@pytest.mark.parametrize(
    ("people", "options", "step", "note"),
    [
        (TEAM, {"ties": "hold"}, "place", "2 are equal from place 1 on"),
        ({"A": ("1", "8", "T"), "B": ("1", "9", "T")}, {}, "share", "fund is not the same for all: 8 to 9"),
        ({"A": ("-1", "8", "T")}, {}, "share", "a score lies below zero"),
        ({"A": ("1", "8", "T"), "B": ("", "8", "U")}, {"held": "hold_all"}, "cut",
         "1 of those who are settled together are held"),
    ],
)  # fmt: skip
def test_why_they_have_no_value_is_said(policy_of, people, options, step, note):
    value, _, said = settled(policy_of, people, **options)["A", step]
    assert (value, said) == (None, note)


@pytest.mark.parametrize(
    ("of", "digits", "mode", "base", "pays"),
    [
        ("slices", 0, "half_up", "150.5", "5.1"),
        ("earnings", 0, "half_up", "150.5", "5"),
        ("both", 0, "half_up", "150.5", "5"),
        ("slices", 1, "down", "150.57", "5.05"),
        ("earnings", 1, "down", "150.57", "5"),
        ("earnings", 2, "up", "150.57", "5.06"),
        ("both", 1, "up", "150.51", "5.1"),
        ("slices", -1, "up", "150.5", "6"),
    ],
)
def test_slices_and_what_they_earn_are_rounded_as_stated(policy_of, of, digits, mode, base, pays):
    policy = policy_of(
        "inputs:\n  x: {kpi: x, unit: money, missing: hold}\nsteps:\n"
        "  - {name: pay, kind: tiers, mode: marginal, of: x, below: hold, "
        "bands: [{from: 0, rate: 0}, {from: 100, rate: 0.1}], "
        f"rounding: {{of: {of}, digits: {digits}, mode: {mode}}}}}\n"
        "  - {name: payable, kind: round, of: pay, digits: 3, mode: half_up}\n"
    )
    row = try_together(policy, {"": Given({"x": Decimal(base)})})[""].row
    assert row.amount == Decimal(pays)


X = "inputs:\n  x: {kpi: x, unit: money, missing: hold}\n  y: {kpi: y, unit: count, missing: zero}\nsteps:\n"
END = """\
  - {name: used, kind: formula, expression: x * y, memo: true}
  - {name: payable, kind: round, of: pay, digits: 3, mode: half_up}
"""


@pytest.mark.parametrize(
    ("step", "x", "reason", "text"),
    [
        (
            "kind: table, unit: money, rows: [{when: x / y > 1, value: 1}, {when: x / y > 2, value: 2}]",
            "1",
            "no_row",
            "no row of the table holds",
        ),
        (
            "kind: table, unit: money, rows: [{when: x / y > 1, value: 1}, {when: x / y > 2, value: 2}]",
            "9",
            "several_rows",
            "rows 1, 2 of the table hold",
        ),
        (
            "kind: table, unit: money, rows: [{when: x / (y - y) > 1, value: 1}, {when: x / y > 2, value: 2}]",
            "9",
            "no_value",
            "a condition has no value: a divisor is zero",
        ),
        ("kind: formula, expression: x / (y - y)", "9", "no_value", "x / (y - y) has no value: a divisor is zero"),
        (
            "kind: gate, of: x, when: x / (y - y) > 1, factor: 0",
            "9",
            "no_value",
            "x / (y - y) > 1 has no value: a divisor is zero",
        ),
        (
            "kind: kicker, of: x, when: x / (y - y) > 1, amount: 5",
            "9",
            "no_value",
            "x / (y - y) > 1 has no value: a divisor is zero",
        ),
        (
            "kind: split, of: x, shares: {a: 0.5, b: 0.5}, part: a, digits: 1",
            "9.25",
            "not_in_units",
            "x 9.25 has more than 1 digits after the point: round it first",
        ),
        (
            "kind: tiers, mode: marginal, of: x, below: hold, bands: [{from: 0, rate: 1}]",
            "-3",
            "out_of_range",
            "-3 lies below zero",
        ),
        (
            "kind: curve, of: x, unit: money, points: [{at: 1, value: 1}, {at: 2, value: 2}], below: hold, above: hold",
            "3",
            "out_of_range",
            "3 lies above the last point",
        ),
        (
            "kind: tiers, mode: stepped, basis: x, boundary: at, below: zero, bands: [{from: 0, amount: 1}], SHIFT",
            "3",
            "no_value",
            "a condition has no value: a divisor is zero",
        ),
    ],
)
def test_why_a_step_has_no_value_is_said(policy_of, step, x, reason, text):
    step = step.replace("SHIFT", "shift: [{when: x / (y - y) > 1, by: 1}]")
    policy = policy_of(f"{X}  - {{name: pay, {step}}}\n{END}")
    stop = try_together(policy, {"": Given({"x": Decimal(x), "y": Decimal(2)})})[""].row.stop
    assert (stop.reason, stop.text) == (reason, f'step "pay": {text}')


BANDED = {
    "stepped": "mode: stepped, basis: x, boundary: BOUNDARY, below: zero, "
    "bands: [{from: 10, amount: 1}, {from: 20, amount: 2}, {from: 30, amount: 3}]",
    "whole": "mode: whole_amount, basis: x, of: x, boundary: BOUNDARY, below: zero, "
    "bands: [{from: 10, rate: 0.1}, {from: 20, rate: 0.2}, {from: 30, rate: 0.3}]",
    "shifted": "mode: stepped, basis: x, boundary: BOUNDARY, below: zero, "
    "bands: [{from: 10, amount: 1}, {from: 20, amount: 2}, {from: 30, amount: 3}], "
    "shift: [{when: y == 1, by: 1}, {when: y == 2, by: -5}, {when: y == 1, by: 1}]",
    "marginal": "mode: marginal, of: x, below: mirror, "
    "bands: [{from: 0, rate: 0.1}, {from: 10, rate: 0.2}, {from: 20, rate: 0.3}]",
    "named": "mode: stepped, basis: x, boundary: BOUNDARY, below: zero, "
    "bands: [{from: ten, amount: 1}, {from: twenty, amount: 2}]",
}
NAMED = "  - {name: ten, kind: base, value: 10}\n  - {name: twenty, kind: base, value: 20}\n"


@pytest.mark.parametrize(
    ("steps", "boundary", "y", "reached"),
    [
        ("stepped", "at", 0, [0, 0, 1, 1, 2, 2, 3, 3]),
        ("stepped", "above", 0, [0, 0, 0, 1, 1, 2, 2, 3]),
        ("whole", "at", 0, [0, 0, 1, 1, 2, 2, 3, 3]),
        ("shifted", "at", 1, [0, 0, 3, 3, 3, 3, 3, 3]),
        ("shifted", "at", 2, [0, 0, 1, 1, 1, 1, 1, 1]),
        ("shifted", "above", 0, [0, 0, 0, 1, 1, 2, 2, 3]),
        ("marginal", "", 0, [2, 1, 2, 2, 3, 3, 3, 3]),
        ("named", "at", 0, [0, 0, 1, 1, 2, 2, 2, 2]),
        ("named", "above", 0, [0, 0, 0, 1, 1, 2, 2, 2]),
    ],
)
def test_the_band_that_a_row_has_reached(policy_of, steps, boundary, y, reached):
    named = NAMED if steps == "named" else ""
    policy = policy_of(
        f"{X}{named}  - {{name: pay, kind: tiers, {BANDED[steps].replace('BOUNDARY', boundary)}}}\n{END}"
    )
    column = next(each for each in policy.columns if each.step.name == "pay")
    tell = band_of(column.step, [evaluator(each) for each in column.expressions])
    rest = {"y": Decimal(y), "ten": Decimal(10), "twenty": Decimal(20)}
    basis = ("-15", "9.99", "10", "10.01", "20", "20.01", "30", "30.01")
    assert [tell({"x": Decimal(text), **rest}) for text in basis] == reached


def test_the_point_of_a_curve_that_a_row_has_reached(policy_of):
    curve = "kind: curve, of: x, unit: money, points: [{at: 1, value: 1}, {at: 2, value: 2}], below: zero, above: flat"
    policy = policy_of(f"{X}  - {{name: pay, {curve}}}\n{END}")
    tell = band_of(policy.columns[0].step, [])
    assert [tell({"x": Decimal(text)}) for text in ("0.9", "1", "1.5", "2", "9")] == [0, 1, 1, 2, 2]
