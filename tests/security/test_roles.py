"""Rights on PostgreSQL, tried one by one: every role, every table, every verb; and the ways around them.

A table of a later version has to be stated here: until then it has no rights that anybody has looked at.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from adapters.settings import Settings
from adapters.store.engine import refused_right
from adapters.store.guards import (
    APPROVER,
    HIDDEN_FROM_READERS,
    OWN_NAMES,
    OWN_NAMES_BUT_OF_NIGHTS,
    READER,
    WRITER,
    guard_names,
)
from adapters.store.schema import APPEND_ONLY, STORE
from adapters.store.trail import NAMES
from adapters.world import open_world
from domain.catalogue import CATALOGUE
from tests.conftest import database_on

pytestmark = pytest.mark.slow

# What approvers add to: decisions, what they are about, the trail, and the register of what was started.
DECIDED = frozenset(
    [
        "action_decisions",
        "actions",
        "adjustment_decisions",
        "adjustments",
        "attempts",
        "audit_trail",
        "batch_decisions",
        "claim_decisions",
        "claim_replies",
        "claim_reply_lines",
        "confirmations",
        "invoice_decisions",
        "legal_hold_decisions",
        "pay_cases",
        "pay_holds",
        "period_decisions",
        "reassigned_accounts",
        "reassignment_decisions",
        "reassignments",
        "releases",
        "requested_rules",
        "rule_signatures",
        "signature_decisions",
        "signing_requests",
        "standing_decisions",
        "standing_reviews",
        "waivers",
    ]
)
# What nights, publishing and exports alone add to.
WRITTEN = frozenset(
    [
        "batch_lines",
        "batches",
        "check_results",
        "claim_differences",
        "claim_settlements",
        "corrections",
        "environments",
        "held_payees",
        "kpi_results",
        "ledger",
        "ledger_head",
        "met_contracts",
        "partner_acknowledgements",
        "partner_answers",
        "partner_file_lines",
        "partner_files",
        "partner_invoices",
        "pay_exports",
        "payout_lines",
        "payroll_answers",
        "payroll_lines",
        "payroll_returns",
        "quarantine",
        "removals",
        "removals_finished",
        "removed_files",
        "result_seals",
        "run_files",
        "runs",
        "scores",
        "signal_cases",
        "signal_evidence",
        "signal_findings",
        "signal_interested",
        "signal_rates",
        "signal_runs",
        "snapshot_pointers",
        "snapshot_versions",
        "source_files",
        "stage_metrics",
        "stage_results",
        "table_verdicts",
        "waived_versions",
    ]
)
# The only columns that anybody changes: how a start ended, and where the ledger ends.
CHANGED = {
    "attempts": ({"run_id", "state", "message", "ended_at"}, {WRITER, APPROVER}),
    "ledger_head": (None, {WRITER}),
}
LOGINS = {WRITER: "nights", APPROVER: "demo hr", READER: "auditor", "": "stranger"}
REFUSED = "42501"


@pytest.fixture(scope="module")
def sessions(request, tmp_path_factory):
    """An engine for each role's login, and the owner's."""
    with database_on(request.getfixturevalue("postgresql")) as url:
        world = open_world(Settings(home=tmp_path_factory.mktemp("roles") / "home", database_url=url))
        engines = {role: _login(world.store.engine, url, role, name) for role, name in LOGINS.items()}
        yield {**engines, "owner": world.store.engine}
        for engine in (*engines.values(), world.store.engine):
            engine.dispose()


def _login(owner, url, role, name):
    with owner.begin() as connection:
        if connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :n"), {"n": name}).first() is None:
            connection.execute(sa.text(f'CREATE ROLE "{name}" LOGIN'))
        if role:
            connection.execute(sa.text(f'GRANT {role} TO "{name}"'))
    address = sa.make_url(url.replace("postgresql://", "postgresql+psycopg://", 1)).set(username=name)
    return sa.create_engine(address)


def tried(engine, *statements):
    """The state of the first statement that fails, or "" where all are allowed; nothing of it stays."""
    with engine.connect() as connection:
        try:
            for statement in statements:
                connection.exec_driver_sql(statement)
        except DBAPIError as error:
            return error.orig.sqlstate
        finally:
            connection.rollback()
    return ""


def verbs_on(table):
    column, guards = table.columns.keys()[-1], guard_names(table, "postgresql") if table in APPEND_ONLY else ()
    return {
        **{f"DROP {guard}": f"DROP TRIGGER {guard} ON {table.name}" for guard in guards},
        "SELECT": f"SELECT 1 FROM {table.name} LIMIT 0",
        "INSERT": f"INSERT INTO {table.name} SELECT * FROM {table.name} LIMIT 0",
        "UPDATE": f"UPDATE {table.name} SET {column} = {column} WHERE false",
        "DELETE": f"DELETE FROM {table.name} WHERE false",
        "TRUNCATE": f"TRUNCATE {table.name} CASCADE",
        "REFERENCES": f"CREATE TABLE of_mine (x text REFERENCES {table.name})",
        "TRIGGER": f"CREATE TRIGGER mine BEFORE INSERT ON {table.name} FOR EACH ROW EXECUTE FUNCTION own_name()",
        "SWITCH OFF": f"ALTER TABLE {table.name} DISABLE TRIGGER ALL",
        "ALTER": f"ALTER TABLE {table.name} ADD COLUMN mine text",
        "DROP": f"DROP TABLE {table.name} CASCADE",
        "GRANT": f"GRANT ALL ON {table.name} TO stranger",
    }


def may(role, table, verb):
    """What the house states; whatever is not stated is refused."""
    if verb == "SELECT":
        return bool(role) and not (role == READER and table.name in HIDDEN_FROM_READERS)
    if verb == "INSERT":
        return role == WRITER or (role == APPROVER and table.name in DECIDED)
    if verb == "UPDATE" and table.name in CHANGED:
        columns, roles = CHANGED[table.name]
        return role in roles and (columns is None or table.columns.keys()[-1] in columns)
    return False


def test_every_table_has_stated_rights():
    assert set(STORE.tables) == DECIDED | WRITTEN
    assert not DECIDED & WRITTEN


@pytest.mark.parametrize("role", LOGINS, ids=["writer", "approver", "reader", "stranger"])
def test_what_each_role_may_do_with_each_table(sessions, role):
    wrong = []
    for table in STORE.tables.values():
        for verb, statement in verbs_on(table).items():
            state = tried(sessions[role], statement)
            # GRANT without the right is a warning to who may do something with the table, and grants nothing
            granted = verb == "GRANT" and state in {"", REFUSED}
            if not granted and (state == "") != may(role, table, verb):
                wrong.append((table.name, verb, state or "allowed"))
    assert wrong == []


def test_a_grant_without_the_right_to_it_gives_nothing(sessions):
    with sessions[WRITER].connect() as connection:
        connection.exec_driver_sql("GRANT ALL ON ledger TO stranger")
        connection.commit()
    assert tried(sessions[""], "SELECT 1 FROM ledger") == REFUSED


def test_of_attempts_only_how_they_ended_is_changed(sessions):
    for role in (WRITER, APPROVER):
        for column in [each.name for each in STORE.tables["attempts"].columns]:
            state = tried(sessions[role], f"UPDATE attempts SET {column} = {column} WHERE false")
            assert (state == "") == (column in CHANGED["attempts"][0]), (role, column)


@pytest.mark.parametrize("role", [WRITER, APPROVER], ids=["writer", "approver"])
def test_nobody_decides_under_another_name(sessions, role):
    """The trigger comes before every other rule of the row: one's own name is refused for what is missing beside it."""
    for table, column in {**OWN_NAMES, **OWN_NAMES_BUT_OF_NIGHTS}.items():
        if role == APPROVER and table not in DECIDED:
            continue
        other = tried(sessions[role], f"INSERT INTO {table} ({column}) VALUES ('demo finance')")
        own = tried(sessions[role], f"INSERT INTO {table} ({column}) VALUES ('{LOGINS[role]}')")
        assert own == "23502", table
        is_of_nights = role == WRITER and table in OWN_NAMES_BUT_OF_NIGHTS
        assert other == ("23502" if is_of_nights else REFUSED), table


def test_the_nights_record_what_they_do_to_batches_and_nobody_else_does(sessions):
    """Publishing and making void are no approvals; an approval in another's name is."""
    row = "INSERT INTO batch_decisions (by_name, decision) VALUES ('publisher', '{}')"
    assert [tried(sessions[WRITER], row.format(kind)) for kind in ("published", "void", "approved", "held")] == [
        "23502", "23502", REFUSED, REFUSED,
    ]  # fmt: skip
    assert tried(sessions[APPROVER], row.format("published")) == REFUSED


def test_a_name_that_a_row_records_is_bound_or_is_stated():
    """Who proposed or opened is told by the program where somebody else has to confirm it."""
    named = {name for name, table in STORE.tables.items() if set(NAMES) & set(table.columns.keys())}
    bound = set(OWN_NAMES) | set(OWN_NAMES_BUT_OF_NIGHTS)
    assert named - bound == {
        "batches",  # prepared by the login of the nights, in the name of who asked for it
        "claim_settlements",
        "environments",  # named by the login of the nights, in the name of who set the machine up
        "partner_acknowledgements",
        "partner_files",
        "partner_invoices",
        "payroll_returns",
        "waived_versions",  # copies of waivers
    }


BY_WAYS = {
    "another role": "SET ROLE recoup_writer",
    "the owner's role": "SET ROLE postgres",
    "another session": "SET SESSION AUTHORIZATION postgres",
    "triggers off": "SET session_replication_role = replica",
    "a table of one's own": "CREATE TABLE public.batches2 (x int)",
    "a function of one's own": "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a schema of one's own": "CREATE SCHEMA mine",
    "the guard's function": "CREATE OR REPLACE FUNCTION refuse_ledger() RETURNS trigger LANGUAGE plpgsql AS ''",
    "the guard's search path": "ALTER FUNCTION own_name() RESET search_path",
    "a file of the server": "COPY attempts TO '/tmp/attempts'",
    "a program of the server": "COPY (SELECT 1) TO PROGRAM 'id'",
    "reading a file": "SELECT pg_read_file('postgresql.conf')",
    "the numbers of decisions": "SELECT setval('batch_decisions_sequence_seq', 1)",
    "a role of one's own": "CREATE ROLE mine",
    "becoming a member": "GRANT recoup_writer TO \"demo hr\"",
    "ending other sessions": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "the owner's login": "ALTER ROLE postgres NOLOGIN",
    "the version of the store": "UPDATE alembic_version SET version_num = '0001'",
}  # fmt: skip


@pytest.mark.parametrize("way", BY_WAYS)
def test_there_is_no_way_around(sessions, way):
    assert tried(sessions[APPROVER], BY_WAYS[way]) == REFUSED
    assert tried(sessions[READER], BY_WAYS[way]) == REFUSED
    if way != "another role":  # which is the writer's own
        assert tried(sessions[WRITER], BY_WAYS[way]) == REFUSED


def test_a_role_that_is_set_and_functions_of_ones_own_change_nothing_about_whose_session_it_is(sessions):
    steps = (
        "CREATE FUNCTION pg_temp.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "SET search_path = pg_temp, public",
        "SET ROLE recoup_approver",
        "INSERT INTO public.waivers (by_name) VALUES ('demo finance')",
    )
    assert tried(sessions[APPROVER], *steps) == REFUSED


def test_a_table_of_a_later_version_is_nobodys_until_it_is_granted(sessions):
    with sessions["owner"].begin() as connection:
        connection.exec_driver_sql("CREATE TABLE later (x int)")
    assert {tried(sessions[role], "SELECT 1 FROM later") for role in LOGINS} == {REFUSED}
    with sessions["owner"].begin() as connection:
        connection.exec_driver_sql("DROP TABLE later")


def test_no_table_has_a_column_of_peoples_names_or_numbers():
    """What the catalogue calls personal is in no table of the store, so that no reader of it sees any."""
    personal = {column.name for table in CATALOGUE.values() for column in table if column.personal} - {"value"}
    assert personal == {"full_name", "national_id"}
    found = {(name, column) for name, table in STORE.tables.items() for column in personal & set(table.columns.keys())}
    assert found == set()


def test_a_refused_right_is_told_with_what_to_use(sessions):
    told = []
    for statement in (
        "INSERT INTO waivers (by_name) VALUES ('demo finance')",
        "INSERT INTO ledger DEFAULT VALUES",
        "x",
    ):
        with sessions[APPROVER].connect() as connection, pytest.raises(DBAPIError) as refused:
            connection.exec_driver_sql(statement)
        told.append(refused_right(refused.value))
    need = "Nights, publishing and files need a member of recoup_writer, decisions one of recoup_approver"
    assert told == [
        "SEC010 the session is of demo hr, and the row of waivers names demo finance. Decide under your own login",
        f"SEC003 this login may not do that: permission denied for table ledger. {need}",
        None,
    ]
