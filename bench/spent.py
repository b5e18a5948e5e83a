"""Wall and processor seconds of a piece of work, and the most memory that this process has held."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_KIB_IN_MIB = 1024


@contextmanager
def measuring() -> Iterator[Callable[[], tuple[float, float]]]:
    """What it yields says, after the work, how long it took by the wall and of all threads of this process."""
    wall, processor = time.perf_counter(), time.process_time()
    found: list[float] = []
    yield lambda: (found[0], found[1])
    found += [time.perf_counter() - wall, time.process_time() - processor]


def peak_mib() -> float:
    """Of this program alone: what `getrusage` says counts the process that started it too, if that was larger."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("this system does not say how much memory a process has held")
    return int(found[1]) / _KIB_IN_MIB
