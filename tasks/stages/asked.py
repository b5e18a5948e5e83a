"""What somebody asks for in a form is looked at before any work: all that is wrong with it is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from adapters.landing import landing_files
from adapters.snapshots import Pointer, pointed
from adapters.store.batches import batches_named, batches_that_count, read_batches
from adapters.store.nights import newest_gated_nights, newest_measured_nights
from adapters.world import World, business_today
from domain.exact import exact
from domain.expressions.parse import suggestion
from domain.periods import Period
from domain.sql import TABLES
from tasks.stages.calendars import newest_session

_MOST = 6


def night_faults(world: World, day: date) -> Iterator[str]:
    """A night needs extracts: those that lie in the folder of its date, or landed before."""
    with world.store.read() as connection:
        has_landed = bool(pointed(connection, Pointer.LANDED, day, day))
    files, _ = landing_files(world.settings.landing, day)
    if not has_landed and not files:
        yield _ahead(world, day) or (
            f"FLW011 nothing has landed for {day}. Put its extracts into {world.settings.landing / day.isoformat()}, "
            f"or give another date; {_known('landed', _landed_dates(world))}"
        )


def reported_faults(world: World, day: date, department: str = "") -> Iterator[str]:
    """A report needs a night that has been gated, and a department that somebody is posted to."""
    with world.store.read() as connection:
        nights = sorted(newest_gated_nights(connection))
    if day not in nights:
        yield _ahead(world, day) or f"FLW013 no night of {day} has run; {_known('nights', nights)}"
    if department and (departments := _departments(world, day)) and department not in departments:
        hint = suggestion(department, departments)
        yield f'REP002 nobody is posted to a department "{department}" on {day}. {hint}'


def until_faults(world: World, day: date | None) -> Iterator[str]:
    """Nights are caught up to a date that has begun."""
    if day is not None and (ahead := _ahead(world, day)):
        yield ahead


def period_faults(world: World, text: str) -> Iterator[str]:
    """A month's pay needs the measured night of its last day."""
    period = Period.parse(text)
    with world.store.read() as connection:
        measured = newest_measured_nights(connection)
    if period.last_day not in measured:
        whole = [Period.of(day) for day in measured if day == Period.of(day).last_day]
        yield (
            f"FLW015 no night of {period.last_day}, the last day of {period}, has measured: run it first, by "
            f"`recoup nightly --date {period.last_day}`; {_known('months that can be prepared', whole)}"
        )


def batch_faults(world: World, prefix: str) -> Iterator[str]:
    """One batch that still counts is meant."""
    with world.store.read() as connection:
        meant = batches_that_count(connection, batches_named(connection, prefix))
        waiting = batches_that_count(connection, read_batches(connection))
    if len(meant) != 1:
        named = ", ".join(row.batch_id for row in meant) or "none"
        yield (
            f'FLW016 "{prefix}" should name one batch that counts; it names {named}. '
            f"`recoup batches` lists them; {_known('batches', [row.batch_id for row in waiting])}"
        )


def folder_faults(folder: str) -> Iterator[str]:
    if folder and not Path(folder).is_dir():
        yield f'FLW017 "{folder}" is no folder on the machine that runs this. Give the whole path of one there'


def name_faults(by: str) -> Iterator[str]:
    if not by.strip():
        yield "FLW018 nobody is named: write who you are, as it is to be recorded"


def official_faults(rules: str, *, what_if: bool) -> Iterator[str]:
    if rules and not what_if:
        yield "FLW019 another rule book is for what-ifs: an official run uses the book that is signed"


def _ahead(world: World, day: date) -> str:
    today = business_today(world)
    return f"FLW010 {day} is in the future: today is {today}. Give a date that is over" if day > today else ""


def _landed_dates(world: World) -> list[str]:
    folders = world.settings.landing.glob("????-??-??") if world.settings.landing.is_dir() else ()
    return sorted(folder.name for folder in folders if folder.is_dir())


def _departments(world: World, day: date) -> frozenset[str]:
    columns = TABLES["staff_postings"].c
    with newest_session(world, ("staff_postings",), day) as duck:
        rows = duck.read(exact(sa.select(columns.department_id).distinct().order_by(columns.department_id)))
    return frozenset(row["department_id"] for row in rows)


def _known(what: str, found: Iterable[object]) -> str:
    """The newest of them."""
    listed = [str(each) for each in found]
    if not listed:
        return f"there are no {what} yet" if what != "landed" else "no date has extracts"
    more = f"{len(listed) - _MOST} before, " if len(listed) > _MOST else ""
    return f"{'dates with extracts' if what == 'landed' else what}: {more}{', '.join(listed[-_MOST:])}"
