"""The weekly and the monthly report: what they compare, what they call an estimate, and who sees whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.league import Standing as LeagueStanding
from domain.league import Verdict
from domain.records import Grain, Unit
from reports.languages import Language
from reports.monthly import MonthlyFacts, Rolled, Scores, Standing, Vintage, monthly_report
from reports.partner_league import PartnerLeague
from reports.report_files import report_page
from reports.scopes import Posting, Scope
from reports.sections import Day
from reports.views import About
from reports.weekly import Behind, Finding, MonthEnd, ReviewedCard, WeeklyFacts, weekly_report
from reports.weekly_overdue import Overdue, Pace
from tests.reports import sample
from tests.reports.reading import Page
from tests.reports.test_daily_report import changed, named, section
from tests.reports.test_daily_report import facts as daily_facts

FRIDAY = date(2026, 10, 30)
COURSE = tuple((day, Decimal(2 * day)) for day in range(1, 31))
POSTINGS = (
    Posting("E1", "phone", "T1", "collector", "E9"),
    Posting("E2", "phone", "T2", "collector", "E9"),
    Posting("E4", "field", "T3", "collector", "E8"),
)


def about(day):
    return About(
        business_date=day,
        runs=(sample.RUN,),
        labels=sample.labels(),
        titles={"phone": "Telephone"},
        buckets=((0, 0), (1, 30), (31, None)),
        postings=POSTINGS,
        owner="head_of_collections",
        book_label=sample.LABEL,
    )


def _week(recovered, rate, complaints):
    for team, of in (("T1", 0), ("T2", 1)):
        yield sample.kpi("recovery_rate", team, rate[of], grain=Grain.TEAM, currency="VND")
        yield sample.kpi("complaint_rate", team, complaints[of], grain=Grain.TEAM)
        yield sample.kpi("recovered", team, recovered[of], grain=Grain.TEAM, unit=Unit.MONEY, currency="VND")


def weekly(**changes) -> WeeklyFacts:
    behind = Behind(
        Grain.EMPLOYEE, "E1", "phone", "T1", date(2026, 10, 9), 4, Decimal("0.61"), "falling_behind-E1-2026-10-09"
    )
    known = WeeklyFacts(
        about(FRIDAY),
        first_day=date(2026, 10, 26),
        this_week=tuple(_week(("700", "0"), ("0.12", None), ("0.004", "0.009"))),
        last_week=tuple(_week(("500", "100"), ("0.10", "0.05"), ("0.006", "0.009"))),
        cards=(ReviewedCard("phone", ("recovery_rate", "complaint_rate")), ReviewedCard("field", ("visits_on_time",))),
        findings=(Finding("late", "Contact rate", Decimal("0.3"), Decimal("0.4"), 900, Decimal("4.5"), True),),
        comparisons=20,
        bar=Decimal("3.02"),
        month_ends=(
            MonthEnd("", "VND", Decimal(60), Decimal(120), Decimal(110), Decimal(100), Decimal(150), 2, COURSE),
            MonthEnd("phone", "VND", Decimal(40), Decimal(80), None, None, None, 0),
        ),
        behind=(behind, replace(behind, grain=Grain.TEAM, entity="T3", department="field", team="T3")),
        weeks_known=5,
        behind_share=Decimal("0.8"),
        behind_weeks=3,
    )
    return changed(known, **changes)


def monthly(**changes) -> MonthlyFacts:
    standing = Standing(
        Grain.TEAM, "T1", "phone", "T1", Decimal("0.5"), Decimal("0.4"), Decimal("0.45"), Decimal("0.55"), 400, 1, 1,
        is_few=False,
    )  # fmt: skip
    few = replace(standing, entity="T3", department="field", team="T3", n=12, best=2, worst=3, is_few=True)
    person = replace(standing, grain=Grain.EMPLOYEE, entity="E1", best=1, worst=2)
    vintages = [
        Vintage(f"{2026 - back // 12}-{12 - back % 12:02d}", "VND", back, 10, 5, 3, 1, *map(Decimal, (900, 90, 9)))
        for back in range(30)
    ]
    gap = daily_facts().gaps[0]
    known = MonthlyFacts(
        about(date(2026, 10, 31)),
        month="October 2026",
        kpis=daily_facts().kpis,
        scores=(Scores("phone", 9, 1, Decimal(60), Decimal(88), Decimal(104)), Scores("field", 0, 2, None, None, None)),
        gaps=(replace(gap, due=gap.target),),
        weights={("phone", "recovery_rate"): Decimal("0.4")},
        rolled=(
            Rolled(1, 0, "VND", 30, Decimal(300)),
            Rolled(1, 1, "VND", 50, Decimal(500)),
            Rolled(1, 2, "VND", 15, Decimal(100)),
            Rolled(1, None, "VND", 5, Decimal(100)),
            Rolled(0, 1, "CNY", 4, Decimal("8.50")),
        ),
        vintages=tuple(vintages),
        league=(standing, few, person),
        league_title="Cure rate",
        tie_outs=(("Accounts one bucket on", Decimal(19), Decimal(19)),),
    )
    return changed(known, **changes)


def week(scope=Scope(), **changes):  # noqa: B008 - frozen
    return weekly_report(weekly(**changes), Language.ENGLISH, scope)


def month(scope=Scope(), **changes):  # noqa: B008 - frozen
    return monthly_report(monthly(**changes), Language.ENGLISH, scope)


def text_of(report):
    return Page(report_page(report, Language.ENGLISH)).text


def test_a_team_has_its_week_and_the_change_from_the_week_before_in_the_colour_of_the_rule():
    first, second = section(week(), "review-phone").rows
    name, rate, complaints = first.cells
    assert (name, rate.value, rate.note, rate.tone) == ("T1", Decimal("0.12"), "+2.00%", "good")
    assert (complaints.note, complaints.tone) == ("-0.20%", "good"), "fewer complaints are better"
    assert second.cells[1].value is None
    assert (second.cells[2].note, second.cells[2].tone) == ("0.00%", "")


def test_without_a_night_of_the_week_before_no_change_is_shown_and_it_says_so():
    review = section(week(last_week=None), "review-phone")
    assert review.rows[0].cells[1].note == ""
    assert "No night of the week before has measured" in review.rule


def test_who_falls_behind_has_a_first_day_and_an_action():
    row = section(week(), "behind").rows[0]
    assert [row.cells[0], row.cells[2], row.cells[3].value, row.cells[5]] == [
        "E1", Day(date(2026, 10, 9)), 4, "falling_behind-E1-2026-10-09",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "told"),
    [(2, "Not yet known: 2 of the 3 weekly nights that it takes have measured."),
     (3, "Nobody. 3 weekly nights were looked at.")],
)  # fmt: skip
def test_nobody_behind_and_not_yet_known_are_told_apart(known, told):
    assert section(week(behind=(), weeks_known=known), "behind").empty == told


def test_what_was_compared_and_found_nothing_is_told_apart_from_nothing_to_compare():
    assert section(week(findings=()), "segments").empty == "No segment moved by more than chance moves it."
    assert "no earlier night has measured" in section(week(findings=(), comparisons=0), "segments").empty
    assert "more than 3.02 standard errors: so many comparisons (20)" in section(week(), "segments").rule


def test_a_forecast_is_called_an_estimate_wherever_it_stands():
    ends = section(week(), "month-end")
    assert ends.rule.startswith("An estimate.")
    marked = [heading.title for heading in ends.headings if heading.note == "estimate"]
    assert marked == ["By days", "By shape", "Lowest", "Highest"]
    assert [cell.value for cell in ends.rows[0].cells[2:]] == [60, 120, 110, 100, 150, 2]
    assert any("an estimate" in card.title for card in week().cards)


@pytest.mark.parametrize(
    ("scope", "sees", "others"),
    [
        (Scope(Grain.TEAM, "T1"), {"E1", "T1"}, {"T2", "T3", "segments", "late"}),
        (Scope(Grain.DEPARTMENT, "phone"), {"E1", "T1", "T2"}, {"T3", "late"}),
        (Scope(Grain.DEPARTMENT, "field"), {"T3"}, {"E1", "T1", "T2"}),
    ],
)
def test_of_the_week_a_leader_sees_the_own_people_and_nobody_else(scope, sees, others):
    words = set(text_of(week(scope)).split())
    assert sees <= words
    assert not words & others


@pytest.mark.parametrize(
    ("scope", "sees", "others"),
    [
        (Scope(Grain.TEAM, "T1"), {"E1", "T1"}, {"T3", "Vintages", "Roll"}),
        (Scope(Grain.DEPARTMENT, "field"), {"T3"}, {"E1", "T1", "Vintages", "Roll"}),
        (Scope(), {"T1", "T3"}, {"E1"}),
    ],
)
def test_of_the_month_too(scope, sees, others):
    words = set(text_of(month(scope)).split())
    assert sees <= words
    assert not words & others


def test_a_roll_table_shows_every_account_once_with_the_share_of_its_row():
    rows = section(month(), "roll-accounts").rows
    assert [row.cells[0] for row in rows] == ["current", "1–30"]
    assert [cell.value for cell in rows[1].cells[1:]] == [30, 50, 15, 5, 100]
    assert [cell.note for cell in rows[1].cells[1:]] == ["30.00%", "50.00%", "15.00%", "5.00%", ""]
    assert [cell.tone for cell in rows[1].cells[1:5]] == ["good", "", "bad", "good"]
    assert [cell.value for cell in section(month(), "roll-VND").rows[0].cells[1:]] == [300, 500, 100, 100, 1_000]


def test_old_vintages_are_one_row_and_nothing_is_left_out():
    found = named(month(), "vintages-VND")
    assert len(found) == 25
    older = found["until 2025-01"]
    assert (older[0], older[1]) == ("23–29", 70)
    assert found["Total"][1] == 300
    assert found["Total"][5:] == [27_000, 2_700, 270, Decimal("0.1")]


def test_places_are_told_as_far_as_intervals_tell_them_and_few_accounts_get_no_verdict():
    first, second = section(month(), "league-teams").rows
    assert [first.cells[1], first.cells[4].value, first.cells[7]] == ["1", Decimal("1.25"), ""]
    assert [second.cells[1], second.cells[7]] == ["2–3", "few accounts: no verdict"]


def test_a_department_stands_beside_its_target_with_the_weight_of_the_scorecard():
    row = section(month(), "scorecards").rows[1]
    assert [row.cells[0], row.cells[5]] == ["Recovery rate, VND", "1 / 2"]
    assert [cell.value for cell in row.cells[1:5]] == [
        Decimal("0.4"), Decimal("0.07"), Decimal("0.2"), Decimal("0.35"),
    ]  # fmt: skip
    assert named(month(), "scores")["field"] == [0, 2, None, None, None]


def points_of(line):
    return [(at, number.value) for at, number in line.points]


def test_the_course_of_the_month_sets_off_the_week_and_goes_on_to_the_estimates():
    (plot,) = section(week(), "month-end").plots
    earlier, this_week, by_shape, by_days = plot.lines
    assert points_of(earlier) == [(day, 2 * day) for day in range(1, 27)]
    assert points_of(this_week) == [(26, 52), (27, 54), (28, 56), (29, 58), (30, 60)]
    assert (points_of(by_shape), by_shape.is_broken) == ([(30, 60), (31, 110)], True)
    assert points_of(by_days) == [(30, 60), (31, 120)]
    assert [(day, low.value, high.value) for day, low, high in plot.band.points] == [(30, 60, 60), (31, 100, 150)]


def test_on_the_last_day_of_the_month_nothing_is_estimated_and_an_unknown_course_is_not_drawn():
    over = tuple((day, Decimal(day)) for day in range(1, 32))
    end = replace(weekly().month_ends[0], course=over)
    (plot,) = section(week(business_date=date(2026, 10, 31), month_ends=(end,)), "month-end").plots
    assert ([line.title for line in plot.lines], plot.band) == (["earlier in the month", "this week"], None)
    assert section(week(Scope(Grain.DEPARTMENT, "phone")), "month-end").plots == ()


def test_a_bar_of_the_roll_table_is_the_whole_of_its_bucket():
    (plot,) = section(month(), "roll-accounts").plots
    assert [row.label for row in plot.rows] == ["current", "1–30"]
    assert [each.value for each in plot.rows[1].values] == [Decimal(text) for text in ("0.05", "0.3", "0.5", "0.15")]
    assert plot.rows[1].text == "100"


def test_a_league_is_drawn_with_its_intervals_and_few_accounts_faint():
    (plot,) = section(month(), "league-teams").plots
    first, few = plot.rows
    assert (first.label, first.value.value, first.low, first.high) == (
        "T1", Decimal("1.25"), Decimal("1.125"), Decimal("1.375"),
    )  # fmt: skip
    assert (first.is_faint, few.is_faint) == (False, True)
    assert section(month(Scope(Grain.TEAM, "T1")), "league-people").plots == (), "one alone is no league"


def test_vintages_are_drawn_by_their_age_and_only_those_with_a_row():
    (plot,) = section(month(), "vintages-VND").plots
    assert [[at for at, _ in line.points] for line in plot.lines] == [list(range(24))] * 3
    assert [line.points[0][1].value for line in plot.lines] == [Decimal("0.5"), Decimal("0.3"), Decimal("0.1")]


def overdue(dimension, place, currency="VND", opening=10, went=4, came=3, **more):
    known = {"now": opening - went + came, "worse": 1, "better": 2, "overdue_before": Decimal(1000),
             "overdue_now": Decimal(900), "recovered": Decimal(150), **more}  # fmt: skip
    return Overdue(dimension, place, currency, opening, went, came, **known)


SPREAD = (
    overdue("bucket", "1"),
    overdue("bucket", "2", opening=0, went=0, came=2, overdue_before=Decimal(0), overdue_now=Decimal(30)),
    overdue("product", "card", opening=10, went=4, came=5),
    overdue("partner", ""),
    overdue("owner_kind", "employee"),
    overdue("department", "phone"),
)


def test_what_is_overdue_is_told_by_place_with_what_flowed_and_a_sum_for_each_currency():
    found = section(week(overdue=SPREAD), "overdue-bucket")
    assert [(row.cells[0], row.kind, *(cell.value for cell in row.cells[2:6])) for row in found.rows] == [
        ("1–30", "", 10, 4, 3, 9),
        ("31+", "", 0, 0, 2, 2),
        ("Total", "total", 10, 4, 5, 11),
    ]
    change = found.rows[0].cells[10]
    assert (change.value, change.tone, found.rows[1].cells[10].value) == (Decimal("-0.1"), "good", None)
    others = ("overdue-partner", "overdue-owner_kind", "overdue-department")
    first = [section(week(overdue=SPREAD), each).rows[0].cells[0] for each in others]
    names = {each if isinstance(each, str) else each.text for each in first}
    assert names == {"no partner", "employees", "Telephone"}


def test_a_table_that_does_not_come_to_the_same_is_told():
    ties = {tie.title: tie.is_equal for tie in week(overdue=SPREAD, counted_overdue=Decimal(11)).tie_outs}
    assert [*ties.values()] == [True, True, True]
    odd = (*SPREAD, overdue("product", "loan"))
    ties = {tie.title: tie.is_equal for tie in week(overdue=odd, counted_overdue=Decimal(12)).tie_outs}
    assert [*ties.values()] == [False, False, True]


def test_a_department_stands_beside_what_is_due_of_its_target_by_now():
    pace = Pace("phone", "recovery_rate", "VND", Decimal("0.06"), Decimal("0.05"), Decimal("0.1"))
    behind = replace(pace, department="field", value=Decimal("0.04"))
    report = week(pace=(pace, behind), passed=Decimal("0.5"))
    rows = section(report, "pace").rows
    assert [(row.cells[4].value, row.cells[4].tone, row.cells[5].value) for row in rows] == [
        (Decimal("1.2"), "good", Decimal("0.12")),
        (Decimal("0.8"), "bad", Decimal("0.08")),
    ]
    mine = week(Scope(Grain.DEPARTMENT, "phone"), pace=(pace, behind), passed=Decimal("0.5"), overdue=SPREAD)
    assert len(section(mine, "pace").rows) == 1
    assert not [each for each in mine.sections if each.name.startswith("overdue")], "the whole book is not theirs"


def test_partners_stand_raw_and_like_for_like_with_what_chance_leaves_open():
    told = LeagueStanding("R1", 250, Decimal(9), Decimal(0), Decimal(90), Decimal("0.10"), 2, Decimal("0.12"), 1,
                          Decimal(1), Decimal(7), Decimal("1.3"), Decimal("1.1"), Decimal("1.5"),
                          Verdict.BETTER)  # fmt: skip
    few = replace(told, entity="R2", rank=None, raw_rank=1, ratio=None, low=None, high=None, verdict=Verdict.TOO_FEW)
    league = PartnerLeague("recovery_rate", "Recovery rate", "VND", ("bucket", "product"), Decimal("0.1"), (told, few))
    rows = section(month(partners=(league,)), "league-partners-recovery_rate-VND").rows
    shown = [(row.cells[0], row.cells[1].value, row.cells[1].note, row.cells[5].tone, *row.cells[6:]) for row in rows]
    assert shown == [
        ("R1", 1, "raw: 2", "good", "1.10 – 1.50", "better"),
        ("R2", None, "raw: 1", "", "–", "too few cases"),
    ]
    assert section(month(), "league-partners").empty.startswith("No league")
    assert not [each for each in month(Scope(Grain.DEPARTMENT, "phone")).sections if "partners" in each.name]
