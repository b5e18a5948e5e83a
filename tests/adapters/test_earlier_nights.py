"""The last measured night of each earlier month, which a run may name as an input."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.store.runs import StageResult, State, begin_attempt, finish_stage, last_night_of_each_month, record_run
from domain.ids import Digest
from domain.manifest import EarlierNight, Manifest, RunKind, Stage
from tasks.stages.manifests import manifest_of

JULY, AUGUST, SEPTEMBER = date(2026, 7, 1), date(2026, 8, 31), date(2026, 9, 30)


@pytest.fixture
def night(any_world):
    """A function that records a run of a date, and that it has finished a stage."""

    def finished(day, calculation, kind=RunKind.NIGHTLY, stage=Stage.MEASURE, outcome=State.DONE, **inputs):
        manifest = Manifest(kind, day, day, (stage,), Digest(calculation), (), **inputs)
        attempt = begin_attempt(any_world.store, "by hand", day)
        run = record_run(any_world.store, manifest, attempt)
        with any_world.store.write("finished") as connection:
            finish_stage(any_world.store, connection, run, attempt, StageResult(stage.value, outcome, {}))
        return run

    return finished


def test_of_each_month_the_newest_run_of_its_last_measured_date_counts(any_world, night):
    night(date(2026, 7, 30), "a")
    july = night(date(2026, 7, 31), "a")
    night(AUGUST, "a")
    august = night(AUGUST, "b")
    night(date(2026, 8, 30), "c")  # measured again later; the last date counts
    night(SEPTEMBER, "a", kind=RunKind.WHAT_IF)
    night(SEPTEMBER, "b", outcome=State.HALTED)
    night(SEPTEMBER, "c", stage=Stage.GATE)
    with any_world.store.read() as connection:
        found = last_night_of_each_month(connection, JULY, SEPTEMBER)
        assert found == (EarlierNight(date(2026, 7, 31), july), EarlierNight(AUGUST, august))
        assert last_night_of_each_month(connection, date(2026, 8, 1), SEPTEMBER) == found[1:]
        assert last_night_of_each_month(connection, date(2026, 9, 1), SEPTEMBER) == ()


def test_a_run_names_them_and_is_another_one_by_them(any_world, night):
    earlier = (EarlierNight(AUGUST, night(AUGUST, "a")),)
    alone, named = night(SEPTEMBER, "a"), night(SEPTEMBER, "a", carried=earlier)
    assert alone != named
    with any_world.store.read() as connection:
        assert manifest_of(connection, named).carried == earlier
