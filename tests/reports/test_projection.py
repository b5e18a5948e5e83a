"""The projection as managers read it: a forecast, of their own people, with the distance to the next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import openpyxl

from domain.records import Grain, Unit
from reports.cells import HEADER_ROW
from reports.languages import Language
from reports.projection import ProjectedPay, ProjectionFacts, projected, projection_report
from reports.report_files import report_page, write_report_workbook
from reports.scopes import Posting, Scope
from reports.statement import UNSAID, Next
from tests.reports import sample
from tests.reports.reading import Page

STEP = Next("commission", "recovered", Decimal(40), Decimal(100), Decimal(6))


def pay(payee: str, so_far: str | None, at_pace: str | None, **more) -> ProjectedPay:
    amounts = (None if text is None else Decimal(text) for text in (so_far, at_pace))
    return ProjectedPay(payee, "bonus:phone", "phone", "VND", *amounts, **more)


def facts(**changes) -> ProjectionFacts:
    stepped = {"next_step": STEP, "basis_title": "Recovered", "basis_unit": Unit.MONEY}
    everybody = (
        pay("E1", "100", "250", **stepped, basis_at_pace=Decimal(90)),
        pay("E2", "50", "80", **stepped, basis_at_pace=Decimal(100)),
        pay("E3", None, None, held="no score yet"),
        pay("E4", "7", "8"),
    )
    postings = (
        Posting("E1", "phone", "T1", "collector"),
        Posting("E2", "phone", "T1", "collector"),
        Posting("E3", "phone", "T2", "collector"),
    )
    made = ProjectionFacts(date(2026, 9, 10), "run1", everybody, postings, 8, 21, "head", (), sample.LABEL)
    return replace(made, **changes)


def page(scope: Scope | None = None, language: Language = Language.ENGLISH) -> Page:
    return Page(report_page(projection_report(facts(), language, scope), language))


def test_it_says_that_it_is_a_forecast_and_how_far_the_month_is():
    text = page().text
    assert "A forecast, not a payout: nothing of it is approved or posted" in text
    assert "8 of 21" in text


def test_so_far_and_at_pace_by_team_and_by_employee():
    found = page()
    assert found.row("T1") == ["T1", "VND", "150", "330"]
    assert found.row("E4") == ["E4", "–", "bonus", "VND", "7", "8", "–", "–", "–"]
    assert found.row("no team now") == ["no team now", "VND", "7", "8"]


def test_the_distance_and_whether_the_pace_leads_there():
    found = page()
    assert found.row("E1")[6:] == ["Recovered 100", "60, not reached at this pace", "6"]
    assert found.row("E2")[6:] == ["Recovered 100", "60, reached at this pace", "6"]


def test_a_start_that_must_be_passed_is_reached_by_more_than_it():
    above = replace(STEP, reach="above")
    stepped = {"next_step": above, "basis_title": "Recovered", "basis_unit": Unit.MONEY}
    both = tuple(pay(f"E{at}", "1", "2", **stepped, basis_at_pace=Decimal(at)) for at in (100, 101))
    found = Page(report_page(projection_report(facts(pay=both), Language.ENGLISH), Language.ENGLISH))
    assert found.row("E100")[6:8] == ["Recovered more than 100", "more than 60, not reached at this pace"]
    assert found.row("E101")[7] == "more than 60, reached at this pace"


def test_where_the_next_step_is_not_said_the_reason_is():
    both = (pay("E1", "1", "2", unsaid="together"),)
    found = Page(report_page(projection_report(facts(pay=both), Language.ENGLISH), Language.ENGLISH))
    assert found.row("E1")[6:] == [UNSAID["together"], "–", "–"]


def test_who_would_be_held_is_told_why_and_not_left_out():
    assert page().row("E3")[4:7] == ["–", "–", "no score yet"]


def test_a_leader_sees_only_the_own_team():
    text = page(Scope(Grain.TEAM, "T2")).text
    assert "E3" in text
    assert "E1" not in text
    assert "330" not in text


def test_the_workbook_holds_numbers(tmp_path):
    write_report_workbook(projection_report(facts(), Language.ENGLISH), tmp_path / "a.xlsx", Language.ENGLISH)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Employees"]
    header, first = list(sheet.iter_rows(min_row=HEADER_ROW + 1, max_row=HEADER_ROW + 2, values_only=True))
    assert dict(zip(header, first, strict=True))["At this pace"] == 250


def test_lines_of_both_calculations_stand_side_by_side_and_nobody_is_dropped():
    now, then = sample.payout_line("E0001", score="60"), sample.payout_line("E0001", score="80")
    later = sample.payout_line("E0002")
    held = {("E0003", "performance_bonus:phone_early"): "no score"}
    first, second, third = projected([now], [then, later], held)
    assert (first.so_far, first.at_pace) == (now.amount, then.amount)
    assert (second.so_far, second.at_pace) == (None, later.amount)
    assert (third.payee, third.held, third.so_far, third.scope) == ("E0003", "no score", None, "phone_early")
