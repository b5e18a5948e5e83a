"""What nights keep of expected recovery, and what a past month is held against; on a world that has run."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from adapters.errors import RefusedError
from adapters.store.runs import files_of_run, official_run
from domain.manifest import RunKind, Stage
from domain.periods import Period
from tasks.stages.calibrate import calibrate, expected_by

DAY = date(2026, 9, 3)


def run_of(world, day):
    with world.store.read() as connection:
        return official_run(connection, RunKind.NIGHTLY.value, day, Stage.ALLOCATE.value)


def test_a_night_keeps_what_it_expected(measured_world):
    with measured_world.store.read() as connection:
        files = files_of_run(connection, run_of(measured_world, DAY))
    kept = json.loads((measured_world.settings.home / files["recovery"].path).read_text(encoding="utf-8"))
    assert kept == expected_by(measured_world, DAY)
    assert {rate["segment"] for rate in kept["rates"]} == {"early", "late", "field", "legal", "restructuring"}
    assert kept["horizon_days"] == 30


@pytest.mark.parametrize(("month", "code"), [("2026-09", "CAL001"), ("2026-10", "CAL002")])
def test_a_month_that_cannot_be_compared_says_why(measured_world, month, code):
    with pytest.raises(RefusedError, match=f"{code} .*(night of 2026-08|2026-10-31)"):
        calibrate(measured_world, Period.parse(month))


def test_a_night_that_did_not_allocate_expected_nothing(measured_world):
    with pytest.raises(RefusedError, match="CAL001"):
        expected_by(measured_world, DAY + timedelta(days=1))
