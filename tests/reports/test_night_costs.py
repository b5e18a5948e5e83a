"""What nights cost, as a report: the newest beside the median, growth, and every attempt."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from domain.costs import Cost, NightCost
from domain.ids import AttemptId
from domain.money import CONTEXT
from reports.languages import Language
from reports.night_costs import NightCosts, night_costs_report
from reports.report_files import report_page
from reports.views import About
from tests.reports import sample

LAST = date(2026, 10, 31)


def night(age, *costs, state="done", attempt=""):
    day = LAST - timedelta(days=age)
    begun = datetime(day.year, day.month, day.day, 19, tzinfo=UTC)
    stages = tuple(
        Cost(stage, Decimal(seconds), Decimal(seconds) / 2, peak_mib=400 + age, written_mib=3, rows=1000)
        for stage, seconds in costs
    )
    return NightCost(AttemptId(attempt or f"a{age}"), sample.RUN, day, state, begun, begun, stages)


def facts(*nights, label=sample.LABEL):
    return NightCosts(About(LAST, (sample.RUN,), {}, {}, (), (), owner="head", book_label=label), nights)


def page(language, label=sample.LABEL):
    nights = [night(age, ("land", "1.5"), ("gate", str(20 - age))) for age in range(9, -1, -1)]
    return report_page(night_costs_report(facts(*nights, label=label), language), language)


def rows(section, *nights):
    report = night_costs_report(facts(*nights), Language.ENGLISH)
    found = next(each for each in report.sections if each.name == section)
    return [[cell if isinstance(cell, str) else cell.value for cell in row.cells] for row in found.rows]


def test_a_stage_stands_beside_the_median_the_longest_and_the_first_nights():
    nights = [night(age, ("gate", seconds)) for age, seconds in zip(range(5, -1, -1), "123489", strict=True)]
    assert rows("stages", *nights) == [
        ["gate", 9, 3, 9, CONTEXT.divide(Decimal("8.5"), Decimal("1.5")), Decimal("4.5"), 400, 3, 1000],
    ]


@pytest.mark.parametrize(("newest", "tone"), [("15", ""), ("15.1", "bad")])
def test_what_takes_more_than_half_as_long_again_is_marked(newest, tone):
    report = night_costs_report(facts(night(1, ("gate", "10")), night(0, ("gate", newest))), Language.ENGLISH)
    assert report.cards[0].number.tone == tone
    assert report.sections[0].rows[0].cells[1].tone == tone


def test_a_stage_finished_in_an_earlier_attempt_costs_what_it_cost_there():
    killed = night(0, ("land", "1"), ("gate", "7"), state="running", attempt="first")
    again = night(0, ("land", "2"), ("measure", "3"), attempt="second")
    assert [row[:2] for row in rows("stages", killed, again)] == [["land", 2], ["gate", 7], ["measure", 3]]
    assert [row[2:4] for row in rows("nights", killed, again)] == [["done", 5], ["running", 8]]


def test_few_nights_say_nothing_of_growth_and_none_say_so():
    assert rows("stages", night(0, ("gate", "1")))[0][2:5] == [None, 1, None]
    report = night_costs_report(facts(), Language.ENGLISH)
    assert (report.cards, report.sections[0].rows) == ((), ())
