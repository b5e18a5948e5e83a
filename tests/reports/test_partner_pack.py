"""The review pack of a partner: what a meeting finds in it, with everything and with nothing there, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

import openpyxl
import pytest

from domain.actions import Action, ActionDecision, ActionDecisionKind, NewAction, Party, PartyKind, RegisterKind
from domain.ids import digest_of
from domain.partner_review import (
    Kept,
    PartnerReview,
    PeerScore,
    PlacementBatch,
    PlacementsReview,
    ReviewedLeague,
    ReviewedPart,
    ReviewedScore,
    ReviewedTrial,
)
from domain.partners import Partner
from domain.periods import Period
from domain.records import Grain, KpiResult, Unit, ValueState
from domain.standings import Looked, PartnerState, Placed, ReviewedStanding, StandingReview
from reports.kpi_tables import KpiLabel
from reports.languages import Language
from reports.pack_facts import DataReturned, FeeOfMonth, LimitBroken, MonthOf, OddCase, PackFacts, SettledLines
from reports.partner_pack import partner_pack
from reports.report_files import report_page, write_report_workbook
from reports.report_pdf import report_pdf
from reports.views import About
from tests.reports import sample

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
END = OCTOBER.last_day
PARTNER = Partner("R01", "law_firm", "VN", date(2023, 10, 26), name="Demo partner 1")


def labels():
    return {
        "recovered": KpiLabel("Recovered", True),
        "recovery_rate": KpiLabel("Recovery rate", True, is_share=True),
        "upheld_complaints": KpiLabel("Upheld complaints", False),
        "complaint_rate": KpiLabel("Complaints per account", False, is_share=True),
        "overdue_now": KpiLabel("Overdue", False),
    }


def about(label=sample.LABEL):
    buckets = ((0, 0), (1, 30), (31, None))
    return About(END, (sample.RUN,), labels(), {}, buckets, (), owner="head_of_partners", book_label=label)


def result(kpi, value, unit=Unit.RATIO, currency=""):
    number = None if value is None else Decimal(value)
    state = ValueState.NO_VALUE if number is None else ValueState.VALUE
    return KpiResult(kpi, digest_of(kpi), Grain.PARTNER, "R01", OCTOBER.start, END, unit, state, number, None, None,
                     currency)  # fmt: skip


def month(period, rate, recovered, upheld):
    found = (
        result("recovered", recovered, Unit.MONEY, "VND"),
        result("overdue_now", "9000", Unit.MONEY, "VND"),
        result("recovery_rate", rate, Unit.RATIO, "VND"),
        result("upheld_complaints", upheld, Unit.COUNT),
        result("overdue_accounts_1", "3", Unit.COUNT),
        result("overdue_accounts_2", "1", Unit.COUNT),
        result("overdue_balance_1", "3000", Unit.MONEY, "VND"),
        result("overdue_balance_2", "6000", Unit.MONEY, "VND"),
    )
    return MonthOf(period, period.last_day, {(each.kpi, each.currency): each for each in found})


def opened(key, kind, on, deadline, **more):
    source = "complaint" if kind is RegisterKind.COMPLAINT else "entered"
    return NewAction(source, key, "partner", "R01", f"about {key}", "head_of_partners", "partners", on, deadline,
                     kind=kind, counted_from=on, **more)  # fmt: skip


def decided(day, kind, **more):
    return ActionDecision(ActionDecisionKind(kind), "ann", day, **more)


ACTIONS = (
    Action(opened("X1", RegisterKind.COMPLAINT, date(2026, 10, 5), date(2026, 10, 14), code="hours"),
           (decided(date(2026, 10, 12), "closed", code="upheld", outcome="recording heard"),)),
    Action(opened("X2", RegisterKind.COMPLAINT, date(2026, 9, 25), date(2026, 10, 6), code="conduct")),
    Action(opened("X0", RegisterKind.COMPLAINT, date(2026, 9, 2), date(2026, 9, 11), code="other"),
           (decided(date(2026, 9, 9), "closed", code="rejected", outcome="no"),)),
    Action(opened("rectification-1", RegisterKind.RECTIFICATION, date(2026, 10, 2), date(2026, 11, 2)),
           (decided(date(2026, 10, 3), "waiting", reason="plan?", waiting_on=Party(PartyKind.PARTNER, "R01")),)),
    Action(opened("risk-1", RegisterKind.RISK, date(2026, 10, 2), date(2026, 11, 2)),
           (decided(date(2026, 11, 5), "closed", outcome="later"),)),
)  # fmt: skip


def review(text="x"):
    proposal = StandingReview("R01-2026-10-1", "R01", "2026-10", 1, "standing", "v", None, PartnerState.GOOD,
                              PartnerState.WATCH, (Looked(text, True),), ("managers",), Placed.KEEPS, None, "",
                              "night", END)  # fmt: skip
    part = ReviewedPart("recovery_rate", text, Decimal("0.0151"), None, None, None, None, Decimal("0.02"),
                        Decimal("0.755"), Decimal(76), Decimal("0.5"), Decimal(38), f"best of 2: R02 {text}",
                        is_share=True, is_gate=False, lower_is_better=False)  # fmt: skip
    score = ReviewedScore("partners", text, ValueState.VALUE, Decimal(76), "vn", (part,),
                          (PeerScore("R01", Decimal(76)), PeerScore("R02", Decimal(81))), ())  # fmt: skip
    league = ReviewedLeague("recovery_rate", text, "VND", ("bucket", "product"), 252, Decimal("0.0151"), 1,
                            Decimal("0.0129"), 1, 3, Decimal("1.03"), Decimal("0.56"), Decimal("1.49"),
                            "not told apart")  # fmt: skip
    trial = ReviewedTrial("champion", text, "R01", "VND", Decimal("0.02"), Decimal("0.004"), Decimal("-0.01"),
                          Decimal("0.018"), "not told apart")  # fmt: skip
    kept = Kept("calls", text, "standard_vnd", "calls_made", Decimal(900), Decimal(1000), None, False, "entered-1")
    batch = PlacementBatch("R01", "B1", 1, "VND", 10, 7, Decimal(1000), Decimal(700), Decimal(120), date(2026, 8, 3),
                           date(2027, 1, 30), True, (("term_ended", 3),), None, 0, Decimal(0))  # fmt: skip
    return PartnerReview(PARTNER, OCTOBER, END, sample.RUN, (score,), (league,), (trial,), PartnerState.GOOD, None,
                         (ReviewedStanding(proposal),), (kept,), PlacementsReview((batch,), (), ()))  # fmt: skip


def facts(label=sample.LABEL, text="x", **changes):
    whole = PackFacts(
        about=about(label),
        partner=PARTNER,
        period=OCTOBER,
        as_of=END,
        months=(month(SEPTEMBER, "0.0251", "209", "0"), month(OCTOBER, "0.0151", "143", "1")),
        peers=MappingProxyType({("recovery_rate", "VND"): (Decimal("0.0108"), Decimal("0.0119"))}),
        actions=ACTIONS,
        broken=(LimitBroken("vn_hours", text, True, 7, 5),),
        files=(DataReturned("R01-1", date(2026, 10, 3), "placement", 10, 7, 1),),
        fees=(FeeOfMonth("fee:standard_vnd", "VND", Decimal(36), Decimal(30)),),
        fee_state="approved",
        review=review(text),
        settled=(SettledLines("disputed", text, "VND", 2, Decimal(50), 12, "partner", date(2026, 11, 8)),),
        odd=(OddCase("case-1", text, "open", text, END, date(2026, 11, 7), "head_of_quality", None, "", True),),
        warnings=(text,),
    )
    return replace(whole, **changes)


def nothing():
    """A partner of whom nothing is known but a month without figures."""
    empty = MonthOf(OCTOBER, END, {})
    return facts(months=(empty,), peers={}, actions=(), broken=None, files=(), fees=(), fee_state="", review=None,
                 settled=None, odd=None, warnings=())  # fmt: skip


def section(name, given=None):
    report = partner_pack(given or facts(), Language.ENGLISH)
    return next(each for each in report.sections if each.name == name)


def texts(name, given=None):
    return [[_text(cell) for cell in row.cells] for row in section(name, given).rows]


def _text(cell):
    from reports.formats import Formats

    return cell if isinstance(cell, str) else cell.text if isinstance(cell.text, str) else cell.text(
        Formats(Language.ENGLISH)
    )  # fmt: skip


def test_it_begins_with_what_the_meeting_is_asked():
    assert texts("asked") == [
        ["Decide on its standing: from good to watch", "R01-2026-10-1", "", "managers"],
        ["Settle lines that are disputed: 2", "x", "8 November 2026", "partner"],
        ["Look at a signal, and confirm or explain it", "case-1", "7 November 2026", "head_of_quality"],
        ["Answer a complaint that is overdue", "complaint-X2", "6 October 2026", "head_of_partners"],
    ]


def test_complaints_are_those_of_the_month_and_older_ones_that_are_open():
    assert [row[0] for row in texts("complaints")] == ["X1", "X2"]
    assert [row[4] for row in texts("complaints")] == ["upheld", "open, overdue"]
    assert texts("complaints")[1][3] == "6 October 2026"


def test_what_was_closed_after_the_month_is_open_in_its_pack():
    states = {row[0]: (row[5], row[6]) for row in texts("actions")}
    assert states == {
        "entered-rectification-1": ("waits for partner:R01", ""),
        "entered-risk-1": ("open", ""),
    }


def test_the_trend_says_the_change_in_the_colour_of_the_rule():
    trend = {row.cells[0]: row.cells[-1] for row in section("trend").rows}
    assert (trend["Recovery rate, VND"].value, trend["Recovery rate, VND"].tone) == (Decimal("-0.0100"), "bad")
    assert (trend["Upheld complaints"].value, trend["Upheld complaints"].tone) == (Decimal(1), "bad")


def test_others_stand_beside_it_without_names_and_the_best_is_told_by_the_direction_of_the_rule():
    assert texts("peers") == [["Recovery rate, VND", "1.51%", "1.08%", "1.19%", "2"]]
    assert section("peers").rows[0].cells[1].tone == "good"
    for language in Language:
        assert "R02" not in report_page(partner_pack(facts(), language), language)


def test_stock_and_liquidation_add_up():
    assert texts("stock")[-1][1:2] + texts("stock")[-1][3:] == ["4", "9,000"]
    assert texts("placements")[0][7] == "12.00%"
    assert texts("data")[0][3:] == ["10", "7", "1", "2"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("asked", "Nothing waits for a decision."),
        ("standing", "Not yet known: no rule of standing is in force."),
        ("recovery", "No league: nobody to be compared with, or its figures are halted."),
        ("trend", "No figures of this month."),
        ("placements", "Not yet known."),
        ("stock", "It has no accounts."),
        ("complaints", "None."),
        ("compliance", "Contacts were not judged."),
        ("data", "No file was handed to it in the month."),
        ("commitments", "Not yet known."),
        ("settlement", "No claim of this month was taken in."),
        ("fees", "No fee of this month."),
        ("signals", "Not yet known."),
        ("actions", "None."),
    ],
)
def test_every_section_says_plainly_when_there_is_nothing(name, told):
    found = section(name, nothing())
    assert (found.rows, found.empty) == ((), told)


def test_what_is_empty_is_told_apart_from_what_is_not_known():
    clean = replace(nothing(), broken=(), odd=())
    assert section("compliance", clean).empty == "No contact broke a limit."
    assert section("signals", clean).empty == "No signal about this partner."


@pytest.mark.parametrize("language", Language)
def test_page_workbook_and_pdf_are_the_same_each_time(tmp_path, language):
    report = partner_pack(facts(), language)
    first, again = report_pdf(report, language), report_pdf(partner_pack(facts(), language), language)
    assert first.startswith(b"%PDF")
    assert first == again
    assert report_pdf(partner_pack(nothing(), language), language).startswith(b"%PDF")
    write_report_workbook(report, tmp_path / "pack.xlsx", language)
    book = openpyxl.load_workbook(tmp_path / "pack.xlsx")
    assert len(book.sheetnames) >= len(report.sections)


def test_in_the_workbook_days_are_days_and_commitments_have_names(tmp_path):
    write_report_workbook(partner_pack(facts(), Language.ENGLISH), tmp_path / "pack.xlsx", Language.ENGLISH)
    book = openpyxl.load_workbook(tmp_path / "pack.xlsx")
    placed, promised = book["Placements"][5], book["Commitments"][5]
    assert placed[1].is_date
    assert placed[1].number_format == "yyyy-mm-dd"
    assert [promised[0].value, promised[1].value] == ["x", "standard_vnd"]
    assert "Ties out" not in book.sheetnames, "nothing ties out here, so there is no empty sheet of it"
