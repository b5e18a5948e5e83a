"""What hours cost, and what the budget has for them: exact, in the strategy's comparison currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from allocation.capacity.staffing import StaffingRule
from allocation.capacity.supply import WEEK_DAYS
from allocation.strategies import Strategy
from allocation.work_costs import Spent
from domain.exact import ExactSelect, exact, total
from domain.money import CONTEXT
from domain.periods import Period
from domain.sql import TABLES

Row = Mapping[str, Any]

HOUR_MINUTES = 60


@dataclass(frozen=True, slots=True)
class HourCost:
    """What a paid hour of a collector costs, in the comparison currency: as stated from a day on, or what was `spent`
    in a month on its `minutes`."""

    amount: Decimal
    stated_from: date | None = None
    month: str = ""
    spent: Decimal | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """`spent` is of each department in the month `spent_in`, `budgets` of each department and month; in `currency`."""

    currency: str
    strategy: Strategy
    staffing: StaffingRule
    spent: Mapping[str, Spent]
    spent_in: str
    budgets: Mapping[tuple[str, date], Decimal]

    def hour_cost(self, department: str, day: date) -> HourCost | None:
        """As stated for the day, else what the last whole month's costs make of an hour; None where neither is."""
        held = [each for each in self.staffing.cost_per_hour if each.department == department]
        stated = max((each for each in held if each.valid_from <= day), key=lambda each: each.valid_from, default=None)
        if stated is not None and stated.currency in self.strategy.rule.currencies:
            return HourCost(stated.amount * self.strategy.rule.currencies[stated.currency], stated.valid_from)
        one = self.spent.get(department)
        if one is None:
            return None
        amount = CONTEXT.divide(one.amount * HOUR_MINUTES, Decimal(one.minutes))
        return HourCost(amount, None, self.spent_in, one.amount, one.minutes)

    def budget(self, department: str, start: date) -> Decimal | None:
        """Of a week: each day has its part of its month's budget; None where a month has none."""
        whole = Decimal(0)
        for number in range(WEEK_DAYS):
            day = start + timedelta(days=number)
            month = Period.of(day)
            amount = self.budgets.get((department, month.start))
            if amount is None:
                return None
            whole += CONTEXT.divide(amount, Decimal((month.end - month.start).days))
        return whole


def budgets_statement(first: date, last: date) -> ExactSelect:
    """Budgets of cost from the month of `first` to that of `last`: `department_id`, `month`, `currency`, `amount`."""
    budget = TABLES["budgets"].c
    keys = (budget.department_id, budget.month, budget.currency)
    return exact(
        sa.select(*keys, total(budget.amount).label("amount"))
        .where(budget.budget_type == "cost", budget.month >= Period.of(first).start, budget.month <= last)
        .group_by(*keys)
        .order_by(*keys)
    )


def money_of(
    strategy: Strategy, staffing: StaffingRule, spent: Mapping[str, Spent], budgets: Iterable[Row], as_of: date
) -> Money:
    """Budgets in currencies that the strategy does not weigh are left out, as if there were none."""
    found: dict[tuple[str, date], Decimal] = {}
    for row in budgets:
        worth = strategy.rule.currencies.get(row["currency"])
        if worth is not None:
            key = (row["department_id"], row["month"])
            found[key] = found.get(key, Decimal(0)) + row["amount"] * worth
    return Money(comparison_currency(strategy), strategy, staffing, spent, str(Period.of(as_of).previous()), found)


def comparison_currency(strategy: Strategy) -> str:
    """The currency that counts as 1; if none does, amounts have no name."""
    return next((name for name, worth in strategy.rule.currencies.items() if worth == 1), "")
