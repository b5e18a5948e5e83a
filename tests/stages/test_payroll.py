"""Payroll and journal files of a published batch, and the payroll system's answer taken back in."""

from __future__ import annotations

import csv
import json
from datetime import date

import pytest
import sqlalchemy as sa

from adapters.errors import FileChangedError, RefusedError
from adapters.store.ledger import read_entries
from adapters.store.runs import StageResult, State, begin_attempt, finish_stage, record_run, stages_of
from adapters.store.schema import payroll_answers, payroll_returns
from domain.ids import digest_of
from domain.manifest import Manifest, RunKind, Stage
from domain.periods import Period
from incentives.ledger import BatchKind
from incentives.payroll import Terms
from tasks.stages.payroll import JOURNAL, PAYROLL, reissue_rejected, write_pay_files
from tasks.stages.payroll_return import open_lines, take_in
from tests.stages.paid import house_policy, line_by, month_end_run, publish_lines

SEPTEMBER = Period(2026, 9)
SCORES = {"E0001": "98.5", "E0002": "75", "E0003": "110"}
TERMS = {payee: Terms(f"PR{payee}", "CC-FIELD") for payee in SCORES}
NIGHT = date(2026, 10, 6)
HEADER = "line_id,outcome,amount,currency,paid_on,reason"


def terms_of(world, run, day):
    return TERMS


@pytest.fixture
def batch(world):
    policy = house_policy(world, "field_vnd")
    night = month_end_run(world, SEPTEMBER, nonce="night")
    run = month_end_run(world, SEPTEMBER, source=night)
    inputs = {"critical_fails": "0", "upheld_complaints": "0"}
    lines = [line_by(policy, payee, "field", {**inputs, "score": score}) for payee, score in SCORES.items()]
    return publish_lines(world, run, "field", lines)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(world, batch):
    return {export.kind: export for export in write_pay_files(world, batch, terms_of=terms_of)}


def test_the_payroll_file_is_the_ledger_line_by_line_with_payroll_numbers(world, batch):
    with world.store.read() as connection:
        entries = read_entries(connection, [batch])
    rows = rows_of(files(world, batch)[PAYROLL].path)
    assert [(row["line_id"], row["employee_id"], int(row["amount"])) for row in rows] == [
        (f"{entry.sequence}-1", entry.payee, entry.amount_minor) for entry in entries
    ]
    assert {(row["layout"], row["payroll_number"][:2], row["cost_centre"]) for row in rows} == {
        ("payroll-1", "PR", "CC-FIELD")
    }


def test_control_totals_stand_beside_the_file_and_are_its_sums(world, batch):
    export = files(world, batch)[PAYROLL]
    control = json.loads(export.path.with_suffix(".totals.json").read_text(encoding="utf-8"))
    assert control["totals_minor"] == {"VND": sum(int(row["amount"]) for row in rows_of(export.path))}
    assert (control["rows"], control["sha256"]) == (3, export.sha256)


def test_the_journal_balances_and_comes_to_the_payroll_file(world, batch):
    found = files(world, batch)
    rows = rows_of(found[JOURNAL].path)
    assert [(row["account"], row["cost_centre"]) for row in rows] == [("6421", "CC-FIELD"), ("3341", "CC-FIELD")]
    debit, credit = (sum(int(row[side]) for row in rows) for side in ("debit", "credit"))
    assert debit == credit == sum(int(row["amount"]) for row in rows_of(found[PAYROLL].path))


def test_asking_again_changes_nothing_and_brings_back_what_is_gone(world, batch):
    before = {export.path: export.path.read_bytes() for export in files(world, batch).values()}
    for path in before:
        path.unlink()
    again = write_pay_files(world, batch, terms_of=lambda *_: {})
    assert {export.path: export.path.read_bytes() for export in again} == before


def test_a_file_of_a_process_that_died_before_registering_is_written_over(world, batch):
    place = world.settings.home / f"reports/2026-09/payroll/{batch}.payroll.csv"
    place.parent.mkdir(parents=True)
    place.write_text("half of", encoding="utf-8")
    assert len(rows_of(files(world, batch)[PAYROLL].path)) == 3


def test_a_file_that_would_come_out_different_is_not_written(world, batch):
    journal = files(world, batch)[JOURNAL].path
    journal.unlink()
    other = world.settings.model_copy(update={"bonus_expense_account": "9999"})
    with pytest.raises(FileChangedError, match="PYR004"):
        write_pay_files(type(world)(other, world.seam, world.store), batch, terms_of=terms_of)
    assert not journal.exists()


def test_everybody_without_a_payroll_number_is_told_at_once_and_no_file_is_written(world, batch):
    known = {"E0002": TERMS["E0002"], "E0003": Terms("", "CC")}
    with pytest.raises(RefusedError) as caught:
        write_pay_files(world, batch, terms_of=lambda *_: known)
    assert [line.split()[1:3] for line in str(caught.value).splitlines()] == [["E0001", "PYR001"], ["E0003", "PYR001"]]
    assert not (world.settings.home / "reports/2026-09/payroll").exists()


def test_an_unpublished_batch_has_no_files(world):
    policy = house_policy(world, "field_vnd")
    inputs = {"score": "80", "critical_fails": "0", "upheld_complaints": "0"}
    line = line_by(policy, "E0001", "field", inputs)
    batch = publish_lines(world, month_end_run(world, SEPTEMBER), "field", [line], decisions=2)
    with pytest.raises(RefusedError, match="PYR002 is prepared"):
        write_pay_files(world, batch, terms_of=terms_of)


def test_a_partners_fee_goes_to_the_journal_and_not_to_payroll(world):
    policy = house_policy(world, "field_vnd")
    inputs = {"score": "80", "critical_fails": "0", "upheld_complaints": "0"}
    line = line_by(policy, "R01", "R01", inputs)
    batch = publish_lines(world, month_end_run(world, SEPTEMBER), "R01", [line], kind=BatchKind.FEE)
    (export,) = write_pay_files(world, batch, terms_of=terms_of)
    assert [row["account"] for row in rows_of(export.path)] == ["6427", "331"]


# The way back.


def answer(world, tmp_path, *rows, name="back.csv"):
    path = tmp_path / name
    path.write_text("\r\n".join([HEADER, *rows]), encoding="utf-8-sig")
    return take_in(world, path, by="payroll clerk")


def lines_of(world, batch, outcome="paid"):
    reason = "" if outcome == "paid" else "account closed"
    day = "2026-10-05" if outcome == "paid" else ""
    return [
        f"{row['line_id']},{outcome},{row['amount']},{row['currency']},{day},{reason}"
        for row in rows_of(files(world, batch)[PAYROLL].path)
    ]


def test_paid_lines_are_closed_and_rejected_ones_stay_open_with_the_reason(world, batch, tmp_path):
    paid, rejected = lines_of(world, batch), lines_of(world, batch, "rejected")
    taken = answer(world, tmp_path, paid[0], rejected[1])
    assert (taken.paid, taken.rejected) == (1, 1)
    assert [(line.payee, line.state, line.reason) for line in open_lines(world, SEPTEMBER)] == [
        ("E0002", "rejected", "account closed"),
        ("E0003", "no answer", ""),
    ]
    assert open_lines(world, Period(2026, 8)) == ()


def test_a_file_with_a_single_mistake_leaves_nothing_behind(world, batch, tmp_path):
    good = lines_of(world, batch)
    with pytest.raises(RefusedError, match=r"back\.csv:3:3 PRT004"):
        answer(world, tmp_path, good[0], good[1].replace(",VND", "0,VND"))
    with world.store.read() as connection:
        for table in (payroll_returns, payroll_answers):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0


def test_the_same_file_again_and_a_longer_one_that_repeats_it_are_taken_once(world, batch, tmp_path):
    good = lines_of(world, batch)
    assert answer(world, tmp_path, good[0]).paid == 1
    assert answer(world, tmp_path, good[0]).paid == 0
    assert answer(world, tmp_path, *good, name="later.csv").paid == 2
    assert open_lines(world) == ()


def test_a_rejected_line_goes_out_again_under_a_new_id_and_can_be_paid(world, batch, tmp_path):
    answer(world, tmp_path, *lines_of(world, batch)[:2], lines_of(world, batch, "rejected")[2])
    assert reissue(world, batch)
    (row,) = rows_of(world.settings.home / f"reports/2026-09/payroll/{batch}.payroll-2.csv")
    assert (row["line_id"], row["payroll_number"]) == ("3-2", "PR-NEW")
    answer(world, tmp_path, f"3-2,paid,{row['amount']},VND,2026-10-09,", name="second.csv")
    assert open_lines(world) == ()
    with pytest.raises(RefusedError, match="PYR003"):
        reissue(world, batch)


def reissue(world, batch):
    gated_night(world)
    return reissue_rejected(world, batch, terms_of=lambda *_: {payee: Terms("PR-NEW", "CC") for payee in SCORES})


def gated_night(world):
    """A night whose gate is done, so that there is a newest extract to read payroll numbers from."""
    manifest = Manifest(RunKind.NIGHTLY, NIGHT, NIGHT, (Stage.GATE,), digest_of("calculation"), ())
    run = record_run(world.store, manifest, begin_attempt(world.store, "nightly", NIGHT))
    with world.store.write("test") as connection:
        if not stages_of(connection, run):
            finish_stage(world.store, connection, run, None, StageResult(Stage.GATE.value, State.DONE, {}))


def test_a_file_that_is_no_csv_and_one_that_nobody_takes_in_are_refused(world, batch, tmp_path):
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RefusedError, match="PRT010"):
        take_in(world, broken, by="clerk")
    with pytest.raises(RefusedError, match="PRT011"):
        take_in(world, broken, by=" ")
