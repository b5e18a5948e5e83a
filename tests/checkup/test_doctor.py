"""The doctor: one thing is broken at a time, and it says which, where, and what to do; nothing is changed by it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from adapters.environment import name_environment, namings
from adapters.errors import RefusedError, StoreError
from adapters.settings import Settings
from adapters.store.runs import StageResult, State, begin_attempt, end_attempt, finish_stage
from adapters.store.schema import attempts, run_files, runs
from adapters.world import open_any_world, open_world
from flows.cli import app
from flows.cli.doctor import served_here
from tasks.checkup.checkup import check_up
from tasks.checkup.healthy import main as healthy
from tasks.checkup.machine import bytes_of, look_at_schedule
from tasks.checkup.place import bytes_by_date
from tasks.checkup.server import Server
from tests.conftest import SteppingClock

NOBODY = Server("http://127.0.0.1:1/api")
LATER = SteppingClock(datetime(2026, 10, 1, tzinfo=UTC))
DAY = date(2026, 9, 3)


def found_in(settings, clock=LATER, served=NOBODY, **how):
    """Codes by what was looked at, those of this machine left out."""
    looked = check_up(without_rules(settings), served, clock=clock, **how)
    return {
        each.about: [issue.code for issue in each.issues]
        for each in looked
        if each.about not in {"Python and packages", "memory", "rule book", "signatures", "Prefect server"}
    }


def without_rules(settings):
    """Reading the house's rules takes seconds; below a home folder there are none."""
    return settings.model_copy(update={"rules": settings.home})


def issues_of(settings, about, **how):
    looked = check_up(without_rules(settings), NOBODY, clock=LATER, **how)
    (looked,) = [each for each in looked if each.about == about]
    return [str(issue) for issue in looked.issues]


def test_where_nothing_is_wrong_everything_was_looked_at(any_world):
    any_world.settings.home.mkdir(exist_ok=True)
    found = found_in(any_world.settings)
    warned = {"environment": ["DOC004"]} | (
        {"roles": ["DOC013"]} if any_world.store.dialect == "postgresql" else {}
    )  # the tests' only login is a superuser
    assert found == {about: warned.get(about, []) for about in found}
    assert {"database", "guards", "clock", "attempts", "nights", "registered files", "disk space"} <= set(found)


def test_before_the_first_command_it_makes_nothing(tmp_path):
    home = tmp_path / "home"
    assert found_in(Settings(home=home))["database"] == ["DOC010"]
    assert not home.exists()


def test_a_home_that_cannot_be_written_is_told(tmp_path):
    home = tmp_path / "home"
    home.write_text("a file")
    assert found_in(Settings(home=home))["home folder"] == ["DOC003"]


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:secret@127.0.0.1:1/recoup", "nonsense with secret", "postgresql://u:secret@"]
)
def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path, url):
    looked = check_up(Settings(home=tmp_path, database_url=url, rules=tmp_path), NOBODY)
    (database,) = [each for each in looked if each.about == "database"]
    assert [issue.code for issue in database.issues] == ["DOC010"]
    assert "secret" not in repr(looked)


def test_an_older_store_is_told_and_not_migrated(any_world):
    with any_world.store.write("test") as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0014'"))
    (said,) = issues_of(any_world.settings, "database")
    assert "DOC011 has version 0014, this program" in said
    assert "migrations wait. Back it up" in said
    assert found_in(any_world.settings).keys() == {"time zone and schedule", "home folder", "database"}


def test_a_store_of_a_newer_program_is_told(world):
    with world.store.write("test") as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert issues_of(world.settings, "database") == [
        "database DOC011 has version 9999, which this program does not know. Update Recoup"
    ]


def test_a_lost_guard_is_told_where_other_commands_refuse_to_start(world):
    with world.store.write("test") as connection:
        connection.execute(sa.text("DROP TRIGGER guard_ledger_update"))
    assert found_in(world.settings)["guards"] == ["DOC012"]


def test_a_clock_that_went_back_is_told(any_world):
    end_attempt(any_world.store, begin_attempt(any_world.store, "nightly", DAY), State.DONE, "")
    before = SteppingClock(datetime(2025, 12, 31, tzinfo=UTC))
    assert found_in(any_world.settings, clock=before)["clock"] == ["DOC009"]
    assert found_in(any_world.settings)["clock"] == []


def planned_run(world, *, stages=("gate", "report"), finished=("gate",), run="a" * 24, state=None):
    """A run of which some stages are finished, and an attempt at it that has another process's name."""
    attempt = begin_attempt(world.store, f"nightly {DAY}", DAY)
    with world.store.write("test") as connection:
        connection.execute(
            runs.insert().values(
                run_id=run,
                kind="nightly",
                business_date=DAY,
                manifest={"stages": list(stages)},
                recorded_at=world.seam.clock(),
            )
        )
        connection.execute(attempts.update().where(attempts.c.attempt_id == attempt).values(run_id=run))
        for stage in finished:
            finish_stage(world.store, connection, run, attempt, StageResult(stage, State.DONE, {}))
    if state is not None:
        end_attempt(world.store, attempt, state, "")
    return attempt


def test_a_killed_attempt_and_its_unfinished_night_are_told_with_the_command_to_give(any_world):
    planned_run(any_world)
    found = found_in(any_world.settings)
    assert (found["attempts"], found["nights"]) == (["DOC016"], []), "it says that it works, for months"
    with any_world.store.write("test") as connection:
        connection.execute(attempts.update().values(host="another"))
    assert found_in(any_world.settings)["attempts"] == ["DOC014"]
    assert issues_of(any_world.settings, "nights") == [
        f"run aaaaaaaaaaaa DOC015 the night of {DAY} is not finished. `recoup resume aaaaaaaaaaaa`"
    ]


@pytest.mark.parametrize(
    ("finished", "state", "codes"),
    [
        (("gate", "report"), State.DONE, []),
        (("gate", "report"), State.HALTED, []),
        (("gate", "report"), State.FAILED, ["DOC015"]),
        (("gate",), State.FAILED, ["DOC015"]),
        ((), State.FAILED, ["DOC015"]),
    ],
)
def test_a_night_is_unfinished_until_all_its_stages_are_and_an_attempt_came_to_its_end(world, finished, state, codes):
    planned_run(world, finished=finished, state=state)
    assert found_in(world.settings)["nights"] == codes


def test_a_later_run_of_the_date_takes_the_place_of_an_unfinished_one(world):
    planned_run(world, state=State.FAILED)
    planned_run(world, run="b" * 24, finished=("gate", "report"), state=State.DONE)
    assert found_in(world.settings)["nights"] == []


def test_files_that_are_gone_changed_or_of_nobody_are_told_by_name(world):
    planned_run(world, finished=("gate", "report"), state=State.DONE)
    home = world.settings.home
    for name in ("kept", "changed", "gone", "orphan"):
        (home / "runs").mkdir(exist_ok=True)
        (home / "runs" / name).write_text(name)
    from adapters.seam import sha256_of

    with world.store.write("test") as connection:
        for name in ("kept", "changed", "gone"):
            path = f"runs/{name}"
            connection.execute(
                run_files.insert().values(run_id="a" * 24, name=name, path=path, sha256=sha256_of(home / path), rows=0)
            )
    (home / "runs" / "changed").write_text("something else")
    (home / "runs" / "gone").unlink()
    assert [said.split()[:2] for said in issues_of(world.settings, "registered files")] == [
        ["runs/gone", "DOC017"],
        ["runs/orphan", "DOC019"],
    ]
    thorough = issues_of(world.settings, "registered files", thorough=True)
    assert [said.split()[:2] for said in thorough][:2] == [["runs/changed", "DOC018"], ["runs/gone", "DOC017"]]
    assert bytes_by_date(world) == {DAY: len("kept") + len("something else")}


def test_room_is_held_against_the_largest_of_the_last_nights(world, monkeypatch):
    planned_run(world, finished=("gate", "report"), state=State.DONE)
    file = world.settings.home / "runs" / "large"
    file.parent.mkdir()
    with file.open("wb") as opened:
        opened.truncate(10**10)  # holes: nothing is written
    with world.store.write("test") as connection:
        connection.execute(run_files.insert().values(run_id="a" * 24, name="l", path="runs/large", sha256="", rows=0))
    import shutil

    for free, codes, word in (
        (29 * 10**9, ["DOC005"], "a night needs 30.0 GB"),
        (80 * 10**9, ["DOC005"], "room for 5 more nights"),
        (400 * 10**9, [], ""),
    ):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert found_in(world.settings)["disk space"] == codes
        assert word in "".join(issues_of(world.settings, "disk space"))


@pytest.mark.parametrize(
    ("zone", "cron", "wrong"),
    [
        ("Asia/Ho_Chi_Minh", "0 2 * * *", False),
        ("Europe/Berlin", "30 2 * * *", True),
        ("Europe/Berlin", "30 4 * * *", False),
        ("America/New_York", "30 1 * * *", True),
        ("Europe/Berlin", "30 */2 * * *", False),
    ],
    ids=["no summer time", "left out and twice", "after the change", "twice only", "not looked at"],
)
def test_an_hour_that_a_day_does_not_have_once_is_no_hour_for_nights(zone, cron, wrong):
    looked = look_at_schedule(Settings(time_zone=zone, nightly_cron=cron), datetime(2026, 1, 1, tzinfo=UTC))
    assert [issue.code for issue in looked.issues] == ["DOC008"] * wrong


@pytest.mark.parametrize(
    ("size", "expected"), [("3GB", 3 * 10**9), ("1.5 GiB", 3 * 2**29), ("80%", None), ("", None), ("3 G", None)]
)
def test_sizes_are_read_as_duckdb_takes_them(size, expected):
    assert bytes_of(size) == expected


@contextmanager
def prefect_like(password, *, pages=True):
    """Something that answers as Prefect's server does: only to who sends the password; its pages to everybody."""
    import base64

    expected = f"Basic {base64.b64encode(password.encode()).decode()}" if password else None

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            allowed = expected is None or self.headers.get("Authorization") == expected
            self.send_response(200 if allowed else 401)
            self.end_headers()

        def do_GET(self):
            self.send_response(200 if pages and self.path == "/" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("its", "ours", "codes"),
    [("", "", ["DOC023"]), ("a:b", "a:b", []), ("a:b", "a:c", ["DOC023"]), ("a:b", "", ["DOC023"])],
    ids=["open to everybody", "ours", "another one", "none of ours"],
)
def test_the_server_answers_only_to_who_knows_its_password(tmp_path, its, ours, codes):
    with prefect_like(its) as url:
        looked = check_up(Settings(home=tmp_path, rules=tmp_path), Server(url, ours))
    (server,) = [each for each in looked if each.about == "Prefect server"]
    assert [issue.code for issue in server.issues] == codes
    assert not ours or ours not in repr(server)


def test_the_server_that_is_asked_is_that_of_the_settings_unless_prefect_names_one(tmp_path, monkeypatch):
    """Of two environments on one machine each looks at its own."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    settings = Settings(home=tmp_path, port=4201)
    assert served_here(settings).url == "http://127.0.0.1:4201/api"
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere.invalid/api")
    assert served_here(settings).url == "http://elsewhere.invalid/api"


def test_a_server_without_pages_is_a_warning(tmp_path):
    with prefect_like("a:b", pages=False) as url:
        looked = check_up(Settings(home=tmp_path, rules=tmp_path), Server(url, "a:b"))
    (server,) = [each for each in looked if each.about == "Prefect server"]
    assert [(issue.code, issue.is_error) for issue in server.issues] == [("DOC026", False)]


@pytest.mark.parametrize(("its", "status"), [("", 1), ("a:b", 0)], ids=["open to everybody", "asks"])
def test_a_container_is_healthy_where_its_server_asks_for_a_password(its, status, capsys):
    with prefect_like(its) as url:
        assert healthy(url) == status
    assert healthy(NOBODY.url) == 1
    assert "answers with nothing" in capsys.readouterr().err


def test_no_server_is_a_warning(tmp_path):
    (server,) = [
        each for each in check_up(Settings(home=tmp_path, rules=tmp_path), NOBODY) if each.about == "Prefect server"
    ]
    assert [(issue.code, issue.is_error) for issue in server.issues] == [("DOC022", False)]


def test_a_rule_that_nobody_signed_is_told_by_its_place(world):
    (looked,) = [each for each in check_up(world.settings, NOBODY) if each.about == "signatures"]
    said = [str(issue) for issue in looked.issues]
    assert len(said) == 11
    assert all("DOC021" in each and ".yaml:" in each and "is not signed" in each for each in said[:10])
    assert "more are not signed" in said[10]


def test_the_command_tells_all_of_it_at_once_and_exits_with_1(world, monkeypatch):
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    monkeypatch.setenv("RECOUP_RULES", str(world.settings.home))
    monkeypatch.setenv("PREFECT_API_URL", NOBODY.url)
    planned_run(world, state=State.FAILED)
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == 1, done.output
    told = {each["about"]: each for each in json.loads(done.stdout)}
    assert told["nights"]["issues"][0]["code"] == "DOC015"
    assert told["nights"]["issues"][0]["location"]["path"] == "run aaaaaaaaaaaa"
    people = CliRunner().invoke(app, ["doctor"])
    assert people.exit_code == 1
    assert "DOC015 the night of 2026-09-03 is not finished. `recoup resume aaaaaaaaaaaa`" in people.output


def test_wrong_settings_are_told_like_everything_else(monkeypatch):
    monkeypatch.setenv("RECOUP_THREADS", "0")
    monkeypatch.setenv("RECOUP_ENVIRONMENT", "Not A Name")
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 1
    assert "DOC002" in done.output
    assert "threads" in done.output
    assert "environment" in done.output


# Environments ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def production(any_settings):
    """A store and home that were named production."""
    settings = any_settings.model_copy(update={"environment": "production"})
    world = open_world(settings, clock=SteppingClock())
    name_environment(settings, world.store, begin_attempt(world.store, "environment", None), by="ops", reason="")
    return world


def test_what_is_named_opens_under_its_name_only(production):
    assert open_world(production.settings).settings.environment == "production"
    for other in ("", "test"):
        with pytest.raises(StoreError, match=r'STO005 the settings say .*, the store "production", the home folder'):
            open_world(production.settings.model_copy(update={"environment": other}))
    assert found_in(production.settings)["environment"] == []
    assert found_in(production.settings.model_copy(update={"environment": "test"}))["environment"] == ["DOC004"]


def test_a_production_store_refuses_another_home_and_a_production_home_another_store(production, tmp_path):
    store_elsewhere = production.settings.model_copy(
        update={"home": tmp_path / "another", "database_url": production.settings.store_url}
    )
    home_of_production = production.settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'new.sqlite'}"})
    for settings in (store_elsewhere, home_of_production):
        with pytest.raises(StoreError, match="STO005"):
            open_world(settings)


def test_a_copy_becomes_another_environment_by_a_named_person_with_a_reason_and_both_are_kept(production):
    settings = production.settings.model_copy(update={"environment": "test"})
    world = open_any_world(settings, clock=SteppingClock())
    attempt = begin_attempt(world.store, "environment", None)
    for by, reason in (("", "a copy"), ("ops", "")):
        with pytest.raises(RefusedError):
            name_environment(settings, world.store, attempt, by=by, reason=reason)
    name_environment(settings, world.store, attempt, by="ops", reason="a copy of Sunday's backup")
    assert open_world(settings).settings.environment == "test"
    assert [(each.environment, each.by) for each in namings(world.store)] == [("production", "ops"), ("test", "ops")]


def test_a_crash_between_naming_the_store_and_the_home_is_told_and_typed_again(any_settings):
    settings = any_settings.model_copy(update={"environment": "production"})
    world = open_world(settings)
    attempt = begin_attempt(world.store, "environment", None)
    name_environment(settings, world.store, attempt, by="ops", reason="")
    (settings.home / "environment").unlink()
    with pytest.raises(StoreError, match=r"the home folder .* no name"):
        open_world(settings)
    name_environment(settings, open_any_world(settings).store, attempt, by="ops", reason="")
    assert len(namings(open_world(settings).store)) == 1
