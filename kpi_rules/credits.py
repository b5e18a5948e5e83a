"""Credits: every payment of the period in parts that say who they count for, by which rule, or why for nobody.

Three steps: a payment meets its rule (here), a rule may spread it over the accounts of its debtor (`credit_pieces`),
and each piece goes to whom the rule says (`credit_lines`). What a reversal takes back are the lines of its payment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.exact import MONEY, ExactSelect, exact, running_total
from domain.expressions import to_sql
from domain.rules import version_digest
from domain.sql import TABLES
from kpi_rules.credit_checks import CheckedCreditRule
from kpi_rules.credit_language import ToLastContact, ToPromiseTaker
from kpi_rules.credit_lines import credit_lines
from kpi_rules.credit_pieces import credit_pieces
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import AS_OF, CREDITS, CREDITS_BEFORE_SQL, START

_EARLIEST = sa.bindparam("earliest", type_=sa.Date())
_FAULTS = ("original_unknown", "original_is_a_reversal")

Sql = sa.ColumnElement[Any]


def credit_statement(rules: KpiRules, *, start: date, as_of: date) -> ExactSelect:
    """The rows of `CREDITS` for the payments booked from `start` up to and including `as_of`, by payment and line.

    A payment goes to whom the first matching rule of the day on which it was booked says. A reversal takes back the
    lines of what it reverses, on the day on which it was booked: those of the period as they are made here, earlier
    ones as `credits_before` (the credits of earlier months) has them; where that has none, by the rules of the first
    of the month. The session gives `payments` and `credits_before` from `first_payment_day` on.
    """
    of_month = rules.on(as_of).credit_rules
    ruled = _with_rules(_judged_payments(), of_month)
    lines = credit_lines(credit_pieces(ruled, of_month), of_month).cte("lines").prefix_with("MATERIALIZED")
    every = sa.union_all(_booked(lines), _taken_back(lines)).subquery("every")
    ordered = sa.select(*every.c).order_by(every.c.payment_id, every.c.line)
    window = {"start": start, "as_of": as_of, "earliest": first_payment_day(rules, start=start, as_of=as_of)}
    return exact(ordered.params(window))


def first_payment_day(rules: KpiRules, *, start: date, as_of: date) -> date:
    """How far back the original of a reversal is looked for: the longest look-back of the rules of the month."""
    days = (each.rule.look_back_days for each in rules.on(as_of).credit_rules)
    return start - timedelta(days=max(days, default=0))


def contact_days_before(rules: KpiRules, as_of: date) -> int:
    """How many days before a payment the rules of the month look for its last contact."""
    parts = (part.to for each in rules.on(as_of).credit_rules for part in each.parts)
    return max((to.within_days for to in parts if isinstance(to, ToLastContact)), default=0)


def credits_read(rules: KpiRules, as_of: date) -> frozenset[str]:
    """The tables that credits are made of, by the rules of the month."""
    kinds = {type(part.to) for each in rules.on(as_of).credit_rules for part in each.parts}
    looked_up = {ToLastContact: {"contacts", "staff_postings"}, ToPromiseTaker: {"promises", "staff_postings"}}
    more = (tables for kind, tables in looked_up.items() if kind in kinds)
    return frozenset({"payments", "accounts"}).union(*more)


def _judged_payments() -> sa.CTE:
    """The payments that get lines of their own: those of the period, reversals without an original among them, and the
    originals of its reversals of which no earlier month says who had them."""
    booked, original = TABLES["payments"].alias("booked"), TABLES["payments"].alias("original")
    known = _known_before()
    is_reversal, is_known = booked.c.reverses.is_not(None), known.c.payment_id.is_not(None)
    fault = sa.case(
        (sa.and_(is_reversal, original.c.reverses.is_not(None)), "original_is_a_reversal"),
        (sa.and_(is_reversal, original.c.payment_id.is_(None), sa.not_(is_known)), "original_unknown"),
    )
    found = sa.and_(original.c.payment_id == booked.c.reverses, original.c.posted_on >= _EARLIEST)
    joined = booked.outerjoin(original, found).outerjoin(known, known.c.payment_id == booked.c.reverses)
    in_period = booked.c.posted_on.between(START, AS_OF)
    own = (
        sa.select(*_columns(booked), fault.label("fault"), sa.true().label("is_booked"))
        .select_from(joined)
        .where(in_period, sa.or_(sa.not_(is_reversal), fault.is_not(None)))
    )
    earlier = (
        sa.select(*_columns(original), sa.cast(sa.null(), sa.String).label("fault"), sa.false().label("is_booked"))
        .select_from(joined)
        .where(in_period, original.c.posted_on < START, original.c.reverses.is_(None), sa.not_(is_known))
        .distinct()
    )
    return sa.union_all(own, earlier).cte("judged")


def _known_before() -> sa.Subquery:
    """The payments of which an earlier month says who had them; reversals are none of these."""
    before = CREDITS_BEFORE_SQL.c
    known = sa.select(before.payment_id).where(before.posted_on >= _EARLIEST, before.recovered >= 0)
    return known.distinct().subquery("known")


def _columns(payments: sa.FromClause) -> list[Sql]:
    names = CATALOGUE["payments"].names
    return [
        *(payments.c[name] for name in names),
        sa.cast(payments.c.amount - payments.c.waiver, MONEY).label("recovered"),
    ]


def _with_rules(judged: sa.CTE, rules: tuple[CheckedCreditRule, ...]) -> sa.CTE:
    """Which rule each payment has met first, by its number, and the day whose owner counts by it."""
    columns = {name: judged.c[name] for name in CATALOGUE["payments"].names}
    conditions = [_meets(each, columns) for each in rules]

    def by_rule(values: list[Any]) -> Sql:
        cases = list(zip(conditions, values, strict=True))
        return sa.case((judged.c.fault.is_not(None), None), *cases, else_=sa.null())

    own = ("payment_id", "account_id", "posted_on", "paid_on", "currency", "recovered", "fault", "is_booked")
    return sa.select(
        *(judged.c[name] for name in own),
        sa.func.coalesce(sa.cast(by_rule([columns[each.date] for each in rules]), sa.Date), judged.c.paid_on).label(
            "credited_for"
        ),
        sa.cast(by_rule(list(range(len(rules)))), sa.Integer).label("rule"),
        sa.cast(by_rule([each.rule.id for each in rules]), sa.String).label("credit_rule"),
        sa.cast(by_rule([version_digest(each.rule) for each in rules]), sa.String).label("credit_rule_version"),
    ).cte("ruled")


def _meets(rule: CheckedCreditRule, payment: Mapping[str, Sql]) -> sa.ColumnElement[bool]:
    first, last = rule.days
    stated = [to_sql(rule.where, payment)] if rule.where else []
    stated += [payment["posted_on"] >= first] if first else []
    stated += [payment["posted_on"] <= last] if last else []
    return sa.and_(sa.true(), *stated)


def _booked(lines: sa.CTE) -> sa.Select[Any]:
    return sa.select(*(lines.c[name] for name in CREDITS.names)).where(lines.c.is_booked)


def _taken_back(lines: sa.CTE) -> sa.Select[Any]:
    """Of each reversal, the lines that its payment had. A reversal of another amount takes back the last line first,
    and whatever is left of it from the first."""
    reversal, had = TABLES["payments"].alias("reversal"), _lines_had(lines)
    taken = sa.cast(reversal.c.waiver - reversal.c.amount, MONEY)
    last_first = running_total(had.c.recovered, partition_by=reversal.c.payment_id, order_by=had.c.line.desc())
    later = last_first - had.c.recovered
    of_first = taken - sa.func.greatest(0, sa.func.least(taken, later))
    of_others = sa.func.greatest(0, sa.func.least(taken - later, had.c.recovered))
    own = {name: reversal.c[name] for name in ("payment_id", "posted_on", "paid_on", "currency")}
    computed = {**own, "recovered": sa.cast(-sa.case((had.c.line == 1, of_first), else_=of_others), MONEY)}
    return (
        sa.select(*(computed.get(name, had.c[name]).label(name) for name in CREDITS.names))
        .select_from(reversal.join(had, had.c.payment_id == reversal.c.reverses))
        .where(reversal.c.posted_on.between(START, AS_OF))
    )


def _lines_had(lines: sa.CTE) -> sa.Subquery:
    before = CREDITS_BEFORE_SQL.c
    names = CREDITS.names
    made_here = sa.select(*(lines.c[name] for name in names)).where(
        sa.or_(lines.c.reason.is_(None), lines.c.reason.not_in(_FAULTS))
    )
    made_before = sa.select(*(before[name] for name in names)).where(
        before.posted_on >= _EARLIEST, before.posted_on < START, before.recovered >= 0
    )
    return sa.union_all(made_here, made_before).subquery("had")
