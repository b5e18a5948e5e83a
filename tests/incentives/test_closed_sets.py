"""A correction after publishing moves nobody else who was settled together, unless the step says so."""

from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ids import short
from domain.records import PayoutLine, Step
from incentives.cell import Reason
from incentives.first_paid import Calculated, PublishedBatch, first_paid
from incentives.trial import Given, paid_by, try_together

HEAD = """\
inputs:
  score: {kpi: score, unit: count, missing: hold}
  second: {kpi: second, unit: count, missing: zero}
  fund: {kpi: fund, unit: money, grain: team, missing: zero}
steps:
  - {name: one, kind: base, value: 1}
  - {name: used, kind: formula, expression: one * (score + second) + fund, memo: true}
  - {name: earned, kind: formula, expression: one * score, memo: true}
"""
END = "\n  - {name: payable, kind: round, of: result, digits: 3, mode: half_up}\n"
RANK = "{name: place, kind: rank, of: score, best: highest, then: [second], ties: best, KEYS}"
DENSE = RANK.replace("ties: best", "ties: dense")
PLACE = "\n  - {name: result, kind: formula, expression: one * place}"
PRIZES = "least: 2, prizes: [500, 300, 100], ties: share, digits: 0"
PRIZE = f"{{name: result, kind: prize, of: score, best: highest, {PRIZES}, KEYS}}"
POOL = "{name: result, kind: pool, fund: fund, weight: score, reserve: 0.1, without_weight: equal, digits: 0, KEYS}"
SCALE = "{name: result, kind: scale, of: earned, budget: 12, digits: 0, KEYS}"
KEYS = "among: policy, held: leave_out"


@pytest.fixture(scope="module")
def once_and_again(policy_of):
    """What each payee is paid at first, and after a correction: payees are told as (score, fund, second), by name."""

    def pay(step, first, then, *, keys=KEYS):
        policy = policy_of(HEAD + "  - " + step.replace("KEYS", keys) + END)
        given_first, given_then = ({name: _given(each) for name, each in told.items()} for told in (first, then))
        before = try_together(policy, given_first)
        after = try_together(policy, given_then, paid=paid_by(given_first, before))
        return _amounts(before), _amounts(after)

    return pay


def _given(told):
    score, fund, second = (*told, 0, 0)[:3] if isinstance(told, tuple) else (told, 0, 0)
    inputs = {"score": None if score is None else Decimal(score), "fund": Decimal(fund), "second": Decimal(second)}
    return Given(inputs, department="field", team="T")


def _amounts(trials):
    return {name: trial.row.stop.reason if trial.row.stop else trial.row.amount for name, trial in trials.items()}


@pytest.mark.parametrize(
    ("step", "first", "then", "paid", "after"),
    [
        (RANK + PLACE, {"A": 9, "B": 7, "C": 5}, {"A": 6, "B": 7, "C": 5}, {"A": 1, "B": 2, "C": 3}, {"A": 2}),
        (RANK + PLACE, {"A": 9, "B": 7, "C": 5}, {"A": 5, "B": 7, "C": 5}, {"A": 1, "B": 2, "C": 3}, {"A": 2}),
        (RANK + PLACE, {"A": 9, "B": 7}, {"A": 9, "B": (7, 0, 1)}, {"A": 1, "B": 2}, {}),
        (RANK + PLACE, {"A": 9, "B": 7, "C": 5}, {"A": 4, "B": 3, "C": 5}, {"A": 1, "B": 2, "C": 3}, {"A": 3, "B": 3}),
        (DENSE + PLACE, {"A": 9, "B": 9, "C": 5}, {"A": 9, "B": 9, "C": 1}, {"A": 1, "B": 1, "C": 2}, {}),
        (RANK + PLACE, {"A": 9, "B": None}, {"A": 9, "B": 10}, {"A": 1, "B": Reason.MISSING_INPUT}, {"B": 1}),
        (RANK + PLACE, {"A": 9, "B": 7}, {"A": None, "B": 7}, {"A": 1, "B": 2}, {"A": Reason.MISSING_INPUT}),
        (PRIZE, {"A": 9, "B": 7, "C": 5}, {"A": 6, "B": 7, "C": 5}, {"A": 500, "B": 300, "C": 100}, {"A": 300}),
        (PRIZE, {"A": 9, "B": 7, "C": 5}, {"A": 7, "B": 7, "C": 5}, {"A": 500, "B": 300, "C": 100}, {"A": 400}),
        (PRIZE, {"A": 9, "B": 7, "C": 5}, {"A": 1, "B": 7, "C": 5}, {"A": 500, "B": 300, "C": 100}, {"A": 0}),
        (POOL, {"A": (6, 100), "B": (3, 100)}, {"A": (2, 100), "B": (3, 100)}, {"A": 60, "B": 30}, {"A": 20}),
        (POOL, {"A": (6, 100), "B": (3, 100)}, {"A": (6, 80), "B": (3, 80)}, {"A": 60, "B": 30}, {}),
        (POOL, {"A": (6, 100), "B": (3, 100)}, {"A": (9, 50), "B": (3, 50)}, {"A": 60, "B": 30}, {"A": 90}),
        (POOL, {"A": (0, 110), "B": (0, 110)}, {"A": (9, 110), "B": (0, 110)}, {"A": 50, "B": 49}, {}),
        (POOL, {"A": (0, 110), "B": (0, 110), "C": None}, {"A": (0, 110), "B": (0, 110), "C": (5, 110)},
         {"A": 50, "B": 49, "C": Reason.MISSING_INPUT}, {"C": 49}),
        (POOL, {"A": (6, 100)}, {"A": (-1, 100)}, {"A": 90}, {"A": Reason.NO_WEIGHT}),
        (SCALE, {"A": 16, "B": 8}, {"A": 12, "B": 8}, {"A": 8, "B": 4}, {"A": 6}),
        (SCALE, {"A": 6, "B": 4}, {"A": 20, "B": 4}, {"A": 6, "B": 4}, {"A": 20}),
        (SCALE, {"A": 16, "B": 8}, {"A": -3, "B": 8}, {"A": 8, "B": 4}, {"A": -3}),
    ],
    ids=count(1),
)  # fmt: skip
def test_only_whoever_is_corrected_gets_another_amount(once_and_again, step, first, then, paid, after):
    assert once_and_again(step, first, then) == (paid, {**paid, **after})


def test_a_second_column_that_decides_between_equals_is_an_own_figure(once_and_again):
    first, then = {"A": (9, 0, 2), "B": (9, 0, 1)}, {"A": (9, 0, 0), "B": (9, 0, 1)}
    assert once_and_again(RANK + PLACE, first, then) == ({"A": 1, "B": 2}, {"A": 2, "B": 2})


@pytest.mark.parametrize(("then", "place"), [(9, 1), (8, 1), (4, 2)])
def test_whoever_turns_out_to_belong_to_another_team_is_not_ranked_beside_the_old_self(policy_of, then, place):
    policy = policy_of(HEAD + "  - " + (RANK + PLACE).replace("KEYS", KEYS) + END)
    first = {"A": _given(9), "B": _given(7)}
    again = {**first, "A": replace(_given(then), team="S")}
    after = try_together(policy, again, paid=paid_by(first, try_together(policy, first)))
    assert _amounts(after) == {"A": place, "B": 2}


@pytest.mark.parametrize("step", [RANK + PLACE, PRIZE, POOL, SCALE], ids=["rank", "prize", "pool", "scale"])
def test_a_step_that_reopens_settles_all_of_them_anew(once_and_again, step):
    first, then = {"A": (9, 90), "B": (7, 90), "C": (5, 90)}, {"A": (6, 60), "B": (7, 60), "C": (5, 60)}
    _, again = once_and_again(step, first, then, keys=f"{KEYS}, reopens: true")
    anew, _ = once_and_again(step, then, then)
    assert again == anew


def test_those_who_waited_for_one_who_was_held_are_settled_together_when_it_is_clear(once_and_again):
    keys, held = KEYS.replace("leave_out", "hold_all"), {"A": Reason.OTHERS_HELD, "B": Reason.MISSING_INPUT}
    assert once_and_again(RANK + PLACE, {"A": 9, "B": None}, {"A": 9, "B": 10}, keys=keys) == (held, {"A": 2, "B": 1})


scores = st.dictionaries(st.sampled_from("ABCDEF"), st.integers(0, 9), min_size=2)


@pytest.mark.parametrize("step", [RANK + PLACE, DENSE + PLACE, PRIZE, POOL, SCALE])
@given(first=scores, data=st.data())
@settings(max_examples=40)
def test_what_a_correction_comes_to_depends_on_no_other_and_correcting_back_gives_what_was_paid(
    once_and_again, step, first, data
):
    """The fund changes with the scores, as that of a team does."""
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(first)), st.integers(0, 9), min_size=1))
    begun = {name: (score, 100) for name, score in first.items()}
    then = {name: (changes.get(name, score), 70) for name, score in first.items()}
    paid, both = once_and_again(step, begun, then)
    affected = {name for name in first if begun[name][0] != then[name][0]}
    assert {name for name in first if paid[name] != both[name]} <= affected
    for name in affected:
        _, alone = once_and_again(step, begun, {**begun, name: then[name]})
        assert alone == {**paid, name: both[name]}
    assert once_and_again(step, begun, begun)[1] == paid


@pytest.mark.parametrize("step", [RANK + PLACE, DENSE + PLACE, PRIZE])
@given(first=scores, data=st.data())
@settings(max_examples=40)
def test_one_who_is_corrected_gets_the_place_and_prize_that_settling_anew_would_give(once_and_again, step, first, data):
    name = data.draw(st.sampled_from(sorted(first)))
    then = {**first, name: data.draw(st.integers(0, 9))}
    _, again = once_and_again(step, first, then)
    anew, _ = once_and_again(step, then, then)
    assert again[name] == anew[name]


POLICY = """\
policies:
  - {id: ID, title: P, owner: o, valid_from: 2026-01-01, review_by: 2026-12-31, applies_to: {}, component: pay,
     currency: USD, part_period: whole, inputs: {score: {kpi: score, unit: money, missing: hold}},
     steps: [{name: payable, kind: round, of: score, digits: 2, mode: half_up}]}
"""


@pytest.fixture(scope="module")
def stated(book_of):
    """The policy with some of its words changed."""

    def read(*changes):
        text = POLICY
        for was, now in changes:
            assert was in text
            text = text.replace(was, now)
        return book_of(text.replace("ID", "p")).policies[0]

    return read


def _line(policy, payee, scope, value, team="T"):
    heading = (("policy", "p"), ("version", short(policy.version.digest)), ("days", ""), ("team", team))
    steps = (Step("policy", "policy", None, heading, ""), Step("score", "input", Decimal(value), (), ""))
    return PayoutLine(payee, f"pay:{scope}", "2026-06", "USD", Decimal(value), scope, policy.version.digest, steps)


def _said(found, policy):
    return {
        (str(among), department, team): {key[0]: row.values["score"] for key, row in rows.items()}
        for (among, department, team), rows in found[Calculated.by(policy.policy)].items()
    }


def test_a_group_is_what_was_paid_of_it_first(stated):
    """The second run of field is that of a correction; legal is published by it for the first time."""
    policy = stated()
    runs = [
        tuple(_line(policy, payee, scope, value) for payee, scope in (("E1", "field"), ("E2", "legal")))
        for value in (10, 20)
    ]
    batches = [PublishedBatch("field", runs[0]), PublishedBatch("field", runs[1]), PublishedBatch("legal", runs[1])]
    assert _said(first_paid(batches, {short(policy.version.digest): policy.policy}), policy) == {
        ("policy", "", ""): {"E1": 10, "E2": 10},
        ("department", "field", ""): {"E1": 10},
        ("team", "field", "T"): {"E1": 10},
        ("department", "legal", ""): {"E2": 20},
        ("team", "legal", "T"): {"E2": 20},
    }


@pytest.mark.parametrize(
    ("was", "now", "is_same"),
    [
        ("title: P", "title: Q", True),
        ("review_by: 2026-12-31", "valid_to: 2026-09-01", True),
        ("owner: o", "owner: q", True),
        ("component: pay", "component: bonus", False),
        ("ID", "q", False),
        ("2026-01-01", "2026-02-01", False),
        ("digits: 2", "digits: 1", False),
        ("missing: hold", "missing: zero", False),
    ],
)
def test_an_end_or_a_title_calculates_nothing_and_a_number_does(stated, was, now, is_same):
    assert (Calculated.by(stated((was, now)).policy) == Calculated.by(stated().policy)) is is_same
