"""What an experiment has shown: by hand, as assigned, with the interval of the linearised ratio."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from allocation.experiment_results import Verdict, outcomes_statement, results_of
from domain.dispatch import DISPATCH_SQL
from domain.intervals import Cluster, rate_of
from tests.allocation.test_drawing_lots import CONTROL, FIRMS, experiments_of

DRAWN_ON = date(2026, 10, 5)
KNOWN = DRAWN_ON + timedelta(days=30)
(FIRM,) = experiments_of(FIRMS).on(DRAWN_ON)


def row(number, arm="firm_a", recovered=0, **given):
    return {
        "experiment_id": "two_firms", "account_id": f"A{number:03d}", "debtor_id": f"D{number}", "arm": arm,
        "destination": "partner:P1", "stratum": "card VND", "chance": Decimal("0.4"), "chance_of_arm": Decimal("0.5"),
        "chance_of_destination": Decimal(1), "drawn_on": DRAWN_ON, "segment": "legal", "currency": "VND",
        "balance": Decimal(1000), "overdue_amount": Decimal(100), "recovered": Decimal(recovered), "days_treated": 30,
        **given,
    }  # fmt: skip


def compared(rows, as_of=KNOWN, experiment=FIRM):
    found = results_of(experiment, rows, as_of)
    return found, {each.arm: each for each in found.arms}


def test_rates_and_their_difference_are_those_of_the_arms_as_drawn():
    rows = [row(n, recovered=20 if n % 2 else 10) for n in range(40)]
    rows += [row(100 + n, "firm_b", 30 if n % 2 else 20) for n in range(40)]
    _, arms = compared(rows)
    assert (arms["firm_a"].rate, arms["firm_b"].rate) == (Decimal("0.15"), Decimal("0.25"))
    assert (arms["firm_b"].difference, arms["firm_b"].verdict) == (Decimal("0.1"), Verdict.BETTER)
    # scatter of each arm: 40/39 × 40 × 5² = 1025.64; variance of a rate: that ÷ 4000²; of the difference: twice
    half_width = Decimal("1.96") * (2 * Decimal(40) / 39 * 40 * 25 / Decimal(4000) ** 2).sqrt()
    assert abs(arms["firm_b"].difference_low - (Decimal("0.1") - half_width)) < Decimal("1e-9")
    assert (arms["firm_a"].verdict, arms["firm_a"].difference) == (Verdict.CHAMPION, None)


@pytest.mark.parametrize(
    ("debtors", "of_b", "verdict"),
    [(40, 40, Verdict.BETTER), (40, 0, Verdict.WORSE), (40, 20, Verdict.ALIKE), (29, 40, Verdict.TOO_FEW)],
)
def test_a_verdict_needs_an_interval_without_zero_and_thirty_debtors(debtors, of_b, verdict):
    rows = [row(n, recovered=15 + n % 2 * 10) for n in range(debtors)]
    rows += [row(100 + n, "firm_b", of_b + n % 2) for n in range(debtors)]
    _, arms = compared(rows)
    assert arms["firm_b"].verdict is verdict


def test_an_account_counts_where_it_was_drawn_and_is_told_when_it_went_elsewhere():
    rows = [row(n, days_treated=30 if n else 12) for n in range(3)] + [row(9, "firm_b", 50, days_treated=0)]
    _, arms = compared(rows)
    assert (arms["firm_a"].crossed_over, arms["firm_b"].crossed_over) == (1, 1)
    assert arms["firm_b"].outcome == 50
    assert arms["firm_b"].verdict is Verdict.TOO_FEW


@pytest.mark.parametrize(("as_of", "known", "not_yet"), [(KNOWN - timedelta(days=1), 0, 2), (KNOWN, 1, 1)])
def test_an_outcome_counts_once_its_days_are_over(as_of, known, not_yet):
    rows = [row(1, recovered=10), row(2, drawn_on=DRAWN_ON + timedelta(days=3), recovered=99)]
    found, arms = compared(rows, as_of)
    assert (arms["firm_a"].accounts, arms["firm_a"].not_yet) == (known, not_yet)
    assert (arms["firm_a"].rate is None) == (known == 0)
    assert (found.first_known, found.is_interim) == (KNOWN, True)


def test_after_the_last_draw_the_results_are_final_once_the_last_outcome_is_known():
    end = FIRM.rule.draws_until + timedelta(days=1)
    assert not compared([row(1)], end)[0].is_interim
    late = row(2, drawn_on=FIRM.rule.draws_until)
    found, _ = compared([row(1), late], end)
    assert (found.is_interim, found.all_known) == (True, FIRM.rule.draws_until + timedelta(days=30))


def test_the_accounts_of_a_debtor_are_one_case_and_currencies_are_apart():
    rows = [row(1, recovered=10), row(2, debtor_id="D1", recovered=30), row(3, currency="CNY", recovered=1)]
    found, _ = compared(rows)
    of_firm_a = {each.currency: each for each in found.arms if each.arm == "firm_a"}
    assert (of_firm_a["VND"].debtors, of_firm_a["VND"].accounts, of_firm_a["VND"].rate) == (1, 2, Decimal("0.2"))
    assert of_firm_a["CNY"].debtors == 1


def test_who_was_less_likely_to_be_drawn_weighs_more():
    rows = [row(1, recovered=10), row(2, recovered=40, chance=Decimal("0.1"))]
    _, arms = compared(rows)
    assert arms["firm_a"].rate == Decimal("0.34")  # (10 ÷ 0.2 + 40 ÷ 0.05) ÷ (100 ÷ 0.2 + 100 ÷ 0.05)


def test_the_share_who_paid_counts_debtors():
    (experiment,) = experiments_of(FIRMS.replace("recovered_of_overdue", "paid")).on(DRAWN_ON)
    rows = [row(1, recovered=10), row(2, debtor_id="D1"), row(3), row(4), row(5, recovered=-5)]
    _, arms = compared(rows, experiment=experiment)
    assert arms["firm_a"].rate == Decimal("0.25")


def test_strata_that_differ_do_not_blur_a_rate_and_one_alone_counts_with_other_lonely_ones():
    by_stratum = [Cluster(name, Decimal(paid), Decimal(10)) for name, paid in (("a", 9), ("a", 9), ("b", 1), ("b", 1))]
    assert rate_of(by_stratum).variance == 0
    together = [Cluster("a", each.numerator, each.denominator) for each in by_stratum]
    lonely = [Cluster(str(n), each.numerator, each.denominator) for n, each in enumerate(by_stratum)]
    assert rate_of(lonely).variance == rate_of(together).variance > 0
    assert rate_of([]) is None


def test_the_table_of_strata_holds_what_was_dealt_beside_the_probabilities():
    found, _ = compared([row(1), row(2), row(3, "firm_b"), row(4, debtor_id="D1")])
    assert [(each.arm, each.debtors, each.expected) for each in found.strata] == [
        ("firm_a", 2, Decimal("1.50")), ("firm_b", 1, Decimal("1.50"))]  # fmt: skip


@pytest.mark.parametrize("engine_name", ["engine", "postgresql_engine"])
def test_payments_of_the_days_count_and_days_where_the_lot_sent_it(engine_name, request):
    engine = request.getfixturevalue(engine_name)
    keys = ("recovered", "days_treated")
    for drawn in (row(1), row(2, "firm_b"), row(3)):
        engine.add("drawn", **{name: value for name, value in drawn.items() if name not in keys})
    for number, (account, after, amount, waiver) in enumerate(
        [("A001", 0, 7, 0), ("A001", 1, 10, 0), ("A001", 30, 20, 5), ("A001", 31, 40, 0), ("A002", 5, 3, 0)]
    ):
        posted = DRAWN_ON + timedelta(days=after)
        engine.add(
            "payments", payment_id=f"Y{number}", account_id=account, posted_on=posted, amount=amount, waiver=waiver
        )
    for account, owner, first, end in (
        ("A001", "P1", 1, None), ("A002", "P2", -9, 11), ("A002", "P1", 11, None), ("A003", "P1", 40, None)
    ):  # fmt: skip
        until = date(9999, 12, 31) if end is None else DRAWN_ON + timedelta(days=end)
        engine.add(DISPATCH_SQL.name, account_id=account, owner_kind="partner", owner_id=owner,
                   valid_from=DRAWN_ON + timedelta(days=first), valid_to=until)  # fmt: skip
    rows = {each["account_id"]: each for each in engine.rows(outcomes_statement(FIRM, KNOWN + timedelta(days=5)))}
    assert {name: (each["recovered"], each["days_treated"]) for name, each in rows.items()} == {
        "A001": (25, 30), "A002": (3, 10), "A003": (0, 0)}  # fmt: skip


def test_who_is_to_be_left_alone_was_treated_so_while_nobody_worked_it(engine):
    (experiment,) = experiments_of(CONTROL).on(DRAWN_ON)
    for drawn in (row(1), row(2, "firm_b")):
        engine.add(
            "drawn", **{name: value for name, value in drawn.items() if name not in ("recovered", "days_treated")}
        )
    for account, kind, first, end in (
        ("A001", "employee", 1, 31),
        ("A002", "house", 1, 6),
        ("A002", "employee", 6, 99),
    ):
        engine.add(DISPATCH_SQL.name, account_id=account, owner_kind=kind, owner_id="X",
                   valid_from=DRAWN_ON + timedelta(days=first), valid_to=DRAWN_ON + timedelta(days=end))  # fmt: skip
    rows = {each["account_id"]: each["days_treated"] for each in engine.rows(outcomes_statement(experiment, KNOWN))}
    assert rows == {"A001": 30, "A002": 5}
