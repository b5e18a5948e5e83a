"""Explained KPIs: the sums are found again in what the run read, and the rows are those that were counted."""

from __future__ import annotations

import csv
import json
from datetime import date

import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.store.results import read_kpis
from adapters.store.runs import official_run
from domain.manifest import RunKind, Stage
from domain.records import Grain
from flows.cli import app
from kpi_rules.evidence import Entity
from tasks.stages.explain_kpi import explain_kpi
from tasks.stages.league import Asked, league_on

DAYS = tuple(date(2026, 9, number) for number in (1, 2, 3))
PORTFOLIO = Entity(Grain.PORTFOLIO, ())


@pytest.fixture(scope="module")
def measured(measured_world):
    """The world, and what its last night has measured."""
    with measured_world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, DAYS[-1], Stage.MEASURE.value)
        return measured_world, read_kpis(connection, run)


def _all_sums(found):
    yield from found.sums
    for part in found.parts:
        yield from _all_sums(part)


@pytest.mark.slow
def test_every_kpi_of_an_employee_or_of_the_portfolio_is_found_again_as_it_was_stored(measured):
    world, results = measured
    first = {}
    for grain in (Grain.EMPLOYEE, Grain.PORTFOLIO):
        for result in results:
            if result.grain is grain and result.value:
                first.setdefault(result.kpi, result)
    assert {result.grain for result in first.values()} == {Grain.EMPLOYEE, Grain.PORTFOLIO}
    assert len(first) > 40
    for kpi, result in first.items():
        grain = result.grain
        names = () if grain is Grain.PORTFOLIO else (result.entity,)
        found = explain_kpi(world, kpi, Entity(grain, names, result.currency), DAYS[-1])
        assert [one for one in _all_sums(found) if not one.is_equal] == [], kpi
        assert found.result == result


def test_the_rows_are_those_that_were_counted(measured, tmp_path):
    world, results = measured
    calls = next(one for one in results if one.kpi == "calls_made" and one.grain is Grain.EMPLOYEE and one.value > 1)
    explain_kpi(world, "calls_made", Entity(Grain.EMPLOYEE, (calls.entity,)), DAYS[-1], tmp_path)
    with (tmp_path / "calls_made-1.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == calls.value
    assert {(row["employee_id"], row["channel"], row["direction"]) for row in rows} == {(calls.entity, "call", "out")}


@pytest.mark.parametrize(
    ("asked", "day", "told"),
    [
        (Asked("promise_rate"), date(2020, 1, 1), "EXK001"),
        (Asked("promise_rat"), DAYS[-1], 'LGE001 no KPI "promise_rat" .*Did you mean "promise_rate"'),
        (Asked("qa_score"), DAYS[-1], 'LGE002 "qa_score" is no rate of two sums over accounts'),
        (Asked("promise_rate", Grain.PORTFOLIO), DAYS[-1], "LGE003 .*no league per portfolio, but per employee, team"),
        (Asked("days_to_answer", Grain.TEAM), DAYS[-1], "LGE003 .*but per department"),
        (Asked("promise_rate", strata=("buckett",)), DAYS[-1], 'LGE004 .*"buckett". Did you mean "bucket"'),
        (Asked("recovery_rate"), DAYS[-1], "LGE006 .*CNY, VND: state one with --currency"),
        (Asked("recovery_rate", currency="USD"), DAYS[-1], "LGE006"),
    ],
)
def test_what_cannot_be_compared_is_told(measured, asked, day, told):
    world, _ = measured
    with pytest.raises(RefusedError, match=told):
        league_on(world, day, asked)


def test_a_league_has_the_figures_of_the_night(measured, monkeypatch):
    world, results = measured
    found = league_on(world, DAYS[-1], Asked("right_party_per_attempt", Grain.TEAM, ("product",)))
    assert found.is_share
    mine = [one for one in results if one.kpi == found.kpi and one.grain is Grain.TEAM]
    stored = {one.entity: (one.numerator, one.denominator) for one in mine}
    assert found.league.standings
    for each in found.league.standings:
        assert stored[each.entity] == (each.actual + each.outside, each.denominator)
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    asked = ["league", "right_party_per_attempt", "--date", str(DAYS[-1]), "--grain", "team", "--like", "product"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    assert "can be told apart from the average" in told.stdout
    as_json = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert [one["entity"] for one in as_json["league"]["standings"]] == [e.entity for e in found.league.standings]


@pytest.mark.parametrize(
    ("kpi", "entity", "day", "told"),
    [
        ("calls_made", PORTFOLIO, date(2020, 1, 1), "EXK001"),
        ("calls_mad", PORTFOLIO, DAYS[-1], 'EXK002 no KPI "calls_mad" .*Did you mean "calls_made"'),
        ("qa_score", Entity(Grain.BRANCH, ("BR001",)), DAYS[-1], "EXK003 .*not measured per branch"),
        ("calls_made", Entity(Grain.EMPLOYEE, ("E0",)), DAYS[-1], 'EXK003 employee "E0" has no figure'),
        ("recovered", PORTFOLIO, DAYS[-1], "EXK004 .*CNY, VND: state --currency"),
        ("recovered", Entity(Grain.PORTFOLIO, (), "USD"), DAYS[-1], "EXK004"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(measured, kpi, entity, day, told):
    world, _ = measured
    with pytest.raises(RefusedError, match=told):
        explain_kpi(world, kpi, entity, day)


def test_the_command_prints_the_sums_and_that_they_are_as_stored(measured, monkeypatch):
    world, _ = measured
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    told = CliRunner().invoke(app, ["explain", "kpi", "promise_rate", "--date", str(DAYS[-1])])
    assert told.exit_code == 0, told.output
    assert told.stdout.count("as stored") == 2
    assert "BUT STORED" not in told.stdout
    as_json = CliRunner().invoke(app, ["explain", "kpi", "promise_rate", "--date", str(DAYS[-1]), "--json"])
    assert json.loads(as_json.stdout)["result"]["kpi"] == "promise_rate"
    two = CliRunner().invoke(app, ["explain", "kpi", "x", "--date", str(DAYS[-1]), "--team", "a", "--branch", "b"])
    assert two.exit_code == 2
