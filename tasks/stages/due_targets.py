"""What was due of whom on a measured night: the targets of its scores, what was reached, and how they came about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapters.errors import RefusedError
from adapters.store.results import read_scores
from adapters.store.runs import official_run
from adapters.world import World
from domain.manifest import RunKind, Stage
from domain.records import Grain, Score


@dataclass(frozen=True, slots=True)
class Due:
    """One KPI of one person's scorecard; `how` says where the target stands, or why there is none."""

    employee: str
    scorecard: str
    kpi: str
    target: Decimal | None
    value: Decimal | None
    how: str


def due_on(world: World, day: date, *, employee: str = "", missing: bool = False) -> tuple[Due, ...]:
    """Of the newest official night of the date, by employee; with `missing`, only what has no target.

    Raises: RefusedError if no night of the date has measured.
    """
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.MEASURE.value)
        if run is None:
            raise RefusedError(f"EXK001 no night of {day} has measured; `recoup runs` lists those that have")
        scores = read_scores(connection, run)
    of_people = (each for each in scores if each.grain is Grain.EMPLOYEE and employee in {"", each.entity})
    mine = sorted(of_people, key=lambda each: each.entity)
    return tuple(due for score in mine for due in _parts(score) if not missing or due.target is None)


def _parts(score: Score) -> Iterator[Due]:
    for part in score.parts:
        if not part.is_gate:
            yield Due(score.entity, score.scorecard, part.kpi, part.target, part.value, part.note)
