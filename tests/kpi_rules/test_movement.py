"""What chance alone would do: shares that moved, places in a league, and where a month may end."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_rules.movement import Counted, LeagueRow, bar_for, forecast, interval, league, moved


@pytest.mark.parametrize(
    ("before", "now", "errors"),
    [
        (Counted(50, 100), Counted(65, 100), 2.15),
        (Counted(65, 100), Counted(50, 100), -2.15),
        (Counted(5, 10), Counted(7, 10), 0.91),  # the same shares, of few: nothing
        (Counted(0, 0), Counted(5, 10), 0),
        (Counted(0, 10), Counted(0, 10), 0),
    ],
)
def test_a_share_moved_by_so_many_standard_errors(before, now, errors):
    assert round(moved(before, now), 2) == errors


def test_the_more_is_compared_the_higher_the_bar():
    bars = [bar_for(number) for number in (1, 2, 10, 100)]
    assert all(low < high for low, high in pairwise(bars))
    assert round(bars[0], 2) == 1.96
    assert bar_for(0) == bar_for(1)


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_share_and_narrows_with_more_accounts(hits, of):
    counted = Counted(min(hits, of), of)
    found, wider = interval(Counted(counted.hits * 4, counted.of * 4)), interval(counted)
    assert 0 <= wider.low <= counted.share + 1e-9
    assert counted.share - 1e-9 <= wider.high <= 1
    assert found.high - found.low < wider.high - wider.low
    assert (interval(Counted(0, 0)).low, interval(Counted(0, 0)).high) == (0, 1)


def row(entity, actual, low, high, *, expected=None, n=100):
    return LeagueRow(entity, actual, expected, low, high, n)


def places(*rows):
    return {place.row.entity: (place.best, place.worst) for place in league(rows)}


def test_only_intervals_that_do_not_meet_tell_two_apart():
    assert places(row("A", 0.9, 0.8, 1.0), row("B", 0.5, 0.4, 0.6), row("C", 0.45, 0.35, 0.55)) == {
        "A": (1, 1),
        "B": (2, 3),
        "C": (2, 3),
    }
    assert places(row("A", 0.9, 0.5, 1.0), row("B", 0.5, 0.4, 0.6)) == {"A": (1, 2), "B": (1, 2)}


def test_who_had_the_harder_accounts_is_compared_with_what_was_expected_of_them():
    easy, hard = row("easy", 0.6, 0.55, 0.65, expected=0.8), row("hard", 0.3, 0.27, 0.33, expected=0.2)
    assert places(easy, hard) == {"hard": (1, 1), "easy": (2, 2)}
    assert [place.row.entity for place in league([easy, hard])] == ["hard", "easy"]


def test_few_accounts_are_said():
    assert [place.is_few for place in league([row("A", 1, 0, 1, n=29), row("B", 0.9, 0, 1, n=30)])] == [True, False]


def test_a_forecast_without_past_months_has_the_run_rate_alone_and_none_before_the_first_working_day():
    made = forecast(Decimal(50), Decimal("0.25"), [])
    assert (made.by_days, made.by_shape, made.low, made.high, made.months) == (200, None, None, None, 0)
    assert forecast(Decimal(50), Decimal(0), []).by_days is None
    assert forecast(Decimal(50), Decimal(1), [Decimal("0.5"), Decimal(0)]).months == 1
