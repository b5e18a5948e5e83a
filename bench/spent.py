"""Wall and processor seconds of a piece of work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def measuring() -> Iterator[Callable[[], tuple[float, float]]]:
    """What it yields says, after the work, how long it took by the wall and of all threads of this process."""
    wall, processor = time.perf_counter(), time.process_time()
    found: list[float] = []
    yield lambda: (found[0], found[1])
    found += [time.perf_counter() - wall, time.process_time() - processor]
