"""What an explanation says of each kind of step: the numbers that it shows, and the words."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.rule_files import read_document
from domain.staff import Share
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
