"""At the limit the work has stopped: nothing of it goes on beside what comes next."""

import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import pytest

from adapters.duck import open_duck
from adapters.errors import StageTooLongError
from adapters.settings import Settings
from adapters.time_limits import time_limit

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"


def test_a_statement_is_ended_with_its_threads(tmp_path):
    with open_duck(Settings(home=tmp_path)) as duck:
        with (
            pytest.raises(StageTooLongError, match="FLW020 stage measure took longer than"),
            time_limit("stage measure", 0.3, tmp_path / "trace.log"),
        ):
            duck.run(ENDLESS)
        before = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - before < 0.1, "threads of the statement are still at work"
        assert duck.run("SELECT 1").fetchone() == (1,)


def test_work_in_python_is_ended(tmp_path):
    with pytest.raises(StageTooLongError), time_limit("stage gate", 0.05, tmp_path / "trace.log"):
        deque(iter(lambda: 0, 1), maxlen=0)


def test_after_what_ends_in_time_no_alarm_is_left(tmp_path):
    before = signal.getsignal(signal.SIGALRM)
    with time_limit("stage gate", 60, tmp_path / "trace.log"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) == before


def test_an_error_of_the_work_stays_what_it_is(tmp_path):
    with pytest.raises(ZeroDivisionError), time_limit("stage gate", 60, tmp_path / "trace.log"):
        _ = 1 / 0


def test_code_that_never_comes_back_is_ended_with_its_process_and_it_is_written_down_where(tmp_path):
    trace = tmp_path / "trace.log"
    hanging = (
        "import itertools\nfrom pathlib import Path\nfrom adapters.time_limits import time_limit\n"
        f"with time_limit('the solver', 0.2, Path({str(trace)!r}), grace_seconds=0.3):\n"
        "    sum(itertools.repeat(1, 10**14))\n"
    )
    done = subprocess.run([sys.executable, "-c", hanging], timeout=120, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 1
    assert 'File "<string>", line 5' in trace.read_text(encoding="utf-8")
