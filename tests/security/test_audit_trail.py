"""Every decision of a person is in the trail, and whoever changes one past the program is found."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.guards import guard_names
from adapters.store.runs import begin_attempt
from adapters.store.schema import APPEND_ONLY, STORE
from adapters.store.trail import COPIES, NAMES, TRAILED, key_columns, read_trail
from adapters.world import open_world
from domain.ids import digest_of
from flows.cli import app
from tasks.stages.audit import Kept, Wanted, end_of_trail, trail_of, verify_trail
from tests.conftest import SteppingClock

DAY = date(2026, 9, 30)


def decided(world):
    """Decisions of three people in three tables, each in a transaction of its own; one transaction with two rows."""
    at = world.seam.clock()
    begin_attempt(world.store, "test", DAY)
    rows = [
        ("period_decisions", [_month("2026-08", 1, "closed", "lan", at)]),
        ("rule_signatures", [_signed("field", at), _signed("phone", at)]),
        ("period_decisions", [_month("2026-08", 2, "reopened", "minh", at)]),
    ]
    for table, values in rows:
        with world.store.write("test") as connection:
            connection.execute(STORE.tables[table].insert(), values)


def _month(period, step, decision, by, at):
    return {"period": period, "step": step, "decision": decision, "by_name": by, "reason": "a", "recorded_at": at}


def _signed(rule, at):
    content = {"id": rule}
    return {"kind": "policy", "rule_id": rule, "rule": digest_of(content), "content": content,
            "proposer": "an", "signer": "binh", "recorded_at": at}  # fmt: skip


@pytest.fixture
def decisions(any_world):
    decided(any_world)
    return any_world


def past_the_guards(world, *statements):
    """What somebody does who owns the file, or the database."""
    with world.store.engine.connect() as connection:
        for statement in statements:
            table = re.search(r"(?:UPDATE|FROM|INTO) (\w+)", statement)[1]
            for guard in guard_names(STORE.tables[table], world.store.dialect):
                on = f" ON {table}" if world.store.dialect == "postgresql" else ""
                connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {guard}{on}"))
            assert connection.execute(sa.text(statement)).rowcount
        connection.commit()


def found(world, kept=None):
    return [(issue.code, str(issue.location)) for issue in verify_trail(world, kept)]


def test_every_decision_has_an_entry_with_name_login_and_digest(decisions):
    rules = sorted(digest_of({"id": rule}) for rule in ("field", "phone"))
    with decisions.store.read() as connection:
        entries = read_trail(connection)
    assert [(entry.sequence, entry.table, entry.told_key.partition(" / ")[0][:7], entry.by) for entry in entries] == [
        (1, "period_decisions", "2026-08", "lan"),
        *((number, "rule_signatures", rule[:7], "binh") for number, rule in zip((2, 3), rules, strict=True)),
        (4, "period_decisions", "2026-08", "minh"),
    ]
    assert {entry.login for entry in entries} not in ({""}, {"lan"})
    assert found(decisions) == []


EDITS = {
    "UPDATE period_decisions SET reason = 'b' WHERE step = 1": [
        ("SEC021", "audit trail entry 1, period_decisions 2026-08 / 1")
    ],
    "UPDATE period_decisions SET by_name = 'minh' WHERE step = 1": [
        ("SEC021", "audit trail entry 1, period_decisions 2026-08 / 1")
    ],
    "DELETE FROM period_decisions WHERE step = 2": [("SEC022", "audit trail entry 4, period_decisions 2026-08 / 2")],
    "INSERT INTO period_decisions (sequence, period, step, decision, by_name, reason, recorded_at) VALUES "
    "(99, '2026-07', 1, 'closed', 'lan', '', '2026-01-01T00:00:00.000000+00:00')": [
        ("SEC023", "period_decisions 2026-07 / 1")
    ],
    "UPDATE audit_trail SET by_name = 'minh' WHERE sequence = 1": [
        ("SEC020", "audit trail entry 1, period_decisions 2026-08 / 1"),
        ("SEC021", "audit trail entry 1, period_decisions 2026-08 / 1"),
    ],
    "UPDATE audit_trail SET login = 'minh' WHERE sequence = 4": [
        ("SEC020", "audit trail entry 4, period_decisions 2026-08 / 2")
    ],
}


@pytest.mark.parametrize("statement", EDITS, ids=[text[:40] for text in EDITS])
def test_what_is_changed_removed_or_put_in_past_the_program_is_found(decisions, statement):
    past_the_guards(decisions, statement)
    assert found(decisions) == EDITS[statement]


def test_a_decision_put_in_past_the_program_is_not_taken_up_with_the_next_one(decisions):
    past_the_guards(decisions, next(text for text in EDITS if text.startswith("INSERT")))
    with decisions.store.write("test") as connection:
        row = _month("2026-09", 1, "closed", "lan", decisions.seam.clock())
        connection.execute(STORE.tables["period_decisions"].insert(), row)
    assert found(decisions) == [("SEC023", "period_decisions 2026-07 / 1")]


def test_an_end_that_was_cut_off_with_its_row_is_found_by_the_end_that_was_kept(decisions):
    kept = end_of_trail(decisions)
    assert found(decisions, kept) == []
    past_the_guards(
        decisions,
        "DELETE FROM period_decisions WHERE step = 2",
        "DELETE FROM audit_trail WHERE sequence = 4",
    )
    assert found(decisions) == []
    assert found(decisions, kept) == [("SEC026", "audit trail")]


def test_a_trail_that_was_written_anew_is_found_by_the_end_that_was_kept(decisions):
    kept = Kept.parse(str(end_of_trail(decisions)))
    past_the_guards(decisions, "UPDATE period_decisions SET by_name = 'ha' WHERE step = 1", "DELETE FROM audit_trail")
    with decisions.store.engine.connect() as connection:
        from adapters.store.trail import append_rows

        for name, (table, _) in TRAILED.items():
            columns = [table.c[column] for column in key_columns(table)]
            append_rows(
                connection, {name: [tuple(row) for row in connection.execute(sa.select(*columns))]}, SteppingClock()
            )
        connection.commit()
    assert found(decisions) == []
    assert found(decisions, kept) == [("SEC026", "audit trail")]


def test_later_decisions_do_not_hide_an_end_that_was_kept(decisions):
    kept = end_of_trail(decisions)
    with decisions.store.write("test") as connection:
        row = _month("2026-09", 1, "closed", "lan", decisions.seam.clock())
        connection.execute(STORE.tables["period_decisions"].insert(), row)
    assert found(decisions, kept) == []


def test_a_transaction_that_is_undone_leaves_no_entry(any_world):
    row = _month("2026-09", 1, "closed", "lan", any_world.seam.clock())
    with suppress(ZeroDivisionError), any_world.store.write("test") as connection:
        connection.execute(STORE.tables["period_decisions"].insert(), row)
        raise ZeroDivisionError
    assert str(end_of_trail(any_world)) == f"0:{'0' * 64}"
    assert found(any_world, Kept(0, "0" * 64)) == []


def test_every_table_in_which_somebody_is_named_is_in_the_trail():
    """A table of a later version is in it by its columns, or is stated as a copy of one that is."""
    named = {table.name for table in APPEND_ONLY if set(NAMES) & set(table.columns.keys())}
    assert named == set(TRAILED) | COPIES


def test_rows_have_a_key_by_which_two_stores_have_the_same():
    for table, _ in TRAILED.values():
        assert "sequence" not in key_columns(table) or table.name == "releases"


def test_the_trail_is_listed_and_proved_by_commands(tmp_path):
    world = open_world(Settings(home=tmp_path / "home"), clock=SteppingClock())
    decided(world)
    assert [each.entry.by for each in trail_of(world, Wanted(by="lan"), 9)] == ["lan"]
    assert [each.what for each in trail_of(world, Wanted(table="period_decisions"), 1)] == [
        "decision reopened, reason a"
    ]
    assert trail_of(world, Wanted(last=date(2025, 12, 31)), 9) == ()
    with pytest.raises(RefusedError, match="SEC025 no decisions are kept in 'ledger'"):
        trail_of(world, Wanted(table="ledger"), 1)
    env = {"RECOUP_HOME": str(world.settings.home), "COLUMNS": "200"}
    shown = CliRunner().invoke(app, ["audit"], env=env).output
    end = re.search(r"the trail ends at (\d+:[0-9a-f]{64})", shown)[1]
    assert "minh" in shown
    assert CliRunner().invoke(app, ["verify", "--kept", end], env=env).exit_code == 0
    other = CliRunner().invoke(app, ["verify", "--kept", f"4:{'a' * 64}"], env=env)
    assert other.exit_code == 1
    assert "SEC026" in other.output
    assert "SEC024" in str(CliRunner().invoke(app, ["verify", "--kept", "yesterday"], env=env).exception)
