"""Land: the extracts of a business date become stored versions, and the versions that *landed* for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from adapters.duck import open_duck
from adapters.snapshots import Landed, Pointer, landing_files, read_landing_file, register, register_source
from adapters.world import World
from domain.ids import AttemptId
from domain.issues import Issue


@dataclass(frozen=True, slots=True)
class Landing:
    """What landed, by table; `issues` are files that could not be, each of which the gate counts as missing."""

    business_date: date
    rows: tuple[tuple[str, int], ...]
    issues: tuple[Issue, ...]


def land(world: World, day: date, attempt: AttemptId) -> Landing:
    """Read every extract of `day`; all that could be read is registered in one transaction."""
    files, issues = landing_files(world.settings.landing, day)
    landed: list[Landed] = []
    found: list[Issue] = list(issues)
    with open_duck(world.settings) as duck:
        for file in files:
            one, wrong = read_landing_file(world, duck, file, day)
            found.extend(wrong)
            landed.extend([one] if one else [])
    with world.store.write("landed") as connection:
        register(world, connection, Pointer.LANDED, day, [one.version for one in landed], attempt)
        for one in landed:
            register_source(connection, one)
    return Landing(day, tuple((one.version.table, one.version.rows) for one in landed), tuple(found))
