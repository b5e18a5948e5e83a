"""The page of a capacity plan: what is missing is said, and nobody is named unless it was asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from allocation.capacity.backtest import BackTest
from allocation.capacity.demand import Handling, Work
from allocation.capacity.hours import TenHours
from allocation.capacity.money import HourCost
from allocation.capacity.moves import Ability, Move, Proposal
from allocation.capacity.plan import Asked, CapacityPlan, DepartmentWeek, Roll, StockWeek, TeamWeek, WorkWeek
from allocation.capacity.rates import RateRow
from allocation.capacity.supply import Leaving
from reports.capacity import capacity_report
from reports.capacity_facts import CapacityFacts, Gap, HourCosted, Notice
from reports.formats import Formats
from reports.languages import Language
from reports.report_files import report_page
from reports.sections import texts_of
from tests.reports import sample

ONE, TWO = Decimal(1), Decimal("2.5")
MONDAYS = (date(2026, 10, 19), date(2026, 10, 26))


def facts(label: str = sample.LABEL, text: str = "phone") -> CapacityFacts:
    """One department of one team, two weeks; short of one and a half, with whom to ask from legal."""
    work = Work("VN", (text,), ("vi",))
    plan = CapacityPlan(
        date(2026, 10, 18),
        MONDAYS,
        tuple(StockWeek(text, week, TWO, ONE, ONE, ONE, ONE, TWO, ONE, TWO) for week in (1, 2)),
        (StockWeek("1-30", 1, TWO, ONE, ONE, ONE, ONE, TWO, ONE, TWO),),
        (Asked("VN", text, "phone", 1, Decimal(600), Decimal("0.75"), Decimal("4.67"), Decimal("35.03")),),
        (TeamWeek("VN", text, text, 1, ONE, *[TWO] * 7, TWO, None, TWO),),
        (WorkWeek(work, 1, TWO, ONE, TWO, None, ONE, True),),
        tuple(
            DepartmentWeek(text, week, ONE, TWO, TWO, TWO, None, TWO, ONE, TWO, Decimal("1.5"), ONE, None, None, TWO)
            for week in (1, 2)
        ),
        "VND",
    )
    counted = Handling(text, "phone", 20, (("call", Decimal("0.5"), Decimal(6)),))
    hour = HourCost(Decimal(90), None, "2026-09", Decimal(900), 600)
    return CapacityFacts(
        "abc",
        (sample.RUN,),
        text,
        13,
        2,
        Decimal("0.85"),
        plan,
        (Roll(text, "", 3, 10, Decimal("0.3"), Decimal("0.1"), Decimal("0.6")),),
        (Handling(text, "phone", 20), counted),
        (Leaving(text, 1, Decimal(9), Decimal("0.2"), Decimal("0.5"), Decimal("0.15")),),
        (("VN", (5, 4)),),
        (HourCosted(text, hour), HourCosted(text, HourCost(Decimal(90), MONDAYS[0]))),
        (TenHours("VN", text, text, 600, ONE, ONE, TWO, TWO, None),),
        (Proposal("legal", "LG-1", work, 1, TWO, Decimal("1.5"), Decimal("1.5"), Decimal("0.5"), None, ONE),),
        (Move("E0007", "legal", "LG-1", work, Ability(None, ONE, Decimal(3), ONE), TWO, ONE, ONE, ONE, None, ONE),),
        (RateRow("VN card", "phone 1-7", "", 3, 10, Decimal("0.2"), Decimal("0.5"), Decimal("0.25")),),
        (BackTest(text, 1, 4, Decimal("0.07"), None, 3),),
        tuple(Notice(gap, text) for gap in Gap),
        label,
    )


def page(language: Language, **more: str) -> str:
    return report_page(capacity_report(facts(**more), language), language)


@pytest.mark.parametrize("gap", Gap)
def test_each_gap_is_told_with_its_code_and_what_it_is_of(gap):
    told = [text for text in capacity_report(facts(text="phone_early")).warnings if text.startswith(gap)]
    assert len(told) == 1
    is_of_something = gap not in {Gap.NO_WEEKS, Gap.NO_STAFFING, Gap.NOT_SOLVED}
    assert ("phone_early" in told[0]) == is_of_something
    assert "{" not in told[0]


def test_without_names_there_is_no_section_of_people():
    sections = {section.name for section in capacity_report(facts()).sections}
    assert sections - {each.name for each in capacity_report(replace(facts(), people=())).sections} == {"people"}


def test_what_the_figures_rest_on_is_told_with_its_arithmetic():
    basis = next(section for section in capacity_report(facts()).sections if section.name == "basis")
    told = [texts_of(basis, row, Formats())["Reckoned from"] for row in basis.rows]
    assert told == [
        "4.67 minutes a week = 20 minutes a month × 7 ÷ 30",
        "3.00 minutes a week = actions a week × minutes of one: 0.5 × 6 (call)",
        "0.15 a year: 1 leavers in 9.00 person-years with the weight 0.50, and the house's 0.20",
        "90 = costs of 2026-09, 900 ÷ 600 minutes × 60",
        "90 as stated from 2026-10-19 on",
        "5, 4",
    ]


def test_what_is_not_known_is_no_number():
    costs = next(section for section in capacity_report(facts()).sections if section.name == "costs")
    texts = texts_of(costs, costs.rows[0], Formats())
    assert (texts["Cost of who is there"], texts["Budget − needed"]) == ("–", "–")
