"""What holds for every page in every language: whole, self-contained, labelled, escaped, the same each time."""

from dataclasses import replace

import pytest

from domain.records import PayoutLine
from reports.batch import batch_page
from reports.comparison import ComparisonReport, Figures, comparison_page
from reports.contact_points import contact_points_page
from reports.languages import Language
from reports.night import Link, StageSummary, night_page
from tests.reports import sample
from tests.reports.reading import Page
from tests.reports.test_contact_points_page import report as cleaning

EVIL = "<script>alert(1)</script>\"&'></style><!--"


def comparison(label: str = sample.LABEL) -> ComparisonReport:
    night = sample.night()
    official = Figures(sample.RUN, night.kpis, night.scores, night.forecast, sample.rule_versions())
    new = Figures(sample.RUN, night.kpis[5:], night.scores[1:], night.forecast[2:], sample.rule_versions()[1:])
    return ComparisonReport(sample.DAY, official, new, True, "", night.labels, label)


PAGES = {
    "night": lambda language: night_page(sample.night(), language),
    "batch": lambda language: batch_page(sample.month_end(), language),
    "comparison": lambda language: comparison_page(comparison(), language),
    "contact points": lambda language: contact_points_page(cleaning(), language),
}
WITHOUT_LABEL = {
    "night": lambda: night_page(replace(sample.night(), book_label="")),
    "batch": lambda: batch_page(replace(sample.month_end(), book_label="")),
    "comparison": lambda: comparison_page(comparison(label="")),
    "contact points": lambda: contact_points_page(cleaning(book_label="")),
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_labelled_and_needs_nothing_beside_it(name, language):
    html = PAGES[name](language)
    page = Page(html)
    assert page.problems == []
    assert sample.LABEL in page.text
    assert "@bottom-center { content:" in html, "the label is printed on every sheet"
    assert {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "object"} == set()
    assert "://" not in html
    assert dict(page.tags)["html"] == {"lang": language.value}
    assert html == PAGES[name](language)


@pytest.mark.parametrize("name", PAGES)
def test_a_book_without_a_label_shows_none(name):
    html = WITHOUT_LABEL[name]()
    assert 'class="label"' not in html
    assert "@bottom-center" not in html


def test_text_from_outside_is_escaped_wherever_it_stands():
    line = replace(sample.payout_line("E0001"), payee=EVIL, component=EVIL)
    step = replace(line.steps[1], name=EVIL, note=EVIL, inputs=((EVIL, EVIL),), line=EVIL)
    held = sample.HeldPayee(EVIL, EVIL, EVIL, EVIL, EVIL)
    batch = replace(sample.reviewed_batch(EVIL, evil_line(line, step)), prepared_by=EVIL)
    report = replace(sample.month_end(), batches=(batch,), held=(held,), book_label=EVIL)
    night = replace(
        sample.night(),
        stages=(StageSummary(EVIL, EVIL, ((EVIL, EVIL),), EVIL),),
        links=(Link(EVIL, "a<b>.html", EVIL),),
        kpis=(sample.kpi(EVIL, EVIL, "1"),),
        scores=(sample.score(EVIL, EVIL, "70"),),
        forecast=(evil_line(line, step),),
        book_label=EVIL,
        run_label=EVIL,
    )
    compared = replace(comparison(label=EVIL), scope=EVIL, new=Figures(sample.RUN, lines=(evil_line(line, step),)))
    for html in (batch_page(report), night_page(night), comparison_page(compared)):
        assert "<script" not in html
        assert EVIL in Page(html).text
        assert html.count("</style>") == 1
        assert Page(html).problems == []


def evil_line(line: PayoutLine, step) -> PayoutLine:
    return replace(line, scope=EVIL, steps=(step, *line.steps[1:]))


def test_a_long_id_is_shown_whole():
    name = "E" * 300
    report = replace(sample.month_end(), batches=(sample.reviewed_batch("legal", sample.payout_line(name)),))
    assert name in Page(batch_page(report)).text
