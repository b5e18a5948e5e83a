"""Work side by side: each piece in a process of its own, which begins as a copy of this one; and who is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def in_processes(pieces: Sequence[Callable[[], T]]) -> list[T]:
    """What the pieces give, in their order; the last of them is done here.

    Only for processes without other threads, and for pieces that open nothing: a copy has the locks of all threads and
    the connections of this one. What a piece raises is raised here.
    """
    context = get_context("fork")
    with ExitStack() as started:
        ends = []
        for piece in pieces[:-1]:
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_send, args=(there, piece), daemon=True)
            process.start()
            there.close()
            started.callback(process.join)
            started.callback(here.close)
            ends.append(here)
        last = [piece() for piece in pieces[-1:]]
        return [*(_received(end) for end in ends), *last]


def started_of(process_id: int) -> str:
    """Since when there is this process: a number is given again, but not with this start; a zombie is gone.

    The host's start, and ticks of its clock since then; empty where there is none, or where the system does not say.
    """
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return "" if fields[0] in {"Z", "X"} else f"{_BOOT.read_text(encoding='utf-8').strip()}/{fields[19]}"
    except OSError:
        return ""


def _send(end: Connection, piece: Callable[[], object]) -> None:
    try:
        end.send((piece(), None))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the piece was asked for
        end.send((None, error))


def _received(end: Connection) -> T:  # type: ignore[type-var]
    try:
        found, error = end.recv()
    except EOFError:
        raise RuntimeError("a process ended before it had done its piece") from None
    if error is not None:
        raise error
    return found  # type: ignore[no-any-return]
