"""One landing table as a statement over the loaded texts, kept as a staged table with the faults beside the values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.importing.conversions import Converted, Source, converted
from adapters.importing.decoding import BUSINESS_DATE, ENTRY_DATE, Calculated, Target, Value
from adapters.importing.language import Entry
from adapters.importing.loading import Loaded
from domain.exact import ExactSelect, exact
from domain.sql import SQL_TYPES, sql_columns
from domain.tables import Table

Sql = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Staged:
    """`faults` names the columns of `sql` that say what is wrong with a value, each with the value's definition."""

    target: Target
    entries: tuple[Entry, ...]
    sql: sa.Table
    faults: Mapping[str, Value]


def stage(connection: sa.Connection, target: Target, loaded: Loaded, source: Source, business_date: date) -> Staged:
    """The table, filled with every row that is taken, and with every row of which that cannot be known."""
    entries = tuple(entry for entry in target.entries if not target.only_business_date or entry.date == business_date)
    today = sa.cast(sa.literal(business_date), sa.Date())
    fields = _fields(target, _texts(target, entries, loaded), source, today)
    select, faults = _taken_rows(target, fields, source, today)
    staged = _table(target.table, [sa.Column("source_row", sa.BigInteger), sa.Column("entry", sa.Integer)], faults)
    staged.create(connection)
    connection.commit()
    _fill(connection, staged, exact(select))
    return Staged(target, entries, staged, faults)


def _fill(connection: sa.Connection, staged: sa.Table, select: ExactSelect) -> None:
    """DuckDB takes what two expressions share out of its TRY: an overflow there ends the statement.

    So it is run again without sharing, slowly, and the overflow becomes a fault of its row.
    """
    insert = sa.insert(staged).from_select([column.name for column in staged.c], select)
    try:
        connection.execute(insert)
    except sa.exc.DataError:
        connection.rollback()
        connection.exec_driver_sql("SET disabled_optimizers = 'common_subexpressions'")
        connection.execute(insert)


def stage_nothing(connection: sa.Connection, table: Table) -> sa.Table:
    """The table without rows."""
    staged = _table(table, [], {})
    staged.create(connection)
    return staged


def _table(table: Table, before: list[sa.Column[Any]], faults: Mapping[str, Value]) -> sa.Table:
    """What the file lacks is the gate's to judge: no column of a staged table is required."""
    columns = sql_columns(replace(column, required=False) for column in table)
    found = [sa.Column(name, sa.String) for name in faults]
    return sa.Table(f"staged_{table.name}", sa.MetaData(), *before, *columns, *found)


def _texts(target: Target, entries: tuple[Entry, ...], loaded: Loaded) -> sa.Subquery:
    """A row for each row of the file and each entry, with the texts that the target reads."""
    names = _names_read(target)
    selects = [
        sa.select(
            loaded.table.c.rowid.label("source_row"),
            sa.cast(sa.literal(index), sa.Integer).label("entry"),
            sa.cast(sa.literal(entry.date, sa.Date), sa.Date).label("entry_date"),
            *(_text(name, entry, loaded).label(f"text_{i}") for i, name in enumerate(names)),
        )
        for index, entry in enumerate(entries)
    ]
    return sa.union_all(*selects).subquery("texts")


def _names_read(target: Target) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for value in target.values for name in value.reads))


def _text(name: str, entry: Entry, loaded: Loaded) -> Sql:
    if name in entry.texts:
        return sa.cast(sa.literal(entry.texts[name]), sa.String)
    return loaded.texts[entry.columns.get(name, name)]


def _fields(target: Target, texts: sa.Subquery, source: Source, today: Sql) -> sa.Subquery:
    """The same rows with the typed fields beside the texts."""
    readable = _readable(target, texts, today)
    made = [converted(field, readable, {}, source) for field in target.fields]
    values = [one.value.label(f"field_{index}") for index, one in enumerate(made)]
    return sa.select(texts, *values, *_fault_columns(made, start=0)).subquery("fields")


def _readable(target: Target, rows: sa.Subquery, today: Sql) -> dict[str, Sql]:
    texts = {name: rows.c[f"text_{index}"] for index, name in enumerate(_names_read(target))}
    dates = {BUSINESS_DATE: sa.cast(today, sa.String), ENTRY_DATE: sa.cast(rows.c.entry_date, sa.String)}
    return {**texts, **dates}


def _taken_rows(
    target: Target, rows: sa.Subquery, source: Source, today: Sql
) -> tuple[sa.Select[Any], dict[str, Value]]:
    """The statement of the staged table, and what each of its columns of faults speaks of."""
    known: dict[str, Sql] = {BUSINESS_DATE: today, ENTRY_DATE: rows.c.entry_date}
    for index, field in enumerate(target.fields):
        known[field.name] = sa.type_coerce(rows.c[f"field_{index}"], SQL_TYPES[field.type])
    readable = _readable(target, rows, today)
    made: dict[str, Converted] = {}
    for value in target.columns:
        made[value.name] = converted(value, readable, known, source)
        known[value.name] = sa.type_coerce(made[value.name].value, SQL_TYPES[value.type])
    if target.rows is not None:
        made[target.rows.name] = converted(target.rows, readable, known, source)
    found = [rows.c[name] for name in rows.c.keys() if name.startswith("fault_")]  # noqa: SIM118 - columns, no dict
    found += _fault_columns(list(made.values()), start=len(target.fields))
    select = sa.select(rows.c.source_row, rows.c.entry, *_columns(target.table, made), *found)
    faults = {column.name: target.values[_index(column)] for column in found}
    return _where(target, select, made, {faults[column.name].name: column for column in found}), faults


def _fault_columns(made: Sequence[Converted], *, start: int) -> list[sa.Label[Any]]:
    return [one.fault.label(f"fault_{index}") for index, one in enumerate(made, start) if one.fault is not None]


def _index(column: sa.ColumnElement[Any] | sa.Label[Any]) -> int:
    return int(str(column.name).removeprefix("fault_"))


def _columns(table: Table, made: Mapping[str, Converted]) -> Iterator[Sql]:
    for column in table:
        value = made[column.name].value if column.name in made else sa.null()
        yield sa.cast(value, SQL_TYPES[column.type]).label(column.name)


def _where(
    target: Target, select: sa.Select[Any], made: Mapping[str, Converted], faults: Mapping[str, Sql]
) -> sa.Select[Any]:
    """A row whose condition could not be computed is kept, so that its faults are told: nothing is left out unseen."""
    if target.rows is None:
        return select
    unknown = [faults[name].is_not(None) for name in _reached(target) if name in faults]
    return select.where(sa.or_(sa.func.coalesce(made[target.rows.name].value, sa.false()), *unknown))


def _reached(target: Target) -> list[str]:
    """The row condition, and the fields and columns that it depends on, through other expressions too."""
    reached = {target.rows.name} if target.rows else set()
    for value in reversed(target.values):
        if value.name in reached and isinstance(value.how, Calculated):
            reached |= value.how.expression.names
    return sorted(reached)
