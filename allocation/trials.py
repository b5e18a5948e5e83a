"""A trial of a new partner on like accounts: how many debtors it takes, and the experiment that draws them by lot.

A trial is an experiment as any other (experiments.py): drawn by lot, measured as assigned, with a verdict that chance
alone does not make. Here is only what has to be known before it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, sqrt
from statistics import NormalDist

from domain.intervals import FEWEST_CASES, SURE


@dataclass(frozen=True, slots=True)
class Trial:
    """What is asked: the rate that is usual, the smallest difference to be found, with which chance; `scatter` is the
    standard deviation between debtors of a rate of money, None for the share of debtors who pay."""

    usual_rate: Decimal
    worth_knowing: Decimal
    power: Decimal
    scatter: Decimal | None = None


def debtors_needed(trial: Trial) -> int:
    """Debtors in each of two equal arms, so that a difference of that size is found with that chance at 95 %.

    By the normal approximation of two independent means: n = (z₁ + z₂)² (σ₁² + σ₂²) ÷ d². Never fewer than an arm needs
    for a verdict at all. An estimate.

    >>> debtors_needed(Trial(Decimal("0.10"), Decimal("0.05"), Decimal("0.8")))
    683
    """
    z = NormalDist().inv_cdf(1 - (1 - SURE) / 2) + NormalDist().inv_cdf(float(trial.power))
    return max(ceil(z * z * _variance(trial) / float(trial.worth_knowing) ** 2), FEWEST_CASES)


def power_of(trial: Trial, debtors: int) -> float:
    """The chance of finding the difference with so many debtors in each arm: an estimate.

    >>> round(power_of(Trial(Decimal("0.10"), Decimal("0.05"), Decimal("0.8")), 200), 2)
    0.33
    """
    noise = sqrt(_variance(trial) / debtors)
    return NormalDist().cdf(float(trial.worth_knowing) / noise - NormalDist().inv_cdf(1 - (1 - SURE) / 2))


def _variance(trial: Trial) -> float:
    """Of both arms together, for one debtor in each."""
    if trial.scatter is not None:
        return 2 * float(trial.scatter) ** 2
    usual, better = float(trial.usual_rate), float(trial.usual_rate + trial.worth_knowing)
    return usual * (1 - usual) + better * (1 - better)


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """Who is tried beside whom, on what, from when on."""

    name: str
    title: str
    owner: str
    partner: str
    champion: str
    segments: tuple[str, ...]
    measure: str
    days: int
    capacity_share: Decimal
    first: date
    draw_days: int = 90


def trial_in_yaml(plan: TrialPlan, debtors: int) -> Iterator[str]:
    """The experiment as a rule file, to be looked at and signed like any other."""
    last_draw = plan.first + timedelta(days=plan.draw_days - 1)
    yield "# yaml-language-server: $schema=../../docs/schemas/experiment.json"
    yield "experiments:"
    yield f"  - id: {plan.name}"
    yield f"    title: {plan.title}"
    yield f"    owner: {plan.owner}"
    yield f"    valid_from: {plan.first}"
    yield f"    valid_to: {last_draw + timedelta(days=plan.days + 1)}"
    yield f"    draws_until: {last_draw}"
    yield f"    salt: {plan.name}-{plan.first}"
    yield f"    segments: [{', '.join(plan.segments)}]"
    yield f"    debtors: {2 * debtors}"
    yield "    strata: {by: [segment, product]}"
    yield f"    capacity_share: {plan.capacity_share}"
    yield "    arms:"
    yield f"      - {{id: champion, title: {plan.champion}, probability: 0.50, partners: [{plan.champion}]}}"
    yield f"      - {{id: newcomer, title: {plan.partner}, probability: 0.50, partners: [{plan.partner}]}}"
    yield "    champion: champion"
    yield f"    outcome: {{measure: {plan.measure}, days: {plan.days}}}"
