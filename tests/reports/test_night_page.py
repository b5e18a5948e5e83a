"""What operations and managers read in the morning."""

from dataclasses import replace

import pytest

from domain.records import ControlTotals, Grain, Outcome, Unit, Verdict
from reports.formats import Formats
from reports.kpi_tables import MOST_KPI_COLUMNS, KpiLabel, kpi_matrices
from reports.night import Link, RollTable, night_page
from tests.reports import sample
from tests.reports.reading import Page


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(night_page(sample.night()))


def with_tables(*outcomes: Outcome) -> Page:
    tables = (sample.table_verdict(f"t{number}", sample.check("t", each)) for number, each in enumerate(outcomes))
    return Page(night_page(replace(sample.night(), verdict=Verdict(sample.DAY, tuple(tables)))))


@pytest.mark.parametrize(
    ("outcomes", "headline"),
    [
        ((Outcome.PASS, Outcome.PASS), "All 2 tables passed"),
        ((Outcome.PASS, Outcome.WARN), "No table halted; 1 has warnings t1"),
        ((Outcome.HALT, Outcome.WARN, Outcome.HALT), "2 tables halted t0, t2"),
        ((Outcome.PASS, Outcome.NOT_YET_KNOWN), "No table halted; 1 has too little history to compare with t1"),
        ((), "The gate judged no table: that is a halt"),
    ],
)
def test_the_worst_outcome_is_the_headline(outcomes, headline):
    assert headline in with_tables(*outcomes).text


def test_outcomes_are_a_sign_and_a_word_and_the_worst_stands_first(page):
    tables = [row[:2] for row in page.rows if row[1:2] and row[1][:1] in "✕!?✓" and len(row) == 8]
    assert tables == [
        ["promises", "✕ halt"],
        ["payments", "! warn"],
        ["visits", "? not yet known"],
        ["accounts", "✓ pass"],
        ["contacts", "✓ pass"],
    ]


def test_control_totals_stand_by_rows_and_by_money(page):
    assert page.row("payments", "! warn")[2:] == ["6,120", "6,106", "14", "0", "2", "1"]
    money = page.row("of which money, VND")
    assert money[1:5] == ["48,225,350,000", "48,211,350,000", "14,000,000", "0"]


def test_totals_that_do_not_add_up_are_marked():
    table = replace(
        sample.table_verdict("accounts", sample.check("accounts", Outcome.HALT)), totals=ControlTotals(10, 8, 1, 0)
    )
    report = replace(sample.night(), verdict=Verdict(sample.DAY, (table,)))
    assert "does not add up" in Page(night_page(report)).text


def test_a_failed_check_says_what_was_found_expected_and_to_be_done(page):
    row = page.row("promises", "volume_promises suite")
    assert row[2:] == [
        "✕ halt",
        "14 of 6,120",
        "0 rows",
        "180 to 420 rows on a Wednesday",
        "The extract is empty: ask the telephony team to send it again",
    ]


def test_stages_say_how_they_ended_and_what_they_did(page):
    assert "allocate ✓ done Allocated 7,812" in page.text
    assert "project … waiting Payees 15 Scores wait for promises." in page.text


def test_the_roll_table_shows_both_rates_and_why_they_differ(page):
    assert page.row("31 to 60") == ["31 to 60", "172.00% 184,250 / 107,125", "55.00%"]
    assert page.row("91 to 120")[2] == "no value"
    assert "both stocks include what came in from other buckets, so the rate may pass 100%." in page.text
    assert "Roll rates" not in Page(night_page(replace(sample.night(), rolls=()))).text


def test_departments_stand_across_with_the_sums_behind_each_ratio(page):
    department = page.rows[page.rows.index(["KPI", "field", "legal", "phone_early", "phone_late", "restructuring"]) :]
    rates = next(row for row in department if row[0].startswith("Recovery rate"))
    assert rates[:2] == ["Recovery rate higher is better", "21.62% 24,000,000 / 111,000,000"]
    assert "Calls per hour calls per hour · higher is better" in [row[0] for row in department]
    contact = next(row for row in department if row[0].startswith("Contact rate"))
    assert contact[2] == "no value divided by zero"
    kept = next(row for row in department if row[0].startswith("Promises kept"))
    assert set(kept[1:]) == {"no value: halted"}


def test_employees_are_folded_and_every_one_has_a_row_in_every_table(page):
    assert ("details", {"class": "block"}) in page.tags
    assert "Employee (30)" in page.text
    assert "Partner (2)" in page.text
    assert [row[0] for row in page.rows].count("E0025") == 2  # two tables of KPIs; no score


def test_many_kpis_are_cut_into_tables_that_fit_a_page():
    names = [f"k{number:02d}" for number in range(17)]
    labels = {name: KpiLabel(name, higher_is_better=True, group="big" if name < "k15" else "small") for name in names}
    people = [f"E{number}" for number in range(9)]
    results = [sample.kpi(name, each, "1", grain=Grain.EMPLOYEE, unit=Unit.COUNT) for name in names for each in people]
    tables = kpi_matrices(results, labels, Grain.EMPLOYEE, Formats())
    assert [len(table.columns) for table in tables] == [5, 5, 7]
    assert max(len(table.columns) for table in tables) <= MOST_KPI_COLUMNS
    assert [table.caption for table in tables] == ["big", "big", "big, small"]
    assert [column.text for table in tables for column in table.columns] == names


def test_what_is_not_measured_for_one_is_a_dash():
    results = [sample.kpi("a", "x", "1"), sample.kpi("b", "y", "2")]
    (table,) = kpi_matrices(results, {}, Grain.DEPARTMENT, Formats())
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["1.00", "–"], ["–", "2.00"]]
    assert kpi_matrices(results, {}, Grain.TEAM, Formats()) == ()


def test_scores_show_their_range_and_what_each_kpi_adds(page):
    assert "phone_early: 14 scores" in page.text
    assert "Lowest 61.00, median 68.00, highest 74.00; 1 without a value" in page.text
    assert page.row("E0041") == ["E0041", "101.00", "60.60 95.00%", "no value halted"]
    assert page.row("E0003", "no value")[3] == "no value halted"


def test_the_forecast_is_no_payout(page):
    assert page.row("phone_early", "14") == ["phone_early", "14", "VND", "25,987,500"]
    assert page.row("phone_early", "1") == ["phone_early", "1", "CNY", "854.69"]
    assert "A forecast, not a payout." in page.text


def test_waivers_and_what_kind_of_run_it_was_stand_on_top():
    page = Page(night_page(replace(sample.night(), run_label="What-if: nothing of it counts")))
    assert page.text.index("What-if: nothing of it counts") < page.text.index("1 table halted")
    assert "1 halted check was waived complaints.volume 30 September 2026: waived by" in page.text


@pytest.mark.parametrize(
    "href", ["/etc/passwd", "file:///x", "javascript:alert(1)", "//host/x", "C:\\x", "\\\\host\\x"]
)
def test_a_link_that_leaves_the_folder_of_the_run_is_refused(href):
    with pytest.raises(ValueError, match="not relative"):
        Link("x", href)


def test_an_empty_roll_table_and_a_night_with_only_a_verdict_are_pages():
    bare = replace(
        sample.night(), stages=(), kpis=(), scores=(), forecast=(), rolls=(RollTable("Balance", ()),), links=()
    )
    page = Page(night_page(bare))
    assert page.problems == []
    assert "Forecast" not in page.text
