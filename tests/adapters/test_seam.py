"""The one seam: whole files or none, whole transactions or none, and a failpoint before and after each."""

import multiprocessing
import signal

import pytest
import sqlalchemy as sa

from adapters.errors import DiskError
from adapters.seam import Seam
from adapters.store.schema import period_decisions
from adapters.world import open_world

ROW = {"period": "2026-10", "step": 1, "decision": "closed", "by_name": "a", "reason": ""}


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    place = tmp_path / "a" / "file.txt"

    def half(part):
        part.write_text("half")
        raise OSError("disk full")

    with pytest.raises(DiskError, match=r"FIL001 .*a/file\.txt cannot be written: disk full"):
        Seam().write_file(place, half, point="test")
    assert list(tmp_path.rglob("*.txt")) == []
    assert list((tmp_path / "a").iterdir()) == []


def test_a_place_may_depend_on_the_content(tmp_path):
    written = Seam().write_file(
        lambda sha256: tmp_path / sha256[:4], lambda part: part.write_text("x"), folder=tmp_path, point="t"
    )
    assert written.path.name == written.sha256[:4]
    assert written.size_bytes == 1


def _write_and_commit(settings, failpoint):
    world = open_world(settings.model_copy(update={"failpoint": failpoint}))
    world.seam.write_text(settings.home / "out.txt", "new", point="out")
    with world.store.write("row") as connection:
        connection.execute(period_decisions.insert().values(**ROW, recorded_at=world.seam.clock()))


@pytest.mark.parametrize(
    ("failpoint", "text", "rows"),
    [
        ("out:start", "old", 0),
        ("out:written", "old", 0),
        ("out:renamed", "new", 0),
        ("row:before_commit", "new", 0),
        ("row:after_commit", "new", 1),
    ],
)
def test_a_kill_at_each_point_leaves_the_old_or_the_new_never_half(any_settings, failpoint, text, rows):
    world = open_world(any_settings)
    world.seam.write_text(any_settings.home / "out.txt", "old", point="out")
    world.store.engine.dispose()
    process = multiprocessing.get_context("fork").Process(target=_write_and_commit, args=(any_settings, failpoint))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert (any_settings.home / "out.txt").read_text() == text
    with world.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(period_decisions)).scalar() == rows


def test_the_nth_time_a_point_is_reached_can_be_chosen(tmp_path):
    seam = Seam(failpoint="out:start#3")
    for _ in range(2):
        seam.write_text(tmp_path / "x", "y", point="out")
    assert seam.reached["out:start"] == 2
