"""The audit trail: every decision of a person, chained by hash in the transaction that stores it.

Decisions lie in tables of their own, guarded by triggers that whoever owns the database, or the file, can drop. So each
row in which somebody is named gets an entry here: which row, a digest of its content, who it names, under whose login,
and a hash over this and the entry before. An edited row does not fit its entry, a removed one is missing, one that was
put in past the program has none; whoever writes the whole chain anew has another head than the one that was kept
elsewhere. Recorded times are beside the chain, and not in it.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.seam import Clock
from adapters.store.schema import APPEND_ONLY, RECORDED, audit_trail
from domain.ids import Digest, digest_of

NO_ENTRY = Digest("0" * 64)

# Whom a row names, by the first of these columns that its table has.
NAMES = ("by_name", "signer", "proposed_by", "prepared_by", "opened_by")
# Named without deciding: what a run copied from a decision that is in the trail, and the trail itself.
COPIES = frozenset({"audit_trail", "waived_versions"})
_SEPARATOR = "\x1f"
_KEYS_AT_ONCE = 500
_LOCK = 7_205_759_403  # any number that nothing else of the database locks by


def _named_by(table: sa.Table) -> str | None:
    return next((name for name in NAMES if name in table.columns), None)


TRAILED: Mapping[str, tuple[sa.Table, str]] = {
    table.name: (table, name) for table in APPEND_ONLY if table.name not in COPIES and (name := _named_by(table))
}
"""Tables of people's decisions, with the column that names the person. A new table is one of them by its columns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision in the trail; `row_key` is told with slashes between its parts."""

    sequence: int
    table: str
    row_key: str
    content: Digest
    by: str
    login: str
    entry_hash: Digest
    recorded_at: datetime | None = None

    @property
    def told_key(self) -> str:
        return self.row_key.replace(_SEPARATOR, " / ")

    def hash_after(self, previous: Digest) -> Digest:
        """What its hash has to be after that of the entry before."""
        return digest_of([previous, self.sequence, self.table, self.row_key, self.content, self.by, self.login])


@contextmanager
def trailed(connection: sa.Connection, clock: Clock) -> Iterator[None]:
    """Rows that this transaction puts into tables of decisions get their entries at its end.

    Rows are known by the keys with which they are inserted: what somebody put in past the program is never taken up.
    Raises: TypeError for an INSERT … SELECT into such a table, whose keys nobody knows.
    """
    keys: dict[str, list[tuple[Any, ...]]] = {}

    def note(_: object, clause: object, __: object, ___: object, ____: object, result: sa.CursorResult[Any]) -> None:
        if isinstance(clause, sa.Insert) and isinstance(clause.table, sa.Table) and clause.table.name in TRAILED:
            keys.setdefault(clause.table.name, []).extend(_keys_given(clause.table, result))

    sa.event.listen(connection, "after_execute", note)
    try:
        yield
    finally:
        sa.event.remove(connection, "after_execute", note)
    if keys:
        append_rows(connection, keys, clock)


def append_rows(
    connection: sa.Connection, keys: Mapping[str, Sequence[tuple[Any, ...]]], clock: Clock, migrating: str = ""
) -> None:
    """Entries for the rows with these keys, table by table, in the order of their keys.

    `migrating` stands for the login where a migration takes rows up, whose tables may lack columns of later versions.
    """
    if connection.dialect.name == "postgresql":  # SQLite holds its write lock from the start of the transaction
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    head = read_trail_head(connection)
    number, previous = (head.sequence, head.entry_hash) if head else (0, NO_ENTRY)
    login = migrating or login_of(connection)
    rows = []
    for table in sorted(keys):
        for key, content, by in sorted(_rows_of(connection, table, keys[table], in_older_store=bool(migrating))):
            number += 1
            entry = Entry(number, table, key, content, by, login, NO_ENTRY)
            rows.append(_row(entry, previous, clock()))
            previous = rows[-1]["entry_hash"]
    if rows:
        connection.execute(audit_trail.insert(), rows)


def read_trail(connection: sa.Connection) -> tuple[Entry, ...]:
    statement = sa.select(audit_trail).order_by(audit_trail.c.sequence)
    return tuple(_entry(row) for row in connection.execute(statement))


def read_trail_head(connection: sa.Connection) -> Entry | None:
    statement = sa.select(audit_trail).order_by(audit_trail.c.sequence.desc()).limit(1)
    row = connection.execute(statement).first()
    return _entry(row) if row else None


def rows_now(connection: sa.Connection, table: str) -> dict[str, tuple[Digest, str]]:
    """Content and name of every row of the table that names somebody, by its key, as it stands in the store."""
    return {key: (content, by) for key, content, by in _rows_of(connection, table, None)}


# Columns that tell what a decision was, where its table has them.
_TELLING = (
    "decision",
    "verdict",
    "kind",
    "check_name",
    "rule_id",
    "proposed_state",
    "amount_minor",
    "currency",
    "reason",
)


def rows_told(connection: sa.Connection, name: str) -> dict[str, str]:
    """Every decision of the table in a line of words, by its key."""
    table, _ = TRAILED[name]
    told = [column for column in _TELLING if column in table.columns]
    return {
        _key_text(table, row): ", ".join(f"{column} {row[column]}" for column in told if row[column] not in {None, ""})
        for row in connection.execute(sa.select(table)).mappings()
    }


def login_of(connection: sa.Connection) -> str:
    """Of the database's session; on SQLite, which has none, the account of the operating system."""
    if connection.dialect.name == "postgresql":
        return str(connection.execute(sa.text("SELECT session_user")).scalar_one())
    return pwd.getpwuid(os.getuid()).pw_name


def key_columns(table: sa.Table) -> tuple[str, ...]:
    """The primary key; where that only counts rows, the unique key, by which two stores have the same row."""
    primary = tuple(column.name for column in table.primary_key.columns)
    if primary != ("sequence",) or table.columns["sequence"].autoincrement is not True:
        return primary
    unique = [item for item in table.constraints if isinstance(item, sa.UniqueConstraint)]
    return tuple(column.name for column in min(unique, key=lambda item: str(item.name)).columns)


def _keys_given(table: sa.Table, result: sa.CursorResult[Any]) -> Iterator[tuple[Any, ...]]:
    columns = key_columns(table)
    for given in result.context.compiled_parameters:
        if not set(columns) <= set(given):
            raise TypeError(f"rows of {table.name} are inserted by values, with their key: the trail has to name them")
        yield tuple(given[name] for name in columns)


def _rows_of(
    connection: sa.Connection, name: str, keys: Sequence[tuple[Any, ...]] | None, *, in_older_store: bool = False
) -> Iterable[tuple[str, Digest, str]]:
    table, named = TRAILED[name]
    columns = [table.c[column] for column in key_columns(table)]
    key = sa.tuple_(*columns)
    there = {column["name"] for column in sa.inspect(connection).get_columns(name)} if in_older_store else None
    read = [column for column in table.columns if there is None or column.name in there]
    statement = sa.select(*read).where(table.c[named].is_not(None))
    pieces = [None] if keys is None else [keys[at : at + _KEYS_AT_ONCE] for at in range(0, len(keys), _KEYS_AT_ONCE)]
    for piece in pieces:
        for row in connection.execute(statement if piece is None else statement.where(key.in_(piece))).mappings():
            yield _key_text(table, row), content_of(table, row), row[named]


def content_of(table: sa.Table, row: sa.RowMapping) -> Digest:
    """Of everything in the row but recorded times and its number; columns that a later version adds are empty in it."""
    left_out = RECORDED | ({"sequence"} - set(key_columns(table)))
    return digest_of({name: value for name, value in row.items() if value is not None and name not in left_out})


def _key_text(table: sa.Table, row: sa.RowMapping) -> str:
    return _SEPARATOR.join(str(row[name]) for name in key_columns(table))


def _row(entry: Entry, previous: Digest, at: datetime) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "table_name": entry.table,
        "row_key": entry.row_key,
        "content": entry.content,
        "by_name": entry.by,
        "login": entry.login,
        "previous_hash": previous,
        "entry_hash": entry.hash_after(previous),
        "recorded_at": at,
    }


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(
        row.sequence,
        row.table_name,
        row.row_key,
        Digest(row.content),
        row.by_name,
        row.login,
        Digest(row.entry_hash),
        row.recorded_at,
    )
