"""A month's pay: frozen, approved in order, published once, closed, and corrected by differences."""

from __future__ import annotations

import multiprocessing
import shutil
from datetime import date

import duckdb
import pytest
import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.guards import guard_names
from adapters.store.ledger import read_entries
from adapters.store.runs import begin_attempt
from adapters.store.schema import STORE
from adapters.world import open_world
from domain.periods import Period
from incentives.batches import BatchPhase, DecisionKind, PeriodDecisionKind, PeriodState
from tasks.stages import decide
from tasks.stages.explain import explain_payee, verify_ledger
from tasks.stages.month_end import prepare, read_frozen
from tasks.stages.review import write_review
from tests.conftest import copy_of, new_world
from tests.stages.conftest import month_of, put_book
from tests.stages.logins import as_login

pytestmark = pytest.mark.slow

SEPTEMBER, LAST = Period(2026, 9), date(2026, 9, 30)
CHAIN = ("manager", "hr", "finance")


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
        files = shutil.ignore_patterns("recoup.sqlite*")
        shutil.copytree(first.settings.home, world.settings.home, ignore=files, dirs_exist_ok=True)
        copy_rows(first.store, world.store)
        world.seam.clock.now = first.seam.clock()
        yield world


def copy_rows(source, target):
    """All rows but those that a new store has of itself, and where its numbers go on."""
    with source.read() as read, target.write("test") as write:
        for table in STORE.sorted_tables:
            rows = [dict(row) for row in read.execute(sa.select(table)).mappings()]
            if not rows or write.execute(sa.select(table).limit(1)).first():
                continue
            write.execute(table.insert(), rows)
            for column in (each for each in table.columns if each.autoincrement is True):
                last = max(row[column.name] for row in rows)
                write.execute(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, column.name), last).select())


@pytest.fixture
def month(september, tmp_path, request):
    with copy_of(september, tmp_path / "home", request) as world:
        yield world


def prepared(world, by="preparer"):
    return prepare(world, SEPTEMBER, begin_attempt(world.store, "month-end", LAST), by=by)


def approve_all(world, batch):
    for role in CHAIN:
        decide_as(world, batch, DecisionKind.APPROVED, by=role)


def decide_as(world, batch, kind, *, by, **more):
    decide.decide(as_login(world, by), batch, kind, by=by, **more)


def close_as(world, by):
    return decide.decide_period(as_login(world, by), SEPTEMBER, PeriodDecisionKind.CLOSED, by=by, reason="done")


def entries_of(world):
    with world.store.read() as connection:
        return read_entries(connection)


def refusal_of(action):
    with pytest.raises(RefusedError) as caught:
        action()
    return str(caught.value)


def test_a_batch_per_department_is_frozen_reviewed_approved_published_and_closed(month):
    batches = prepared(month).batches
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
    closed = close_as(month, "finance")
    assert closed is PeriodState.CLOSED
    assert verify_ledger(month) == ()
    with month.store.read() as connection:
        for batch in batches:
            frozen = read_frozen(connection, batch)
            posted = read_entries(connection, [batch])
            assert sum(entry.amount_minor for entry in posted) == sum(each.amount_minor for each in frozen.postings)


def test_publishing_again_posts_nothing_and_preparing_again_finds_nothing_to_post(month):
    batch = prepared(month).batches[0]
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
        ("finance", "finance", "BAT006"),
    ],
)
def test_who_may_not_approve_is_refused_with_the_reason(month, by, role, code):
    batch = prepared(month).batches[0]
    assert code in refusal_of(lambda: decide_as(month, batch, DecisionKind.APPROVED, by=by, role=role))


def test_an_unapproved_batch_is_not_published(month):
    batch = prepared(month).batches[0]
    decide_as(month, batch, DecisionKind.APPROVED, by="manager")
    assert "BAT007" in refusal_of(lambda: decide.publish(month, batch, by="publisher"))
    assert entries_of(month) == ()


def test_a_month_with_a_waiting_batch_is_not_closed_and_a_held_one_lets_it(month):
    batches = prepared(month).batches

    def close():
        return close_as(month, "finance")

    assert "BAT033" in refusal_of(close)
    for batch in batches:
        decide_as(month, batch, DecisionKind.HELD, by="hr", reason="dispute")
    assert close() is PeriodState.CLOSED


def test_a_changed_rule_makes_the_batch_void(month, tmp_path):
    rules = tmp_path / "rules"
    for folder in ("kpi_rules", "incentives", "allocation", "expectations"):
        shutil.copytree(month.settings.rules / folder, rules / folder, ignore=shutil.ignore_patterns("*.py"))
    batch = next(each for each in prepared(month).batches if "phone_early" in each)
    approve_all(month, batch)
    path = rules / "incentives" / "policies" / "collector_bonus.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("value: 0.5}", "value: 0.4}"), encoding="utf-8")
    edited = open_world(month.settings.model_copy(update={"rules": rules}))
    assert "BAT012" in refusal_of(lambda: decide.publish(edited, batch, by="publisher"))
    assert entries_of(month) == ()


def test_after_a_return_the_same_content_is_prepared_as_a_batch_of_its_own_and_can_be_paid(month):
    returned = next(batch for batch in prepared(month).batches if "field" in batch)
    decide_as(month, returned, DecisionKind.RETURNED, by="manager", reason="looks odd")
    again = next(batch for batch in prepared(month).batches if "field" in batch)
    assert again != returned
    approve_all(month, again)
    assert decide.publish(month, again, by="publisher").entries > 0


def test_after_a_corrected_extract_unchanged_batches_can_still_be_paid(month, run_night):
    first = prepared(month).batches
    path = month.settings.landing / "2026-09-30" / "attendance.parquet"
    duckdb.execute(
        f"COPY (SELECT * REPLACE (minutes_worked + 1 AS minutes_worked) FROM '{path}') TO '{path}.new' (FORMAT parquet)"
    )
    path.with_name("attendance.parquet.new").replace(path)
    run_night(month, LAST)
    second = prepared(month).batches
    assert not set(first) & set(second)
    for batch in second:
        approve_all(month, batch)
        decide.publish(month, batch, by="publisher")
    assert verify_ledger(month) == ()


def test_a_replaced_extract_makes_the_batch_void(month, run_night):
    batch = prepared(month).batches[0]
    approve_all(month, batch)
    path = month.settings.landing / "2026-09-20" / "contacts.parquet"
    duckdb.execute(f"COPY (SELECT * FROM '{path}' LIMIT 5) TO '{path}.new' (FORMAT parquet)")
    path.with_name("contacts.parquet.new").replace(path)
    run_night(month, date(2026, 9, 20))
    assert "BAT013" in refusal_of(lambda: decide.publish(month, batch, by="publisher"))


def test_rows_edited_by_hand_make_the_batch_void(month):
    """The triggers refuse it; somebody who owns the database can drop them first."""
    batch = prepared(month).batches[0]
    approve_all(month, batch)
    with month.store.write("test") as connection:
        of_table = " ON batch_lines" if month.store.dialect == "postgresql" else ""
        for guard in guard_names(STORE.tables["batch_lines"], month.store.dialect):
            connection.execute(sa.text(f"DROP TRIGGER {guard}{of_table}"))
        connection.execute(
            sa.text("UPDATE batch_lines SET difference_minor = difference_minor + 1, desired_minor = desired_minor + 1")
        )
    assert "BAT010" in refusal_of(lambda: decide.publish(month, batch, by="publisher"))


def test_one_departments_publishing_leaves_the_others_approvals_alone(month):
    first, second = prepared(month).batches[:2]
    for batch in (first, second):
        approve_all(month, batch)
    decide.publish(month, first, by="publisher")
    assert decide.publish(month, second, by="publisher").entries > 0


def test_what_changes_after_the_close_is_posted_as_an_adjustment_that_names_its_origin(month, run_night):
    for batch in prepared(month).batches:
        approve_all(month, batch)
        decide.publish(month, batch, by="publisher")
    close_as(month, "finance")
    before = len(entries_of(month))
    path = month.settings.landing / "2026-09-30" / "reviews.parquet"
    employee = next(
        entry.payee
        for entry in entries_of(month)
        if entry.component.startswith("performance_bonus") and entry.amount_minor > 0
    )
    duckdb.execute(
        f"COPY (FROM '{path}' UNION ALL SELECT 'R-late', '{employee}', NULL, DATE '2026-09-30', 0.1, true) "
        f"TO '{path}.new' (FORMAT parquet)"
    )
    path.with_name("reviews.parquet.new").replace(path)
    run_night(month, LAST)
    corrected = prepared(month)
    for batch in corrected.batches:
        approve_all(month, batch)
        decide.publish(month, batch, by="publisher")
    late = entries_of(month)[before:]
    assert late
    taken_back = [entry for entry in late if entry.payee == employee]
    assert {(entry.origin_period, entry.posting_period) for entry in late} == {("2026-09", "2026-10")}
    assert all(entry.amount_minor < 0 and entry.entry_type == "clawback" for entry in taken_back)
    assert verify_ledger(month) == ()


def test_a_payout_explains_itself_from_the_amount_to_the_rule_lines(month):
    batches = prepared(month).batches
    with month.store.read() as connection:
        line = next(
            line for line in read_frozen(connection, next(b for b in batches if "field" in b)).lines if line.amount
        )
    (explained,) = [each for each in explain_payee(month, line.payee, SEPTEMBER) if each.component == line.component]
    assert explained == line
    payable = [step.value for step in line.steps if step.value is not None]
    assert payable[-1] == line.amount
    assert all(step.line.startswith("incentives/policies/") for step in line.steps if step.kind not in {"part", "sum"})


def _publish_in_another_process(settings, batch, barrier, results):
    world = open_world(settings)
    barrier.wait(60)
    results.put(decide.publish(world, batch, by="publisher").entries)


def test_two_publishers_at_once_post_one_set(month):
    batch = prepared(month).batches[0]
    approve_all(month, batch)
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    both = [
        context.Process(target=_publish_in_another_process, args=(month.settings, batch, barrier, results))
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
