"""Credits: every payment of the period as a row that says who it counts for, by which rule, or why for nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.dispatch import DISPATCH_SQL
from domain.exact import MONEY, RATE, ExactSelect, count_rows, exact, total
from domain.expressions import to_sql
from domain.rules import version_digest
from domain.sql import TABLES
from kpi_rules.credit_checks import CheckedCreditRule
from kpi_rules.language import ToHouse, ToOwner
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import AS_OF, CREDITS, CREDITS_SQL, START, holds_on

CREDITS_READ = frozenset({"payments", "accounts", "dispatch"})

Sql = sa.ColumnElement[Any]


def credit_statement(rules: KpiRules, *, start: date, as_of: date) -> ExactSelect:
    """The rows of `CREDITS` for the payments booked from `start` up to and including `as_of`, by payment.

    A payment goes to whom the first matching rule in force on `as_of` says. A reversal is judged as the payment that it
    reverses, so it takes the credit back from whoever had it, on the day on which the reversal was booked. The session
    gives `payments` from `first_payment_day` on.
    """
    in_force = rules.on(as_of).credit_rules
    judged = _judged_payments()
    ruled = _with_rules(judged, in_force)
    window = {"start": start, "as_of": as_of, "earliest": first_payment_day(rules, start=start, as_of=as_of)}
    return exact(_credits(ruled).params(window))


def first_payment_day(rules: KpiRules, *, start: date, as_of: date) -> date:
    """How far back the original of a reversal is looked for: the longest look-back of the rules in force."""
    days = (rule.placed.rule.look_back_days for rule in rules.on(as_of).credit_rules)
    return start - timedelta(days=max(days, default=0))


@dataclass(frozen=True, slots=True)
class CreditTotals:
    """Of one currency: the payments of the period, and those of them that have a credit or a reason for none."""

    currency: str
    eligible_count: int
    eligible: Decimal
    credited_count: int
    credited: Decimal
    uncredited: tuple[tuple[str, int, Decimal], ...]  # reason, payments, money

    @property
    def tie_out(self) -> bool:
        count = self.credited_count + sum(count for _, count, _ in self.uncredited)
        money = self.credited + sum((amount for *_, amount in self.uncredited), Decimal(0))
        return (self.eligible_count, self.eligible) == (count, money)


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
    """The same of the credits, per currency and reason; no reason: credited."""
    credit = CREDITS_SQL.c
    statement = (
        sa.select(
            credit.currency, credit.reason, count_rows().label("payments"), total(credit.recovered).label("recovered")
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
    found = {(row["currency"], row["reason"]): (row["payments"], row["recovered"]) for row in credited}
    nothing = (0, Decimal(0))
    return tuple(
        CreditTotals(
            currency,
            *booked.get(currency, nothing),
            *found.get((currency, None), nothing),
            tuple((reason, *found[key]) for key in sorted(found, key=str) if key[0] == currency and (reason := key[1])),
        )
        for currency in sorted({*booked, *(currency for currency, _ in found)})
    )


def _judged_payments() -> sa.Subquery:
    """The payments of the period; the columns `judged_…` are the original's for a reversal, else their own."""
    booked, original = TABLES["payments"].alias("booked"), TABLES["payments"].alias("original")
    is_reversal = booked.c.reverses.is_not(None)
    judged = [
        sa.case((is_reversal, original.c[name]), else_=booked.c[name]).label(f"judged_{name}")
        for name in CATALOGUE["payments"].names
    ]
    found = sa.and_(
        original.c.payment_id == booked.c.reverses, original.c.posted_on >= sa.bindparam("earliest", type_=sa.Date())
    )
    own = (booked.c[name] for name in ("payment_id", "account_id", "posted_on", "paid_on", "currency"))
    return (
        sa.select(
            *own,
            sa.cast(booked.c.amount - booked.c.waiver, MONEY).label("recovered"),
            _fault(booked, original),
            *judged,
        )
        .select_from(booked.outerjoin(original, found))
        .where(booked.c.posted_on.between(START, AS_OF))
        .subquery("judged")
    )


def _fault(booked: sa.FromClause, original: sa.FromClause) -> sa.Label[Any]:
    is_reversal = booked.c.reverses.is_not(None)
    return sa.case(
        (sa.and_(is_reversal, original.c.payment_id.is_(None)), "original_unknown"),
        (sa.and_(is_reversal, original.c.reverses.is_not(None)), "original_is_a_reversal"),
    ).label("fault")


def _with_rules(judged: sa.Subquery, rules: tuple[CheckedCreditRule, ...]) -> sa.Subquery:
    """Which rule each payment has met first, and the day whose owner counts by it."""
    columns = {name: judged.c[f"judged_{name}"] for name in CATALOGUE["payments"].names}
    conditions = [to_sql(rule.where, columns) if rule.where else sa.true() for rule in rules]

    def by_rule(values: list[Any]) -> Sql:
        cases = list(zip(conditions, values, strict=True))
        return sa.case((judged.c.fault.is_not(None), None), *cases, else_=sa.null())

    own = (judged.c[name] for name in ("payment_id", "posted_on", "paid_on", "currency", "recovered", "fault"))
    return sa.select(
        *own,
        sa.func.coalesce(judged.c.judged_account_id, judged.c.account_id).label("account_id"),
        sa.func.coalesce(by_rule([columns[_date_of(rule)] for rule in rules]), judged.c.paid_on).label("credited_for"),
        sa.cast(by_rule([rule.placed.rule.id for rule in rules]), sa.String).label("credit_rule"),
        sa.cast(by_rule([version_digest(rule.placed.rule) for rule in rules]), sa.String).label("credit_rule_version"),
        by_rule([int(isinstance(rule.placed.rule.to, ToHouse)) for rule in rules]).label("is_for_house"),
    ).subquery("ruled")


def _date_of(rule: CheckedCreditRule) -> str:
    to = rule.placed.rule.to
    return to.date if isinstance(to, ToOwner) else "paid_on"


def _credits(ruled: sa.Subquery) -> sa.Select[Any]:
    owner, book = DISPATCH_SQL.alias("owner"), TABLES["accounts"].alias("book")
    reason = sa.case(
        (ruled.c.fault.is_not(None), ruled.c.fault),
        (ruled.c.credit_rule.is_(None), "no_rule"),
        (ruled.c.is_for_house == 1, "house_rule"),
        (owner.c.account_id.is_(None), "no_owner"),
        (owner.c.owner_kind == "house", "house"),
    )
    has_credit = reason.is_(None)
    computed: Mapping[str, Sql] = {
        **{column.name: column for column in ruled.c},
        **{name: owner.c[name] for name in ("owner_kind", "owner_id", "segment")},
        "employee_id": sa.case((sa.and_(has_credit, owner.c.owner_kind == "employee"), owner.c.owner_id)),
        "partner_id": sa.case((sa.and_(has_credit, owner.c.owner_kind == "partner"), owner.c.owner_id)),
        "team_id": sa.case((has_credit, owner.c.team_id)),
        "department_id": sa.case((has_credit, owner.c.department_id)),
        "branch_id": book.c.branch_id,
        "share": sa.cast(sa.case((has_credit, 1), else_=0), RATE),
        "reason": reason,
    }
    joined = ruled.outerjoin(
        owner, sa.and_(owner.c.account_id == ruled.c.account_id, holds_on(ruled.c.credited_for, owner))
    ).outerjoin(book, book.c.account_id == ruled.c.account_id)
    return (
        sa.select(*(computed[name].label(name) for name in CREDITS.names))
        .select_from(joined)
        .order_by(ruled.c.payment_id)
    )
