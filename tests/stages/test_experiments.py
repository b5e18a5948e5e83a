"""Experiments over nights: lots are written, read by the next night through its manifest, and compared as assigned.

The same nights expect what a bank's own score says of one account, which lands with the first of them.
"""

from __future__ import annotations

import json
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.store.results import read_verdict
from adapters.store.runs import begin_attempt, files_of_run, official_run, stage_result
from adapters.store.signatures import sign
from adapters.world import open_world
from domain.drawn import DRAWN
from domain.manifest import Stage
from flows.cli import app
from tasks.stages.experiments import experiment_as_of
from tasks.stages.explain_allocation import explain_allocation
from tasks.stages.manifests import manifest_of
from tasks.stages.reassign import Terms, Wanted, propose_override
from tasks.stages.rules import sound_rules
from tests.conftest import SteppingClock, copy_of
from tests.stages.books import edit, house_book

DAY, NEXT, END = date(2026, 9, 4), date(2026, 9, 29), date(2026, 9, 30)
SHORT = (Stage.GATE, Stage.ALLOCATE)
CALLS = """\
experiments:
  - id: calls
    title: Calls or a message alone
    owner: head_of_phone
    valid_from: 2026-09-04
    valid_to: 2027-01-01
    draws_until: 2026-09-29
    salt: calls-2026
    segments: [early, late]
    when: product == "card"
    share: 0.50
    strata: {by: [segment]}
    arms:
      - {id: usual, title: As usual, probability: 0.50, usual: true}
      - {id: quiet, title: Left alone, probability: 0.50, untouched: decision 7 of 2026}
    champion: usual
    outcome: {measure: recovered_of_overdue, days: 20}
"""
PLAN = """\
  - id: challenger
    title: Messages
    owner: head_of_phone
    valid_from: 2026-09-01
    review_by: 2027-01-01
    order: 1
    match: first
    when: experiment_arm == "calls:usual"
    withdrawn_when: leaves_collection
    actions:
      - id: message
        title: Message
        kind: message
        due: {every_working_days: 5}
        within: {days: 3}
        done: {by: anyone}
"""
SCORED = "A000000002"
SCORES = f"""\
account_id,score_name,horizon_days,channel,scored_on,probability,expected_amount,currency
{SCORED},pd_v1,30,any,2026-09-01,0.25,,VND
A404,pd_v1,30,any,2026-09-01,0.25,,VND
"""
BY_SCORE = "    long_leave_days: 10\n    expected_recovery: {from: scores, score: pd_v1}\n"


@pytest.fixture
def world(measured_world, tmp_path, request):
    book = house_book(tmp_path / "book")
    (book / "allocation" / "experiments").mkdir()
    (book / "allocation" / "experiments" / "calls.yaml").write_text(CALLS, encoding="utf-8")
    edit(
        book,
        {
            "allocation/plans/standard.yaml": (("plans:\n", f"plans:\n{PLAN}"),),
            "allocation/strategies/standard.yaml": (("    long_leave_days: 10\n", BY_SCORE),),
        },
    )
    with copy_of(measured_world, tmp_path / "home", request) as copy:
        settings = copy.settings.model_copy(update={"rules": book})
        copy.store.engine.dispose()
        (copy.settings.landing / DAY.isoformat() / "bank_scores.csv").write_text(SCORES, encoding="utf-8")
        changed = open_world(settings, clock=SteppingClock(copy.seam.clock()))
        sign(changed.store, sound_rules(book).contents(), proposer="proposer", signer="signer")
        yield changed


def drawn_of(world, run):
    with world.store.read() as connection:
        file = files_of_run(connection, run)[DRAWN.name]
    return file, pq.read_table(world.settings.home / file.path).to_pylist()


@pytest.mark.slow
def test_lots_are_kept_from_night_to_night_and_compared_as_assigned(world, run_night, monkeypatch, tmp_path):
    with pytest.raises(RefusedError, match="ARM021"):
        experiment_as_of(world, "calls", DAY)
    first = run_night(world, DAY, SHORT)
    file, rows = drawn_of(world, first.run)
    _the_night_tells_what_it_drew(world, first, rows)
    _drawn_accounts_follow_their_arm(world, first, rows)
    _nobody_takes_a_drawn_account_out_of_its_arm(world, rows)
    _the_score_of_the_bank_counts(world, first, not_usable=0)
    night = run_night(world, NEXT, SHORT)
    with world.store.read() as connection:
        assert manifest_of(connection, night.run).drawn == file.sha256
    _, later = drawn_of(world, night.run)
    assert [row for row in later if row["drawn_on"] == DAY] == rows
    assert {row["drawn_on"] for row in later} == {DAY, NEXT}
    _results_are_told(world, rows, later, monkeypatch, tmp_path)


def _the_night_tells_what_it_drew(world, night, rows):
    with world.store.read() as connection:
        (told,) = stage_result(connection, night.run, Stage.ALLOCATE.value).summary["experiments"]
    assert told["experiment"] == "calls"
    assert told["drawn"] == len({row["debtor_id"] for row in rows}) > 10
    assert told["could"] > told["drawn"]


def _the_score_of_the_bank_counts(world, night, not_usable):
    """Of the two lines that landed one is quarantined, for there is no such account."""
    with world.store.read() as connection:
        told = stage_result(connection, night.run, Stage.ALLOCATE.value).summary
        verdict = read_verdict(connection, night.run, night.business_date)
        files = files_of_run(connection, night.run)
    (table,) = [table for table in verdict.tables if table.table == "bank_scores"]
    assert (table.totals.accepted, table.totals.quarantined) == (1, 1)
    assert (told["accounts_with_score"], told["scores_not_usable"]) == (1, not_usable)
    decided = pq.read_table(world.settings.home / files["allocation"].path).to_pylist()
    (scored,) = [row for row in decided if row["score"] == "pd_v1"]
    assert scored["account_id"] == SCORED
    assert scored["expected_recovery"] == float(scored["overdue_amount"]) * 0.25
    assert told["accounts_without_score"] == sum(row["rate_estimate"] > 0 for row in decided) - 1
    explained = explain_allocation(world, SCORED, night.business_date)
    assert "the score pd_v1 expects" in "\n".join(explained.text)


def _drawn_accounts_follow_their_arm(world, night, rows):
    with world.store.read() as connection:
        files = files_of_run(connection, night.run)
    decided = pq.read_table(world.settings.home / files["allocation"].path).to_pylist()
    planned = pq.read_table(world.settings.home / files["planned_actions"].path).to_pylist()
    arms = {row["account_id"]: f"calls:{row['arm']}" for row in rows}
    found = {row["account_id"]: row for row in decided if row["experiment_arm"]}
    assert {name: row["experiment_arm"] for name, row in found.items()} == arms
    quiet = {name for name, arm in arms.items() if arm == "calls:quiet"}
    assert {found[name]["reason"] for name in quiet} == {"held:untouched:calls:quiet"}
    followers = {row["account_id"] for row in planned if row["plan_id"] == "challenger"}
    worked = {name for name, row in found.items() if row["disposition"] == "allocated"}
    assert followers == worked == worked - quiet


def _nobody_takes_a_drawn_account_out_of_its_arm(world, rows):
    terms = Terms(DAY + timedelta(days=1), DAY + timedelta(days=9), "leader", "knows them")
    asked = {arm: next(row["account_id"] for row in rows if row["arm"] == arm) for arm in ("quiet", "usual")}
    for arm, account in asked.items():
        with pytest.raises(RefusedError) as refused:
            propose_override(world, terms, [Wanted(account, "nobody")], begin_attempt(world.store, "dispatch", None))
        assert ("DSP006 is drawn for measuring, into calls:quiet" in str(refused.value)) == (arm == "quiet")


def _results_are_told(world, rows, later, monkeypatch, tmp_path):
    found = experiment_as_of(world, "calls", END)
    counted = {each.arm: (each.accounts, each.not_yet) for each in found.results.arms if each.currency == "VND"}
    for arm in ("usual", "quiet"):
        known = [row for row in rows if row["arm"] == arm and row["currency"] == "VND"]
        every = [row for row in later if row["arm"] == arm and row["currency"] == "VND"]
        assert counted[arm] == (len(known), len(every) - len(known))
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    monkeypatch.setenv("RECOUP_RULES", str(world.settings.rules))
    page = tmp_path / "calls.html"
    told = CliRunner().invoke(app, ["experiment", "calls", "--as-of", str(END), "--json", "--page", str(page)])
    assert told.exit_code == 0, told.output
    assert {arm["arm"] for arm in json.loads(told.stdout)["results"]["arms"]} == {"usual", "quiet"}
    text = page.read_text(encoding="utf-8")
    assert "Interim" in text
    assert "Left alone" in text
    shown = CliRunner().invoke(app, ["experiment", "calls", "--as-of", str(END)])
    assert "interim: all outcomes are known on 2026-10-19" in shown.output
    with pytest.raises(RefusedError, match="ARM020"):
        experiment_as_of(world, "cals", END)


def test_where_no_experiment_holds_the_night_writes_and_names_no_lots(measured_world):
    with measured_world.store.read() as connection:
        run = official_run(connection, "nightly", date(2026, 9, 3), Stage.ALLOCATE.value)
        assert DRAWN.name not in files_of_run(connection, run)
        assert manifest_of(connection, run).drawn is None
