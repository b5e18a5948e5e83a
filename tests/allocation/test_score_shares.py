"""Shares by scores: tie bands, least shares, limits of change, and the sum."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.score_shares import proposed_shares, quotas_in_yaml
from allocation.strategy_rules import ScoreShares
from domain.standings import PartnerState


def terms(**other):
    return ScoreShares(scorecard="partners", of=Decimal("0.6"), **{key: Decimal(text) for key, text in other.items()})


def shares(proposal):
    return {one.partner: str(one.share) for one in proposal.shares}


def scores(**given):
    return {name: None if text is None else Decimal(text) for name, text in given.items()}


@pytest.mark.parametrize(
    ("limits", "scored", "before", "expected"),
    [
        ({}, scores(A="90", B="60", C="30"), {}, {"A": "0.3", "B": "0.2", "C": "0.1"}),
        ({"ties_within": "5"}, scores(A="62", B="58", C="60"), {}, {"A": "0.2", "B": "0.2", "C": "0.2"}),
        # 62 and 58 are within 5 of the best, 56 is not: bands begin at the best of a group
        ({"ties_within": "5"}, scores(A="62", B="58", C="56"), {}, {"A": "0.2046", "B": "0.2045", "C": "0.1909"}),
        ({"at_least": "0.15"}, scores(A="90", B="60", C="0"), {}, {"A": "0.27", "B": "0.18", "C": "0.15"}),
        (
            {"change_at_most": "0.05"},
            scores(A="90", B="60", C="30"),
            {"A": "0.2", "B": "0.2", "C": "0.2"},
            {"A": "0.25", "B": "0.2", "C": "0.15"},
        ),
        ({}, scores(A="50", B="50", C=None), {"C": "0.2"}, {"A": "0.2", "B": "0.2", "C": "0.2"}),
        ({}, scores(A="-5", B="0"), {}, {"A": "0.3", "B": "0.3"}),
        ({}, {}, {}, {}),
    ],
)
def test_shares(limits, scored, before, expected):
    found = proposed_shares(terms(**limits), scored, {key: Decimal(text) for key, text in before.items()})
    assert shares(found) == expected


def test_agencies_within_half_a_point_are_placed_equally_many_accounts(shared_data):
    """The tie of the US Department of Education: 93.59 and 93.37 share alike, and without the band do not."""
    path = shared_data / "published" / "collection_examples.json"
    (one,) = [each for each in json.loads(path.read_text(encoding="utf-8")) if each["id"] == "ed-cpcs-tie"]
    published = scores(**{name: str(score) for name, score in one["inputs"]["scores"].items()})
    tied = shares(proposed_shares(terms(ties_within=str(one["inputs"]["tie_threshold"])), published, {}))
    assert (tied["CTI"] == tied["Coast"]) is one["expected"]["equal_placements"]
    apart = proposed_shares(terms(), published, {})
    assert max(apart.shares, key=lambda each: each.share).partner == one["expected"]["official_rank_1"]


def test_what_limits_of_change_leave_undistributed_is_told():
    held_back = proposed_shares(
        terms(change_at_most="0.01"), scores(A="1", B="1"), {"A": Decimal("0.1"), "B": Decimal("0.1")}
    )
    assert shares(held_back) == {"A": "0.11", "B": "0.11"}
    assert held_back.missing == Decimal("0.38")
    assert {one.why for one in held_back.shares} == {"not more than the limit of change lets it be"}


@pytest.mark.parametrize(
    ("states", "expected", "why"),
    [
        ({}, {"A": "0.3", "B": "0.2", "C": "0.1"}, "by score"),
        ({"A": "watch"}, {"A": "0.25", "B": "0.2333", "C": "0.1167"}, "watch: only a part of its growth"),
        (
            {"A": "rectification"},
            {"A": "0.2", "B": "0.2667", "C": "0.1333"},
            "rectification: only a part of its growth",
        ),
        ({"A": "suspension"}, {"A": "0", "B": "0.4", "C": "0.2"}, "suspension: no new placements"),
        ({"A": "termination"}, {"A": "0", "B": "0.4", "C": "0.2"}, "termination: no new placements"),
        ({"C": "watch"}, {"A": "0.3", "B": "0.2", "C": "0.1"}, "by score"),  # it loses; there is nothing to halve
    ],
)
def test_shares_follow_the_standing_too(states, expected, why):
    stated = ScoreShares(
        scorecard="p", of=Decimal("0.6"), growth={"watch": Decimal("0.5"), "rectification": Decimal(0)}
    )
    before = dict.fromkeys("ABC", Decimal("0.2"))
    known = {name: PartnerState(state) for name, state in states.items()}
    found = proposed_shares(stated, scores(A="90", B="60", C="30"), before, known)
    assert shares(found) == expected
    assert found.shares[0].why == why
    assert sum(one.share for one in found.shares) + found.missing == stated.of


partners = st.dictionaries(st.sampled_from("ABCDEF"), st.none() | st.decimals(0, 100, places=2), min_size=1)
befores = st.dictionaries(st.sampled_from("ABCDEF"), st.decimals(0, "0.2", places=4))


@given(partners, befores, st.decimals("0.01", "0.2", places=2))
def test_shares_sum_to_the_whole_or_say_what_is_missing_and_keep_the_limits(scored, before, most):
    stated = terms(change_at_most=str(most))
    found = proposed_shares(stated, scored, before)
    assert sum(one.share for one in found.shares) + found.missing == stated.of
    for one in found.shares:
        if one.before is not None and one.score is not None:
            assert abs(one.share - one.before) <= most + Decimal("0.0001")


def test_the_proposal_is_lines_of_a_strategy():
    proposal = proposed_shares(terms(), scores(A="2", B="1"), {})
    assert list(quotas_in_yaml(terms(), proposal)) == [
        "    quotas:",
        "      - {partner: A, by: accounts, at_least: 0.38, at_most: 0.42}",
        "      - {partner: B, by: accounts, at_least: 0.18, at_most: 0.22}",
    ]
