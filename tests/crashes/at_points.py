"""Do something to the world at the moment at which a process reaches a named failpoint, while it lives on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.seam import REACHED


@dataclass(slots=True)
class _Waiting:
    point: str
    deed: Callable[[], None]
    after: int
    times: int = 0

    def audited(self, event: str, given: tuple[object, ...]) -> None:
        if event == REACHED and self.deed is not _nothing and str(given[0]).startswith(self.point):
            self.times += 1
            if self.times == self.after:
                deed, self.deed = self.deed, _nothing
                deed()


def _nothing() -> None:
    """What is done once it was done."""


@contextmanager
def at_point(point: str, deed: Callable[[], None], *, after: int = 1) -> Iterator[None]:
    """Once, at the so many-th time that a point whose name begins so is reached; what the deed raises is raised there.

    An audit hook cannot be taken away again: afterwards it does nothing.
    """
    waiting = _Waiting(point, deed, after)
    sys.addaudithook(waiting.audited)
    try:
        yield
        assert waiting.deed is _nothing, f"{point} was not reached {after} times"
    finally:
        waiting.deed = _nothing
