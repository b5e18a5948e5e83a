"""A bank's own scores: which of them count, what is expected by them, and what is kept beside for calibration."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from allocation.calibration import calibration
from allocation.explain import explain
from allocation.predicted import side_by_side
from allocation.recovery import recovery_table
from allocation.scores import Scores, scores_statement, told_of_scores
from tests.allocation.conftest import DAY, STRATEGY, allocate_by_hand, book_of, collector, partner, strategy_of

HAN, LAW = collector("Han", 9), collector("Law", 9, "legal")
TYPES = {
    "account_id": pa.string(), "channel": pa.string(), "scored_on": pa.date32(),
    "probability": pa.decimal128(18, 10), "expected_amount": pa.decimal128(18, 4),
}  # fmt: skip


def by_scores(*rows, source="scores", more=""):
    """A strategy that looks at a score, and its recovery with these rows: account, probability or amount, others."""
    text = STRATEGY.replace(
        "    long_leave_days: 10\n",
        f"    long_leave_days: 10\n    expected_recovery: {{from: {source}, score: pd_v1{more}}}\n",
    )
    strategy = strategy_of(text)
    given = [{"channel": "any", "scored_on": DAY, "probability": None, "expected_amount": None, **row} for row in rows]
    table = pa.table({name: pa.array([row[name] for row in given], kind) for name, kind in TYPES.items()})
    scores = Scores(strategy.rule.expected_recovery, DAY, table)
    return {"strategy": strategy, "recovery": replace(recovery_table(strategy, []), scores=scores)}


def expected(allocation):
    accounts = allocation.accounts
    return dict(zip(accounts["account_id"].to_pylist(), accounts["expected_recovery"].to_pylist(), strict=True))


def score(account, probability=None, amount=None, **other):
    values = {"probability": probability, "expected_amount": amount}
    return {"account_id": account, **{name: v if v is None else Decimal(v) for name, v in values.items()}, **other}


@pytest.mark.parametrize(
    ("rows", "more", "expectation"),
    [
        ([score("A", "0.25")], "", 25),
        ([score("A", amount="70")], "", 70),
        ([score("A", "0")], "", 0),
        ([score("A", "0.25")], ", paid_of_overdue: 1.2", 30),
        ([score("A", "0.25", channel="phone"), score("A", "0.9")], "", 25),
        ([score("A", "0.25", channel="field"), score("A", "0.9")], "", 90),
        ([score("A", "0.25", channel="field")], "", 50),
        ([score("A", "0.25", scored_on=DAY - timedelta(days=40))], "", 25),
        ([score("A", "0.25", scored_on=DAY - timedelta(days=41))], "", 50),
        ([score("A", "0.25", scored_on=DAY - timedelta(days=8))], ", stale_after_days: 7", 50),
        ([score("A", "0.25", scored_on=DAY + timedelta(days=1))], "", 50),
        ([score("B", "0.25")], "", 50),
        ([], "", 50),
    ],
)
def test_a_score_that_is_usable_counts_and_else_our_rates(rows, more, expectation):
    """Our rate expects half of the 100 that are overdue."""
    allocation = allocate_by_hand(book_of({"account_id": "A"}), HAN, **by_scores(*rows, more=more))
    assert expected(allocation) == {"A": pytest.approx(expectation)}


def test_a_running_placement_has_the_score_of_partners():
    scores = by_scores(score("A", "0.3", channel="partner"), score("A", "0.1", channel="legal"))
    book = book_of({"account_id": "A", "segment": "legal", "placed_with": "P1"})
    assert expected(allocate_by_hand(book, LAW, partner("P1", 9), **scores)) == {"A": pytest.approx(30)}


def test_who_goes_where_follows_the_scores():
    """There is room for one: by our rates B would be worked, of which more is overdue."""
    book = book_of({"account_id": "A"}, {"account_id": "B", "overdue_amount": Decimal(200)})
    scores = by_scores(score("A", "0.9"), score("B", "0.1"))
    accounts = allocate_by_hand(book, collector("Han", 1), **scores).accounts
    assert accounts["disposition"].to_pylist() == ["allocated", "held"]


def test_a_score_beside_our_rates_changes_nothing_and_is_kept():
    book = book_of({"account_id": "A"})
    allocation = allocate_by_hand(book, HAN, **by_scores(score("A", "0.9"), source="history"))
    assert expected(allocation) == {"A": 50}
    assert allocation.accounts["score_estimate"].to_pylist() == [pytest.approx(90)]
    assert "score" not in allocate_by_hand(book, HAN).accounts.column_names


def test_what_counts_is_told_by_count_and_by_name():
    book = book_of({"account_id": "A"}, {"account_id": "B"}, {"account_id": "C", "segment": "current"})
    scores = by_scores(score("A", "0.25"), score("B", "0.9", scored_on=date(2026, 1, 1)), score("C", "0.5"))
    allocation = allocate_by_hand(book, HAN, **scores)
    assert told_of_scores(allocation.accounts, scores["recovery"].scores) == {
        "score": "pd_v1", "score_used": True, "accounts_with_score": 1, "accounts_without_score": 1,
        "scores_not_usable": 1,
    }  # fmt: skip
    assert "the score pd_v1 expects 25.00 VND, which counts; our rates expect 50.00" in explain(allocation, "A")
    assert "no usable score: our rates expect 50.00 VND" in explain(allocation, "B")


def test_the_score_of_the_horizon_is_read_by_its_name(shared_engine):
    shared_engine.empty("bank_scores")
    rows = [
        ("A", "pd_v1", 30, "any"),
        ("A", "pd_v1", 30, "phone"),
        ("A", "pd_v1", 90, "any"),
        ("A", "pd_v2", 30, "any"),
    ]
    for account, name, days, channel in rows:
        shared_engine.add("bank_scores", account_id=account, score_name=name, horizon_days=days, channel=channel,
                          scored_on=DAY, probability=Decimal("0.25"), expected_amount=None)  # fmt: skip
    strategy = by_scores()["strategy"]
    found = shared_engine.rows(scores_statement(strategy, strategy.rule.expected_recovery))
    assert [(row["channel"], row["probability"]) for row in found] == [
        ("any", Decimal("0.25")),
        ("phone", Decimal("0.25")),
    ]


def test_calibration_holds_a_score_beside_our_rates_on_the_same_accounts():
    """The score said 25 of A, we 50, and 25 came; of B it said nothing."""
    book = book_of({"account_id": "A"}, {"account_id": "B"})
    allocation = allocate_by_hand(book, HAN, **by_scores(score("A", "0.25")))
    booked = pa.table({"account_id": ["A", "B"], "currency": ["VND", "VND"], "realised": [Decimal(25), Decimal(50)]})
    kept = {"horizon_days": 30, "currencies": {"VND": "1"}, "reckoned_in": "VND", "effects": {}}
    _, rows = side_by_side(allocation.accounts, booked, kept, days=30)
    ((by_score, by_rates),) = calibration(rows).scores
    assert (by_score.name, by_score.accounts, by_score.predicted, by_score.realised) == ("pd_v1", 1, 25, 25)
    assert (by_rates.predicted, by_rates.realised) == (50, 25)
    assert calibration(rows.drop_columns(["score", "score_estimate", "rate_estimate"])).scores == ()
