"""Nothing is written past the seam: what a flow leaves in its home, and every commit, came through a failpoint."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters import seam
from adapters.scratch import PART
from adapters.settings import Settings
from adapters.world import open_world
from tests.conftest import SteppingClock
from tests.crashes.moments import office_of_step
from tests.crashes.settlement import SETTLEMENT
from tests.stages.test_nights import files_of

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
OUTSIDE = ("landing", "logs")  # what other systems put there, which the scenario plays; lines that nothing rests on


@dataclass(slots=True)
class Watched:
    """What was written below a home while this watched: places, and whether the seam was asked."""

    home: Path
    renamed: set[str] = field(default_factory=set)
    past: list[str] = field(default_factory=list)
    is_on: bool = True

    def audited(self, event: str, given: tuple[object, ...]) -> None:
        if not self.is_on:
            return
        if event == "os.rename" and Path(str(given[0])).name.startswith(PART):
            self.renamed.add(os.path.relpath(str(given[1]), self.home))
        if event == "open" and _is_written(given) and self._is_ours(str(given[0])) and not _in_seam():
            self.past.append(f"{given[0]} was opened for writing")

    def committed(self, connection: sa.Connection) -> None:
        if self.is_on and connection.info.pop("wrote", False) and not _in_seam():
            self.past.append("a transaction that wrote was committed")

    def executed(self, connection: sa.Connection, *given: object) -> None:
        if str(given[1]).lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            connection.info["wrote"] = True

    def _is_ours(self, path: str) -> bool:
        place = os.path.relpath(path, self.home)
        is_lock = place.startswith("tmp/attempt-") and place.endswith(".lock")
        is_part = PART in path or is_lock or place.startswith("recoup.sqlite")
        return not place.startswith(("..", *OUTSIDE)) and not is_part


def _is_written(given: tuple[object, ...]) -> bool:
    """`open` is audited with its mode; `os.open` with flags alone."""
    mode, flags = given[1], given[2]
    return (
        isinstance(flags, int) and bool(flags & WRITES) if mode is None else any(each in str(mode) for each in "wax+")
    )


def _in_seam() -> bool:
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != seam.__file__:
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None


@contextmanager
def watching(home: Path) -> Iterator[Watched]:
    """An audit hook cannot be taken away again: it is told to look no more."""
    watched = Watched(home)
    sys.addaudithook(watched.audited)
    sa.event.listen(sa.Engine, "commit", watched.committed)
    sa.event.listen(sa.Engine, "after_cursor_execute", watched.executed)
    try:
        yield watched
    finally:
        watched.is_on = False
        sa.event.remove(sa.Engine, "commit", watched.committed)
        sa.event.remove(sa.Engine, "after_cursor_execute", watched.executed)


def past_the_seam(watched: Watched, before: dict[str, str]) -> list[str]:
    """Libraries that write by themselves (DuckDB, Arrow) raise no event: so every file that is new or different is held
    against what the seam has renamed."""
    after = files_of(open_world(Settings(home=watched.home)))
    changed = {name for name in after if after[name] != before.get(name)}
    return [*watched.past, *(f"{name} came past the seam" for name in sorted(changed - watched.renamed))]


@pytest.mark.slow
def test_a_settlement_writes_through_the_seam_alone(tmp_path):
    settings = SETTLEMENT.ready(tmp_path / "claimed")
    before = files_of(open_world(settings))
    with watching(settings.home) as watched:
        for number in range(len(SETTLEMENT.steps)):
            office_of_step(settings, SETTLEMENT, number).close_connections()
    assert past_the_seam(watched, before) == []
    assert len(watched.renamed) > 10, "or nothing was watched"


def _by_hand(world):
    (world.settings.home / "by-hand.txt").write_text("x", encoding="utf-8")


def _by_a_library(world):
    import duckdb

    duckdb.execute(f"COPY (SELECT 1) TO '{world.settings.home / 'by-duckdb.parquet'}'")


def _by_its_own_commit(world):
    with world.store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ledger_head SET sequence = sequence"))


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (_by_hand, "by-hand.txt was opened for writing"),
        (_by_a_library, "by-duckdb.parquet came past the seam"),
        (_by_its_own_commit, "a transaction that wrote was committed"),
    ],
)
def test_what_is_written_past_the_seam_is_told(tmp_path, write, told):
    world = open_world(Settings(home=tmp_path / "home"), clock=SteppingClock())
    before = files_of(world)
    with watching(world.settings.home) as watched:
        write(world)
    assert any(told in each for each in past_the_seam(watched, before))
