"""A halted night at the command line: exit 3, with what was found, where, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import duckdb
import pytest

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.store.signatures import sign
from adapters.world import open_world
from tasks.stages.rules import sound_rules

DAY = date(2026, 9, 3)


@pytest.mark.slow
@pytest.mark.prefect
def test_a_dropped_column_ends_the_night_with_exit_3_and_a_few_lines(tmp_path):
    world = open_world(Settings(home=tmp_path / "home"))
    write_demo_book(DemoPlan(400, 30, 2, DAY, DAY, seed=3), world.settings.landing)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="proposer", signer="signer")
    path = world.settings.landing / DAY.isoformat() / "payments.parquet"
    duckdb.execute(f"CREATE OR REPLACE TEMP TABLE extract AS SELECT * EXCLUDE (amount) FROM '{path}'")
    duckdb.execute(f"COPY extract TO '{path}' (FORMAT parquet)")
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", "nightly", "--date", str(DAY)],
        env={**os.environ, "RECOUP_HOME": str(world.settings.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "halted: payments" in done.stderr
    assert 'payments.amount.column: no column "amount"; expected a column amount. Ask for the extract' in done.stderr
    assert "Traceback" not in done.stderr
