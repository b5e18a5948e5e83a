"""Planned actions of nights: released once with the dispatch, read by the nights after, explained like any figure."""

from __future__ import annotations

import json
from datetime import date

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from adapters.store.runs import files_of_run, official_run, stage_result
from domain.manifest import Stage
from domain.planned import PLANNED
from domain.records import Grain
from flows.cli import app
from kpi_rules.evidence import Entity
from tasks.stages.adherence import planned_actions_of
from tasks.stages.explain_kpi import explain_kpi
from tasks.stages.manifests import manifest_of
from tests.conftest import copy_of

HOLIDAY, DAY, NEXT = (date(2026, 9, number) for number in (2, 3, 4))
SHORT = (Stage.GATE, Stage.ALLOCATE)


def planned_file(world, run):
    with world.store.read() as connection:
        return files_of_run(connection, run).get(PLANNED.name)


def run_of(world, day):
    with world.store.read() as connection:
        return official_run(connection, "nightly", day, Stage.ALLOCATE.value)


def planned_in(world, run):
    with world.store.read() as connection:
        return [(night.business_date, night.run) for night in manifest_of(connection, run).planned]


def test_a_night_releases_what_its_plans_ask_for_in_the_order_of_its_key(measured_world):
    run = run_of(measured_world, DAY)
    rows = pq.read_table(measured_world.settings.home / planned_file(measured_world, run).path).to_pylist()
    assert rows
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["due_from"] for row in rows} == {NEXT}
    assert {row["owner_kind"] for row in rows} <= {"employee", "partner"}
    assert all(row["due_by"] >= NEXT for row in rows)
    with measured_world.store.read() as connection:
        summary = stage_result(connection, run, Stage.ALLOCATE.value).summary
    assert summary["planned"] == len(rows) == sum(each["accounts"] for each in summary["planned_by"])
    assert summary["several_plans"] == 0


def test_a_night_that_does_not_allocate_plans_with_the_dispatch_in_force(measured_world):
    """Nobody had a segment before the first allocation: the file says that the night has planned, and nothing else."""
    assert planned_file(measured_world, run_of(measured_world, HOLIDAY)).rows == 0
    assert planned_in(measured_world, run_of(measured_world, DAY)) == [(HOLIDAY, run_of(measured_world, HOLIDAY))]


def test_the_figures_explain_themselves_from_the_rows_of_earlier_nights(measured_world):
    told = explain_kpi(measured_world, "planned_actions_due", Entity(Grain.PORTFOLIO, ()), DAY)
    assert all(one.is_equal for one in told.sums)
    assert "planned_actions" in told.sums[0].sql


@pytest.fixture
def world(measured_world, tmp_path, request):
    with copy_of(measured_world, tmp_path / "home", request) as copy:
        yield copy


@pytest.mark.slow
def test_the_past_is_not_planned_again_and_a_what_if_plans_for_itself(world, run_night, monkeypatch):
    first = run_of(world, DAY)
    again = run_night(world, DAY, SHORT)
    assert again.run != first
    assert planned_file(world, again.run) is None
    what_if = run_night(world, DAY, SHORT, what_if=True)
    mine, official = planned_file(world, what_if.run), planned_file(world, first)
    assert (mine.sha256, mine.path != official.path) == (official.sha256, True)
    following = run_night(world, NEXT, (*SHORT, Stage.MEASURE))
    assert planned_in(world, following.run) == [(HOLIDAY, run_of(world, HOLIDAY)), (DAY, first)]
    before = {(row["account_id"], row["action_id"]) for row in rows_of(world, first)}
    new = [row for row in rows_of(world, following.run) if row["caused_by"] is None]
    assert new
    assert not before & {(row["account_id"], row["action_id"]) for row in new}
    _are_counted_and_listed(world, rows_of(world, first), monkeypatch)


def _are_counted_and_listed(world, rows, monkeypatch):
    """The day after they were planned, all of them are open."""
    found = planned_actions_of(world, NEXT, each=True)
    assert sum(count.open for count in found.counts) == len(found.rows) == len(rows)
    assert {row.state for row in found.rows} == {"open"}
    one = found.rows[0]
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    asked = ["planned", "--date", str(NEXT), "--account", one.account_id, "--owner", one.owner_id, "--each", "--json"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    listed = json.loads(told.stdout)["rows"]
    assert one.action_id in {row["action_id"] for row in listed}
    assert {(row["account_id"], row["owner_id"]) for row in listed} == {(one.account_id, one.owner_id)}


def rows_of(world, run):
    return pq.read_table(world.settings.home / planned_file(world, run).path).to_pylist()
