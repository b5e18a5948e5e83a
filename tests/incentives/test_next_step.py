"""What the next band would bring: exact, worked out by the policy itself, or not said at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.documents import Document
from domain.ids import digest_of
from domain.records import PayoutLine, Step
from domain.rules import Placed, RuleKind
from domain.staff import Share
from incentives.next_step import next_steps
from incentives.policies import Policy
from incentives.ready import ReadyPolicy, make_ready
from incentives.set_steps import Rank
from incentives.trial import try_policy

HEADING = Step("policy", "policy", None, (), "a.yaml:1:1")
ROUND = {"kind": "round", "digits": 0, "mode": "half_up"}
WHOLE = {
    "kind": "tiers",
    "mode": "whole_amount",
    "basis": "recovered",
    "boundary": "at",
    "of": "recovered",
    "below": "zero",
    "bands": [{"from": 100, "rate": Decimal("0.1")}, {"from": 200, "rate": Decimal("0.2")}],
}
MARGINAL = {
    "kind": "tiers",
    "mode": "marginal",
    "of": "recovered",
    "below": "zero",
    "bands": [{"from": 0, "rate": Decimal("0.1")}, {"from": 100, "rate": Decimal("0.2")}],
}
STEPPED = {
    "kind": "tiers",
    "mode": "stepped",
    "basis": "calls",
    "boundary": "at",
    "below": "zero",
    "bands": [{"from": 10, "amount": 50}, {"from": 20, "amount": 80}],
}
CURVE = {
    "kind": "curve",
    "of": "score",
    "unit": "money",
    "points": [{"at": 60, "value": 100}, {"at": 100, "value": 300}],
    "below": "zero",
    "above": "flat",
}
TABLE = {
    "kind": "table",
    "unit": "money",
    "rows": [
        {"when": "complaints == 0", "value": 500},
        {"when": "complaints >= 1 and complaints <= 2", "value": 300},
        {"when": "complaints >= 3", "value": 0},
    ],
}
INPUTS = {
    "recovered": {"kpi": "recovered", "unit": "money", "missing": "zero"},
    "calls": {"kpi": "calls", "unit": "count", "missing": "zero"},
    "complaints": {"kpi": "complaints", "unit": "count", "missing": "zero"},
    "score": {"scorecard": "card", "missing": "hold"},
}


def policy_of(step: dict, *more: dict, basis: str = "") -> ReadyPolicy:
    first = {"name": "first", **step}
    basis = basis or step.get("basis") or step.get("of") or "complaints"
    steps = [first, *more, {"name": "payable", "of": more[-1]["name"] if more else "first", **ROUND}]
    data = {
        "id": "p",
        "title": "P",
        "owner": "o",
        "valid_from": "2026-01-01",
        "review_by": "2027-01-01",
        "applies_to": {},
        "component": "bonus",
        "currency": "VND",
        "part_period": "prorated" if any(each["kind"] == "prorate" for each in more) else "whole",
        "inputs": {basis: INPUTS[basis]},
        "steps": steps,
    }
    ready, issues = make_ready(Placed(RuleKind.POLICY, Policy.model_validate(data), Document("p", data, {}), ()))
    assert issues == ()
    assert ready is not None
    return ready


def line_of(policy: ReadyPolicy, value: str, share: Share | None = None) -> PayoutLine:
    (name,) = policy.policy.inputs
    row = try_policy(policy, {name: Decimal(value)}, **({"share": share} if share else {})).row
    assert row is not None
    assert row.amount is not None
    steps = (HEADING, *row.steps)
    return PayoutLine("E1", "bonus:d", "2026-09", "VND", row.amount, "d", digest_of("p"), steps)


@pytest.mark.parametrize(
    ("step", "at", "start", "gain"),
    [
        (WHOLE, "150", "200", "25"),  # 150 at 10 % is 15; 200 at 20 % is 40
        (WHOLE, "40", "100", "10"),
        (MARGINAL, "40", "100", "6"),
        (STEPPED, "19", "20", "30"),
        (STEPPED, "3", "10", "50"),
        (CURVE, "80", "100", "100"),
        (CURVE, "50", "60", "100"),
        (TABLE, "3", "2", "300"),
        (TABLE, "1", "0", "200"),
    ],
)
def test_the_nearest_start_that_pays_more(step, at, start, gain):
    policy = policy_of(step)
    (found,) = next_steps(policy, line_of(policy, at))
    assert (found.at, found.start, found.gain) == (Decimal(at), Decimal(start), Decimal(gain))
    assert found.distance == Decimal(start) - Decimal(at)


@pytest.mark.parametrize(("step", "at"), [(WHOLE, "250"), (STEPPED, "20"), (CURVE, "101"), (TABLE, "0")])
def test_at_the_top_there_is_none(step, at):
    policy = policy_of(step)
    assert next_steps(policy, line_of(policy, at)) == ()


def test_a_band_that_starts_at_a_name_starts_at_what_the_name_came_to():
    quota = {"name": "quota", "kind": "base", "value": 30, "unit": "count"}
    named = {**STEPPED, "name": "paid", "bands": [{"from": "quota", "amount": 70}]}
    policy = policy_of(quota, named, basis="calls")
    (found,) = next_steps(policy, line_of(policy, "19"))
    assert (found.start, found.gain) == (30, 70)


def test_a_start_that_has_only_to_be_passed_is_not_promised():
    policy = policy_of({**STEPPED, "boundary": "above"})
    assert next_steps(policy, line_of(policy, "19")) == ()


def test_what_a_cap_takes_away_is_not_promised():
    policy = policy_of(STEPPED, {"name": "capped", "kind": "cap", "of": "first", "at": 60})
    (found,) = next_steps(policy, line_of(policy, "19"))
    assert found.gain == 10


def test_half_of_the_days_is_half_of_the_gain():
    prorate = {"name": "days", "kind": "prorate", "of": "first", "by": "working_days", "employment_share": False}
    policy = policy_of(STEPPED, prorate)
    (found,) = next_steps(policy, line_of(policy, "19", Share(Decimal(10), Decimal(20))))
    assert found.gain == 15


def test_an_amount_that_does_not_come_out_again_promises_nothing():
    policy = policy_of(STEPPED)
    assert next_steps(policy, replace(line_of(policy, "19"), amount=Decimal(49))) == ()


def test_of_several_parts_nothing_is_promised():
    policy = policy_of(STEPPED)
    line = line_of(policy, "19")
    assert next_steps(policy, replace(line, steps=(HEADING, *line.steps))) == ()


def test_who_is_paid_by_place_among_others_is_promised_nothing():
    policy = policy_of(STEPPED)
    rank = Rank(name="place", kind="rank", among="policy", held="hold_all", of="calls", best="highest", ties="best")
    together = replace(policy, columns=(*policy.columns, replace(policy.columns[0], step=rank)))
    assert next_steps(policy, line_of(policy, "19"))
    assert next_steps(together, line_of(policy, "19")) == ()


@given(calls=st.integers(0, 40))
def test_reaching_it_pays_what_was_promised(calls):
    policy = policy_of(STEPPED)
    for found in next_steps(policy, line_of(policy, str(calls))):
        reached = line_of(policy, str(calls + found.distance))
        assert reached.amount - line_of(policy, str(calls)).amount == found.gain > 0
