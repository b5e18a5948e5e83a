"""Whether work is done and recorded as it should be: what was last done on an account, and visits recorded in bulk."""

from __future__ import annotations

import sqlalchemy as sa

from domain.sql import TABLES
from kpi_rules.views import AS_OF, START

CONTACT_DAYS = 14
"""A night reads contacts from so many days before the month on; older ones are not known."""

BULK_MINUTES = 10


def last_touch() -> sa.Subquery:
    """The last day of each account on which there was a contact or a visit, among the events that a night reads."""
    contacts, visits = TABLES["contacts"], TABLES["visits"]
    contacted = (
        sa.select(contacts.c.account_id, sa.cast(sa.func.max(contacts.c.started_wall), sa.Date).label("day"))
        .where(contacts.c.started_wall >= START - CONTACT_DAYS, contacts.c.started_wall < AS_OF + 1)
        .group_by(contacts.c.account_id)
    )
    visited = (
        sa.select(visits.c.account_id, sa.cast(sa.func.max(visits.c.made_at), sa.Date).label("day"))
        .where(visits.c.made_at < AS_OF + 1)
        .group_by(visits.c.account_id)
    )
    days = sa.union_all(contacted, visited).subquery("days")
    last = sa.func.max(days.c.day).label("touched_on")
    return sa.select(days.c.account_id, last).group_by(days.c.account_id).subquery("touch")


def recorded_in_bulk() -> sa.Subquery:
    """Each recorded visit, and whether two others of its employee were recorded that close: both before it, both after
    it, or one on each side."""
    table = TABLES["visits"]
    at, employee, order = table.c.recorded_at, table.c.employee_id, (table.c.recorded_at, table.c.visit_id)
    before, two_before, after, two_after = (
        neighbour.over(partition_by=employee, order_by=order)
        for neighbour in (sa.func.lag(at), sa.func.lag(at, 2), sa.func.lead(at), sa.func.lead(at, 2))
    )
    length = sa.cast(sa.literal(f"{BULK_MINUTES} minutes"), sa.Interval())
    threes = ((two_before, at), (before, after), (at, two_after))
    in_bulk = sa.or_(*(sa.func.coalesce(last <= first + length, sa.false()) for first, last in threes))
    recorded = sa.and_(at.is_not(None), employee.is_not(None))
    return sa.select(table.c.visit_id, in_bulk.label("in_bulk")).where(recorded).subquery("bulk")
