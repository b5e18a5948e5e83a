"""Employees and partners that a strategy names and no extract of the night has: a conflict or quota of theirs is void.

Who is there, but is no destination today (on leave, without a contract), is not told: that is not the strategy's error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from allocation.strategies import Strategy
from domain.exact import ExactSelect, exact
from domain.sql import TABLES


def named_in(strategy: Strategy) -> Mapping[str, tuple[str, ...]]:
    """The keys, such as partner:P1, with the places in the strategy that name them."""
    found: dict[str, set[str]] = {}
    for conflict in strategy.rule.conflicts:
        found.setdefault(conflict.owner, set()).add("conflicts")
    for quota in strategy.rule.quotas:
        found.setdefault(f"partner:{quota.partner}", set()).add("quotas")
    return {key: tuple(sorted(places)) for key, places in sorted(found.items())}


def present_statement(named: Iterable[str]) -> ExactSelect:
    """Those of the keys that the extracts of the night have, whether they are destinations or not."""
    asked = [key.partition(":") for key in named]
    employee, partner = TABLES["employees"].c.employee_id, TABLES["partners"].c.partner_id
    ids = {kind: [name for one, _, name in asked if one == kind] for kind in ("employee", "partner")}
    found = sa.union_all(
        sa.select(sa.literal("employee").label("kind"), employee.label("id")).where(employee.in_(ids["employee"])),
        sa.select(sa.literal("partner").label("kind"), partner.label("id")).where(partner.in_(ids["partner"])),
    ).subquery("present")
    return exact(sa.select(found.c.kind, found.c.id))


def unknown(named: Mapping[str, tuple[str, ...]], present: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Who is named and not there, each with where: partner P9 (quotas)."""
    known = {f"{row['kind']}:{row['id']}" for row in present}
    return tuple(f"{key.replace(':', ' ', 1)} ({', '.join(where)})" for key, where in named.items() if key not in known)
