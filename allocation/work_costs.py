"""What working an account costs at each department: minutes × the cost of a minute, an estimate in floats.

A minute costs what the department's cost centres cost in the last whole month, by the minutes that its collectors had;
where no costs are known it is what the strategy states. What partners cost is their share of what they recover.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from allocation.destinations import Destination
from allocation.strategies import Strategy
from domain.exact import ExactSelect, count_rows, exact, total
from domain.money import CONTEXT
from domain.periods import Period
from domain.sql import TABLES

Row = Mapping[str, Any]


def costs_statement(as_of: date) -> ExactSelect:
    """What each cost centre cost in the month before the date's."""
    cost, month = TABLES["costs"].c, Period.of(as_of).previous().start
    return exact(
        sa.select(cost.cost_centre, cost.currency, total(cost.amount).label("amount"))
        .where(cost.month == month)
        .group_by(cost.cost_centre, cost.currency)
        .order_by(cost.cost_centre, cost.currency)
    )


def cost_centres_statement(as_of: date) -> ExactSelect:
    """The cost centre of each employee on the date."""
    terms = TABLES["employment"].c
    holds = sa.and_(terms.valid_from <= as_of, sa.or_(terms.valid_to.is_(None), terms.valid_to > as_of))
    return exact(sa.select(terms.employee_id, terms.cost_centre).where(holds).order_by(terms.employee_id))


def working_days_statement(as_of: date) -> ExactSelect:
    """The working days of the month before the date's, by jurisdiction."""
    calendar, month = TABLES["calendar"].c, Period.of(as_of).previous()
    return exact(
        sa.select(calendar.jurisdiction, count_rows(calendar.is_working_day).label("days"))
        .where(calendar.day >= month.start, calendar.day < month.end)
        .group_by(calendar.jurisdiction)
        .order_by(calendar.jurisdiction)
    )


@dataclass(frozen=True, slots=True)
class Minute:
    """What a collector's minute costs in a department, in the comparison currency, and where that comes from."""

    cost: float
    source: str


@dataclass(frozen=True, slots=True)
class AccountCost:
    """What working one account for the horizon takes and costs."""

    minutes: int
    minute: Minute

    @property
    def cost(self) -> float:
        return self.minutes * self.minute.cost

    def __str__(self) -> str:
        return f"{self.minutes} minutes at {self.minute.cost:,.2f} = {self.cost:,.2f} ({self.minute.source})"


@dataclass(frozen=True, slots=True)
class WorkCosts:
    """By segment and department; what is not named costs nothing."""

    accounts: Mapping[tuple[str, str], AccountCost] = field(default_factory=dict)

    def of(self, segment: str, destination: Destination) -> float:
        known = self.accounts.get((segment, destination.department or ""))
        return known.cost if known and not destination.is_partner else 0.0


def work_costs(
    strategy: Strategy,
    destinations: Sequence[Destination],
    as_of: date,
    costs: Iterable[Row],
    centres: Iterable[Row],
    working_days: Iterable[Row],
) -> WorkCosts:
    """From the rows of the three statements; nothing costs anything where the strategy does not say `work_cost`."""
    terms = strategy.rule.work_cost
    if terms is None:
        return WorkCosts()
    stated = {name: Minute(float(cost), "stated") for name, cost in terms.per_minute.items()}
    reckoned = _minutes(strategy, destinations, as_of, costs, centres, working_days) if terms.from_costs else {}
    minutes = {**stated, **reckoned}
    return WorkCosts(
        {
            (segment.id, name): AccountCost(segment.rule.handling_minutes * strategy.recovery.months, minutes[name])
            for segment in strategy.segments
            for name in segment.rule.departments
            if segment.rule.handling_minutes and name in minutes
        }
    )


def _minutes(
    strategy: Strategy,
    destinations: Sequence[Destination],
    as_of: date,
    costs: Iterable[Row],
    centres: Iterable[Row],
    working_days: Iterable[Row],
) -> Mapping[str, Minute]:
    spent, month = spent_on_minutes(strategy, destinations, costs, centres, working_days), Period.of(as_of).previous()
    return {
        department: Minute(
            float(one.amount) / one.minutes, f"costs of {month}: {one.amount:,.0f} ÷ {one.minutes:,} minutes"
        )
        for department, one in spent.items()
    }


@dataclass(frozen=True, slots=True)
class Spent:
    """What a department's minutes cost in a month, in the comparison currency."""

    amount: Decimal
    minutes: int


def spent_on_minutes(
    strategy: Strategy,
    destinations: Sequence[Destination],
    costs: Iterable[Row],
    centres: Iterable[Row],
    working_days: Iterable[Row],
) -> Mapping[str, Spent]:
    """The cost of a cost centre, shared by the minutes of its collectors: departments that share one share its cost."""
    centre_of = {row["employee_id"]: row["cost_centre"] for row in centres}
    days = {row["jurisdiction"]: int(row["days"]) for row in working_days}
    of_centre: defaultdict[str, int] = defaultdict(int)
    of_both: defaultdict[tuple[str, str], int] = defaultdict(int)
    for one in destinations:
        if one.department and one.id in centre_of:
            minutes = one.minutes_per_day * days.get(one.jurisdiction, 0)
            of_centre[centre_of[one.id]] += minutes
            of_both[one.department, centre_of[one.id]] += minutes
    cost: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in costs:
        cost[row["cost_centre"]] += row["amount"] * strategy.rule.currencies.get(row["currency"], Decimal(0))
    found = {}
    for department in sorted({name for name, _ in of_both}):
        mine = {centre: minutes for (name, centre), minutes in of_both.items() if name == department and cost[centre]}
        minutes = sum(mine.values())
        if minutes:
            parts = (CONTEXT.divide(cost[centre] * part, of_centre[centre]) for centre, part in sorted(mine.items()))
            found[department] = Spent(sum(parts, Decimal(0)), minutes)
    return found
