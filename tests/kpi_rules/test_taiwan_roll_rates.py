"""The real cards: roll rates by stock and by cohort, equal to the same figures from a few lines of pandas."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from bench.taiwan_cards import oddities
from kpi_rules.explanations import recomputes

# Repayment status and bill of each month, as the data set numbers them: September is first.
MONTHS = {4: ("X11", "X17"), 5: ("X10", "X16"), 6: ("X9", "X15"), 7: ("X8", "X14"), 8: ("X7", "X13"), 9: ("X6", "X12")}


@pytest.fixture(scope="module")
def cards(shared_data):
    return pd.read_csv(shared_data / "taiwan-cards" / "cards.csv.gz")


@pytest.mark.parametrize("month", [5, 6, 7, 8, 9])
def test_roll_and_cure_rates_of_the_real_book_equal_those_of_pandas(month, cards, book, house_rules):
    _land(book, "accounts_opening", cards, month - 1)
    _land(book, "accounts", cards, month)
    figures = book.night(house_rules, date(2005, month, 1), date(2005, month, 28))
    before, after = _buckets(cards, month - 1), _buckets(cards, month)
    owed_before, owed_now = cards[MONTHS[month - 1][1]], cards[MONTHS[month][1]]
    for bucket in range(7):
        then, rolled = before == bucket, (before == bucket) & (after == bucket + 1)
        assert _found(figures, "roll_rate_by_cohort_accounts", bucket) == (rolled.sum(), then.sum())
        assert _found(figures, "roll_rate_by_stock_accounts", bucket) == ((after == bucket + 1).sum(), then.sum())
        assert _found(figures, "roll_rate_by_cohort", bucket, "TWD") == (
            owed_before[rolled].sum(),
            owed_before[then].sum(),
        )
        stocks = (owed_now[after == bucket + 1].sum(), owed_before[then].sum())
        assert _found(figures, "roll_rate_by_stock", bucket, "TWD") == stocks
    for bucket in range(1, 8):
        then, cured = before == bucket, (before == bucket) & (after < bucket)
        assert _found(figures, "cure_rate", bucket) == (cured.sum(), then.sum())


def test_the_oddities_of_the_page_are_those_that_are_counted_in_the_file(cards, request):
    page = request.config.rootpath / "docs" / "examples" / "taiwan-cards" / "oddities.md"
    assert page.read_text(encoding="utf-8").endswith("\n".join(oddities(cards)).rstrip() + "\n")


def _found(figures, kpi, bucket, currency=""):
    result = figures.of(f"{kpi}_{bucket}", "portfolio", currency)
    assert recomputes(result)
    return int(result.numerator), int(result.denominator)


def _buckets(cards, month):
    """Status k ≥ 1 is k months overdue; the rest is current. A month is counted as 30 days: 1–30 is bucket 1."""
    return cards[MONTHS[month][0]].clip(lower=0, upper=7)


def _land(book, view, cards, month):
    status, bill = MONTHS[month]
    months_overdue = cards[status].clip(lower=0)
    known = {"account_id": "T" + cards["ID"].astype(str), "balance": cards[bill].astype(int), "currency": "TWD"}
    book.add_frame(view, pd.DataFrame({**known, "days_past_due": months_overdue * 30}))
