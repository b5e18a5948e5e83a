"""The log of the house: lines of JSON in logs/<date>.jsonl, one for whatever began, ended, or was told.

Fields are figures and ids of the house's own; a row of an extract is never one. Prefect's own log goes into the same
file, so that what a flow said lies beside what its stages did.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter

from adapters.broken import writing
from adapters.redaction import redacted
from adapters.world import World

FOLDER = "logs"
_LOGGERS = ("recoup", "prefect")
_place: ContextVar[dict[str, str] | None] = ContextVar("_place", default=None)


@contextmanager
def logged(world: World, **place: str) -> Iterator[None]:
    """While the block runs, what is logged goes into the file of the day on which it began, with `place`."""
    handler = _handler(world)
    token = _place.set({name: value for name, value in place.items() if value})
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addHandler(handler)
        if not logger.isEnabledFor(logging.INFO):
            logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        with suppress(OSError):  # what could not be written was told when it was logged
            handler.close()
        _place.reset(token)


def log_file(world: World) -> Path:
    """Where what is logged now goes: by the date in UTC, like the times in it."""
    return world.settings.home / FOLDER / f"{world.seam.clock().astimezone(UTC).date()}.jsonl"


def _handler(world: World) -> logging.Handler:
    """Lines are appended whole, so several processes can write into one file. Raises: DiskError."""
    path = log_file(world)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    handler = _File(path, encoding="utf-8", delay=True)
    handler.setLevel(logging.INFO)
    handler.setFormatter(_Lines())
    handler.addFilter(_placed)
    return handler


def _placed(record: logging.LogRecord) -> bool:
    for name, value in (_place.get() or {}).items():
        if not hasattr(record, name):
            setattr(record, name, value)
    return True


class _File(logging.FileHandler):
    """A log that cannot be written stops no command: it is told once, on stderr."""

    has_told = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - theirs
        if not self.has_told:
            self.has_told = True
            sys.stderr.write(f"FIL001 {self.baseFilename} cannot be written: {sys.exc_info()[1]}\n")


class _Lines(JsonFormatter):
    """Time in UTC, level, logger and message first, then the fields."""

    def __init__(self) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message"],
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )

    def format(self, record: logging.LogRecord) -> str:
        """With what is told of errors, whose words are not ours."""
        return redacted(super().format(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - theirs
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
