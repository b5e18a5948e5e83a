"""What a fairness band would make of a night that has allocated: the same book, solved with several bands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from adapters.errors import RefusedError
from adapters.world import World
from allocation.allocate import teams_in
from allocation.fairness import Point, curve
from allocation.problem import PARTS
from allocation.teams import Spread, compared_in
from reports.fairness import FairBand, FairnessOfNight, FairTeam, fairness_report
from reports.languages import Language
from reports.report_files import report_page
from tasks.stages.allocated_night import AllocatedNight, allocated_night
from tasks.stages.labels import book_label

_PERCENT = PARTS // 100


def fairness_of_night(world: World, day: date, percents: Sequence[int]) -> FairnessOfNight:
    """Spread and cost without a band, and with each of these, the widest first. Nothing is stored.

    Raises: RefusedError if the night has not allocated (EXA001, EXA002), or nobody can be compared (FAI001).
    """
    found = fairness_in(allocated_night(world, day), percents, book_label(world))
    if found is None:
        raise RefusedError(f"FAI001 on {day} no team had two collectors with capacity: there is nobody to compare")
    return found


def fairness_in(night: AllocatedNight, percents: Sequence[int], label: str) -> FairnessOfNight | None:
    """The same of a night that is open already; None where nobody can be compared."""
    teams, scale = teams_in(night.known), 10.0**night.known.work.digits
    if not len(teams):
        return None
    problem, rule = night.known.work.problem, night.strategy.rule
    free, points = curve(problem, teams, [percent * _PERCENT for percent in sorted(set(percents), reverse=True)])
    spreads = compared_in(problem, teams).spreads(free.place)
    return FairnessOfNight(
        night.day,
        night.run,
        rule.title,
        next((name for name, worth in rule.currencies.items() if worth == 1), ""),
        rule.capacity.by == "minutes",
        rule.fairness.band if rule.fairness else None,
        tuple(_band(point, scale) for point in points),
        tuple(_team(spread, scale) for spread in spreads),
        label,
    )


def write_page(world: World, found: FairnessOfNight, path: Path, language: Language) -> None:
    world.seam.write_text(path, report_page(fairness_report(found, language), language), point="fairness_page")


def _band(point: Point, scale: float) -> FairBand:
    return FairBand(
        None if point.band is None else Decimal(point.band) / PARTS,
        Decimal(f"{point.value / scale:.2f}"),
        Decimal(f"{point.cost:.6f}"),
        Decimal(f"{point.cost_at_least:.6f}"),
        Decimal(f"{point.lowest:.4f}"),
        Decimal(f"{point.highest:.4f}"),
        point.outside,
    )


def _team(spread: Spread, scale: float) -> FairTeam:
    lowest, highest = Decimal(f"{spread.lowest:.4f}"), Decimal(f"{spread.highest:.4f}")
    return FairTeam(spread.team, spread.members, Decimal(f"{spread.mean / scale:.4f}"), lowest, highest)
