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
from incentives.next_step import Moved, NextStep, Outlook, Reach, Unsaid, outlook
from incentives.policies import Policy
from incentives.ready import ReadyPolicy, make_ready
from incentives.set_steps import Rank
from incentives.trial import Given, try_policy, try_together

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


def next_steps(policy: ReadyPolicy, line: PayoutLine) -> tuple[NextStep, ...]:
    return outlook(policy, line).steps


def policy_of(step: dict, *more: dict, basis: str = "") -> ReadyPolicy:
    first = {"name": "first", **step}
    basis = basis or step.get("basis") or step.get("of") or "complaints"
    steps = [first, *more, {"name": "payable", "of": more[-1]["name"] if more else "first", **ROUND}]
    return ready(
        {
            "part_period": "prorated" if any(each["kind"] == "prorate" for each in more) else "whole",
            "inputs": {basis: INPUTS[basis]},
            "steps": steps,
        }
    )


def ready(stated: dict) -> ReadyPolicy:
    data = {
        "id": "p",
        "title": "P",
        "owner": "o",
        "valid_from": "2026-01-01",
        "review_by": "2027-01-01",
        "applies_to": {},
        "component": "bonus",
        "currency": "VND",
        "part_period": "whole",
        **stated,
    }
    made, issues = make_ready(Placed(RuleKind.POLICY, Policy.model_validate(data), Document("p", data, {}), ()))
    assert issues == ()
    assert made is not None
    return made


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


def table(*rows: tuple[str, int], **more) -> dict:
    return {"kind": "table", "unit": "money", "rows": [{"when": when, "value": value} for when, value in rows], **more}


FEWER = {"from": 0, "amount": 500}, {"from": 3, "amount": 200}
PASSED = {
    "more money than 200, at 20 %: 201 earns 40.2, 150 at 10 % earns 15": (
        {**WHOLE, "boundary": "above"}, "150", Reach.ABOVE, "200", "25"),
    "exactly at the start": ({**STEPPED, "boundary": "above"}, "20", Reach.ABOVE, "20", "30"),
    "a table that says more than": (
        table(("complaints <= 5", 0), ("complaints > 5", 70)), "3", Reach.ABOVE, "5", "70"),
    "with the number on the left": (
        table(("5 >= complaints", 0), ("5 < complaints", 70)), "3", Reach.ABOVE, "5", "70"),
    "fewer than, where less is better": (
        table(("complaints < 3", 70), ("complaints >= 3", 0)), "6", Reach.BELOW, "3", "70"),
    "tiers that fall: 2 is enough, not only 0": (
        {**STEPPED, "basis": "complaints", "bands": FEWER}, "5", Reach.BELOW, "3", "300"),
    "tiers that fall, and hold at the start": (
        {**STEPPED, "basis": "complaints", "bands": FEWER, "boundary": "above"}, "5", Reach.AT, "3", "300"),
    "a ratio, which has no least unit": (
        {**STEPPED, "basis": "score", "boundary": "above"}, "19.5", Reach.ABOVE, "20", "30"),
}  # fmt: skip


@pytest.mark.parametrize(("step", "at", "reach", "start", "gain"), PASSED.values(), ids=PASSED)
def test_a_start_that_must_be_passed_is_said_as_one(step, at, reach, start, gain):
    policy = policy_of(step)
    (found,) = next_steps(policy, line_of(policy, at))
    assert (found.reach, found.start, found.gain) == (reach, Decimal(start), Decimal(gain))


YEAR = {"name": "year", "kind": "formula", "expression": "recovered + before"}
REACHED = {"name": "reached", "kind": "formula", "expression": "recovered / 80"}
POINTS = {"name": "points", "kind": "formula", "expression": "calls * 3 + complaints"}
BEST = {"name": "reached", "kind": "formula", "expression": "min(recovered / 80, 1.2)"}
BENT = {"name": "bent", "kind": "formula", "expression": "max(recovered / 2, recovered * 2 - 100)"}
EACH = {"name": "bent", "kind": "formula", "expression": "recovered / complaints"}
HUMP = {"name": "hump", "kind": "formula", "expression": "min(recovered, 300 - recovered)"}


def tiers(basis: str, boundary: str = "at", of: str = "recovered") -> dict:
    starts = {"year": (0, 1000), "reached": ("0.5", 1), "bent": (0, 100), "hump": (0, 120)}[basis]
    bands = [
        {"from": Decimal(start), "rate": Decimal(rate)} for start, rate in zip(starts, ("0.1", "0.2"), strict=True)
    ]
    return {**WHOLE, "name": "paid", "basis": basis, "boundary": boundary, "of": of, "bands": bands}


CARRIED = {"carried": "year", "months_ago": 1, "begins_anew": 1, "unit": "money", "missing": "zero"}
COMPUTED = {
    # 900 before and 60 now are 960; at 1000, this month is 100, which earns 20 and not 6
    "year to date": ([YEAR, tiers("year")], {"recovered": 60, "before": 900}, ("at", 960, 1000), "14",
                     ("recovered", 60, 100)),
    # 1001 takes 101, which earns 20.2: 20 when rounded
    "year to date, above": ([YEAR, tiers("year", "above")], {"recovered": 60, "before": 900}, ("above", 960, 1000),
                            "14", ("recovered", 60, 101)),
    # 80 of 80 earn 16, 60 earned 6
    "attainment from a formula": ([REACHED, tiers("reached")], {"recovered": 60}, ("at", "0.75", 1), "10",
                                  ("recovered", 60, 80)),
    "from nothing": ([REACHED, tiers("reached")], {"recovered": 0}, ("at", 0, "0.5"), "4", ("recovered", 0, 40)),
    # 81 at 20 % is 16.2
    "attainment, above": ([REACHED, tiers("reached", "above")], {"recovered": 60}, ("above", "0.75", 1), "10",
                          ("recovered", 60, 81)),
    # points are 3 x 10 + 1; whole calls: 3 more make 40
    "the first of several inputs": ([POINTS, {**STEPPED, "name": "paid", "basis": "points", "bands": [
                                        {"from": 0, "amount": 50}, {"from": 39, "amount": 90}]}],
                                    {"calls": 10, "complaints": 1}, ("at", 31, 39), "40", ("calls", 10, 13)),
    # 100 x 2 - 100, found by halves and not by a line
    "a bent formula": ([BENT, tiers("bent")], {"recovered": 60}, ("at", 30, 100), "14", ("recovered", 60, 100)),
    # 400 / 4; half of the complaints would do as well, and is not what is said
    "what must be higher comes first": ([EACH, tiers("bent")], {"complaints": 4, "recovered": 240}, ("at", 60, 100),
                                        "56", ("recovered", 240, 400)),
    "one that falls again": ([HUMP, tiers("hump")], {"recovered": 60}, ("at", 60, 120), "18", ("recovered", 60, 120)),
    # a row of a table over a column: 100 at 80 % of 80 = 64
    "a table": ([REACHED, {"name": "paid", **table(("reached < 0.8", 10), ("reached >= 0.8", 100))}],
                {"recovered": 60}, ("at", "0.75", "0.8"), "90", ("recovered", 60, 64)),
    # the curve gives 200 at 1, and 150 at 0.75
    "a curve": ([REACHED, {**CURVE, "name": "paid", "of": "reached", "points": [{"at": 0, "value": 0},
                                                                               {"at": 1, "value": 200}]}],
                {"recovered": 60}, ("at", "0.75", 1), "50", ("recovered", 60, 80)),
}  # fmt: skip


def computed(steps: list[dict], values: dict[str, int]) -> tuple[ReadyPolicy, PayoutLine]:
    inputs = {name: CARRIED if name == "before" else INPUTS[name] for name in values}
    policy = ready({"inputs": inputs, "steps": [*steps, {"name": "payable", "of": steps[-1]["name"], **ROUND}]})
    row = try_policy(policy, {name: Decimal(value) for name, value in values.items()}).row
    assert row is not None
    assert row.amount is not None
    return policy, PayoutLine("E1", "bonus:d", "2026-09", "VND", row.amount, "d", digest_of("p"), (HEADING, *row.steps))


@pytest.mark.parametrize(("steps", "values", "reached", "gain", "moved"), COMPUTED.values(), ids=COMPUTED)
def test_a_computed_basis_is_carried_there_by_what_was_measured(steps, values, reached, gain, moved):
    (found,) = next_steps(*computed(steps, values))
    reach, at, start = reached
    assert (found.reach, found.at, found.start) == (reach, Decimal(at), Decimal(start))
    assert found.gain == Decimal(gain)
    assert found.moved == Moved(moved[0], Decimal(moved[1]), Decimal(moved[2]))


def test_what_no_input_can_carry_there_is_not_promised():
    beyond = {**tiers("reached"), "bands": [{"from": 0, "rate": 0}, {"from": Decimal("1.5"), "rate": Decimal("0.2")}]}
    assert outlook(*computed([BEST, beyond], {"recovered": 60})) == Outlook()


def test_a_start_that_moves_with_what_is_moved_is_not_promised():
    quota = {"name": "quota", "kind": "formula", "expression": "200 - recovered"}
    named = {**tiers("reached"), "basis": "recovered", "bands": [{"from": "quota", "rate": 1}]}
    assert next_steps(*computed([quota, named], {"recovered": 60})) == ()


def test_seasons_and_ramps_count_as_in_the_line():
    quota = {"name": "quota", "kind": "quota", "value": 100, "seasons": {9: Decimal("0.8")}}
    named = {**tiers("reached"), "basis": "recovered", "bands": [{"from": "quota", "rate": 1}]}
    policy, _ = computed([quota, named], {"recovered": 60})
    row = try_together(policy, {"": Given({"recovered": Decimal(60)})}, month=9)[""].row
    line = PayoutLine("E1", "bonus:d", "2026-09", "VND", row.amount, "d", digest_of("p"), (HEADING, *row.steps))
    (found,) = next_steps(policy, line)
    assert (found.start, found.gain) == (80, 80)


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
    assert outlook(policy, replace(line_of(policy, "19"), amount=Decimal(49))) == Outlook(unsaid=Unsaid.NOT_AGAIN)


def test_of_several_parts_nothing_is_promised():
    policy = policy_of(STEPPED)
    line = line_of(policy, "19")
    assert outlook(policy, replace(line, steps=(HEADING, *line.steps))) == Outlook(unsaid=Unsaid.PARTS)


def test_who_is_paid_by_place_among_others_is_promised_nothing():
    policy = policy_of(STEPPED)
    rank = Rank(name="place", kind="rank", among="policy", held="hold_all", of="calls", best="highest", ties="best")
    together = replace(policy, columns=(*policy.columns, replace(policy.columns[0], step=rank)))
    assert next_steps(policy, line_of(policy, "19"))
    assert outlook(together, line_of(policy, "19")) == Outlook(unsaid=Unsaid.TOGETHER)
    shown = replace(policy, columns=(together.columns[-1], *policy.columns))
    assert next_steps(shown, line_of(policy, "19")) == next_steps(policy, line_of(policy, "19")), "a place only shown"


def test_a_row_that_asks_for_a_number_exactly_is_not_promised_where_it_is_jumped_over():
    """Points come by threes: 31, 34, 37, 40. 39 is never met, and what lies beyond it is."""
    exact = table(("points < 39", 10), ("points == 39", 50), ("points > 39", 90))
    threes = {**POINTS, "expression": "calls * 3 + 1"}
    (found,) = next_steps(*computed([threes, {**exact, "name": "paid"}], {"calls": 10}))
    assert (found.reach, found.start) == (Reach.ABOVE, 39)
    assert found.moved == Moved("calls", Decimal(10), Decimal(13))
    assert found.gain == 80
    (met,) = next_steps(*computed([POINTS, {**exact, "name": "paid"}], {"calls": 10, "complaints": 1}))
    assert (met.start, met.gain, met.moved) == (39, 40, Moved("complaints", Decimal(1), Decimal(9)))


@given(calls=st.integers(0, 40), boundary=st.sampled_from(["at", "above"]), falls=st.booleans())
def test_the_nearest_number_that_pays_more_is_found_and_pays_what_was_promised(calls, boundary, falls):
    """Against trying every number of calls."""
    bands = [{"from": 10, "amount": 80 if falls else 50}, {"from": 20, "amount": 50 if falls else 80}]
    policy = policy_of({**STEPPED, "boundary": boundary, "bands": bands})
    paid = [line_of(policy, str(each)).amount for each in range(60)]
    better = [each for each in range(60) if paid[each] > paid[calls]]
    found = next_steps(policy, line_of(policy, str(calls)))
    landed = [each.start + {Reach.AT: 0, Reach.ABOVE: 1, Reach.BELOW: -1}[each.reach] for each in found]
    assert len(found) == bool(better)
    for each, number in zip(found, landed, strict=True):
        assert abs(number - calls) == min(abs(every - calls) for every in better)
        assert each.gain == paid[int(number)] - paid[calls]
