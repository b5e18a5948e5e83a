"""A sample of `make test-crash`: a few kills by lot in every sort of step of a settlement, and some named points."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import database_on
from tests.crashes.decisions import DECISIONS
from tests.crashes.disputes import DISPUTES
from tests.crashes.house import HOUSE
from tests.crashes.log import EQUAL, Kill, add_to_log, read_log, write_log
from tests.crashes.moments import outcome_of, undisturbed
from tests.crashes.office import Step
from tests.crashes.report import with_figures
from tests.crashes.scenarios import DRAWN, PLACES, SCENARIOS
from tests.crashes.settlement import SETTLEMENT
from tests.stages.copied_rows import copy_of_store

pytestmark = pytest.mark.slow

SEED = 7
BRIEFLY = replace(SETTLEMENT, steps=SETTLEMENT.steps[:8])
POINTS = ("claims:renamed", "claim_decided:before_commit", "ledger_published:after_commit")


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return BRIEFLY.ready(tmp_path_factory.mktemp("ready") / "claimed")


def test_killed_anywhere_and_typed_again_a_settlement_is_as_if_nothing_had_happened(ready, tmp_path):
    with undisturbed(BRIEFLY, ready, tmp_path) as whole:
        passed = whole.points(SEED)
        moments = [*(passed[point] for point in POINTS), *(whole.moment(SEED, number, number) for number in range(8))]
        outcomes = [outcome_of(whole, moment, tmp_path) for moment in moments]
    assert [each.killed.label for each in outcomes[: len(POINTS)]] == [f"point {point}" for point in POINTS]
    assert [each for each in outcomes if each.differing] == []


def test_the_same_on_postgresql(ready, tmp_path, postgresql):
    steps = (SETTLEMENT.steps[0], SETTLEMENT.steps[3])
    brief = replace(SETTLEMENT, steps=steps)
    with database_on(postgresql) as url:
        from adapters.world import open_world

        there = ready.model_copy(update={"home": tmp_path / "there", "database_url": url})
        copy_of_store(open_world(ready), open_world(there)).store.engine.dispose()
        with undisturbed(brief, there, tmp_path, postgresql) as whole:
            moments = [whole.moment(SEED, number, number % 2) for number in range(4)]
            outcomes = [outcome_of(whole, moment, tmp_path) for moment in moments]
    assert [each for each in outcomes if each.differing] == []


def test_a_command_that_leaves_something_else_when_it_is_typed_again_is_told(ready, tmp_path):
    """The matrix can fail: a step that writes a line each time is found before anything is killed."""

    def careless(office):
        with (office.world.settings.home / "notes.txt").open("a", encoding="utf-8") as file:
            file.write("typed\n")

    with (
        pytest.raises(Exception, match=r"careless, typed again, changes notes\.txt"),
        undisturbed(replace(BRIEFLY, steps=(Step("careless", careless),)), ready, tmp_path),
    ):
        pass


def test_every_step_has_its_turn():
    assert {scenario.name for scenario, _ in PLACES} == {scenario.name for scenario in DRAWN}
    assert len(PLACES) == len(set(PLACES)) == sum(len(scenario.steps) for scenario in DRAWN)
    assert set(SCENARIOS) - set(DRAWN) == {HOUSE, DECISIONS, DISPUTES}, (
        "their moments by lot would change those of the numbers in the log"
    )


def test_the_log_keeps_the_last_of_each_kill_and_the_page_tells_what_differed(tmp_path):
    first = Kill(
        "lot", "sqlite", 1, 3, "pay", "publish", 9, "0.10", "COMMIT of INSERT INTO ledger", "", "", "ledger", "1"
    )
    point = replace(first, sort="point", number=0, under_way="point ledger_published:after_commit", result=EQUAL)
    path = tmp_path / "log.csv"
    write_log(path, [first])
    for kill in (point, replace(first, result=EQUAL), replace(first, store="postgresql")):
        add_to_log(path, kill)
    kills = read_log(path)
    assert [(each.sort, each.store, each.result) for each in kills] == [
        ("lot", "postgresql", "ledger"), ("lot", "sqlite", EQUAL), ("point", "sqlite", EQUAL)]  # fmt: skip
    page = with_figures("Text\n", kills)
    assert "| at moments drawn by lot | 1 of 1 equal | 0 of 1 equal |" in page
    assert "| pay | `ledger_published` | after commit | equal | not run |" in page
    assert "postgresql, lot 3 of seed 1, pay: publish" in page
    assert with_figures(page, kills) == page
