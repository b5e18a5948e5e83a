"""What operations is told beside the results: how far a run is, why it ended badly, which nights are due."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact

from adapters.steps import heard_by
from domain.manifest import Stage
from tasks.stages.due import Due
from tasks.stages.night import Night

_SECONDS_BETWEEN = 2.0
Task = Callable[[Night], object]


def staged(tasks: Mapping[Stage, Task], stages: tuple[Stage, ...], night: Night) -> Iterator[Task]:
    """The tasks of these stages in the order of a night; the artifact *progress* says how far the run is."""
    asked = [(stage, task) for stage, task in tasks.items() if stage in stages]
    if not is_watched():
        yield from (task for _, task in asked)
        return
    artifact = cast(UUID, create_progress_artifact(0.0, key="progress", description=f"{night.business_date}: landed"))
    for done, (stage, task) in enumerate(asked):
        with _steps_told(artifact, done, len(asked), stage):
            yield task
    update_progress_artifact(artifact, 100.0, description=f"{night.business_date}: {len(asked)} stages are done")


def is_watched() -> bool:
    """Whether the run is in a process that a server's runner or worker has started for it; a command has its own."""
    return "PREFECT__FLOW_RUN_ID" in os.environ


@contextmanager
def _steps_told(artifact: UUID, done: int, of: int, stage: Stage) -> Iterator[None]:
    """The stage's own steps, at most one every two seconds: telling must not cost more than the work."""
    told_at = [0.0]

    def tell(what: str, step: int, steps: int) -> None:
        if time.monotonic() - told_at[0] >= _SECONDS_BETWEEN:
            told_at[0] = time.monotonic()
            share = 100.0 * (done + step / steps) / of
            update_progress_artifact(artifact, share, description=f"{stage}: {what}, {step + 1} of {steps}")

    update_progress_artifact(artifact, 100.0 * done / of, description=f"{stage}, {done + 1} of {of} stages")
    with heard_by(tell):
        yield


def show_failure(name: str, message: str, place: str) -> None:
    """Why the run ended badly, and where the runbook says what to do."""
    lines = [f"# {name}", "", *(f"- {line}" for line in message.splitlines()), "", f"**What to do:** {_link(place)}"]
    create_markdown_artifact("\n".join(lines), key="what-to-do", description="Why it ended badly, and what to do")


def show_due(due: Due) -> None:
    """Which nights this start runs, and which are missing and left to people."""
    lines = ["# Nights due", "", *(f"- {day}" for day in due.nights), "" if due.nights else "none", *due.why]
    if due.missing:
        get_run_logger().warning("%s", _missing(due))
        lines += ["", f"**{_missing(due)}**"]
    create_markdown_artifact("\n".join(lines), key="nights-due", description="Nights that this start runs, in order")


def _missing(due: Due) -> str:
    days = ", ".join(map(str, due.missing))
    return (
        f"FLW004 without an official night, and not caught up: {days}. Run each by `recoup nightly --date`, the oldest "
        "first, and then the later nights of its month again"
    )


def _link(place: str) -> str:
    return f"[{place}]({place})" if place.startswith("http") else f"`{place}`"
