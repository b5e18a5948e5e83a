"""What months recovered: kept by their last nights, named by later manifests, and expected from."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapters.duck import duck_columns
from adapters.settings import Settings
from adapters.store.runs import StageResult, State, begin_attempt, finish_stage, record_run
from adapters.world import open_world
from allocation.recovery import Key
from domain.catalogue import CATALOGUE
from domain.ids import Digest
from domain.manifest import Manifest, RunKind, Stage
from domain.recovery import Basis
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.recovered import expect, recovered_before, recovery_file, see_month
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night
from tests.conftest import SteppingClock

DAY, NEXT_MONTH = date(2026, 9, 30), date(2026, 10, 2)
EARLY = Key("early", "VND")


@pytest.fixture
def world(tmp_path):
    return open_world(Settings(home=tmp_path / "home"), clock=SteppingClock())


@pytest.fixture
def strategy(world):
    return sound_rules(world.settings.rules).strategies.on(DAY)


def night_of(world, strategy, day, *, halted=frozenset(), opened=1000, **inputs):
    """A night that has looked at its month: the table that it expects by, and its files by name."""
    manifest = Manifest(RunKind.NIGHTLY, day, day, (Stage.ALLOCATE,), Digest("c"), (), **inputs)
    attempt = begin_attempt(world.store, "test", day)
    night = Night(record_run(world.store, manifest, attempt), attempt, day, RunKind.NIGHTLY)
    with session_of_night(world, manifest, ()) as duck:
        _fill(duck, day, opened)
        seen = see_month(world, night, duck, strategy, halted)
        table = expect(world, manifest, duck, strategy, seen)
    files = (*seen, recovery_file(world, night, table))
    with world.store.write("test") as connection:
        finish_stage(
            world.store, connection, night.run, attempt, StageResult(Stage.ALLOCATE.value, State.DONE, {}), files
        )
    return table, {file.name: file.sha256 for file in files}


def _fill(duck, day, opened):
    """One account, ten days overdue, of which 300 came in on the first of the month; without `opened` no book."""
    account = {"account_id": "A1", "debtor_id": "D1", "product": "card", "currency": "VND", "balance": 5000,
               "overdue_amount": opened, "days_past_due": 10, "status": "open", "hold": "none"}  # fmt: skip
    paid = {"payment_id": "P1", "account_id": "A1", "currency": "VND", "amount": 300, "waiver": 0,
            "posted_on": day.replace(day=1)}  # fmt: skip
    for view, table, row in (("accounts_opening", "accounts", account), ("payments", "payments", paid)):
        columns = duck_columns(CATALOGUE[table])
        shown = ", ".join(f'CAST({_literal(row.get(name))} AS {kind}) AS "{name}"' for name, kind in columns.items())
        duck.run(f'CREATE OR REPLACE VIEW "{view}" AS SELECT {shown}{"" if opened else " WHERE false"}')


def _literal(value):
    return "NULL" if value is None else f"'{value}'"


def named(world, strategy, day, known_as_of=None):
    with world.store.read() as connection:
        return recovered_before(connection, day, strategy, known_as_of)


def test_the_last_week_of_a_month_keeps_what_it_recovered_and_the_last_night_counts(world, strategy):
    found = {day: night_of(world, strategy, date(2026, 9, day))[1] for day in (23, 24, 29, 30)}
    assert ["recovered" in files for files in found.values()] == [False, True, True, True]
    assert named(world, strategy, NEXT_MONTH) == (found[30]["recovered"],)
    assert named(world, strategy, DAY) == ()  # nothing of its own month
    assert named(world, strategy, date(2027, 3, 31)) == (found[30]["recovered"],)
    assert named(world, strategy, date(2027, 4, 1)) == ()  # seven months ago
    assert named(world, strategy, NEXT_MONTH, datetime(2020, 1, 1, tzinfo=UTC)) == ()  # nothing was known


def test_a_later_night_expects_what_its_manifest_names(world, strategy):
    at_the_end, files = night_of(world, strategy, DAY)
    later, _ = night_of(world, strategy, NEXT_MONTH, recovered=(files["recovered"],))
    assert later.rates[EARLY].basis is Basis.HISTORY
    assert later.rates == at_the_end.rates  # the month was over on its last day
    assert later.rates[EARLY].rate < 1.20  # three tenths came in, of one account


def test_without_earlier_months_the_month_so_far_counts_in_its_last_week(world, strategy):
    stated, _ = night_of(world, strategy, date(2026, 9, 23))
    so_far, _ = night_of(world, strategy, date(2026, 9, 24))
    assert (stated.rates[EARLY].basis, stated.rates[EARLY].rate) == (None, 1.20)
    assert so_far.rates[EARLY].basis is Basis.OWN_MONTH


@pytest.mark.parametrize("without", [{"halted": frozenset({"payments"})}, {"opened": 0}])
def test_a_month_that_is_not_known_is_not_kept(world, strategy, without):
    table, files = night_of(world, strategy, DAY, **without)
    assert "recovered" not in files
    assert table.rates[EARLY].basis is None


def test_equal_inputs_give_equal_bytes(world, strategy, tmp_path):
    other = open_world(Settings(home=tmp_path / "other"), clock=SteppingClock())
    assert night_of(world, strategy, DAY)[1] == night_of(other, strategy, DAY)[1]


def test_the_manifest_is_read_back_with_what_it_names(world):
    manifest = Manifest(RunKind.NIGHTLY, DAY, DAY, (), Digest("c"), (), recovered=(Digest("d"),))
    run = record_run(world.store, manifest, begin_attempt(world.store, "test", DAY))
    with world.store.read() as connection:
        assert manifest_of(connection, run) == manifest
