"""The real book through six business dates: its roll rates, equal to the same figures by a few lines of pandas."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pandas as pd
import pytest

from adapters.importing import import_extract
from adapters.rule_files import read_document
from adapters.settings import PROJECT, Settings
from adapters.store.results import read_kpis, read_verdict
from adapters.store.runs import official_run
from adapters.store.signatures import sign
from adapters.world import open_world
from bench.taiwan_allocation import ALLOCATED, BY_COLLECTOR, found_in
from bench.taiwan_allocation import page as allocation_page
from bench.taiwan_capacity import cases_in
from bench.taiwan_capacity import page as capacity_page
from bench.taiwan_cards import page
from domain.manifest import RunKind, Stage
from domain.records import Grain
from tasks.stages.rules import sound_rules
from tests.conftest import SteppingClock
from tests.stages.conftest import night_of

pytestmark = pytest.mark.slow

DATES = tuple(date(2005, month, day) for month, day in ((4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30)))
STATUS = {day: f"X{11 - number}" for number, day in enumerate(DATES)}
BILL = {day: f"X{17 - number}" for number, day in enumerate(DATES)}
STAGES = (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE)
EXAMPLE = PROJECT / "docs" / "examples" / "taiwan-cards"


@pytest.fixture(scope="module")
def cards(shared_data):
    return pd.read_csv(shared_data / "taiwan-cards" / "cards.csv.gz")


@pytest.fixture(scope="module")
def world(tmp_path_factory, shared_data):
    """Six nights, without the calendar: two of the dates are no working days, on which nothing would be allocated."""
    settings = Settings(home=tmp_path_factory.mktemp("taiwan") / "home", jurisdiction="TW", time_zone="Asia/Taipei")
    world = open_world(settings, clock=SteppingClock())
    sign(world.store, sound_rules(settings.rules).contents(), proposer="proposer", signer="signer")
    for day in DATES:
        for mapping, extract in (
            ("cards", shared_data / "taiwan-cards" / "cards.csv.gz"),
            ("staff", EXAMPLE / "staff.csv"),
        ):
            document, issues = read_document(EXAMPLE / f"{mapping}.yaml")
            assert not issues
            report = import_extract(
                document, [extract], business_date=day, landing=settings.landing, memory_limit="1GB", threads=2
            )
            assert not report.failed, report.issues
        night_of(world, day, STAGES)
    return world


@pytest.fixture(scope="module")
def nights(world):
    """KPI results of the portfolio and verdicts, by date."""
    found = {}
    with world.store.read() as connection:
        for day in DATES:
            run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.MEASURE.value)
            kpis = [result for result in read_kpis(connection, run) if result.grain is Grain.PORTFOLIO]
            found[day] = ({result.kpi: result for result in kpis}, read_verdict(connection, run, day))
    return found


def test_no_night_is_halted(nights):
    for day, (_, verdict) in nights.items():
        assert verdict.halted == frozenset(), (
            day,
            [c for t in verdict.tables for c in t.checks if c.outcome == "halt"],
        )


def bucket(cards, day):
    return cards[STATUS[day]].clip(0, 7)


@pytest.mark.parametrize(("before", "now"), list(pairwise(DATES)))
def test_roll_rates_by_stock_and_by_cohort_are_those_of_pandas(cards, nights, before, now):
    kpis, _ = nights[now]
    was, is_now = bucket(cards, before), bucket(cards, now)
    bill_was, bill_now = cards[BILL[before]], cards[BILL[now]]
    for number in range(7):
        opening = was == number
        rolled = opening & (is_now == number + 1)
        expected = {
            "roll_rate_by_stock_accounts": ((is_now == number + 1).sum(), opening.sum()),
            "roll_rate_by_cohort_accounts": (rolled.sum(), opening.sum()),
            "roll_rate_by_stock": (bill_now[is_now == number + 1].sum(), bill_was[opening].sum()),
            "roll_rate_by_cohort": (bill_was[rolled].sum(), bill_was[opening].sum()),
        }
        for kpi, (above, below) in expected.items():
            result = kpis[f"{kpi}_{number}"]
            assert (result.numerator, result.denominator) == (Decimal(int(above)), Decimal(int(below))), (kpi, number)


def test_stock_and_cohort_differ_widely_on_this_book(nights):
    """Status 1 hardly exists before September: accounts go from 0 straight to 2, which only the stock can see."""
    kpis, _ = nights[DATES[-1]]
    stock, cohort = kpis["roll_rate_by_stock_accounts_1"].value, kpis["roll_rate_by_cohort_accounts_1"].value
    assert stock > 50 * cohort or cohort == 0


def test_cure_rates_are_those_of_pandas(cards, nights):
    for before, now in pairwise(DATES):
        kpis, _ = nights[now]
        was, is_now = bucket(cards, before), bucket(cards, now)
        for number in range(1, 8):
            opening = was == number
            result = kpis[f"cure_rate_{number}"]
            assert result.numerator == int((opening & (is_now < was)).sum())
            assert result.denominator == int(opening.sum())


def test_the_page_of_tables_and_oddities_is_that_of_these_nights(cards, nights):
    figures = {str(day): [_row(result) for result in kpis.values()] for day, (kpis, _) in nights.items()}
    assert (EXAMPLE / "oddities.md").read_text(encoding="utf-8") == page(cards, figures)


def test_the_page_of_the_allocation_is_that_of_these_nights(world):
    """But for what a better solver changes: who got what."""
    written = _sections((EXAMPLE / "allocation.md").read_text(encoding="utf-8"))
    found = _sections(allocation_page(found_in(world)))
    assert written.keys() == found.keys()
    for title in found.keys() - {ALLOCATED, BY_COLLECTOR}:
        assert written[title] == found[title]
    violations = [line.split(" | ")[-1] for line in found[ALLOCATED].splitlines() if line.startswith("| 2005")]
    assert violations == ["0 |"] * 6


def _sections(page):
    return {part.partition("\n")[0]: part for part in page.split("\n## ")}


def _row(result):
    return {"kpi": result.kpi, "numerator": result.numerator, "denominator": result.denominator}


def test_every_payment_is_credited_or_has_a_reason(cards, nights):
    paid = {day: int(cards[f"X{23 - number}"].sum()) for number, day in enumerate(DATES)}
    for day, (kpis, _) in nights.items():
        credited = kpis["recovered"].value
        for_nobody = [r.value for name, r in kpis.items() if name.startswith("recovered_uncredited") and r.value]
        assert credited == paid[day], (day, credited, for_nobody)


def test_the_back_test_of_capacity_planning_is_what_the_six_nights_say(world):
    told = capacity_page(cases_in(world))
    assert told == (EXAMPLE / "capacity.md").read_text(encoding="utf-8")
