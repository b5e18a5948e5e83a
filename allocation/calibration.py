"""Was what had been predicted what came? By segment, by decile of prediction, and by destination, with intervals.

Accounts stand where they were sent, whoever had them later. All of it is in the strategy's comparison currency, and an
estimate. An interval says how far chance among debtors alone moves what comes; a prediction outside it was wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import exp, sqrt

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from allocation.problem import Floats, Ints
from allocation.rows import coded
from domain.exact import ExactSelect, exact, total
from domain.sql import TABLES

DECILES = 10
PAYERS_AT_LEAST = 10  # below, an interval says nothing
_MONEY, _BESIDE = ("neutral", "predicted", "realised"), ("score_estimate", "rate_estimate")
_NORMAL_95 = 1.959963984540054


class Verdict(StrEnum):
    AS_PREDICTED = "as predicted"
    TOO_HIGH = "predicted too high"
    TOO_LOW = "predicted too low"
    TOO_FEW = "too few payers to tell"


@dataclass(frozen=True, slots=True)
class Compared:
    """Predicted beside realised; ratio is realised ÷ predicted with its interval of 95 %, None where too few paid."""

    name: str
    accounts: int
    payers: int
    predicted: Decimal
    realised: Decimal
    ratio: Decimal | None
    low: Decimal | None
    high: Decimal | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Calibration:
    """`neutral` is the whole without what destinations make of it; `scores` are, for each of a bank's scores, the
    accounts that it spoke of by the score and the same by our own rates."""

    whole: Compared
    neutral: Compared
    segments: tuple[Compared, ...]
    deciles: tuple[Compared, ...]
    destinations: tuple[Compared, ...]
    scores: tuple[tuple[Compared, Compared], ...] = ()

    @property
    def every(self) -> Iterator[Compared]:
        yield from (self.whole, self.neutral, *self.segments, *self.deciles, *self.destinations)


def booked_statement(first: date, last: date) -> ExactSelect:
    """What was booked on each account from the first to the last day, without waivers, in each currency."""
    payment = TABLES["payments"].c
    return exact(
        sa.select(payment.account_id, payment.currency, total(payment.amount - payment.waiver).label("realised"))
        .where(payment.posted_on >= first, payment.posted_on <= last)
        .group_by(payment.account_id, payment.currency)
        .order_by(payment.account_id, payment.currency)
    )


def calibration(accounts: pa.Table) -> Calibration:
    """`accounts` has a row for each account of which something was expected: account_id, debtor_id, segment,
    destination (NULL: nobody's), and as floats in one currency `neutral`, `predicted` and `realised`; where scores were
    looked at also `score` (NULL: none), and what both predicted, score_estimate and rate_estimate. In any order."""
    table = accounts.sort_by("account_id").combine_chunks()
    debtor = coded(table["debtor_id"]).codes
    money = {name: table[name].to_numpy() for name in (*_MONEY, *_BESIDE) if name in table.column_names}

    def compared(name: str, rows: Ints, predicted: str = "predicted") -> Compared:
        return _compared(name, debtor[rows], money[predicted][rows], money["realised"][rows])

    every = np.arange(table.num_rows, dtype=np.int64)
    return Calibration(
        compared("all accounts", every),
        compared("all accounts, whoever works them", every, "neutral"),
        tuple(compared(name, rows) for name, rows in _by_name(table["segment"])),
        tuple(compared(f"{number}", rows) for number, rows in _deciles(money["predicted"])),
        tuple(compared(name, rows) for name, rows in _by_name(table["destination"])),
        tuple(
            (compared(name, rows, "score_estimate"), compared(name, rows, "rate_estimate"))
            for name, rows in (_by_name(table["score"]) if "score" in table.column_names else ())
        ),
    )


def _by_name(column: pa.ChunkedArray) -> Iterator[tuple[str, Ints]]:
    names = coded(column)
    for code, name in enumerate(names.names):
        yield name, np.flatnonzero(names.codes == code)


def _deciles(predicted: Floats) -> Iterator[tuple[int, Ints]]:
    """Tenths of the accounts from the lowest prediction to the highest; ties in order of account_id."""
    order = np.argsort(predicted, kind="stable")
    for number, rows in enumerate(np.array_split(order, DECILES), start=1):
        if len(rows):
            yield number, rows


def _compared(name: str, debtor: Ints, predicted: Floats, realised: Floats) -> Compared:
    """Debtors are what chance draws: their accounts pay together."""
    of_debtor = np.unique(debtor, return_inverse=True)[1]
    expected: Floats = np.bincount(of_debtor, weights=predicted).astype(np.float64)
    came: Floats = np.bincount(of_debtor, weights=realised).astype(np.float64)
    whole, brought = float(expected.sum()), float(came.sum())
    payers = int((came > 0).sum())
    ratio = brought / whole if whole > 0 else None
    known = ratio is not None and ratio > 0 and payers >= PAYERS_AT_LEAST
    low, high = _interval(expected, came, ratio) if known and ratio else (None, None)
    return Compared(
        name, len(debtor), payers, _money(whole), _money(brought), _ratio(ratio), _ratio(low), _ratio(high),
        _verdict(low, high),
    )  # fmt: skip


def _interval(expected: Floats, came: Floats, ratio: float) -> tuple[float, float]:
    """Of a ratio of two sums, by the residuals of debtors; on the scale of its logarithm, for amounts are skewed."""
    count, residuals = len(came), came - ratio * expected
    error = sqrt(float((residuals**2).sum()) * count / max(count - 1, 1)) / float(expected.sum())
    away = exp(_NORMAL_95 * error / ratio)
    return ratio / away, ratio * away


def _verdict(low: float | None, high: float | None) -> Verdict:
    if low is None or high is None:
        return Verdict.TOO_FEW
    if high < 1:
        return Verdict.TOO_HIGH
    return Verdict.TOO_LOW if low > 1 else Verdict.AS_PREDICTED


def _money(amount: float) -> Decimal:
    return Decimal(f"{amount:.2f}")


def _ratio(ratio: float | None) -> Decimal | None:
    return None if ratio is None else Decimal(f"{ratio:.4f}")


def worst(rows: Sequence[Compared]) -> Compared | None:
    """The one whose interval lies farthest from what was predicted; None where all are as predicted, or unknown."""
    wrong = [one for one in rows if one.verdict in {Verdict.TOO_HIGH, Verdict.TOO_LOW} and one.ratio]
    return max(wrong, key=lambda one: (abs((one.ratio or Decimal(1)).ln()), one.name), default=None)
