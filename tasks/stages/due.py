"""Which nights are due at a scheduled start: the one of the date, and before it those that were missed or shifted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from adapters.store.runs import State
from adapters.store.schema import runs, stage_results
from adapters.world import World
from domain.deadlines import Calendar
from domain.manifest import RunKind
from tasks.stages.calendars import calendars_on

_LOOK_BACK_DAYS = 62


@dataclass(frozen=True, slots=True)
class Due:
    """The nights to run, oldest first; `why` says what is peculiar about them, `missing` are left to people."""

    nights: tuple[date, ...]
    why: tuple[str, ...] = ()
    missing: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class PastNight:
    """An official night of a date: whether all its stages have ended, and whether one of them is halted."""

    is_whole: bool
    is_halted: bool


def nights_due(world: World, day: date) -> Due:
    """The nights from the one after the last official one up to that of `day`, as the settings ask for them."""
    settings = world.settings
    calendar = calendars_on(world, day).get(settings.jurisdiction, Calendar())
    with world.store.read() as connection:
        past = past_nights(connection, day - timedelta(days=_LOOK_BACK_DAYS), day)
    return due_nights(
        day,
        past,
        calendar,
        holiday_nights=settings.holiday_nights,
        catch_up_days=settings.catch_up_days,
        stops_after_halt=settings.after_halt == "stop",
    )


def due_nights(
    day: date,
    past: dict[date, PastNight],
    calendar: Calendar,
    *,
    holiday_nights: str,
    catch_up_days: int,
    stops_after_halt: bool,
) -> Due:
    """The same from what the store and the calendar say; before the first official night nothing is missing.

    A date before the last official night that has none is a gap: running it now would put the later ones in the wrong,
    so people decide, and are told each night.
    """
    if holiday_nights != "run" and not calendar.is_working(day):
        return Due((), (_not_today(day, shifted=holiday_nights == "shift"),))
    whole = sorted(each for each, night in past.items() if night.is_whole and each < day)
    if not whole:
        return Due((day,))
    if stops_after_halt and past[whole[-1]].is_halted:
        return Due((), (_stopped(whole[-1]),))
    wanted = [
        each for each in _days(whole[0], day) if each == day or holiday_nights != "skip" or calendar.is_working(each)
    ]
    earliest = day - timedelta(days=catch_up_days)
    nights = tuple(each for each in wanted if each > whole[-1] and each >= earliest)
    missing = tuple(each for each in wanted if each not in whole and each not in nights)
    why = (f"caught up, oldest first: {', '.join(map(str, nights[:-1]))}",) if nights[:-1] else ()
    return Due(nights, why, missing)


def past_nights(connection: sa.Connection, first: date, last: date) -> dict[date, PastNight]:
    """Official nights by date; of several runs of a date, the newest of those that are whole, else the newest."""
    asked = sa.select(runs.c.run_id, runs.c.business_date, runs.c.manifest, runs.c.recorded_at).where(
        runs.c.kind == RunKind.NIGHTLY.value, runs.c.business_date.between(first, last)
    )
    outcomes: dict[str, dict[str, str]] = {}
    done = sa.select(stage_results.c.run_id, stage_results.c.stage, stage_results.c.outcome)
    for run, stage, outcome in connection.execute(done.join(runs).where(runs.c.business_date.between(first, last))):
        outcomes.setdefault(run, {})[stage] = outcome
    found: dict[date, PastNight] = {}
    for row in connection.execute(asked.order_by(runs.c.business_date, runs.c.recorded_at, runs.c.run_id)):
        ended = outcomes.get(row.run_id, {})
        is_whole = all(stage in ended for stage in row.manifest["stages"])
        night = PastNight(is_whole, State.HALTED.value in ended.values())
        if is_whole or not found.get(row.business_date, night).is_whole:
            found[row.business_date] = night
    return found


def _days(first: date, last: date) -> Iterator[date]:
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)


def _not_today(day: date, *, shifted: bool) -> str:
    then = "its night is run before that of the next working day" if shifted else "it has no night"
    return f"{day} is no working day: {then} (RECOUP_HOLIDAY_NIGHTS)"


def _stopped(before: date) -> str:
    return (
        f"FLW005 the night of {before} is halted, and stops the later ones (RECOUP_AFTER_HALT). "
        f"Correct its extracts or waive the check; then `recoup nightly --date {before}`, and `recoup catch-up`"
    )
