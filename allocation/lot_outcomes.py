"""What partners brought of the debtors that the lot gave them, beside what experiments brought of all: nobody chose.

Of an experiment a debtor counts once the days of its outcome are over. What it was expected to bring is what all of the
experiment's debtors brought who were worked, weighed by their chances, of what each is measured against. Both are told
in debtors: divided by what one is expected to bring on the mean, so that an experiment counts by how many it has, in
whatever currency it is measured. Estimates, with ten digits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from allocation.experiment_results import DIGITS, parts_of
from allocation.experiments import Experiment
from domain.money import CONTEXT, Rounding, round_to

Row = Mapping[str, Any]
_TO_PARTNER = "partner:"


@dataclass(frozen=True, slots=True)
class LotOutcome:
    """A debtor that the lot gave to a partner, by currency: what it brought and was expected to, in debtors."""

    experiment_id: str
    debtor_id: str
    currency: str
    partner_id: str
    known_on: date
    brought: Decimal
    expected: Decimal


def days_back(experiments: Iterable[Experiment], first: date) -> int:
    """How many days before `first` payments are read, so that every outcome of the experiments can be known."""
    begun = [each.rule.valid_from for each in experiments if any(arm.partners for arm in each.rule.arms)]
    return max(((first - day).days for day in begun), default=0)


def lot_outcomes(experiment: Experiment, rows: Iterable[Row], as_of: date) -> Iterator[LotOutcome]:
    """From the rows of `outcomes_statement`, by currency and debtor; nothing where all together brought nothing."""
    worked = {arm.id for arm in experiment.rule.arms if not arm.untouched}
    days = timedelta(days=experiment.rule.outcome.days)
    known: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["arm"] in worked and row["drawn_on"] + days <= as_of:
            known[row["currency"]][row["debtor_id"]].append(row)
    for currency in sorted(known):
        yield from _of_currency(experiment, currency, known[currency], days)


def _of_currency(
    experiment: Experiment, currency: str, debtors: Mapping[str, Sequence[Row]], days: timedelta
) -> Iterator[LotOutcome]:
    measure = experiment.rule.outcome.measure
    parts = {debtor: parts_of(measure, own) for debtor, own in debtors.items()}
    chances = {debtor: own[0]["chance"] * own[0]["chance_of_arm"] for debtor, own in debtors.items()}
    above, below = (
        sum((CONTEXT.divide(parts[debtor][side], Decimal(chances[debtor])) for debtor in debtors), Decimal(0))
        for side in (0, 1)
    )
    if above <= 0 or below <= 0:
        return
    rate = CONTEXT.divide(above, below)
    whole = sum((of for _, of in parts.values()), Decimal(0))
    one = CONTEXT.divide(CONTEXT.multiply(rate, whole), Decimal(len(debtors)))
    for debtor in sorted(debtors):
        first = debtors[debtor][0]
        if first["destination"].startswith(_TO_PARTNER):
            brought, of = parts[debtor]
            yield LotOutcome(
                experiment.rule.id, debtor, currency, first["destination"].removeprefix(_TO_PARTNER),
                max(row["drawn_on"] for row in debtors[debtor]) + days,
                _share(brought, one), _share(CONTEXT.multiply(rate, of), one),
            )  # fmt: skip


def _share(amount: Decimal, one: Decimal) -> Decimal:
    return round_to(CONTEXT.divide(amount, one), DIGITS, Rounding.HALF_EVEN)
