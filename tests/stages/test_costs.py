"""What stages cost is recorded beside what they made, and Prometheus reads it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from adapters.logs import log_file, logged
from adapters.store.costs import costs_of_attempt, costs_of_newest_night, costs_of_nights
from adapters.store.runs import State, begin_attempt
from domain.manifest import RunKind, Stage
from flows.cli import app
from tasks.stages.night import Night, StageWork, run_stage
from tests.conftest import copy_of

DAY = date(2026, 9, 3)


@pytest.fixture(scope="module")
def world(request, measured_world, tmp_path_factory):
    with copy_of(measured_world, tmp_path_factory.mktemp("costs") / "home", request) as world:
        yield world


def newest(world):
    with world.store.read() as connection:
        return costs_of_newest_night(connection)


def test_each_stage_of_a_night_has_its_time_its_memory_and_its_rows(world):
    night = newest(world)
    assert (night.business_date, night.state) == (DAY, "done")
    assert [cost.stage for cost in night.stages] == ["gate", "allocate", "measure", "project"]
    for cost in night.stages:
        assert cost.seconds > 0 < cost.cpu_seconds
        assert cost.peak_mib > 50
        assert cost.rows > 0
    with world.store.read() as connection:
        assert costs_of_nights(connection, DAY, DAY)[-1] == night
        assert [each.business_date.day for each in costs_of_nights(connection, date(2026, 9, 1), DAY)] == [1, 2, 3]


def test_a_stage_that_is_finished_is_told_and_costs_nothing(world):
    night = newest(world)
    again = Night(night.run, begin_attempt(world.store, "nightly", DAY), DAY, RunKind.NIGHTLY)
    with logged(world):
        run_stage(world, again, Stage.MEASURE, lambda: pytest.fail("it is finished"))
    last = json.loads(log_file(world).read_text(encoding="utf-8").splitlines()[-1])
    assert (last["message"], last["stage"], last["run"]) == ("measure: finished before", "measure", night.run)


def test_a_stage_that_fails_leaves_no_cost_and_a_new_one_says_what_it_cost(world):
    night = newest(world)
    new = Night(night.run, begin_attempt(world.store, "nightly", DAY), DAY, RunKind.NIGHTLY)
    with logged(world), pytest.raises(ZeroDivisionError):
        run_stage(world, new, Stage.REPORT, lambda: 1 // 0)
    with logged(world):
        run_stage(world, new, Stage.REPORT, lambda: StageWork(State.DONE, {}, rows=7))
    last = json.loads(log_file(world).read_text(encoding="utf-8").splitlines()[-1])
    assert (last["message"], last["rows"], last["outcome"]) == ("report: done", 7, "done")
    assert float(last["seconds"]) < 5
    with world.store.read() as connection:
        (cost,) = costs_of_attempt(connection, new.attempt)
    assert (cost.stage, cost.rows) == ("report", 7)


def scraped(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_the_newest_night_and_what_waits_for_people(measured_world, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))
    result = CliRunner().invoke(app, ["metrics"], catch_exceptions=False)
    found = scraped(result.output)
    night = newest(measured_world)
    gate = night.of("gate")
    assert found["recoup_night_business_date_seconds",] == 1788393600
    assert found["recoup_night_state", "done"] == 1
    assert found["recoup_night_state", "failed"] == 0
    assert found["recoup_stage_seconds", "gate"] == float(gate.seconds)
    assert found["recoup_stage_peak_bytes", "gate"] == gate.peak_mib * 1024**2
    assert found["recoup_stage_rows", "gate"] == gate.rows
    assert found["recoup_ledger_entries",] == 0
    assert found["recoup_store_bytes",] > 100_000
    assert found["recoup_home_free_bytes",] > 0
    assert sum(value for key, value in found.items() if key[0] == "recoup_night_tables") > 10

    file = tmp_path / "recoup.prom"
    CliRunner().invoke(app, ["metrics", "--to", str(file)], catch_exceptions=False)
    assert scraped(file.read_text(encoding="utf-8")).keys() == found.keys()


def test_before_the_first_night_there_is_nothing_of_a_night(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOUP_HOME", str(tmp_path / "home"))
    found = scraped(CliRunner().invoke(app, ["metrics"], catch_exceptions=False).output)
    assert {name for name, *_ in found if name.startswith(("recoup_night", "recoup_stage"))} == set()
    assert found["recoup_actions_open",] == 0


def test_the_page_of_costs_is_written_from_the_store(measured_world, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))
    told = ["report", "nights", "--date", DAY.isoformat(), "--to", str(tmp_path), "--json"]
    files = json.loads(CliRunner().invoke(app, told, catch_exceptions=False).output)["files"]
    assert {Path(file).suffix for file in files} == {".html", ".xlsx"}
    assert "allocate" in (tmp_path / "nights.html").read_text(encoding="utf-8")
