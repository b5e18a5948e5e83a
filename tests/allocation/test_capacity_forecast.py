"""Accounts carried on by weekly rates: beside a slow plain oracle, in any random book, and where the truth is known."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.capacity.backtest import back_tests, cases_of
from allocation.capacity.forecast import COVERED, forecast
from allocation.capacity.rates import rate_rows, rates_of, stock_after
from allocation.capacity.stock import BUCKETS, Flow, State, days_of

CURRENT, EARLY, LATE, HELD = State("current", 0), State("early", 1), State("late", 8), State("held:dispute")
STATES = (CURRENT, EARLY, LATE, HELD)
CARDS, LOANS, CHINA = ("VN", "card", "", ""), ("VN", "loan", "", ""), ("CN", "card", "", "")
WEEK = 7
STATED = 300

few = settings(max_examples=25)
flows = st.lists(
    st.builds(
        Flow,
        st.sampled_from((CARDS, LOANS, CHINA)),
        st.sampled_from((*STATES, None)),
        st.sampled_from((*STATES, None)),
        st.integers(1, 500),
    ).filter(lambda flow: flow.before or flow.after),
    max_size=12,
)
stocks = st.dictionaries(
    st.tuples(st.sampled_from((CARDS, LOANS, CHINA)), st.sampled_from(STATES)), st.integers(1, 900), min_size=1
)


@pytest.mark.parametrize(
    ("state", "bucket", "days"),
    [
        (State("early", 0), "0", "0"),
        (State("early", 1), "1-30", "1-7"),
        (State("early", 4), "1-30", "22-30"),
        (State("late", 5), "31-60", "31-37"),
        (State("legal", 24), "151-180", "172-180"),
        (State("legal", 25), "181+", "181+"),
    ],
)
def test_a_band_is_a_quarter_of_a_bucket(state, bucket, days):
    assert (state.bucket, days_of(state.band)) == (bucket, days)
    assert bucket in BUCKETS


def test_a_week_by_hand():
    """Of 100 early accounts 60 stay, 30 are paid and 10 leave the book; 5 come in."""
    seen = [[Flow(CARDS, EARLY, EARLY, 60), Flow(CARDS, EARLY, CURRENT, 30), Flow(CARDS, EARLY, None, 10),
             Flow(CARDS, None, EARLY, 5), Flow(CARDS, CURRENT, CURRENT, 50)]]  # fmt: skip
    found = forecast({(CARDS, EARLY): 200}, seen, rates_of(seen, WEEK, STATED), 2)
    assert [found.accounts(week, lambda _, state: state == EARLY) for week in range(3)] == pytest.approx([200, 125, 80])
    assert found.flows(1, lambda state: state == EARLY) == pytest.approx({"+new": 5, "-left": 20, "-current": 60})
    assert found.flows(1, lambda state: state == CURRENT) == pytest.approx({"+early": 60})


@few
@given(stocks, st.lists(flows, max_size=4), st.integers(1, 5))
def test_the_forecast_is_that_of_a_slow_plain_reckoning(now, seen, weeks):
    rates = rates_of(seen, WEEK, STATED)
    found = forecast(now, seen, rates, weeks)
    stock = {key: float(accounts) for key, accounts in now.items()}
    for week in range(1, weeks + 1):
        stock = _a_week_later(stock, rates)
        for stratum in (CARDS, LOANS, CHINA):
            for state in STATES:
                here = found.accounts(week, lambda one, at, key=(stratum, state): float((one, at) == key))
                assert here == pytest.approx(stock.get((stratum, state), 0.0))


@few
@given(stocks, st.lists(flows, min_size=1, max_size=4))
def test_the_rates_as_people_read_them_recompute_the_first_week(now, seen):
    rates = rates_of(seen, WEEK, STATED)
    told = rate_rows(rates, now)
    by_cell, stays = defaultdict(float), defaultdict(float)
    for (stratum, state), accounts in now.items():
        mine = [row for row in told if (row.of, row.state) == (" ".join(stratum[:2]), str(state))]
        for row in mine:
            by_cell[row.to] += accounts * float(row.share)
        stays[str(state)] += 0 if mine else accounts
    for (_, state), accounts in rates.entered.items():
        stays[str(state)] += accounts
    found = forecast(now, seen, rates, 1)
    for state in STATES:
        here = found.accounts(1, lambda _, at, state=state: float(at == state))
        assert here == pytest.approx(by_cell[str(state)] + stays[str(state)], abs=0.02)


@few
@given(stocks, st.lists(flows, min_size=1, max_size=4), st.sets(st.sampled_from(STATES), min_size=1))
def test_accounts_are_conserved(now, seen, wanted):
    """Stock at the end = stock at the start + what comes in − what goes out, of any states, each week."""
    found = forecast(now, seen, rates_of(seen, WEEK, STATED), 3)
    for week in (1, 2, 3):
        before, after = (found.accounts(each, lambda _, state: float(state in wanted)) for each in (week - 1, week))
        moved = found.flows(week, lambda state: state in wanted)
        assert after == pytest.approx(before + sum(v if k[0] == "+" else -v for k, v in moved.items()), abs=1e-6)


@few
@given(st.lists(flows, min_size=1, max_size=4))
def test_the_rates_of_a_state_sum_to_one_and_those_of_all_are_what_was_counted(seen):
    rates = rates_of(seen, WEEK, STATED)
    for (stratum, _), rows in rates.found.items():
        assert sum(rate.share for rate in rows) == pytest.approx(1)
        assert all(0 <= rate.weight <= 1 for rate in rows)
        if not stratum:
            assert all(rate.share == rate.went / rate.seen for rate in rows)


@few
@given(stocks, st.lists(flows, max_size=5), st.integers(1, 4))
def test_intervals_hold_the_forecast_and_widen(now, seen, weeks):
    found = forecast(now, seen, rates_of(seen, WEEK, STATED), weeks)
    spreads = []
    for week in range(weeks + 1):
        one = found.interval(week, lambda *_: 1.0)
        assert 0 <= one.low <= one.value <= one.high
        spreads.append(one.high - one.value)
    assert spreads[0] == pytest.approx(0, abs=1e-6)


def test_where_nobody_was_ever_seen_accounts_stay_and_are_told():
    seen = [[Flow(CARDS, EARLY, CURRENT, 10)]]
    found = forecast({(CARDS, LATE): 7}, seen, rates_of(seen, WEEK, STATED), 4)
    assert found.never_left == (LATE,)
    assert found.accounts(4, lambda _, state: state == LATE) == 7


def test_without_any_week_everything_stays():
    found = forecast({(CARDS, EARLY): 7}, [], rates_of([], WEEK, STATED), 4)
    one = found.interval(4, lambda *_: 1.0)
    assert (one.low, one.value, one.high) == (7, 7, 7)


def test_a_thin_country_is_believed_little_and_a_large_one_much():
    """Both pay three times as much as some others; who has few accounts goes more with the whole."""
    sizes = {"VN": 4000, "CN": 10, "TW": 4000, "JO": 4000, "TH": 4000, "PH": 4000, "LA": 4000}
    week = []
    for country, size in sizes.items():
        paid = size * (3 if country in {"VN", "CN", "JO"} else 1) // 10
        stratum = (country, "card", "", "")
        week += [Flow(stratum, EARLY, EARLY, size - paid), Flow(stratum, EARLY, CURRENT, paid)]
    rates = rates_of([week], WEEK, STATED)
    large, thin = (
        next(rate for rate in rates.found[(country,), EARLY] if rate.to == CURRENT) for country in ("VN", "CN")
    )
    assert large.weight > 0.95 > 0.5 > thin.weight
    assert thin.wider < thin.share < large.share == pytest.approx(0.3, abs=0.005)


def _a_week_later(stock, rates):
    """The slow oracle: each state's accounts one after the other, in dictionaries."""
    after = defaultdict(float)
    for (stratum, state), accounts in stock.items():
        outcomes = rates.of(stratum, state)
        for rate in outcomes:
            if rate.to is not None:
                after[stratum, rate.to] += accounts * rate.share
        if not outcomes:
            after[stratum, state] += accounts
    for key, accounts in rates.entered.items():
        after[key] += accounts
    return dict(after)


# A true book: what a state's accounts do in a week (the last column leaves the book), and how many come in.
TRUE = np.array(
    [[0.94, 0.04, 0, 0.01, 0.01], [0.45, 0.1, 0.4, 0.01, 0.04], [0.1, 0, 0.8, 0.05, 0.05], [0.1, 0.1, 0, 0.75, 0.05]]
)
ENTER = np.array([60.0, 5.0, 0.0, 0.0])


@pytest.mark.parametrize("differ", [0.0, 0.15])
def test_where_the_truth_is_known_forecasts_are_unbiased_and_intervals_hold_what_they_say(differ):
    """180 books of eight weeks each, whose weeks are alike or differ; forecast one and six weeks ahead."""
    draws = np.random.default_rng(11)
    within, off, came = defaultdict(list), defaultdict(list), defaultdict(list)
    for _ in range(180):
        seen, stock = [], np.array([3000, 250, 300, 80])
        for _ in range(8):
            week, stock = _a_true_week(draws, stock, differ)
            seen.append(week)
        now = {(CARDS, state): int(number) for state, number in zip(STATES, stock, strict=True)}
        found = forecast(now, seen, rates_of(seen, WEEK, STATED), 6)
        for ahead in range(1, 7):
            _, stock = _a_true_week(draws, stock, differ)
            if ahead in {1, 6}:
                for number, state in enumerate(STATES[:3]):
                    one = found.interval(ahead, lambda _, at, state=state: float(at == state))
                    within[ahead, state].append(one.low <= stock[number] <= one.high)
                    off[ahead, state].append(one.value - stock[number])
                    came[ahead, state].append(stock[number])
    for key, held in within.items():
        chance = 3.3 * np.std(off[key]) / np.sqrt(len(off[key]))
        assert abs(np.mean(off[key])) < chance + 0.005 * np.mean(came[key]), f"{key} is biased"
        assert np.mean(held) == pytest.approx(COVERED, abs=0.085), f"{key} does not hold what it says"


def _a_true_week(draws, stock, differ):
    """Every account moves on its own; where weeks differ, the rates of the whole week are off together."""
    true = TRUE * np.exp(differ * draws.standard_normal(TRUE.shape[1]))
    went = draws.multinomial(stock, true / true.sum(axis=1, keepdims=True))
    enter = draws.poisson(ENTER)
    ends = (*STATES, None)
    week = [Flow(CARDS, STATES[i], ends[j], int(number)) for (i, j), number in np.ndenumerate(went) if number]
    week += [Flow(CARDS, None, state, int(number)) for state, number in zip(STATES, enter, strict=True) if number]
    return week, went[:, :-1].sum(axis=0) + enter


def test_a_back_test_knows_only_what_was_known_then():
    """Four steady weeks, then everybody pays: the weeks before forecast the usual, and are told how far off."""
    usual = [Flow(CARDS, EARLY, EARLY, 100), Flow(CARDS, None, EARLY, 1), Flow(CARDS, EARLY, CURRENT, 1)]
    days = [_day(number) for number in range(6)]
    steps = dict.fromkeys(days[1:5], tuple(usual)) | {days[5]: (Flow(CARDS, EARLY, CURRENT, 101),)}
    held = {day: stock_after(flows) for day, flows in steps.items()} | {days[0]: {(CARDS, EARLY): 101}}
    names = {"early": lambda state: state == EARLY, "current": lambda state: state == CURRENT}
    cases = tuple(cases_of(held, steps, names, step_days=WEEK, stated_months=STATED, fewest=3))
    last = [case for case in cases if case.origin == days[4]]
    assert [(case.name, round(case.forecast), case.came, case.is_within) for case in last] == [
        ("early", 101, 0, False),
        ("current", 2, 101, False),
    ]
    told = {(each.name, each.steps): each for each in back_tests(cases)}
    assert (told["early", 1].cases, told["early", 1].within) == (2, 1)
    assert told["early", 2].off is None, "of what did not come there is no share"


def _day(number):
    return date(2026, 9, 2) + timedelta(days=WEEK * number)
