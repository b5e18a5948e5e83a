"""Leagues: like for like beside raw, and no verdict where chance alone would do."""

from __future__ import annotations

import random
from decimal import Decimal
from math import sqrt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.intervals import FEWEST_CASES, wilson
from domain.league import Cases, Share, Verdict, league, places

D = Decimal


def cases(entity, stratum, *pairs):
    """From the numerator and denominator of each case."""
    above, below = [D(a) for a, _ in pairs], [D(b) for _, b in pairs]
    squares = [sum((x * y for x, y in zip(one, other, strict=True)), D(0))
               for one, other in ((above, above), (above, below), (below, below))]  # fmt: skip
    return Cases(entity, (stratum,), len(pairs), sum(above, D(0)), sum(below, D(0)), *squares)


def shares(entity, stratum, successes, rows):
    return Cases(entity, (stratum,), rows, D(successes), D(rows))


def by_entity(found):
    return {each.entity: each for each in found.standings}


def test_who_has_the_hard_accounts_is_last_raw_and_first_like_for_like():
    """Each stratum is won by B; A has the easy accounts, and a raw rate above B's."""
    found = league(
        [shares("A", "easy", 720, 900), shares("A", "hard", 10, 100),
         shares("B", "easy", 85, 100), shares("B", "hard", 180, 900)],
        higher_is_better=True, is_share=True,
    )  # fmt: skip
    a, b = found.standings[1], found.standings[0]
    assert (a.entity, a.raw, a.raw_rank, a.rank) == ("A", D("0.73"), 1, 2)
    assert (b.entity, b.raw, b.raw_rank, b.rank) == ("B", D("0.265"), 2, 1)
    # Half of all rows are easy, half are hard.
    assert (a.standardised, b.standardised) == (D("0.45"), D("0.525"))
    # 805 of 1,000 easy rows and 190 of 1,000 hard ones: what A would have brought at these rates.
    assert a.expected == D("743.5")
    assert a.ratio == round(D(730) / D("743.5"), 10)


def test_expected_is_actual_over_all_and_so_is_the_mean_of_what_is_standardised():
    rows = [shares("A", "x", 3, 10), shares("A", "y", 5, 9), shares("B", "x", 8, 30), shares("C", "y", 1, 4)]
    found = league(rows, higher_is_better=True, is_share=True)
    assert sum(each.expected for each in found.standings) == pytest.approx(sum(each.actual for each in found.standings))
    alone = league(rows[:1], higher_is_better=True, is_share=True).standings[0]
    assert (alone.raw, alone.standardised, alone.ratio) == (D("0.3"), D("0.3"), D(1))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),  # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    [(81, 263, "0.2553", "0.3662"), (15, 148, "0.0624", "0.1605"), (0, 20, "0.0000", "0.1611"),
     (1, 29, "0.0061", "0.1718")],
)  # fmt: skip
def test_the_interval_of_a_share_is_that_which_is_published(successes, n, low, high):
    assert tuple(f"{bound:.4f}" for bound in wilson(successes, n)) == (low, high)


@pytest.mark.parametrize(
    ("kept", "due", "verdict"),
    [
        (29, 29, Verdict.TOO_FEW),  # all of them, of too few
        (15, 30, Verdict.ALIKE),  # the same half as everybody
        (20, 30, Verdict.ALIKE),  # better, as chance alone may be
        (80, 100, Verdict.BETTER),
        (20, 100, Verdict.WORSE),
    ],
)
def test_a_verdict_needs_enough_cases(kept, due, verdict):
    everybody = shares("the others", "s", 50_000, 100_000)
    found = by_entity(league([shares("A", "s", kept, due), everybody], higher_is_better=True, is_share=True))
    assert found["A"].verdict is verdict
    mirrored = by_entity(league([shares("A", "s", kept, due), everybody], higher_is_better=False, is_share=True))
    assert mirrored["A"].verdict is {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}.get(verdict, verdict)


def test_sums_of_money_need_thirty_cases_and_one_large_payment_tells_nobody_apart():
    rest = cases("rest", "s", *[(1, 10)] * 1_000)
    few = cases("few", "s", *[(3, 10)] * (FEWEST_CASES - 1))
    enough = cases("enough", "s", *[(3, 10)] * FEWEST_CASES)
    lucky = cases("lucky", "s", (90, 10), *[(0, 10)] * 29)
    found = by_entity(league([rest, few, enough, lucky], higher_is_better=True, is_share=False))
    assert found["few"].verdict is Verdict.TOO_FEW
    assert found["enough"].verdict is Verdict.BETTER
    assert found["lucky"].actual == found["enough"].actual
    assert found["lucky"].verdict is Verdict.ALIKE


def test_money_that_the_denominator_does_not_know_is_left_out_and_told():
    found = league(
        [cases("A", "s", (5, 10), (5, 10)), cases("A", "new", (7, 0)), cases("B", "s", (5, 10))],
        higher_is_better=True, is_share=False,
    )  # fmt: skip
    a = by_entity(found)["A"]
    assert (a.raw, a.actual, a.outside, a.ratio, a.cases) == (D("0.85"), D(10), D(7), D(1), 2)


def test_below_half_of_the_mix_there_is_no_rank():
    rows = [shares("A", "x", 5, 10), shares("B", "x", 30, 60), shares("B", "y", 10, 130)]
    found = by_entity(league(rows, higher_is_better=True, is_share=True))
    assert (found["A"].covered, found["A"].rank, found["B"].rank) == (D("0.35"), None, 1)


def test_of_alike_collectors_about_one_in_twenty_is_told_apart():
    """Every collector works like every other; amounts are lumpy, mixes differ."""
    draw = random.Random(7)
    rows = []
    for number in range(400):
        easy = draw.randint(30, 170)
        for stratum, accounts, chance in (("easy", easy, 0.5), ("hard", 200 - easy, 0.1)):
            sizes = [draw.choice([1, 2, 5, 10]) for _ in range(accounts)]
            rows.append(cases(f"E{number}", stratum, *((s if draw.random() < chance else 0, s) for s in sizes)))
    found = league(rows, higher_is_better=True, is_share=False)
    told_apart = sum(each.tells_apart for each in found.standings)
    assert 8 <= told_apart <= 28  # 20 expected of 400
    raw_apart = sum(abs(each.raw - D("0.3")) > D("0.1") for each in found.standings)
    assert raw_apart > 100  # whom a raw rate would have praised or blamed


entities, strata = st.sampled_from("ABCD"), st.sampled_from("xyz")
pairs = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 50)), min_size=1, max_size=6)


@settings(max_examples=25)
@given(st.dictionaries(st.tuples(entities, strata), pairs, min_size=1), st.randoms())
def test_a_plain_calculation_in_floats_gives_the_same_and_order_does_not_matter(book, shuffle):
    rows = [cases(entity, stratum, *of) for (entity, stratum), of in book.items()]
    found = league(rows, higher_is_better=True, is_share=False)
    assert found == league(shuffle.sample(rows, len(rows)), higher_is_better=True, is_share=False)
    frame = pd.DataFrame([(e, s, a, b) for (e, s), of in book.items() for a, b in of], columns=["e", "s", "a", "b"])
    rate = frame.groupby("s").a.sum() / frame.groupby("s").b.sum()
    mix = frame.groupby("s").b.sum() / frame.b.sum()
    frame["off"] = frame.a - frame.s.map(rate) * frame.b
    spread = (frame.off**2).groupby(frame.s).sum() / (frame.groupby("s").size() - 1).where(lambda n: n > 0)
    for each in found.standings:
        own = frame[frame.e == each.entity]
        sums = own.groupby("s")[["a", "b"]].sum()
        expected = (sums.b * rate[sums.index]).sum()
        like = (mix * (sums.a / sums.b).reindex(mix.index).fillna(rate)).sum()
        scatter = max((own.off**2).sum(), (own.groupby("s").size() * spread.fillna(0)).sum())
        assert float(each.standardised) == pytest.approx(like, abs=1e-9)
        assert float(each.expected) == pytest.approx(expected, abs=1e-9)
        if expected > 0:
            off = 1.96 * sqrt(scatter) / expected
            assert float(each.low) == pytest.approx(max(own.a.sum() / expected - off, 0), abs=1e-6)
            assert float(each.high) == pytest.approx(own.a.sum() / expected + off, abs=1e-6)


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_share_and_narrows_with_more_cases(successes, cases):
    successes = min(successes, cases)
    (low, high), (lower, higher) = wilson(4 * successes, 4 * cases), wilson(successes, cases)
    share, digits = D(successes) / D(cases), D("1e-20")
    assert 0 <= lower <= share + digits
    assert share - digits <= higher <= 1
    assert high - low < higher - lower


def placed(*shares):
    return {place.share.entity: (place.best, place.worst) for place in places(shares)}


def test_only_intervals_that_do_not_meet_tell_two_places_apart():
    first, second, third = Share("A", 900, 1_000), Share("B", 500, 1_000), Share("C", 480, 1_000)
    assert placed(first, second, third) == {"A": (1, 1), "B": (2, 3), "C": (2, 3)}
    assert placed(Share("A", 9, 10), Share("B", 500, 1_000)) == {"A": (1, 1), "B": (2, 2)}
    assert placed(Share("A", 7, 10), Share("B", 500, 1_000)) == {"A": (1, 2), "B": (1, 2)}


def test_who_had_the_harder_accounts_is_placed_by_what_was_expected_of_them():
    easy, hard = Share("easy", 600, 1_000, D("0.8")), Share("hard", 300, 1_000, D("0.2"))
    assert placed(easy, hard) == {"hard": (1, 1), "easy": (2, 2)}
    assert [place.share.entity for place in places([easy, hard])] == ["hard", "easy"]


def test_a_place_from_few_cases_is_said_to_be():
    assert [place.share.is_few for place in places([Share("A", 29, 29), Share("B", 20, 30)])] == [True, False]
