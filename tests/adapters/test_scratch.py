"""What the dead left goes, and nothing of the living: by machine, process and when it began."""

import os
import subprocess
import time

import pytest

from adapters import scratch
from adapters.scratch import PART, is_orphan, prefix_of_this_process
from adapters.seam import Seam


def part(folder, name):
    path = folder / name
    path.write_text("half a file", encoding="utf-8")
    return path


@pytest.fixture
def ours():
    """The name's parts: machine, process, when it began."""
    return prefix_of_this_process().removeprefix(PART).split("-")[:3]


def test_what_this_process_writes_stays(tmp_path):
    assert not is_orphan(part(tmp_path, f"{prefix_of_this_process()}abc_1"))


def test_what_a_process_left_that_is_gone_goes(tmp_path, ours):
    with subprocess.Popen(["true"]) as gone:
        pass
    assert is_orphan(part(tmp_path, f"{PART}{ours[0]}-{gone.pid}-{ours[2]}-abc"))


def test_a_process_that_got_the_number_of_a_dead_one_keeps_nothing_of_it(tmp_path, ours):
    machine, process, began = ours
    assert is_orphan(part(tmp_path, f"{PART}{machine}-{process}-{began[::-1]}0-abc"))


@pytest.mark.parametrize(("days", "goes"), [(0, False), (0.9, False), (1.1, True)])
@pytest.mark.parametrize("name", ["00000000-1-1-abc", "12345-abc"], ids=["of another machine", "of an older version"])
def test_what_cannot_be_asked_for_goes_after_a_day(tmp_path, name, days, goes):
    path = part(tmp_path, f"{PART}{name}")
    then = time.time() - days * 86_400
    os.utime(path, (then, then))
    assert is_orphan(path) is goes


@pytest.mark.parametrize(("days", "goes"), [(0, False), (1.1, True)])
def test_where_the_system_does_not_say_when_processes_began_age_decides(tmp_path, monkeypatch, days, goes):
    monkeypatch.setattr(scratch, "started_of", lambda _: "")
    path = part(tmp_path, f"{prefix_of_this_process()}abc")
    then = time.time() - days * 86_400
    os.utime(path, (then, then))
    assert is_orphan(path) is goes


def test_a_sweep_removes_what_the_dead_left(tmp_path):
    seam = Seam(scratch=tmp_path)
    stays = part(tmp_path, f"{prefix_of_this_process()}abc")
    goes = part(tmp_path, f"{prefix_of_this_process().rsplit('-', 2)[0]}-00000000-abc")
    assert seam.sweep() == 1
    assert (stays.exists(), goes.exists()) == (True, False)
