"""Owned accounts without work: overdue accounts that nobody contacted and nobody visited for some days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, count_rows, exact, total
from domain.sql import TABLES
from kpi_rules.datasets import DATASETS
from kpi_rules.views import AS_OF, holds_on

UNWORKED_READS = frozenset({"accounts", "contacts", "visits"})
MOST_DAYS = 14  # contacts are at hand from two weeks before the month on

_AS_OF: sa.ColumnElement[Any] = AS_OF
_FIRST_DAY = sa.bindparam("first_day", type_=sa.Date())


def unworked_statement(*, as_of: date, days: int) -> ExactSelect:
    """By employee and currency, with team and department: `to_work`, `unworked`, `unworked_overdue`.

    To be worked are accounts that are overdue, open and without hold, and that their employee has owned since before
    the last `days` days; unworked those of them without a contact, of whatever kind and outcome, and without a visit
    that was made, by anybody, within these days, the business date included.
    Raises: ValueError for more than `MOST_DAYS` days, of which a night does not read the contacts.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"accounts without work for {days} days: the contacts of 1 to {MOST_DAYS} days are at hand")
    dataset = DATASETS["accounts"]
    (owner,) = dataset.joins
    account, worked = dataset.table, _worked()
    names = ("department_id", "team_id", "employee_id", "currency")
    keys = [dataset.fields[name].sql.label(name) for name in names]
    is_unworked = worked.c.account_id.is_(None)
    statement = (
        sa.select(
            *keys,
            count_rows().label("to_work"),
            count_rows(is_unworked).label("unworked"),
            total(account.c.overdue_amount, is_unworked).label("unworked_overdue"),
        )
        .select_from(
            account.join(owner.target, owner.on).outerjoin(worked, worked.c.account_id == account.c.account_id)
        )
        .where(
            owner.target.c.owner_kind == "employee",
            owner.target.c.valid_from < _FIRST_DAY,
            account.c.days_past_due > 0,
            account.c.hold == "none",
            account.c.status.not_in(("closed", "sold")),
        )
        .group_by(*(key.element for key in keys))
        .order_by(*(key.element.asc().nulls_first() for key in keys))
    )
    return exact(statement.params(as_of=as_of, first_day=as_of - timedelta(days=days - 1)))


def _worked() -> sa.Subquery:
    """The accounts that somebody contacted or visited since the first day."""
    contacts, visits = TABLES["contacts"].c, TABLES["visits"].c
    called = sa.select(contacts.account_id).where(
        contacts.started_wall >= _FIRST_DAY, contacts.started_wall < AS_OF + 1
    )
    visited = sa.select(visits.account_id).where(visits.made_at >= _FIRST_DAY, visits.made_at < AS_OF + 1)
    return sa.union(called, visited).subquery("worked")


def postings_statement(*, as_of: date) -> ExactSelect:
    """Where everybody works on the day, in what role, and for whom."""
    posting = TABLES["staff_postings"]
    names = ("employee_id", "department_id", "team_id", "role", "manager_id")
    statement = sa.select(*(posting.c[name] for name in names)).where(holds_on(_AS_OF, posting))
    return exact(statement.order_by(posting.c.employee_id).params(as_of=as_of))
