"""What holds for every page in every language: whole, self-contained, labelled, escaped, the same each time."""

from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.calibration import Calibration, Compared, Verdict
from allocation.destinations import RefusedPartner
from allocation.got import Got, Spread
from allocation.limit_costs import LimitCost, Without
from allocation.moves import Move, Why
from allocation.problem import Violation
from allocation.shortages import NO_CAPACITY, TOO_LARGE, Shortage
from domain.periods import Period
from domain.records import Grain, PayoutLine, Unit, ValueState
from domain.rule_changes import ChangeKind, FieldChange, RuleChange
from domain.rules import RuleKind, RuleVersion
from domain.standings import PartnerState
from incentives.calculate import Calculation
from incentives.cell import Reason
from incentives.coverage import Held as PolicyHeld
from incentives.pay_compared import Comparison, Crossing, NotMeasured, Paid
from reports.allocation import AllocationFacts, PricedLimit, ScoreCounts, allocation_report
from reports.batch import batch_page
from reports.calibration import CalibrationOfMonth, calibration_report
from reports.comparison import ComparisonReport, Figures, comparison_page
from reports.contact_points import contact_points_page
from reports.daily import daily_report
from reports.fairness import FairBand, FairnessOfNight, FairTeam, fairness_report
from reports.kpi_tables import KpiLabel
from reports.languages import Language
from reports.monthly import monthly_report
from reports.night import Link, StageSummary, night_page
from reports.partner_pack import partner_pack
from reports.partner_scorecards import scorecards_page
from reports.report_files import report_page
from reports.rule_effects import (
    AsIf,
    FigureChange,
    FigureKind,
    MonthEffect,
    MonthWithout,
    RuleEffects,
    RuleEffectsReport,
    in_order,
    rule_effects_page,
    totals_of,
)
from reports.scopes import Scope
from reports.signals import signals_report
from reports.simulation import SimulatedMonth, Simulation
from reports.simulation_report import simulation_report
from reports.statement_files import statement_page
from reports.weekly import weekly_report
from tests.reports import sample
from tests.reports.reading import Page
from tests.reports.test_capacity_page import page as capacity_page
from tests.reports.test_claims_statement import page as settlement_page
from tests.reports.test_contact_points_page import report as cleaning
from tests.reports.test_daily_report import facts as daily_facts
from tests.reports.test_night_costs import page as night_costs_page
from tests.reports.test_partner_pack import facts as pack_facts
from tests.reports.test_partner_pack import review as partner_review
from tests.reports.test_register_report import page_of_register, page_of_units
from tests.reports.test_signals_page import month as signals_month
from tests.reports.test_statement import statement
from tests.reports.test_weekly_and_monthly_reports import monthly, weekly

EVIL = "<script>alert(1)</script>\"&'></style><!--"


def comparison(label: str = sample.LABEL) -> ComparisonReport:
    night = sample.night()
    official = Figures(sample.RUN, night.kpis, night.scores, night.forecast, sample.rule_versions())
    new = Figures(sample.RUN, night.kpis[5:], night.scores[1:], night.forecast[2:], sample.rule_versions()[1:])
    return ComparisonReport(sample.DAY, official, new, True, "", night.labels, label)


def effects(label: str = sample.LABEL, text: str = "x") -> RuleEffectsReport:
    """A page with every part: a rule of each way to differ, pay, scores, KPIs, a month without figures."""

    def figure(kind: FigureKind, name: str, **more) -> FigureChange:
        given = {"grain": Grain.EMPLOYEE, "entity": text, "scope": text, "currency": "", "unit": Unit.RATIO,
                 "old": Decimal(1), "new": Decimal(2), "old_state": ValueState.VALUE, "new_state": ValueState.VALUE,
                 "why": (text,), "note": text, **more}  # fmt: skip
        return FigureChange(kind, name, **given)

    fields = (FieldChange(text, text, text),)
    version = RuleVersion(RuleKind.TARGET, "t", sample.rule_versions()[0].digest, sample.DAY)
    changes = tuple(
        RuleChange(what, RuleKind.TARGET, "t", text, None, version, text, f"{text}:1", fields) for what in ChangeKind
    )
    figures = in_order((
        figure(FigureKind.PAY, text, currency="VND", unit=Unit.MONEY, grain=None),
        figure(FigureKind.SCORE, text),
        *(figure(FigureKind.KPI, text, entity=f"{text}{number}", new=None, new_state=None) for number in range(13)),
    ))  # fmt: skip
    totals = tuple(totals_of(figures, {(FigureKind.PAY, text, "VND"): (Decimal(1), Decimal(2))}))
    moved = (AsIf(text, text),)
    month = MonthEffect("2026-09", sample.DAY, sample.RUN, moved, 5, 1, (text,), (text,), totals, figures)
    found = RuleEffects(text, text, changes, (text,), (month,), (MonthWithout("2026-08", text),))
    return RuleEffectsReport(found, {text: KpiLabel(text, True)}, label)


def simulated(label: str = sample.LABEL, text: str = "x") -> Simulation:
    """Two months, in which one payee gains, one is held, and one crosses a tier."""
    found = Comparison()
    lines = [replace(sample.payout_line(f"E{number}"), payee=f"{text}{number}", scope=text) for number in range(3)]
    held = (PolicyHeld(text, text, text, Reason.NO_ROW, text),)
    for month in (1, 2):
        new = [replace(lines[0], amount=Decimal(1)), *lines[1:2]]
        calculations = Paid.of(Calculation(tuple(lines), (), ())), Paid.of(Calculation(tuple(new), held, ()))
        found.add_month(Period(2026, month), *calculations, {(text, "VND"): Decimal(5)}, {"VND": Decimal(100)})
        found.add_unmeasured([NotMeasured(f"2026-0{month}", text, text, "zero")])
        found.add_change(Decimal("0.9"), *calculations)
    found.crossings.append(Crossing("2026-01", text, text, text, text, 1, 2))
    changes, month = effects(text=text).effects.changes, SimulatedMonth("2026-01", sample.DAY, sample.RUN, False)
    without = (MonthWithout("2026-03", text),)
    moved = (AsIf(text, text),)
    return Simulation(text, text, changes, moved, (text,), (month,), without, found.compared(), (), (text,), label)


def simulation_page(language: Language, **more: str) -> str:
    return report_page(simulation_report(simulated(**more), language, 200), language)


def calibrated(language: Language, label: str = sample.LABEL, text: str = "x") -> str:
    """Two debtors too few to tell, and a whole book of which too much was predicted."""
    few = Compared(text, 2, 1, Decimal(20), Decimal(5), Decimal("0.25"), None, None, Verdict.TOO_FEW)
    ratios = (Decimal("0.5"), Decimal("0.4"), Decimal("0.6"))
    whole = Compared(text, 90, 40, Decimal(2_000), Decimal(1_000), *ratios, Verdict.TOO_HIGH)
    found = Calibration(whole, whole, (few, whole), (few,), (), ((whole, few),))
    given = (sample.DAY, sample.RUN, sample.DAY, sample.DAY, sample.RUN, "VND", found, label)
    return report_page(calibration_report(CalibrationOfMonth("2026-09", *given), language), language)


def fairness(language: Language, label: str = sample.LABEL, text: str = "x") -> str:
    """A night without a band, and with two."""
    given = (
        (Decimal("0.2"), Decimal("3.1"), 0),
        (Decimal("0.8"), Decimal("1.2"), 0),
        (Decimal("0.9"), Decimal("1.3"), 1),
    )
    bands = tuple(
        FairBand(band, Decimal(1_000), Decimal(number) / 100, Decimal(number) / 200, *spread)
        for number, (band, spread) in enumerate(zip((None, Decimal("0.2"), Decimal("0.1")), given, strict=True))
    )
    teams = (FairTeam(text, 2, Decimal("1.5"), Decimal("0.2"), Decimal("3.1")),)
    found = FairnessOfNight(sample.DAY, sample.RUN, text, "VND", True, None, bands, teams, label)
    return report_page(fairness_report(found, language), language)


REFUSED = (
    ("P1", "legal_type", "VN", "agency"),
    ("P2", "no_contract", "VN", "law_firm"),
    ("P3", "several_contracts", "CN", "law_firm"),
)


def allocation_page(language: Language, label: str = sample.LABEL, text: str = "x") -> str:
    """A night of two collectors and a partner: limits of every kind, and an account that moved for each reason."""
    place = (text, text)
    balances = (("CNY", Decimal(9)), ("VND", Decimal(500)))
    low = Got(f"employee:{text}", *place, 3, balances, 20.0, 10)
    high = Got("employee:E2", *place, 2, (("VND", Decimal(5)),), 60.0, 10)
    moved = [
        Move(f"A{number}", f"employee:{text}", *place, "", "", "", text, text, why, text, "VND", Decimal(1), gain)
        for number, (why, gain) in enumerate(zip(Why, [None, -1.5, 2.5] * len(Why), strict=False))
    ]
    names = (f"employee:{text}", "partners:legal", f"quota:{text}:legal+field:balance", "other")
    facts = AllocationFacts(
        business_date=sample.DAY, valid_from=sample.DAY, run=sample.RUN, strategy=text, currency="VND",
        by_minutes=True, value=Decimal(100), bound=Decimal(101), gap=Decimal("1e-5"), again=Decimal(99), book=9,
        disposed=(("allocated", 5), ("held", 4)), decided=9, segments=((text, text, "allocated", 9),),
        unkept=tuple(Violation(name, 5, 3) for name in names),
        prices=(PricedLimit(names[0], Decimal(3), *place, 5, 5), *(PricedLimit(one, Decimal(-2)) for one in names[1:])),
        got=(low, high, Got("partner:P1", "", "", 1, (("VND", Decimal(7)),), 3.0, None)),
        spreads=(Spread(text, text, 4.0, low, high, high, 2), Spread("T2", text, 4.0, low, low, high, 2)),
        costs=tuple(LimitCost(limit, 90.0, 95.0, 1, is_set=limit is not Without.MINIMUMS) for limit in Without),
        moves=tuple(moved), titles={text: text}, score=ScoreCounts(text, True, 5, 4, 1), owner=text, lapsed=(text,),
        outside=(text,), warnings=(text,), book_label=label, unknown=(text,),
        refused=tuple(RefusedPartner(*each) for each in REFUSED),
        shortages=tuple(Shortage(code, text, text, 5, 9, 20, 1, text, 3, 2) for code in (NO_CAPACITY, TOO_LARGE)),
    )  # fmt: skip
    return report_page(allocation_report(facts, language), language)


def pack_page(language: Language, label: str = sample.LABEL, text: str = "x") -> str:
    return report_page(partner_pack(pack_facts(label, text), language), language)


def scorecards(language: Language, label: str = sample.LABEL, text: str = "x") -> str:
    """Of a partner that stands well, and of one without new placements of which nothing is known."""
    met = partner_review(text)
    bare = replace(met, scores=(), leagues=(), trials=(), history=(), commitments=(), state=PartnerState.SUSPENSION)
    return scorecards_page((met, bare), language, label)


PAGES = {
    "partner pack": pack_page,
    "partner scorecards": scorecards,
    "settlement": settlement_page,
    "signals": lambda language: report_page(signals_report(signals_month(), Scope(), language), language),
    "register": page_of_register,
    "units": page_of_units,
    "allocation": allocation_page,
    "calibration": calibrated,
    "fairness": fairness,
    "capacity": capacity_page,
    "simulation": simulation_page,
    "night costs": night_costs_page,
    "night": lambda language: night_page(sample.night(), language),
    "batch": lambda language: batch_page(sample.month_end(), language),
    "comparison": lambda language: comparison_page(comparison(), language),
    "contact points": lambda language: contact_points_page(cleaning(), language),
    "rule effects": lambda language: rule_effects_page(effects(), language),
    "daily": lambda language: report_page(daily_report(daily_facts(), language), language),
    "weekly": lambda language: report_page(weekly_report(weekly(), language), language),
    "monthly": lambda language: report_page(monthly_report(monthly(), language), language),
    "statement": lambda language: statement_page(statement(), language),
}
WITHOUT_LABEL = {
    "settlement": lambda: settlement_page(Language.ENGLISH, label=""),
    "signals": lambda: report_page(signals_report(signals_month(label=""), Scope()), Language.ENGLISH),
    "partner pack": lambda: pack_page(Language.ENGLISH, label=""),
    "partner scorecards": lambda: scorecards(Language.ENGLISH, label=""),
    "register": lambda: page_of_register(Language.ENGLISH, label=""),
    "units": lambda: page_of_units(Language.ENGLISH, label=""),
    "allocation": lambda: allocation_page(Language.ENGLISH, label=""),
    "calibration": lambda: calibrated(Language.ENGLISH, label=""),
    "fairness": lambda: fairness(Language.ENGLISH, label=""),
    "capacity": lambda: capacity_page(Language.ENGLISH, label=""),
    "simulation": lambda: simulation_page(Language.ENGLISH, label=""),
    "night costs": lambda: night_costs_page(Language.ENGLISH, label=""),
    "night": lambda: night_page(replace(sample.night(), book_label="")),
    "batch": lambda: batch_page(replace(sample.month_end(), book_label="")),
    "comparison": lambda: comparison_page(comparison(label="")),
    "contact points": lambda: contact_points_page(cleaning(book_label="")),
    "rule effects": lambda: rule_effects_page(effects(label="")),
    "daily": lambda: report_page(daily_report(daily_facts(book_label=""), Language.ENGLISH), Language.ENGLISH),
    "weekly": lambda: report_page(weekly_report(weekly(book_label=""), Language.ENGLISH), Language.ENGLISH),
    "monthly": lambda: report_page(monthly_report(monthly(book_label=""), Language.ENGLISH), Language.ENGLISH),
    "statement": lambda: statement_page(statement(label=""), Language.ENGLISH),
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
    rules = rule_effects_page(effects(label=EVIL, text=EVIL))
    facts = daily_facts(owner=EVIL, book_label=EVIL, run_label=EVIL, titles={"phone": EVIL})
    daily = report_page(daily_report(facts, Language.ENGLISH), Language.ENGLISH)
    other = simulation_page(Language.ENGLISH, label=EVIL, text=EVIL)
    held_against = calibrated(Language.ENGLISH, label=EVIL, text=EVIL)
    fair = fairness(Language.ENGLISH, label=EVIL, text=EVIL)
    planned = capacity_page(Language.ENGLISH, label=EVIL, text=EVIL)
    sent = allocation_page(Language.ENGLISH, label=EVIL, text=EVIL)
    met = pack_page(Language.ENGLISH, label=EVIL, text=EVIL)
    scored = scorecards(Language.ENGLISH, label=EVIL, text=EVIL)
    pages = (
        *map(str, (batch_page(report), night_page(night), comparison_page(compared))),
        rules,
        daily,
        other,
        held_against,
        fair,
        planned,
        sent,
        met,
        scored,
        settlement_page(Language.ENGLISH, label=EVIL, text=EVIL),
        page_of_register(Language.ENGLISH, label=EVIL, text=EVIL),
        page_of_units(Language.ENGLISH, label=EVIL, text=EVIL),
    )
    for html in pages:
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
