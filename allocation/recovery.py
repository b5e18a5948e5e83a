"""What an overdue account is expected to bring in a month: liquidation by segment, shrunk toward the portfolio.

Everything from the rates on is an estimate, in floats: it decides who works what, never who is paid what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from allocation.segments import classified
from allocation.strategies import Strategy
from domain.catalogue import CATALOGUE
from domain.exact import ExactSelect, count_rows, exact, total
from domain.sql import TABLES, sql_table

ACCOUNTS_OPENING: sa.Table = sql_table(CATALOGUE["accounts"], sa.MetaData(), "accounts_opening")

OpeningRow = Mapping[str, Any]


def history_statement(strategy: Strategy, start: date, as_of: date) -> ExactSelect:
    """By segment and currency of the opening book: accounts, their overdue amount, and what was recovered on them.

    The opening book is the view `accounts_opening` (as of the day before `start`); recovered are payments posted from
    `start` up to and including `as_of`, without waivers. Accounts that were not to be worked are left out.
    """
    opening = classified(strategy, ACCOUNTS_OPENING, start).subquery("opening")
    paid = _recovered(start, as_of)
    worked = sa.and_(opening.c.not_worked.is_(None), opening.c.overdue_amount > 0)
    return exact(
        sa.select(
            opening.c.segment,
            opening.c.currency,
            count_rows().label("accounts"),
            total(opening.c.overdue_amount).label("overdue"),
            total(sa.func.coalesce(paid.c.recovered, 0)).label("recovered"),
        )
        .select_from(opening.outerjoin(paid, paid.c.account_id == opening.c.account_id))
        .where(worked)
        .group_by(opening.c.segment, opening.c.currency)
        .order_by(opening.c.segment.nulls_last(), opening.c.currency.nulls_last())
    )


def _recovered(start: date, as_of: date) -> sa.Subquery:
    payments = TABLES["payments"].c
    return (
        sa.select(payments.account_id, total(payments.amount - payments.waiver).label("recovered"))
        .where(payments.posted_on >= start, payments.posted_on <= as_of)
        .group_by(payments.account_id)
        .subquery("paid")
    )


@dataclass(frozen=True, slots=True)
class RecoveryRate:
    """The share of its overdue amount that an account is expected to bring in a month, and how that came about.

    `stated` is the strategy's; `portfolio_factor` is what all segments brought beside what their stated rates promised;
    `own` is what the segment itself brought, per month (None: nothing observed); `weight` is the own rate's.
    """

    segment: str
    currency: str
    stated: float
    portfolio_factor: float
    own: float | None
    accounts: int
    weight: float

    @property
    def rate(self) -> float:
        known_without = self.stated * self.portfolio_factor
        return known_without if self.own is None else self.weight * self.own + (1 - self.weight) * known_without

    def __str__(self) -> str:
        without = f"stated {self.stated:.4f} × portfolio {self.portfolio_factor:.3f}"
        if self.own is None:
            return f"{self.rate:.4f} a month of what is overdue ({without}; nothing observed)"
        own = f"own {self.own:.4f} from {self.accounts} accounts, weight {self.weight:.2f}"
        return f"{self.rate:.4f} a month of what is overdue ({own}; the rest {without})"


@dataclass(frozen=True, slots=True)
class RecoveryTable:
    rates: Mapping[tuple[str, str], RecoveryRate]

    def __getitem__(self, key: tuple[str, str]) -> RecoveryRate:
        return self.rates[key]


def recovery_table(strategy: Strategy, history: Iterable[OpeningRow], months_observed: Decimal) -> RecoveryTable:
    """A rate for each worked segment in each currency of the strategy, from the rows of `history_statement`.

    `months_observed` is the length of the period behind the rows, such as 0.5: rates are brought to one month, and a
    short look weighs less. With k the strategy's shrinkage_accounts, the own rate weighs n / (n + k), where n is
    accounts × months; no history at all leaves the stated rates as they are.
    """
    months = float(months_observed)
    seen = {(str(row["segment"]), str(row["currency"])): row for row in history} if months > 0 else {}
    rates: dict[tuple[str, str], RecoveryRate] = {}
    for currency in strategy.rule.currencies:
        stated = {
            segment.id: float(segment.rule.recovery_without_history or 0)
            for segment in strategy.segments
            if segment.rule.hold is None
        }
        own = {segment: row for (segment, of), row in seen.items() if of == currency and segment in stated}
        factor = _portfolio_factor(strategy, stated, own, months)
        rates |= {(key, currency): _rate(strategy, (key, currency), stated[key], factor, own.get(key), months)
                  for key in stated}  # fmt: skip
    return RecoveryTable(rates)


def _portfolio_factor(
    strategy: Strategy, stated: Mapping[str, float], own: Mapping[str, OpeningRow], months: float
) -> float:
    """What all segments brought ÷ what their stated rates promised, itself shrunk toward 1."""
    promised = sum(stated[segment] * float(row["overdue"]) * months for segment, row in own.items())
    brought = sum(float(row["recovered"]) for row in own.values())
    accounts = sum(int(row["accounts"]) for row in own.values()) * months
    if promised <= 0 or accounts <= 0:
        return 1.0
    weight = accounts / (accounts + strategy.rule.shrinkage_accounts)
    return weight * max(brought, 0.0) / promised + (1 - weight)


def _rate(
    strategy: Strategy, key: tuple[str, str], stated: float, factor: float, row: OpeningRow | None, months: float
) -> RecoveryRate:
    if row is None or float(row["overdue"]) <= 0:
        return RecoveryRate(*key, stated, factor, None, 0, 0.0)
    accounts = int(row["accounts"])
    own = max(float(row["recovered"]), 0.0) / float(row["overdue"]) / months
    weight = accounts * months / (accounts * months + strategy.rule.shrinkage_accounts)
    return RecoveryRate(*key, stated, factor, own, accounts, weight)
