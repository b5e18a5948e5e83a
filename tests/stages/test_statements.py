"""Statements: one per payee of a published batch, of that payee alone, and the same however often they are written."""

from __future__ import annotations

import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.errors import RefusedError
from adapters.seam import sha256_of
from adapters.store.ledger import read_entries
from adapters.store.runs import files_of_run
from domain.periods import Period
from domain.staff import Share
from incentives.ledger import BatchKind, LedgerKey
from reports.languages import Language
from reports.statement_files import missing_fonts
from tasks.stages.statements import write_statements
from tests.conftest import skip_or_fail
from tests.reports.reading import Page
from tests.stages.paid import house_policy, line_by, month_end_run, publish_lines

SEPTEMBER, AUGUST = Period(2026, 9), Period(2026, 8)
SCORES = {"E0001": "98.5", "E0002": "75", "E0003": "47", "E0004": "110"}


def inputs(score: str) -> dict[str, str]:
    return {"score": score, "critical_fails": "0", "upheld_complaints": "0"}


@pytest.fixture
def published(world):
    """A batch of four collectors in September, after one of three of them in August; its run and id."""
    policy = house_policy(world, "field_vnd")
    earlier = month_end_run(world, AUGUST)
    before = [line_by(policy, payee, "field", inputs("80"), period="2026-08") for payee in ("E0001", "E0002", "E0003")]
    publish_lines(world, earlier, "field", before)
    run = month_end_run(world, SEPTEMBER)
    lines = [line_by(policy, payee, "field", inputs(score)) for payee, score in SCORES.items()]
    return run, publish_lines(world, run, "field", lines)


def text_of(paths, payee: str) -> str:
    return Page(page_of(paths, payee).read_text(encoding="utf-8")).text


def page_of(paths, payee: str) -> Path:
    return next(path for path in paths if path.name.startswith(payee) and path.suffix == ".html")


def test_everybody_in_the_batch_has_a_page_and_a_pdf_that_are_registered(world, published):
    run, batch = published
    paths = write_statements(world, batch)
    assert [path.name for path in paths] == [f"{payee}.en.{kind}" for payee in SCORES for kind in ("html", "pdf")]
    with world.store.read() as connection:
        known = files_of_run(connection, run)
    assert {world.settings.home / file.path: file.sha256 for file in known.values()} == {
        path: sha256_of(path) for path in paths
    }


def test_a_statement_says_what_was_earned_why_what_changed_and_what_comes_next(world, published):
    text = text_of(write_statements(world, published[1]), "E0001")
    assert "Paid by this statement VND 4,121,250" in text
    assert "by the rule “Field, collectors paid in VND”" in text
    assert "Bonus at 100 points 4,200,000 × Share of it by score 0.98125" in text
    assert "Department or partner Field (field)" in text
    assert "days 2026-09-01 – 2026-09-30: the only rule that is for you" in text
    assert "Last month VND 3,150,000, this month VND 4,121,250: a difference of VND 971,250." in text
    assert "at 100 instead of 98.5 (+1.5) would have paid VND 78,750 more" in text
    assert "2026-01-1" not in text, "until when is written as people write days"
    assert "Tell HR until 16 January 2026" in text, "fifteen days, as the house's rule of approvals states"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.VIETNAMESE, ("Thưởng hiệu suất", "“Thu hồi tại địa bàn, nhân viên nhận VND”",
                               "Thưởng khi đạt 100 điểm 4.200.000 × Tỷ lệ theo điểm 0,98125", "Sau khi xét khiếu nại",
                               "Thu hồi tại địa bàn (field)")),
        (Language.CHINESE, ("绩效奖金", "外访，以越南盾计薪的催收员", "满分100分时的奖金", "扣除投诉后",
                            "外访 (field)")),
    ],
)  # fmt: skip
def test_policies_components_departments_and_steps_have_names_in_the_readers_language(world, published, language, said):
    if missing_fonts(language):
        skip_or_fail("PDFs in Chinese need Noto CJK")
    text = text_of(write_statements(world, published[1], language), "E0001").replace("\xa0", " ")
    assert [each for each in said if each not in text] == []
    assert [
        each for each in ("performance", "after_complaints", "after complaints", "collectors") if each in text
    ] == []


def test_who_was_not_paid_last_month_is_told_so(world, published):
    assert "There is nothing to compare with" in text_of(write_statements(world, published[1]), "E0004")


def test_who_has_reached_the_most_is_promised_nothing(world, published):
    policy = house_policy(world, "field_vnd")
    run = month_end_run(world, Period(2026, 10))
    batch = publish_lines(world, run, "field", [line_by(policy, "E0005", "field", inputs("118"), period="2026-10")])
    assert "What the next step would bring" not in text_of(write_statements(world, batch), "E0005")


def test_nobody_elses_pay_is_in_it(world, published):
    """Neither the other payees' ids nor their amounts, in the page, in the PDF, or in the names of files within."""
    _, batch = published
    paths = write_statements(world, batch)
    with world.store.read() as connection:
        entries = read_entries(connection)
    own = {payee: {entry.amount_minor for entry in entries if entry.payee == payee} for payee in SCORES}
    for path in paths:
        payee = path.name.partition(".")[0]
        text = Page(path.read_text(encoding="utf-8")).text if path.suffix == ".html" else pdf_text(path)
        assert payee in text
        for other in SCORES.keys() - {payee}:
            assert other not in text
            for amount in own[other] - own[payee] - {0}:
                assert f"{amount:,}" not in text


def pdf_text(path: Path) -> str:
    try:
        found = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        skip_or_fail("reading PDFs needs poppler-utils")
    return found.stdout


def test_the_head_of_the_ledger_after_the_batch_is_on_it_and_later_batches_change_nothing(world, published):
    _, batch = published
    with world.store.read() as connection:
        last = read_entries(connection, [batch])[-1]
    text = text_of(write_statements(world, batch), "E0002")
    assert f"entry {last.sequence}, {last.entry_hash}." in text
    publish_lines(world, month_end_run(world, SEPTEMBER, nonce="legal"), "legal", [legal_line(world)])
    for path in (paths := write_statements(world, batch)):
        path.unlink()
    assert write_statements(world, batch) == paths
    assert text_of(paths, "E0002") == text


def legal_line(world):
    return line_by(house_policy(world, "legal_vnd"), "E0900", "legal", inputs("90"))


def test_writing_again_touches_nothing_and_brings_back_what_is_gone_byte_for_byte(world, published):
    paths = write_statements(world, published[1])
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}
    assert write_statements(world, published[1]) == paths
    assert {path: path.stat().st_mtime_ns for path in paths} == {path: at for path, (_, at) in before.items()}
    gone = paths[1]
    gone.unlink()
    write_statements(world, published[1])
    assert gone.read_bytes() == before[gone][0]


def test_a_file_that_would_come_out_different_is_refused_and_not_replaced(world, published):
    paths = write_statements(world, published[1])
    page_of(paths, "E0001").unlink()
    later = world.settings.model_copy(update={"book_label": "Another book"})
    with pytest.raises(RefusedError, match="STM003 would come out different"):
        write_statements(type(world)(later, world.seam, world.store), published[1])
    assert not page_of(paths, "E0001").exists()


def test_a_batch_that_is_not_published_has_no_statements(world, published):
    policy = house_policy(world, "legal_vnd")
    run = month_end_run(world, SEPTEMBER, nonce="unpublished")
    batch = publish_lines(world, run, "legal", [line_by(policy, "E0900", "legal", inputs("90"))], decisions=3)
    with pytest.raises(RefusedError, match="STM002 is approved"):
        write_statements(world, batch)


def test_a_correction_names_the_month_it_belongs_to(world, published):
    """Of August, posted into October: what was paid before is taken off."""
    policy = house_policy(world, "field_vnd")
    key = LedgerKey(BatchKind.BONUS, "E0001", "performance_bonus:field", AUGUST, "VND")
    line = line_by(policy, "E0001", "field", inputs("76"), period="2026-08")
    run = month_end_run(world, AUGUST, nonce="late")
    batch = publish_lines(world, run, "field", [line], posted={key: 3_150_000}, into=Period(2026, 10))
    text = text_of(write_statements(world, batch), "E0001")
    assert "Corrections These amounts correct what was posted before" in text
    assert re.search(r"2026-08 2026-10 correction -VND 210,000", text)
    assert "Paid by this statement -VND 210,000" in text


def test_days_that_count_are_told_when_they_change(world, published):
    policy = house_policy(world, "field_vnd")
    run = month_end_run(world, Period(2026, 10))
    share = Share(Decimal(10), Decimal(20))
    line = line_by(policy, "E0001", "field", inputs("98.5"), period="2026-10", share=share)
    text = text_of(write_statements(world, publish_lines(world, run, "field", [line])), "E0001")
    assert "Days that count 1 10" in text


@pytest.mark.parametrize(
    ("language", "title"), [(Language.VIETNAMESE, "Bảng kê thu nhập"), (Language.CHINESE, "报酬单")]
)
def test_in_vietnamese_and_chinese_every_letter_of_the_pdf_has_its_shape(world, published, language, title):
    paths = write_statements(world, published[1], language)
    pdf = next(path for path in paths if path.name == f"E0001.{language.value}.pdf")
    assert title in pdf_text(pdf)
    fonts = subprocess.run(["pdffonts", str(pdf)], capture_output=True, text=True, check=True).stdout
    embedded = [line.split()[-5] for line in fonts.splitlines()[2:]]
    assert embedded
    assert set(embedded) == {"yes"}
