"""Placement and recall files: the contracted columns, once, the same however often; and what the partner answers."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import openpyxl
import pyarrow as pa
import pytest

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.actions import read_actions
from adapters.store.releases import Decision, ReleaseKind, insert_release, next_sequence
from adapters.store.runs import begin_attempt
from adapters.world import open_world
from domain.dispatch import CHANGES
from domain.manifest import HandedFile
from domain.partner_files import FileKind
from tasks.stages.handed_files import handed_files
from tasks.stages.night import write_table
from tasks.stages.partner_answers import acknowledge, open_at_partners
from tasks.stages.partner_files import export_partner_files
from tasks.stages.rules import sound_rules
from tests.conftest import SteppingClock, copy_of
from tests.stages.books import edit, house_book
from tests.stages.test_reassignments import owners_on

NIGHT, DAY = date(2026, 9, 3), date(2026, 9, 4)
COLUMNS = ["account_id", "debtor_name", "phone", "address", "product", "language", "currency", "balance",
           "overdue_amount", "days_past_due", "placed_on", "term_ends_on"]  # fmt: skip


@pytest.fixture
def world(measured_world, tmp_path, request):
    with copy_of(measured_world, tmp_path / "home", request) as copy:
        yield open_world(copy.settings, clock=SteppingClock(datetime(2026, 9, 4, 2, tzinfo=UTC)))


def attempt(world):
    return begin_attempt(world.store, "partners", None)


def export(world, **given):
    return export_partner_files(world, NIGHT, by="operations", attempt=attempt(world), **given)


def placement(world):
    return next(each for each in export(world) if each.kind is FileKind.PLACEMENT)


def lines_of(file):
    return list(csv.DictReader(file.path.read_text(encoding="utf-8").splitlines()))


def test_a_file_has_the_columns_of_the_contract_the_accounts_of_the_day_and_a_control(world):
    before, after = (owners_on(world, day) for day in (NIGHT, DAY))
    file = placement(world)
    lines = lines_of(file)
    assert list(lines[0]) == COLUMNS
    for line in lines:
        account = line["account_id"]
        assert (after[account]["owner_kind"], after[account]["owner_id"]) == ("partner", file.partner_id)
        assert before[account]["owner_id"] != file.partner_id
        assert (line["placed_on"], line["term_ends_on"]) == ("2026-09-04", "2027-03-03")
        assert not line["phone"].startswith("'")
    control = json.loads(file.path.with_suffix(".control.json").read_text(encoding="utf-8"))
    assert control["sha256"] == file.sha256 == sha256(file.path.read_bytes()).hexdigest()
    assert control["rows"] == len(lines)
    assert file.path.stat().st_mode & 0o777 == 0o600
    workbook = file.path.with_suffix(".xlsx")
    (sheet,) = openpyxl.load_workbook(workbook).worksheets
    header, *rows = ([cell.value for cell in row] for row in sheet.iter_rows())
    assert header == COLUMNS
    assert [[row[COLUMNS.index(name)] for name in ("account_id", "placed_on")] for row in rows] == [
        [line["account_id"], line["placed_on"]] for line in lines
    ]
    assert workbook.stat().st_mode & 0o777 == 0o600


def test_a_recall_says_since_when_and_why(world):
    recalls = [line for each in export(world) if each.kind is FileKind.RECALL for line in lines_of(each)]
    after = owners_on(world, DAY)
    assert recalls
    for line in recalls:
        assert line["recalled_on"] == "2026-09-04"
        assert line["reason"] == after[line["account_id"]]["reason"]


def test_nothing_is_exported_twice_and_a_file_that_is_gone_comes_back_byte_for_byte(world):
    first = export(world)
    paths = [path for each in first for path in (each.path, each.path.with_suffix(".xlsx"))]
    content = {path: path.read_bytes() for path in paths}
    for gone in (paths[0], paths[3]):  # of one file the CSV, of another the workbook
        gone.unlink()
    assert export(world) == first
    assert {path: path.read_bytes() for path in content} == content


def moved_since(world, account):
    """Another release of the same day takes the account from the partner."""
    row = {"account_id": account, "valid_from": DAY, "owner_kind": "house", "owner_id": "HOUSE", "reason": "override:9",
           "department_id": None, "team_id": None, "segment": None, "channel": None}  # fmt: skip
    with world.store.write("test") as connection:
        row["release_sequence"] = sequence = next_sequence(connection)
        types = {"valid_from": pa.date32(), "release_sequence": pa.int64()}
        columns = {name: pa.array([row[name]], types.get(name, pa.string())) for name in CHANGES.names}
        path = world.settings.home / "dispatch" / "later.parquet"
        file = world.seam.write_file(path, lambda part: write_table(pa.table(columns), part), point="test")
        insert_release(world, connection, Decision(ReleaseKind.OVERRIDE, DAY, "b", "x"), sequence, file, 1, None)


def test_a_correction_is_a_new_file_that_names_the_one_it_replaces(world):
    first = placement(world)
    taken = lines_of(first)[0]["account_id"]
    moved_since(world, taken)
    with pytest.raises(RefusedError, match=f"{first.file_id} PTF004 would come out different"):
        export(world)
    with pytest.raises(RefusedError, match="PTF011"):
        export(world, correct=True)
    (second,) = (each for each in export(world, correct=True, reason="taken back") if each.replaces == first.file_id)
    assert second.file_id == f"{first.file_id}-2"
    assert [line["account_id"] for line in lines_of(second)] == [
        line["account_id"] for line in lines_of(first) if line["account_id"] != taken
    ]
    again = {each.file_id for each in export(world)}
    assert second.file_id in again
    assert first.file_id not in again


def acknowledged(folder, file, *lines):
    path = folder / "answer.csv"
    rows = [f"{file.file_id},{','.join(line)}" for line in lines]
    path.write_text("\n".join(["file_id,account_id,outcome,reason", *rows]), encoding="utf-8")
    return path


CONTRACTS = sound_rules(Settings().rules).contracts  # within three days


def handed(world, day):
    with world.store.read() as connection:
        return {each.file_id: each for each in handed_files(connection, CONTRACTS, day)}


def test_a_file_is_acknowledged_when_its_last_line_is_answered_and_in_time_within_the_days_of_its_contract(
    world, tmp_path
):
    file = placement(world)
    first, *others = (line["account_id"] for line in lines_of(file))
    due = date(2026, 9, 7)
    assert file.file_id not in handed(world, due - timedelta(days=1)), "it is not due yet"
    expected = HandedFile(file.file_id, file.partner_id, file.contract_id, "placement", DAY, due, 1 + len(others), None)
    assert handed(world, due)[file.file_id] == expected
    later = open_world(world.settings, clock=SteppingClock(datetime(2026, 9, 9, 2, tzinfo=UTC)))
    one = acknowledged(tmp_path, file, (first, "accepted", ""))
    acknowledge(later, one, by="operations", attempt=attempt(later), received_on=DAY)
    assert handed(world, due)[file.file_id] == expected, "a line is open"
    rest = acknowledged(tmp_path, file, *((each, "accepted", "") for each in others))
    acknowledge(later, rest, by="operations", attempt=attempt(later), received_on=date(2026, 9, 6))
    assert handed(world, due)[file.file_id] == replace(expected, answered_on=date(2026, 9, 6))
    assert handed(world, DAY + timedelta(days=500)) == {}, "beyond every window"


def test_an_answer_counts_from_the_day_on_which_it_came_and_a_file_that_was_made_late_is_due_later(world, tmp_path):
    late = open_world(world.settings, clock=SteppingClock(datetime(2026, 9, 9, 2, tzinfo=UTC)))
    file = placement(late)
    due = date(2026, 9, 12)
    answers = acknowledged(tmp_path, file, *((each["account_id"], "accepted", "") for each in lines_of(file)))
    at_last = open_world(world.settings, clock=SteppingClock(datetime(2026, 9, 20, 2, tzinfo=UTC)))
    acknowledge(at_last, answers, by="operations", attempt=attempt(at_last))
    assert (handed(world, due)[file.file_id].due_on, handed(world, due)[file.file_id].answered_on) == (due, None)
    assert handed(world, date(2026, 9, 20))[file.file_id].answered_on == date(2026, 9, 20)


@pytest.mark.parametrize("day", [date(2026, 9, 3), date(2026, 9, 5)], ids=["before it went out", "tomorrow"])
def test_an_answer_comes_between_the_day_of_its_file_and_today(world, tmp_path, day):
    file = placement(world)
    answer = acknowledged(tmp_path, file, (lines_of(file)[0]["account_id"], "accepted", ""))
    with pytest.raises(RefusedError, match=f"PTF019 it cannot have come on {day}"):
        acknowledge(world, answer, by="operations", attempt=attempt(world), received_on=day)


def test_what_a_partner_rejects_is_an_action_and_what_it_leaves_out_is_told(world, tmp_path):
    file = placement(world)
    accounts = [line["account_id"] for line in lines_of(file)]
    answer = acknowledged(tmp_path, file, (accounts[0], "accepted", ""), (accounts[1], "rejected", "no such person"))
    done = acknowledge(world, answer, by="operations", attempt=attempt(world))
    assert (done.accepted, done.rejected, done.missing) == (1, 1, tuple(sorted(accounts[2:])))
    with world.store.read() as connection:
        (action,) = read_actions(connection, source="partner_rejected")
    assert (action.opened.subject_id, action.owner, action.deadline) == (
        accounts[1], "head_of_partners", date(2026, 9, 9))  # fmt: skip
    assert "no such person" in action.opened.about
    mine = [each for each in open_at_partners(world) if each.file_id == file.file_id]
    assert {each.account_id for each in mine} == set(accounts[1:])
    again = acknowledge(world, answer, by="operations", attempt=attempt(world))
    assert (again.accepted, again.rejected) == (0, 0)
    with pytest.raises(RefusedError, match="PTF016"):
        acknowledge(
            world, acknowledged(tmp_path, file, (accounts[0], "rejected", "late")), by="o", attempt=attempt(world)
        )


def test_no_data_leave_under_a_contract_that_is_not_signed(world, tmp_path):
    title = "title: Standard contingency fee by age at placement, CNY"
    edits = {"incentives/contracts/standard.yaml": ((title, f"{title}, anew"),)}
    rules = edit(house_book(tmp_path / "rules"), edits)
    changed = open_world(world.settings.model_copy(update={"rules": rules}), clock=SteppingClock())
    with pytest.raises(RefusedError, match="contract standard_cny PTF003 is not signed"):
        export(changed)
