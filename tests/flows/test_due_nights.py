"""Which nights a scheduled start runs: those that were missed come first, and holidays are as the settings say."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deadlines import Calendar
from tasks.stages.due import PastNight, due_nights

# October 2026: 1 to 7 is China's golden week; 8 is a Thursday, 10 and 11 a weekend.
WORKING = Calendar(frozenset(date(2026, 9, day) for day in (28, 29, 30)) | frozenset(
    date(2026, 10, day) for day in (8, 9, 12, 13, 14, 15, 16)))  # fmt: skip
WHOLE = PastNight(is_whole=True, is_halted=False)
HALTED = PastNight(is_whole=True, is_halted=True)
KILLED = PastNight(is_whole=False, is_halted=False)


def day(number, month=10):
    return date(2026, month, number)


def due(on, past, *, holiday_nights="run", catch_up_days=7, stops=False):
    return due_nights(on, past, WORKING, holiday_nights=holiday_nights, catch_up_days=catch_up_days,
                      stops_after_halt=stops)  # fmt: skip


@pytest.mark.parametrize(
    ("about", "on", "past", "settings", "nights", "missing"),
    [
        ("the first night of a book", 9, {}, {}, [9], []),
        ("as every night", 9, {8: WHOLE}, {}, [9], []),
        ("its own date again", 9, {8: WHOLE, 9: WHOLE}, {}, [9], []),
        ("two were missed", 11, {8: WHOLE}, {}, [9, 10, 11], []),
        ("the last one was killed", 10, {8: WHOLE, 9: KILLED}, {}, [9, 10], []),
        ("only one, and it was killed", 9, {8: KILLED}, {}, [9], []),
        ("a halted one waits for people, and is no gap", 10, {8: WHOLE, 9: HALTED}, {}, [10], []),
        ("a gap before the last one is told", 13, {8: WHOLE, 10: WHOLE, 12: WHOLE}, {}, [13], [9, 11]),
        ("too far back", 14, {8: WHOLE}, {"catch_up_days": 2}, [12, 13, 14], [9, 10, 11]),
        ("none is caught up", 14, {12: WHOLE}, {"catch_up_days": 0}, [14], [13]),
        ("a weekend runs", 10, {9: WHOLE}, {}, [10], []),
        ("a weekend is left out", 10, {9: WHOLE}, {"holiday_nights": "skip"}, [], []),
        ("after it, it is no gap", 12, {9: WHOLE}, {"holiday_nights": "skip"}, [12], []),
        ("a weekend is shifted", 10, {9: WHOLE}, {"holiday_nights": "shift"}, [], []),
        ("to Monday's start", 12, {9: WHOLE}, {"holiday_nights": "shift"}, [10, 11, 12], []),
        ("a halted one stops", 10, {8: WHOLE, 9: HALTED}, {"stops": True}, [], []),
        ("one that was mended does not", 10, {8: HALTED, 9: WHOLE}, {"stops": True}, [10], []),
    ],
)  # fmt: skip
def test_what_is_due(about, on, past, settings, nights, missing):
    found = due(day(on), {day(number): night for number, night in past.items()}, **settings)
    assert (found.nights, found.missing) == (tuple(map(day, nights)), tuple(map(day, missing))), about


def test_a_golden_week_is_shifted_as_a_whole():
    last = {date(2026, 9, 30): WHOLE}
    assert [due(day(number), last, holiday_nights="shift").nights for number in range(1, 8)] == [()] * 7
    found = due(day(8), last, holiday_nights="shift", catch_up_days=14)
    assert found.nights == tuple(day(number) for number in range(1, 9))


def test_why_nothing_runs_is_said():
    (shifted,) = due(day(10), {day(9): WHOLE}, holiday_nights="shift").why
    (left_out,) = due(day(10), {day(9): WHOLE}, holiday_nights="skip").why
    (stopped,) = due(day(10), {day(9): HALTED}, stops=True).why
    assert "before that of the next working day" in shifted
    assert "it has no night" in left_out
    assert stopped.startswith("FLW005 the night of 2026-10-09 is halted")


kinds = st.sampled_from([WHOLE, HALTED, KILLED])


@given(
    past=st.dictionaries(st.integers(8, 16), kinds),
    holiday_nights=st.sampled_from(["run", "skip", "shift"]),
    catch_up_days=st.integers(0, 14),
    on=st.integers(8, 16),
)
def test_nights_are_in_order_end_with_the_one_due_and_are_never_run_behind_a_later_one(
    past, holiday_nights, catch_up_days, on
):
    known = {day(number): night for number, night in past.items()}
    found = due(day(on), known, holiday_nights=holiday_nights, catch_up_days=catch_up_days)
    whole = [each for each, night in known.items() if night.is_whole and each < day(on)]
    assert list(found.nights) == sorted(set(found.nights))
    assert not set(found.nights) & set(found.missing)
    if found.nights:
        assert found.nights[-1] == day(on)
        assert all(each > max(whole) for each in found.nights if whole)
