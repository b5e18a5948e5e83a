"""The gate over many nights: counts that agree with the nights, and no outcome told by its colour alone."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from domain.records import CheckResult, ControlTotals, Outcome, TableVerdict, Verdict
from reports.drawing import drawn
from reports.formats import Formats
from reports.languages import Language
from reports.marks import outcome_mark
from reports.plots import SIGNS, Nights, TableNight
from reports.trends import FailingCheck, TrendReport, failing_checks, nights_by_outcome, trend_page
from tests.reports import sample
from tests.reports.reading import Page

FIRST = date(2026, 8, 29)
OUTCOMES = (*Outcome, Outcome.PASS, Outcome.WARN)
EVIL = "<script>alert(1)</script>\"&'"


def verdict(number: int, outcome: Outcome) -> Verdict:
    """Payments with the outcome, by a check of theirs; accounts that pass; costs that never land a row."""
    doubles = CheckResult("payments", "payments.duplicates", "suite", outcome, 100, 3, "3", "0")
    payments = TableVerdict("payments", outcome, ControlTotals(100 + number, 90 + number, 7, 3), (doubles,))
    accounts = TableVerdict("accounts", Outcome.PASS, ControlTotals(1_200, 1_200, 0, 0), ())
    costs = TableVerdict("costs", Outcome.PASS, ControlTotals(0, 0, 0, 0), ())
    return Verdict(FIRST + timedelta(days=number), (accounts, costs, payments))


NIGHTS = tuple(verdict(number, outcome) for number, outcome in enumerate(OUTCOMES))
REPORT = TrendReport(NIGHTS, sample.LABEL)


def cells_of(page: Page) -> list[dict[str, str | None]]:
    return [attrs for tag, attrs in page.tags if tag == "td" and "title" in attrs]


def test_nights_are_counted_by_the_worst_of_their_tables():
    assert list(nights_by_outcome(NIGHTS).items()) == [
        (Outcome.HALT, 1),
        (Outcome.WAIVED, 1),
        (Outcome.WARN, 2),
        (Outcome.NOT_YET_KNOWN, 1),
        (Outcome.PASS, 2),
    ]


def test_a_check_fails_when_it_warns_is_waived_or_halts_and_the_most_frequent_comes_first():
    once = CheckResult("accounts", "accounts.roll", "suite", Outcome.HALT, 1, 1, "1", "0")
    later = FIRST + timedelta(days=9)
    night = Verdict(later, (TableVerdict("accounts", Outcome.HALT, ControlTotals(1, 1, 0, 0), (once,)),))
    assert failing_checks((*NIGHTS, night)) == (
        FailingCheck("payments", "payments.duplicates", 1, 1, 2, FIRST + timedelta(days=6)),
        FailingCheck("accounts", "accounts.roll", 1, 0, 0, later),
    )


def test_the_page_sums_up_and_says_what_the_newest_night_is():
    page = Page(trend_page(REPORT))
    assert "1 of 7 nights halted, 2 warned" in page.text
    assert "The newest, 4 September 2026: warn." in page.text
    assert page.row("payments.duplicates", "1", "1", "2", "4 September 2026")


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("language", Language)
def test_every_outcome_has_a_sign_a_word_and_a_shape_of_its_own(outcome, language):
    html = trend_page(REPORT, language)
    mark, page = outcome_mark(outcome, language), Page(html)
    day = NIGHTS[OUTCOMES.index(outcome)].business_date
    titles = [cell["title"] for cell in cells_of(page)]
    assert titles.count(f"{day}: {mark.text}") >= 2, "of the check and of the table"
    assert f'title="{day}: {mark.text}">{mark.sign}</td>' in html
    assert f"{SIGNS[outcome].text} {mark.sign} {mark.text}" in page.text
    assert len({sign.shape for sign in SIGNS.values()}) == len({mark.sign for mark in _marks()}) == len(Outcome)


def _marks():
    return [outcome_mark(outcome, Language.ENGLISH) for outcome in Outcome]


@pytest.mark.parametrize("outcome", [Outcome.WARN, Outcome.WAIVED, Outcome.HALT])
def test_in_a_plot_the_sign_stands_beside_the_shape(outcome):
    nights = (TableNight(FIRST, outcome, ControlTotals(5, 4, 1, 0)),)
    svg = drawn(Nights("t", "a", nights, (FIRST,)), "p", Formats())
    assert re.findall(r"<text[^>]*>([^<\d])</text>", svg) == [outcome_mark(outcome, Language.ENGLISH).sign]


@pytest.mark.parametrize("language", Language)
def test_the_page_fetches_nothing_runs_nothing_and_has_the_same_bytes_twice(language):
    html = trend_page(REPORT, language)
    page = Page(html)
    assert page.problems == []
    assert {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "object", "metadata"} == set()
    assert "://" not in html
    assert html.count("</style>") == 1
    assert not [name for _, attrs in page.tags for name in attrs if name.endswith("href")]
    assert sample.LABEL in page.text
    assert html == trend_page(REPORT, language)


def test_no_two_plots_share_an_id_and_each_reference_finds_its_own():
    page = Page(trend_page(REPORT))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    pointed = [each for _, attrs in page.tags for each in (attrs.get("aria-labelledby") or "").split()]
    assert pointed
    assert set(pointed) <= set(ids)


def test_a_table_without_a_single_row_has_no_plot_and_is_still_listed():
    page = Page(trend_page(REPORT))
    assert re.findall(r"<svg[^>]*><title[^>]*>([^<]+)</title>", page.html) == [
        "accounts, 7 nights",
        "payments, 7 nights",
    ]
    assert page.row("costs")[1:] == ["✓"] * len(NIGHTS)


def test_a_night_in_which_a_check_did_not_run_has_an_empty_cell():
    bare = Verdict(FIRST + timedelta(days=8), (TableVerdict("costs", Outcome.PASS, ControlTotals(0, 0, 0, 0), ()),))
    page = Page(trend_page(TrendReport((*NIGHTS, bare))))
    strip = next(row for row in page.rows if row[0] == "payments.duplicates" and len(row) == len(NIGHTS) + 2)
    assert strip[1:] == ["✓", "?", "!", "‼", "✕", "✓", "!", ""]


def test_one_night_is_enough_and_none_is_told():
    assert "0 of 1 nights halted, 0 warned" in Page(trend_page(TrendReport(NIGHTS[:1]))).text
    empty = Page(trend_page(TrendReport(())))
    assert "No night was gated in these days" in empty.text
    assert empty.problems == []


def test_names_are_escaped():
    failed = CheckResult(EVIL, EVIL, "suite", Outcome.HALT, 1, 1, "", "")
    night = Verdict(FIRST, (TableVerdict(EVIL, Outcome.HALT, ControlTotals(1, 1, 0, 0), (failed,)),))
    html = trend_page(TrendReport((night,), EVIL))
    assert "<script" not in html
    assert EVIL in Page(html).text
