"""Expected recovery, as a table that one can check by hand."""

from decimal import Decimal

import pytest

from allocation.recovery import recovery_table


def seen(segment, accounts, overdue, recovered, currency="VND"):
    given = {"overdue": Decimal(overdue), "recovered": Decimal(recovered)}
    return {"segment": segment, "currency": currency, "accounts": accounts, **given}


@pytest.mark.parametrize(
    ("history", "months", "phone", "legal"),
    [
        # nothing seen: what the strategy states
        ([], "1", 0.50, 0.10),
        # 100 accounts weigh as much as the rest: the portfolio brought 0.6 of what was stated, so factor 0.8;
        # own 0.30, known without 0.50 × 0.8
        ([seen("phone", 100, 1000, 300)], "1", 0.35, 0.08),
        # half a month: the same rate a month, seen on half as many account-months, 50 ÷ 150
        ([seen("phone", 100, 1000, 150)], "0.5", 0.30 / 3 + 0.50 * (1 - 0.4 / 3) * 2 / 3, 0.10 * (1 - 0.4 / 3)),
        # reversals exceed payments: nothing was recovered, which is no less than nothing
        ([seen("phone", 100, 1000, -50)], "1", 0.125, 0.05),
        # another currency is another portfolio
        ([seen("phone", 100, 1000, 300, "CNY")], "1", 0.50, 0.10),
        # a segment that the strategy no longer has
        ([seen("gone", 100, 1000, 300)], "1", 0.50, 0.10),
    ],
)
def test_rates(hand, history, months, phone, legal):
    table = recovery_table(hand.strategy(), history, Decimal(months))
    assert table["phone", "VND"].rate == pytest.approx(phone)
    assert table["legal", "VND"].rate == pytest.approx(legal)


def test_more_observations_weigh_more(hand):
    rates = [
        recovery_table(hand.strategy(), [seen("phone", n, 10 * n, n)], Decimal(1))["phone", "VND"].rate
        for n in (1, 100, 10_000)
    ]
    assert rates[0] > rates[1] > rates[2] > 0.10
    assert rates[2] == pytest.approx(0.10, abs=0.002)


def test_a_rate_says_how_it_came_about(hand):
    table = recovery_table(hand.strategy(), [seen("phone", 100, 1000, 300)], Decimal(1))
    assert str(table["phone", "VND"]) == (
        "0.3500 a month of what is overdue"
        " (own 0.3000 from 100 accounts, weight 0.50; the rest stated 0.5000 × portfolio 0.800)"
    )


def test_segments_that_nobody_works_have_no_rate(hand):
    assert ("current", "VND") not in recovery_table(hand.strategy(), [], Decimal(1)).rates
