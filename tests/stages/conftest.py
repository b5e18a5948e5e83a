"""Nights below Prefect: a small demo book, and the stages called as the flow calls them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.store.runs import State, begin_attempt, end_attempt
from adapters.store.signatures import sign
from adapters.world import World, open_world
from domain.manifest import Stage
from tasks.stages.allocate import allocate_night
from tasks.stages.gate import gate
from tasks.stages.land import land
from tasks.stages.manifests import manifest_of
from tasks.stages.measure import measure
from tasks.stages.night import Night
from tasks.stages.opening import open_book
from tasks.stages.pay import project
from tasks.stages.plan import NIGHT, Request, plan_night
from tasks.stages.report import report
from tasks.stages.rules import rules_of_run, sound_rules
from tests.conftest import SteppingClock, copy_folder, prepared_once

START, END = date(2026, 9, 1), date(2026, 9, 30)
AN_HOUR_LATER = SteppingClock().now + timedelta(hours=1)
RunNight = Callable[..., Night]


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing folder with a demo book of one month; copied, never changed."""
    states = (START, date(2026, 9, 2), date(2026, 9, 3), date(2026, 9, 4), date(2026, 9, 29), END)
    plan = DemoPlan(400, 30, 2, START, END, seed=3, state_dates=states)
    return prepared_once(tmp_path_factory, "demo-book", partial(write_demo_book, plan))


@pytest.fixture(scope="session")
def measured_world(tmp_path_factory: pytest.TempPathFactory, book: Path) -> World:
    """A world whose last night, the third of September, has measured three days of work; only read, never changed."""
    prepared = prepared_once(tmp_path_factory, "measured-home", partial(_measured, book=book))
    home = tmp_path_factory.mktemp("measured") / "home"
    copy_folder(prepared, home)
    return open_world(Settings(home=home), clock=SteppingClock(AN_HOUR_LATER))


def _measured(home: Path, book: Path) -> None:
    world = open_world(Settings(home=home), clock=SteppingClock())
    put_book(world, book)
    night_of(world, START, (Stage.GATE,))
    open_book(world, START, begin_attempt(world.store, "open", START), by="operations")
    for number in (2, 3):
        night_of(world, date(2026, 9, number), (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE, Stage.PROJECT))
    world.store.engine.dispose()


@pytest.fixture
def land_book(book: Path) -> Callable[[World], None]:
    """Put the demo book into the world's landing folder, and sign the rules."""

    return partial(put_book, book=book)


def put_book(world: World, book: Path) -> None:
    copy_folder(book, world.settings.landing)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="proposer", signer="signer")


@pytest.fixture
def run_night() -> RunNight:
    return night_of


def night_of(world: World, day: date, stages: tuple[Stage, ...] = NIGHT, **request: object) -> Night:
    """Land, plan and run the stages; the night as a reference."""
    attempt = begin_attempt(world.store, f"nightly {day}", day)
    land(world, day, attempt)
    night = plan_night(world, Request(day, stages, **request), attempt)  # type: ignore[arg-type]
    stages_of_night(world, night, stages)
    end_attempt(world.store, attempt, State.DONE, "")
    return night


def stages_of_night(world: World, night: Night, stages: tuple[Stage, ...]) -> None:
    """Run the stages of a planned night as the flow calls them."""
    day = night.business_date
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    rules = rules_of_run(world, manifest, night.overlay)
    work = {
        Stage.GATE: lambda: gate(world, night, manifest, rules.thresholds.at(day)),
        Stage.ALLOCATE: lambda: allocate_night(world, night, manifest, rules),
        Stage.MEASURE: lambda: measure(world, night, manifest, rules.kpis),
        Stage.PROJECT: lambda: project(world, night, manifest, rules.policies, rules.contracts),
        Stage.REPORT: lambda: report(world, night, manifest, rules),
    }
    for stage in stages:
        work[stage]()


@pytest.fixture
def run_month() -> Callable[[World], Night]:
    return month_of


def month_of(world: World) -> Night:
    """September, gated every day, opened on the first, measured on the last."""
    night_of(world, START, (Stage.GATE,))
    open_book(world, START, begin_attempt(world.store, "open", START), by="opener")
    for number in range(2, END.day):
        night_of(world, date(2026, 9, number), (Stage.GATE,))
    return night_of(world, END)
