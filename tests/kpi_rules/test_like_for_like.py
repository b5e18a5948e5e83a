"""Cases of a league: both parts of a rate, account by account, as one adds them up by hand."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from domain.money import CONTEXT
from domain.records import Grain
from kpi_rules.like_for_like import NOT_OPENED, Question, cases_of, cases_statement, is_share, parts_of
from tests.kpi_rules.test_kpi_figures_by_hand import fill

START, AS_OF = date(2026, 10, 1), date(2026, 10, 20)
D = Decimal


@pytest.fixture
def cases(book, house_rules):
    """A function from a KPI, a grain and strata to (entity, stratum): what `Cases` has of it."""
    figures = {figure.id: figure for figure in house_rules.on(AS_OF).figures}

    def found(kpi, grain, strata=(), **scope):
        question, parts = Question(figures[kpi], grain, strata, **scope), parts_of(figures[kpi], figures, 20)
        rows = book.rows(cases_statement(question, parts, start=START, as_of=AS_OF))
        return {(each.entity, *each.stratum): each for each in cases_of(question, parts, rows)}

    fill(book)
    book.credit(house_rules)
    return found


def test_a_case_of_a_share_is_a_row_and_of_a_sum_an_account(cases):
    kept = cases("promise_kept", Grain.EMPLOYEE)
    assert {key: (each.cases, each.numerator, each.denominator) for key, each in kept.items()} == {("E1",): (4, 1, 4)}
    rolled = cases("roll_rate_by_cohort_1", Grain.EMPLOYEE, currency="VND")
    # A1 had 100 and rolled, A2 had 300 and did not; A3 was in another bucket, and is no case.
    assert {key: (each.cases, each.numerator, each.denominator) for key, each in rolled.items()} == {
        ("E1",): (2, D(100), D(400))
    }
    assert (rolled["E1",].numerator_squared, rolled["E1",].both, rolled["E1",].denominator_squared) == (
        D(10_000),
        D(10_000),
        D(100_000),
    )


def test_strata_are_those_of_the_account_at_the_opening(cases, book):
    owned = cases("cure_rate_overdue", Grain.EMPLOYEE, ("bucket",))
    assert {key: (each.numerator, each.denominator) for key, each in owned.items()} == {
        ("E1", "1"): (D(1), D(2)),
        ("E1", "2"): (D(1), D(1)),
    }
    book.add("credits", payment_id="N", account_id="N1", employee_id="E1", recovered=D(7), posted_on=AS_OF)
    paid = cases("recovery_rate_of_opening", Grain.EMPLOYEE, ("bucket",), currency="VND")
    assert (paid["E1", NOT_OPENED].numerator, paid["E1", NOT_OPENED].denominator) == (D(7), D(0))
    assert sum(each.denominator for each in paid.values()) == D(900)


def test_a_rate_of_an_average_day_is_compared_as_it_is_measured(cases, book, house_rules):
    (row,) = cases("recovery_rate", Grain.EMPLOYEE, currency="VND").values()
    measured = book.night(house_rules).of("recovery_rate", "E1", "VND")
    assert round(row.denominator, 10) == round(measured.denominator, 10)
    assert (row.entity, row.cases, row.numerator) == ("E1", 3, measured.numerator)


def test_a_department_and_a_currency_narrow_both_parts(cases):
    assert {
        key[0] for key in cases("recovery_rate_of_opening", Grain.EMPLOYEE, department="field", currency="VND")
    } == set()
    both = defaultdict(Decimal)
    for currency in ("VND", "USD"):
        for key, each in cases("recovery_rate_of_opening", Grain.PARTNER, currency=currency).items():
            both[key[0], currency] += each.denominator
    assert both == {("P1", "USD"): D(9)}  # A4 was not overdue


@pytest.mark.parametrize("days", [1, 3, 7, 30, 31])
def test_a_formula_that_only_multiplies_is_a_part(days, house_rules):
    figures = {figure.id: figure for figure in house_rules.on(AS_OF).figures}
    _, below = parts_of(figures["recovery_rate"], figures, days)
    assert (below.measure, below.factor) == (figures["overdue_days"].made, CONTEXT.divide(D(1), D(days)))


@pytest.mark.parametrize(
    ("kpi", "share"),
    [("promise_kept", True), ("cure_rate_overdue", True), ("visits_on_time", True), ("roll_rate_by_cohort_1", False),
     ("recovery_rate_of_opening", False), ("complaint_rate", False), ("contact_rate", False)],
)  # fmt: skip
def test_a_share_counts_some_of_the_rows_that_it_is_a_share_of(kpi, share, house_rules):
    figures = {figure.id: figure for figure in house_rules.on(AS_OF).figures}
    assert is_share(parts_of(figures[kpi], figures, 20)) is share


@pytest.mark.parametrize("kpi", ["qa_score", "calls_per_hour", "recovered", "minutes_worked"])
def test_what_is_no_rate_over_accounts_has_no_league(kpi, house_rules):
    figures = {figure.id: figure for figure in house_rules.on(AS_OF).figures}
    assert parts_of(figures[kpi], figures, 20) is None


def test_postgresql_finds_the_same_cases(cases, postgresql_book, book, house_rules):
    figures = {figure.id: figure for figure in house_rules.on(AS_OF).figures}
    fill(postgresql_book)
    postgresql_book.credit(house_rules)
    strata = ("bucket", "product", "band", "branch", "region", "opened", "charged_off")
    for kpi in ("recovery_rate_of_opening", "cure_rate_overdue", "promise_kept"):
        question = Question(figures[kpi], Grain.EMPLOYEE, strata)
        statement = cases_statement(question, parts_of(figures[kpi], figures, 20), start=START, as_of=AS_OF)
        assert postgresql_book.rows(statement) == book.rows(statement)
