"""A night killed at any named point and run again equals one that nobody disturbed."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from datetime import date

import pytest

from adapters.world import open_world
from tests.conftest import SteppingClock, new_world
from tests.stages.conftest import night_of, put_book
from tests.stages.test_nights import files_of, tables_of

pytestmark = pytest.mark.slow

DAY = date(2026, 9, 3)

# Before and after what a night writes: files by their renaming, transactions by their commit.
POINTS = (
    "snapshot:written",
    "snapshot:renamed#7",
    "snapshot_manifest:renamed",
    "landed:before_commit",
    "landed:after_commit",
    "run_recorded:before_commit",
    "run_recorded:after_commit",
    "stage_gate:before_commit",
    "stage_gate:after_commit",
    "recovery:renamed",
    "allocation:renamed",
    "dispatch:written",
    "planned_actions:renamed",
    "stage_allocate:before_commit",
    "stage_allocate:after_commit",
    "credits:renamed",
    "recovery_rates:renamed",
    "kpi_plan:renamed",
    "stage_measure:before_commit",
    "stage_measure:after_commit",
    "stage_project:before_commit",
    "night_page:renamed",
    "stage_report:before_commit",
    "stage_report:after_commit",
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def undisturbed(request, tmp_path_factory, book):
    """Files and tables of a night that ran through; its world has passed every point."""
    with _landed(request, tmp_path_factory.mktemp("undisturbed") / "home", book, request.param) as world:
        _run(world)
        yield world, files_of(world), tables_of(world)


def test_the_points_are_those_of_a_night(undisturbed):
    world, _, _ = undisturbed
    assert {point.partition("#")[0] for point in POINTS} <= set(world.seam.reached)


def test_killed_at_every_point_in_turn_and_run_again_it_equals_an_undisturbed_night(
    request, undisturbed, tmp_path, book
):
    """Each run gets as far as the next point: on a server, what the dead ones held has to be let go of. Each point by
    itself is killed by `make test-crash`."""
    first, files, tables = undisturbed
    with _landed(request, tmp_path / "home", book, first.store.dialect) as world:
        world.store.engine.dispose()
        for point in POINTS:
            assert _killed_at(world.settings, point) == signal.SIGKILL, point
        again = open_world(world.settings, clock=SteppingClock())
        again.seam.sweep()
        _run(again)
        found = tables_of(again)
        differing = {name for name in tables if found[name] != tables[name]}
        assert files_of(again) == files
        assert differing <= {"attempts"}, "attempts are no content: there were more"
        assert list((again.settings.home / "tmp").iterdir()) == []
        again.store.engine.dispose()


@contextmanager
def _landed(request, home, book, dialect):
    """A world with the demo book to land, and the rules signed."""
    with new_world(request, home, dialect) as world:
        put_book(world, book)
        yield world


def _run(world):
    night_of(world, DAY)


def _killed_at(settings, point):
    """Run the night in a forked child that kills itself at the point; the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            _run(open_world(settings.model_copy(update={"failpoint": point}), clock=SteppingClock()))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) * -1
