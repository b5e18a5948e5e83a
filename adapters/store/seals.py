"""Seals: what a run stored of each table, as digests that tell later which rows are not those that were stored.

Rows are guarded by triggers, which whoever owns the database can drop. A seal is written with the rows, in one
transaction, and counts and digests them twice: by what they are about, and by whom. An edited row breaks one seal of
each, and so is found by name. The text of a row is the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from adapters.store.schema import held_payees, kpi_results, payout_lines, result_seals, scores
from adapters.store.types import CanonicalJson, ExactText
from domain.ids import Digest, RunId, digest_of

Group = tuple[str, str]
"""A column, and a value of it."""

SEALED: Mapping[sa.Table, tuple[str, str]] = {
    kpi_results: ("kpi", "entity"),
    scores: ("scorecard", "entity"),
    payout_lines: ("component", "payee"),
    held_payees: ("component", "payee"),
}
FIGURES, PAYOUTS = (kpi_results, scores), (payout_lines, held_payees)
_SEPARATOR, _NOTHING = "\x1f", "\x1e"


@dataclass(frozen=True, slots=True)
class Seal:
    """Rows and their digest, by group."""

    groups: Mapping[Group, tuple[int, str]]

    @property
    def digest(self) -> Digest:
        return digest_of([[*group, *found] for group, found in sorted(self.groups.items())])


@dataclass(frozen=True, slots=True)
class BrokenSeal:
    """A table of a run whose rows are not those that were stored, with the groups in which they differ."""

    table: str
    groups: tuple[Group, ...]
    added: int
    missing: int

    def __str__(self) -> str:
        """What a reader is told: which rows, and what became of them."""
        by_column: dict[str, list[str]] = defaultdict(list)
        for column, value in self.groups:
            by_column[column].append(value or "(everything)")
        where = "; ".join(f"{column} {_few(values)}" for column, values in by_column.items())
        found = ((self.added, "added"), (self.missing, "missing"))
        counted = [f"{count} row{'s' * (count > 1)} {said}" for count, said in found if count]
        return f"{self.table}: {' and '.join(counted) or 'rows changed'} since they were stored: {where}"


def write_seals(connection: sa.Connection, run: RunId, tables: Iterable[sa.Table]) -> None:
    """Seal what the run has just stored in these tables, no rows too: then rows that are put in later are found."""
    rows = [{"run_id": run, "table_name": table.name, **_stored(_seal(connection, table, run))} for table in tables]
    connection.execute(result_seals.insert(), rows)


def results_digest(connection: sa.Connection, run: RunId, tables: Iterable[sa.Table]) -> Digest | None:
    """Of the run's seals of these tables as they stand in the store; None of a run from before there were seals."""
    names = sorted(table.name for table in tables)
    found = [[row.table_name, row.digest] for row in _seals(connection, run) if row.table_name in names]
    return digest_of(found) if found else None


def broken_seals(connection: sa.Connection, run: RunId) -> Iterator[BrokenSeal]:
    """Tables of the run whose rows have changed; a run from before there were seals has none."""
    tables = {table.name: table for table in SEALED}
    for row in _seals(connection, run):
        now = _seal(connection, tables[row.table_name], run)
        before = {(column, value): (count, digest) for column, value, count, digest in row.groups}
        if now.digest != row.digest or now.groups != before:
            yield _broken(row.table_name, before, now.groups)


def _seals(connection: sa.Connection, run: RunId) -> tuple[sa.Row[tuple[object, ...]], ...]:
    statement = sa.select(result_seals).where(result_seals.c.run_id == run).order_by(result_seals.c.table_name)
    return tuple(connection.execute(statement))


def _broken(table: str, before: Mapping[Group, tuple[int, str]], now: Mapping[Group, tuple[int, str]]) -> BrokenSeal:
    differing = sorted(group for group in before.keys() | now.keys() if before.get(group) != now.get(group))
    by_subject = [group for group in differing if group[0] == differing[0][0]]
    counts = [now.get(group, (0, ""))[0] - before.get(group, (0, ""))[0] for group in by_subject]
    added, missing = sum(n for n in counts if n > 0), -sum(n for n in counts if n < 0)
    return BrokenSeal(table, tuple(differing), added, missing)


def _seal(connection: sa.Connection, table: sa.Table, run: RunId) -> Seal:
    """Every column of every row but the run, as the text that the database holds."""
    columns = [column for column in table.columns if column.name != "run_id"]
    subject, whom = ([column.name for column in columns].index(name) for name in SEALED[table])
    found: dict[Group, list[str]] = defaultdict(list)
    statement = sa.select(*(_as_text(column) for column in columns)).where(table.c.run_id == run)
    for row in connection.execute(statement):
        text = _SEPARATOR.join([_NOTHING if value is None else value for value in row])
        found[columns[subject].name, row[subject]].append(text)
        found[columns[whom].name, row[whom]].append(text)
    return Seal({group: (len(rows), _digest(rows)) for group, rows in found.items()})


def _as_text(column: sa.Column[object]) -> sa.ColumnElement[str]:
    """Texts, exact numbers and structures are stored as text; days and whole numbers become it alike everywhere."""
    if isinstance(column.type, sa.String | ExactText | CanonicalJson):
        return sa.type_coerce(column, sa.Text)
    return sa.cast(column, sa.Text)


def _digest(rows: list[str]) -> str:
    return sha256("\n".join(sorted(rows)).encode()).hexdigest()[:24]


def _stored(seal: Seal) -> dict[str, object]:
    groups = [[*group, *found] for group, found in sorted(seal.groups.items())]
    return {"digest": seal.digest, "groups": groups}


def _few(values: list[str], most: int = 5) -> str:
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(values[:most]) + more
