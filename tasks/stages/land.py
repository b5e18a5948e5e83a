"""Land: the extracts of a business date become stored versions, and the versions that *landed* for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from adapters.duck import open_duck
from adapters.landing import read_landing
from adapters.snapshots import Pointer, register, register_source
from adapters.world import World
from domain.ids import AttemptId
from domain.issues import Issue
from tasks.stages.corrections import with_corrections


@dataclass(frozen=True, slots=True)
class Landing:
    """What landed, by table, and what is wrong with what did not, or came with values that do not fit.

    `adapters.landing.landing_issues` gives the same issues by table to whoever asks later.
    """

    business_date: date
    rows: tuple[tuple[str, int], ...]
    issues: tuple[Issue, ...]


def land(world: World, day: date, attempt: AttemptId) -> Landing:
    """Read every extract of `day`; all that could be read is registered in one transaction."""
    with open_duck(world.settings) as duck:
        landed, issues = read_landing(world, duck, day)
    with world.store.write("landed") as connection:
        counting = with_corrections(connection, world, day, [one.version for one in landed])
        register(world, connection, Pointer.LANDED, day, counting, attempt)
        for one in landed:
            if one.is_new:
                register_source(connection, one.source_sha256, one.version)
    return Landing(day, tuple((version.table, version.rows) for version in counting), issues)
