"""What nights cost, as a page and a workbook."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from adapters.store.costs import costs_of_nights
from adapters.world import World
from reports.languages import Language
from reports.night_costs import NightCosts, night_costs_report
from reports.views import About
from tasks.stages.about import OWNER
from tasks.stages.files_of_reports import write_report_files
from tasks.stages.labels import book_label


def night_cost_files(world: World, last: date, days: int, language: Language, folder: Path | None) -> tuple[Path, ...]:
    """Of the `days` business dates up to and including `last`."""
    report = night_costs_report(night_costs(world, last, days), language)
    place = folder or world.settings.home / "reports" / "nights" / last.isoformat()
    kinds = write_report_files(world, report, language, place, "nights")
    return tuple(place / f"nights.{kind}" for kind, _ in kinds)


def night_costs(world: World, last: date, days: int) -> NightCosts:
    with world.store.read() as connection:
        nights = costs_of_nights(connection, last - timedelta(days=days - 1), last)
    runs = tuple(dict.fromkeys(night.run for night in nights))
    about = About(last, runs[-1:], {}, {}, (), (), owner=OWNER, book_label=book_label(world))
    return NightCosts(about, nights)
