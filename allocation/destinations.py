"""Who can be given accounts on a day, and how much: collectors at work and partners under contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from allocation.strategies import Strategy
from allocation.strategy_rules import Capacity
from domain.exact import ExactSelect, count_distinct, count_rows, exact
from domain.sql import TABLES
from domain.standings import Placed, StandingInForce

Row = Mapping[str, Any]
Sql = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class PartnerTerms:
    """What contracts and the law say of a partner on the day: why it gets nothing new (a code of `why_not`, empty where
    it may), and the most accounts that it may have by contract."""

    refused: str = ""
    accounts_at_most: int | None = None


@dataclass(frozen=True, slots=True)
class RefusedPartner:
    """A partner that gets nothing new, and why: a code of `PartnerTerms`.

    >>> print(RefusedPartner("P1", "legal_type", "VN", "agency"))
    P1: the law of VN does not let a partner of type agency collect
    """

    partner: str
    code: str
    jurisdiction: str
    legal_type: str

    def __str__(self) -> str:
        words = {
            "legal_type": f"the law of {self.jurisdiction} does not let a partner of type {self.legal_type} collect",
            "no_contract": "no contract in force",
            "several_contracts": "several contracts hold, and none is more specific",
        }
        return f"{self.partner}: {words.get(self.code, self.code)}"


# Of a partner of which nothing is known: nothing is placed without a contract.
NO_TERMS = PartnerTerms("no_contract")


@dataclass(frozen=True, slots=True)
class Destination:
    """Who can own accounts. `legal_type` is a partner's, and `refused` why it gets nothing new; department, team and
    skills are a collector's.

    `accounts_at_most` limits partners always, and collectors where the strategy counts accounts, not minutes. Where the
    strategy asks for them, `days` are the working days that a collector is there, of `days_in_all`; `share` is what a
    part-timer or a joiner carries of a full load. `suspended` says why a partner gets no new placements; what it has
    stays there, or comes back where it `is_recalled`.
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
    days: int | None = None
    days_in_all: int | None = None
    share: Decimal = Decimal(1)
    suspended: str = ""
    is_recalled: bool = False
    refused: str = ""

    @property
    def key(self) -> str:
        """Its name in prices and summaries."""
        return f"{self.kind}:{self.id}"

    @property
    def is_partner(self) -> bool:
        return self.kind == "partner"


def collectors_statement(strategy: Strategy, as_of: date) -> ExactSelect:
    """Collectors with a posting on the day after `as_of`, with the capacity that holds on it, and not on long leave.

    `full_time_share` and `hired_on`, the working days ahead (`days_in_all`, of `days_known` in the calendar) and those
    on leave (`days_away`) are NULL where the strategy does not ask for them.
    """
    day = as_of + timedelta(days=1)
    posting, employee, capacity = TABLES["staff_postings"].c, TABLES["employees"].c, _capacity_on(day)
    on_leave = long_leave(strategy, day)
    source: sa.FromClause = (
        TABLES["staff_postings"]
        .join(TABLES["employees"], employee.employee_id == posting.employee_id)
        .join(capacity, capacity.c.employee_id == posting.employee_id)
    )
    source, terms = _with_terms(strategy, source, day)
    source, ahead = _with_days_ahead(strategy, source, day)
    return exact(
        sa.select(
            posting.employee_id,
            posting.department_id,
            posting.team_id,
            employee.jurisdiction,
            capacity.c.accounts_at_most,
            capacity.c.minutes_per_day,
            *terms,
            *ahead,
        )
        .select_from(source)
        .where(
            posting.role == "collector",
            _holds_on(posting.valid_from, posting.valid_to, day),
            posting.employee_id.not_in(on_leave),
        )
        .order_by(posting.employee_id)
    )


def _with_terms(strategy: Strategy, source: sa.FromClause, day: date) -> tuple[sa.FromClause, list[Sql]]:
    if "employment" not in strategy.rule.capacity.reads:
        share, hired = sa.cast(sa.null(), TABLES["employment"].c.full_time_share.type), sa.cast(sa.null(), sa.Date)
        return source, [share.label("full_time_share"), hired.label("hired_on")]
    terms, posting = TABLES["employment"].c, TABLES["staff_postings"].c
    holds = sa.and_(terms.employee_id == posting.employee_id, _holds_on(terms.valid_from, terms.valid_to, day))
    return source.outerjoin(TABLES["employment"], holds), [terms.full_time_share, terms.hired_on]


def _with_days_ahead(strategy: Strategy, source: sa.FromClause, day: date) -> tuple[sa.FromClause, list[Sql]]:
    names = ("days_in_all", "days_known", "days_away")
    length = strategy.rule.capacity.calendar_days
    if length is None:
        return source, [sa.cast(sa.null(), sa.BigInteger).label(name) for name in names]
    end, employee = day + timedelta(days=length), TABLES["employees"].c
    ahead, away = _working_days(day, end), _days_away(day, end)
    joined = source.outerjoin(ahead, ahead.c.jurisdiction == employee.jurisdiction).outerjoin(
        away, away.c.employee_id == employee.employee_id
    )
    return joined, [ahead.c.days_in_all, ahead.c.days_known, away.c.days_away]


def _working_days(first: date, end: date) -> sa.Subquery:
    calendar = TABLES["calendar"].c
    return (
        sa.select(
            calendar.jurisdiction,
            count_rows(calendar.is_working_day).label("days_in_all"),
            count_rows().label("days_known"),
        )
        .where(calendar.day >= first, calendar.day < end)
        .group_by(calendar.jurisdiction)
        .subquery("days_ahead")
    )


def _days_away(first: date, end: date) -> sa.Subquery:
    """Working days on leave, each once however many leaves have it."""
    calendar, leave, employee = TABLES["calendar"].c, TABLES["leave"].c, TABLES["employees"].c
    during = sa.and_(
        calendar.jurisdiction == employee.jurisdiction, calendar.day >= leave.starts_on, calendar.day < leave.ends_on
    )
    return (
        sa.select(leave.employee_id, count_distinct(calendar.day).label("days_away"))
        .select_from(
            TABLES["leave"]
            .join(TABLES["employees"], employee.employee_id == leave.employee_id)
            .join(TABLES["calendar"], during)
        )
        .where(calendar.is_working_day, calendar.day >= first, calendar.day < end)
        .group_by(leave.employee_id)
        .subquery("days_away")
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


def destinations(
    collectors: Iterable[Row],
    skills: Iterable[Row],
    partners: Iterable[Row],
    strategy: Strategy,
    as_of: date,
    terms: Mapping[str, PartnerTerms] = MappingProxyType({}),
    standings: Iterable[StandingInForce] = (),
) -> tuple[Destination, ...]:
    """The rows of the three statements as destinations, in order of kind and id; `terms` and `standings` are those of
    the partners."""
    stands = {each.partner: each for each in standings if each.state.is_suspended}
    known: defaultdict[str, set[str]] = defaultdict(set)
    for row in skills:
        known[row["employee_id"]].add(row["skill"])
    found = [
        *(_collector(row, known[row["employee_id"]], strategy, as_of) for row in collectors),
        *(_partner(row, terms.get(row["partner_id"], NO_TERMS), stands.get(row["partner_id"])) for row in partners),
    ]
    return tuple(sorted(found, key=lambda destination: (destination.kind, destination.id)))


def _collector(row: Row, skills: set[str], strategy: Strategy, as_of: date) -> Destination:
    days = _days_ahead(row, strategy.rule.capacity.calendar_days)
    return Destination(
        "employee",
        row["employee_id"],
        row["jurisdiction"],
        int(row["accounts_at_most"]),
        int(row["minutes_per_day"]),
        row["department_id"],
        row["team_id"],
        frozenset(skills),
        days=None if days is None else max(days - (row["days_away"] or 0), 0),
        days_in_all=days,
        share=_share(row, strategy, as_of),
    )


def _days_ahead(row: Row, length: int | None) -> int | None:
    """Working days ahead; days that the calendar does not have yet are taken to be like those that it has, and without
    any, five of seven."""
    if length is None:
        return None
    known = row["days_known"] or 0
    return length * 5 // 7 if not known else int(row["days_in_all"]) * length // int(known)


def _share(row: Row, strategy: Strategy, as_of: date) -> Decimal:
    capacity = strategy.rule.capacity
    share = Decimal(1) if not capacity.part_time or row["full_time_share"] is None else Decimal(row["full_time_share"])
    return share if row["hired_on"] is None else share * carried(capacity, row["hired_on"], as_of + timedelta(days=1))


def carried(capacity: Capacity, hired_on: date, day: date) -> Decimal:
    """What somebody carries of a full load on the day, by the strategy's ramp of joiners."""
    months = _full_months(hired_on, day)
    found = (step.share for step in reversed(capacity.ramp) if step.months <= months)
    return next(found, Decimal(0)) if capacity.ramp else Decimal(1)


def _full_months(first: date, day: date) -> int:
    return (day.year - first.year) * 12 + day.month - first.month - (day.day < first.day)


def _partner(row: Row, terms: PartnerTerms, standing: StandingInForce | None) -> Destination:
    most = int(row["accounts_at_most"])
    return Destination(
        "partner",
        row["partner_id"],
        row["jurisdiction"],
        most if terms.accounts_at_most is None else min(most, terms.accounts_at_most),
        legal_type=row["legal_type"],
        suspended=f"{standing.state} since {standing.since}, by {standing.review_id}" if standing else "",
        is_recalled=standing is not None and standing.placed is Placed.RECALLED,
        refused=terms.refused,
    )


def _holds_on(first: sa.ColumnElement[Any], end: sa.ColumnElement[Any], day: date) -> sa.ColumnElement[bool]:
    return sa.and_(first <= day, sa.or_(end.is_(None), end > day))


def _capacity_on(day: date) -> sa.Subquery:
    """The latest row of each employee that holds on the day."""
    capacity = TABLES["capacity"].c
    latest = sa.func.row_number().over(partition_by=capacity.employee_id, order_by=capacity.valid_from.desc())
    ranked = sa.select(*capacity, latest.label("place")).where(capacity.valid_from <= day).subquery("ranked_capacity")
    return sa.select(*ranked.c).where(ranked.c.place == 1).subquery("capacity_on_day")


def long_leave(strategy: Strategy, day: date) -> sa.Select[tuple[str]]:
    """Who is away for all of the days from `day` on that the strategy calls long."""
    leave, first, end = TABLES["leave"].c, day, day + timedelta(days=strategy.rule.long_leave_days)
    return sa.select(leave.employee_id).where(leave.starts_on <= first, leave.ends_on >= end)
