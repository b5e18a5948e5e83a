"""A month's pay: frozen, approved in order, published once, closed, and corrected by differences."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import openpyxl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.store.batches import insert_period_decision, period_decisions_on, read_batches
from adapters.store.guards import guard_names, guard_statements
from adapters.store.ledger import Head, append, lock_head, move_head, read_entries
from adapters.store.results import read_kpis, read_payout_lines, read_scores
from adapters.store.runs import begin_attempt, official_run
from adapters.store.schema import STORE
from adapters.store.settlements import holds_of
from adapters.store.signatures import sign
from adapters.world import business_today, open_world
from domain.actions import ActionDecision, ActionDecisionKind
from domain.ids import canonical_decimal as as_text
from domain.manifest import Stage
from domain.money import from_minor
from domain.periods import Period
from flows.cli import app, explaining
from incentives.batches import BatchPhase, DecisionKind, PeriodDecisionKind, PeriodState
from incentives.closed_sets import AGAINST, KEPT
from incentives.ledger import LedgerEntry, chain, nets
from reports.languages import Language
from reports.payout_tree import payout_page
from tasks.stages import decide, month_end
from tasks.stages.actions import decide_action
from tasks.stages.adjust import (
    NewAdjustment,
    NewMove,
    decide_adjustment,
    hold_payee,
    propose,
    propose_move,
    release_payee,
)
from tasks.stages.disputes import answer, list_disputes, open_dispute, resolve
from tasks.stages.explain import lines_of_payee, verify_ledger
from tasks.stages.explain_payout import explain_payout
from tasks.stages.manifests import manifest_of
from tasks.stages.month_end import prepare, read_frozen
from tasks.stages.opening_pay import bring_in, house_of, post_opening, sign_opening
from tasks.stages.review import debts_told, tie_out_of, write_review
from tasks.stages.rules import sound_rules
from tasks.stages.withdrawing import withdraw_signature
from tests.conftest import copy_of, new_world
from tests.crashes.moments import outcome_of, undisturbed
from tests.crashes.month import BRIEFLY, PAY
from tests.crashes.office import BY_ROLE, FINANCE, HR, PEOPLE, Office
from tests.stages.conftest import month_of, night_of, put_book
from tests.stages.copied_rows import copy_of_store
from tests.stages.logins import as_login
from tests.stages.paid import owe
from tests.stages.test_nights import files_of, tables_of
from tests.stages.test_opening_of_pay import opening_of, with_commission

pytestmark = pytest.mark.slow

SEED = 5
LATE_PAYMENTS = "(SELECT * REPLACE ('late-' || payment_id AS payment_id) FROM '{path}' ORDER BY amount DESC LIMIT 2)"
SEPTEMBER, LAST, FIRST_OF_OCTOBER = Period(2026, 9), date(2026, 9, 30), date(2026, 10, 1)
PAID = (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE, Stage.PROJECT)
CHAIN = ("manager", "hr", "finance")
ON_SQLITE = pytest.mark.parametrize("september", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def september_on_sqlite(request, tmp_path_factory, book):
    with new_world(request, tmp_path_factory.mktemp("month") / "home", "sqlite") as world:
        put_book(world, book)
        month_of(world)
        yield world


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def september(request, tmp_path_factory, september_on_sqlite):
    """A world after a month of nights, of which each test has a copy; they ran once, and their rows are copied."""
    first = september_on_sqlite
    if request.param == "sqlite":
        yield first
        return
    with new_world(request, tmp_path_factory.mktemp("month") / "home", "postgresql") as world:
        copy_of_store(first, world)
        world.seam.clock.now = first.seam.clock()
        yield world


@pytest.fixture(scope="module")
def prepared_september(september, tmp_path_factory, request):
    """The same month with its pay prepared, which takes seconds, and what came of it."""
    with copy_of(september, tmp_path_factory.mktemp("prepared") / "home", request) as world:
        yield world, prepared(world)


@pytest.fixture
def made(prepared_september):
    """What was prepared: who asks for it has a month that is prepared already."""
    return prepared_september[1]


@pytest.fixture
def month(september, tmp_path, request):
    is_prepared = "made" in request.fixturenames
    source = request.getfixturevalue("prepared_september")[0] if is_prepared else september
    with copy_of(source, tmp_path / "home", request) as world:
        yield world


def prepared(world, by="preparer"):
    return prepare(world, SEPTEMBER, begin_attempt(world.store, "month-end", LAST), by=by)


def approve_all(world, batch):
    for role in CHAIN:
        decide_as(world, batch, DecisionKind.APPROVED, by=f"demo {role}")


def decide_as(world, batch, kind, *, by, **more):
    decide.decide(as_login(world, by), batch, kind, by=by, **more)


def close_as(world, by):
    return decide.decide_period(as_login(world, by), SEPTEMBER, PeriodDecisionKind.CLOSED, by=by, reason="done")


def entries_of(world):
    with world.store.read() as connection:
        return read_entries(connection)


def resend(world, table, more):
    """The last day's extract comes anew, with the rows that the SQL adds to it."""
    path = world.settings.landing / "2026-09-30" / f"{table}.parquet"
    duckdb.execute(f"COPY (FROM '{path}' UNION ALL {more.format(path=path)}) TO '{path}.new' (FORMAT parquet)")
    path.with_name(f"{table}.parquet.new").replace(path)


def land_late(world):
    """The payments of the first of October, and with them two of September that the core system booked late."""
    last, late = world.settings.landing / "2026-09-30", world.settings.landing / "2026-10-01"
    late.mkdir()
    of_september = LATE_PAYMENTS.format(path=f"{last}/payments.parquet")
    duckdb.execute(
        "COPY (SELECT * REPLACE ('october-' || payment_id AS payment_id, posted_on + 1 AS posted_on) "
        f"FROM '{last}/payments.parquet' UNION ALL {of_september}) TO '{late}/payments.parquet' (FORMAT parquet)"
    )
    night_of(world, FIRST_OF_OCTOBER, (Stage.GATE,))


def refusal_of(action):
    with pytest.raises(RefusedError) as caught:
        action()
    return str(caught.value)


def test_a_batch_per_department_is_frozen_reviewed_approved_published_and_closed(month, made):
    batches = made.batches
    assert {batch.split("-")[3] for batch in batches if batch.startswith("bonus")} >= {
        "phone_early",
        "phone_late",
        "field",
    }
    for path in write_review(month, SEPTEMBER):
        assert path.stat().st_size > 1_000
    for batch in batches:
        approve_all(month, batch)
        assert decide.publish(month, batch, by="publisher").entries > 0
    closed = close_as(month, "demo finance")
    assert closed is PeriodState.CLOSED
    assert verify_ledger(month) == ()
    with month.store.read() as connection:
        for batch in batches:
            frozen = read_frozen(connection, batch)
            posted = read_entries(connection, [batch])
            assert sum(entry.amount_minor for entry in posted) == sum(each.amount_minor for each in frozen.postings)


def test_publishing_again_posts_nothing_and_preparing_again_finds_nothing_to_post(month, made):
    batch = made.batches[0]
    approve_all(month, batch)
    first = decide.publish(month, batch, by="publisher")
    assert decide.publish(month, batch, by="publisher").entries == 0
    assert len(entries_of(month)) == first.entries
    again = prepared(month)
    assert batch not in again.batches
    assert batch.split("-")[3] in again.settled


def test_preparing_the_same_again_is_the_same_batches(month):
    assert prepared(month).batches == prepared(month, by="somebody else").batches


@pytest.mark.parametrize(
    ("by", "role", "code"),
    [
        ("preparer", "", "BAT021"),
        ("signer", "", "BAT022"),
        ("proposer", "", "BAT022"),
        ("demo finance", "finance", "BAT006"),
    ],
)
def test_who_may_not_approve_is_refused_with_the_reason(month, made, by, role, code):
    batch = made.batches[0]
    assert code in refusal_of(lambda: decide_as(month, batch, DecisionKind.APPROVED, by=by, role=role))


def test_an_unapproved_batch_is_not_published(month, made):
    batch = made.batches[0]
    decide_as(month, batch, DecisionKind.APPROVED, by="demo manager")
    assert "BAT007" in refusal_of(lambda: decide.publish(month, batch, by="publisher"))
    assert entries_of(month) == ()


def test_a_month_with_a_waiting_batch_is_not_closed_and_a_held_one_lets_it(month, made):
    batches = made.batches

    def close():
        return close_as(month, "demo finance")

    assert "BAT033" in refusal_of(close)
    for batch in batches:
        decide_as(month, batch, DecisionKind.HELD, by="demo hr", reason="dispute")
    assert close() is PeriodState.CLOSED


def test_a_changed_rule_makes_the_batch_void(month, tmp_path):
    rules = tmp_path / "rules"
    for folder in ("kpi_rules", "incentives", "allocation", "expectations"):
        shutil.copytree(month.settings.rules / folder, rules / folder, ignore=shutil.ignore_patterns("*.py"))
    before = prepared(month).batches
    batch, fee = (next(each for each in before if scope in each) for scope in ("phone_early", "fee-"))
    for each in (batch, fee):
        approve_all(month, each)
    path = rules / "incentives" / "policies" / "collector_bonus.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("value: 0.5}", "value: 0.4}"), encoding="utf-8")
    edited = open_world(month.settings.model_copy(update={"rules": rules}), clock=month.seam.clock)
    assert "BAT012" in refusal_of(lambda: decide.publish(edited, batch, by="publisher"))
    assert entries_of(month) == ()
    sign(month.store, sound_rules(rules).contents(), proposer="proposer", signer="signer")
    again = prepared(edited).batches
    assert batch not in again, "it is calculated by the rule that changed"
    assert {each for each in before if "fee-" in each} <= {*again}, "these read none of the policies"
    assert decide.publish(edited, fee, by="publisher").entries > 0


def test_a_withdrawn_signature_makes_the_batch_void_until_it_is_signed_and_prepared_again(month, made):
    prepared_before = made.batches
    batch = next(each for each in prepared_before if "phone_early" in each)
    approve_all(month, batch)
    found = withdraw_signature(as_login(month, "signer"), "phone_early_vnd", by="signer", reason="a wrong tier")
    assert batch in {frozen.batch.batch_id for frozen in found.void}
    refused = refusal_of(lambda: decide.publish(month, batch, by="publisher"))
    assert "BAT017" in refused
    assert 'policy "phone_early_vnd" was withdrawn by signer on ' in refused
    waiting = next(each for each in prepared_before if each != batch)
    assert "BAT017" in refusal_of(lambda: decide_as(month, waiting, DecisionKind.APPROVED, by="demo manager"))
    decide_as(month, waiting, DecisionKind.RETURNED, by="demo manager", reason="a wrong tier")
    assert entries_of(month) == ()
    assert "SIG002 policy phone_early_vnd is not signed" in refusal_of(lambda: prepared(month))

    sign(month.store, sound_rules(month.settings.rules).contents(), proposer="proposer", signer="another signer")
    assert "BAT017" in refusal_of(lambda: decide.publish(month, batch, by="publisher")), "it was approved for the other"
    again = next(each for each in prepared(month).batches if "phone_early" in each)
    approve_all(month, again)
    assert decide.publish(month, again, by="publisher").entries > 0


def test_after_a_return_the_same_content_is_prepared_as_a_batch_of_its_own_and_can_be_paid(month, made):
    returned = next(batch for batch in made.batches if "field" in batch)
    decide_as(month, returned, DecisionKind.RETURNED, by="demo manager", reason="looks odd")
    again = next(batch for batch in prepared(month).batches if "field" in batch)
    assert again != returned
    approve_all(month, again)
    assert decide.publish(month, again, by="publisher").entries > 0


def test_after_a_corrected_extract_unchanged_batches_can_still_be_paid(month, made, run_night):
    first = made.batches
    path = month.settings.landing / "2026-09-30" / "attendance.parquet"
    duckdb.execute(
        f"COPY (SELECT * REPLACE (minutes_worked + 1 AS minutes_worked) FROM '{path}') TO '{path}.new' (FORMAT parquet)"
    )
    path.with_name("attendance.parquet.new").replace(path)
    run_night(month, LAST, PAID)
    second = prepared(month).batches
    assert not set(first) & set(second)
    for batch in second:
        approve_all(month, batch)
        decide.publish(month, batch, by="publisher")
    assert verify_ledger(month) == ()


def test_a_replaced_extract_makes_the_batch_void(month, made, run_night):
    batch = made.batches[0]
    approve_all(month, batch)
    path = month.settings.landing / "2026-09-20" / "contacts.parquet"
    duckdb.execute(f"COPY (SELECT * FROM '{path}' LIMIT 5) TO '{path}.new' (FORMAT parquet)")
    path.with_name("contacts.parquet.new").replace(path)
    run_night(month, date(2026, 9, 20), (Stage.GATE,))
    assert "BAT013" in refusal_of(lambda: decide.publish(month, batch, by="publisher"))


def edited(world, statement, **values):
    """Rows changed by hand: the triggers refuse it, and whoever owns the database drops them, and puts them back."""
    table, dialect = STORE.tables[statement.split()[1]], world.store.dialect
    of_table = f" ON {table.name}" if dialect == "postgresql" else ""
    with world.store.write("test") as connection:
        for guard in guard_names(table, dialect):
            connection.execute(sa.text(f"DROP TRIGGER {guard}{of_table}"))
        rows = connection.execute(sa.text(statement), values).rowcount
        for guarded in guard_statements(table, dialect):
            connection.execute(sa.text(guarded))
    return rows


def test_rows_edited_by_hand_make_the_batch_void(month, made):
    batch = made.batches[0]
    approve_all(month, batch)
    edited(month, "UPDATE batch_lines SET difference_minor = difference_minor + 1, desired_minor = desired_minor + 1")
    assert "BAT010" in refusal_of(lambda: decide.publish(month, batch, by="publisher"))


def test_one_departments_publishing_leaves_the_others_approvals_alone(month, made):
    first, second = made.batches[:2]
    for batch in (first, second):
        approve_all(month, batch)
    decide.publish(month, first, by="publisher")
    assert decide.publish(month, second, by="publisher").entries > 0


def test_preparing_again_after_another_departments_publishing_keeps_the_approvals(month, made):
    first, second, third = made.batches[:3]
    for batch in (first, second):
        approve_all(month, batch)
    decide.publish(month, first, by="publisher")
    again = prepared(month).batches
    assert {second, third} <= set(again)
    assert first not in again
    assert decide.publish(month, second, by="publisher").entries > 0


CONTEST = """
policies:
  - id: contest
    title: A place among all, and a share of the department's fund
    owner: hr
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {roles: [collector]}
    component: contest
    currency: VND
    part_period: whole
    inputs:
      fails: {kpi: critical_fails, unit: count, missing: zero}
    steps:
      - {name: standing, kind: formula, expression: 100 - fails * 10}
      - {name: place, kind: rank, of: standing, best: highest, ties: best, among: policy, held: leave_out, memo: true}
      - {name: share, kind: pool, fund: 9_999_999, weight: standing, reserve: 0, without_weight: hold,
         among: department, held: leave_out, digits: 0}
      - {name: cut, kind: scale, of: share, budget: 7_000_000, among: department, held: leave_out, digits: 0}
      - {name: payable, kind: round, of: cut, digits: 0, mode: half_up}
"""


def with_contest(world, rules):
    """The world with a policy that settles payees together, signed."""
    for folder in ("kpi_rules", "incentives", "allocation", "expectations"):
        shutil.copytree(world.settings.rules / folder, rules / folder, ignore=shutil.ignore_patterns("*.py"))
    (rules / "incentives" / "policies" / "contest.yaml").write_text(CONTEST, encoding="utf-8")
    found = open_world(world.settings.model_copy(update={"rules": rules}), clock=world.seam.clock)
    sign(found.store, sound_rules(rules).contents(), proposer="proposer", signer="signer")
    return found


def column_of(world, payee, name):
    lines = (line for _, line in lines_of_payee(world, payee, SEPTEMBER) if line.component.startswith("contest"))
    return next(step for line in lines for step in line.steps if step.name == name)


def test_what_changes_after_the_close_is_posted_as_an_adjustment_that_names_its_origin(month, run_night, tmp_path):
    month = with_contest(month, tmp_path / "rules")
    batches = prepared(month).batches
    for batch in batches:
        approve_all(month, batch)
    land_late(month)
    for batch in batches:
        assert decide.publish(month, batch, by="publisher").entries > 0, (
            "what arrives on a later day makes nothing void"
        )
    close_as(month, "demo finance")
    before = len(entries_of(month))
    employee = next(
        entry.payee for entry in entries_of(month) if entry.component.startswith("contest") and entry.amount_minor > 0
    )
    resend(month, "reviews", f"SELECT 'R-late', '{employee}', NULL, DATE '2026-09-30', 0.1, true")
    (told,) = prepared(month).late
    assert told.startswith("payments of 2026-09 came with the extract of 2026-10-01, after the night of 2026-09-30: ")
    run_night(month, LAST, PAID)
    corrected = prepared(month)
    assert corrected.late == ()
    for batch in corrected.batches:
        approve_all(month, batch)
        decide.publish(month, batch, by="publisher")
    late = entries_of(month)[before:]
    assert late
    assert {entry.payee for entry in late if entry.component.startswith("contest")} == {employee}
    assert column_of(month, employee, "place").note == column_of(month, employee, "share").note == AGAINST
    contest = next(entry.component for entry in late if entry.component.startswith("contest"))
    colleague = next(each.payee for each in entries_of(month) if each.component == contest and each.payee != employee)
    assert column_of(month, colleague, "place").note == column_of(month, colleague, "share").note == KEPT
    found, unexplained = tie_out_of(month, SEPTEMBER)
    assert unexplained == ()
    for one in next(each for each in found if each.kind == "bonus").chains:
        counted = next(row.step.total for row in one.rows if row.step.name == "Payout lines")
        mine = [entry for entry in entries_of(month) if (entry.batch_kind, entry.currency) == ("bonus", one.currency)]
        assert counted == from_minor(sum(entry.amount_minor for entry in mine), one.currency), "each line counts once"
    taken_back = [entry for entry in late if entry.payee == employee]
    assert {(entry.origin_period, entry.posting_period) for entry in late} == {("2026-09", "2026-10")}
    paid_more = [entry for entry in late if entry.payee != employee and entry.amount_minor > 0]
    assert {entry.entry_type for entry in paid_more} == {"adjustment"}, "the late payments are paid for in October"
    assert {entry.entry_type for entry in taken_back} == {"clawback", "carry_forward"}
    assert all(entry.amount_minor < 0 for entry in taken_back if entry.entry_type == "clawback")
    assert sum(entry.amount_minor for entry in taken_back) == 0, "October has paid nothing yet that could be cut"
    assert verify_ledger(month) == ()


def test_a_payout_explains_itself_from_the_amount_to_the_rule_lines(month, made):
    batches = made.batches
    with month.store.read() as connection:
        line = next(
            line for line in read_frozen(connection, next(b for b in batches if "field" in b)).lines if line.amount
        )
    found = [each for _, each in lines_of_payee(month, line.payee, SEPTEMBER)]
    (explained,) = [each for each in found if each.component == line.component]
    assert explained == line
    payable = [step.value for step in line.steps if step.value is not None]
    assert payable[-1] == line.amount
    assert all(step.line.startswith("incentives/policies/") for step in line.steps if step.kind not in {"part", "sum"})


def test_a_payout_is_a_tree_from_the_amount_down_to_the_rows(month, made, tmp_path):
    batches = made.batches
    with month.store.read() as connection:
        frozen = read_frozen(connection, next(batch for batch in batches if "field" in batch))
    line = next(line for line in frozen.lines if line.amount)
    found = explain_payout(month, line.payee, SEPTEMBER, rows_to=tmp_path / "rows")
    (explained,) = [each for each in found if each.component == line.component]
    assert (explained.amount, explained.differing) == (line.amount, ())
    nodes = [node for root in explained.tree for node in _every(root)]
    assert explained.tree[0].value == str(line.amount)
    assert {step.name for step in line.steps} <= {node.name for node in nodes}
    rows = [node for node in nodes if node.kind == "rows"]
    assert rows
    assert {node.note for node in rows} == {"found again in the rows"}
    measured = {node.name for node in nodes if node.kind == "kpi" and any(one.kind == "rows" for one in node.children)}
    assert {path.name.rpartition("-")[0] for path in (tmp_path / "rows").iterdir()} == measured
    others = {each.payee for each in frozen.lines} - {line.payee}
    page = payout_page(found, Language.ENGLISH, "")
    assert not [payee for payee in others if payee in page]


def test_a_fee_is_told_step_by_step_too(month, made):
    with month.store.read() as connection:
        partner = next(row.scope for row in read_batches(connection, str(SEPTEMBER)) if row.kind == "fee")
    (explained, *_) = explain_payout(month, partner, SEPTEMBER)
    assert explained.differing == ()
    (root,) = explained.tree
    assert root.value == str(explained.amount)
    assert root.children[0].name == "at_most"


def fees_explained(world, rows_to=None):
    with world.store.read() as connection:
        partners = sorted({row.scope for row in read_batches(connection, str(SEPTEMBER)) if row.kind == "fee"})
    return [each for one in partners for each in explain_payout(world, one, SEPTEMBER, rows_to=rows_to)]


@ON_SQLITE
def test_a_fee_goes_down_to_the_payments_that_it_is_made_of(month, made, tmp_path):
    found = fees_explained(month, tmp_path)
    assert not [said for each in found for said in each.differing]
    bands = [node for each in found for root in each.tree for node in _every(root) if node.kind == "band"]
    paid = [one for band in bands for one in band.payments]
    for band in bands:
        assert as_text(sum(one.fee for one in band.payments)) == band.value
        recovered = as_text(sum(one.recovered for one in band.payments))
        assert band.note == f"recovered {recovered}, payments {len(band.payments)}; found again in the payments"
    taken_back = {one.reverses: one for one in paid if one.reverses}
    assert taken_back, "the month has reversals"
    for original in (one for one in paid if one.payment in taken_back):
        reversal = taken_back[original.payment]
        assert (reversal.fee, reversal.placement) == (-original.fee, original.placement)
        assert (reversal.measured, reversal.rate) == (original.measured, original.rate)
    assert all((one.account, one.debtor) != ("", "") and one.fee == one.recovered * one.rate for one in paid)
    listed = [row for path in tmp_path.glob("*-payments.csv") for row in path.read_text().splitlines()[1:]]
    assert sorted(row.split(",")[1] for row in listed) == sorted(one.payment for one in paid)


@ON_SQLITE
def test_a_band_of_a_fee_that_was_edited_is_told_beside_its_payments(month, made, monkeypatch, tmp_path):
    with month.store.read() as connection:
        batch = next(row.batch_id for row in read_batches(connection, str(SEPTEMBER)) if row.kind == "fee")
        frozen = read_frozen(connection, batch)
    fee = next(each for each in frozen.lines if each.component.startswith("fee:"))
    band = fee.steps[0]
    changed = {"stated": f'["payments","{dict(band.inputs)["payments"]}"]', "instead": '["payments","77"]'}
    statement = "UPDATE payout_lines SET steps = replace(steps, :stated, :instead) WHERE run_id = :run AND payee = :who"
    assert edited(month, statement, **changed, run=frozen.run, who=fee.payee)
    page = tmp_path / "fee.html"
    told = explained_by_command(month, monkeypatch, fee.payee, "--page", str(page))
    said = f"It does not tie: {fee.component} of {fee.payee}, {band.name}: {as_text(band.value)} ("
    assert (told.exit_code, said in told.output) == (1, True)
    assert "payments 77) is stored, the payments give" in told.output
    assert "payments 77) is stored, the payments give" in page.read_text(encoding="utf-8")


def _every(node):
    yield node
    for child in node.children:
        yield from _every(child)


def test_a_posting_under_its_own_keys_in_between_makes_the_batch_void(month, made):
    batch = made.batches[0]
    approve_all(month, batch)
    with month.store.write("test") as connection:
        frozen, head = read_frozen(connection, batch), lock_head(connection)
        (entry,) = chain([LedgerEntry(head.sequence + 1, batch, frozen.postings[0])], head.entry_hash)
        append(connection, [decide._row(entry, head.entry_hash)])
        move_head(connection, Head(entry.entry.sequence, entry.entry_hash))
    assert "BAT011" in refusal_of(lambda: decide.publish(month, batch, by="publisher"))


@ON_SQLITE
def test_an_unknown_person_a_late_batch_and_an_old_approval_are_refused(month, made):
    batch = made.batches[0]
    assert "BAT024 somebody may not approve as manager" in refusal_of(
        lambda: decide.decide(month, batch, DecisionKind.APPROVED, by="somebody")
    )
    day = business_today(month)
    decide.decide(month, batch, DecisionKind.APPROVED, by="demo manager", on=day)
    decide.decide(month, batch, DecisionKind.APPROVED, by="demo hr", on=day + timedelta(days=20))
    decide.decide(month, batch, DecisionKind.APPROVED, by="demo finance", on=day + timedelta(days=21))
    assert "BAT027" in refusal_of(lambda: decide.publish(month, batch, by="p", on=day + timedelta(days=22)))
    assert "BAT026" in refusal_of(lambda: decide.publish(month, batch, by="p", on=day + timedelta(days=46)))
    attempt = begin_attempt(month.store, "month-end", LAST)
    later = prepare(month, SEPTEMBER, attempt, by="preparer", on=day + timedelta(days=46)).batches
    assert batch not in later, "a batch whose time is over is replaced"


@ON_SQLITE
def test_a_payee_is_held_adjusted_after_a_dispute_released_and_paid(month):
    """One payee through everything that people may decide beside the calculation; no calculated line changes."""
    attempt = begin_attempt(month.store, "test", None)
    batch = next(each for each in prepared(month).batches if "field" in each)
    with month.store.read() as connection:
        line = next(each for each in read_frozen(connection, batch).lines if each.amount > 0)
    payee, decided = line.payee, {"by": "demo hr", "attempt": attempt}
    approve_all(month, batch)
    until = business_today(month) + timedelta(days=30)
    hold_payee(month, batch, payee, reason="two visits are in doubt", until=until, **decided)
    assert f"BAT014 {payee} is held" in refusal_of(lambda: decide.publish(month, batch, by="publisher"))

    held = next(each for each in prepared(month).batches if "field" in each)
    assert entries_by_type(month, held, payee) == {"earning": line.amount, "hold": -line.amount}
    (node,) = tree_of(month, payee, "held/")
    assert node.note == f"of {line.component}, held by demo hr, until {until}; two visits are in doubt"
    case = open_dispute(
        month, held, payee, line.component, by="demo manager", about="visits count twice", owner="hr", attempt=attempt
    )
    release_payee(month, held, payee, reason="settled", **decided)
    disputed = next(each for each in prepared(month).batches if "field" in each)
    assert entries_by_type(month, disputed, payee)["hold"] == -line.amount, "an open dispute holds the line"

    answer(month, case.action.action_id, text="you are right", **decided)
    resolve(month, case.action.action_id, upheld=True, reason="two visits were missed", **decided)
    wanted = NewAdjustment(payee, Decimal(100), line.currency, "demo hr", "two visits", case.action.action_id)
    name = propose(month, disputed, wanted, attempt).adjustment_id
    for by, code in (("demo hr", "AUT001 "), ("somebody", "AUT001 ")):
        assert code in refusal_of(lambda: decide_adjustment(month, name, approve=True, by=by, attempt=attempt))  # noqa: B023
    decide_adjustment(month, name, approve=True, by="demo finance", attempt=attempt)
    (settled,) = list_disputes(month)
    assert (settled.is_open, settled.settled_by) == (False, name)

    paid = next(each for each in prepared(month).batches if "field" in each)
    assert entries_by_type(month, paid, payee) == {"earning": line.amount, "manual": Decimal(100)}
    (node,) = tree_of(month, payee, "manual/")
    assert node.note.endswith("; two visits")
    write_review(month, SEPTEMBER)
    approve_all(month, paid)
    decide.publish(month, paid, by="publisher")
    assert line in [each for _, each in lines_of_payee(month, payee, SEPTEMBER)]
    assert verify_ledger(month) == ()


def tree_of(world, payee, component):
    """What the payout's explanation shows of the line that begins like this."""
    return next(each.tree for each in explain_payout(world, payee, SEPTEMBER) if each.component.startswith(component))


@ON_SQLITE
def test_what_may_not_be_decided_about_a_payee_is_refused_with_everything_that_is_wrong(month, made):
    batch = next(each for each in made.batches if "field" in each)
    with month.store.read() as connection:
        line = next(each for each in read_frozen(connection, batch).lines if each.amount > 0)
    payee, component, today = line.payee, line.component, business_today(month)

    def hold(**changes):
        given = {"payee": payee, "by": "demo hr", "reason": "a doubt", "until": None} | changes
        return hold_payee(month, batch, given.pop("payee"), attempt=None, **given)

    def adjust(**changes):
        given = {"payee": payee, "amount": Decimal(5), "currency": "VND", "by": "demo hr", "reason": "r"} | changes
        return propose(month, batch, NewAdjustment(**given), None)

    def decided(name, *, by="demo finance", approve=True):
        return decide_adjustment(month, name, approve=approve, by=by, attempt=None)

    def dispute(**changes):
        given = {"payee": payee, "component": component, "by": payee, "about": "visits"} | changes
        names = given.pop("payee"), given.pop("component")
        return open_dispute(month, batch, *names, owner="hr", attempt=None, **given)

    def refused(action, **changes):
        return {found.split()[0] for found in refusal_of(lambda: action(**changes)).splitlines()}

    assert refused(hold, payee="E99", by="", reason=" ", until=today) == {"HLD001", "HLD002", "HLD004", "AUT001"}
    hold(until=today + timedelta(days=1))
    assert refused(hold) == {"HLD003"}
    release_payee(month, batch, payee, by="demo hr", reason="gone", attempt=None)
    with pytest.raises(RefusedError, match=r"HLD003 .* is not held: there is nothing to release"):
        release_payee(month, batch, payee, by="demo hr", reason="gone", attempt=None)

    assert refused(adjust, payee="E99", amount=Decimal("0.5"), reason=" ", case="x") == {
        "ADJ001", "ADJ004", "ADJ005", "ADJ007",
    }  # fmt: skip
    assert refused(adjust, amount=Decimal(0)) == refused(adjust, currency="VMD") == {"ADJ004"}
    assert refused(adjust, by=payee) == {"AUT001", "AUT003"}
    name = adjust().adjustment_id
    assert refused(decided, name=name, by=payee) == {"AUT001", "AUT003"}
    assert refused(decided, name=name, by="demo hr") == {"AUT001", "AUT004"}
    assert refused(decided, name=name, approve=False) == {"ADJ005"}
    assert refused(decided, name="2030") == {"ADJ001"}
    decided(name)
    assert refused(decided, name=name) == {"ADJ002"}

    assert refused(dispute, component="bonus", about=" ") == {"DIS001", "DIS004"}
    case = dispute().action.action_id
    assert refused(dispute) == {"DIS002"}
    assert refused(lambda: answer(month, case, by=payee, text="t", attempt=None)) == {"AUT001", "AUT003"}
    assert refused(lambda: resolve(month, case, upheld=True, by="demo hr", reason=" ", attempt=None)) == {"DIS004"}
    assert refused(lambda: answer(month, "x", by="demo hr", text="t", attempt=None)) == {"DIS001"}
    assert refused(lambda: resolve(month, case, upheld=True, by=payee, reason="mine", attempt=None)) == {
        "AUT001", "AUT003", "AUT004",
    }  # fmt: skip
    closing = ActionDecision(ActionDecisionKind.CLOSED, payee, today, "counted", "")
    assert refused(lambda: decide_action(month, case, closing, None)) == {"DIS006"}
    resolve(month, case, upheld=False, by="demo hr", reason="counted", attempt=None)
    returning = {"kind": DecisionKind.RETURNED, "reason": "again"}
    assert "AUT001" in refusal_of(lambda: decide.decide(month, batch, by="somebody", **returning))
    decide_as(month, batch, by="demo hr", **returning)
    assert refused(dispute) == {"DIS003"}


@ON_SQLITE
def test_a_month_before_the_look_back_and_one_without_a_chain_are_not_prepared(month, tmp_path):
    rules = tmp_path / "rules"
    for folder in ("kpi_rules", "incentives", "allocation", "expectations"):
        shutil.copytree(month.settings.rules / folder, rules / folder, ignore=shutil.ignore_patterns("*.py"))
    approvals = rules / "incentives/approvals/approvals.yaml"
    approvals.write_text(approvals.read_text(encoding="utf-8").partition("chains:\n")[0], encoding="utf-8")
    bare = open_world(month.settings.model_copy(update={"rules": rules}), clock=month.seam.clock)
    assert "BAT043 no chain of bonus batches; no pay_terms of bonus" in refusal_of(lambda: prepared(bare))
    closed = SEPTEMBER
    with month.store.write("test") as connection:
        for _ in range(13):
            row = {"period": str(closed), "step": 1, "decision": "closed", "by_name": "f", "reason": "r"}
            insert_period_decision(month.store, connection, row)
            closed = closed.next()
    assert "BAT044 2026-09 lies 13 months before the open month 2027-10" in refusal_of(lambda: prepared(month))


def entries_by_type(world, batch, payee):
    """What the batch would post for the payee, by type of entry, in major units."""
    with world.store.read() as connection:
        postings = read_frozen(connection, batch).postings
    return {
        each.entry_type.value: from_minor(each.amount_minor, each.key.currency)
        for each in postings
        if each.key.payee == payee
    }


@ON_SQLITE
def test_a_line_that_was_changed_by_hand_does_not_come_out_again(month, made):
    """Lines, batch and ledger may agree with each other: the calculation is done once more."""
    batch = made.batches[0]
    approve_all(month, batch)
    decide.publish(month, batch, by="publisher")
    with month.store.read() as connection:
        run = read_frozen(connection, batch).run
    edited(month, "UPDATE payout_lines SET amount_minor = amount_minor + 1 WHERE run_id = :run", run=run)
    assert {"LED010", "LED013", "LED018"} == {issue.code for issue in verify_ledger(month)}


def paid_by_score(world):
    """A line of the forecast whose policy reads a score, and the score."""
    with world.store.read() as connection:
        night = official_run(connection, "nightly", LAST, "measure")
        scores = {score.entity: score for score in read_scores(connection, night) if score.score}
        lines = read_payout_lines(connection, night, "bonus")
    return next(
        (line, scores[line.payee])
        for line in lines
        if line.amount and line.payee in scores
        if any(of.startswith("scorecard:") for step in line.steps for of, _ in step.inputs)
    )


def published(world):
    batches = prepared(world).batches
    for batch in batches:
        approve_all(world, batch)
        decide.publish(world, batch, by="publisher")
    return batches


EDITED_SCORE = "UPDATE scores SET score = '119' WHERE entity = :entity AND scorecard = :card AND as_of = :day"


def explained_by_command(world, monkeypatch, *words):
    monkeypatch.setattr(explaining, "open_world", lambda: world)
    return CliRunner().invoke(app, ["explain", "payout", *words, "--period", str(SEPTEMBER)])


def test_a_score_that_was_edited_before_the_month_end_is_not_paid(month):
    _, score = paid_by_score(month)
    edited(month, EDITED_SCORE, entity=score.entity, card=score.scorecard, day=LAST)
    refused = refusal_of(lambda: prepared(month))
    assert "BAT047" in refused
    assert f"{score.scorecard} of employee {score.entity}: 119 is stored, its parts give" in refused


def test_rows_that_are_edited_in_a_way_that_holds_together_are_not_those_that_were_stored(month):
    """A sum has no parts in the store: only the seals of the night know. The month is not paid from it."""
    with month.store.read() as connection:
        night = official_run(connection, "nightly", LAST, "measure")
        summed = next(each for each in read_kpis(connection, night) if each.value and each.denominator is None)
    statement = "UPDATE kpi_results SET value = '499211117' WHERE run_id = :run AND kpi = :kpi AND entity = :entity"
    edited(month, statement, run=night, kpi=summed.kpi, entity=summed.entity)
    refused = refusal_of(lambda: prepared(month))
    assert f"night {night} LED018 kpi_results: rows changed since they were stored: entity {summed.entity}" in refused


def test_a_score_that_was_edited_is_told_although_the_same_is_paid_again(month, monkeypatch, tmp_path):
    """As if the refusal were not there: lines, batch, ledger and calculation agree, and all of it is wrong."""
    line, score = paid_by_score(month)
    edited(month, EDITED_SCORE, entity=score.entity, card=score.scorecard, day=LAST)
    with monkeypatch.context() as past:
        past.setattr(month_end, "_refuse_untied", lambda *_: None)
        published(month)
    issue, *sealed = verify_ledger(month)
    assert [(each.code, score.entity in each.message) for each in sealed] == [("LED018", True)]
    said = f"LED016 {score.scorecard} of employee {score.entity}: 119 is stored, its parts give {as_text(score.score)}"
    assert said in str(issue)
    page = tmp_path / "payout.html"
    told = explained_by_command(month, monkeypatch, line.payee, "--page", str(page))
    assert (told.exit_code, "the same" in told.output) == (1, False)
    assert f"It does not tie: {issue}" in " ".join(told.output.split())
    assert said in page.read_text(encoding="utf-8")
    assert "Not every figure comes out again" in page.read_text(encoding="utf-8")
    as_json = explained_by_command(month, monkeypatch, line.payee, "--json")
    assert as_json.exit_code == 1
    assert said in as_json.output


@ON_SQLITE
def test_a_sum_that_was_edited_is_told_beside_its_rows(month, made, monkeypatch):
    """A sum has no parts in the store: the tree finds it again in the rows."""
    batches = made.batches
    with month.store.read() as connection:
        frozen = read_frozen(connection, next(batch for batch in batches if "field" in batch))
        source = manifest_of(connection, frozen.run).source
    payee = next(line.payee for line in frozen.lines if line.amount)
    assert explained_by_command(month, monkeypatch, payee).exit_code == 0
    (tree, *_) = explain_payout(month, payee, SEPTEMBER)
    summed = next(n for root in tree.tree for n in _every(root) if any(c.kind == "rows" for c in n.children))
    statement = "UPDATE kpi_results SET value = '499211117' WHERE run_id = :run AND kpi = :kpi AND entity = :entity"
    whose = summed.note.partition(" of ")[2].split()[1].rstrip(",")
    edited(month, statement, run=source, kpi=summed.name, entity=whose)
    told = explained_by_command(month, monkeypatch, payee)
    assert (told.exit_code, "the same" in told.output) == (1, False)
    assert f"It does not tie: {summed.name} of" in told.output
    assert "499211117 is stored, the rows give" in " ".join(told.output.split())


@ON_SQLITE
def test_a_ratio_that_is_not_its_sums_is_told_and_not_paid(month):
    published(month)
    assert verify_ledger(month) == ()
    with month.store.read() as connection:
        source = official_run(connection, "nightly", LAST, "measure")
        ratio = next(each for each in read_kpis(connection, source) if each.denominator and each.value)
    statement = (
        "UPDATE kpi_results SET value = '7' WHERE run_id = :run AND kpi = :kpi AND entity = :entity AND grain = :of"
    )
    edited(month, statement, run=source, kpi=ratio.kpi, entity=ratio.entity, of=ratio.grain.value)
    said = f"{ratio.kpi} of {ratio.grain} {ratio.entity}: 7 is stored, its sums give {as_text(ratio.value)}"
    assert [issue.message for issue in verify_ledger(month) if issue.code == "LED017"] == [said]
    assert said in refusal_of(lambda: prepared(month))


# Between prepare and close: every file that is renamed and every transaction, before and after its commit.
POINTS_OF_A_MONTH = (
    "run_recorded:after_commit",
    "stage_prepare:before_commit",
    "stage_prepare:after_commit",
    "batches_prepared:before_commit",
    "batches_prepared:after_commit",
    "batch_page:written",
    "batch_page:renamed#2",
    "batch_workbook:written",
    "batch_workbook:renamed",
    "payee_held:before_commit",
    "payee_held:after_commit",
    "batch_decided:before_commit",
    "batch_decided:after_commit#2",
    "ledger_published:before_commit",
    "ledger_published:after_commit",
    "ledger_published:before_commit#2",
    "period_decided:before_commit",
    "period_decided:after_commit",
)


@pytest.mark.parametrize("september", os.environ.get("RECOUP_KILLED_ON", "sqlite").split(","), indirect=True)
def test_a_month_killed_at_every_point_in_turn_equals_one_that_nobody_disturbed(month, tmp_path, request):
    """On PostgreSQL by `make test-crash`: a minute more."""
    with copy_of(month, tmp_path / "undisturbed", request) as undisturbed:
        office = _next_steps(undisturbed)
        expected = files_of(undisturbed), tables_of(undisturbed)
        reached = {point for each in (undisturbed, *office.logins.values()) for point in each.seam.reached}
        assert {point.partition("#")[0] for point in POINTS_OF_A_MONTH} <= reached
        office.close_connections()
    month.store.engine.dispose()
    for point in POINTS_OF_A_MONTH:
        assert _killed_at(month, point) == signal.SIGKILL, point
    again = open_world(month.settings, clock=month.seam.clock)
    again.seam.sweep()
    _next_steps(again)
    tables = tables_of(again)
    assert files_of(again) == expected[0]
    assert {name for name in tables if tables[name] != expected[1][name]} <= {"attempts"}
    assert verify_ledger(again) == ()


def _next_steps(world):
    """What people still have to type, from preparing to closing, after whatever was done before."""
    office = Office(world)
    for name in PEOPLE:
        office.logins[name] = as_login(world, name)
    with world.store.read() as connection:
        known = [row.batch_id for row in read_batches(connection, str(SEPTEMBER))]
    batches = known or prepared(world).batches
    write_review(world, SEPTEMBER)
    _hold_somebody(office, batches[-1])
    for batch in batches[:2]:
        _publish_whatever_is_missing(office, batch)
    for batch in batches[2:]:
        with world.store.read() as connection:
            is_held = read_frozen(connection, batch).state.phase is BatchPhase.HELD
        if not is_held:
            decide.decide(office.under(HR), batch, DecisionKind.HELD, by=HR, reason="later")
    with world.store.read() as connection:
        is_closed = bool(period_decisions_on(connection, str(SEPTEMBER)))
    if not is_closed:
        decide.decide_period(office.under(FINANCE), SEPTEMBER, PeriodDecisionKind.CLOSED, by=FINANCE, reason="done")
    write_review(world, SEPTEMBER)
    return office


def _hold_somebody(office, batch):
    with office.world.store.read() as connection:
        frozen = read_frozen(connection, batch)
        is_held = bool(holds_of(connection, frozen.batch.kind.value, str(SEPTEMBER)))
    if not is_held:
        payee = min(frozen.batch.payees)
        hold_payee(
            office.under(BY_ROLE["manager"]), batch, payee, by=BY_ROLE["manager"], reason="a doubt", attempt=None
        )


def _publish_whatever_is_missing(office, batch):
    for role in CHAIN:
        with office.world.store.read() as connection:
            due = read_frozen(connection, batch).state.next_role
        if due == role:
            decide.decide(office.under(f"demo {role}"), batch, DecisionKind.APPROVED, by=f"demo {role}")
    decide.publish(office.world, batch, by="publisher")


def _killed_at(world, point):
    """Go on in a forked child that kills itself at the point; the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            _next_steps(open_world(world.settings.model_copy(update={"failpoint": point}), clock=world.seam.clock))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) * -1


@ON_SQLITE
def test_a_month_killed_at_moments_drawn_by_lot_equals_one_that_nobody_disturbed(month, tmp_path):
    """A few moments of pay; `make test-crash` has many, of every flow and on both databases."""
    month.store.engine.dispose()
    with undisturbed(replace(PAY, steps=BRIEFLY), month.settings, tmp_path) as whole:
        outcomes = [outcome_of(whole, whole.moment(SEED, number, number), tmp_path) for number in (1, 2, 3, 4)]
    assert {each.step for each in outcomes} == {"approve", "publish", "export", "close"}
    assert [each for each in outcomes if each.differing] == []


def _publish_in_another_process(settings, batch, day, barrier, results):
    world = open_world(settings)
    barrier.wait(60)
    results.put(decide.publish(world, batch, by="publisher", on=day).entries)


def test_two_publishers_at_once_post_one_set(month, made):
    batch = made.batches[0]
    approve_all(month, batch)
    month.store.engine.dispose()
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(2), context.Queue()
    both = [
        context.Process(
            target=_publish_in_another_process, args=(month.settings, batch, business_today(month), barrier, results)
        )
        for _ in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
    posted = sorted(results.get(timeout=10) for _ in both)
    with month.store.read() as connection:
        due = len(read_frozen(connection, batch).postings)
        assert read_frozen(connection, batch).state.phase is BatchPhase.PUBLISHED
    assert posted == [0, due]
    assert len(entries_of(month)) == due
    assert verify_ledger(month) == ()


def test_what_was_brought_in_at_going_live_is_paid_on_under_the_cap_and_named(month, tmp_path):
    """The year to date goes on from the imported level, the draw is paid back, the debt is deducted under its cap."""
    world = with_commission(month, tmp_path)
    house = house_of(world, sound_rules(world.settings.rules), SEPTEMBER)
    payee = next(name for name, each in house.staff.items() if each.currency == "VND"
                 and {posting.department for posting in each.postings} == {"field"})  # fmt: skip
    bring_in(world, opening_of(payee, tmp_path, owed=900_000_000), SEPTEMBER,
             begin_attempt(world.store, "opening", LAST), by="importer")  # fmt: skip
    sign_opening(as_login(world, "demo hr"), by="demo hr")
    post_opening(world, by="publisher")
    batch = next(each for each in prepared(world).batches if "-field-" in each)
    with world.store.read() as connection:
        lines = {line.component: line for line in read_frozen(connection, batch).lines if line.payee == payee}
    steps = {step.name: step for step in lines["commission:field"].steps}
    assert steps["before"].inputs == (("carried:year_to_date", "opening, for 2026-08"),)
    assert steps["before"].note == "brought in by the opening import"
    assert steps["year_to_date"].value == 490_000_000 + steps["recovered"].value
    assert steps["owed"].value == 50_000
    assert steps["rate"].value == (Decimal("0.02") if steps["year_to_date"].value >= 500_000_000 else Decimal("0.01"))
    owed = {step.name: step for step in lines["carried/net:field"].steps}
    assert owed["deducted"].value == owed["most_deducted"].value == int(owed["pay_of_the_month"].value * Decimal("0.3"))
    assert owed["owed_before"].note == "900000000 VND of what was owed came in by the opening import"
    approve_all(world, batch)
    decide.publish(world, batch, by="publisher")
    assert verify_ledger(world) == ()
    (tree,) = [each for each in explain_payout(world, payee, SEPTEMBER) if each.component == "commission:field"]
    assert "'opening.csv:2:7'" in repr(tree.tree)
    with pytest.raises(RefusedError, match="OPN031"):
        bring_in(world, opening_of(payee, tmp_path, owed=1, name="late.csv"), SEPTEMBER,
                 begin_attempt(world.store, "opening", LAST), by="importer")  # fmt: skip


@ON_SQLITE
def test_what_is_owed_where_nobody_pays_is_named_and_moved_by_two_people_to_where_it_is_deducted(month, made):
    """A debt in legal of somebody whom field pays: told, moved, credited in legal, and only then deducted in field."""
    with month.store.read() as connection:
        pays = nets((each.key, each.amount_minor) for each in read_frozen(connection, batch_of(made, "field")).postings)
    key, pay = next((key, pay) for key, pay in pays.items() if key.currency == "VND" and pay > 100)
    most = pay * 3 // 10
    owe(month, key.payee, "legal", most + 7)
    known = verify_ledger(month)
    (told,) = debts_told(month, SEPTEMBER)
    assert told.startswith(
        f"OWE001 {key.payee} owes {most + 7:,} VND in legal, which does not pay them now; field does"
    )
    page, workbook, _ = write_review(month, SEPTEMBER)[:3]
    assert "owed, and deducted nowhere" in page.read_text(encoding="utf-8")
    assert "OWE001" in {cell.value for row in openpyxl.load_workbook(workbook)["Exceptions"] for cell in row}

    def move(scope="field", **changes):
        batch = batch_of(made, scope)
        given = {"payee": key.payee, "source": "legal", "currency": "VND", "by": "demo hr", "reason": "works here now"}
        return propose_move(as_login(month, "demo hr"), batch, NewMove(**given | changes), None)

    assert "ADJ008 field deducts what is owed there itself" in refusal_of(lambda: move(source="field"))
    assert f"they owe {most + 7:,} VND in legal" in refusal_of(lambda: move(source="phone_early"))
    assert "ADJ008 -1 VND is not between" in refusal_of(lambda: move(amount=Decimal(-1)))
    assert "is not between nothing and what is owed" in refusal_of(lambda: move(amount=Decimal(most + 8)))
    assert "ADJ001" in refusal_of(lambda: move("legal"))
    assert "ADJ005" in refusal_of(lambda: move(reason=" "))
    proposed = move()
    assert (proposed.amount, proposed.scope, proposed.moved_from) == (most + 7, "field", "legal")
    assert "AUT00" in refusal_of(
        lambda: decide_adjustment(as_login(month, "demo hr"), proposed.adjustment_id, approve=True, by="demo hr",
                                  attempt=None)
    )  # fmt: skip
    finance = as_login(month, "demo finance")
    decide_adjustment(finance, proposed.adjustment_id, approve=True, by="demo finance", attempt=None)

    moved = f"moved/{proposed.adjustment_id}"
    both = prepared(month)
    assert amounts_of(month, batch_of(both, "legal"), key.payee) == {
        f"{moved}:legal": most + 7, "carried/net:legal": -most - 7,
    }  # fmt: skip
    untouched = amounts_of(month, batch_of(both, "field"), key.payee)
    assert untouched == {key.component: pay}, "nothing is taken up before it is credited"
    paid(month, batch_of(both, "legal"))
    assert [text.split()[0] for text in debts_told(month, SEPTEMBER)] == ["OWE002"]

    credited = prepared(month)
    assert amounts_of(month, batch_of(credited, "field"), key.payee) == {
        key.component: pay, f"{moved}:field": -most - 7, "carried/net:field": 7,
    }  # fmt: skip
    paid(month, batch_of(credited, "field"))
    assert debts_told(month, SEPTEMBER) == ()
    assert verify_ledger(month) == known, "August, which was put in by hand, apart"
    assert tie_out_of(month, SEPTEMBER)[1] == ()
    again = prepared(month)
    for name in ("legal", "field"):
        assert name in again.settled or amounts_of(month, batch_of(again, name), key.payee) == {}


def batch_of(found, scope):
    return next(batch for batch in found.batches if f"-{scope}-" in batch)


def amounts_of(world, batch, payee):
    with world.store.read() as connection:
        postings = read_frozen(connection, batch).postings
    return {each.key.component: each.amount_minor for each in postings if each.key.payee == payee}


def paid(world, batch):
    approve_all(world, batch)
    decide.publish(world, batch, by="publisher")
