"""Retention: what is old goes by a named word; what a ledger entry or a hold needs stays; kills end the same."""

from __future__ import annotations

import os
import signal
from datetime import UTC, date, datetime

import duckdb
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from adapters.errors import ConflictError, FileChangedError, RefusedError, RemovedError
from adapters.seam import sha256_of
from adapters.settings import Settings
from adapters.snapshots import versions
from adapters.store.retention import HoldKind, read_holds, read_removals, removed_paths
from adapters.store.runs import begin_attempt
from adapters.store.schema import STORE, removed_files
from adapters.world import open_world, registered_file
from domain.ids import digest_of
from flows.cli import app
from tasks.stages.legal_holds import place_hold, release_hold
from tasks.stages.retain import apply_retention, plan_retention
from tests.conftest import SteppingClock

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TERMS = {"keep_nights_months": 14, "keep_ledger_years": 5}  # nights from 2025-09-01, ledger from 2021-11

# Dates by what they are beside these terms.
OLD, OLDER, RECENT = date(2025, 8, 20), date(2023, 3, 31), date(2026, 11, 20)


class Book:
    """Puts nights, versions and months into a store directly, with small files for them."""

    def __init__(self, world):
        self.world = world

    def insert(self, table, **values):
        with self.world.store.write("test") as connection:
            connection.execute(STORE.tables[table].insert().values(**values))

    def file(self, path, text):
        file = self.world.settings.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return sha256_of(file)

    def version(self, name, day, table="accounts", accounts=("A1",), last=None):
        path = f"snapshots/{table}/{day}/{name}/part.parquet"
        file = self.world.settings.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        values = ", ".join(f"('{each}')" for each in accounts)
        duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) t(account_id)) TO '{file}' (FORMAT parquet)")
        file.with_name("manifest.json").write_text("{}")
        self.insert("snapshot_versions", version=name, table_name=table, first_date=day, path=path,
                    content_sha256=sha256_of(file), rows=1, columns={"account_id": "VARCHAR"}, totals={})  # fmt: skip
        self.insert("snapshot_pointers", kind="landed", table_name=table, business_date=last or day, version=name,
                    recorded_at=self.world.seam.clock())  # fmt: skip
        return path

    def run(self, run, day, names=(), kind="nightly", made=NOW, source=None):
        """A run with one file, whose manifest names `names`."""
        manifest = {"kind": kind, "landed": [{"version": name} for name in names], "source": source, "stages": []}
        self.insert("runs", run_id=run, kind=kind, business_date=day, manifest=manifest, recorded_at=made)
        path = f"{'what-if' if kind == 'what-if' else 'runs'}/{run}/credits.parquet"
        sha256 = self.file(path, f"credits of {run}")
        self.insert("run_files", run_id=run, name="credits", path=path, sha256=sha256, rows=1)
        return path

    def posted(self, run, month, posting_period):
        batch = f"b-{run}"
        self.insert("batches", batch_id=batch, kind="bonus", scope="phone", period=month, run_id=run, content_hash="h",
                    chain=[], prepared_by="p", recorded_at=NOW)  # fmt: skip
        self.insert("ledger", sequence=1, batch_kind="bonus", payee="E1", component="c", origin_period=month,
                    currency="VND", posting_period=posting_period, entry_type="earning", amount_minor=5, batch_id=batch,
                    previous_hash="0", entry_hash=digest_of(batch))  # fmt: skip


def opened(settings, failpoint=""):
    return open_world(settings.model_copy(update={**TERMS, "failpoint": failpoint}), clock=SteppingClock(NOW))


@pytest.fixture
def world(any_settings):
    return opened(any_settings)


@pytest.fixture
def book(world):
    return Book(world)


def going(world):
    return {file.path for file in plan_retention(world).files}


def person(world):
    """On PostgreSQL people decide under their own login, and this is the tests' only one."""
    return "ops" if world.store.dialect == "sqlite" else "postgres"


def applied(world, reason="past its term"):
    plan = plan_retention(world)
    return apply_retention(
        world, plan.plan, begin_attempt(world.store, "retain", None), by=person(world), reason=reason
    )


def held(world, kind, subject):
    return place_hold(
        world, kind, subject, begin_attempt(world.store, "hold", None), by=person(world), reason="a claim"
    )


def test_what_is_past_its_term_goes_and_what_is_within_it_stays(world, book):
    old = {book.version("v-old", OLD), book.run("r-old", OLD, ["v-old"])}
    recent = {book.version("v-new", RECENT), book.run("r-new", RECENT, ["v-new"])}
    assert going(world) == old
    (done,) = applied(world)
    assert (done.files, done.by) == (2, person(world))
    home = world.settings.home
    assert {path for path in old | recent if (home / path).exists()} == recent
    assert not (home / "snapshots/accounts" / str(OLD)).exists(), "empty folders and manifests go too"
    assert going(world) == set()
    assert applied(world) == ()


def test_state_that_still_stands_is_as_young_as_its_last_date(world, book):
    book.version("v-state", OLDER, last=RECENT)
    assert going(world) == set()


def test_what_recent_nights_read_stays_however_old_it_is(world, book):
    book.version("v-old", OLDER)
    book.run("r-earlier", OLDER, ["v-old"])
    book.run("r-new", RECENT, ["r-earlier", "x"])
    assert going(world) == {f"snapshots/accounts/{OLDER}/v-old/part.parquet"}, "its file is read, and not its inputs"
    book.run("r-newer", RECENT, ["v-old"])
    assert going(world) == set()


def test_a_file_that_a_recent_night_names_by_its_digest_stays(world, book):
    path = book.run("r-prices", OLD)
    book.run("r-new", RECENT, [sha256_of(world.settings.home / path)])
    assert path not in going(world)


@pytest.mark.parametrize(
    ("posted_in", "stays"), [("2023-04", True), ("2021-11", True), ("2021-10", False)], ids=["within", "first", "past"]
)
def test_what_a_ledger_entry_within_its_term_was_calculated_from_stays(world, book, posted_in, stays):
    """The month-end, the night that it pays, and what both read; here a month that was earned long before."""
    earned = date(2019, 6, 30)
    paths = {book.version("v-paid", earned), book.run("r-night", earned, ["v-paid"])}
    book.run("r-month", earned, kind="month-end", source="r-night")
    book.posted("r-month", "2019-06", posted_in)
    assert going(world) == (set() if stays else paths), "files of month-ends themselves always stay"


def test_releases_and_what_was_handed_out_never_go(world, book):
    sha256 = book.file("runs/r-old/dispatch.parquet", "changes")
    book.run("r-old", OLDER)
    book.insert("run_files", run_id="r-old", name="dispatch", path="runs/r-old/dispatch.parquet", sha256=sha256, rows=1)
    book.insert("releases", sequence=1, release_id="rel", kind="allocation", run_id="r-old", valid_from=OLDER,
                path="runs/r-old/dispatch.parquet", sha256=sha256, rows=1, by_name="b", reason="",
                recorded_at=NOW)  # fmt: skip
    assert going(world) == {"runs/r-old/credits.parquet"}


def test_what_ifs_go_by_the_day_on_which_they_were_made(world, book):
    long_ago, lately = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    first = book.run("w-old", RECENT, kind="what-if", made=long_ago)
    book.run("w-new", OLDER, kind="what-if", made=lately)
    assert going(world) == {first}


def test_pages_of_checks_go_before_their_night(world, book):
    path = "runs/r-new/data-docs/payments.html"
    book.run("r-new", RECENT, made=datetime(2026, 8, 1, tzinfo=UTC))
    book.file(path, "page")
    book.insert("run_files", run_id="r-new", name="data-docs/payments", path=path, sha256="", rows=0)
    assert going(world) == {path}


def test_landing_files_go_once_they_have_landed_as_they_are(world, book):
    book.version("v", RECENT, table="payments")
    landed = book.file("landing/2026-10-01/payments.csv", "landed")
    book.file("landing/2026-10-01/contacts.csv", "never read")
    book.file("landing/2026-11-22/payments.csv", "landed")
    book.insert("source_files", source_sha256=landed, table_name="payments", version="v")
    assert going(world) == {"landing/2026-10-01/payments.csv"}


def test_logs_go_by_their_day(world, book):
    book.file("logs/2025-01-31.jsonl", "{}")
    book.file("logs/2026-11-01.jsonl", "{}")
    assert going(world) == {"logs/2025-01-31.jsonl"}


HOLDS = [
    pytest.param(HoldKind.RUN, "r-old", id="of the run"),
    pytest.param(HoldKind.PERIOD, "2025-08", id="of the month"),
    pytest.param(HoldKind.ACCOUNT, "A1", id="of an account on its book"),
    pytest.param(HoldKind.EVERYTHING, "", id="of everything"),
]


@pytest.mark.parametrize(("kind", "subject"), HOLDS)
def test_nothing_that_is_held_goes_until_it_is_released(world, book, kind, subject):
    paths = {
        book.version("v-old", OLD),
        book.version("v-pay", OLD, "payments"),
        book.run("r-old", OLD, ["v-old", "v-pay"]),
    }
    hold = held(world, kind, subject)
    assert going(world) == set()
    assert applied(world) == ()
    release(world, hold.hold)
    assert going(world) == paths


def release(world, name):
    """On PostgreSQL the other person has a login of their own; here the row is written as theirs."""
    if world.store.dialect == "sqlite":
        release_hold(world, name, begin_attempt(world.store, "release", None), by="legal", reason="settled")
        return
    with world.store.write("test") as connection:
        (hold,) = [each for each in read_holds(connection) if each.hold == name]
        connection.execute(
            STORE.tables["legal_hold_decisions"].insert().values(
                hold_id=name, step=2, decision="released", kind=hold.kind.value, subject=hold.subject, by_name="legal",
                reason="settled", decided_on=RECENT, recorded_at=NOW)
        )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "subject"),
    [(HoldKind.PERIOD, "2025-07"), (HoldKind.ACCOUNT, "A2")],
    ids=["another month", "an account that was not on the book"],
)
def test_a_hold_of_something_else_holds_nothing_of_it(world, book, kind, subject):
    book.version("v-old", OLD)
    book.run("r-old", OLD, ["v-old"])
    held(world, kind, subject)
    assert len(going(world)) == 2


def test_a_version_that_no_run_read_is_held_by_its_own_rows(world, book):
    mine = book.version("v-1", OLD, "payments", ["A1", "A3"])
    others = book.version("v-2", OLD, "contacts", ["A3"])
    assert going(world) == {mine, others}
    held(world, HoldKind.ACCOUNT, "A1")
    assert going(world) == {others}


WRONG = [
    pytest.param(HoldKind.PERIOD, "2025-13", "ops", "why", "RET003", id="no month"),
    pytest.param(HoldKind.RUN, "nothing", "ops", "why", "RET003", id="no run"),
    pytest.param(HoldKind.ACCOUNT, " ", "ops", "why", "RET003", id="no account"),
    pytest.param(HoldKind.EVERYTHING, "", "", "why", "RET002", id="nobody"),
    pytest.param(HoldKind.EVERYTHING, "", "ops", " ", "RET002", id="no reason"),
]


@pytest.mark.parametrize(("kind", "subject", "by_name", "reason", "code"), WRONG)
def test_a_hold_that_cannot_be_is_refused(world, kind, subject, by_name, reason, code):
    with pytest.raises(RefusedError, match=code):
        place_hold(world, kind, subject, begin_attempt(world.store, "hold", None), by=by_name, reason=reason)
    with world.store.read() as connection:
        assert read_holds(connection) == ()


def test_who_placed_a_hold_does_not_release_it_and_nobody_releases_twice(tmp_path):
    world = opened(Settings(home=tmp_path / "home"))
    attempt = begin_attempt(world.store, "hold", None)
    place_hold(world, HoldKind.EVERYTHING, "", attempt, by="Ops", reason="a claim")
    for by_name, code in (("ops", "RET005"), ("", "RET002")):
        with pytest.raises(RefusedError, match=code):
            release_hold(world, "hold-1", attempt, by=by_name, reason="settled")
    release_hold(world, "hold-1", attempt, by="legal", reason="settled")
    with pytest.raises(RefusedError, match="RET004"):
        release_hold(world, "hold-1", attempt, by="legal", reason="settled")
    assert place_hold(world, HoldKind.EVERYTHING, "", attempt, by="Ops", reason="again").hold == "hold-2"


def test_only_the_plan_that_was_looked_at_is_applied_by_a_named_person(world, book):
    book.run("r-old", OLD)
    seen, attempt = plan_retention(world).plan, begin_attempt(world.store, "retain", None)
    with pytest.raises(RefusedError, match=r"RET002.*\nRET002"):
        apply_retention(world, seen, attempt, by=" ", reason="")
    book.run("r-old-too", OLD)
    for plan in (seen, "", "nonsense"):
        with pytest.raises(ConflictError, match="RET001"):
            apply_retention(world, plan, attempt, by=person(world), reason="past its term")
    assert len(going(world)) == 2


def test_what_was_removed_is_told_as_removed_and_what_is_gone_by_itself_is_not(world, book):
    path, run = book.version("v-old", OLD), book.run("r-old", OLD, ["v-old"])
    lost = book.run("r-new", RECENT)
    digest = sha256_of(world.settings.home / run)
    applied(world)
    told = f"RET010 .* was removed by retention on 2026-11-23 \\(by {person(world)}, "
    with pytest.raises(RemovedError, match=told):
        registered_file(world, run, digest)
    with world.store.read() as connection:
        with pytest.raises(RemovedError, match=told):
            versions(world, connection, ["v-old"])
        assert removed_paths(connection) == {path, run}
        row = connection.execute(sa.select(removed_files).filter_by(path=run)).one()
        assert (row.sha256, row.dated, row.kind) == (digest, OLD, "runs")
    (world.settings.home / lost).unlink()
    with pytest.raises(FileChangedError, match="is gone, or not what was registered") as raised:
        registered_file(world, lost, digest)
    assert not isinstance(raised.value, RemovedError)


# A removal killed anywhere is finished by the next, and the store always says why a file is not there ----------------

POINTS = (
    "removal_recorded:before_commit",
    "removal_recorded:after_commit",
    "retention:start",
    "retention:removed#1",
    "retention:start#3",
    "removal_finished:before_commit",
    "removal_finished:after_commit",
)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_and_typed_again_it_ends_the_same(any_settings, point):
    world = opened(any_settings)
    book = Book(world)
    paths = {book.version("v-old", OLD), book.run("r-old", OLD, ["v-old"])}
    kept = {book.version("v-new", RECENT), book.run("r-new", RECENT, ["v-new"])}
    world.store.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            applied(opened(any_settings, point))
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    again = opened(any_settings)
    home = any_settings.home
    with again.store.read() as connection:
        assert {path for path in paths if not (home / path).exists()} <= removed_paths(connection)
    applied(again)
    assert {path for path in paths | kept if (home / path).exists()} == kept
    with again.store.read() as connection:
        assert [(each.files, each.is_finished) for each in read_removals(connection)] == [(2, True)]
        assert removed_paths(connection) == paths
    again.store.engine.dispose()


def test_what_is_held_after_a_killed_removal_is_not_removed_by_finishing_it(any_settings):
    world = opened(any_settings)
    book = Book(world)
    paths = {book.version("v-old", OLD), book.run("r-old", OLD, ["v-old"])}
    world.store.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            applied(opened(any_settings, "removal_recorded:after_commit"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    again = opened(any_settings)
    held(again, HoldKind.RUN, "r-old")
    applied(again)
    assert {path for path in paths if (any_settings.home / path).exists()} == paths
    again.store.engine.dispose()


def test_the_commands_show_remove_hold_and_release(tmp_path, monkeypatch):
    home = tmp_path / "home"
    world = open_world(Settings(home=home))
    book = Book(world)
    path = book.run("r-old", OLDER)
    monkeypatch.setenv("RECOUP_HOME", str(home))
    run = CliRunner().invoke
    place = ["legal-hold", "place", "--run", "r-old", "--by", "ops", "--reason", "a claim"]
    assert run(app, place).exit_code == 0
    assert "hold-1" in run(app, ["legal-hold", "list"]).output
    assert "none" in run(app, ["retain", "--dry-run"]).output
    assert run(app, ["legal-hold", "release", "hold-1", "--by", "legal", "--reason", "settled"]).exit_code == 0
    shown = run(app, ["retain", "--dry-run"])
    assert "`recoup retain --plan" in shown.output
    plan = shown.output.split("--plan ")[1].split()[0]
    assert (home / path).exists()
    done = run(app, ["retain", "--plan", plan, "--by", "ops", "--reason", "past its term"])
    assert done.exit_code == 0, done.output
    assert not (home / path).exists()
    assert run(app, ["retain"]).exit_code == 2
