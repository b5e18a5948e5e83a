"""Two processes that type the same command at the same moment, on either database: what one leaves, and no more."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from multiprocessing import get_context

import pytest

from adapters.store.runs import new_attempt
from adapters.store.turns import turn
from adapters.world import open_world
from tests.conftest import copied, database_on
from tests.crashes.moments import differing, give_logins, left_of, office_of_step, undisturbed
from tests.crashes.nights import NIGHTS
from tests.crashes.settlement import SETTLEMENT
from tests.stages.copied_rows import copy_of_store

pytestmark = pytest.mark.slow

BRIEFLY = replace(SETTLEMENT, steps=SETTLEMENT.steps[:8])
A_GATE = replace(NIGHTS, steps=NIGHTS.steps[:1])
SCENARIOS = {each.name: each for each in (BRIEFLY, A_GATE)}
# Copies of this process would have the locks of its threads: they come from one that has only imported this.
CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
LONGEST_SECONDS = 180
AT_ONCE = [
    ("settlement", "match"),
    ("settlement", "approve and publish"),
    ("settlement", "outputs"),
    ("nights", "the first gate"),
]


@pytest.fixture(scope="module")
def wholes(tmp_path_factory):
    """A settlement and the gate of a night that nobody disturbed."""
    with ExitStack() as kept:
        found = {}
        for scenario in SCENARIOS.values():
            folder = tmp_path_factory.mktemp(scenario.name)
            found[scenario.name] = kept.enter_context(undisturbed(scenario, scenario.ready(folder / "ready"), folder))
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request, wholes, tmp_path):
    """What stood before a step, on the database."""
    with ExitStack() as kept:

        def stood(whole, step):
            known = whole.before[step]
            if request.param == "sqlite":
                return kept.enter_context(copied(known, tmp_path / "home"))
            url = kept.enter_context(database_on(request.getfixturevalue("postgresql")))
            there = known.model_copy(update={"home": tmp_path / "home", "database_url": url})
            copy_of_store(open_world(known), open_world(there)).store.engine.dispose()
            give_logins(there, whole.scenario.people, None)
            return there

        yield stood


@pytest.mark.parametrize(("scenario", "name"), AT_ONCE, ids=[name for _, name in AT_ONCE])
def test_two_processes_that_do_the_same_at_once_leave_what_one_leaves(wholes, before, scenario, name):
    whole = wholes[scenario]
    step = next(number for number, each in enumerate(whole.steps) if each.name == name)
    settings = before(whole, step)
    barrier, told = CONTEXT.Barrier(2), CONTEXT.Queue()
    both = [CONTEXT.Process(target=_typed, args=(scenario, settings, step, barrier, told)) for _ in range(2)]
    for process in both:
        process.start()
    said = [told.get(timeout=LONGEST_SECONDS) for _ in both]
    for process in both:
        process.join(LONGEST_SECONDS)
    assert "done" in said
    assert all(each == "done" or each.startswith(("ConflictError", "RefusedError")) for each in said), said
    office = office_of_step(settings, whole.scenario, step, minutes=10)
    office.world.seam.sweep()
    assert differing(whole.after[step], left_of(office)) == ()
    office.close_connections()


def _typed(scenario, settings, step, barrier, told) -> None:
    barrier.wait(LONGEST_SECONDS)
    try:
        with _turn_of(settings) if scenario == NIGHTS.name else nullcontext():
            office_of_step(settings, SCENARIOS[scenario], step)
    except BaseException as error:
        told.put(f"{type(error).__name__}: {error}")
        raise
    else:
        told.put("done")


@contextmanager
def _turn_of(settings):
    """As flows and commands take it: nights are one at a time, whoever starts them."""
    store = open_world(settings).store
    with turn(store, new_attempt(), wait_seconds=LONGEST_SECONDS, told=str):
        yield
    store.engine.dispose()
