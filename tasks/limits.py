"""How long a task may take before its work is stopped: threads, statements, solver and all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.time_limits import time_limit
from adapters.world import world_of_process


@contextmanager
def stage_limit(what: str) -> Iterator[None]:
    """Prefect's own `timeout_seconds` would leave the work of DuckDB and of the solver running. Raises:
    StageTooLongError FLW020 at RECOUP_STAGE_MINUTES."""
    settings = world_of_process().settings
    with time_limit(what, settings.stage_minutes * 60, settings.home / "tmp" / "stopped-stages.log"):
        yield
