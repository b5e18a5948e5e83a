"""What partners brought by lot: told in debtors, beside all debtors of the experiment that were worked; by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from allocation.experiments import ExperimentBook
from allocation.lot_outcomes import days_back, lot_outcomes
from tests.allocation.test_drawing_lots import CONTROL, experiments_of
from tests.allocation.test_experiment_results import DRAWN_ON, FIRM, KNOWN, row


def found(rows, as_of=KNOWN, experiment=FIRM):
    return [*lot_outcomes(experiment, rows, as_of)]


def sums(outcomes):
    whole = {}
    for each in outcomes:
        brought, expected = whole.get(each.partner_id, (Decimal(0), Decimal(0)))
        whole[each.partner_id] = brought + each.brought, expected + each.expected
    return whole


def two_partners(**given):
    """Ten debtors each: of R01's 100 overdue 10 came, of R02's 30; together a fifth."""
    rows = [row(n, recovered=10, destination="partner:R01", **given) for n in range(10)]
    return rows + [row(100 + n, "firm_b", 30, destination="partner:R02", **given) for n in range(10)]


def test_each_is_held_beside_what_all_of_them_brought_and_a_debtor_counts_as_one():
    whole = sums(found(two_partners()))
    assert whole == {"R01": (Decimal(5), Decimal(10)), "R02": (Decimal(15), Decimal(10))}


def test_who_got_the_larger_debts_was_expected_to_bring_more():
    rows = two_partners()
    rows[0] |= {"overdue_amount": Decimal(1100), "recovered": Decimal(210)}
    brought, expected = sums(found(rows))["R01"]
    # 600 came of 3,000: a fifth; a debtor is expected to bring 600 / 20 = 30, the large one 220, nine others 20 each
    assert abs(brought - (Decimal(210) / 30 + 9 * Decimal(10) / 30)) < Decimal("1e-8")
    assert abs(expected - (Decimal(220) / 30 + 9 * Decimal(20) / 30)) < Decimal("1e-8")


def test_an_experiment_counts_by_how_many_debtors_it_has_whatever_its_currency():
    rich = [{**each, "currency": "CNY", "recovered": each["recovered"] * 1000, "overdue_amount": Decimal(100_000)}
            for each in two_partners()]  # fmt: skip
    rich = [{**each, "debtor_id": f"C{each['debtor_id']}"} for each in rich]
    whole = sums(found([*two_partners(), *rich]))
    assert whole == {"R01": (Decimal(10), Decimal(20)), "R02": (Decimal(30), Decimal(20))}


def test_a_rarer_lot_weighs_more_in_what_is_expected():
    rows = two_partners()
    for each in rows[10:]:
        each["chance_of_arm"] = Decimal("0.25")
    whole = sums(found(rows))
    # rates 0.1 and 0.3, the second twice as heavy: 0.7 / 3 of each hundred
    brought, expected = whole["R01"]
    assert abs(brought / expected - Decimal(3) / 7) < Decimal("1e-8")


def test_what_is_not_known_yet_and_what_nobody_brought_count_nothing():
    assert found(two_partners(), KNOWN - timedelta(days=1)) == []
    assert found([row(n, destination="partner:R01") for n in range(5)]) == [], "all together brought nothing"
    assert {each.known_on for each in found(two_partners())} == {KNOWN}


def test_the_house_is_in_what_is_expected_and_those_left_alone_are_not():
    house = [row(200 + n, "firm_b", 20, destination="employee:E1") for n in range(10)]
    assert {each.partner_id for each in found([*two_partners(), *house])} == {"R01", "R02"}
    (control,) = experiments_of(CONTROL).on(DRAWN_ON)
    alone = next(arm.id for arm in control.rule.arms if arm.untouched)
    other = next(arm.id for arm in control.rule.arms if not arm.untouched)
    days = timedelta(days=control.rule.outcome.days)
    rows = [row(n, other, 10, experiment_id=control.rule.id, destination="partner:R01") for n in range(10)]
    left = [row(90 + n, alone, 0, experiment_id=control.rule.id, destination="") for n in range(10)]
    assert sums(found([*rows, *left], DRAWN_ON + days, control)) == {"R01": (Decimal(10), Decimal(10))}


def test_payments_are_read_from_the_day_on_which_an_experiment_with_partners_began():
    first = date(2026, 12, 1)
    assert days_back([FIRM], first) == (first - FIRM.rule.valid_from).days
    assert days_back(ExperimentBook().experiments, first) == 0
