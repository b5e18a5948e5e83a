"""Cleaned contact points, for whoever reads them after the cleaning: the newest by a date, and only if it is whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adapters.duck import Duck, quoted
from adapters.world import World, registered_file
from domain.ids import Digest
from tasks.stages.contact_points import FOLDER

VIEW = "contact_points_cleaned"


@dataclass(frozen=True, slots=True)
class CleanedPoints:
    """A cleaning's table: a row for every point that came in, with `survivor_id`, the new `state` and `is_usable`."""

    cleaning: Digest
    as_of: date
    path: Path
    rows: int


def cleaned_by(world: World, day: date) -> CleanedPoints | None:
    """The cleaning of the newest date up to `day`; None if there is none.

    Raises: FileChangedError if its table is gone, or another one than was registered.
    """
    found = [path for path in (world.settings.home / FOLDER).glob("*.json") if path.stem <= day.isoformat()]
    if not found:
        return None
    newest = max(found, key=lambda path: path.stem)
    content = json.loads(newest.read_text(encoding="utf-8"))
    points = content["points"]
    path = registered_file(world, points["path"], points["sha256"])
    return CleanedPoints(Digest(content["cleaning"]), date.fromisoformat(newest.stem), path, points["rows"])


def create_cleaned_view(duck: Duck, cleaned: CleanedPoints) -> None:
    """The table as a view of the session, named `contact_points_cleaned`."""
    duck.run(f"CREATE OR REPLACE VIEW \"{VIEW}\" AS FROM read_parquet('{quoted(cleaned.path)}')")
