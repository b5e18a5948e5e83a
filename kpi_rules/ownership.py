"""Who had which account on the days of a period, by the dispatch; and the contacts of each account, for its owner.

A contact counts here for whoever had the account on its day, whoever made it. So accounts that were reached are a part
of those that were owned, at every grain: who hands an account on keeps it among those that they had.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.dispatch import DISPATCH_SQL
from domain.sql import TABLES
from kpi_rules.views import AS_OF, LAST, START, holds_on

# Of a contact. Who made it is left out: the columns of these names are the owner's.
OF_CONTACT = ("contact_id", "party_id", "started_wall", "channel", "direction", "outcome", "duration_seconds")

_OF_OWNER = ("account_id", "owner_kind", "owner_id", "department_id", "team_id", "segment")


def ownership() -> sa.Subquery:
    """A row per account and interval of the dispatch that touches the period."""
    owner = DISPATCH_SQL.alias("owner")
    in_period = sa.and_(owner.c.valid_from <= AS_OF, owner.c.valid_to > START)
    return sa.select(*_of(owner, _OF_OWNER)).where(in_period).subquery("had")


def contacts_by_owner() -> sa.Subquery:
    """A row per contact of the period on an account that had an owner on its day."""
    owner, contact = DISPATCH_SQL.alias("owner"), TABLES["contacts"].alias("contact")
    had = sa.and_(owner.c.account_id == contact.c.account_id, holds_on(contact.c.started_wall, owner))
    in_period = sa.and_(contact.c.started_wall >= START, contact.c.started_wall < LAST + 1)
    columns = (*_of(owner, _OF_OWNER), *_of(contact, OF_CONTACT))
    return sa.select(*columns).select_from(contact.join(owner, had)).where(in_period).subquery("contacted")


def _of(table: sa.FromClause, names: tuple[str, ...]) -> list[sa.ColumnElement[Any]]:
    return [table.c[name] for name in names]
