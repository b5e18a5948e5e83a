"""A killed night goes on after its last finished stage: what is told, what is not done again, what comes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.store.alive import Worker, holding, is_there, this_worker
from adapters.store.killed import as_they_are, record_killed
from adapters.store.runs import (
    State,
    attempts_of_run,
    begin_attempt,
    end_attempt,
    new_attempt,
    newest_attempts,
    record_attempt,
)
from adapters.store.schema import attempts, runs, stage_results
from adapters.world import open_world
from flows.attempts import attempt_at
from tasks.stages.manifests import manifest_of
from tasks.stages.plan import NIGHT, Request, plan_night
from tasks.stages.resuming import go_on_with, note_going_on, parts_that_differ, unfinished_nights, unfinished_run
from tests.conftest import DIALECTS, SteppingClock, copy_of, new_world
from tests.stages.conftest import put_book, stages_of_night
from tests.stages.test_nights import files_of, tables_of

DAY = date(2026, 9, 3)


def typed(world, day=DAY, stages=NIGHT):
    """A night as `recoup nightly` runs it, below Prefect; what was said before its first stage."""
    from tasks.stages.land import land

    with attempt_at(world, f"nightly {day}", day) as attempt:
        land(world, day, attempt)
        night = plan_night(world, Request(day, stages), attempt)
        said = note_going_on(world, night, stages)
        stages_of_night(world, night, stages)
    return night, said


def killed_at(settings, point, hour=0):
    """The night in a forked child that kills itself at the point."""
    child = os.fork()
    if child == 0:
        try:
            typed(open_world(settings.model_copy(update={"failpoint": point}), clock=clock_at(hour)))
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, point


def clock_at(hour):
    return SteppingClock(datetime(2026, 9, 4, hour, tzinfo=UTC))


@pytest.fixture(scope="module", params=DIALECTS)
def killed(request, tmp_path_factory, book):
    """A world in which the night was killed after each stage in turn, and a world in which nobody disturbed it."""
    with (
        new_world(request, tmp_path_factory.mktemp("killed") / "home", request.param) as world,
        new_world(request, tmp_path_factory.mktemp("whole") / "home", request.param) as whole,
    ):
        for each in (world, whole):
            put_book(each, book)
        typed(whole)
        world.store.engine.dispose()
        for hour, stage in enumerate(NIGHT):
            killed_at(world.settings, f"stage_{stage.value}:after_commit", hour)
        yield open_world(world.settings, clock=clock_at(len(NIGHT))), whole


def test_each_attempt_says_where_it_goes_on_and_whose_stages_it_reads(killed):
    world, _ = killed
    with world.store.read() as connection:
        told = [each.message for each in reversed(newest_attempts(connection, 20))]
    assert "goes on" not in told[0]
    assert [text.split("; it ")[1].split(" of the attempt")[0] for text in told[1:4]] == [
        "goes on from allocate: gate is finished",
        "goes on from measure: gate, allocate are finished",
        "goes on from project: gate, allocate, measure are finished",
    ]
    assert all(", killed" in text for text in told[1:4])


def test_those_that_were_killed_are_told_as_killed_by_their_process(killed):
    world, _ = killed
    with world.store.read() as connection:
        found = as_they_are(world.store, newest_attempts(connection, 20))
    assert {each.state for each in found} == {State.KILLED}
    assert all(each.message.startswith(f"process {each.worker.process_id} on ") for each in found)


def test_run_again_it_ends_with_the_same_bytes_and_works_no_finished_stage_again(killed, tmp_path, request):
    world, whole = killed
    with copy_of(world, tmp_path / "home", request) as copy:
        _, said = typed(copy)
        assert said[0].startswith("was finished before: gate, allocate, measure, project, report are finished")
        assert not any(copy.seam.reached[f"stage_{stage.value}:before_commit"] for stage in NIGHT)
        assert files_of(copy) == files_of(whole)
        found, expected = tables_of(copy), tables_of(whole)
        assert {name for name in expected if found[name] != expected[name]} == {"attempts"}
        with copy.store.read() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(stage_results)).scalar() == len(NIGHT)
            assert [each.state for each in reversed(newest_attempts(connection, 20))] == [
                *[State.KILLED] * len(NIGHT),
                State.DONE,
            ]
        copy.store.engine.dispose()


def test_after_its_last_stage_too_it_is_unfinished_until_an_attempt_came_to_its_end(killed, tmp_path, request):
    """What a week's or a month's last night does comes after the last stage."""
    world, whole = killed
    with world.store.read() as connection:
        assert len(unfinished_nights(connection)) == 1
    with whole.store.read() as connection:
        assert unfinished_nights(connection) == ()
    with pytest.raises(RefusedError, match="no night is unfinished"):
        unfinished_run(whole)
    with copy_of(world, tmp_path / "home", request) as copy:
        run = unfinished_run(copy)
        with attempt_at(copy, f"resume {run}", None) as attempt:
            night, manifest = go_on_with(copy, run, attempt)
            note_going_on(copy, night, manifest.stages)
            stages_of_night(copy, night, manifest.stages)
        with copy.store.read() as connection:
            assert unfinished_nights(connection) == ()
            assert attempts_of_run(connection, run)[-1].message.startswith("was finished before")
        copy.store.engine.dispose()


def test_gone_on_with_it_reads_what_it_was_planned_with_although_something_else_has_landed(request, tmp_path, book):
    """The extract of another file lands in between: run again it is another run and says why; resumed it is its own."""
    with new_world(request, tmp_path / "home", "sqlite") as world:
        put_book(world, book)
        world.store.engine.dispose()
        killed_at(world.settings, "stage_gate:after_commit")
        (world.settings.landing / str(DAY) / "reviews.parquet").unlink()
        (world.settings.landing / str(DAY) / "reviews.csv").write_text("review_id\n", encoding="utf-8")
        again = open_world(world.settings, clock=clock_at(1))
        run = unfinished_run(again)
        with attempt_at(again, f"nightly {DAY}", DAY) as attempt:
            from tasks.stages.land import land

            land(again, DAY, attempt)
            other = plan_night(again, Request(DAY), attempt)
            assert other.run != run
            (said,) = note_going_on(again, other, NIGHT)
        assert said.startswith(f"is another run than {run[:12]}, which was not finished: what landed (reviews)")
        with attempt_at(again, f"resume {run}", None) as attempt:
            night, manifest = go_on_with(again, run, attempt)
            (said,) = note_going_on(again, night, manifest.stages)
            assert said.startswith("goes on from allocate: gate is finished")
            stages_of_night(again, night, manifest.stages)
        again.store.engine.dispose()


def test_a_run_of_another_version_of_the_program_is_not_gone_on_with(killed, tmp_path, request):
    world, _ = killed
    with copy_of(world, tmp_path / "home", request) as copy:
        run = unfinished_run(copy)
        with copy.store.read() as connection:
            manifest = manifest_of(connection, run)
        older = replace(manifest, calculation="0" * 64)
        with copy.store.write("test") as connection:
            connection.execute(
                runs.insert().values(run_id="older", kind="nightly", business_date=date(2026, 9, 4), manifest=older,
                                     recorded_at=copy.seam.clock())
            )  # fmt: skip
        with pytest.raises(ConflictError, match=r"another version of the program\. `recoup nightly --date 2026-09-03`"):
            go_on_with(copy, unfinished_run(copy, "older"), begin_attempt(copy.store, "resume", None))
        copy.store.engine.dispose()


HOLDS = """
import sys, time
from adapters.settings import Settings
from adapters.world import open_world
from flows.attempts import attempt_at
world = open_world(Settings(home=sys.argv[1], database_url=sys.argv[2]))
with attempt_at(world, "nightly 2026-09-03", None):
    print("begun", flush=True)
    time.sleep(60)
"""


def test_an_attempt_is_running_while_its_process_is_there_and_killed_from_then_on(any_world):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(any_world.settings.home), any_world.settings.database_url],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "begun\n"
    assert states(any_world) == [State.RUNNING]
    process.kill()
    process.wait()
    assert eventually(lambda: states(any_world) == [State.KILLED])
    assert [each.state for each in record_killed(any_world.store)] == [State.KILLED]
    assert record_killed(any_world.store) == (), "it is recorded once"
    assert not list((any_world.settings.home / "tmp").glob("attempt-*"))


def states(world):
    with world.store.read() as connection:
        listed = newest_attempts(connection, 5)
    return [each.state for each in as_they_are(world.store, listed)]


def eventually(holds):
    """A server drops what a killed client held within a moment, and not at once."""
    return any(holds() or time.sleep(0.1) for _ in range(100))


HERE = this_worker()
GONE = (
    pytest.param(Worker("another-host", 1, "boot/1"), id="on another host"),
    pytest.param(replace(HERE, process_started="an-earlier-boot/" + HERE.process_started[-4:]), id="before a reboot"),
    pytest.param(replace(HERE, process_id=2**22 + 1), id="no such process"),
    pytest.param(Worker(), id="recorded by an older version"),
)


@pytest.mark.parametrize("worker", GONE)
def test_without_its_lock_an_attempt_is_gone_unless_its_own_process_is_seen_here(any_world, worker):
    attempt = new_attempt()
    record_attempt(any_world.store, attempt, "nightly", DAY)
    assert is_there(any_world.store, attempt, HERE), "the connection was lost, and the process is there"
    with any_world.store.write("test") as connection:
        connection.execute(
            attempts.update().values(
                host=worker.host, process_id=worker.process_id, process_started=worker.process_started
            )
        )
    assert states(any_world) == [State.KILLED]
    with holding(any_world.store, attempt):
        assert states(any_world) == [State.RUNNING]
    assert states(any_world) == [State.KILLED]


def test_what_was_noted_stays_where_it_ended_well_and_goes_where_it_did_not(any_world):
    from adapters.store.runs import note_attempt

    for state, message, told in ((State.DONE, "", "goes on"), (State.FAILED, "disk full", "disk full")):
        attempt = begin_attempt(any_world.store, "nightly", DAY)
        note_attempt(any_world.store, attempt, "goes on")
        end_attempt(any_world.store, attempt, state, message)
        with any_world.store.read() as connection:
            assert newest_attempts(connection, 1)[0].message == told


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"rules": [1]}, {"rules": [2]}, ("the rules",)),
        ({"known_as_of": "a"}, {"known_as_of": "b"}, ()),
        ({"landed": [{"table": "payments", "version": 1}]}, {"landed": []}, ("what landed (payments)",)),
        ({"calculation": 1, "prices": 1}, {"calculation": 2, "prices": 2}, ("the program", "yesterday's prices")),
        ({}, {"new_part": 1}, ("new_part",)),
    ],
)
def test_what_differs_between_two_runs_is_said_in_words(one, other, told):
    assert parts_that_differ(one, other) == told
