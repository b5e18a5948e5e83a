"""What conditions may know of an account besides its columns: cases, placements, contacts, promises, payments, owners.

Facts speak of the end of the business date. What looks back says in its name over how many days.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CASE_TYPES, CATALOGUE
from domain.dispatch import DISPATCH_SQL
from domain.exact import count_rows
from domain.expressions import ExprType, Name, Scope, scope_of_columns
from domain.sql import TABLES

Sql = sa.ColumnElement[Any]

EARLIER_PLACEMENTS = "earlier_placements"
BUSINESS_DATE = "business_date"
CONTACT_DAYS = 30
_PROMISE_DAYS = 90
_PAYMENT_DAYS = 90

_REACHED = ("right_party", "promise", "refused")
_TRIED_BY = ("call", "bot", "visit")
_NO_USE = ("wrong_party", "retired")


@dataclass(frozen=True, slots=True)
class Source:
    """Facts that one subquery gives: a row for each account (or debtor, by `key`) of which something is known.

    `facts` names them with their types; `rows` makes the subquery on a day, out of `tables`; what it has no row for is
    `otherwise`, or missing.
    """

    facts: Mapping[str, ExprType]
    rows: Callable[[date], sa.Subquery]
    tables: tuple[str, ...]
    otherwise: Mapping[str, object]
    key: str = "account_id"


def open_case(case_type: str) -> str:
    """The name in conditions that says whether the account has an undecided case of this type."""
    return f"open_{case_type}_case"


def _open_cases(day: date) -> sa.Subquery:
    cases = TABLES["cases"].c
    flags = [(count_rows(cases.case_type == kind) > 0).label(open_case(kind)) for kind in CASE_TYPES]
    undecided = sa.and_(cases.outcome == "pending", cases.opened_on <= day, cases.account_id.is_not(None))
    return sa.select(cases.account_id, *flags).where(undecided).group_by(cases.account_id).subquery("open_cases")


def _placements(day: date) -> sa.Subquery:
    placements = TABLES["placements"].c
    tomorrow = day + timedelta(days=1)
    runs = sa.and_(
        placements.term_ends_on > tomorrow, sa.or_(placements.recalled_on.is_(None), placements.recalled_on > tomorrow)
    )
    began = sa.func.max(sa.case((runs, placements.placed_on)))
    return (
        sa.select(
            placements.account_id,
            count_rows().label(EARLIER_PLACEMENTS),
            _days_until(day, began).label("days_placed"),
        )
        .where(placements.placed_on <= day)
        .group_by(placements.account_id)
        .subquery("earlier_placements")
    )


def _contacts(day: date) -> sa.Subquery:
    """Attempts count from the one after the debtor was last reached; what comes in by itself is no attempt."""
    contacts = TABLES["contacts"].c
    lately = contacts.started_wall >= sa.cast(sa.literal(day - timedelta(days=CONTACT_DAYS - 1)), sa.DateTime)
    reached = contacts.outcome.in_(_REACHED)
    last = (
        sa.select(
            contacts.account_id,
            sa.func.max(sa.case((reached, contacts.started_wall))).label("reached_at"),
            count_rows(reached).label("times"),
        )
        .where(lately)
        .group_by(contacts.account_id)
        .subquery("last_reached")
    )
    tried = sa.and_(contacts.direction == "out", contacts.channel.in_(_TRIED_BY))
    since = sa.or_(last.c.reached_at.is_(None), contacts.started_wall > last.c.reached_at)
    return (
        sa.select(
            contacts.account_id,
            count_rows(sa.and_(tried, since)).label("attempts_unreached_30d"),
            sa.func.max(last.c.times).label("reached_30d"),
        )
        .join(last, last.c.account_id == contacts.account_id)
        .where(lately)
        .group_by(contacts.account_id)
        .subquery("contacted")
    )


def _promises(day: date) -> sa.Subquery:
    promises = TABLES["promises"].c
    first = day - timedelta(days=_PROMISE_DAYS - 1)
    broken = sa.and_(promises.state == "broken", promises.due_on >= first, promises.due_on <= day)
    in_progress = sa.and_(promises.state == "open", promises.due_on >= day)
    return (
        sa.select(
            promises.account_id,
            count_rows(broken).label("broken_promises_90d"),
            (count_rows(in_progress) > 0).label("open_promise"),
        )
        .where(promises.made_on <= day)
        .group_by(promises.account_id)
        .subquery("promised")
    )


def _payments(day: date) -> sa.Subquery:
    """A payment that was taken back, or only forgives, is none."""
    payments, back = TABLES["payments"].c, TABLES["payments"].alias("taken_back")
    first = day - timedelta(days=_PAYMENT_DAYS - 1)
    reversed_later = sa.exists().where(back.c.reverses == payments.payment_id, back.c.posted_on <= day)
    paid = sa.and_(payments.amount - payments.waiver > 0, payments.posted_on >= first, payments.posted_on <= day)
    return (
        sa.select(
            payments.account_id, _days_until(day, sa.func.max(payments.posted_on)).label("days_since_payment_90d")
        )
        .where(paid, ~reversed_later)
        .group_by(payments.account_id)
        .subquery("paid_lately")
    )


def _phones(_: date) -> sa.Subquery:
    """Of the debtor, not of guarantors and references."""
    points, parties = TABLES["contact_points"].c, TABLES["parties"].c
    return (
        sa.select(parties.debtor_id, count_rows().label("own_phones"))
        .join(TABLES["contact_points"], points.party_id == parties.party_id)
        .where(parties.role == "debtor", points.kind == "phone", points.state.not_in(_NO_USE))
        .group_by(parties.debtor_id)
        .subquery("reachable")
    )


def _owners(day: date) -> sa.Subquery:
    """How long the dispatch has had the account with the owner, and in the segment, of the day after."""
    tomorrow = day + timedelta(days=1)
    every, now = DISPATCH_SQL.alias("owned"), DISPATCH_SQL.alias("owned_now")
    of_owner = sa.or_(every.c.owner_kind != now.c.owner_kind, every.c.owner_id != now.c.owner_id)
    of_segment = sa.func.coalesce(every.c.segment, "") != sa.func.coalesce(now.c.segment, "")
    return (
        sa.select(
            now.c.account_id,
            _since(tomorrow, every, of_owner).label("days_with_owner"),
            _since(tomorrow, every, of_segment).label("days_in_segment"),
            sa.func.max(now.c.segment).label("segment_before"),
        )
        .join(every, every.c.account_id == now.c.account_id)
        .where(now.c.valid_from <= tomorrow, now.c.valid_to > tomorrow, every.c.valid_from <= tomorrow)
        .group_by(now.c.account_id)
        .subquery("owned_so_far")
    )


def _since(day: date, every: sa.FromClause, was_another: sa.ColumnElement[bool]) -> Sql:
    """Days since the last interval of which `was_another` holds was over; else since the first one began."""
    last = sa.func.max(sa.case((was_another, every.c.valid_to)))
    return _days_until(day, sa.func.coalesce(last, sa.func.min(every.c.valid_from)))


def _days_until(day: date, then: Sql) -> Sql:
    return sa.cast(sa.cast(sa.literal(day), sa.Date) - then, sa.BigInteger)


_COUNT, _BOOL = ExprType.COUNT, ExprType.BOOL

SOURCES = (
    Source(
        {open_case(kind): _BOOL for kind in CASE_TYPES},
        _open_cases,
        ("cases",),
        {open_case(kind): False for kind in CASE_TYPES},
    ),
    Source({EARLIER_PLACEMENTS: _COUNT, "days_placed": _COUNT}, _placements, ("placements",), {EARLIER_PLACEMENTS: 0}),
    Source(
        {"attempts_unreached_30d": _COUNT, "reached_30d": _COUNT},
        _contacts,
        ("contacts",),
        {"attempts_unreached_30d": 0, "reached_30d": 0},
    ),
    Source(
        {"broken_promises_90d": _COUNT, "open_promise": _BOOL},
        _promises,
        ("promises",),
        {"broken_promises_90d": 0, "open_promise": False},
    ),
    Source({"days_since_payment_90d": _COUNT}, _payments, ("payments",), {}),
    Source({"own_phones": _COUNT}, _phones, ("contact_points", "parties"), {"own_phones": 0}, key="debtor_id"),
    Source({"days_with_owner": _COUNT, "days_in_segment": _COUNT, "segment_before": ExprType.TEXT}, _owners, (), {}),
)

SCOPE: Scope = {
    **scope_of_columns(CATALOGUE["accounts"]),
    BUSINESS_DATE: Name(ExprType.DATE),
    **{name: Name(kind) for source in SOURCES for name, kind in source.facts.items()},
}
"""What conditions of strategies and plans may read."""


def contact_days(read: Collection[str]) -> int:
    """How many days of contacts, before the period of the night, conditions that read these names need."""
    return CONTACT_DAYS if "contacts" in tables_read(read) else 0


def tables_read(read: Collection[str]) -> frozenset[str]:
    """The landed tables that conditions which read these names need besides accounts."""
    return frozenset(table for source in SOURCES if not set(source.facts).isdisjoint(read) for table in source.tables)


def with_facts(read: Collection[str], accounts: sa.Table, day: date) -> tuple[sa.FromClause, dict[str, Sql]]:
    """The accounts beside what the conditions that `read` these names need besides columns; every name as SQL."""
    joined: sa.FromClause = accounts
    names: dict[str, Sql] = {column.name: column for column in accounts.c}
    names[BUSINESS_DATE] = sa.cast(sa.literal(day), sa.Date)
    for source in SOURCES:
        if set(source.facts).isdisjoint(read):
            continue
        rows = source.rows(day)
        joined = joined.outerjoin(rows, rows.c[source.key] == accounts.c[source.key])
        names |= {name: _known(rows.c[name], source.otherwise.get(name)) for name in source.facts}
    return joined, names


def _known(column: Sql, otherwise: object) -> Sql:
    return column if otherwise is None else sa.func.coalesce(column, sa.literal(otherwise))
