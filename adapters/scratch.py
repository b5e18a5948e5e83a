"""Temporary files say whose they are: the machine, the process, and when it began; so what the dead have left can go.

A process id alone does not tell: ids are given again, and those of another machine that shares the home folder mean
nothing here.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from pathlib import Path

from adapters.processes import started_of

PART = ".part-"
_LONGEST_SECONDS = 86_400  # nothing is written for a day: stages are stopped long before


def prefix_of_this_process() -> str:
    """How the names of its temporary files begin."""
    return f"{PART}{_machine()}-{os.getpid()}-{_since(os.getpid())}-"


def is_orphan(part: Path) -> bool:
    """Whether nobody writes it any more; where that cannot be told, as of another machine's file, its age decides."""
    machine, _, whose = part.name.removeprefix(PART).partition("-")
    process, _, since = whose.rpartition("-")[0].partition("-")
    if machine == _machine() and process.isdigit() and since:
        return _since(int(process)) != since
    try:
        return time.time() - part.stat().st_mtime > _LONGEST_SECONDS
    except FileNotFoundError:
        return False


def _machine() -> str:
    return _short(socket.gethostname())


def _since(process: int) -> str:
    """Short for when the process began; empty where there is none, or the system does not say."""
    started = started_of(process)
    return _short(started) if started else ""


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
