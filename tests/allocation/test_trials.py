"""Trials of new partners: how many debtors they take, what fewer tell, and an experiment that the rules accept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest

from adapters.rule_files import parse_document
from allocation.experiments import decode_experiments
from allocation.trials import Trial, TrialPlan, debtors_needed, power_of, trial_in_yaml
from domain.intervals import Cluster, rate_of


def trial(usual="0.10", worth="0.05", power="0.8", scatter=None):
    return Trial(Decimal(usual), Decimal(worth), Decimal(power), None if scatter is None else Decimal(scatter))


@pytest.mark.parametrize(
    ("asked", "debtors"),
    [
        (trial(), 683),  # two shares of 10 % and 15 %: tables of sample sizes say 683 to 686
        (trial(power="0.9"), 915),
        (trial(worth="0.10"), 197),
        (trial("0.5", "0.1"), 385),
        (trial(scatter="0.30"), 566),  # of money: 2 · 0.3² ÷ 0.05²
        (trial("0.5", "0.45"), 30),  # never fewer than a verdict needs
    ],
)
def test_so_many_debtors_are_needed(asked, debtors):
    assert debtors_needed(asked) == debtors


@pytest.mark.parametrize("asked", [trial(), trial("0.3", "0.1", "0.9"), trial(scatter="0.4")])
def test_with_as_many_as_needed_the_chance_is_the_one_that_was_asked(asked):
    needed = debtors_needed(asked)
    assert float(asked.power) <= power_of(asked, needed) < float(asked.power) + 0.01
    assert power_of(asked, needed // 2) < float(asked.power)


def test_the_verdict_of_experiments_finds_the_difference_as_often_as_was_said():
    """Slow and plain: five hundred trials of debtors who pay at 10 % and 15 %, judged as experiments are."""
    random, found = Random(7), 0
    for _ in range(500):
        arms = [
            rate_of(Cluster("s", Decimal(random.random() < share), Decimal(1)) for _ in range(683))
            for share in (0.10, 0.15)
        ]
        low, high = arms[1].less(arms[0]).interval
        found += not low <= 0 <= high
    assert 0.75 <= found / 500 <= 0.86


def test_the_trial_is_an_experiment_that_the_rules_accept():
    plan = TrialPlan("trial_r09", "Trial of R09 beside R01", "head_of_partners", "R09", "R01", ("legal",), "paid", 60,
                     Decimal("0.30"), date(2026, 11, 1))  # fmt: skip
    document, _ = parse_document("\n".join(trial_in_yaml(plan, 683)), "allocation/experiments/trial.yaml")
    book, issues = decode_experiments([document], ["legal"])
    assert issues == ()
    (found,) = book.experiments
    assert found.rule.debtors == 2 * 683
    assert {arm.partners for arm in found.rule.arms} == {("R09",), ("R01",)}
