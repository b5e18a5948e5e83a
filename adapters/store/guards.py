"""Triggers and grants that keep append-only tables append-only, on SQLite and on PostgreSQL.

Triggers that refuse UPDATE and DELETE alone were passed by INSERT OR REPLACE (so every unique key is guarded before
insert), by TRUNCATE (its own trigger) and were dropped when Alembic rebuilt a table; and one of the same name may
refuse nothing. So what each of them does is compared at every start with what is created here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

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


# Whose name a row may have (PostgreSQL): that of the session's own login. Of the tables in the second list the login of
# the nights writes rows too, in which it names whom the core systems, or the rules, name.
OWN_NAMES: Mapping[str, str] = {
    "adjustment_decisions": "by_name",
    "adjustments": "proposed_by",
    "audit_trail": "login",
    "batch_decisions": "by_name",
    "claim_decisions": "by_name",
    "confirmations": "by_name",
    "corrections": "by_name",
    "invoice_decisions": "by_name",
    "legal_hold_decisions": "by_name",
    "pay_holds": "by_name",
    "period_decisions": "by_name",
    "reassignment_decisions": "by_name",
    "reassignments": "proposed_by",
    "removals": "by_name",
    "rule_signatures": "signer",
    "signature_decisions": "by_name",
    "standing_decisions": "by_name",
    "waivers": "by_name",
}
OWN_NAMES_BUT_OF_NIGHTS: Mapping[str, str] = {
    "action_decisions": "by_name",
    "actions": "opened_by",
    "claim_replies": "by_name",
    "pay_cases": "opened_by",
    "releases": "by_name",
    "standing_reviews": "proposed_by",
}
_BUT_WRITERS = "but writers"


def own_name_statements(tables: Collection[str]) -> Iterator[str]:
    """Triggers by which nobody decides under another's name, whatever program or console they use (PostgreSQL).

    `session_user` stays who signed in, whatever role is set. Whoever owns the tables is passed over: they could drop
    the trigger; that it is there is looked at like the guards.
    """
    yield (
        "CREATE OR REPLACE FUNCTION own_name() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog "
        f"AS $${_OWN_NAME}$$"
    )
    for table in sorted(tables):
        yield _own_name_trigger(table, f"EXECUTE FUNCTION own_name({_own_name_terms(table)})")


def _own_name_trigger(table: str, call: str) -> str:
    return f"CREATE TRIGGER guard_{table}_own_name BEFORE INSERT ON {table} FOR EACH ROW {call}"


def _own_name_terms(table: str) -> str:
    if table in OWN_NAMES:
        return f"'{OWN_NAMES[table]}'"
    return f"'{OWN_NAMES_BUT_OF_NIGHTS[table]}', '{_BUT_WRITERS}'"


# What publishing and preparing record on batches are no decisions of the person: the writer's login does them.
_OWN_NAME = f"""
DECLARE
  named text := pg_catalog.to_jsonb(NEW) ->> TG_ARGV[0];
  owner oid := (SELECT relowner FROM pg_catalog.pg_class WHERE oid = TG_RELID);
BEGIN
  IF named IS NULL OR named = session_user::text OR pg_catalog.pg_has_role(session_user, owner, 'MEMBER')
    OR (TG_NARGS > 1 AND pg_catalog.pg_has_role(session_user, '{WRITER}', 'MEMBER'))
    OR (TG_TABLE_NAME = 'batch_decisions' AND pg_catalog.to_jsonb(NEW) ->> 'decision' IN ('published', 'void')
      AND pg_catalog.pg_has_role(session_user, '{WRITER}', 'MEMBER'))
  THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'SEC010 the session is of %, and the row of % names %', session_user, TG_TABLE_NAME, named
    USING ERRCODE = 'insufficient_privilege';
END """

# What `recoup_reader` does not see: who is suspected of what, and the numbers by which people are paid.
HIDDEN_FROM_READERS = (
    "payroll_answers",
    "payroll_lines",
    "signal_cases",
    "signal_evidence",
    "signal_findings",
    "signal_interested",
)


def narrowing_statements() -> Iterator[str]:
    """Rights that the first versions gave and nobody needs (PostgreSQL)."""
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE SELECT ON {', '.join(HIDDEN_FROM_READERS)} FROM {READER}"
    yield f"REVOKE UPDATE ON attempts FROM {WRITER}, {APPROVER}"
    yield f"GRANT UPDATE (run_id, state, message, ended_at) ON attempts TO {WRITER}, {APPROVER}"


@dataclass(frozen=True, slots=True)
class GuardFault:
    """A guard that does not guard, and why: it is missing, switched off, or does something else."""

    guard: str
    fault: str

    def __str__(self) -> str:
        return f"{self.guard} {self.fault}"


def guard_faults(connection: sa.Connection, tables: Sequence[sa.Table]) -> tuple[GuardFault, ...]:
    """Guards that should be there and are not, are switched off, or do not do what this program's guards do.

    Migrations make guards of the texts below, so those of any older store have the same. Whoever changes a text adds a
    migration that makes all of them anew; a test holds on to the texts.
    """
    dialect = connection.dialect.name
    found = _guards_on_sqlite(connection) if dialect == "sqlite" else _guards_on_postgresql(connection)
    expected = {name: text for table in tables for name, text in _expected(table, dialect).items()}
    return tuple(
        GuardFault(name, found[name].off or "does something else" if name in found else "is missing")
        for name, text in expected.items()
        if name not in found or found[name].off or found[name].does != text
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What a trigger of the database does, and why it does not even do that."""

    does: str
    off: str = ""


def _expected(table: sa.Table, dialect: str) -> Mapping[str, str]:
    if dialect == "sqlite":
        return dict(zip(guard_names(table, dialect), map(_in_one_line, _sqlite_guards(table)), strict=True))
    rows, truncate = guard_names(table, dialect)
    call, body = f"EXECUTE FUNCTION refuse_{table.name}()", _in_one_line(_refusal_on_postgresql(table))
    own = {}
    if table.name in OWN_NAMES or table.name in OWN_NAMES_BUT_OF_NIGHTS:
        text = _own_name_trigger(table.name, f"EXECUTE FUNCTION own_name({_own_name_terms(table.name)})")
        own = {f"guard_{table.name}_own_name": f"{text} plpgsql {_in_one_line(_OWN_NAME)}"}
    return {
        **own,
        rows: f"CREATE TRIGGER {rows} BEFORE DELETE OR UPDATE ON {table.name} FOR EACH ROW {call} plpgsql {body}",
        truncate: f"CREATE TRIGGER {truncate} BEFORE TRUNCATE ON {table.name} FOR EACH STATEMENT {call} plpgsql {body}",
    }


def _guards_on_sqlite(connection: sa.Connection) -> Mapping[str, _Found]:
    """SQLite keeps the text by which a trigger was created."""
    statement = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {name: _Found(_in_one_line(text)) for name, text in connection.execute(statement)}


def _guards_on_postgresql(connection: sa.Connection) -> Mapping[str, _Found]:
    """The trigger as the server writes it, with conditions and columns if there are any, and its function's text.

    Names are told with their schema where it is not the one that is searched first: a guard of another table of this
    name is another text. What fires on replicas only does not guard.
    """
    statement = sa.text(
        "SELECT t.tgname, pg_get_triggerdef(t.oid, true), l.lanname, p.prosrc, t.tgenabled::text "
        "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang "
        "JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT t.tgisinternal AND starts_with(t.tgname, 'guard_') AND pg_table_is_visible(c.oid)"
    )
    return {
        name: _Found(_in_one_line(f"{trigger} {language} {body}"), "" if fires in {"O", "A"} else "is switched off")
        for name, trigger, language, body, fires in connection.execute(statement)
    }


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


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
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql "
        f"AS $${_refusal_on_postgresql(table)}$$"
    )
    yield (f"CREATE TRIGGER {rows} BEFORE UPDATE OR DELETE ON {table.name} FOR EACH ROW EXECUTE FUNCTION {function}()")
    yield (
        f"CREATE TRIGGER {truncate} BEFORE TRUNCATE ON {table.name} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
    )


def _refusal_on_postgresql(table: sa.Table) -> str:
    return f" BEGIN RAISE EXCEPTION '{table.name} is append-only' USING ERRCODE = 'restrict_violation'; END "
