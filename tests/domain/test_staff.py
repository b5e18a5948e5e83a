"""Which days of a period count for somebody: a table that HR could check, and a slow count day by day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import Period
from domain.staff import (
    DayCount,
    DayShareKeys,
    Employee,
    Leave,
    Share,
    Span,
    StaffPosting,
    Terms,
    absences_of,
    overlap,
    share_of_period,
    spans_of,
    without_days,
)

OCTOBER = Period(2026, 10)
HIRED = date(2024, 1, 1)
WEEKDAYS = frozenset(
    day for day in (date(2026, 9, 21) + timedelta(days=offset) for offset in range(60)) if day.weekday() < 5
)


def october(day):
    return date(2026, 10, day)


def somebody(*, postings=(), terms=(), leave=(), hired=HIRED, exited=None):
    postings = postings or (StaffPosting("field", "F1", "collector", HIRED),)
    terms = terms or (Terms(Decimal(1), HIRED),)
    return Employee("E1", "VND", "VN", hired, exited, tuple(postings), tuple(terms), tuple(leave))


def in_field(start=HIRED, end=None, team="F1"):
    return StaffPosting("field", team, "collector", start, end)


def in_phone(start, end=None):
    return StaffPosting("phone", "P1", "collector", start, end)


def shown(spans):
    return [(span.posting.team, span.start, span.end) for span in spans]


WHOLE = (date(2026, 10, 1), date(2026, 11, 1))


@pytest.mark.parametrize(
    ("whom", "cuts", "spans"),
    [
        pytest.param({}, (), [("F1", *WHOLE)], id="the whole month, half-open"),
        pytest.param({"hired": october(5)}, (), [("F1", october(5), WHOLE[1])], id="a joiner from the first day"),
        pytest.param({"exited": october(20)}, (), [("F1", WHOLE[0], october(20))], id="a leaver up to the exit"),
        pytest.param({"exited": date(2027, 1, 1)}, (), [("F1", *WHOLE)], id="an exit after the month"),
        pytest.param({"exited": WHOLE[0]}, (), [], id="gone on the first day"),
        pytest.param({"hired": WHOLE[1]}, (), [], id="hired on the day after"),
        pytest.param({"hired": october(31)}, (), [("F1", october(31), WHOLE[1])], id="one day"),
        pytest.param(
            {"postings": (in_field(end=october(10)), in_phone(october(10)))},
            (),
            [("F1", WHOLE[0], october(10)), ("P1", october(10), WHOLE[1])],
            id="a transfer: the day belongs to where it begins",
        ),
        pytest.param(
            {"postings": (in_phone(october(10)), in_field(end=october(10)))},
            (),
            [("F1", WHOLE[0], october(10)), ("P1", october(10), WHOLE[1])],
            id="in order, however they are listed",
        ),
        pytest.param(
            {"postings": (in_field(team="F2"), in_field(team="F1"), in_phone(HIRED))},
            (),
            [("F1", *WHOLE), ("F2", *WHOLE), ("P1", *WHOLE)],
            id="equal starts by department and team",
        ),
        pytest.param({"postings": (in_field(end=WHOLE[0]),)}, (), [], id="a posting that ended before"),
        pytest.param({"postings": (in_field(start=WHOLE[1]),)}, (), [], id="a posting that begins after"),
        pytest.param(
            {},
            (october(15), october(1), date(2026, 11, 1), date(2026, 9, 3)),
            [("F1", WHOLE[0], october(15)), ("F1", october(15), WHOLE[1])],
            id="cut inside only",
        ),
        pytest.param(
            {"exited": october(12)},
            (october(5), october(12), october(20)),
            [("F1", WHOLE[0], october(5)), ("F1", october(5), october(12))],
            id="cut up to the exit",
        ),
    ],
)
def test_the_postings_within_the_period_and_the_employment(whom, cuts, spans):
    assert shown(spans_of(somebody(**whom), OCTOBER, cuts)) == spans


@pytest.mark.parametrize(
    ("pieces", "overlapping"),
    [
        ([(1, 10), (10, 20)], False),
        ([(10, 20), (1, 10)], False),
        ([(1, 11), (10, 20)], True),
        ([(10, 20), (1, 11)], True),
        ([(1, 31)], False),
        ([], False),
    ],
)
def test_postings_overlap_only_where_a_day_has_two(pieces, overlapping):
    assert overlap(tuple(Span(in_field(), october(start), october(end)) for start, end in pieces)) is overlapping


@pytest.mark.parametrize(
    ("leave", "days", "stretches"),
    [
        pytest.param([("sick", 5, 8)], 3, [(5, 8)], id="as many days as asked"),
        pytest.param([("sick", 5, 8)], 4, [], id="one day short"),
        pytest.param([("annual", 5, 20)], 1, [], id="another kind"),
        pytest.param([("annual", 1, 3), ("sick", 5, 8)], 3, [(5, 8)], id="another kind before it"),
        pytest.param([("sick", 5, 8), ("unpaid", 8, 12)], 7, [(5, 12)], id="without a day between they are one"),
        pytest.param([("sick", 5, 8), ("unpaid", 9, 12)], 3, [(5, 8), (9, 12)], id="with a day between they are two"),
        pytest.param([("unpaid", 6, 7), ("sick", 5, 12)], 7, [(5, 12)], id="one inside the other, in any order"),
        pytest.param([("sick", 5, 8), ("annual", 8, 9), ("sick", 9, 12)], 6, [], id="another kind lies between"),
        pytest.param([("sick", 10, 12), ("sick", 3, 5)], 2, [(3, 5), (10, 12)], id="in order"),
        pytest.param([("sick", 5, 12), ("sick", 5, 7), ("sick", 12, 14)], 9, [(5, 14)], id="equal starts"),
    ],
)
def test_stretches_of_absence(leave, days, stretches):
    whom = somebody(leave=[Leave(kind, october(start), october(end)) for kind, start, end in leave])
    found = absences_of(whom, ("sick", "unpaid"), days)
    assert [(start.day, end.day) for start, end in found] == stretches


@pytest.mark.parametrize(
    ("start", "end", "left"),
    [
        (5, 8, [(1, 5), (8, 10), (12, 20)]),
        (1, 10, [(12, 20)]),
        (9, 13, [(1, 9), (13, 20)]),
        (20, 25, [(1, 10), (12, 20)]),
        (1, 20, []),
        (10, 12, [(1, 10), (12, 20)]),
    ],
)
def test_days_are_taken_out_of_each_span(start, end, left):
    spans = tuple(Span(in_field(), october(first), october(last)) for first, last in ((1, 10), (12, 20)))
    found = without_days(spans, october(start), october(end))
    assert [(span.start.day, span.end.day) for span in found] == left
    assert {span.posting for span in found} <= {in_field()}


PART_TIME = (Terms(Decimal(1), HIRED, october(16)), Terms(Decimal("0.5"), october(16)))
A_WEEK_SICK = (Leave("sick", october(5), october(12)),)


@pytest.mark.parametrize(
    ("whom", "by", "employment_share", "counted", "whole"),
    [
        pytest.param({}, DayCount.CALENDAR, False, "31", 31, id="calendar days"),
        pytest.param({}, DayCount.WORKING, False, "22", 22, id="working days"),
        pytest.param({"hired": october(12)}, DayCount.CALENDAR, False, "20", 31, id="a joiner"),
        pytest.param({"hired": october(12)}, DayCount.WORKING, False, "15", 22, id="a joiner on a Monday"),
        pytest.param({"exited": october(10)}, DayCount.WORKING, False, "7", 22, id="a leaver on a Saturday"),
        pytest.param({"leave": A_WEEK_SICK}, DayCount.WORKED, False, "17", 22, id="a week of sick leave"),
        pytest.param({"leave": A_WEEK_SICK}, DayCount.WORKING, False, "22", 22, id="leave is worked by other counts"),
        pytest.param({"leave": A_WEEK_SICK}, DayCount.CALENDAR, False, "31", 31, id="and by the calendar"),
        pytest.param({}, DayCount.WORKED, False, "22", 22, id="nobody was away"),
        pytest.param(
            {"leave": (Leave("annual", october(5), october(12)),)}, DayCount.WORKED, False, "22", 22, id="other leave"
        ),
        pytest.param({"terms": PART_TIME}, DayCount.WORKING, False, "22", 22, id="the share is not asked for"),
        pytest.param({"terms": PART_TIME}, DayCount.WORKING, True, "16.5", 22, id="each day by its own share"),
        pytest.param({"terms": PART_TIME}, DayCount.CALENDAR, True, "23", 31, id="calendar days by their share"),
        pytest.param(
            {"terms": (Terms(Decimal("0.8"), HIRED),)}, DayCount.WORKING, True, "17.6", 22, id="part-time all along"
        ),
        pytest.param(
            {"terms": (Terms(Decimal("0.8"), october(12)),)},
            DayCount.WORKING,
            True,
            "12.0",
            22,
            id="terms from a day on",
        ),
        pytest.param(
            {"terms": (Terms(Decimal("0.8"), HIRED, october(30)),)},
            DayCount.WORKING,
            True,
            "16.8",
            22,
            id="terms up to, not including, the last working day",
        ),
        pytest.param(
            {"postings": (in_field(october(10), october(12)),)}, DayCount.WORKING, True, "0", 22, id="a weekend"
        ),
        pytest.param({"exited": october(1)}, DayCount.WORKING, True, "0", 22, id="no day at all"),
    ],
)
def test_the_share_of_a_month(whom, by, employment_share, counted, whole):
    employee = somebody(**whom)
    share = share_of_period(
        employee,
        spans_of(employee, OCTOBER),
        OCTOBER,
        WEEKDAYS,
        by=by,
        employment_share=employment_share,
        without_leave=("sick",),
    )
    assert share == Share(Decimal(counted), Decimal(whole))


@pytest.mark.parametrize("working", [None, frozenset(), frozenset({date(2026, 9, 30), date(2026, 11, 1)})])
def test_without_a_working_day_of_the_month_there_is_no_share(working):
    def share(by):
        return share_of_period(somebody(), (), OCTOBER, working, by=by, employment_share=False, without_leave=("sick",))

    assert share(DayCount.WORKING) is None
    assert share(DayCount.WORKED) is None
    assert share(DayCount.CALENDAR) == Share(Decimal(0), Decimal(31))


@pytest.mark.parametrize(
    ("by", "without_leave", "stated"),
    [
        (DayCount.WORKED, ("sick",), True),
        (DayCount.WORKED, (), False),
        (DayCount.WORKING, (), True),
        (DayCount.WORKING, ("sick",), False),
        (DayCount.CALENDAR, ("sick",), False),
    ],
)
def test_leave_is_stated_for_days_worked_and_only_there(by, without_leave, stated):
    keys = DayShareKeys(by=by, employment_share=False, without_leave=without_leave)
    assert keys.is_leave_stated is stated


days = st.integers(-5, 40).map(lambda offset: OCTOBER.start + timedelta(days=offset))
shares = st.sampled_from([Decimal("0.5"), Decimal("0.8"), Decimal(1)])


@st.composite
def stretches(draw, most=3):
    """Days that do not overlap, in order, the last one perhaps without an end."""
    cuts = sorted(draw(st.sets(days, min_size=2, max_size=2 * most)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    open_end = draw(st.booleans())
    return [(start, None if open_end and (start, end) == pairs[-1] else end) for start, end in pairs]


@given(
    places=stretches(),
    terms=stretches(),
    full_time=st.lists(shares, min_size=3, max_size=3),
    leave=stretches(),
    hired=days,
    exited=st.none() | days,
    by=st.sampled_from(DayCount),
    employment_share=st.booleans(),
)
def test_the_share_equals_counting_day_by_day(places, terms, full_time, leave, hired, exited, by, employment_share):
    employee = somebody(
        postings=[in_field(*place) for place in places],
        terms=[Terms(share, *held) for share, held in zip(full_time, terms, strict=False)],
        leave=[Leave("sick", start, end or date(2027, 1, 1)) for start, end in leave],
        hired=hired,
        exited=exited,
    )
    spans = spans_of(employee, OCTOBER)
    share = share_of_period(
        employee, spans, OCTOBER, WEEKDAYS, by=by, employment_share=employment_share, without_leave=("sick",)
    )
    counting = [day for day in map(october, range(1, 32)) if by is DayCount.CALENDAR or day in WEEKDAYS]
    worked = [day for day in counting if _is_worked(employee, day, by)]
    weights = [_full_time(employee, day) if employment_share else Decimal(1) for day in worked]
    assert share == Share(sum(weights, Decimal(0)), Decimal(len(counting)))
    assert share.counted <= share.whole


def _is_worked(employee, day, by):
    is_there = any(each.valid_from <= day and day < (each.valid_to or date.max) for each in employee.postings)
    is_employed = employee.hired_on <= day < (employee.exited_on or date.max)
    is_away = by is DayCount.WORKED and any(each.starts_on <= day < each.ends_on for each in employee.leave)
    return is_there and is_employed and not is_away


def _full_time(employee, day):
    holding = [each for each in employee.terms if each.valid_from <= day < (each.valid_to or date.max)]
    return sum((each.full_time_share for each in holding), Decimal(0))
