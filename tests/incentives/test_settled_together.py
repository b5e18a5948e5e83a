"""Steps that look at several payees at once, as tables that finance could check, and what always holds of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.cell import Reason
from incentives.trial import Given, try_together

HEAD = """\
inputs:
  score: {kpi: score, unit: count, missing: hold}
  second: {kpi: second, unit: count, missing: zero}
  fund: {kpi: fund, unit: money, grain: team, missing: zero}
steps:
  - {name: one, kind: base, value: 1}
  - {name: used, kind: formula, expression: one * (score + second) + fund, memo: true}
"""
END = """
  - {name: payable, kind: round, of: result, digits: 3, mode: half_up}
"""
TIMES_PLACE = "  - {name: result, kind: formula, expression: one * place}\n"


@pytest.fixture(scope="module")
def paid(policy_of):
    """What each payee is paid, or why not: payees are told as (score, fund), by name, in one team."""

    def pay(steps, payees, *, name_of_team="T"):
        policy = policy_of(HEAD + steps + END)
        trials = try_together(policy, {name: _given(each, name_of_team) for name, each in payees.items()})
        return {name: trial.row.stop.reason if trial.row.stop else trial.row.amount for name, trial in trials.items()}

    return pay


def _given(each, team):
    score, fund, *rest = (*each, 0) if isinstance(each, tuple) else (each, 0)
    inputs = {"score": None if score is None else Decimal(score), "fund": Decimal(fund)}
    if rest and isinstance(rest[0], str):
        team = rest[0]
    return Given(inputs, department="field", team=team)


def rank(ties, *, best="highest", among="policy", held="hold_all", then=""):
    stated = f"of: score, best: {best}, ties: {ties}, among: {among}, held: {held}{then}"
    return f"  - {{name: place, kind: rank, {stated}}}\n{TIMES_PLACE}"


def prize(ties, prizes="[460, 225, 125]", *, least="", digits=0):
    return (
        f"  - {{name: result, kind: prize, of: score, best: highest, ties: {ties}, among: policy, held: hold_all, "
        f"prizes: {prizes}, digits: {digits}{least}}}\n"
    )


def pool(*, reserve="0", without="equal", held="leave_out", among="policy", digits=0):
    return (
        f"  - {{name: result, kind: pool, fund: fund, weight: score, reserve: {reserve}, without_weight: {without}, "
        f"among: {among}, held: {held}, digits: {digits}}}\n"
    )


def scale(budget):
    return (
        "  - {name: earned, kind: formula, expression: one * score}\n"
        f"  - {{name: result, kind: scale, of: earned, budget: {budget}, among: policy, held: hold_all, digits: 0}}\n"
    )


EQUALS = {"A": 9, "B": 7, "C": 7, "D": 5}


@pytest.mark.parametrize(
    ("ties", "places"),
    [
        ("best", {"A": 1, "B": 2, "C": 2, "D": 4}),
        ("worst", {"A": 1, "B": 3, "C": 3, "D": 4}),
        ("dense", {"A": 1, "B": 2, "C": 2, "D": 3}),
        ("hold", {"A": 1, "B": Reason.TIED, "C": Reason.TIED, "D": 4}),
    ],
)
def test_places_of_equals_are_as_stated(paid, ties, places):
    assert paid(rank(ties), EQUALS) == places


def test_the_lowest_may_be_the_best(paid):
    assert paid(rank("best", best="lowest"), EQUALS) == {"A": 4, "B": 2, "C": 2, "D": 1}


def test_another_column_decides_between_equals(policy_of):
    policy = policy_of(HEAD + rank("hold", then=", then: [second]") + END)
    payees = {
        name: Given({"score": Decimal(7), "second": Decimal(second)}) for name, second in {"A": 1, "B": 3}.items()
    }
    trials = try_together(policy, payees)
    assert {name: trial.row.amount for name, trial in trials.items()} == {"A": 2, "B": 1}


def test_teams_are_ranked_each_for_themselves(paid):
    payees = {"A": (9, 0, "T1"), "B": (7, 0, "T1"), "C": (5, 0, "T2")}
    assert paid(rank("best", among="team"), payees) == {"A": 1, "B": 2, "C": 1}
    assert paid(rank("best", among="department"), payees) == {"A": 1, "B": 2, "C": 3}


@pytest.mark.parametrize(
    ("held", "others"), [("hold_all", Reason.OTHERS_HELD), ("leave_out", 1)], ids=["they wait", "they go on"]
)
def test_where_one_is_held_the_others_wait_or_go_on(paid, held, others):
    assert paid(rank("best", held=held), {"A": None, "B": 7}) == {"A": Reason.MISSING_INPUT, "B": others}


def test_only_those_settled_together_wait(paid):
    payees = {"A": (None, 0, "T1"), "B": (7, 0, "T1"), "C": (5, 0, "T2")}
    expected = {"A": Reason.MISSING_INPUT, "B": Reason.OTHERS_HELD, "C": 1}
    assert paid(rank("best", among="team"), payees) == expected


@pytest.mark.parametrize(
    ("ties", "prizes", "won"),
    [
        ("share", "[460, 225, 125]", {"A": 460, "B": 175, "C": 175, "D": 0}),
        ("share", "[460, 225]", {"A": 460, "B": 113, "C": 112, "D": 0}),
        ("each", "[460, 225, 125]", {"A": 460, "B": 225, "C": 225, "D": 0}),
        ("each", "[460, 225, 125, 50]", {"A": 460, "B": 225, "C": 225, "D": 50}),
    ],
)
def test_prizes_of_equals_are_shared_or_each_has_the_best(paid, ties, prizes, won):
    assert paid(prize(ties, prizes), EQUALS) == won


def test_whoever_is_not_good_enough_takes_no_part(paid):
    assert paid(prize("share", least=", least: 8"), EQUALS) == {"A": 460, "B": 0, "C": 0, "D": 0}
    assert paid(prize("share", least=", least: 7"), EQUALS) == {"A": 460, "B": 175, "C": 175, "D": 0}


@pytest.mark.parametrize(
    ("steps", "payees", "shares"),
    [
        pytest.param(pool(), {"A": (1, 100), "B": (3, 100)}, {"A": 25, "B": 75}, id="by weight"),
        pytest.param(pool(), {"A": (1, 100), "B": (1, 100), "C": (1, 100)}, {"A": 34, "B": 33, "C": 33}, id="sums"),
        pytest.param(pool(reserve="0.25"), {"A": (1, 100), "B": (2, 100)}, {"A": 25, "B": 50}, id="a reserve"),
        pytest.param(pool(reserve="0.5"), {"A": (1, 101)}, {"A": 50}, id="what is no whole unit stays in the fund"),
        pytest.param(pool(), {"A": (0, 100), "B": (0, 100)}, {"A": 50, "B": 50}, id="nobody has a weight: equal"),
        pytest.param(
            pool(without="hold"),
            {"A": (0, 9), "B": (0, 9)},
            {"A": Reason.NO_WEIGHT, "B": Reason.NO_WEIGHT},
            id="nobody has a weight: held",
        ),
        pytest.param(
            pool(), {"A": (-1, 9), "B": (2, 9)}, {"A": Reason.NO_WEIGHT, "B": Reason.NO_WEIGHT}, id="below zero"
        ),
        pytest.param(
            pool(), {"A": (1, 8), "B": (1, 9)}, {"A": Reason.FUNDS_DIFFER, "B": Reason.FUNDS_DIFFER}, id="two funds"
        ),
        pytest.param(
            pool(among="team"), {"A": (1, 8, "T1"), "B": (1, 9, "T2")}, {"A": 8, "B": 9}, id="each team its own"
        ),
        pytest.param(pool(), {"A": (1, -10), "B": (1, -10)}, {"A": -5, "B": -5}, id="taken back as it was given"),
        pytest.param(pool(), {"A": (None, 10), "B": (1, 10)}, {"A": Reason.MISSING_INPUT, "B": 10}, id="one left out"),
    ],
)
def test_a_fund_is_shared_out_by_weight(paid, steps, payees, shares):
    assert paid(steps, payees) == shares


@pytest.mark.parametrize(
    ("budget", "payees", "pays"),
    [
        ("100", {"A": 60, "B": 40}, {"A": 60, "B": 40}),
        ("50", {"A": 60, "B": 40}, {"A": 30, "B": 20}),
        ("10", {"A": 1, "B": 1, "C": 28}, {"A": 1, "B": 0, "C": 9}),
        ("50", {"A": 60, "B": 40, "C": -7}, {"A": 30, "B": 20, "C": -7}),
        ("fund", {"A": (60, 50), "B": (40, 50)}, {"A": 30, "B": 20}),
        ("fund", {"A": (60, 50), "B": (40, 51)}, {"A": Reason.FUNDS_DIFFER, "B": Reason.FUNDS_DIFFER}),
        ("fund", {"A": (60, -5)}, {"A": 0}),
        ("fund", {"A": (-60, -5)}, {"A": -60}),
    ],
)
def test_what_passes_the_budget_is_cut_in_proportion(paid, budget, payees, pays):
    assert paid(scale(budget), payees) == pays


payees = st.dictionaries(
    st.sampled_from([f"E{number}" for number in range(12)]), st.integers(0, 50), min_size=1, max_size=9
)


@given(payees, st.integers(0, 10_000), st.integers(0, 3))
def test_a_pool_pays_out_all_of_it_whatever_the_order(paid, scores, fund, digits):
    told = {name: (score, fund) for name, score in scores.items()}
    shares = paid(pool(digits=digits), told)
    assert sum(shares.values()) == fund
    assert paid(pool(digits=digits), dict(reversed(told.items()))) == shares
    for one, other in ((one, other) for one in scores for other in scores if scores[one] < scores[other]):
        assert shares[one] <= shares[other]


@given(payees, st.integers(0, 500))
def test_a_budget_is_never_passed_and_nobody_is_raised(paid, scores, budget):
    pays = paid(scale(str(budget)), scores)
    assert sum(pays.values()) == min(budget, sum(scores.values()))
    assert all(0 <= pays[name] <= scores[name] + 1 for name in scores)


@given(payees, st.lists(st.integers(0, 900), min_size=1, max_size=5))
def test_shared_prizes_sum_to_the_prizes_of_the_places(paid, scores, prizes):
    won = paid(prize("share", str(sorted(prizes, reverse=True))), scores)
    assert sum(won.values()) == sum(sorted(prizes, reverse=True)[: len(scores)])
    best = max(scores.values())
    assert max(won.values()) == max(amount for name, amount in won.items() if scores[name] == best)
