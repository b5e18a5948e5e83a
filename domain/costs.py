"""What nights cost: time, memory, disk and rows of each stage, by attempt. Recorded beside the results; no content."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from domain.ids import AttemptId, RunId
from domain.manifest import Stage

LAND = "land"  # comes before the stages of a run: it makes the versions that the manifest names
ORDER = (LAND, *(stage.value for stage in Stage))


@dataclass(frozen=True, slots=True)
class Cost:
    """`peak_mib` is the process's highest resident memory so far; None of what was not recorded, or not told.

    `rows` are rows landed or judged, accounts decided on, figures, payout lines or files, as the stage has them.
    """

    stage: str
    seconds: Decimal
    cpu_seconds: Decimal | None
    peak_mib: int
    written_mib: int | None
    rows: int | None

    @property
    def fields(self) -> dict[str, str | int]:
        """As a log takes them."""
        found: dict[str, str | int | None] = {
            "seconds": str(self.seconds),
            "cpu_seconds": None if self.cpu_seconds is None else str(self.cpu_seconds),
            "peak_mib": self.peak_mib,
            "written_mib": self.written_mib,
            "rows": self.rows,
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class NightCost:
    """One attempt at an official night, with what each stage cost that was not finished before it."""

    attempt: AttemptId
    run: RunId
    business_date: date
    state: str
    started_at: datetime
    ended_at: datetime | None
    stages: tuple[Cost, ...]

    @property
    def seconds(self) -> Decimal:
        return sum((each.seconds for each in self.stages), Decimal(0))

    @property
    def cpu_seconds(self) -> Decimal:
        return sum((each.cpu_seconds for each in self.stages if each.cpu_seconds is not None), Decimal(0))

    @property
    def peak_mib(self) -> int:
        return max((each.peak_mib for each in self.stages), default=0)

    @property
    def written_mib(self) -> int:
        return sum(each.written_mib or 0 for each in self.stages)

    def of(self, stage: str) -> Cost | None:
        return next((each for each in self.stages if each.stage == stage), None)


def newest_of_stage(nights: Iterable[NightCost], stage: str) -> dict[date, Cost]:
    """By business date, in order: what the stage cost in the newest attempt that had to do it."""
    found = {night.business_date: night.of(stage) for night in nights if night.of(stage)}
    return {day: cost for day, cost in sorted(found.items()) if cost is not None}
