"""The control over credits: eligible payments = credited + uncredited, by payments and by money, per currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, count_rows, exact, total
from domain.sql import TABLES
from kpi_rules.views import AS_OF, CREDITS_SQL, START


@dataclass(frozen=True, slots=True)
class CreditTotals:
    """Of one currency: the payments of the period, how many of them have lines, and what these say of their money."""

    currency: str
    eligible_count: int
    eligible: Decimal
    covered_count: int
    credited: Decimal
    uncredited: tuple[tuple[str, int, Decimal], ...]  # reason, lines, money

    @property
    def tie_out(self) -> bool:
        money = self.credited + sum((amount for *_, amount in self.uncredited), Decimal(0))
        return (self.eligible_count, self.eligible) == (self.covered_count, money)


def eligible_statement(*, start: date, as_of: date) -> ExactSelect:
    """Per currency, the number of payments booked in the period, and their money without what was forgiven."""
    payments = TABLES["payments"].c
    statement = (
        sa.select(
            payments.currency,
            count_rows().label("payments"),
            total(payments.amount - payments.waiver).label("recovered"),
        )
        .where(payments.posted_on.between(START, AS_OF))
        .group_by(payments.currency)
        .order_by(payments.currency)
    )
    return exact(statement.params(start=start, as_of=as_of))


def credited_statement(*, start: date, as_of: date) -> ExactSelect:
    """Per currency and reason (none: credited), the lines, their money, and the payments that begin with them."""
    credit = CREDITS_SQL.c
    statement = (
        sa.select(
            credit.currency,
            credit.reason,
            count_rows().label("lines"),
            count_rows(credit.line == 1).label("payments"),
            total(credit.recovered).label("recovered"),
        )
        .where(credit.posted_on.between(START, AS_OF))
        .group_by(credit.currency, credit.reason)
        .order_by(credit.currency, credit.reason.asc().nulls_first())
    )
    return exact(statement.params(start=start, as_of=as_of))


def credit_totals(
    eligible: Iterable[Mapping[str, Any]], credited: Iterable[Mapping[str, Any]]
) -> tuple[CreditTotals, ...]:
    """The control *eligible payments = credited + uncredited*, from the rows of the two statements, per currency."""
    booked = {row["currency"]: (row["payments"], row["recovered"]) for row in eligible}
    lines = tuple(credited)
    return tuple(
        _totals(currency, booked.get(currency, (0, Decimal(0))), [row for row in lines if row["currency"] == currency])
        for currency in sorted({*booked, *(row["currency"] for row in lines)})
    )


def _totals(currency: str, booked: tuple[int, Decimal], lines: list[Mapping[str, Any]]) -> CreditTotals:
    credited = sum((row["recovered"] for row in lines if row["reason"] is None), Decimal(0))
    uncredited = ((row["reason"], row["lines"], row["recovered"]) for row in lines if row["reason"] is not None)
    covered = sum(row["payments"] for row in lines)
    return CreditTotals(currency, *booked, covered, credited, tuple(sorted(uncredited)))
