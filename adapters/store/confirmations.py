"""What people confirmed of the checklist of going live, where the program cannot see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.store.schema import confirmations


@dataclass(frozen=True, slots=True)
class Confirmation:
    item: str
    by: str
    note: str
    confirmed_on: date


def newest_confirmations(connection: sa.Connection) -> dict[str, Confirmation]:
    """The last of each item; those before it stay in the store."""
    rows = connection.execute(sa.select(confirmations).order_by(confirmations.c.step))
    return {row.item: Confirmation(row.item, row.by_name, row.note, row.confirmed_on) for row in rows}


def insert_confirmation(connection: sa.Connection, one: Confirmation, recorded: Mapping[str, Any]) -> None:
    mine = sa.select(sa.func.max(confirmations.c.step)).where(confirmations.c.item == one.item)
    step = (connection.execute(mine).scalar() or 0) + 1
    values = {"item": one.item, "step": step, "by_name": one.by, "note": one.note, "confirmed_on": one.confirmed_on}
    connection.execute(confirmations.insert().values(**values, **recorded))
