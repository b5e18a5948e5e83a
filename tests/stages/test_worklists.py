"""Work lists of the day after a night: every account of a collector once, in order, within the law, nobody else's."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date
from io import StringIO

import openpyxl
import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.store.runs import official_run
from domain.manifest import Stage
from domain.worklists import Why
from flows.cli import app
from reports.languages import Language
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.session import session_of_tables
from tasks.stages.worklist import Scope, work_lists
from tasks.stages.worklist_files import write_work_lists
from tests.stages.test_reassignments import owners_on

NIGHT, DAY = date(2026, 9, 3), date(2026, 9, 4)


@pytest.fixture(scope="module")
def everybody(measured_world):
    return work_lists(measured_world, NIGHT, Scope())


def test_every_account_of_a_collector_stands_once_on_its_list(measured_world, everybody):
    owned = {account: row["owner_id"] for account, row in owners_on(measured_world, DAY).items()
             if row["owner_kind"] == "employee"}  # fmt: skip
    listed = [(item.account_id, each.employee_id) for each in everybody.lists for item in each.items]
    assert everybody.day == DAY
    assert sorted(listed) == sorted(owned.items())


def test_a_list_goes_by_its_reasons_and_field_lists_by_territory(everybody):
    places = list(Why)
    for each in everybody.lists:
        why = [places.index(item.why) for item in each.items]
        if not each.is_field:
            assert why == sorted(why)
        else:
            areas = [(item.region, item.branch_id) for item in each.items]
            assert len(set(areas)) == sum(one != other for one, other in zip([None, *areas], areas, strict=False))


@pytest.mark.parametrize(("scope", "teams"), [(Scope(team="PE-1"), {"PE-1"}), (Scope(employee="E0003"), {"PE-1"})])
def test_who_asks_for_a_team_gets_that_team_alone(measured_world, scope, teams):
    found = work_lists(measured_world, NIGHT, scope)
    assert {each.team_id for each in found.lists} == teams


def test_a_leader_gets_the_teams_of_the_people_whom_they_lead_and_no_others(measured_world):
    teams = teams_by_leader(measured_world)
    assert len(teams) > 1
    for leader, led in teams.items():
        assert {each.team_id for each in work_lists(measured_world, NIGHT, Scope(leader=leader)).lists} <= led
    with pytest.raises(RefusedError, match="WRK003 E0003 leads no team"):
        work_lists(measured_world, NIGHT, Scope(leader="E0003"))


def teams_by_leader(world):
    with world.store.read() as connection:
        run = official_run(connection, "nightly", NIGHT, Stage.GATE.value)
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
    with session_of_tables(world, manifest, accepted, ("staff_postings",)) as duck:
        statement = "SELECT DISTINCT manager_id, team_id FROM staff_postings WHERE role = 'collector'"
        rows = duck.run(statement).fetchall()
    return {leader: {team for one, team in rows if one == leader} for leader in sorted({row[0] for row in rows})}


def test_files_have_only_the_personal_data_that_the_work_needs_and_equal_lists_equal_bytes(
    measured_world, everybody, tmp_path
):
    some = replace(everybody, lists=tuple(each for each in everybody.lists if each.team_id in {"FD-1", "PE-1"}))
    first, again = (write_work_lists(measured_world, some, tmp_path / name, Language.ENGLISH) for name in "ab")
    assert [each.read_bytes() for each in first] == [each.read_bytes() for each in again]
    assert {each.stat().st_mode & 0o777 for each in first} == {0o600}
    named = {each.relative_to(tmp_path / "a").as_posix() for each in first if "Name" in header_of(each)}
    assert named == {f"FD-1/{each.employee_id}.{suffix}" for each in some.lists if each.is_field
                     for suffix in ("csv", "xlsx")}  # fmt: skip


def header_of(path):
    if path.suffix == ".csv":
        return next(csv.reader(StringIO(path.read_text(encoding="utf-8-sig"))))
    sheet = openpyxl.load_workbook(path, read_only=True).active
    return [cell for row in sheet.iter_rows(min_row=4, max_row=4, values_only=True) for cell in row]


def test_text_that_would_run_as_a_formula_does_not(measured_world, everybody, tmp_path):
    one = next(each for each in everybody.lists if each.is_field)
    evil = replace(one.items[0], name='=HYPERLINK("http://x","y")', address="+84")
    found = replace(everybody, lists=(replace(one, items=(evil,)),))
    path, *_ = write_work_lists(measured_world, found, tmp_path, Language.VIETNAMESE)
    row = list(csv.reader(StringIO(path.read_text(encoding="utf-8-sig"))))[1]
    assert row[2:4] == ['\'=HYPERLINK("http://x","y")', "'+84"]


def test_unknown(measured_world):
    with pytest.raises(RefusedError, match="WRK001 no night of 2026-09-20"):
        work_lists(measured_world, date(2026, 9, 20), Scope())
    with pytest.raises(RefusedError, match=r"WRK003 no accounts of E003 on 2026-09-04\. Did you mean"):
        work_lists(measured_world, NIGHT, Scope(employee="E003"))


def test_a_list_is_given_as_json(measured_world, monkeypatch):
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))
    asked = ["worklist", "--date", NIGHT.isoformat(), "--employee", "E0003", "--json"]
    content = json.loads(CliRunner().invoke(app, asked, catch_exceptions=False).output)
    assert {item["employee_id"] for each in content["lists"] for item in each["items"]} == {"E0003"}
