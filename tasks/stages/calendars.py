"""Calendars outside a night: the working days as accepted last, for deadlines that people move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta

from adapters.duck import Duck, open_duck
from adapters.snapshots import Pointer, pointed, versions
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.deadlines import Calendar
from domain.manifest import Input
from tasks.stages.inputs import STATE_DAYS
from tasks.stages.people import working_days_of
from tasks.stages.session import create_view

Calendars = Mapping[str, Calendar]


def calendars_of(duck: Duck) -> Calendars:
    """By jurisdiction, from a session that has the calendar."""
    return {name: Calendar(days) for name, days in working_days_of(duck).items()}


def calendars_on(world: World, day: date) -> Calendars:
    """The newest that was accepted; nothing where none was, and then Monday to Friday are taken."""
    with newest_session(world, ("calendar",), day) as duck:
        return calendars_of(duck)


@contextmanager
def newest_session(world: World, tables: Iterable[str], day: date) -> Iterator[Duck]:
    """State tables as they were accepted last, at most two months before the day; without rows where none was."""
    wanted = frozenset(tables)
    with world.store.read() as connection:
        found = pointed(connection, Pointer.ACCEPTED, day - timedelta(days=STATE_DAYS), day)
        items = [Input(table, on, version) for (table, on), version in sorted(found.items()) if table in wanted]
        known = versions(world, connection, [item.version for item in items])
    with open_duck(world.settings) as duck:
        for name in sorted(wanted):
            create_view(duck, CATALOGUE[name], [item for item in items if item.table == name], known)
        yield duck
