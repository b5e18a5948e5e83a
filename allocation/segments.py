"""Which segment each account is in, and whether it may be worked at all: a strategy's conditions, lowered to SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from allocation.facts import with_facts
from allocation.strategies import SEVERAL_SEGMENTS, UNKNOWN_CURRENCY, Strategy
from domain.expressions import Expression, to_sql

Sql = sa.ColumnElement[Any]


def classified(
    strategy: Strategy, accounts: sa.Table, day: date, flags: Mapping[str, Expression | None] | None = None
) -> sa.Select[Any]:
    """Every account of the view once, with `segment`, `escalated` and `not_worked` (NULL, or a reason such as
    held:dispute); of each of `flags`, whether its condition is met.

    Facts are those of the end of `day`. Excluded accounts have no segment. Conditions are tried in order; one that
    meets a missing value does not hold. `escalated` names the rule that took the account out of the segment whose
    condition it meets.
    """
    asked = flags or {}
    read = strategy.names.union(*(condition.names for condition in asked.values() if condition))
    source, names = with_facts(read, accounts, day)
    reason = _reason(strategy, names)
    excluded = reason.like("excluded:%")
    plain = sa.select(
        *accounts.c,
        sa.case((excluded, sa.null()), else_=_segment(strategy, names)).label("segment"),
        reason.label("not_worked"),
        *_escalations_met(strategy, names),
        *(_met(condition, names).label(name) for name, condition in asked.items()),
    ).select_from(source)
    return _escalated(strategy, plain.subquery("by_condition"), [*accounts.c.keys(), "not_worked", *asked])


def _met(condition: Expression | None, names: dict[str, Sql]) -> Sql:
    return sa.func.coalesce(to_sql(condition, names), sa.false()) if condition else sa.false()


def _escalations_met(strategy: Strategy, names: dict[str, Sql]) -> list[Sql]:
    """Of each escalation, whether an account of its segments is to leave them; where it was and how long decide
    whether it stays away."""
    found: list[Sql] = []
    for number, one in enumerate(strategy.escalations):
        met: Sql = to_sql(one.when, names)
        if one.rule.stays_days is not None:
            lately = names["days_in_segment"] < one.rule.stays_days
            met = sa.or_(met, sa.and_(names["segment_before"] == one.rule.to, lately))
        found.append(sa.func.coalesce(met, sa.false()).label(f"escalation_{number}"))
    return found


def _escalated(strategy: Strategy, plain: sa.Subquery, kept: list[str]) -> sa.Select[Any]:
    taken = [
        (sa.and_(plain.c[f"escalation_{number}"], plain.c.segment.in_(one.rule.from_segments)), one.rule)
        for number, one in enumerate(strategy.escalations)
    ]
    nowhere: Sql = sa.cast(sa.null(), sa.String)
    segment = sa.case(*((when, sa.literal(rule.to)) for when, rule in taken), else_=plain.c.segment) if taken else None
    reason = sa.case(*((when, sa.literal(rule.reason)) for when, rule in taken), else_=nowhere) if taken else nowhere
    columns = [plain.c[name] for name in kept]
    return sa.select(
        *columns, (plain.c.segment if segment is None else segment).label("segment"), reason.label("escalated")
    )


def _segment(strategy: Strategy, names: dict[str, Sql]) -> Sql:
    *conditional, last = strategy.segments
    branches = [(to_sql(segment.when, names), sa.literal(segment.id)) for segment in conditional if segment.when]
    return sa.case(*branches, else_=sa.literal(last.id)) if branches else sa.literal(last.id)


def _reason(strategy: Strategy, names: dict[str, Sql]) -> Sql:
    branches = [(to_sql(one.when, names), one.reason) for one in strategy.not_worked]
    branches.append((names["currency"].not_in(sorted(strategy.rule.currencies)), UNKNOWN_CURRENCY))
    if strategy.rule.match == "unique":
        branches.append((_fits_several(strategy, names), SEVERAL_SEGMENTS))
    return sa.case(*((when, sa.literal(reason)) for when, reason in branches), else_=sa.null())


def _fits_several(strategy: Strategy, names: dict[str, Sql]) -> Sql:
    fitting = [sa.case((to_sql(segment.when, names), 1), else_=0) for segment in strategy.segments if segment.when]
    return sum(fitting, start=sa.literal(0)) > 1
