"""The report of signals: cut to who may see it, ids only, and the workbook has every row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import openpyxl

from domain.ids import Digest
from domain.periods import Period
from domain.records import Grain
from domain.signals import BaseRate, CaseState, EvidenceRow, SignalCase, SignalFigures, SubjectKind
from reports.languages import Language
from reports.report_files import report_page, write_report_workbook
from reports.scopes import Scope
from reports.signals import MOST_ROWS_SHOWN, SignalsOfMonth, signals_report
from tests.reports import sample

EMPLOYEE, PARTNER = SubjectKind.EMPLOYEE, SubjectKind.PARTNER
DAY = date(2026, 10, 31)


def case(subject, kind=EMPLOYEE, *, department="", team="", state=CaseState.OPEN, rows=3, reason=""):
    evidence = tuple(
        EvidenceRow(DAY, f"V{subject}-{each:03}", "visits", "A000000001", f"V{subject}-B", Decimal("120.5"))
        for each in range(rows)
    )
    figures = SignalFigures(40, rows, 900, 2, Decimal("0.0081"), Decimal("0.000001"))
    name = "travel_too_fast"
    return SignalCase(
        f"signal-{name}-{subject}-2026-10", name, "Visits too far apart", Digest("d"), kind, subject,
        Period(2026, 10), department, team, "words", figures, DAY, date(2026, 11, 20), "integrity_officers", state,
        reason=reason, evidence=evidence,
    )  # fmt: skip


def month(label=sample.LABEL, cases=None):
    found = (
        case("E1", department="field", team="F1", rows=70),
        case("E2", department="field", team="F2", state=CaseState.EXPLAINED, reason="<b>typed</b> in the evening"),
        case("P1", PARTNER),
    )
    rates = (
        BaseRate("travel_too_fast", "Visits too far apart", EMPLOYEE, "", 900, 9, 30, 2),
        BaseRate("travel_too_fast", "Visits too far apart", EMPLOYEE, "field", 800, 8, 28, 2),
        BaseRate("cash_kept", "Cash paid in late", PARTNER, "", 0, 0, 0, 0),
    )
    return SignalsOfMonth(Period(2026, 10), DAY, "run", rates, found if cases is None else cases, ("x: halted",), label)


def subjects(scope):
    report = signals_report(month(), scope)
    (cases,) = [section for section in report.sections if section.name == "cases"]
    return [row.cells[1] for row in cases.rows], report


def test_whoever_looks_sees_their_own_people():
    assert subjects(Scope())[0] == ["E1", "E2", "P1"]
    assert subjects(Scope(Grain.DEPARTMENT, "field"))[0] == ["E1", "E2"]
    assert subjects(Scope(Grain.TEAM, "F1"))[0] == ["E1"]
    assert subjects(Scope(Grain.TEAM, "F3"))[0] == []


def test_rates_are_of_everybody_or_of_the_department():
    def rows_in(scope):
        (rates,) = [section for section in subjects(scope)[1].sections if section.name == "rates"]
        return [row.cells[3].value for row in rates.rows]

    assert rows_in(Scope()) == [900, 0]
    assert rows_in(Scope(Grain.TEAM, "F1")) == [800]


def test_states_are_counted_and_a_reason_is_shown_as_text():
    report = signals_report(month(), Scope())
    assert [card.number.value for card in report.cards] == [2, 0, 1]
    page = report_page(report, Language.ENGLISH)
    assert "&lt;b&gt;typed&lt;/b&gt; in the evening" in page
    assert "x: halted" in page


def test_the_page_has_the_first_rows_of_evidence_and_the_workbook_all(tmp_path):
    report = signals_report(month(), Scope())
    page = report_page(report, Language.ENGLISH)
    assert page.count("VE1-0") == MOST_ROWS_SHOWN
    write_report_workbook(report, tmp_path / "signals.xlsx", Language.ENGLISH)
    sheets = openpyxl.load_workbook(tmp_path / "signals.xlsx").worksheets
    found = [row for sheet in sheets for row in sheet.iter_rows(values_only=True) if "visits" in row]
    assert len(found) == 70 + 3 + 3
