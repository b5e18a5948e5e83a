"""A night, its run id and its bytes; what a corrupted extract stops; what a corrected one changes."""

from __future__ import annotations

import hashlib
import json
import random
import re
from datetime import date

import duckdb
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from adapters.duck import ESTIMATES
from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.snapshots import Pointer, pointed
from adapters.store.results import read_checks, read_kpis, read_scores, read_verdict
from adapters.store.runs import stages_of
from adapters.store.schema import RECORDED, STORE, audit_trail, met_contracts
from adapters.world import open_world
from domain.manifest import Stage
from domain.records import Outcome, ValueState
from flows.cli import app
from tasks.stages.breaches import breaches_of
from tasks.stages.compare import compare_runs, official_before
from tasks.stages.due_targets import due_on
from tests.conftest import DIALECTS, SteppingClock, copy_of, new_world
from tests.stages.conftest import night_of, put_book
from tests.stages.copied_rows import copy_of_store

DAY, NEXT = date(2026, 9, 3), date(2026, 9, 4)  # working days; the 1st and 2nd are Vietnam's National Day

# Exempt from equality: Great Expectations' pages hold times of their own; the SQLite file and logs hold recorded times;
# what was landed from is told of by the digests of files as they came, whatever the order of their rows.
EXEMPT = ("data-docs", "recoup.sqlite", "landing", "landed", "logs", "tmp")


def files_of(world):
    home = world.settings.home
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not any(part.startswith(EXEMPT) for part in path.relative_to(home).parts)
    }


# Of the audit trail: keys, what is hashed over them, and the login, which depends on the database.
OF_KEYS = frozenset({"row_key", "content", "login", "previous_hash", "entry_hash"})


def tables_of(world):
    """Every table of the store without the columns of recorded times.

    Numbers that the database gives out count as the order that they stand for: PostgreSQL leaves a gap where a
    transaction was rolled back. So the audit trail counts by tables and people in its order; that its keys, digests and
    hashes fit is for `verify_ledger` to say.
    """
    with world.store.read() as connection:
        content = {table.name: _rows_of(connection, table) for table in STORE.sorted_tables}
    del content["stage_metrics"]
    return content


def _rows_of(connection, table):
    of_keys = OF_KEYS if table is audit_trail else frozenset()
    columns = [column for column in table.columns if column.name not in RECORDED | of_keys]
    numbers = [column for column in columns if column.autoincrement is True]
    rows = connection.execute(sa.select(*[each for each in columns if each not in numbers]).order_by(*numbers))
    texts = [repr(tuple(row)) for row in rows]
    return texts if numbers else sorted(texts)


@pytest.fixture(scope="module")
def ran(request, tmp_path_factory, book):
    """A world that has run the night of the day; only looked at."""
    with new_world(request, tmp_path_factory.mktemp("ran") / "home", "sqlite") as world:
        put_book(world, book)
        yield world, night_of(world, DAY)


@pytest.fixture(scope="module", params=DIALECTS)
def ran_on_any(request, tmp_path_factory, ran):
    """The same on either database: it ran once, and its rows are copied."""
    first, night = ran
    if request.param == "sqlite":
        yield first, night
        return
    with new_world(request, tmp_path_factory.mktemp("ran") / "home", request.param) as world:
        copy_of_store(first, world)
        world.seam.clock.now = first.seam.clock()
        yield world, night


@pytest.fixture
def official(ran_on_any, tmp_path, request):
    """A world that has run the night of the day, and that night; a copy for each test."""
    world, night = ran_on_any
    with copy_of(world, tmp_path / "home", request) as copy:
        yield copy, night


def rewrite(world, table, sql, day=DAY):
    """Replace a landing file by the rows of `sql` over it, named `extract`."""
    path = world.settings.landing / day.isoformat() / f"{table}.parquet"
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE extract AS FROM '{path}'")
    connection.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")


def halting(world, night):
    with world.store.read() as connection:
        return {check.check: check for check in read_checks(connection, night.run) if check.outcome is Outcome.HALT}


def test_the_same_night_in_two_places_has_the_same_id_rows_and_bytes(ran, world, land_book, run_night):
    other, night = ran
    land_book(world)
    assert run_night(world, DAY).run == night.run
    assert files_of(world) == files_of(other)
    assert tables_of(world) == tables_of(other)


def test_running_it_again_finds_everything_done(official, run_night):
    world, first = official
    before = files_of(world), tables_of(world)
    second = run_night(world, DAY)
    assert second.run == first.run
    tables = tables_of(world)
    assert files_of(world) == before[0]
    assert {name for name in tables if tables[name] != before[1][name]} == {"attempts"}


def met_contracts_of(world):
    with world.store.read() as connection:
        return {(row.table_name, row.run_id) for row in connection.execute(sa.select(met_contracts))}


def test_what_has_not_changed_is_not_judged_again(any_world, land_book, run_night):
    land_book(any_world)
    first, second = (run_night(any_world, day, (Stage.GATE,)).run for day in (DAY, NEXT))
    met = met_contracts_of(any_world)
    unchanged = {"parties", "contact_points", "employees", "staff_postings", "calendar"}
    assert met >= {(table, first) for table in (*unchanged, "accounts")} | {("accounts", second)}
    assert not met & {(table, second) for table in unchanged}
    assert not {table for table, _ in met} & {"payments", "contacts"}
    with any_world.store.read() as connection:
        checks = [{one.check: one for one in read_checks(connection, run)} for run in (first, second)]
    for table in unchanged:
        assert checks[0][f"{table}.tie_out"] == checks[1][f"{table}.tie_out"]


@pytest.mark.slow
def test_what_refers_to_something_changed_is_judged_again(any_world, land_book, run_night):
    land_book(any_world)
    run_night(any_world, DAY, (Stage.GATE,))
    rewrite(any_world, "parties", "SELECT * FROM extract ORDER BY party_id OFFSET 1", NEXT)  # has two numbers
    night = run_night(any_world, NEXT, (Stage.GATE,))
    with any_world.store.read() as connection:
        found = {one.check: one.found for one in read_checks(connection, night.run)}
    assert found["contact_points.party_id.unknown"].startswith("2 of ")


@pytest.mark.slow
def test_a_holiday_on_which_staff_elsewhere_work_is_no_weekend(world, land_book, run_night):
    """Vietnam's National Day on 1 and 2 September; China works on these days, and on Sunday 20 September."""
    land_book(world)
    kinds = {}
    for day in (date(2026, 9, number) for number in (1, 2, 3, 6, 20)):
        night = run_night(world, day, (Stage.GATE,))
        with world.store.read() as connection:
            (gate,) = stages_of(connection, night.run)
        kinds[day.day] = gate.summary["compared_with"]
    off_for_some, working, off = "days off on which others work", "working days", "days off"
    assert kinds == {1: off_for_some, 2: off_for_some, 3: working, 6: off, 20: off_for_some}


@pytest.mark.slow
def test_shuffled_rows_give_the_same_results(ran, world, land_book, run_night):
    other, night = ran
    land_book(world)
    for path in sorted((world.settings.landing / DAY.isoformat()).glob("*.parquet")):
        seed = random.Random(path.name).random()
        rewrite(world, path.stem, f"FROM extract ORDER BY hash(extract::VARCHAR || '{seed}')")
    assert run_night(world, DAY).run == night.run
    assert files_of(world) == files_of(other)


@pytest.mark.slow
def test_another_number_of_threads_gives_the_same_results(ran, land_book, run_night, tmp_path):
    other, _ = ran
    threads = 1 if other.settings.threads != 1 else 2
    world = open_world(Settings(home=tmp_path / "home", threads=threads, memory_limit="1GB"), clock=SteppingClock())
    land_book(world)
    run_night(world, DAY)
    assert files_of(world) == files_of(other)


CORRUPTIONS = [
    ("payments", "SELECT * EXCLUDE (amount) FROM extract", "payments.amount.column", 'no column "amount"'),
    pytest.param(
        *("payments", "FROM extract UNION ALL FROM extract", "payments.duplicates", "equal rows"),
        marks=pytest.mark.slow,
    ),
    pytest.param(
        "payments",
        (
            "SELECT * REPLACE ((amount * 100)::DECIMAL(18,4) AS amount, (principal * 100)::DECIMAL(18,4) AS principal, "
            "(interest * 100)::DECIMAL(18,4) AS interest, (fee * 100)::DECIMAL(18,4) AS fee, "
            "(waiver * 100)::DECIMAL(18,4) AS waiver) FROM extract"
        ),
        "payments.over_balance",
        "off",
        marks=pytest.mark.slow,
    ),
]
SHORT = (Stage.GATE, Stage.ALLOCATE)


@pytest.mark.parametrize(
    ("table", "sql", "check", "found"), CORRUPTIONS, ids=["dropped column", "doubled", "times 100"]
)
def test_a_corrupted_extract_halts_and_says_what_and_where(any_world, land_book, run_night, table, sql, check, found):
    land_book(any_world)
    rewrite(any_world, table, sql)
    night = run_night(any_world, DAY)
    halts = halting(any_world, night)
    assert check in halts, halts
    assert found in halts[check].found
    with any_world.store.read() as connection:
        verdict = read_verdict(connection, night.run, DAY)
        accepted = pointed(connection, Pointer.ACCEPTED, DAY, DAY)
        kpis = {result.kpi: result for result in read_kpis(connection, night.run) if result.entity == "portfolio"}
    assert table in verdict.halted
    assert (table, DAY) not in accepted
    assert ("contacts", DAY) in accepted, "what is sound goes on"
    assert kpis["recovered"].state is ValueState.HALTED
    assert kpis["calls_made"].state is ValueState.VALUE


@pytest.mark.slow
def test_a_halted_book_leaves_the_dispatch_in_force(any_world, land_book, run_night):
    land_book(any_world)
    rewrite(any_world, "accounts", "SELECT * EXCLUDE (days_past_due) FROM extract")
    night = run_night(any_world, DAY)
    with any_world.store.read() as connection:
        stages = {stage.stage: stage for stage in stages_of(connection, night.run)}
        assert connection.execute(sa.text("SELECT count(*) FROM releases")).scalar() == 0
    assert "the dispatch in force stands" in stages["allocate"].summary["note"]


@pytest.mark.slow
def test_a_corrected_extract_is_a_new_version_and_a_rerun_uses_it(any_world, land_book, run_night):
    land_book(any_world)
    good = (any_world.settings.landing / DAY.isoformat() / "payments.parquet").read_bytes()
    rewrite(any_world, "payments", CORRUPTIONS[2].values[1])
    halted = run_night(any_world, DAY, SHORT)
    (any_world.settings.landing / DAY.isoformat() / "payments.parquet").write_bytes(good)
    corrected = run_night(any_world, DAY, SHORT)
    assert corrected.run != halted.run
    assert not halting(any_world, corrected)
    with any_world.store.read() as connection:
        assert ("payments", DAY) in pointed(connection, Pointer.ACCEPTED, DAY, DAY)
        assert (
            connection.execute(
                sa.text("SELECT count(*) FROM snapshot_pointers WHERE table_name = 'payments' AND kind = 'landed'")
            ).scalar()
            == 2
        )


def test_a_bad_resend_does_not_displace_what_was_accepted(any_world, land_book, run_night):
    land_book(any_world)
    run_night(any_world, DAY, (Stage.GATE,))
    with any_world.store.read() as connection:
        before = pointed(connection, Pointer.ACCEPTED, DAY, DAY)
    rewrite(any_world, "payments", "SELECT * EXCLUDE (amount) FROM extract")
    run_night(any_world, DAY, (Stage.GATE,))
    with any_world.store.read() as connection:
        assert pointed(connection, Pointer.ACCEPTED, DAY, DAY) == before


@pytest.mark.slow
def test_an_increment_that_was_never_accepted_leaves_the_month_without_value(world, land_book, run_night):
    land_book(world)
    rewrite(world, "contacts", "SELECT * EXCLUDE (outcome) FROM extract")
    run_night(world, DAY, (Stage.GATE,))
    night = run_night(world, NEXT)
    with world.store.read() as connection:
        kpis = {result.kpi: result for result in read_kpis(connection, night.run) if result.entity == "portfolio"}
    assert kpis["calls_made"].state is ValueState.HALTED
    assert kpis["recovered"].state is ValueState.VALUE


SHARED_OUT = """kpi,value,owner,each,department,period,prorate,employment_share,currency,cascade_by,cascade_step
recovered,1000000,head,department,phone_early,2026-09,working_days,yes,VND,capacity,1000
"""


@pytest.mark.slow
def test_a_what_if_releases_accepts_and_posts_nothing_and_is_compared(official, run_night, tmp_path):
    world, night = official
    before = tables_of(world)
    rules = tmp_path / "rules" / "kpi_rules" / "rules"
    rules.mkdir(parents=True)
    scorecards = (world.settings.rules / "kpi_rules" / "rules" / "scorecards.yaml").read_text(encoding="utf-8")
    changed = scorecards.replace("attainment: 1.2,", "attainment: 1.3,").replace("calls_per_hour", "recovered", 1)
    (rules / "scorecards.yaml").write_text(changed, encoding="utf-8")
    sheet = tmp_path / "rules" / "kpi_rules" / "targets" / "teams.csv"
    sheet.parent.mkdir()
    sheet.write_text(SHARED_OUT, encoding="utf-8")
    what_if = run_night(world, DAY, what_if=True, overlay=tmp_path / "rules")
    after = tables_of(world)
    for table in ("releases", "snapshot_pointers", "ledger", "batches"):
        assert after[table] == before[table]
    assert official_before(world, what_if) == night.run
    comparison = compare_runs(world, what_if, night.run)
    assert comparison.inputs == ()
    assert comparison.equal > 0
    assert any("scorecard" in rule for rule in comparison.rules)
    with world.store.read() as connection:
        scores = read_scores(connection, what_if.run)
    parts = [part for each in scores for part in each.parts if part.kpi == "recovered" and part.target]
    assert sum(part.target for part in parts) == 1_000_000, "what is shared out sums to the department's"
    words = r"teams\.csv:2:2, \d+ of 1000000 of department phone_early by capacity × working days"
    assert len(parts) > 2
    assert all(re.search(words, part.note) for part in parts)


def test_no_stored_schema_holds_a_float_but_for_named_estimates(ran):
    world, _ = ran
    found = set()
    for path in world.settings.home.rglob("*.parquet"):
        for name, kind, *_ in duckdb.execute(f"DESCRIBE FROM '{path}'").fetchall():
            if kind in {"DOUBLE", "FLOAT", "HUGEINT"}:
                found.add(name)
    assert found <= ESTIMATES
    floats = [
        column for table in STORE.sorted_tables for column in table.columns if isinstance(column.type, sa.Numeric)
    ]
    assert floats == []


def test_scores_explain_themselves_down_to_their_parts(ran):
    world, night = ran
    with world.store.read() as connection:
        scores = [score for score in read_scores(connection, night.run) if score.score is not None]
    some, *_ = due_on(world, DAY, employee=scores[0].entity)
    assert (some.kpi, some.target) == (scores[0].parts[0].kpi, scores[0].parts[0].target)
    assert due_on(world, DAY, missing=True) == tuple(due for due in due_on(world, DAY) if due.target is None)
    assert scores
    for score in scores:
        assert sum(part.contribution for part in score.parts if part.contribution is not None) == score.score


def test_control_totals_that_the_source_states_are_compared_with_what_landed(any_world, land_book, run_night):
    land_book(any_world)
    folder = any_world.settings.landing / DAY.isoformat()
    rows, amount = duckdb.sql(
        f"SELECT count(*), sum(amount) FILTER (currency = 'VND') FROM '{folder}/payments.parquet'"
    ).fetchone()
    header = "statement_id,stated_on,table_name,rows,currency,amount\n"
    (folder / "control_totals.csv").write_text(f"{header}payments,{DAY},payments,{rows},VND,{amount}\n")
    assert not halting(any_world, run_night(any_world, DAY, (Stage.GATE,)))
    rewrite(any_world, "payments", "SELECT * FROM extract ORDER BY payment_id LIMIT (SELECT count(*) - 1 FROM extract)")
    (check,) = halting(any_world, run_night(any_world, DAY, (Stage.GATE,))).values()
    assert check.check == "payments.stated_totals"
    assert f"rows {rows - 1}" in check.found
    assert f"rows {rows}" in check.expected


def test_a_file_that_cannot_be_read_halts_with_the_reason_and_leaves_the_one_before(any_world, land_book, run_night):
    land_book(any_world)
    path = any_world.settings.landing / DAY.isoformat() / "payments.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    halted = halting(any_world, run_night(any_world, DAY, (Stage.GATE,)))
    assert "LND" in halted["payments.extract"].found
    path.write_bytes(whole)
    assert not halting(any_world, run_night(any_world, DAY, (Stage.GATE,)))
    path.write_bytes(whole[:100])
    night = run_night(any_world, DAY, (Stage.GATE,))
    assert not halting(any_world, night)
    with any_world.store.read() as connection:
        checks = {check.check: check for check in read_checks(connection, night.run)}
    assert checks["payments.extract"].outcome is Outcome.WARN


def test_breaches_are_counted_and_listed_from_what_the_night_wrote(world, land_book, run_night, monkeypatch):
    """Two calls before dawn break the hours of the law: few enough for the gate to let the extract through."""
    land_book(world)
    chosen = "contact_id IN (SELECT contact_id FROM extract WHERE direction = 'out' ORDER BY contact_id LIMIT 2)"
    late = "started_wall - started_wall::DATE - INTERVAL 5 HOUR"
    moved = ", ".join(
        f"CASE WHEN {chosen} THEN {name} - ({late}) ELSE {name} END AS {name}"
        for name in ("started_at", "started_wall")
    )
    rewrite(world, "contacts", f"SELECT * REPLACE ({moved}) FROM extract")
    run_night(world, DAY, (Stage.GATE, Stage.MEASURE))
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    found = breaches_of(world, DAY, each=True)
    at_night = [one for one in found.rows if one.started_wall.hour == 5]
    assert {one.limit_id for one in at_night} & {"vn_hours", "cn_hours"}
    assert sum(count.contacts for count in found.counts) == len(found.rows)
    one = at_night[0]
    told = CliRunner().invoke(app, ["breaches", "--date", str(DAY), "--each", "--limit", one.limit_id, "--json"])
    assert told.exit_code == 0, told.output
    assert one.contact_id in {row["contact_id"] for row in json.loads(told.stdout)["rows"]}
    with pytest.raises(RefusedError, match=r'LIM003 no limit "vn_hour" was in force\. Did you mean "vn_hours"'):
        breaches_of(world, DAY, limit="vn_hour")
    none = CliRunner().invoke(app, ["breaches", "--date", "2020-01-01"])
    assert (none.exit_code, "LIM001" in str(none.exception)) == (1, True)
