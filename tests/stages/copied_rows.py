"""A month that ran on one database, on another one: the nights take long, their rows do not."""

from __future__ import annotations

import shutil

import sqlalchemy as sa

from adapters.store.engine import Store
from adapters.store.schema import STORE, ledger_head
from adapters.world import World


def copy_of_store(source: World, target: World) -> World:
    """The home's files, and all rows of the store; the target afterwards."""
    files = shutil.ignore_patterns("recoup.sqlite*")
    shutil.copytree(source.settings.home, target.settings.home, ignore=files, dirs_exist_ok=True)
    _copy_rows(source.store, target.store)
    return target


def _copy_rows(source: Store, target: Store) -> None:
    """All rows but those that a new store has of itself, where its numbers go on, and the ledger's head."""
    with source.read() as read, target.write("test") as write:
        for table in STORE.sorted_tables:
            rows = [dict(row) for row in read.execute(sa.select(table)).mappings()]
            if not rows or write.execute(sa.select(table).limit(1)).first():
                continue
            write.execute(table.insert(), rows)
            for column in (each for each in table.columns if each.autoincrement is True):
                last = max(row[column.name] for row in rows)
                write.execute(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, column.name), last).select())
        write.execute(ledger_head.update().values(dict(read.execute(sa.select(ledger_head)).mappings().one())))
