"""One official change of the book at a time, whoever starts it; a process that dies gives its turn back."""

import subprocess
import sys
import threading

import pytest

from adapters.errors import ConflictError
from adapters.store.runs import State, begin_attempt, newest_attempts
from adapters.store.turns import refuse_if_lost, turn, whose_turn
from flows.attempts import turn_at


def attempts(world, *commands):
    return [begin_attempt(world.store, command, None) for command in commands]


def silent(_):
    raise AssertionError("there was nobody to wait for")


def test_the_second_is_refused_and_told_who_has_the_book_since_when(any_world):
    night, publish = attempts(any_world, "nightly 2026-09-03", "publish bonus")
    assert whose_turn(any_world.store) is None
    with turn(any_world.store, night, wait_seconds=0, told=silent):
        assert whose_turn(any_world.store).command == "nightly 2026-09-03"
        with (
            pytest.raises(
                ConflictError, match=r"FLW001 the book is taken by nightly 2026-09-03 \(attempt .*since 2026"
            ),
            turn(any_world.store, publish, wait_seconds=0, told=silent),
        ):
            pytest.fail("both had it")
    assert whose_turn(any_world.store) is None
    with turn(any_world.store, publish, wait_seconds=0, told=silent):
        assert whose_turn(any_world.store).command == "publish bonus"


def test_the_second_waits_and_is_told_once_for_whom(any_world):
    night, publish = attempts(any_world, "nightly 2026-09-03", "publish bonus")
    told, ended, began = [], threading.Event(), threading.Event()

    def first():
        with turn(any_world.store, night, wait_seconds=0, told=silent):
            began.set()
            assert ended.wait(60)

    thread = threading.Thread(target=first)
    thread.start()
    assert began.wait(60)

    def heard(text):
        told.append(text)
        ended.set()

    with turn(any_world.store, publish, wait_seconds=60, told=heard):
        thread.join(60)
        assert whose_turn(any_world.store).attempt == publish
    assert len(told) == 1
    assert told[0].startswith("FLW002 waits for nightly 2026-09-03")


def test_who_is_killed_gives_the_turn_back(any_world):
    (night, again) = attempts(any_world, "nightly 2026-09-03", "nightly 2026-09-03")
    settings = any_world.settings
    killed = (
        "import os, signal\nfrom pathlib import Path\nfrom adapters.settings import Settings\n"
        "from adapters.store.turns import turn\nfrom adapters.world import open_world\n"
        f"settings = Settings(home=Path({str(settings.home)!r}), database_url={settings.database_url!r})\n"
        "store = open_world(settings).store\n"
        f"with turn(store, {night!r}, wait_seconds=0, told=print):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", killed], timeout=120, check=False).returncode == -9
    with turn(any_world.store, again, wait_seconds=5, told=print):
        assert whose_turn(any_world.store).attempt == again


def test_an_attempt_that_is_refused_is_on_record(any_world):
    (night,) = attempts(any_world, "nightly 2026-09-03")
    hasty = any_world.settings.model_copy(update={"turn_wait_minutes": 0})
    world = type(any_world)(hasty, any_world.seam, any_world.store)
    with (
        turn(world.store, night, wait_seconds=0, told=silent),
        pytest.raises(ConflictError),
        turn_at(world, "publish bonus", None),
    ):
        pytest.fail("both had it")
    with world.store.read() as connection:
        (attempt,) = newest_attempts(connection, 1)
    assert (attempt.command, attempt.state) == ("publish bonus", State.FAILED)
    assert attempt.message.startswith("FLW001")


@pytest.mark.slow
def test_a_session_that_was_ended_is_noticed_before_the_next_stage(new_database, tmp_path):
    import sqlalchemy as sa

    from adapters.settings import Settings
    from adapters.world import open_world

    world = open_world(Settings(home=tmp_path / "home", database_url=new_database))
    (night,) = attempts(world, "nightly 2026-09-03")
    with turn(world.store, night, wait_seconds=0, told=silent):
        refuse_if_lost(world.store, night)
        with world.store.write("ended") as connection:
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity "
                    "WHERE application_name LIKE 'recoup turn%'"
                )
            )
        with pytest.raises(ConflictError, match="FLW003"):
            refuse_if_lost(world.store, night)
