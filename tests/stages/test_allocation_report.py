"""The report of a night's allocation: from what the night kept; what it says of an account, `recoup explain` says."""

from __future__ import annotations

import json
from datetime import date

import openpyxl
import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from allocation.moves import Why
from domain.records import Grain
from flows.cli import app
from reports.allocation import allocation_report
from reports.languages import Language
from reports.scopes import Scope
from tasks.stages.allocation_report import allocation_facts, allocation_report_files
from tasks.stages.explain_allocation import explain_allocation
from tests.stages.test_reassignments import owners_on

NIGHT, DAY = date(2026, 9, 3), date(2026, 9, 4)
CLOSED_TO_OWNER = {Why.SEGMENT, Why.ESCALATED, Why.NOT_ELIGIBLE, Why.ROTATED, Why.RECALLED, Why.BARRED}
OPEN_TO_OWNER = {Why.BETTER, Why.LIMIT}
WORDS = {Why.HELD: "held:", Why.EXCLUDED: "excluded:", Why.PLACED: "placement_in_force"}


@pytest.fixture(scope="module")
def facts(measured_world):
    return allocation_facts(measured_world, NIGHT, Language.ENGLISH)


def test_what_was_decided_is_found_again_and_ties_out(facts):
    report = allocation_report(facts, Language.ENGLISH)
    assert [tie.is_equal for tie in report.tie_outs] == [True, True]
    assert facts.value <= facts.bound
    assert sum(accounts for *_, accounts in facts.segments) == facts.book


def test_moves_are_what_the_dispatch_says_of_both_days(measured_world, facts):
    worked = {"employee", "partner"}
    before, after = (
        {account: (row["owner_kind"], row["owner_id"]) for account, row in owners_on(measured_world, day).items()
         if row["owner_kind"] in worked}
        for day in (NIGHT, DAY)
    )  # fmt: skip
    changed = {account for account in {*before, *after} if before.get(account) != after.get(account)}
    assert {move.account_id for move in facts.moves} == changed
    assert len(changed) > 50


def test_who_got_what_is_what_the_dispatch_says(measured_world, facts):
    owned = [row["owner_id"] for row in owners_on(measured_world, DAY).values() if row["owner_kind"] == "employee"]
    got = {one.key: one.accounts for one in facts.got if one.team}
    assert got == {f"employee:{name}": owned.count(name) for name in owned}


def test_explain_says_the_same_of_one_move_of_each_kind(measured_world, facts):
    """What stood in the way of the old owner, or did not, explain finds in its own way."""
    kinds = {move.why: move for move in facts.moves}
    assert {Why.HELD, Why.SEGMENT, Why.LIMIT, Why.PLACED} <= kinds.keys()
    for move in kinds.values():
        found = explain_allocation(measured_world, move.account_id, NIGHT)
        assert found.moved is not None
        assert (found.moved.why, found.moved.detail) == (move.why, move.detail)
        standing = {place.destination: place.standing for place in found.places}.get(move.from_owner, "")
        if move.why in CLOSED_TO_OWNER:
            assert standing == "excluded"
        if move.why in OPEN_TO_OWNER:
            assert standing in {"possible", "next best"}
        if move.why in WORDS:
            assert found.decision["reason"].startswith(WORDS[move.why])


def test_who_has_not_moved_is_told_no_reason(measured_world, facts):
    moved = {move.account_id for move in facts.moves}
    account = next(one for one, row in owners_on(measured_world, DAY).items() if one not in moved and row["segment"])
    assert explain_allocation(measured_world, account, NIGHT).moved is None


def test_a_team_sees_its_own_accounts_alone(facts):
    team = next(one.team for one in facts.got if one.team)
    mine = {one.key.partition(":")[2] for one in facts.got if one.team == team}
    report = allocation_report(facts, Language.VIETNAMESE, Scope(Grain.TEAM, team))
    sections = {section.name: section for section in report.sections}
    assert {row.cells[0] for row in sections["people"].rows} == mine
    assert all({row.cells[1], row.cells[2]} & mine for row in sections["moves"].rows)
    others = {one.key.partition(":")[2] for one in facts.got if one.team} - mine
    said = {text for row in sections["moves"].rows for text in row.cells[1:3]}
    assert said & {one.team for one in facts.got}, "of people elsewhere the team is told"
    assert not said & others
    assert not {"costs", "segments", "partners"} & sections.keys()


def test_the_page_shows_some_moves_and_the_workbook_all(measured_world, facts, tmp_path):
    scope = Scope(Grain.DEPARTMENT, "legal")
    page, book = allocation_report_files(measured_world, facts, Language.ENGLISH, tmp_path, scope)
    sheet = openpyxl.load_workbook(book)["Every account that changed hand"]
    mine = [move for move in facts.moves if "legal" in {move.from_department, move.to_department}]
    assert {row[0].value for row in sheet.iter_rows()} >= {move.account_id for move in mine}
    assert "capacity" in page.read_text(encoding="utf-8")
    with pytest.raises(RefusedError, match="REP002"):
        allocation_report_files(measured_world, facts, Language.ENGLISH, tmp_path, Scope(Grain.TEAM, "XX-9"))


def test_a_night_that_did_not_allocate_has_no_report(measured_world):
    with pytest.raises(RefusedError, match="EXA001"):
        allocation_facts(measured_world, date(2026, 9, 20), Language.ENGLISH)


def test_the_command_writes_files_and_gives_figures(measured_world, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))
    asked = ["report", "allocation", "--date", NIGHT.isoformat(), "--to", str(tmp_path), "--team", "PE-1", "--json"]
    content = json.loads(CliRunner().invoke(app, asked, catch_exceptions=False).stdout)
    assert [path.rpartition("/")[2] for path in content["files"]] == ["PE-1.html", "PE-1.xlsx"]
    assert {"value", "bound", "gap", "moves", "costs", "spreads", "prices", "unkept"} <= content.keys()
