"""A rerun or a what-if beside the official result."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.ids import Digest, RunId
from domain.records import Unit, ValueState
from reports.comparison import ComparisonReport, Figures, compare, comparison_page
from tests.reports import sample
from tests.reports.reading import Page

OFFICIAL = Figures(
    sample.RUN,
    (sample.kpi("recovery_rate", "field", "0.20"), sample.kpi("calls_made", "field", "5", unit=Unit.COUNT)),
    (sample.score("field", "E0040", "70"),),
    (sample.payout_line("E0040", score="70", scope="field"), sample.payout_line("E0041", score="80", scope="field")),
    sample.rule_versions(),
)
NEW = RunId("abc123abc123abc123abc123")


def page_of(**changes) -> Page:
    report = ComparisonReport(
        sample.DAY, OFFICIAL, replace(OFFICIAL, run_id=NEW, **changes), False, "", sample.labels()
    )
    return Page(comparison_page(report))


def test_equal_figures_are_counted_and_not_listed():
    page = page_of()
    assert "Every figure is equal" in page.text
    assert [page.row(name)[1:] for name in ("KPIs", "Scores", "Payout lines", "Rules")] == [
        ["2", "0"], ["1", "0"], ["2", "0"], ["3", "0"],
    ]  # fmt: skip
    assert "that differ" not in page.text


def test_another_rule_version_or_explanation_is_no_other_figure():
    lines = tuple(replace(line, rule=Digest("0" * 64), steps=line.steps[1:]) for line in OFFICIAL.lines)
    kpis = tuple(replace(each, rule=Digest("0" * 64)) for each in OFFICIAL.kpis)
    assert compare(OFFICIAL, replace(OFFICIAL, lines=lines, kpis=kpis)).is_equal


def test_a_payout_line_that_differs_shows_both_amounts_and_the_difference():
    page = page_of(lines=(sample.payout_line("E0040", score="72", scope="field"),))
    assert page.row("field", "E0040")[2:] == [
        "performance_bonus:field",
        "2026-09",
        "VND",
        "1,875,000",
        "1,950,000",
        "+75,000",
    ]
    assert page.row("field", "E0041")[5:] == ["2,250,000", "not in this run", "–"]
    assert page.row("field", "VND") == ["field", "VND", "4,125,000", "1,950,000", "-2,175,000"]
    assert page.row("Payout lines") == ["Payout lines", "0", "2"]
    assert "2 figures differ" in page.text


def test_a_score_that_differs():
    page = page_of(scores=(sample.score("field", "E0040", "68.5"),))
    assert page.row("field", "E0040") == ["field", "E0040", "70.00", "68.50", "-1.50"]


@pytest.mark.parametrize(
    ("new", "shown"),
    [
        (Decimal("0.25"), ["20.00%", "25.00%", "+5.00 pp"]),
        (Decimal("0.2000001"), ["0.2", "0.2000001", "+0.0000001"]),  # a difference is never rounded away
        (None, ["20.00%", "no value: halted", "–"]),
    ],
)
def test_a_share_that_differs(new, shown):
    state = ValueState.HALTED if new is None else ValueState.VALUE
    rate = replace(OFFICIAL.kpis[0], value=new, state=state)
    page = page_of(kpis=(rate, OFFICIAL.kpis[1]))
    assert page.row("Department", "field")[3:] == shown


def test_rules_that_differ_are_named_with_both_versions():
    changed = replace(OFFICIAL.rules[0], digest=Digest("1" * 64))
    page = page_of(rules=(changed, OFFICIAL.rules[1]))
    assert page.row("policy", "phone_early_vnd")[3:] == [OFFICIAL.rules[0].digest[:12], "111111111111"]
    assert page.row("kpi", "recovery_rate")[3:] == ["ffffffffffff", "not used"]


def test_a_what_if_says_that_it_does_not_count():
    report = ComparisonReport(sample.DAY, OFFICIAL, OFFICIAL, True, "With the rules of the folder draft")
    text = Page(comparison_page(report)).text
    assert "What-if for 30 September 2026" in text
    assert "A what-if: nothing of it counts" in text
    assert "With the rules of the folder draft" in text
