"""Time limits that stop the work: an exception at the limit, and where code does not come back for it, the end.

A limit in Python alone would leave DuckDB's threads and the solver running beside what comes next. At the limit a
signal interrupts the statements of DuckDB and the main thread. Code that does not return to Python within the grace is
ended with its process, by a watch that needs no interpreter: where it hung is written down, nothing half-done is
registered, and a rerun goes on after the last finished stage.
"""

from __future__ import annotations

import faulthandler
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from adapters.duck import interrupt_sessions
from adapters.errors import StageTooLongError

GRACE_SECONDS = 60.0


@contextmanager
def time_limit(what: str, seconds: float, trace: Path, *, grace_seconds: float = GRACE_SECONDS) -> Iterator[None]:
    """The block ends within `seconds`, or is ended. `trace` is where it says what every thread did if it hangs.

    Raises: StageTooLongError at the limit. Only the main thread can be interrupted; in another one, and where another
    limit holds already, the end of the process is the only limit.
    """
    limit = _Limit(what, seconds)
    trace.parent.mkdir(parents=True, exist_ok=True)
    with trace.open("a") as log, limit.interrupting():
        faulthandler.dump_traceback_later(seconds + grace_seconds, file=log, exit=True)
        try:
            yield
        except BaseException as error:
            if limit.is_over and not isinstance(error, StageTooLongError):
                raise limit.error() from error
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()


class _Limit:
    """What is raised at the limit; DuckDB puts an error of its own in place of what a signal raised."""

    def __init__(self, what: str, seconds: float) -> None:
        self.what, self.seconds, self.is_over = what, seconds, False

    def error(self) -> StageTooLongError:
        return StageTooLongError(
            f"FLW020 {self.what} took longer than {self.seconds / 60:g} minutes, and was stopped. See what it waited "
            "for: disk, memory, the database; raise RECOUP_STAGE_MINUTES if the work is right. Started again, it goes "
            "on after the last finished stage"
        )

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0]:
            yield
            return
        before = signal.signal(signal.SIGALRM, self._interrupt)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        self.is_over = True
        interrupt_sessions()
        raise self.error()
