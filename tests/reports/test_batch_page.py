"""What HR reads before approving."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.records import Step
from reports.batch import batch_page
from reports.batch_report import BatchReport, CheckKind, TieOut, TieOutStep, zero_checks
from reports.languages import Language
from reports.pay_findings import ExceptionKind, bins, exceptions
from tests.reports import sample
from tests.reports.reading import Page


def one_batch(*lines, **changes) -> BatchReport:
    batch = replace(sample.reviewed_batch("phone_early", *lines), **changes)
    return replace(sample.month_end(), batches=(batch,), held=())


def test_totals_stand_by_department_and_currency():
    page = Page(batch_page(sample.month_end()))
    assert page.row("phone_early", "Bonus", "… prepared", "hr approves", "15")[5:] == [
        "VND", "25,987,500", "1,410,000", "24,577,500",
    ]  # fmt: skip
    assert page.row("All of them", "1")[2:] == ["CNY", "854.69", "0.00", "854.69"]
    assert page.row("All of them", "23")[2:] == ["VND", "39,037,500", "1,410,000", "37,627,500"]
    assert page.row("legal", "Bonus")[2:] == ["‖ held", "–", "no lines"]


def test_every_line_has_its_amount_what_was_posted_and_the_difference():
    page = Page(batch_page(sample.month_end()))
    assert page.row("E0001", "performance_bonus:phone_early", "2026-09")[2:] == [
        "2026-09",
        "VND",
        "1,612,500",
        "1,000,000",
        "612,500",
    ]
    assert page.row("E0099", "performance_bonus:phone_early")[2:] == ["2026-08", "VND", "0", "410,000", "-410,000"]
    assert "No longer due: what was posted before is taken back." in page.text


def test_every_amount_is_explained_down_to_the_rule_line():
    page = Page(batch_page(one_batch(sample.payout_line("E0001", score="93.125"))))
    assert page.row("policy", "policy")[3].startswith("policy phone_early_vnd; version 1234e5678901; days 2026-09-01")
    assert page.row("score")[2:4] == ["93.125", "phone_early_scorecard 123456789012"]
    assert page.row("earned")[2:] == ["2,742,187.5", "target 3,000,000; payout 0.914062…", f"{sample.POLICY}:41:9"]
    assert page.row("payable")[2] == "2,742,188"


def test_a_shortened_value_keeps_its_digits_at_hand():
    html = batch_page(one_batch(sample.payout_line("E0001", score="93.125")))
    assert 'title="0.9140625"' in html


def test_who_is_not_paid_stands_with_the_reason():
    page = Page(batch_page(sample.month_end()))
    assert page.row("E0072") == ["E0072", "everything", "none", "two postings hold on the same day postings_overlap"]
    assert page.row("E0088") == ["E0088", "no policy for manager in restructuring from 2026-09-01"]


@pytest.mark.parametrize(
    ("decisions", "next_command"),
    [
        (0, "recoup approve bonus-2026-09-phone_early-1a2b3c4d5e6f --by NAME --role manager"),
        (1, "recoup approve bonus-2026-09-phone_early-1a2b3c4d5e6f --by NAME --role hr"),
        (3, "recoup publish bonus-2026-09-phone_early-1a2b3c4d5e6f"),
    ],
)
def test_the_page_says_who_has_approved_and_what_is_next(decisions, next_command):
    report = replace(sample.month_end(), batches=(sample.reviewed_batch("phone_early", decisions=decisions),))
    text = Page(batch_page(report)).text
    assert next_command in text
    assert [f"{role}: Approver {role}" in text for role in ("manager", "hr", "finance")] == [
        number < decisions for number in range(3)
    ]


def test_nothing_is_next_for_a_batch_that_is_over():
    batch = replace(sample.reviewed_batch("phone_early"), phase="published", next_role="")
    text = Page(batch_page(replace(sample.month_end(), batches=(batch,)))).text
    assert "recoup approve" not in text
    assert "recoup publish" not in text


def test_rules_and_their_signers_are_listed_and_unsigned_ones_stand_out():
    page = Page(batch_page(sample.month_end()))
    assert page.row("field_vnd", "policy")[4:] == ["Demo proposer", "Demo signer"]
    assert page.row("recovery_rate")[4:] == ["! not signed"]


def test_the_chain_from_payments_to_pay_shows_each_difference():
    page = Page(batch_page(sample.month_end()))
    assert page.row("Payments without waivers")[2:] == ["47,990,150,000", "-221,200,000", "waivers: -221,200,000"]
    assert page.row("KPI “recovered” of employees")[3:] == ["0", ""]
    assert page.row("Payout lines")[3] == "starts"


def test_the_part_of_a_difference_that_no_reason_covers_is_told():
    step = TieOutStep("Credited", Decimal(7), (("uncredited: house", Decimal(-2)),))
    chain = TieOut("VND", (TieOutStep("Payments", Decimal(10)), step))
    page = Page(batch_page(replace(sample.month_end(), tie_outs=(chain,))))
    assert page.row("Credited")[3:] == ["-3", "uncredited: house: -2 ✕ unexplained -1"]
    assert page.row("Differences without a reason, from payments to pay")[2:] == ["1", "✕ not zero"]


def test_how_the_amounts_of_a_policy_lie():
    page = Page(batch_page(sample.month_end()))
    assert page.row("field_vnd", "VND")[2:] == [
        "8", "13,050,000", "1,500,000", "1,565,625", "1,631,250", "1,696,875", "1,762,500",
    ]  # fmt: skip


def test_bins_hold_everybody_once():
    found = bins(sample.month_end())
    assert sum(each.payees for each in found if each.currency == "VND") == 22
    assert all(each.end - each.start == found[-1].end - found[-1].start for each in found if each.currency == "VND")


def outlying() -> BatchReport:
    lines = [sample.payout_line(f"E{number:04d}", score=str(80 + number)) for number in range(1, 10)]
    return one_batch(*lines, sample.payout_line("E0010", score="180"))


def test_who_stands_out_is_told_with_the_bounds_and_leads_to_the_explanation():
    report = outlying()
    page = Page(batch_page(report))
    (row,) = [row for row in page.rows if row[1:2] == ["stands out"]]
    assert row[0] == "E0010"
    assert row[3] == "phone_early_vnd: expected between 2,118,750 and 2,793,750"
    assert ("tr", {"class": "row", "id": "batch-1-10"}) in page.tags
    assert ("a", {"href": "#batch-1-10"}) in page.tags


def test_among_seven_nobody_stands_out():
    lines = [sample.payout_line(f"E{number:04d}", score="80") for number in range(1, 7)]
    report = one_batch(*lines, sample.payout_line("E0010", score="180"))
    assert [each for each in exceptions(report) if each.kind is ExceptionKind.OUTLIER] == []


def test_a_cap_that_was_reached_is_told():
    line = sample.payout_line("E0001")
    cap = Step("most", "cap", Decimal(1), (), "a.yaml:1:1", "capped")
    found = exceptions(one_batch(replace(line, steps=(*line.steps[:-1], cap, line.steps[-1]))))
    assert [(each.payee, each.text) for each in found if each.kind is ExceptionKind.CAPPED] == [("E0001", "most")]


def test_month_on_month_by_department_and_by_payee_with_the_reason():
    page = Page(batch_page(sample.month_end()))
    assert page.row("field", "VND")[2:] == ["0", "13,050,000", "13,050,000"]
    assert page.row("E0001", "performance_bonus:phone_early", "VND")[3:] == [
        "1,500,000", "1,612,500", "112,500", "score 60 → 63",
    ]  # fmt: skip
    assert page.row("E0097", "performance_bonus:phone_early", "VND")[3:] == [
        "1,875,000", "–", "-1,875,000", "no longer paid",
    ]  # fmt: skip
    assert page.row("E0003", "performance_bonus:phone_early", "VND")[6] == "new this month"


def test_without_a_last_month_nothing_is_compared():
    text = Page(batch_page(replace(sample.month_end(), before=()))).text
    assert "Month on month" not in text


def test_a_waiver_stands_on_the_page():
    waiver = sample.waiver("promises", "late by agreement", sample.DAY)
    text = Page(batch_page(replace(sample.month_end(), waivers=(waiver,)))).text
    assert (
        "promises.volume 30 September 2026: waived by Head of operations until 30 September 2026: late by agreement"
        in text
    )


LINE = sample.payout_line("E0001")
FROZEN = sample.frozen(LINE)
FORTH_AND_BACK = TieOut(
    "VND", (TieOutStep("Credited", Decimal(10)), TieOutStep("KPI", Decimal(9)), TieOutStep("Back", Decimal(10)))
)
FROZEN_TOO_LOW = replace(FROZEN, desired=LINE.amount - 3, difference=LINE.amount - 3)
POSTS_TOO_MUCH = replace(FROZEN, difference=LINE.amount + 5)
ENDS_EARLY = replace(LINE, steps=LINE.steps[:3])  # at the target of 3,000,000


@pytest.mark.parametrize(
    ("report", "kind", "found"),
    [
        (one_batch(LINE, differences=(FROZEN_TOO_LOW,)), CheckKind.FROZEN, 3),
        (one_batch(LINE, differences=()), CheckKind.FROZEN, LINE.amount),
        (one_batch(LINE, differences=(POSTS_TOO_MUCH,)), CheckKind.POSTING, 5),
        (one_batch(ENDS_EARLY), CheckKind.STEPS, 3_000_000 - LINE.amount),
        (replace(one_batch(LINE), tie_outs=(FORTH_AND_BACK,)), CheckKind.TIE_OUT, 2),
    ],
)
def test_a_sum_that_does_not_agree_is_the_headline(report, kind, found):
    broken = [check for check in zero_checks(report) if not check.holds]
    assert [(check.kind, check.currency, check.found) for check in broken] == [(kind, "VND", found)]
    text = Page(batch_page(report)).text
    assert "1 sum does not agree" in text
    assert "All sums agree" not in text


def test_two_deviations_do_not_cancel_out():
    lines = [sample.payout_line("E0001"), sample.payout_line("E0002")]
    wrong = [
        replace(sample.frozen(line), desired=line.amount + off, difference=line.amount + off)
        for line, off in zip(lines, (7, -7), strict=True)
    ]
    assert found_by(CheckKind.FROZEN, one_batch(*lines, differences=tuple(wrong))) == 14


def test_a_held_payee_may_be_left_open_and_nobody_else():
    open_row = replace(FROZEN, desired=Decimal(0), posted=Decimal(500), difference=Decimal(0))
    report = one_batch(differences=(open_row,))
    held = sample.HeldPayee("E0001", "", "", "missing_input", "no score")
    assert found_by(CheckKind.POSTING, replace(report, held=(held,))) == 0
    assert found_by(CheckKind.POSTING, report) == 500


def found_by(kind: CheckKind, report: BatchReport) -> Decimal:
    return next(check.found for check in zero_checks(report) if check.kind is kind)


def test_a_report_without_lines_does_not_say_that_all_is_well():
    report = BatchReport(sample.PERIOD, sample.RUN, LINE.rule, ())
    assert "Nothing to check: there are no lines" in Page(batch_page(report)).text


def test_titles_in_three_languages():
    one = one_batch(LINE)
    titles = [Page(batch_page(one, language)).title.partition(" · ")[0] for language in Language]
    assert titles == [
        "Bonus of phone_early, September 2026",
        "Thưởng của phone_early, tháng 9 năm 2026",
        "phone_early 奖金，2026年9月",
    ]
