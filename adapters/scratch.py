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

PART = ".part-"
_LONGEST_SECONDS = 86_400  # nothing is written for a day: stages are stopped long before


def prefix_of_this_process() -> str:
    """How the names of its temporary files begin."""
    return f"{PART}{_machine()}-{os.getpid()}-{_began(os.getpid())}-"


def is_orphan(part: Path) -> bool:
    """Whether nobody writes it any more; of another machine's file its age decides."""
    machine, _, whose = part.name.removeprefix(PART).partition("-")
    process, _, began = whose.rpartition("-")[0].partition("-")
    if machine == _machine() and process.isdigit():
        return _began(int(process)) != began
    try:
        return time.time() - part.stat().st_mtime > _LONGEST_SECONDS
    except FileNotFoundError:
        return False


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _began(process: int) -> str:
    """When the process began, in ticks since the machine did; empty where there is none. Without /proc: that it is."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if Path("/proc/self").exists() or not _answers(process) else "alive"
    return told.rpartition(")")[2].split()[19]


def _answers(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
