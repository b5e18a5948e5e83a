"""The disk is full or read-only, the clock is set back, two do the same at once: told with a code, mended, equal."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from adapters.errors import DiskError, StoreError, WorldError
from adapters.settings import Settings
from adapters.store.runs import (
    StageResult,
    State,
    begin_attempt,
    finish_stage,
    newest_attempts,
    official_run,
    record_run,
)
from adapters.world import open_world
from domain.ids import digest_of
from domain.manifest import Manifest, RunKind, Stage
from tests.conftest import SteppingClock, copied
from tests.crashes.at_points import at_point
from tests.crashes.moments import differing, left_of, office_of_step, undisturbed
from tests.crashes.office import Office
from tests.crashes.settlement import SETTLEMENT
from tests.crashes.watched import in_child

BRIEFLY = replace(SETTLEMENT, steps=SETTLEMENT.steps[:8])
DAY = date(2026, 9, 30)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A settlement that nobody disturbed, with what stood before and after each of its steps."""
    folder = tmp_path_factory.mktemp("whole")
    with undisturbed(BRIEFLY, BRIEFLY.ready(folder / "claimed"), folder) as found:
        yield found


def _step_named(name: str) -> int:
    return next(number for number, step in enumerate(BRIEFLY.steps) if step.name == name)


def _typed_again(whole, settings: Settings, step: int) -> tuple[str, ...]:
    """What differs once the world is mended and the command typed again."""
    office = office_of_step(settings, BRIEFLY, step, minutes=10)
    office.world.seam.sweep()
    found = differing(whole.after[step], left_of(office))
    office.close_connections()
    return found


DISKS = [
    (errno.ENOSPC, "Make room on the disk"),
    (errno.EROFS, "Mount the disk writable"),
    (errno.EIO, "Look at the disk"),
]
FILES = [("match", "claims", ".parquet"), ("statement", "claims_statement", ".html"), ("outputs", "statement", ".pdf")]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "hint"), DISKS, ids=[errno.errorcode[each] for each, _ in DISKS])
@pytest.mark.parametrize(("name", "point", "ending"), FILES, ids=[each[0] for each in FILES])
def test_a_disk_that_fails_at_a_file_is_told_and_afterwards_it_goes_on(
    whole, tmp_path, name, point, ending, number, hint
):
    def fails() -> None:
        raise OSError(number, os.strerror(number))

    step = _step_named(name)
    with copied(whole.before[step], tmp_path / "home") as settings:
        with (
            pytest.raises(DiskError, match=r"FIL001 .* cannot be written") as told,
            at_point(f"{point}:written", fails),
        ):
            office_of_step(settings, BRIEFLY, step)
        assert hint in str(told.value)
        assert str(settings.home) in str(told.value)
        with open_world(settings).store.read() as connection:
            last = newest_attempts(connection, 1)[0]
        assert (last.state, last.message) == (State.FAILED, str(told.value))
        assert _typed_again(whole, settings, step) == ()


def _with_little_room(settings: Settings, step: int, _: object) -> str:
    """Files of this process may have forty kilobytes: the database's own too."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
    try:
        office_of_step(settings, BRIEFLY, step)
    except WorldError as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["match", "statement", "approve and publish"])
def test_a_process_that_may_write_no_more_says_so_and_leaves_nothing_half(whole, tmp_path, name):
    """The system's own limit, not a fake: which write meets it first is the system's business."""
    step = _step_named(name)
    with copied(whole.before[step], tmp_path / "home") as settings:
        told = in_child(partial(_with_little_room, settings, step))
        assert told.startswith(("DiskError: FIL001", "StoreError: STO00"))
        assert _typed_again(whole, settings, step) == ()


@pytest.mark.slow
def test_a_full_disk_is_told_and_afterwards_it_goes_on(whole, tmp_path):
    """A disk of its own, as large as what lies on it and a little more."""
    step, mount = _step_named("outputs"), tmp_path / "disk"
    mount.mkdir()
    used = sum(path.stat().st_size for path in whole.before[step].home.rglob("*") if path.is_file())
    size = f"size={used // 1024 + 700}k"
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", mount], check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        with copied(whole.before[step], mount / "home") as settings:
            (mount / "filler").write_bytes(
                b"x" * max(os.statvfs(mount).f_bavail * os.statvfs(mount).f_frsize - 40_000, 0)
            )
            with pytest.raises(WorldError, match=r"FIL001 .*No space left|STO00\d .*(full|disk)"):
                office_of_step(settings, BRIEFLY, step)
            (mount / "filler").unlink()
            subprocess.run(["mount", "-o", "remount,size=64m", mount], check=True)
            assert _typed_again(whole, settings, step) == ()
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


@pytest.mark.slow
def test_a_home_on_a_read_only_disk_is_told_when_a_command_starts(whole, tmp_path):
    mount = tmp_path / "home"
    step = _step_named("match")
    with copied(whole.before[step], mount) as settings:
        if os.geteuid() or subprocess.run(["mount", "--bind", mount, mount], check=False).returncode:
            pytest.skip("needs the right to mount")
        try:
            subprocess.run(["mount", "-o", "remount,ro,bind", mount], check=True)
            with pytest.raises(WorldError, match=r"FIL001|STO00\d .*(read.?only|readonly|unable to open)"):
                office_of_step(settings, BRIEFLY, step)
        finally:
            subprocess.run(["umount", "-l", mount], check=True)
        assert _typed_again(whole, settings, step) == ()


class ClockSetBack(SteppingClock):
    """It goes back at each look."""

    def __call__(self) -> datetime:
        self.now -= timedelta(seconds=1)
        return self.now


@pytest.mark.slow
def test_a_clock_that_goes_back_within_and_between_commands_changes_nothing(whole, tmp_path):
    with copied(whole.before[0], tmp_path / "home") as settings:
        for number, step in enumerate(BRIEFLY.steps):
            clock = ClockSetBack(BRIEFLY.begun + timedelta(hours=3, minutes=-20 * number))
            office = Office(open_world(settings, clock=clock))
            step.type(office)
            assert differing(whole.after[number], left_of(office)) == (), step.name
            office.close_connections()


def test_of_two_runs_of_a_night_the_later_one_is_official_also_if_the_clock_was_set_back_between_them(any_settings):
    """Or the corrected night would count as the older one, and pay be made of the wrong one."""
    nights = []
    for hour, text in ((12, "first"), (9, "corrected"), (8, "corrected again")):
        world = open_world(any_settings, clock=SteppingClock(datetime(2026, 10, 1, hour, tzinfo=UTC)))
        attempt = begin_attempt(world.store, "nightly", DAY)
        stages = (Stage.MEASURE,)
        manifest = Manifest(
            kind=RunKind.NIGHTLY, business_date=DAY, effective_on=DAY, stages=stages, calculation=digest_of(text),
            rules=(), landed=(),
        )  # fmt: skip
        nights.append(record_run(world.store, manifest, attempt))
        with world.store.write("test") as connection:
            result = StageResult(Stage.MEASURE.value, State.DONE, {})
            finish_stage(world.store, connection, nights[-1], attempt, result)
        with world.store.read() as connection:
            assert official_run(connection, RunKind.NIGHTLY.value, DAY, Stage.MEASURE.value) == nights[-1]
            assert newest_attempts(connection, 1)[0].attempt == attempt
        world.store.engine.dispose()


def test_a_database_that_is_no_file_is_told_when_a_command_starts(tmp_path):
    (tmp_path / "home" / "recoup.sqlite").mkdir(parents=True)
    with pytest.raises(StoreError, match="STO004 the store cannot be reached: unable to open database file"):
        open_world(Settings(home=tmp_path / "home"))
