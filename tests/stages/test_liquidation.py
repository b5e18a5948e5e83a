"""What months saw of their overdue money: kept with the night, named by later manifests, and read from there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapters.duck import duck_columns
from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.runs import StageResult, State, begin_attempt, finish_stage, record_run
from adapters.world import open_world
from domain.catalogue import CATALOGUE
from domain.ids import Digest
from domain.manifest import Manifest, RunKind, Stage
from domain.recovery import Basis
from kpi_rules.views import CREDITS
from tasks.stages.liquidation import expect_recovery, liquidation_before, rates_on
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.session import session_of_night
from tests.conftest import SteppingClock

DAY, NEXT_MONTH = date(2026, 9, 30), date(2026, 10, 1)


@pytest.fixture
def world(tmp_path):
    return open_world(Settings(home=tmp_path / "home"), clock=SteppingClock())


def night_of(world, day, **inputs):
    """A night that has measured: its rates and what it saw are files of its run."""
    manifest = Manifest(RunKind.NIGHTLY, day, day, (Stage.MEASURE,), Digest("c"), (), **inputs)
    attempt = begin_attempt(world.store, "test", day)
    night = Night(record_run(world.store, manifest, attempt), attempt, day, RunKind.NIGHTLY)
    with session_of_night(world, manifest, ()) as duck:
        _fill(duck, day)
        files = expect_recovery(world, night, duck)
    with world.store.write("test") as connection:
        result = StageResult(Stage.MEASURE.value, State.DONE, {})
        finish_stage(world.store, connection, night.run, attempt, result, files)
    return {file.name: file for file in files}


def _fill(duck, day):
    """One account, of which a tenth comes in on the first of the month."""
    opened = {"account_id": "A1", "product": "card", "currency": "VND", "balance": 5000, "overdue_amount": 1000,
              "days_past_due": 10, "status": "open", "hold": "none"}  # fmt: skip
    paid = {"payment_id": "P1", "account_id": "A1", "currency": "VND", "recovered": 100,
            "posted_on": day.replace(day=1)}  # fmt: skip
    for view, table, row in (("accounts_opening", CATALOGUE["accounts"], opened), ("credits", CREDITS, paid)):
        columns = duck_columns(table)
        shown = ", ".join(f'CAST({_literal(row.get(name))} AS {kind}) AS "{name}"' for name, kind in columns.items())
        duck.run(f'CREATE OR REPLACE VIEW "{view}" AS SELECT {shown}')


def _literal(value):
    return "NULL" if value is None else f"'{value}'"


def named(world, day, known_as_of=None):
    with world.store.read() as connection:
        return liquidation_before(connection, day, known_as_of)


def test_of_each_month_before_its_last_night_counts_for_half_a_year(world):
    files = [night_of(world, day)["liquidation"].sha256 for day in (date(2026, 8, 30), date(2026, 9, 29), DAY)]
    assert named(world, NEXT_MONTH) == (files[0], files[2])
    assert named(world, DAY) == (files[0],)  # nothing of its own month
    assert named(world, date(2027, 3, 31)) == (files[2],)  # August is seven months ago
    assert named(world, NEXT_MONTH, datetime(2020, 1, 1, tzinfo=UTC)) == ()  # nothing was known


def test_a_night_expects_what_its_manifest_names_and_else_what_its_own_month_saw(world):
    saw = night_of(world, DAY)["liquidation"].sha256
    own = rates_on(world, DAY)
    assert [(rate.basis, rate.seen.accounts) for rate in own] == [(Basis.OWN_MONTH, 1)] * 4
    assert {rate.rate for rate in own} == {own[0].raw}  # 100 ÷ (1,000 × 30)
    night_of(world, NEXT_MONTH, liquidation=(saw,))
    later = rates_on(world, NEXT_MONTH)
    assert {rate.basis for rate in later} == {Basis.HISTORY}
    assert [rate.rate for rate in later] == [rate.rate for rate in own]


def test_the_manifest_is_read_back_with_what_it_names(world):
    saw = night_of(world, DAY)["liquidation"].sha256
    manifest = Manifest(RunKind.NIGHTLY, NEXT_MONTH, NEXT_MONTH, (), Digest("c"), (), liquidation=(saw,))
    run = record_run(world.store, manifest, begin_attempt(world.store, "test", NEXT_MONTH))
    with world.store.read() as connection:
        assert manifest_of(connection, run) == manifest


def test_a_night_that_expected_nothing_says_so(world):
    manifest = Manifest(RunKind.NIGHTLY, DAY, DAY, (Stage.MEASURE,), Digest("c"), ())
    run = record_run(world.store, manifest, attempt := begin_attempt(world.store, "test", DAY))
    with pytest.raises(RefusedError, match="EXK001 no night"):
        rates_on(world, DAY)
    with world.store.write("test") as connection:
        finish_stage(world.store, connection, run, attempt, StageResult(Stage.MEASURE.value, State.DONE, {}))
    with pytest.raises(RefusedError, match=r"EXK005 .*payments were halted"):
        rates_on(world, DAY)
