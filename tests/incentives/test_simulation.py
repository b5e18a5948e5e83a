"""What other policies would have paid: sums that always hold, months that carry over, bands, and what does not pass."""

from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.processes import in_processes
from domain.ids import Digest
from domain.periods import Period, days_between
from domain.records import Grain, ValueState
from domain.staff import Employee, StaffPosting, Terms
from incentives.calculate import calculate
from incentives.measures import Measure
from incentives.pay_compared import PayCompared, Sides
from incentives.simulation import Month, scaled, simulate
from incentives.simulation_checks import Allowed, broken, without_budget

FIRST = Period(2026, 1)
HIRED = FIRST.start.replace(year=2025)
RULE = Digest("0" * 64)
PLACES = (("phone", "VND"), ("field", "VND"), ("field", "CNY"))

POLICY = """\
policies:
  - id: bonus_{id}
    title: A bonus
    owner: hr
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {{roles: [collector]}}
    component: bonus
    currency: {currency}
    part_period: whole
    inputs:
      score: {{scorecard: card, missing: hold}}
      money: {{kpi: money, unit: money, missing: zero}}
      cases: {{kpi: cases, unit: count, missing: zero}}
    steps:
      - {{name: point, kind: base, value: 100}}
      - {{name: fine, kind: base, value: 10}}
      - {{name: used, kind: formula, expression: money + point * score - fine * cases, memo: true}}
{steps}
      - {{name: payable, kind: round, of: result, digits: 0, mode: half_up}}
"""
RATE = "      - {{name: result, kind: formula, expression: money * {rate} + point * score - fine * cases}}"
LINEAR = "      - {name: result, kind: formula, expression: money * 0.1 + point * score}"
TIERS = """\
      - name: tier
        kind: tiers
        mode: stepped
        basis: score
        boundary: {boundary}
        below: zero
        bands: [{{from: 50, amount: {low}}}, {{from: {start}, amount: 500}}]
      - {{name: result, kind: formula, expression: tier}}"""


@pytest.fixture(scope="module")
def policies(book_of):
    @cache
    def of(steps):
        return book_of(
            *(POLICY.format(id=currency.lower(), currency=currency, steps=steps) for currency in ("VND", "CNY"))
        )

    return of


@pytest.fixture(scope="module")
def old(policies):
    return policies(RATE.format(rate="0.1"))


def payee(name, department="phone", currency="VND"):
    posting = StaffPosting(department, "T", "collector", HIRED)
    return Employee(name, currency, "VN", HIRED, None, (posting,), (Terms(Decimal(1), HIRED),))


def figures(name, currency, score, money, cases=0):
    """What is measured of one payee; without a score they are held."""
    found = {(Grain.EMPLOYEE, name, f"kpi:money:{currency}"): measure(money, currency)}
    found[Grain.EMPLOYEE, name, "kpi:cases"] = measure(cases)
    if score is not None:
        found[Grain.EMPLOYEE, name, "scorecard:card"] = measure(score)
    return found


def measure(value, currency=""):
    return Measure(ValueState.VALUE, Decimal(value), RULE, currency)


def month_of(people, period=FIRST, **more):
    """A month in which each of `people` (place, score, money, cases) has done that."""
    names = [(f"E{number:02}", PLACES[place], *done) for number, (place, *done) in enumerate(people)]
    measures = {}
    for name, (_, currency), *done in names:
        measures |= figures(name, currency, *done)
    working = {"VN": frozenset(days_between(period.start, period.end))}
    payees = tuple(payee(name, *place) for name, place, *_ in names)
    return Month(period, payees, measures, working, **more)


people = st.lists(
    st.tuples(st.sampled_from(range(3)), st.none() | st.integers(0, 130), st.integers(-500, 5_000), st.integers(0, 3)),
    max_size=6,
)


@settings(max_examples=40)
@given(people)
def test_the_same_policies_differ_in_nothing_whether_or_not_they_are_computed_twice(policies, people):
    steps, month = RATE.format(rate="0.1"), month_of(people)
    alike = simulate([month], policies(steps), policies(steps))
    in_other_words = simulate([month], policies(steps), policies(f"{steps}".replace("0.1", "0.10")))
    for found in (alike, in_other_words):
        assert all(each.cost.old == each.cost.new for each in (*found.totals, *found.costs, *found.payees))
        assert (found.crossings, found.unpaid) == ((), ())
        assert all(not each.payees for each in found.changes)
    assert alike == in_other_words


@settings(max_examples=40)
@given(st.lists(people, min_size=1, max_size=3))
def test_departments_payees_and_months_sum_to_the_whole_and_are_what_calculate_pays(old, policies, months):
    new = policies(RATE.format(rate="0.15"))
    simulated = [month_of(people, Period(2026, number)) for number, people in enumerate(months, start=1)]
    found = simulate(simulated, old, new)
    for total in found.totals:
        for side, book in (("old", old), ("new", new)):
            whole = getattr(total.cost, side)
            for parts in (found.costs, found.payees):
                assert whole == sum(getattr(each.cost, side) for each in parts if each.currency == total.currency)
            lines = [line for month in simulated for line in traced(book, month)]
            assert whole == sum(line.amount for line in lines if line.currency == total.currency)
        assert total.winners + total.losers + total.unchanged == sum(
            each.currency == total.currency for each in found.payees
        )
    changed = [each for each in found.payees if each.cost.difference]
    assert sum(each.payees for each in found.changes) == len(changed)
    assert sum(each.amount for each in found.changes) == sum(each.cost.difference for each in changed)


def test_books_worked_through_side_by_side_give_the_same(old, policies):
    months = [month_of([(0, 70, 100), (2, 90, 50)], Period(2026, number)) for number in (1, 2)]
    new = policies(RATE.format(rate="0.15"))
    assert simulate(months, old, new, work=in_processes) == simulate(months, old, new)


def traced(book, month):
    return calculate(book, month.payees, month.measures, period=month.period, working_days=month.working_days).lines


@settings(max_examples=40)
@given(people)
def test_a_linear_policy_moves_by_as_much_as_performance(policies, people):
    """To the rounding of each payee's amount."""
    book = policies(LINEAR)
    found = simulate([month_of(people)], book, book)
    totals = {each.currency: each.cost.new for each in found.totals}
    for each in found.sensitivities:
        assert abs(each.cost - totals[each.currency] * each.change) <= len(people)
        assert each.difference == each.cost - totals[each.currency]


def test_scores_attainments_and_money_are_scaled_and_counts_and_other_kpis_are_not():
    names = ("kpi:money:VND", "kpi:cases", "scorecard:card", "attainment:card.money")
    measures = {(Grain.TEAM, "T", name): measure(10, "VND" if "VND" in name else "") for name in names}
    halted = {(Grain.TEAM, "T", "scorecard:other"): Measure(ValueState.HALTED, None, RULE)}
    found = scaled(measures | halted, Decimal("1.1"))
    assert [found[Grain.TEAM, "T", name].value for name in names] == [11, 10, 11, 11]
    assert found[Grain.TEAM, "T", "scorecard:other"] == halted[Grain.TEAM, "T", "scorecard:other"]


@pytest.mark.parametrize(
    ("boundary", "score", "old_band", "new_band"),
    [("at", 49, 0, 0), ("at", 50, 1, 1), ("at", 79, 1, 1), ("at", 80, 1, 2), ("above", 80, 1, 1), ("above", 100, 1, 2)],
)
def test_who_crosses_a_tier(policies, boundary, score, old_band, new_band):
    old, new = (policies(TIERS.format(boundary=boundary, low=100, start=start)) for start in (100, 80))
    found = simulate([month_of([(0, score, 0)])], old, new)
    before = {each.band: each.old for each in found.bands if each.policy == "bonus_vnd"}
    after = {each.band: each.new for each in found.bands if each.policy == "bonus_vnd"}
    assert before == {band: int(band == old_band) for band in range(3)}
    assert after == {band: int(band == new_band) for band in range(3)}
    assert [(each.payee, each.old, each.new) for each in found.crossings] == (
        [("E00", old_band, new_band)] if old_band != new_band else []
    )


@settings(max_examples=40)
@given(st.integers(0, 130), st.sampled_from(["at", "above"]))
def test_the_band_told_is_the_band_paid(policies, score, boundary):
    book = policies(TIERS.format(boundary=boundary, low=100, start=80))
    found = simulate([month_of([(0, score, 0)])], book, book)
    (band,) = (each.band for each in found.bands if each.new)
    assert found.totals[0].cost.new == {0: 0, 1: 100, 2: 500}[band]


def test_who_does_better_or_worse_crosses_tiers_too(policies):
    book = policies(TIERS.format(boundary="at", low=100, start=80))
    found = simulate([month_of([(0, 75, 0), (0, 81, 0), (1, 60, 0)])], book, book)
    assert [(each.change, each.policy, each.up, each.down) for each in found.moves] == [
        (Decimal("0.9"), "bonus_vnd", 0, 1),
        (Decimal("1.1"), "bonus_vnd", 1, 0),
    ]


CARRIED = """\
      - {{name: earned, kind: formula, expression: money * {rate}}}
      - {{name: to_date, kind: formula, expression: before + earned, memo: true}}
      - {{name: result, kind: formula, expression: earned + before}}"""
BEFORE = "      before: {carried: to_date, months_ago: 1, begins_anew: 1, unit: money, missing: zero}\n    steps:\n"


@pytest.fixture(scope="module")
def to_date(book_of):
    def of(rate):
        text = POLICY.format(id="vnd", currency="VND", steps=CARRIED.format(rate=rate))
        return book_of(text.replace("    steps:\n", BEFORE))

    return of


def test_each_side_carries_over_what_it_paid_itself(to_date):
    months = [month_of([(0, 0, 100)], Period(2026, number)) for number in (1, 2, 3)]
    found = simulate(months, to_date(1), to_date(2))
    assert [each.cost for each in found.costs] == [Sides(100, 200), Sides(200, 400), Sides(300, 600)]


def test_what_differed_in_a_month_before_is_carried_into_one_of_equal_policies(book_of):
    def of(rate):
        first, then = (
            POLICY.format(id="vnd", currency="VND", steps=CARRIED.format(rate=each)).replace("    steps:\n", BEFORE)
            for each in (rate, 5)
        )
        ended = first.replace("2026-01-01\n", "2026-01-01\n    valid_to: 2026-02-01\n")
        return book_of(ended, then.replace("valid_from: 2026-01-01", "valid_from: 2026-02-01"))

    months = [month_of([(0, 0, 100)], Period(2026, number)) for number in (1, 2)]
    found = simulate(months, of(1), of(2))
    assert [each.cost for each in found.costs] == [Sides(100, 200), Sides(600, 700)]


def test_what_was_published_before_the_first_month_is_carried_into_both(to_date):
    published = {Period(2026, 1): {("E00", "bonus"): {"to_date": Decimal(1_000)}}}
    found = simulate([month_of([(0, 0, 100)], Period(2026, 2))], to_date(1), to_date(2), published=published)
    assert [each.cost for each in found.costs] == [Sides(1_100, 1_200)]


def test_months_out_of_their_order_are_refused(old):
    months = [month_of([], Period(2026, number)) for number in (2, 1)]
    with pytest.raises(ValueError, match="2026-01 comes after 2026-02"):
        simulate(months, old, old)


def test_the_distribution_tells_amounts_that_somebody_gets(old):
    found = simulate([month_of([(0, 0, 10 * number) for number in range(1, 11)])], old, old)
    spread = found.spreads[0]
    quantiles = (spread.least, spread.tenth, spread.quarter, spread.median, spread.three_quarters, spread.nine_tenths)
    assert (*quantiles, spread.most) == (1, 1, 3, 5, 8, 9, 10)


@pytest.fixture(scope="module")
def dearer(old, policies):
    """Ten percent dearer, with budgets of one department."""
    budgets = {("phone", "VND"): Decimal(105)}
    months = [month_of([(0, 0, 1_000), (1, 0, 1_000)], budgets=budgets, recovered={"VND": Decimal(2_000)})]
    return simulate(months, old, policies(RATE.format(rate="0.11")))


def test_a_unit_of_pay_is_held_against_what_was_recovered(dearer):
    assert dearer.totals[0].per_recovered == Sides(Decimal("0.1"), Decimal("0.11"))


@pytest.mark.parametrize(
    ("allowed", "codes"),
    [
        (Allowed(), []),
        (Allowed(at_most=Decimal(10)), []),
        (Allowed(at_most=Decimal("9.99")), ["SIM010"]),
        (Allowed(at_most=Decimal(-1)), ["SIM010"]),
        (Allowed(within_budget=True), ["SIM011"]),
        (Allowed(at_most=Decimal(0), within_budget=True), ["SIM010", "SIM011"]),
    ],
)
def test_what_is_allowed_and_what_is_not(dearer, allowed, codes):
    assert [each.partition(" ")[0] for each in broken(dearer, allowed)] == codes


def test_a_department_without_a_budget_is_told(dearer):
    assert without_budget(dearer) == (("field", "VND"),)


def test_without_any_budget_nothing_is_within_it(old):
    assert broken(simulate([month_of([(0, 0, 1)])], old, old), Allowed(within_budget=True))[0].startswith("SIM012")


def test_what_was_not_measured_or_cannot_be_paid_does_not_pass_as_cheap(old, policies):
    new = policies(f"      - {{name: some, kind: formula, expression: 1 / (cases - 1), memo: true}}\n{LINEAR}")
    found = simulate([replace(month_of([(0, 0, 1, 1)]), measured={"scorecard:card", "kpi:money"})], old, new)
    assert [(each.figure, each.missing) for each in found.not_measured] == [("kpi:cases", "zero")] * 2
    assert [(each.payee, each.old, bool(each.new)) for each in found.unpaid] == [("E00", "", True)]
    assert [each.partition(" ")[0] for each in broken(found, Allowed(at_most=Decimal(100)))] == ["SIM013", "SIM014"]


@settings(max_examples=20)
@given(people)
def test_the_order_of_payees_is_irrelevant(old, policies, people):
    month, new = month_of(people), policies(RATE.format(rate="0.15"))
    assert simulate([month], old, new) == simulate([replace(month, payees=month.payees[::-1])], old, new)


def test_the_whole_answer_is_made_of_fields_that_programs_may_rely_on():
    assert list(PayCompared.__slots__) == [
        "periods", "totals", "costs", "counts", "payees", "spreads", "changes", "bands", "crossings",
        "sensitivities", "moves", "unpaid", "not_measured",
    ]  # fmt: skip
