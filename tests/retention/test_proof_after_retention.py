"""The proof of a ledger whose months are past their term: what was removed is told, and is no fault."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from adapters.store.runs import begin_attempt
from adapters.world import open_world
from flows.cli import app
from tasks.stages.retain import apply_retention, plan_retention
from tests.conftest import SteppingClock, copied
from tests.crashes.moments import office_of_step
from tests.crashes.settlement import SETTLEMENT

pytestmark = pytest.mark.slow

PUBLISHED = 7  # steps of the settlement, up to the publishing of the first month
WITHIN, PAST = datetime(2036, 8, 1, tzinfo=UTC), datetime(2037, 11, 1, tzinfo=UTC)  # of the ten years of its term


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A month of fees that were claimed, decided and published."""
    settings = SETTLEMENT.ready(tmp_path_factory.mktemp("published") / "claimed")
    for number in range(PUBLISHED):
        office_of_step(settings, SETTLEMENT, number).close_connections()
    return settings


@pytest.fixture
def retained(published, tmp_path, monkeypatch):
    """The same years later, after retention; and what `recoup verify` then says of it."""

    def at(now):
        world = open_world(settings, clock=SteppingClock(now))
        attempt = begin_attempt(world.store, "retain", None)
        removed = apply_retention(world, plan_retention(world).plan, attempt, by="ops", reason="past its term")
        world.store.engine.dispose()
        told = CliRunner().invoke(app, ["verify"])
        issues = json.loads(CliRunner().invoke(app, ["verify", "--json"]).stdout)["issues"]
        files = sum(each.files for each in removed)
        return SimpleNamespace(files=files, code=told.exit_code, said=told.output, issues=issues)

    with copied(published, tmp_path / "home") as settings:
        monkeypatch.setenv("RECOUP_HOME", str(settings.home))
        monkeypatch.setenv("RECOUP_RULES", str(settings.rules))
        monkeypatch.setenv("COLUMNS", "400")
        yield at


def test_within_the_term_of_the_ledger_everything_is_calculated_again(retained):
    found = retained(WITHIN)
    assert (found.code, "0 findings\n" in found.said, "RET010" in found.said) == (0, True, False), found.said


def test_past_it_the_proof_says_by_whom_and_when_it_was_removed_and_holds(retained):
    found = retained(PAST)
    assert found.files > 0
    assert found.code == 0, found.said
    assert "0 findings, 1 warnings" in found.said
    (issue,) = found.issues
    assert (issue["code"], issue["severity"]) == ("RET010", "warning")
    assert issue["message"].startswith("it is not calculated again: snapshots/")
    assert "was removed by retention on 2037-11-01 (by ops, " in issue["message"]
