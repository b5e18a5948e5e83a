"""Which segment each account is in, and whether it may be worked at all: a strategy's conditions, lowered to SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import sqlalchemy as sa

from allocation.strategies import (
    EARLIER_PLACEMENTS,
    SEVERAL_SEGMENTS,
    UNKNOWN_CURRENCY,
    Strategy,
    open_case,
)
from domain.catalogue import CASE_TYPES
from domain.exact import count_rows
from domain.expressions import to_sql
from domain.sql import TABLES

Sql = sa.ColumnElement[Any]


def classified(strategy: Strategy, accounts: sa.Table, day: date) -> sa.Select[Any]:
    """Every account of the view once, with `segment` and `not_worked` (NULL, or a reason such as held:dispute).

    Cases opened and placements begun up to and including `day` count. Excluded accounts have no segment. Conditions are
    tried in order; one that meets a missing value does not hold.
    """
    source, names = with_facts(strategy.names, accounts, day)
    reason = _reason(strategy, names)
    excluded = reason.like("excluded:%")
    segment = sa.case((excluded, sa.null()), else_=_segment(strategy, names))
    return sa.select(*accounts.c, segment.label("segment"), reason.label("not_worked")).select_from(source)


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


def with_facts(read: Collection[str], accounts: sa.Table, day: date) -> tuple[sa.FromClause, dict[str, Sql]]:
    """The accounts beside what the conditions that `read` these names need besides columns; every name as SQL."""
    source: sa.FromClause = accounts
    names: dict[str, Sql] = {column.name: column for column in accounts.c}
    case_types = [case_type for case_type in CASE_TYPES if open_case(case_type) in read]
    if case_types:
        cases = _open_cases(case_types, day)
        source = source.outerjoin(cases, cases.c.account_id == accounts.c.account_id)
        names |= {open_case(kind): sa.func.coalesce(cases.c[kind], 0) > 0 for kind in case_types}
    if EARLIER_PLACEMENTS in read:
        placements = _earlier_placements(day)
        source = source.outerjoin(placements, placements.c.account_id == accounts.c.account_id)
        names[EARLIER_PLACEMENTS] = sa.func.coalesce(placements.c.number, 0)
    return source, names


def _open_cases(case_types: list[str], day: date) -> sa.Subquery:
    cases = TABLES["cases"].c
    counts = [count_rows(cases.case_type == kind).label(kind) for kind in case_types]
    undecided = sa.and_(cases.outcome == "pending", cases.opened_on <= day, cases.account_id.is_not(None))
    return sa.select(cases.account_id, *counts).where(undecided).group_by(cases.account_id).subquery("open_cases")


def _earlier_placements(day: date) -> sa.Subquery:
    placements = TABLES["placements"].c
    return (
        sa.select(placements.account_id, count_rows().label("number"))
        .where(placements.placed_on <= day)
        .group_by(placements.account_id)
        .subquery("earlier_placements")
    )
