"""A bank's own scores in the place of our rates, or beside them: what it expects of an account, where it says so.

A score is a probability that the account pays, of its overdue amount, or an amount. All of it is an estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from allocation.problem import Floats
from allocation.strategies import Strategy
from allocation.strategy_rules import ExpectedFrom
from domain.catalogue import ANY_CHANNEL
from domain.exact import ExactSelect, exact
from domain.sql import TABLES


def scores_statement(strategy: Strategy, terms: ExpectedFrom) -> ExactSelect:
    """What the score says for the strategy's horizon: account_id, channel, scored_on, currency, probability or
    expected_amount; in order of account_id and channel."""
    score = TABLES["bank_scores"].c
    wanted = (score.score_name == terms.score, score.horizon_days == strategy.recovery.horizon_days)
    names = ("account_id", "channel", "scored_on", "probability", "expected_amount")
    order = (score.account_id, score.channel)
    return exact(sa.select(*(score[name] for name in names)).where(*wanted).order_by(*order))


@dataclass(frozen=True, slots=True)
class Scores:
    """The rows of `scores_statement` as they stand on `day`."""

    terms: ExpectedFrom
    day: date
    rows: pa.Table

    @property
    def usable(self) -> pa.Table:
        """Those that are neither too old nor of a day to come."""
        first = pa.scalar(self.day - timedelta(days=self.terms.stale_after_days), pa.date32())
        made = self.rows["scored_on"].cast(pa.date32())
        within = pc.and_(pc.greater_equal(made, first), pc.less_equal(made, pa.scalar(self.day, pa.date32())))
        return self.rows.filter(within)


@dataclass(frozen=True, slots=True)
class Scored:
    """By row of the book, in the account's currency: what the score says (NaN where it says nothing), and what our own
    rates say. `is_used`: whether accounts are allocated by the score."""

    name: str
    is_used: bool
    by_score: Floats
    by_rates: Floats

    @property
    def expected(self) -> Floats:
        """What is used: our rates where the score says nothing."""
        found: Floats = np.where(np.isnan(self.by_score), self.by_rates, self.by_score)
        return found if self.is_used else self.by_rates


def scored(scores: Scores, accounts: pa.ChunkedArray, channels: Sequence[str], overdue: Floats, own: Floats) -> Scored:
    """`channels` are those by which the accounts are worked; a score for that channel counts before one for any.

    What nobody is expected to work has no expectation: where `own` is 0, the score is not asked.
    """
    found: Floats = np.full(len(overdue), np.nan)
    of_row = np.array(channels, dtype=object)
    ids, usable = accounts.combine_chunks().cast(pa.string()), scores.usable
    for channel in (ANY_CHANNEL, *sorted({*channels} - {ANY_CHANNEL, ""})):
        rows = usable.filter(pc.equal(usable["channel"], channel))
        at = pc.index_in(ids, value_set=rows["account_id"].combine_chunks().cast(pa.string()))
        known = pc.is_valid(at).to_numpy(zero_copy_only=False) & (own > 0)
        known &= (of_row == channel) | (channel == ANY_CHANNEL)
        place = pc.fill_null(at, 0).to_numpy(zero_copy_only=False)[known]
        found[known] = _amounts(rows, scores.terms)(place, overdue[known])
    return Scored(scores.terms.score, scores.terms.source == "scores", found, own)


def _amounts(rows: pa.Table, terms: ExpectedFrom) -> Any:
    """By position of a row, and overdue amount of its account: the amount that is expected."""
    stated, probability = (
        pc.cast(rows[name], pa.float64()).to_numpy(zero_copy_only=False) for name in ("expected_amount", "probability")
    )

    def amounts(place: np.ndarray, overdue: Floats) -> Floats:
        paid = np.maximum(overdue, 0.0) * probability[place] * float(terms.paid_of_overdue)
        chosen: Floats = np.where(np.isnan(stated[place]), paid, stated[place])
        return chosen

    return amounts


def told_of_scores(decided: pa.Table, scores: Scores | None) -> Mapping[str, Any]:
    """What people read of it: how many worked accounts have a score, how many go by our rates, and how many scores
    are too old."""
    if scores is None:
        return {}
    worked = decided.filter(pc.greater(decided["rate_estimate"], 0))
    with_score = worked.num_rows - worked["score"].null_count
    return {
        "score": scores.terms.score,
        "score_used": scores.terms.source == "scores",
        "accounts_with_score": with_score,
        "accounts_without_score": worked.num_rows - with_score,
        "scores_not_usable": scores.rows.num_rows - scores.usable.num_rows,
    }
