"""Rows that come with the extract of a later date count on the day that they are of, once its night runs again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from adapters.store.runs import begin_attempt, official_run, stage_result
from domain.manifest import RunKind, Stage
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.plan import Request, plan_night
from tasks.stages.session import session_of_night
from tests.conftest import copy_of
from tests.stages.conftest import night_of

THIRD, FOURTH = date(2026, 9, 3), date(2026, 9, 4)
LATE = "FROM '{third}' WHERE amount > 0 AND currency = 'VND' ORDER BY amount DESC, payment_id LIMIT 1"
LATE_AS_NEW = f"SELECT * REPLACE ('late' AS payment_id) FROM (SELECT * {LATE})"
LATE_TOO = LATE_AS_NEW.replace("'late'", "'late-too'")


def third_of(world):
    return world.settings.landing / str(THIRD) / "payments.parquet"


def add_to(path, rows):
    duckdb.execute(f"COPY (FROM '{path}' UNION ALL {rows}) TO '{path}.new' (FORMAT parquet)")
    path.with_name(f"{path.name}.new").replace(path)


@pytest.fixture
def night(measured_world, tmp_path, request):
    """A world whose third of September has been measured; with the payments of the fourth come two of the third, and
    one that the third's extract had already."""
    with copy_of(measured_world, tmp_path / "home", request) as world:
        third, fourth = third_of(world), world.settings.landing / str(FOURTH) / "payments.parquet"
        add_to(fourth, f"({LATE_AS_NEW} UNION ALL {LATE_TOO} UNION ALL (SELECT * {LATE}))".format(third=third))
        (amount,) = duckdb.execute(f"SELECT amount - waiver {LATE}".format(third=third)).fetchone()
        yield world, Decimal(amount)


def eligible(world, run):
    with world.store.read() as connection:
        summary = stage_result(connection, run, Stage.MEASURE.value).summary
    return next(Decimal(row["eligible"]) for row in summary["credits"] if row["currency"] == "VND")


@pytest.mark.slow
def test_a_late_payment_counts_on_its_own_day_once_that_night_runs_again(night):
    world, amount = night
    with world.store.read() as connection:
        first = official_run(connection, RunKind.NIGHTLY.value, THIRD, Stage.MEASURE.value)
    night_of(world, FOURTH, (Stage.GATE,))
    again = night_of(world, THIRD, (Stage.GATE, Stage.MEASURE))
    assert eligible(world, again.run) == eligible(world, first) + 2 * amount
    with world.store.read() as connection:
        manifest, accepted = manifest_of(connection, again.run), accepted_in(connection, again.run)
    came = [(item.table, item.business_date) for item in manifest.late]
    assert came == [("payments", FOURTH)], "what only revises or repeats known rows is not late"
    with session_of_night(world, manifest, accepted) as duck:
        added = "SELECT payment_id FROM payments ANTI JOIN payments_in_time USING (payment_id) ORDER BY 1"
        assert duck.run(added).fetchall() == [("late",), ("late-too",)], (
            "and what is of the later day itself is none of it"
        )
    add_to(third_of(world), LATE_AS_NEW.format(third=third_of(world)))
    resent = night_of(world, THIRD, (Stage.GATE, Stage.MEASURE))
    assert eligible(world, resent.run) == eligible(world, again.run), "one came in its own extract too, and counts once"


def test_an_earlier_knowledge_has_no_late_rows(night):
    world, _ = night
    before = world.seam.clock()
    night_of(world, FOURTH, (Stage.GATE,))
    then = plan_night(world, Request(THIRD, what_if=True, known_as_of=before), begin_attempt(world.store, "x", THIRD))
    now = plan_night(world, Request(THIRD, what_if=True), begin_attempt(world.store, "x", THIRD))
    with world.store.read() as connection:
        assert (manifest_of(connection, then.run).late, len(manifest_of(connection, now.run).late)) == ((), 1)
