"""Append-only tables stay append-only on both databases, and a store that lost a guard is not opened."""

import re

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from adapters.errors import StoreError
from adapters.seam import Seam
from adapters.store.engine import MIGRATIONS, make_engine, migrate, open_store
from adapters.store.guards import guard_faults, guard_names, guard_statements
from adapters.store.schema import APPEND_ONLY, STORE, ledger, period_decisions
from domain.ids import digest_of

ENTRY = {
    "sequence": 1,
    "batch_kind": "bonus",
    "payee": "E1",
    "component": "bonus",
    "origin_period": "2026-10",
    "currency": "VND",
    "posting_period": "2026-10",
    "entry_type": "earning",
    "amount_minor": 5,
    "batch_id": "b1",
    "previous_hash": "0",
    "entry_hash": "1",
}


@pytest.fixture
def posted(any_world):
    """A world whose ledger holds one entry."""
    with any_world.store.write("test") as connection:
        connection.execute(
            STORE.tables["runs"]
            .insert()
            .values(
                run_id="r1",
                kind="month-end",
                business_date=sa.func.current_date(),
                manifest={},
                recorded_at=any_world.seam.clock(),
            )
        )
        connection.execute(
            STORE.tables["batches"].insert().values(
                batch_id="b1", kind="bonus", scope="phone", period="2026-10", run_id="r1", content_hash="h",
                chain=[], prepared_by="p", recorded_at=any_world.seam.clock(),
            )
        )  # fmt: skip
        connection.execute(ledger.insert().values(**ENTRY))
    return any_world


def entries(world):
    with world.store.read() as connection:
        return connection.execute(sa.select(ledger.c.sequence, ledger.c.amount_minor)).all()


COLUMNS = ", ".join(ENTRY)
VALUES = ", ".join(f":{name}" for name in ENTRY)


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ("UPDATE ledger SET amount_minor = 6", {}),
        ("DELETE FROM ledger", {}),
        (f"INSERT INTO ledger ({COLUMNS}) VALUES ({VALUES})", {}),
    ],
)
def test_the_ledger_refuses_to_be_changed(posted, statement, changes):
    with pytest.raises(sa.exc.DBAPIError), posted.store.write("test") as connection:
        connection.execute(sa.text(statement), {**ENTRY, **changes})
    assert entries(posted) == [(1, 5)]


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 6},
        {"amount_minor": 6, "sequence": 2, "entry_hash": "2"},
        {"amount_minor": 6, "sequence": 2, "previous_hash": "1"},
        {"amount_minor": 6, "sequence": 2, "entry_hash": "2", "previous_hash": "1"},
    ],
    ids=["primary key", "previous hash", "entry hash", "batch line"],
)
def test_replacing_is_refused_over_every_unique_key(posted, changes):
    if posted.store.dialect != "sqlite":
        pytest.skip("INSERT OR REPLACE is SQLite's")
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), posted.store.write("test") as connection:
        connection.execute(
            sa.text(f"INSERT OR REPLACE INTO ledger ({COLUMNS}) VALUES ({VALUES})"), {**ENTRY, **changes}
        )
    assert entries(posted) == [(1, 5)]


def test_upsert_and_truncate_are_refused_on_postgresql(posted):
    if posted.store.dialect == "sqlite":
        pytest.skip("TRUNCATE is PostgreSQL's")
    upsert = f"INSERT INTO ledger ({COLUMNS}) VALUES ({VALUES}) ON CONFLICT (sequence) DO UPDATE SET amount_minor = 6"
    for statement in (upsert, "TRUNCATE ledger", "TRUNCATE ledger CASCADE"):
        with (
            pytest.raises(sa.exc.DBAPIError, match=r"append-only|cannot truncate"),
            posted.store.write("test") as connection,
        ):
            connection.execute(sa.text(statement), ENTRY)
    assert entries(posted) == [(1, 5)]


@pytest.mark.parametrize("table", [table.name for table in APPEND_ONLY])
def test_a_store_that_lost_a_guard_is_not_opened(world, table):
    guard = guard_names(STORE.tables[table], "sqlite")[0]
    with world.store.write("test") as connection:
        connection.execute(sa.text(f"DROP TRIGGER {guard}"))
    with pytest.raises(StoreError, match=f"STO001 the store has lost guards: {guard} is missing"):
        open_store(world.settings, Seam())


UPDATE, ROWS, EMPTIED = "guard_ledger_update", "guard_ledger_update_delete", "guard_ledger_truncate"
REFUSAL = "BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END"
BEFORE_ROWS = f"DROP TRIGGER {ROWS} ON ledger; CREATE TRIGGER {ROWS} BEFORE"
CALL = "FOR EACH ROW EXECUTE FUNCTION refuse_ledger()"
HOLLOW_ON_SQLITE = {
    f"CREATE TRIGGER {UPDATE} BEFORE UPDATE ON ledger BEGIN SELECT 1; END": UPDATE,
    f"CREATE TRIGGER {UPDATE} BEFORE UPDATE ON runs {REFUSAL}": UPDATE,
    f"CREATE TRIGGER {UPDATE} AFTER UPDATE ON ledger {REFUSAL}": UPDATE,
    f"CREATE TRIGGER {UPDATE} BEFORE UPDATE OF payee ON ledger {REFUSAL}": UPDATE,
    f"CREATE TRIGGER {UPDATE} BEFORE UPDATE ON ledger WHEN 0 {REFUSAL}": UPDATE,
}
HOLLOW_ON_POSTGRESQL = {
    "CREATE OR REPLACE FUNCTION refuse_ledger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$": (
        f"{ROWS} does something else, {EMPTIED} does something else"
    ),
    f"{BEFORE_ROWS} UPDATE OR DELETE ON runs {CALL}": f"{ROWS} does something else",
    f"{BEFORE_ROWS} UPDATE ON ledger {CALL}": f"{ROWS} does something else",
    f"{BEFORE_ROWS} UPDATE OF payee OR DELETE ON ledger {CALL}": f"{ROWS} does something else",
    f"{BEFORE_ROWS} UPDATE OR DELETE ON ledger FOR EACH ROW WHEN (false) EXECUTE FUNCTION refuse_ledger()": (
        f"{ROWS} does something else"
    ),
    f"{BEFORE_ROWS} UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION refuse_runs()": (
        f"{ROWS} does something else"
    ),
    f"ALTER TABLE ledger DISABLE TRIGGER {ROWS}": f"{ROWS} is switched off",
    f"ALTER TABLE ledger ENABLE REPLICA TRIGGER {ROWS}": f"{ROWS} is switched off",
    f"DROP TRIGGER {EMPTIED} ON ledger": f"{EMPTIED} is missing",
}


def faults_after(store, *statements):
    """What is found once the guards were changed; nothing of it stays."""
    with store.engine.connect() as connection, connection.begin() as transaction:
        for statement in statements:
            connection.exec_driver_sql(statement)
        found = ", ".join(map(str, guard_faults(connection, APPEND_ONLY)))
        transaction.rollback()
    return found


def test_a_guard_that_does_something_else_is_found_by_name(any_world):
    if any_world.store.dialect == "sqlite":
        for statement, guard in HOLLOW_ON_SQLITE.items():
            found = faults_after(any_world.store, f"DROP TRIGGER {guard}", statement)
            assert found == f"{guard} does something else", statement
    else:
        for statement, found in HOLLOW_ON_POSTGRESQL.items():
            assert faults_after(any_world.store, statement) == found, statement
    assert faults_after(any_world.store) == ""


def test_a_guard_written_on_several_lines_is_the_same_guard(world):
    several = f"CREATE TRIGGER {UPDATE} BEFORE UPDATE\n  ON ledger\n{REFUSAL}"
    assert faults_after(world.store, f"DROP TRIGGER {UPDATE}", several) == ""


def test_a_store_with_a_hollow_guard_is_not_opened(any_world):
    statement, guard = f"DROP TRIGGER {UPDATE}; {next(iter(HOLLOW_ON_SQLITE))}", UPDATE
    if any_world.store.dialect == "postgresql":
        statement, guard = next(iter(HOLLOW_ON_POSTGRESQL)), ROWS
    with any_world.store.write("test") as connection:
        for each in re.split(r";(?= CREATE)", statement):
            connection.exec_driver_sql(each)
    with pytest.raises(StoreError, match=f"STO001 the store has lost guards: {guard} does something else.*restore"):
        open_store(any_world.settings, Seam())


@pytest.mark.parametrize("hollow", [False, True], ids=["as it was made", "with a hollow guard"])
def test_guards_of_an_older_store_are_known_after_the_upgrade_and_a_hollow_one_is_not_mended(any_settings, hollow):
    any_settings.home.mkdir(parents=True)
    engine = make_engine(any_settings.store_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        if hollow and connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"DROP TRIGGER {UPDATE}")
            connection.exec_driver_sql(next(iter(HOLLOW_ON_SQLITE)))
        elif hollow:
            connection.exec_driver_sql(next(iter(HOLLOW_ON_POSTGRESQL)))
        connection.commit()
    if hollow:
        with pytest.raises(StoreError, match="STO001 the store has lost guards: guard_ledger_update"):
            open_store(any_settings, Seam())
    else:
        assert open_store(any_settings, Seam()).dialect == engine.dialect.name


@pytest.mark.parametrize(("dialect", "texts"), [("sqlite", "f76db1f5954f"), ("postgresql", "36422c484773")])
def test_the_texts_of_guards_are_those_that_stores_have(dialect, texts):
    """A changed text, or a changed key of a table, needs a migration that makes the guards of older stores anew."""
    made = [text for table in APPEND_ONLY for text in guard_statements(table, dialect)]
    assert digest_of("\n".join(made))[:12] == texts


def test_rebuilding_a_table_as_alembics_batch_mode_does_drops_its_guards(world):
    """Why existence is checked at every start: SQLite drops a table's triggers with the table."""
    with world.store.write("test") as connection:
        connection.execute(sa.text("CREATE TABLE copy AS SELECT * FROM period_decisions"))
        connection.execute(sa.text("DROP TABLE period_decisions"))
        connection.execute(sa.text("ALTER TABLE copy RENAME TO period_decisions"))
    with pytest.raises(StoreError, match="guard_period_decisions_update"):
        open_store(world.settings, Seam())


def test_migrations_give_the_schema_that_the_program_has(any_world):
    with any_world.store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), STORE) == []


def test_migrating_again_changes_nothing(any_world):
    migrate(any_world.store.engine)
    with any_world.store.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ledger_head")).scalar() == 1


def test_a_store_of_a_newer_program_is_not_touched(any_world):
    with any_world.store.write("test") as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="version 9999, which this program does not know"):
        open_store(any_world.settings, Seam())


def test_roles_on_postgresql_may_add_and_not_change(new_database, tmp_path):
    from adapters.settings import Settings
    from adapters.world import open_world

    world = open_world(Settings(home=tmp_path, database_url=new_database))
    row = {
        "period": "2026-10",
        "step": 1,
        "decision": "closed",
        "by_name": "a",
        "reason": "",
        "recorded_at": world.seam.clock(),
    }
    for role, may in (("recoup_writer", True), ("recoup_approver", True), ("recoup_reader", False)):
        with world.store.engine.connect() as connection:
            connection.execute(sa.text(f"SET ROLE {role}"))
            assert connection.execute(sa.select(ledger)).all() == []
            if may:
                connection.execute(period_decisions.insert().values(**row))
            else:
                with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                    connection.execute(period_decisions.insert().values(**row))
            connection.rollback()
            connection.execute(sa.text(f"SET ROLE {role}"))
            for statement in ("UPDATE ledger SET amount_minor = 1", "DELETE FROM batches", "TRUNCATE ledger"):
                with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), connection.begin_nested():
                    connection.execute(sa.text(statement))
            connection.rollback()
