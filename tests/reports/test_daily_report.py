"""The daily report: its figures by hand, whose they are, and what it says where there are none."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import openpyxl
import pytest

from domain.records import Grain, Unit, ValueState
from reports.cells import HEADER_ROW
from reports.daily import DailyFacts, daily_report
from reports.gaps import Gap
from reports.kpi_tables import KpiLabel
from reports.languages import Language
from reports.report_files import report_page, sheet_names, write_report_workbook
from reports.scopes import Posting, Scope
from reports.sections import Definition
from reports.views import About
from tests.reports import sample
from tests.reports.reading import Page

TEAMS = {"T1": ("phone", ("E1", "E2")), "T2": ("phone", ("E3",)), "T3": ("field", ("E4",))}
PLACES = (
    (Grain.PORTFOLIO, "portfolio", 100),
    (Grain.DEPARTMENT, "phone", 60),
    (Grain.DEPARTMENT, "field", 20),
    (Grain.TEAM, "T1", 40),
    (Grain.TEAM, "T2", 20),
    (Grain.TEAM, "T3", 20),
    (Grain.EMPLOYEE, "E1", 30),
    (Grain.EMPLOYEE, "E2", 10),
    (Grain.EMPLOYEE, "E3", 20),
    (Grain.EMPLOYEE, "E4", 20),
    (Grain.PARTNER, "P1", 15),
)


def _kpis():
    for grain, entity, accounts in PLACES:
        for bucket, share in ((0, "0.5"), (1, "0.5")):
            count, owed = Decimal(accounts) * Decimal(share), Decimal(accounts) * 1_000
            yield sample.kpi(f"overdue_accounts_{bucket}", entity, str(count), grain=grain, unit=Unit.COUNT)
            yield sample.kpi(
                f"overdue_balance_{bucket}", entity, str(owed), grain=grain, unit=Unit.MONEY, currency="VND"
            )
        opening = str(accounts // 4)
        yield sample.kpi("cure_rate_1", entity, "0.2", grain=grain, sums=(str(accounts // 20), opening))
        yield sample.kpi("accounts_owned", entity, str(accounts), grain=grain, unit=Unit.COUNT)
        yield sample.kpi("accounts_untouched", entity, str(accounts * Decimal("0.2")), grain=grain, unit=Unit.COUNT)
        yield sample.kpi("untouched_rate", entity, "0.4", grain=grain, sums=(str(accounts // 5), str(accounts // 2)))
        yield sample.kpi("overdue_untouched", entity, str(accounts * 7), grain=grain, unit=Unit.MONEY, currency="VND")
        yield sample.kpi("promise_kept", entity, "0.75", grain=grain, sums=("6", "8"))
        yield sample.kpi("broken_promises", entity, "2", grain=grain, unit=Unit.COUNT)
        yield sample.kpi("broken_promise_amount", entity, "500", grain=grain, unit=Unit.MONEY, currency="VND")
        yield sample.kpi("visits_due", entity, "10", grain=grain, unit=Unit.COUNT)
        yield sample.kpi("visits_on_time", entity, "0.5", grain=grain, sums=("5", "10"))
        yield sample.kpi("visits_recorded_on_time", entity, "0.75", grain=grain, sums=("6", "8"))
        yield sample.kpi("recovery_rate", entity, "0.07", grain=grain, sums=("7", "100"), currency="VND")


def facts(**changes) -> DailyFacts:
    gap = Gap(
        "phone", "recovery_rate", "VND", Decimal("0.2"), Decimal("0.1"),
        (("E1", Decimal("0.05"), Decimal("0.1")), ("E2", Decimal("0.1"), Decimal("0.1")), ("E3", None, Decimal("0.1"))),
    )  # fmt: skip
    about = About(
        business_date=sample.DAY,
        runs=(sample.RUN,),
        labels={**sample.labels(), "accounts_owned": KpiLabel("Accounts owned", higher_is_better=True)},
        buckets=((0, 0), (1, None)),
        postings=tuple(
            Posting(name, department, team, "collector")
            for team, (department, people) in TEAMS.items()
            for name in people
        ),
        titles={"phone": "Telephone", "field": "Visits at home"},
        definitions=(Definition("Recovery rate", "recovered ÷ overdue", "ratio", "higher", "head", "r 2000-01-01 ab"),),
        owner="head_of_collections",
        book_label=sample.LABEL,
    )
    known = DailyFacts(about, kpis=tuple(_kpis()), gaps=(gap,), working_days_passed=11, working_days=22)
    return changed(known, **changes)


def changed(facts, **changes):
    """The facts with these changes, of their own or of what every report knows."""
    shared = {each.name for each in fields(About)} & changes.keys()
    about = replace(facts.about, **{name: changes.pop(name) for name in shared})
    return replace(facts, about=about, **changes)


def section(report, name):
    return next(each for each in report.sections if each.name == name)


def texts(row):
    return [each if isinstance(each, str) else getattr(each, "value", getattr(each, "text", "")) for each in row.cells]


def named(report, name):
    return {texts(row)[0]: texts(row)[1:] for row in section(report, name).rows}


def test_the_book_is_departments_partners_and_the_rest_and_they_sum_to_the_whole():
    found = named(daily_report(facts(), Language.ENGLISH), "overdue")
    assert {name: row[-1] for name, row in found.items()} == {
        "Whole book": 100,
        "Telephone": 60,
        "Visits at home": 20,
        "Partners": 15,
        "The house, or nobody": 5,
    }
    owed = named(daily_report(facts(), Language.ENGLISH), "balance-VND")
    assert (owed["Whole book"], owed["The house, or nobody"]) == ([100_000, 100_000, 200_000], [5_000, 5_000, 10_000])


def test_the_gap_is_to_what_is_due_by_now_and_counts_the_people_below_their_own():
    row = section(daily_report(facts(), Language.ENGLISH), "gaps").rows[1]
    title, actual, target, due, gap, short = row.cells
    assert (title, short) == ("Recovery rate, VND", "1 / 2")
    assert [each.value for each in (actual, target, due, gap)] == [
        Decimal(text) for text in ("0.07", "0.2", "0.1", "-0.03")
    ]
    assert gap.tone == "bad"


def test_less_is_better_where_the_rule_says_so():
    known = facts().about.labels
    labels = {**known, "recovery_rate": replace(known["recovery_rate"], higher_is_better=False)}
    report = daily_report(facts(labels=labels), Language.ENGLISH)
    assert section(report, "gaps").rows[1].cells[4].tone == "good"
    assert section(report, "gaps").rows[1].cells[5] == "0 / 2"


def test_promises_visits_and_unworked_accounts_by_hand():
    report = daily_report(facts(), Language.ENGLISH)
    assert named(report, "promises")["T1"] == [8, 6, 2, Decimal("0.25"), 500]
    assert named(report, "visits")["Whole book"] == [10, 2, Decimal("0.2"), 3, 8, 2, Decimal("0.25")]
    assert named(report, "unworked")["Telephone"] == [30, 12, Decimal("0.4"), 420]
    assert [tie.is_equal for tie in report.tie_outs] == [True, True]


def plot_of(report, name):
    return section(report, name).plots[0]


def test_the_plots_show_what_the_tables_say():
    report = daily_report(facts(), Language.ENGLISH)
    (bucket,) = plot_of(report, "overdue").rows
    assert (bucket.label, [each.value for each in bucket.values]) == ("1+", [50, 25]), (
        "now, and those that could be cured"
    )
    heading, dot = plot_of(report, "gaps").rows
    assert (heading.label, heading.value, dot.label) == ("Telephone", None, "Recovery rate, VND")
    assert dot.value.value == Decimal("0.7"), "0.07 of the 0.1 that is due by now"
    worked = {row.label: ([each.value for each in row.values], row.text) for row in plot_of(report, "unworked").rows}
    assert worked == {"T1": ([8, 12], "40.00%"), "T2": ([4, 6], "40.00%"), "T3": ([4, 6], "40.00%")}


def test_a_plot_of_a_team_has_its_own_people_and_what_was_reached_turns_where_less_is_better():
    team = daily_report(facts(), Language.ENGLISH, Scope(Grain.TEAM, "T1"))
    assert [row.label for row in plot_of(team, "unworked").rows] == ["E1", "E2"]
    labels = {**facts().about.labels, "recovery_rate": KpiLabel("Complaints", higher_is_better=False, is_share=True)}
    (_, dot) = plot_of(daily_report(facts(labels=labels), Language.ENGLISH), "gaps").rows
    assert dot.value.value == Decimal("1.3")


def test_without_an_opening_or_figures_there_is_no_plot():
    kpis = tuple(each for each in _kpis() if each.kpi != "cure_rate_1")
    assert section(daily_report(facts(kpis=kpis), Language.ENGLISH), "overdue").plots == ()
    nobodys = (sample.kpi("cure_rate_1", "T1", None, grain=Grain.TEAM, sums=("0", "0")),)
    report = daily_report(facts(kpis=(*kpis, *nobodys)), Language.ENGLISH, Scope(Grain.TEAM, "T1"))
    assert section(report, "overdue").plots == (), "nothing was owned here when the month began"
    assert [each.plots for each in daily_report(facts(kpis=(), gaps=()), Language.ENGLISH).sections] == [()] * 5


def test_a_sum_that_does_not_tie_out_is_told():
    kpis = [each for each in _kpis() if each.kpi != "broken_promises"]
    kpis += [sample.kpi("broken_promises", "portfolio", "3", grain=Grain.PORTFOLIO, unit=Unit.COUNT)]
    report = daily_report(facts(kpis=tuple(kpis)), Language.ENGLISH)
    assert [tie.is_equal for tie in report.tie_outs] == [True, False]
    assert "not equal" in Page(report_page(report, Language.ENGLISH)).text


@pytest.mark.parametrize(
    ("scope", "sees", "others"),
    [
        (Scope(Grain.TEAM, "T1"), {"T1", "E1", "E2"}, {"T2", "T3", "E3", "E4", "field"}),
        (Scope(Grain.DEPARTMENT, "phone"), {"T1", "T2", "E1", "E2", "E3"}, {"T3", "E4", "field"}),
        (Scope(), {"T1", "T2", "T3", "phone", "field"}, {"E1", "E2", "E3", "E4"}),
    ],
)
def test_a_leader_sees_the_own_people_and_nobody_else(scope, sees, others):
    words = set(Page(report_page(daily_report(facts(), Language.ENGLISH, scope), Language.ENGLISH)).text.split())
    assert sees <= words
    assert not words & others


def test_of_somebody_who_moved_a_department_sees_what_was_done_in_it():
    moved = sample.kpi("promise_kept", "E1@phone", "0.5", grain=Grain.POSTING, sums=("1", "2"))
    more = sample.kpi("broken_promises", "E1@phone", "1", grain=Grain.POSTING, unit=Unit.COUNT)
    report = daily_report(facts(kpis=(*_kpis(), moved, more)), Language.ENGLISH, Scope(Grain.TEAM, "T1"))
    assert named(report, "promises")["E1"][:3] == [2, 1, 1]


@pytest.mark.parametrize(
    ("changes", "name", "told"),
    [
        (
            {"halted": frozenset({"contacts"}), "kpis": ()},
            "unworked",
            "No figures: the gate has halted contacts.",
        ),
        ({"gaps": ()}, "gaps", "No KPI has a target here: targets and scorecards are in the rule book."),
        ({"kpis": ()}, "promises", "No figures: the rule book has no KPI promise_kept in force."),
        ({"kpis": ()}, "overdue", "No figures: the rule book has no KPI overdue_accounts_0 in force."),
    ],
)
def test_where_there_is_nothing_it_says_why(changes, name, told):
    report = daily_report(facts(**changes), Language.ENGLISH)
    assert (section(report, name).rows, section(report, name).empty) == ((), told)
    assert told in Page(report_page(report, Language.ENGLISH)).text


def test_a_halted_kpi_has_no_figure_and_no_gap():
    halted = sample.kpi("recovery_rate", "phone", None, grain=Grain.DEPARTMENT, currency="VND", state=ValueState.HALTED)
    kpis = [each for each in _kpis() if (each.kpi, each.entity) != ("recovery_rate", "phone")]
    row = section(daily_report(facts(kpis=(*kpis, halted)), Language.ENGLISH), "gaps").rows[1]
    assert [each.value for each in row.cells[1:2]] + [row.cells[4].value] == [None, None]


@pytest.mark.parametrize("language", Language)
def test_the_workbook_has_a_sheet_for_each_section_with_numbers_as_numbers(tmp_path, language):
    report, path = daily_report(facts(), language), tmp_path / "daily.xlsx"
    write_report_workbook(report, path, language)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[: len(report.sections)] == [each.title[:31] for each in report.sections]
    promises = book[section(report, "promises").title]
    assert [cell.value for cell in promises[HEADER_ROW + 2]][1:] == [8, 6, 2, 0.25, 500]
    once = path.read_bytes()
    write_report_workbook(report, path, language)
    assert path.read_bytes() == once


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (["Teams: A/B [1]", "Why?"], ["Teams A B 1", "Why"]),
        (["Cure rate", "cure rate"], ["Cure rate", "cure rate 2"]),
        (["x" * 40, "x" * 40], ["x" * 31, f"{'x' * 29} 2"]),
        (["", "'quoted'"], ["Sheet", "quoted"]),
    ],
)
def test_whatever_managers_call_a_department_is_a_name_of_a_sheet(titles, names):
    assert sheet_names(titles) == names
