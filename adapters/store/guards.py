"""Triggers and grants that keep append-only tables append-only, on SQLite and on PostgreSQL.

Triggers that refuse UPDATE and DELETE alone were passed by INSERT OR REPLACE (so every unique key is guarded before
insert), by TRUNCATE (its own trigger) and were dropped when Alembic rebuilt a table (so their existence is checked at
every start).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

WRITER, APPROVER, READER = "recoup_writer", "recoup_approver", "recoup_reader"

# What an approver may add to in the first store; publishing, which posts to the ledger, is the writer's.
_DECIDED_BY_APPROVERS = ("batch_decisions", "period_decisions", "rule_signatures", "attempts")


def guard_names(table: sa.Table, dialect: str) -> tuple[str, ...]:
    kinds = ("update", "delete", "insert") if dialect == "sqlite" else ("update_delete", "truncate")
    return tuple(f"guard_{table.name}_{kind}" for kind in kinds)


def guard_statements(table: sa.Table, dialect: str) -> Iterator[str]:
    """The DDL that guards one table."""
    if dialect == "sqlite":
        yield from _sqlite_guards(table)
    else:
        yield from _postgresql_guards(table)


def role_statements(tables: Sequence[str], mutable: Sequence[str]) -> Iterator[str]:
    """Roles without rights to update or delete what is append-only (PostgreSQL)."""
    for role in (WRITER, APPROVER, READER):
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
    for table in tables:
        yield f"REVOKE ALL ON {table} FROM PUBLIC"
        yield f"GRANT SELECT ON {table} TO {READER}, {APPROVER}"
        yield f"GRANT SELECT, INSERT ON {table} TO {WRITER}"
    for table in mutable:
        yield f"GRANT UPDATE ON {table} TO {WRITER}"
    for name in _DECIDED_BY_APPROVERS:
        yield f"GRANT INSERT ON {name} TO {APPROVER}"
    yield f"GRANT UPDATE ON attempts TO {APPROVER}"
    yield f"GRANT SELECT ON alembic_version TO {WRITER}, {APPROVER}, {READER}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {WRITER}, {APPROVER}"


def grant_statements(added: Sequence[str], decided_by_approvers: Sequence[str]) -> Iterator[str]:
    """Rights on append-only tables that a later version adds (PostgreSQL)."""
    for table in added:
        yield f"REVOKE ALL ON {table} FROM PUBLIC"
        yield f"GRANT SELECT ON {table} TO {READER}, {APPROVER}"
        yield f"GRANT SELECT, INSERT ON {table} TO {WRITER}"
    for table in decided_by_approvers:
        yield f"GRANT INSERT ON {table} TO {APPROVER}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {WRITER}, {APPROVER}"


def missing_guards(connection: sa.Connection, tables: Sequence[sa.Table]) -> tuple[str, ...]:
    """Names of guards that should be there and are not, or are switched off."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        present = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    else:
        present = sa.text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'")
    found = set(connection.execute(present).scalars())
    return tuple(name for table in tables for name in guard_names(table, dialect) if name not in found)


def _sqlite_guards(table: sa.Table) -> Iterator[str]:
    update, delete, insert = guard_names(table, "sqlite")
    refusal = f"SELECT RAISE(ABORT, '{table.name} is append-only')"
    yield f"CREATE TRIGGER {update} BEFORE UPDATE ON {table.name} BEGIN {refusal}; END"
    yield f"CREATE TRIGGER {delete} BEFORE DELETE ON {table.name} BEGIN {refusal}; END"
    clash = " OR ".join(f"({condition})" for condition in _key_conditions(table))
    yield (
        f"CREATE TRIGGER {insert} BEFORE INSERT ON {table.name} "
        f"WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {clash}) "
        f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only: this key exists'); END"
    )


def _key_conditions(table: sa.Table) -> Iterator[str]:
    keys = [[column.name for column in table.primary_key.columns]]
    keys += [
        [column.name for column in constraint.columns]
        for constraint in sorted(table.constraints, key=lambda item: str(item.name))
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    for key in keys:
        yield " AND ".join(f"{name} = NEW.{name}" for name in key)


def _postgresql_guards(table: sa.Table) -> Iterator[str]:
    rows, truncate = guard_names(table, "postgresql")
    function = f"refuse_{table.name}"
    yield (
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{table.name} is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    yield (f"CREATE TRIGGER {rows} BEFORE UPDATE OR DELETE ON {table.name} FOR EACH ROW EXECUTE FUNCTION {function}()")
    yield (
        f"CREATE TRIGGER {truncate} BEFORE TRUNCATE ON {table.name} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
    )
