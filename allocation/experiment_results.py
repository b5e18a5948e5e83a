"""What an experiment has shown: its arms compared as they were drawn, wherever their accounts went afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from allocation.experiments import Arm, Experiment
from domain.dispatch import DISPATCH_SQL
from domain.drawn import DRAWN_SQL
from domain.exact import ExactSelect, exact, total
from domain.intervals import FEWEST_CASES, Cluster, Estimate, rate_of
from domain.money import CONTEXT, Rounding, round_to
from domain.sql import TABLES

DIGITS = 10
Row = Mapping[str, Any]


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    ALIKE = "not told apart"
    TOO_FEW = "too few"
    CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class ArmResult:
    """An arm in one currency: `debtors`, `accounts`, `balance` and `measured_against` are those whose outcome is known,
    `crossed_over` of their accounts were not treated as drawn on every day, and of `not_yet` accounts nothing is known.

    `rate` = sum of outcomes ÷ sum of what they are measured against, weighed; `difference` is to the champion. None
    where there is nothing to divide by.
    """

    currency: str
    arm: str
    title: str
    debtors: int
    accounts: int
    balance: Decimal
    outcome: Decimal
    measured_against: Decimal
    crossed_over: int
    not_yet: int
    rate: Decimal | None
    low: Decimal | None
    high: Decimal | None
    difference: Decimal | None
    difference_low: Decimal | None
    difference_high: Decimal | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class StratumDealt:
    """Debtors drawn in a stratum by arm, known or not, beside what the probabilities say."""

    stratum: str
    arm: str
    debtors: int
    expected: Decimal


@dataclass(frozen=True, slots=True)
class ExperimentResults:
    """`first_known` is the first day on which any outcome is, `all_known` the first on which all are: before it the
    results are interim."""

    experiment: str
    title: str
    owner: str
    measure: str
    days: int
    as_of: date
    first_known: date
    all_known: date
    arms: tuple[ArmResult, ...]
    strata: tuple[StratumDealt, ...]

    @property
    def is_interim(self) -> bool:
        return self.as_of < self.all_known


def outcomes_statement(experiment: Experiment, as_of: date) -> ExactSelect:
    """Every drawn account with what was recovered on it within the days of the outcome and by `as_of`, without waivers
    (`recovered`), and the days on which it was treated as drawn (`days_treated`), in order of accounts.

    Reads the views `drawn`, `payments` and `dispatch`.
    """
    drawn, days = DRAWN_SQL, experiment.rule.outcome.days
    paid, owned = _paid(days, as_of), _treated(experiment)
    source = drawn.outerjoin(paid, paid.c.account_id == drawn.c.account_id)
    source = source.outerjoin(owned, owned.c.account_id == drawn.c.account_id)
    return exact(
        sa.select(
            *drawn.c,
            sa.func.coalesce(paid.c.recovered, 0).label("recovered"),
            sa.func.coalesce(owned.c.days_treated, 0).label("days_treated"),
        )
        .select_from(source)
        .where(drawn.c.experiment_id == experiment.rule.id)
        .order_by(drawn.c.account_id)
    )


def _paid(days: int, as_of: date) -> sa.Subquery:
    payments, drawn = TABLES["payments"].c, DRAWN_SQL.c
    after = sa.cast(payments.posted_on - drawn.drawn_on, sa.BigInteger)
    mine = sa.and_(payments.account_id == drawn.account_id, after.between(1, days), payments.posted_on <= as_of)
    return (
        sa.select(drawn.account_id, total(payments.amount - payments.waiver).label("recovered"))
        .select_from(DRAWN_SQL.join(TABLES["payments"], mine))
        .group_by(drawn.account_id)
        .subquery("paid")
    )


def _treated(experiment: Experiment) -> sa.Subquery:
    """On how many of the days the account was where its arm says, by the dispatch."""
    drawn, dispatch, days = DRAWN_SQL.c, DISPATCH_SQL.c, experiment.rule.outcome.days
    starts = sa.cast(dispatch.valid_from - drawn.drawn_on, sa.BigInteger)
    ends = sa.cast(dispatch.valid_to - drawn.drawn_on, sa.BigInteger)
    first = sa.case((starts > 1, starts), else_=1)
    end = sa.case((ends < days + 1, ends), else_=days + 1)
    held = sa.case((end > first, end - first), else_=0)
    here = sa.or_(*(_is_as_drawn(arm) for arm in experiment.rule.arms))
    return (
        sa.select(drawn.account_id, total(held, here, as_type=sa.BigInteger()).label("days_treated"))
        .select_from(DRAWN_SQL.join(DISPATCH_SQL, dispatch.account_id == drawn.account_id))
        .group_by(drawn.account_id)
        .subquery("owned")
    )


def _is_as_drawn(arm: Arm) -> sa.ColumnElement[bool]:
    dispatch = DISPATCH_SQL.c
    where: sa.ColumnElement[bool]
    if arm.usual:
        where = sa.true()
    elif arm.untouched:
        where = dispatch.owner_kind.not_in(["employee", "partner"])
    else:
        partners = sa.and_(dispatch.owner_kind == "partner", dispatch.owner_id.in_(arm.partners))
        where = sa.or_(partners, dispatch.department_id.in_(arm.departments))
    return sa.and_(DRAWN_SQL.c.arm == arm.id, where)


def results_of(experiment: Experiment, rows: Iterable[Row], as_of: date) -> ExperimentResults:
    """The comparison of the arms, from the rows of `outcomes_statement`.

    An account counts once its outcome is known: `days` after the night that drew it. Amounts in different currencies
    are compared each for itself. What was drawn into an arm that there is no more is left out.
    """
    rule, every = experiment.rule, tuple(rows)
    days = timedelta(days=rule.outcome.days)
    drawn_on = [row["drawn_on"] for row in every]
    last = rule.draws_until if as_of < rule.draws_until else max(drawn_on, default=rule.draws_until)
    return ExperimentResults(
        rule.id,
        rule.title,
        rule.owner,
        rule.outcome.measure,
        rule.outcome.days,
        as_of,
        min(drawn_on, default=rule.valid_from) + days,
        last + days,
        tuple(_arms(experiment, every, as_of)),
        tuple(_strata(experiment, every)),
    )


def _arms(experiment: Experiment, rows: Sequence[Row], as_of: date) -> Iterator[ArmResult]:
    rule = experiment.rule
    for currency in sorted({row["currency"] for row in rows}):
        mine = [row for row in rows if row["currency"] == currency]
        rates = {arm.id: _rate(experiment, [row for row in _known(experiment, mine, as_of) if row["arm"] == arm.id])
                 for arm in rule.arms}  # fmt: skip
        for arm in rule.arms:
            yield _arm(experiment, arm, currency, [row for row in mine if row["arm"] == arm.id], as_of, rates)


def _known(experiment: Experiment, rows: Iterable[Row], as_of: date) -> list[Row]:
    days = timedelta(days=experiment.rule.outcome.days)
    return [row for row in rows if row["drawn_on"] + days <= as_of]


def _arm(
    experiment: Experiment,
    arm: Arm,
    currency: str,
    rows: Sequence[Row],
    as_of: date,
    rates: Mapping[str, Estimate | None],
) -> ArmResult:
    rule, known = experiment.rule, _known(experiment, rows, as_of)
    rate, champion = rates[arm.id], rates[rule.champion]
    is_champion = arm.id == rule.champion
    difference = rate.less(champion) if rate and champion and not is_champion else None
    parts = [parts_of(rule.outcome.measure, own) for own in _by_debtor(known).values()]
    return ArmResult(
        currency,
        arm.id,
        arm.title,
        len(parts),
        len(known),
        sum((row["balance"] for row in known), Decimal(0)),
        sum((above for above, _ in parts), Decimal(0)),
        sum((below for _, below in parts), Decimal(0)),
        sum(row["days_treated"] < rule.outcome.days for row in known),
        len(rows) - len(known),
        *_with_interval(rate),
        *_with_interval(difference),
        Verdict.CHAMPION if is_champion and rate else _verdict(difference),
    )


def _by_debtor(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["debtor_id"]].append(row)
    return found


def parts_of(measure: str, own: Sequence[Row]) -> tuple[Decimal, Decimal]:
    """A debtor's outcome, and what it is measured against."""
    recovered = sum((row["recovered"] for row in own), Decimal(0))
    if measure == "paid":
        return Decimal(int(recovered > 0)), Decimal(1)
    of = "overdue_amount" if measure == "recovered_of_overdue" else "balance"
    return Decimal(recovered), sum((row[of] for row in own), Decimal(0))


def _rate(experiment: Experiment, rows: Sequence[Row]) -> Estimate | None:
    """A debtor weighs 1 ÷ the probability of having been drawn into the arm."""
    clusters = []
    for own in _by_debtor(rows).values():
        above, below = parts_of(experiment.rule.outcome.measure, own)
        chance = own[0]["chance"] * own[0]["chance_of_arm"]
        clusters.append(
            Cluster(own[0]["stratum"], CONTEXT.divide(above, Decimal(chance)), CONTEXT.divide(below, Decimal(chance)))
        )
    return rate_of(clusters)


def _with_interval(estimate: Estimate | None) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    if estimate is None:
        return None, None, None
    low, high = estimate.interval
    return _rounded(estimate.value), _rounded(low), _rounded(high)


def _verdict(difference: Estimate | None) -> Verdict:
    if difference is None or difference.clusters < FEWEST_CASES:
        return Verdict.TOO_FEW
    low, high = difference.interval
    if low <= 0 <= high:
        return Verdict.ALIKE
    return Verdict.BETTER if low > 0 else Verdict.WORSE


def _strata(experiment: Experiment, rows: Sequence[Row]) -> Iterator[StratumDealt]:
    """A debtor counts in the stratum of the first account that was drawn."""
    first: dict[str, Row] = {}
    for row in sorted(rows, key=lambda each: (each["drawn_on"], each["account_id"])):
        first.setdefault(row["debtor_id"], row)
    dealt = Counter((row["stratum"], row["arm"]) for row in first.values())
    whole = Counter(row["stratum"] for row in first.values())
    for stratum in sorted(whole):
        for arm in experiment.rule.arms:
            yield StratumDealt(stratum, arm.id, dealt[stratum, arm.id], whole[stratum] * arm.probability)


def _rounded(number: Decimal) -> Decimal:
    return round_to(number, DIGITS, Rounding.HALF_EVEN)
