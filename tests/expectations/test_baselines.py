"""What a figure is compared with: days of the same kind, and nothing while there are too few of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.records import Outcome
from expectations.batch_checks import suite_for
from expectations.suites import Baseline, DayFigures, DayKind, Night, NoRows, RowCount, Severity

WEDNESDAY, SUNDAY = date(2026, 3, 4), date(2026, 3, 8)


def kind_of(day: date) -> DayKind:
    return DayKind.WORKING if day.weekday() < 5 else DayKind.OFF


def days(number: int, rows, sums=()) -> tuple[DayFigures, ...]:
    """Figures of the days before the Wednesday; `rows` of a date."""
    past = [WEDNESDAY - timedelta(days=back) for back in range(1, number + 1)]
    return tuple(DayFigures(day, kind_of(day), rows(day), sums) for day in past)


def volume(thresholds, day: date, figures, table: str = "payments") -> tuple[RowCount, RowCount] | str:
    night = Night(day, kind_of(day), frozenset({table}), {})
    suite = suite_for(thresholds[table], night, Baseline(table, tuple(figures)))
    unknown = [one for one in suite.not_yet_known if one.check == f"{table}.volume"]
    if unknown:
        assert unknown[0].outcome is Outcome.NOT_YET_KNOWN
        return unknown[0].found
    return tuple(one.measure for one in suite.expectations if one.check == f"{table}.volume")


@pytest.mark.parametrize(
    ("day", "number", "expected"),
    [
        (WEDNESDAY, 6, "4 comparable days with figures"),
        (WEDNESDAY, 7, (RowCount(33, 300), RowCount(10, 1000))),
        (WEDNESDAY, 35, (RowCount(666, 6000), RowCount(200, 20_000))),
        (SUNDAY, 28, (RowCount(3, 30), RowCount(0, 100))),
    ],
    ids=["too few working days", "working days", "enough Wednesdays", "days off"],
)
def test_events_are_compared_with_days_of_the_same_kind(thresholds, day, number, expected):
    """Wednesdays have 2,000 payments, other working days 100, weekends 10; a day off may have none."""
    figures = days(number, lambda past: {2: 2000, 5: 10, 6: 10}.get(past.weekday(), 100))
    assert volume(thresholds, day, figures) == expected


def test_the_end_of_a_month_may_reach_the_peak_of_the_last_one(thresholds):
    """Working days have 100 payments, the last three days of February 900: March may end as February did."""
    tuesday, earlier = date(2026, 3, 31), date(2026, 3, 24)
    past = [tuesday - timedelta(days=back) for back in range(1, 36)]
    figures = tuple(DayFigures(day, kind_of(day), 900 if day.month == 2 and day.day > 25 else 100) for day in past)
    assert volume(thresholds, tuesday, figures) == (RowCount(33, 2700), RowCount(10, 9000))
    sunday = date(2026, 3, 29)
    assert volume(thresholds, sunday, figures[2:])[0] == RowCount(33, 2700), "three days belong to the end"
    before = tuple(day for day in figures if day.business_date < earlier)
    assert volume(thresholds, earlier, before) == (RowCount(33, 300), RowCount(10, 1000))


def test_a_day_off_on_which_others_work_is_compared_with_no_weekend(thresholds):
    figures = days(28, lambda _: 10)
    night = Night(SUNDAY, DayKind.PARTLY, frozenset({"payments"}), {})
    suite = suite_for(thresholds["payments"], night, Baseline("payments", figures))
    assert {one.found for one in suite.not_yet_known if one.check == "payments.volume"} == {
        "0 comparable days with figures"
    }
    alike = tuple(replace(day, kind=DayKind.PARTLY) for day in figures[:5])
    suite = suite_for(thresholds["payments"], night, Baseline("payments", (*alike, *figures[5:])))
    assert "payments.volume" in {one.check for one in suite.expectations}


def test_state_is_compared_with_the_last_accepted_extract(thresholds):
    figures = days(3, lambda past: 1000 if past == WEDNESDAY - timedelta(days=1) else 1)
    assert volume(thresholds, WEDNESDAY, figures, "accounts") == (RowCount(909, 1100), RowCount(666, 1500))
    assert volume(thresholds, WEDNESDAY, (), "accounts") == "0 comparable days with figures"


def test_a_baseline_of_nothing_is_not_yet_known(thresholds):
    assert volume(thresholds, WEDNESDAY, days(14, lambda _: 0)) == "10 comparable days with figures"


def test_where_there_are_hardly_any_only_so_many_count(thresholds):
    assert volume(thresholds, WEDNESDAY, days(14, lambda _: 0), "complaints") == (RowCount(0, 30), RowCount(0, 30))


def test_sums_and_means_are_exact_statements_per_currency(thresholds):
    sums = (("CNY", Decimal("10.01")), ("VND", Decimal(5_000)))
    night = Night(WEDNESDAY, DayKind.WORKING, frozenset({"payments"}), {"accounts": WEDNESDAY - timedelta(days=1)})
    suite = suite_for(thresholds["payments"], night, Baseline("payments", days(14, lambda _: 100, sums)))
    halting = {one.check: one for one in suite.expectations if one.severity is Severity.CRITICAL}
    assert halting["payments.sum"].expected.startswith("a sum of 0.50 to 200.20 CNY; 250.00 to 100,000.00 VND")
    assert halting["payments.mean"].expected.startswith("a mean of 0.01 to 0.81 CNY; 6.25 to 400.00 VND")
    assert all(isinstance(halting[name].measure, NoRows) for name in ("payments.sum", "payments.mean"))
    assert suite.views == ("payments", "accounts_previous", "payments_history")


@pytest.mark.parametrize(
    ("day", "usual", "number", "severity", "least"),
    [
        (WEDNESDAY, 10, 14, Severity.CRITICAL, 1),
        (WEDNESDAY, 9, 14, Severity.WARNING, 1),
        (WEDNESDAY, 9, 4, Severity.CRITICAL, 1),
        (SUNDAY, 10, 28, Severity.CRITICAL, 0),
    ],
    ids=["rows every day", "few rows", "too few days to know", "a day off"],
)
def test_a_day_without_rows_is_no_wonder_where_there_are_few(thresholds, day, usual, number, severity, least):
    night = Night(day, kind_of(day), frozenset({"visits"}), {})
    suite = suite_for(thresholds["visits"], night, Baseline("visits", days(number, lambda _: usual)))
    (rows,) = (one for one in suite.expectations if one.check == "visits.rows")
    assert (rows.severity, rows.measure) == (severity, RowCount(least))


def test_a_table_without_batch_limits_has_no_suite(thresholds):
    night = Night(WEDNESDAY, DayKind.WORKING, frozenset(), {})
    assert suite_for(thresholds["opening_dispatch"], night, Baseline("opening_dispatch")) is None
