"""The gate over many nights: a page for people, and its figures for programs. No night waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from adapters.store.nights import newest_gated_nights
from adapters.store.trends import verdicts_of_nights
from adapters.world import World
from reports.trends import FailingCheck, TrendReport, failing_checks, nights_by_outcome, trend_page
from tasks.stages.labels import book_label, language_of

PAGE = "reports/gate-trends.html"
NIGHTS = 60


@dataclass(frozen=True, slots=True)
class Trends:
    """What the page shows in short; `page` is below the home folder, `first` and `last` are None without nights."""

    first: date | None
    last: date | None
    nights: int
    outcomes: Mapping[str, int]
    checks: tuple[FailingCheck, ...]
    page: str


def gate_trends(world: World, first: date | None = None, last: date | None = None) -> Trends:
    """Write the page of the nights from `first` up to and including `last`; without `first`, of the newest `NIGHTS`."""
    with world.store.read() as connection:
        found = newest_gated_nights(connection, first, last)
        days = list(found) if first is not None else list(found)[-NIGHTS:]
        nights = verdicts_of_nights(connection, {day: found[day] for day in days})
    html = trend_page(TrendReport(nights, book_label(world)), language_of(world))
    world.seam.write_text(world.settings.home / PAGE, html, point="gate_trends")
    outcomes = {outcome.value: number for outcome, number in nights_by_outcome(nights).items()}
    start, end = (days[0], days[-1]) if days else (None, None)
    return Trends(start, end, len(nights), outcomes, failing_checks(nights), PAGE)
