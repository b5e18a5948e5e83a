"""What chance alone would do: shares that moved; and where a month may end."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from domain.intervals import Counted, bar_for, moved
from kpi_rules.movement import forecast


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


def test_a_forecast_without_past_months_has_the_run_rate_alone_and_none_before_the_first_working_day():
    made = forecast(Decimal(50), Decimal("0.25"), [])
    assert (made.by_days, made.by_shape, made.low, made.high, made.months) == (200, None, None, None, 0)
    assert forecast(Decimal(50), Decimal(0), []).by_days is None
    assert forecast(Decimal(50), Decimal(1), [Decimal("0.5"), Decimal(0)]).months == 1
