"""The credits of earlier nights that a manifest names are what its session reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from adapters.store.runs import official_run
from domain.manifest import EarlierNight, RunKind, Stage
from tasks.stages.manifests import manifest_of
from tasks.stages.session import session_of_night


@pytest.mark.parametrize("is_named", [True, False])
def test_a_session_has_the_credits_of_the_nights_that_are_named_and_no_others(is_named, measured_world):
    day = date(2026, 9, 3)
    with measured_world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.MEASURE.value)
        manifest = manifest_of(connection, run)
    named = replace(manifest, earlier=(EarlierNight(day, run),) if is_named else ())
    with session_of_night(measured_world, named, ()) as duck:
        (rows,) = duck.run("SELECT count(*) FROM credits_before").fetchone()
    assert (rows > 0) is is_named
