"""The night of a month's last day: proposals, and actions for what was broken; run twice it changes nothing."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from adapters.store.actions import read_actions
from adapters.store.runs import allocating_run, begin_attempt
from adapters.store.standing import read_standings
from adapters.world import open_world
from domain.manifest import RunKind
from domain.periods import Period
from tasks.stages.commitments import commitments_of, open_broken
from tasks.stages.night import Night
from tasks.stages.partner_review import partner_reviews
from tasks.stages.placements import Terms, placements_on
from tasks.stages.rules import sound_rules
from tasks.stages.standing import propose_at_months_end
from tests.conftest import SteppingClock, copy_folder

pytestmark = pytest.mark.slow

SEPTEMBER, LAST = Period(2026, 9), date(2026, 9, 3)


@pytest.fixture
def world(measured_world, tmp_path):
    copy_folder(measured_world.settings.home, tmp_path / "home")
    settings = measured_world.settings.model_copy(update={"home": tmp_path / "home"})
    return open_world(settings, clock=SteppingClock(datetime(2026, 10, 1, 2, tzinfo=UTC)))


def opened(world):
    with world.store.read() as connection:
        return tuple(read_actions(connection, source="commitment"))


def test_every_broken_commitment_and_duty_is_asked_about_once(world):
    """September's returns are due on the fifth: on the third of the month they are not known, and nothing is broken."""
    found = commitments_of(world, SEPTEMBER)
    duties = [each for _, each in found.kept if each.due_on]
    assert duties
    assert {each.is_kept for each in duties} <= {None, True}
    late = replace(found, kept=tuple((name, replace(each, is_kept=False)) for name, each in found.kept))
    asked = open_broken(world, late, None)
    assert len(asked) == len(found.kept) == len({each.action_id for each in asked})
    assert open_broken(world, late, None) == ()
    october = replace(late, period=Period(2026, 10))
    assert len(open_broken(world, october, None)) == len(found.kept)  # although September's are open still
    again = {each.action_id for _, each in commitments_of(world, SEPTEMBER).kept}
    assert again == {each.action_id for each in asked}
    assert {each.owner for each in asked} == {"head_of_partners"}


def test_the_night_of_the_last_day_proposes_and_asks_and_run_twice_changes_nothing(world):
    with world.store.read() as connection:
        run = allocating_run(connection, LAST)
    rules = sound_rules(world.settings.rules)
    attempt = begin_attempt(world.store, "nightly", SEPTEMBER.last_day)
    propose_at_months_end(world, Night(run, attempt, LAST, RunKind.NIGHTLY), rules)
    assert _history(world) == opened(world) == ()  # the third is no last day
    night = Night(run, attempt, SEPTEMBER.last_day, RunKind.NIGHTLY)
    propose_at_months_end(world, night, rules)
    first, actions = _history(world), opened(world)
    assert {each.review.partner for each in first} == {"R01", "R02"}
    broken = [each for _, each in commitments_of(world, SEPTEMBER).kept if each.is_kept is False]
    assert {each.action_id for each in actions} == {each.action_id for each in broken}
    assert len(actions) == len(broken) > 0
    propose_at_months_end(world, night, rules)
    assert (_history(world), opened(world)) == (first, actions)


def test_placements_and_the_review_of_partners_say_the_same(world):
    found = placements_on(world, LAST, "", Terms(31, 14))
    reviews = partner_reviews(world, SEPTEMBER)
    assert [each.partner.partner_id for each in reviews] == ["R01", "R02"]
    by_review = [batch for review in reviews for batch in review.placements.batches]
    assert sorted(by_review, key=str) == sorted(found.batches, key=str)
    assert all(0 <= each.running <= each.accounts for each in found.batches)
    kept = [(review.partner.partner_id, each) for review in reviews for each in review.commitments]
    assert kept == list(commitments_of(world, SEPTEMBER).kept)


@pytest.mark.parametrize(
    "point",
    [
        "standing_reviewed:before_commit",
        "actions_opened:before_commit",
    ],
)
def test_killed_at_the_months_end_and_run_again_it_is_as_if_nobody_had_disturbed_it(world, point):
    with world.store.read() as connection:
        run = allocating_run(connection, LAST)
    attempt = begin_attempt(world.store, "nightly", SEPTEMBER.last_day)
    night = Night(run, attempt, SEPTEMBER.last_day, RunKind.NIGHTLY)
    assert _killed_at(world, point, night) == signal.SIGKILL
    again = open_world(world.settings, clock=SteppingClock(datetime(2026, 10, 1, 3, tzinfo=UTC)))
    before = len(_history(again)), len(opened(again))
    reviews = 0 if point == "standing_reviewed:before_commit" else 2
    asked = sum(each.is_kept is False for _, each in commitments_of(again, SEPTEMBER).kept)
    assert before == (reviews, asked if point == "actions_opened:after_commit" else 0)
    propose_at_months_end(again, night, sound_rules(again.settings.rules))
    assert [each.review.review_id for each in _history(again)] == ["R01-2026-09-1", "R02-2026-09-1"]
    assert len(opened(again)) == asked > 0


def _killed_at(world, point, night):
    """The month's end in a forked child that kills itself at the point; the signal that ended it."""
    world.store.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            settings = world.settings.model_copy(update={"failpoint": point})
            killed = open_world(settings, clock=SteppingClock(datetime(2026, 10, 1, 2, tzinfo=UTC)))
            propose_at_months_end(killed, night, sound_rules(settings.rules))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) * -1


def _history(world):
    with world.store.read() as connection:
        return tuple(read_standings(connection))
