"""Who can be given accounts on a day, and how much: collectors at work and partners under contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from allocation.strategies import Strategy
from domain.exact import ExactSelect, exact
from domain.sql import TABLES

Row = Mapping[str, Any]

# Which partners the law admits. VN: third-party debt collection is a banned business since 2021 (Law on Investment
# 61/2020/QH14, art. 6); lawyers may represent the creditor, and a manager of assets may own or service the debt.
# Where a jurisdiction is not named, every legal type may collect.
LEGAL_TYPES: Mapping[str, frozenset[str]] = {"VN": frozenset({"law_firm", "asset_manager"})}


@dataclass(frozen=True, slots=True)
class Destination:
    """Who can own accounts. `legal_type` is a partner's; department, team and skills are a collector's.

    `accounts_at_most` limits partners always, and collectors where the strategy counts accounts, not minutes.
    """

    kind: str  # employee or partner
    id: str
    jurisdiction: str
    accounts_at_most: int
    minutes_per_day: int = 0
    department: str | None = None
    team: str | None = None
    skills: frozenset[str] = frozenset()
    legal_type: str = ""

    @property
    def key(self) -> str:
        """Its name in prices and summaries."""
        return f"{self.kind}:{self.id}"

    @property
    def is_partner(self) -> bool:
        return self.kind == "partner"

    @property
    def is_lawful(self) -> bool:
        return self.legal_type in LEGAL_TYPES.get(self.jurisdiction, {self.legal_type})


def collectors_statement(strategy: Strategy, as_of: date) -> ExactSelect:
    """Collectors with a posting on the day after `as_of`, with the capacity that holds on it, and not on long leave."""
    day = as_of + timedelta(days=1)
    posting, employee, capacity = TABLES["staff_postings"].c, TABLES["employees"].c, _capacity_on(day)
    on_leave = _away_throughout(day, day + timedelta(days=strategy.rule.long_leave_days))
    return exact(
        sa.select(
            posting.employee_id,
            posting.department_id,
            posting.team_id,
            employee.jurisdiction,
            capacity.c.accounts_at_most,
            capacity.c.minutes_per_day,
        )
        .join(TABLES["employees"], employee.employee_id == posting.employee_id)
        .join(capacity, capacity.c.employee_id == posting.employee_id)
        .where(
            posting.role == "collector",
            _holds_on(posting.valid_from, posting.valid_to, day),
            posting.employee_id.not_in(on_leave),
        )
        .order_by(posting.employee_id)
    )


def skills_statement() -> ExactSelect:
    skills = TABLES["skills"].c
    return exact(sa.select(skills.employee_id, skills.skill).order_by(skills.employee_id, skills.skill))


def partners_statement(as_of: date) -> ExactSelect:
    """Partners whose contract holds on the day after `as_of`."""
    day, partner = as_of + timedelta(days=1), TABLES["partners"].c
    return exact(
        sa.select(partner.partner_id, partner.legal_type, partner.jurisdiction, partner.accounts_at_most)
        .where(_holds_on(partner.active_from, partner.active_to, day))
        .order_by(partner.partner_id)
    )


def destinations(collectors: Iterable[Row], skills: Iterable[Row], partners: Iterable[Row]) -> tuple[Destination, ...]:
    """The rows of the three statements as destinations, in order of kind and id."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    for row in skills:
        known[row["employee_id"]].add(row["skill"])
    found = [*(_collector(row, known[row["employee_id"]]) for row in collectors), *(_partner(row) for row in partners)]
    return tuple(sorted(found, key=lambda destination: (destination.kind, destination.id)))


def _collector(row: Row, skills: set[str]) -> Destination:
    return Destination(
        "employee",
        row["employee_id"],
        row["jurisdiction"],
        int(row["accounts_at_most"]),
        int(row["minutes_per_day"]),
        row["department_id"],
        row["team_id"],
        frozenset(skills),
    )


def _partner(row: Row) -> Destination:
    return Destination(
        "partner",
        row["partner_id"],
        row["jurisdiction"],
        int(row["accounts_at_most"]),
        legal_type=row["legal_type"],
    )


def _holds_on(first: sa.ColumnElement[Any], end: sa.ColumnElement[Any], day: date) -> sa.ColumnElement[bool]:
    return sa.and_(first <= day, sa.or_(end.is_(None), end > day))


def _capacity_on(day: date) -> sa.Subquery:
    """The latest row of each employee that holds on the day."""
    capacity = TABLES["capacity"].c
    latest = sa.func.row_number().over(partition_by=capacity.employee_id, order_by=capacity.valid_from.desc())
    ranked = sa.select(*capacity, latest.label("place")).where(capacity.valid_from <= day).subquery("ranked_capacity")
    return sa.select(*ranked.c).where(ranked.c.place == 1).subquery("capacity_on_day")


def _away_throughout(first: date, end: date) -> sa.Select[tuple[str]]:
    leave = TABLES["leave"].c
    return sa.select(leave.employee_id).where(leave.starts_on <= first, leave.ends_on >= end)
