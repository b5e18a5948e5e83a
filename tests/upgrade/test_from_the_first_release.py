"""A store that the first release wrote, upgraded to today's version: nothing of it is lost, changed or unguarded.

`first_release.sql` is a dump of a store that the program of migration 0001 made itself: a demo month of nights, its pay
prepared, approved by three roles and published, and a night that was killed. Of nights only the one that was paid is
in it, without figures by entity and extracts, for the sake of its size.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.store.engine import MIGRATIONS, make_engine
from adapters.store.killed import as_they_are, record_killed
from adapters.store.runs import State, newest_attempts
from adapters.store.schema import STORE
from adapters.world import open_world
from tasks.checkup.checkup import check_up
from tasks.checkup.server import Server
from tasks.stages.explain import verify_ledger
from tests.conftest import SteppingClock

DUMP = (Path(__file__).parent / "first_release.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def first():
    """The rows of the first release, by table and column, in order of foreign keys."""
    memory = sqlite3.connect(":memory:")
    memory.executescript(DUMP)
    memory.row_factory = sqlite3.Row
    names = [row["name"] for row in memory.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    ordered = [table.name for table in STORE.sorted_tables if table.name in names]
    return {name: [dict(row) for row in memory.execute(f"SELECT * FROM {name}")] for name in ordered}


@pytest.fixture
def upgraded(any_settings, first):
    """The store of the first release, opened by today's program."""
    any_settings.home.mkdir(parents=True)
    engine = make_engine(any_settings.store_url)
    if engine.dialect.name == "sqlite":
        engine.dispose()
        connection = sqlite3.connect(any_settings.home / "recoup.sqlite")
        connection.executescript(DUMP)
        connection.close()
    else:
        _as_first_release(engine, first)
    return open_world(any_settings, clock=SteppingClock())


def _as_first_release(engine, first):
    """The first migration makes the tables, and the rows are put in as the dump has them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
        then = sa.MetaData()
        then.reflect(connection)
        for name, rows in first.items():
            if rows and name != "ledger_head":
                connection.execute(then.tables[name].insert(), [_typed(then.tables[name], row) for row in rows])
        (head,) = first["ledger_head"]
        connection.execute(then.tables["ledger_head"].update().values(**head))
        connection.commit()
    engine.dispose()


def _typed(table, row):
    """Dates are text in SQLite's dump."""
    from datetime import date

    return {
        name: date.fromisoformat(value) if value and isinstance(table.columns[name].type, sa.Date) else value
        for name, value in row.items()
    }


def test_the_dump_is_of_the_first_release_with_a_published_month(first):
    assert "VALUES('0001')" in DUMP
    assert {name for name, rows in first.items() if not rows} <= {
        "period_decisions", "check_results", "kpi_results", "table_verdicts", "snapshot_versions", "snapshot_pointers",
        "source_files",
    }  # fmt: skip
    assert (len(first["ledger"]), len(first["batch_decisions"])) == (17, 28)


def test_nothing_of_it_is_lost_or_changed(upgraded, first):
    with upgraded.store.read() as connection:
        for name, rows in first.items():
            if rows:
                columns = ", ".join(f'"{column}"' for column in rows[0])
                now = connection.execute(sa.text(f"SELECT {columns} FROM {name}")).all()
                then = [tuple(row.values()) for row in rows]
                assert sorted(map(_as_text, now)) == sorted(map(_as_text, then)), name


def _as_text(row):
    return repr([str(value) if value is not None else None for value in row])


def test_it_has_todays_schema_with_every_guard(upgraded):
    with upgraded.store.read() as connection:
        assert (
            MigrationContext.configure(connection).get_current_revision()
            == ScriptDirectory(str(MIGRATIONS)).get_current_head()
        )
        assert compare_metadata(MigrationContext.configure(connection), STORE) == []
    looked = {each.about: each for each in check_up(_without_rules(upgraded), Server("http://127.0.0.1:1/api"))}
    assert (looked["database"].issues, looked["guards"].issues) == ((), ())
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), upgraded.store.write("test") as connection:
        connection.execute(sa.text("UPDATE ledger SET amount_minor = amount_minor + 1"))


def _without_rules(world):
    return world.settings.model_copy(update={"rules": world.settings.home})


def test_an_entry_that_was_edited_before_the_upgrade_is_found_after_it(any_settings):
    """So that the proof below could fail."""
    if any_settings.database_url:
        pytest.skip("the same on PostgreSQL")
    any_settings.home.mkdir(parents=True)
    connection = sqlite3.connect(any_settings.home / "recoup.sqlite")
    connection.executescript(DUMP)
    (guard,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'guard_ledger_update'").fetchone()
    connection.execute("DROP TRIGGER guard_ledger_update")
    connection.execute("UPDATE ledger SET amount_minor = amount_minor + 1 WHERE sequence = 5")
    connection.execute(guard)
    connection.commit()
    connection.close()
    assert "LED002" in {issue.code for issue in verify_ledger(open_world(any_settings))}


def test_its_chain_its_batches_and_its_approvals_verify(upgraded):
    """Its extracts are not in the dump, so that nothing is calculated again; the rest is proved."""
    found = {issue.code for issue in verify_ledger(upgraded)}
    assert found <= {"LED014", "LED024"}, found


def test_an_attempt_that_was_killed_then_is_told_as_killed(upgraded):
    with upgraded.store.read() as connection:
        listed = newest_attempts(connection, 10)
    found = {each.command: each.state for each in as_they_are(upgraded.store, listed)}
    assert found["nightly 2026-10-01"] is State.KILLED
    assert "nightly 2026-10-01" in {each.command for each in record_killed(upgraded.store)}
