"""Two what-ifs that ask for the same are one run: whoever comes second to store a stage takes what the first has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import sqlalchemy as sa

from adapters.store.runs import State, begin_attempt, record_run
from adapters.store.schema import table_verdicts
from domain.ids import digest_of
from domain.manifest import Manifest, RunKind, Stage
from tasks.stages.night import Night, StageWork, run_stage

DAY = date(2026, 9, 3)


def test_the_second_to_store_a_stage_takes_what_the_first_has_stored(any_world):
    """Both have seen that it is not finished, and have done the work, before either stores."""
    manifest = Manifest(
        kind=RunKind.WHAT_IF,
        business_date=DAY,
        effective_on=DAY,
        stages=(Stage.GATE,),
        calculation=digest_of("test"),
        rules=(),
        landed=(),
        history=(),
    )
    attempts = [begin_attempt(any_world.store, f"what-if {DAY}", DAY) for _ in range(2)]
    run = record_run(any_world.store, manifest, attempts[0])
    both_have_worked = Barrier(2, timeout=60)

    def typed(attempt):
        def work():
            both_have_worked.wait()
            return StageWork(State.DONE, {"by": attempt}, write=lambda connection: _verdict(connection, run))

        return run_stage(any_world, Night(run, attempt, DAY, RunKind.WHAT_IF), Stage.GATE, work)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(typed, attempts)
    assert one == other
    with any_world.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(table_verdicts)).scalar_one() == 1


def _verdict(connection, run):
    row = {"run_id": run, "table_name": "accounts", "outcome": "accepted"}
    counts = dict.fromkeys(("landed", "accepted", "quarantined", "duplicate"), 0)
    connection.execute(table_verdicts.insert().values(**row, **counts, money=[]))
