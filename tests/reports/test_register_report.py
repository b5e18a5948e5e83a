"""The register and feedback to units as reports: ages, who waits for whom, rates; a leader sees their own people."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.actions import (
    CORE_SYSTEM,
    Action,
    ActionDecision,
    ActionDecisionKind,
    NewAction,
    Party,
    PartyKind,
    RegisterKind,
)
from domain.records import Grain
from reports.languages import Language
from reports.originators import FaultTitle, OriginatorFacts, UnitBook, originators_report
from reports.register import RegisterFacts, register_report
from reports.report_files import report_page
from reports.scopes import Posting, Scope
from reports.views import About
from tests.reports import sample

DAY = date(2026, 10, 31)
PEOPLE = (Posting("E1", "phone", "T1", "agent", "E9"), Posting("E2", "phone", "T2", "agent", "E8"),
          Posting("E9", "phone", "T1", "leader"))  # fmt: skip


def about(label=sample.LABEL):
    return About(DAY, (sample.RUN,), {}, {}, (), PEOPLE, owner="head_of_collections", book_label=label)


def action(key, kind, age, due_in, *decisions, text="x", **more):
    owner = more.pop("owner", "E9")
    opened = NewAction("entered", key, "account", f"A{key}", text, owner, "quality",
                       DAY - timedelta(days=age), DAY + timedelta(days=due_in), kind=RegisterKind(kind),
                       **more)  # fmt: skip
    return Action(opened, decisions)


def decided(kind, days_ago, by="ann", **more):
    return ActionDecision(ActionDecisionKind(kind), by, DAY - timedelta(days=days_ago), **more)


def waits(days_ago, name="retail", *, stops=False):
    unit = Party(PartyKind.BANK_UNIT, name)
    return decided("waiting", days_ago, reason="payslip?", waiting_on=unit, stops_clock=stops)


ACTIONS = (
    action("1", "complaint", 3, 4, employee_id="E1"),
    action("2", "complaint", 40, -10, employee_id="E2", owner="E8"),
    action("3", "feedback", 20, 5, waits(20), unit="retail", code="no_payslip", owner="pm"),
    action("4", "feedback", 9, 5, waits(9, stops=True), unit="retail", code="no_payslip", owner="pm"),
    action("5", "complaint", 5, 4, decided("proposed", 1, code="upheld", outcome="heard"), employee_id="E1"),
    action("6", "complaint", 12, -4, decided("closed", 2, code="upheld", outcome="heard"),
           decided("revised", 1, by=CORE_SYSTEM, code="rejected"), employee_id="E1"),
    action("7", "complaint", 90, -60, decided("closed", 60, code="rejected", outcome="long ago"), employee_id="E1"),
)  # fmt: skip


def section(name, scope=Scope(), actions=ACTIONS):  # noqa: B008 - frozen
    report = register_report(RegisterFacts(about(), actions), Language.ENGLISH, scope)
    return next(each for each in report.sections if each.name == name)


def values(row):
    return [cell if isinstance(cell, str) else cell.value for cell in row.cells]


def test_what_is_open_is_counted_by_kind_and_age_with_the_oldest():
    assert [values(row) for row in section("kinds").rows] == [
        ["complaint", 3, 1, 2, 0, 1, 0, 40],
        ["feedback", 2, 0, 0, 2, 0, 0, 20],
    ]
    assert [values(row)[:3] for row in section("overdue").rows] == [["E8", 1, 1]]


def test_who_waits_for_whom_longest_first():
    assert [values(row) for row in section("waiting").rows] == [["pm", "bank_unit:retail", 2, 1, 20]]


def test_what_came_of_it_says_how_much_in_time():
    assert [values(row) for row in section("outcomes").rows] == [["complaint", "upheld", 1, Decimal(0), 10, 10]]


def test_closings_to_approve_and_what_differs_from_the_core_system_stand_by_themselves():
    assert values(section("approve").rows[0])[2:4] == ["upheld: heard", "ann"]
    assert values(section("differing").rows[0])[:3] == ["entered-6", "upheld", "rejected"]


@pytest.mark.parametrize(
    ("scope", "sees"),
    [
        (Scope(), ["1", "2", "3", "4", "5"]),
        (Scope(Grain.TEAM, "T1"), ["1", "5"]),
        (Scope(Grain.TEAM, "T2"), ["2"]),
        (Scope(Grain.DEPARTMENT, "phone"), ["1", "2", "5"]),
    ],
)
def test_a_leader_sees_what_is_about_the_own_people_and_nothing_else(scope, sees):
    assert sorted(row.cells[0].removeprefix("entered-") for row in section("open", scope).rows) == sees


LED = (*PEOPLE, Posting("E8", "phone", "T2", "leader", "E7"), Posting("E7", "phone", "T1", "manager"))


@pytest.mark.parametrize(
    ("subject", "scope", "is_shown"),
    [
        ("E8", Scope(Grain.TEAM, "T2"), False),
        ("E8", Scope(Grain.DEPARTMENT, "phone"), True),
        ("E7", Scope(Grain.TEAM, "T1"), False),
        ("E7", Scope(Grain.DEPARTMENT, "phone"), False),
        ("E2", Scope(Grain.TEAM, "T2"), True),
        ("E7", Scope(Grain.DEPARTMENT, "audit"), True),
        ("E8", Scope(), True),
    ],
)
def test_a_case_about_who_leads_is_on_no_page_of_their_own(subject, scope, is_shown):
    case = Action(NewAction("signal", f"x-{subject}", "employee", subject, "x", "auditors", "audit", DAY, DAY))
    facts = RegisterFacts(replace(about(), postings=LED), (case,))
    (found,) = (each for each in register_report(facts, Language.ENGLISH, scope).sections if each.name == "open")
    assert bool(found.rows) == is_shown


def test_what_somebody_of_a_team_has_is_not_theirs_to_show_where_it_is_about_another_team():
    other = replace(ACTIONS[1].opened, owner="E9")
    assert section("open", Scope(Grain.TEAM, "T1"), (Action(other),)).rows == ()


def units(label=sample.LABEL, text="x", unit=""):
    books = (UnitBook("retail", "VND", 2000, Decimal(10_000)), UnitBook("cards", "VND", 50, Decimal(500)))
    feedback = tuple(each for each in ACTIONS if each.kind is RegisterKind.FEEDBACK)
    told = (*feedback, action("8", "feedback", 9, 5, decided("closed", 1, code="refused", outcome=text), unit="retail",
                              code="no_payslip", text=text))  # fmt: skip
    balances = {"A3": ("VND", Decimal(100)), "A4": ("VND", Decimal(150)), "A8": ("VND", Decimal(999))}
    faults = {"no_payslip": FaultTitle(text, "appraisal")}
    return OriginatorFacts(about(label), books, told, faults, {"refused": text}, balances, unit)


def test_faults_are_told_per_accounts_and_per_balance_and_what_was_none_does_not_count():
    found = originators_report(units(), Language.ENGLISH).sections[0]
    assert [values(row) for row in found.rows] == [
        ["retail", "VND", 2000, Decimal(10_000), 2, 2, Decimal(1), Decimal(250), Decimal("0.025")],
        ["cards", "VND", 50, Decimal(500), 0, 0, Decimal(0), Decimal(0), Decimal(0)],
    ]


def test_a_unit_is_handed_its_own_alone():
    report = originators_report(units(unit="cards"), Language.ENGLISH)
    assert [[values(row)[0] for row in each.rows] for each in report.sections] == [["cards"], [], []]
    assert report.audience == "the unit cards of the bank"


def page_of_register(language, label=sample.LABEL, text="x"):
    every = (*ACTIONS, action("9", "risk", 1, 1, text=text, owner=text))
    return report_page(register_report(RegisterFacts(about(label), every), language), language)


def page_of_units(language, label=sample.LABEL, text="x"):
    return report_page(originators_report(units(label, text), language), language)
