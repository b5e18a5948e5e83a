"""Statements in words: every kind of step, and kinds that are not known; fonts; a stranger's text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.ids import BatchId, digest_of
from domain.records import Step, Unit
from incentives.next_step import Unsaid
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.statement import UNSAID, HeldLine, Next, Statement, StatementEntry, StatementLine
from reports.statement_files import missing_fonts, statement_page, statement_pdf
from reports.step_words import StepWords
from tests.reports import sample
from tests.reports.reading import Page


def statement(label: str = sample.LABEL) -> Statement:
    line = sample.payout_line("E0001")
    entry = StatementEntry(7, line.component, "2026-09", "2026-09", "earning", line.amount, "VND")
    card = sample.score("phone_early", "E0001", "93.125")
    next_step = Next("payout", "score", Decimal("93.125"), Decimal(100), Decimal(257_812))
    of_line = StatementLine(line, "Phone early", {"target": Unit.MONEY}, None, (), (card,), (next_step,))
    batch, head = BatchId("bonus-2026-09-phone_early-1a2b3c4d5e6f"), digest_of("head")
    until = date(2026, 10, 20)
    return Statement(
        "E0001",
        "bonus",
        "phone_early",
        sample.PERIOD,
        batch,
        (of_line,),
        (entry,),
        (),
        head,
        7,
        until,
        {},
        frozenset(),
        label,
    )


def words(language: Language = Language.ENGLISH, **units: Unit) -> StepWords:
    return StepWords(Formats(language), "VND", units, {"score": "Score: Phone"})


def step(kind: str, *inputs: tuple[str, str], note: str = "") -> Step:
    return Step("s", kind, Decimal(1), inputs, "a.yaml:1:1", note)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (step("base", ("value", "3000000")), "stated in the rule"),
        (step("base", ("earned", "5")), "stated in the rule; earned 5"),
        (step("input", ("kpi:x", "123456789012")), "measured"),
        (
            step("input", note="no value: taken as zero, as stated"),
            "measured; no value: taken as zero, as the rule states",
        ),
        (step("formula", ("a", "2"), ("b_c", "1000"), note="a * b_c - 1.5"), "a 2 × b c 1,000 − 1.5"),
        (
            step("tiers", ("of", "300"), ("100 at", "0.1"), ("200 at", "0.2"), note="each slice at its own rate"),
            "100 × 0.1 + 200 × 0.2; each slice at its own rate",
        ),
        (
            step("tiers", ("recovered", "300"), ("from", "200"), ("rate", "0.2"), note="band 2 of 3"),
            "recovered 300, from 200, rate 0.2; band 2 of 3",
        ),
        (
            step("curve", ("score", "93"), note="between 60 and 100"),
            "read from the rule's curve; Score: Phone 93; between 60 and 100",
        ),
        (step("table", ("x", "0"), note="x == 0"), "the row of the rule's table that holds; x 0; x == 0"),
        (
            step("gate", ("x", "0"), ("factor", "0.5"), note="open"),
            "a condition of the rule; x 0, what remains 0.5; it does not hold: nothing is taken away",
        ),
        (
            step("gate", note="closed: fails >= 1"),
            "a condition of the rule; it holds (fails >= 1): only a share remains",
        ),
        (step("cap", ("at", "5"), note="capped"), "at most; limit 5; the most was reached"),
        (
            step("prorate", ("days", "9"), ("days of the period", "20")),
            "for the days that count; days 9, days of the period 20",
        ),
        (step("round", note="half_up, 0 digits"), "rounded; halves upwards, digits after the point: 0"),
        (step("sundial", ("x", "5"), note="a word of its own"), "x 5; a word of its own"),
    ],
)
def test_each_kind_of_step_is_said_and_an_unknown_one_stands_as_it_is(made, said):
    assert words().how(made) == said


def test_steps_are_said_in_the_readers_language_with_its_numbers():
    made = step("formula", ("target", "3000000"), ("payout", "0.5"), note="target * payout * 1.5")
    assert words(Language.VIETNAMESE).how(made) == "target 3.000.000 × payout 0,5 × 1,5"
    assert (
        words(Language.CHINESE).how(step("curve", note="between 60 and 100")) == "按规则曲线取值; 介于 60 与 100 之间"
    )


def test_the_page_shows_head_scorecard_and_next_step():
    page = Page(statement_page(statement(), Language.ENGLISH))
    assert page.problems == []
    assert page.row("recovery rate")[1:3] == ["0.19", "0.2"]
    assert digest_of("head") in page.text
    assert "would have paid VND 257,812 more" in page.text


def with_next(*steps: Next, unsaid: str = "") -> Statement:
    line = replace(statement().lines[0], next_steps=steps, unsaid=unsaid, names={"year": "Year to date"})
    return replace(statement(), lines=(line,))


YEAR = "year", Decimal(9_500_000), Decimal(12_000_000), Decimal(400_000)
CARRIED = ("recovered", Decimal(500_000), Decimal(3_000_000))


@pytest.mark.parametrize(
    ("step", "language", "said"),
    [
        (
            Next("payout", *YEAR, "at", CARRIED),
            Language.ENGLISH,
            "(+2,500,000), reached by recovered at 3,000,000 instead of 500,000, would have paid VND 400,000 more, all",
        ),
        (
            Next("payout", *YEAR, "above"),
            Language.ENGLISH,
            "Year to date at more than 12,000,000 instead of 9,500,000 (more than +2,500,000) would have paid",
        ),
        (Next("payout", *YEAR, "below"), Language.ENGLISH, "Year to date at less than 12,000,000 instead of"),
        (Next("payout", *YEAR, "above", CARRIED), Language.VIETNAMESE, "trên 12.000.000 thay vì 9.500.000"),
        (Next("payout", *YEAR, "above", CARRIED), Language.CHINESE, "若为 超过 12,000,000 而非 9,500,000"),
    ],
)
def test_the_next_step_says_whether_it_is_reached_or_passed_and_by_what(step, language, said):
    assert said in Page(statement_page(with_next(step), language)).text


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("unsaid", UNSAID)
def test_where_nothing_can_be_promised_the_statement_says_so(unsaid, language):
    page = Page(statement_page(with_next(unsaid=unsaid), language))
    assert words_of(language).gettext(UNSAID[unsaid]) in page.text


def test_every_reason_not_to_say_the_next_step_has_words():
    assert UNSAID.keys() == {reason.value for reason in Unsaid}


def beside(component: str, note: str, amount: str, *inputs: tuple[str, str]) -> StatementLine:
    made = Step("last", "manual", Decimal(amount), inputs, "incentives/approvals/approvals.yaml:1:1", note)
    line = replace(sample.payout_line("E0001"), component=component, amount=Decimal(amount), steps=(made,))
    return StatementLine(line, "", {}, None, (), (), ())


def test_holds_adjustments_and_deductions_are_told_with_their_reason_and_nobodys_name():
    by = (("proposed by", "A Proposer"), ("approved by", "An Approver"), ("case", "C-7"))
    lines = (
        beside("held/performance_bonus:phone_early", "case C-7: two visits", "-5000"),
        beside("manual/A1:phone_early", "visit recorded late", "700", *by),
        beside("carried/net:phone_early", "posted into 2026-10, of which 300 VND is still owed", "300"),
        beside("receivable/net:phone_early", "posted into 2026-10", "40"),
    )
    text = Page(statement_page(replace(statement(), lines=lines), Language.ENGLISH)).text
    assert "Held back: performance bonus -VND 5,000; case C-7: two visits" in text
    assert "Adjustment VND 700; visit recorded late; dispute C-7" in text
    assert "Carried to a later month VND 300; posted with 2026-10, of which VND 300 is still owed" in text
    assert "Owed by you VND 40" in text
    assert "Proposer" not in text
    assert "Approver" not in text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            Language.ENGLISH,
            ("legal bonus: score has no value", "posted with 2026-10, of which VND 300 is still owed",
             "VND 900 of what was owed stood when this system took over", "owed before VND 900"),
        ),
        (
            Language.VIETNAMESE,
            ("thưởng pháp lý: một số liệu mà quy tắc cần chưa có giá trị (score has no value)",
             "ghi sổ cùng tháng 2026-10, trong đó còn nợ 300 ₫", "900 ₫ của khoản nợ có từ trước",
             "nợ từ trước 900 ₫", "Điện thoại sớm (phone_early)", "mục tiêu"),
        ),
        (
            Language.CHINESE,
            ("法务奖金: 规则所需的一项数据没有值 (score has no value)", "其中仍欠", "此前欠款", "增值税"),
        ),
    ],
)  # fmt: skip
def test_names_reasons_and_deductions_are_in_the_readers_language(language, said):
    note = "posted into 2026-10, of which 300 VND is still owed; 900 VND of what was owed came in by the opening import"
    last, before = step("deduction", note=note), step("deduction")
    line = replace(sample.payout_line("E0001"), amount=Decimal(300))
    steps = (replace(before, name="owed_before", value=Decimal(900)), replace(last, name="carried", value=Decimal(300)))
    carried = replace(line, component="carried/net:phone_early", steps=steps)
    vat = replace(line, component="vat:standard_vnd")
    names = {"target": {"vi": "mục tiêu"}.get(language.value, "target")}
    bonus = {"vi": "thưởng pháp lý", "zh": "法务奖金"}.get(language.value, "legal bonus")
    made = replace(
        statement(),
        lines=(
            StatementLine(carried, "terms", {}, None, (), (), ()),
            StatementLine(vat, "fee", {}, None, (), (), ()),
            replace(statement().lines[0], names=names),
        ),
        held=(HeldLine("legal_bonus:legal", "missing_input", "score has no value"),),
        components={"legal_bonus": bonus},
        department={"vi": "Điện thoại sớm"}.get(language.value, ""),
    )
    text = Page(statement_page(made, language)).text.replace("\xa0", " ")
    assert [each for each in said if each not in text] == []


def held(note: str, *inputs: tuple[str, str]) -> StatementLine:
    line = beside("held/performance_bonus:phone_early", note, "-5000", ("of", "performance_bonus:phone_early"), *inputs)
    return replace(line, line=replace(line.line, steps=(replace(line.line.steps[0], kind="hold"),)))


@pytest.mark.parametrize(
    ("language", "until", "open_case"),
    [
        (Language.ENGLISH, "until 1 January 2027", "a dispute is open; dispute C-7"),
        (Language.VIETNAMESE, "đến ngày 1 tháng 1, 2027", "khiếu nại đang chờ giải quyết; khiếu nại C-7"),
        (Language.CHINESE, "至 2027年1月1日", "异议尚待处理; 异议 C-7"),
    ],
)
def test_a_hold_tells_reason_and_end_in_the_readers_language_and_not_who_decided(language, until, open_case):
    by_decision = held("xét lại", ("held by", "demo hr"), ("until", "2027-01-01"))
    by_case = held("a dispute is open", ("case", "C-7"))
    of_an_older_batch = held("demo hr: xét lại; demo finance: ca hai")
    lines = (by_decision, by_case, of_an_older_batch)
    text = Page(statement_page(replace(statement(), lines=lines), language)).text
    assert f"; xét lại; {until}" in text
    assert open_case in text
    assert "; xét lại; ca hai" in text
    assert "demo" not in text


@pytest.mark.parametrize(
    ("language", "beside_pay", "corrections"),
    [
        (Language.ENGLISH, "Held back, adjusted or carried", "correct what was posted before"),
        (Language.VIETNAMESE, "nằm ngoài phần thu nhập được tính", "điều chỉnh những gì đã ghi trước đó"),
        (Language.CHINESE, "列于计算所得之外", "更正此前入账的内容"),
    ],
)
def test_a_first_hold_or_adjustment_is_no_correction(language, beside_pay, corrections):
    def text_of(*entries: tuple[str, str]) -> str:
        made = tuple(
            StatementEntry(number, "performance_bonus:phone_early", "2026-09", into, kind, Decimal(5), "VND")
            for number, (kind, into) in enumerate(entries)
        )
        return Page(statement_page(replace(statement(), entries=made), language)).text

    first = text_of(("earning", "2026-09"), ("hold", "2026-09"), ("manual", "2026-09"))
    assert beside_pay in first
    assert corrections not in first
    for late in (("adjustment", "2026-10"), ("clawback", "2026-10"), ("earning", "2026-10")):
        assert corrections in text_of(late)
        assert beside_pay not in text_of(late)


def test_equal_statements_give_equal_bytes_and_another_one_does_not():
    first = statement_pdf(statement(), Language.CHINESE)
    assert first == statement_pdf(statement(), Language.CHINESE)
    assert first != statement_pdf(replace(statement(), payee="E0002"), Language.CHINESE)
    assert first.startswith(b"%PDF")


def test_text_from_outside_is_no_markup():
    evil = '"#panic()<script>$x$ [*_`'
    stranger = replace(statement(), payee=evil, scope=evil, held=(HeldLine(evil, evil, evil),))
    assert statement_pdf(stranger, Language.ENGLISH).startswith(b"%PDF")
    assert "<script" not in statement_page(stranger, Language.ENGLISH)


def test_without_chinese_letters_a_chinese_pdf_is_refused_and_the_others_are_not():
    (issue,) = missing_fonts(Language.CHINESE, frozenset({"Libertinus Serif"}))
    assert issue.code == "STM001"
    assert "apt-get install fonts-noto-cjk" in issue.hint
    assert missing_fonts(Language.VIETNAMESE, frozenset()) == ()


@pytest.mark.parametrize(
    ("kind", "who", "what"), [("bonus", "Tell HR", "your pay"), ("fee", "Tell who settles with you", "your fees")]
)
def test_a_partner_is_not_sent_to_the_house_s_human_resources(kind, who, what):
    text = Page(statement_page(replace(statement(), kind=kind), Language.ENGLISH)).text
    assert who in text
    assert what in text
