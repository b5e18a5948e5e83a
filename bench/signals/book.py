"""Two months of a demo book: September measured, October landed clean or with planted cases, measured and looked at."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from adapters.demo import DemoPlan, write_demo_book
from adapters.duck import duck_columns, quoted
from adapters.settings import Settings
from adapters.store.runs import begin_attempt
from adapters.store.signatures import sign
from adapters.world import World, open_world
from bench.demo_month import accept_as_landed, run_night
from domain.manifest import Stage
from domain.periods import Period
from kpi_rules.views import CREDITS
from tasks.stages.gate import accepted_inputs
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.opening import open_book
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night
from tasks.stages.signals import SignalsDone, credits_read_by, run_signals

OPENING, FIRST_END, LAST = date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31)
OCTOBER = Period(2026, 10)
FACTS = "facts"  # folder of what the planting has to know: owners and credits, as files


@dataclass(frozen=True, slots=True)
class BookSize:
    accounts: int
    employees: int
    partners: int


def prepare(home: Path, size: BookSize, seed: int) -> None:
    """The book up to the end of September, allocated on its first and last day, so that October's owners are known."""
    world = world_in(home)
    states = (OPENING, FIRST_END, LAST)
    plan = DemoPlan(size.accounts, size.employees, size.partners, OPENING, LAST, seed=seed, state_dates=states)
    write_demo_book(plan, world.settings.landing, memory_limit=world.settings.memory_limit)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="bench", signer="bench signer")
    run_night(world, OPENING, (Stage.GATE,))
    open_book(world, OPENING, begin_attempt(world.store, "open", OPENING), by="bench")
    run_night(world, OPENING, (Stage.GATE, Stage.ALLOCATE))
    _accept(world, OPENING, FIRST_END)
    run_night(world, FIRST_END, (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE))


def october(prepared: Path, home: Path, plant: Callable[[Path], None] | None = None) -> SignalsDone:
    """October on a copy of the prepared home: planted into the landing files first, then measured and looked at.

    The days before the last are accepted as they land: what the gate would refuse is another bench's question
    (`bench.gates`). The last day's files, which are not planted into, go through the gate.
    """
    shutil.copytree(prepared, home)
    if plant is not None:
        plant(home / "landing")
    world = world_in(home)
    _accept(world, FIRST_END, LAST)
    night, _ = run_night(world, LAST, (Stage.GATE, Stage.MEASURE))
    done = run_signals(world, OCTOBER, night.attempt)
    if plant is None:
        _write_facts(world, night, prepared / FACTS)
    return done


def world_in(home: Path) -> World:
    return open_world(Settings(home=home))


def _accept(world: World, after: date, before: date) -> None:
    for number in range(1, (before - after).days):
        accept_as_landed(world, after + timedelta(days=number))


def _write_facts(world: World, night: Night, folder: Path) -> None:
    """Who owns each account in October, who owned it before, and what was credited in both months."""
    folder.mkdir(exist_ok=True)
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    with session_of_night(world, manifest, accepted_inputs(world, night)) as duck:
        duck.create_view(CREDITS.name, credits_read_by(world, night, manifest), duck_columns(CREDITS))
        for name in ("dispatch", "credits", "visits", "accounts", "staff_postings", "placements"):
            duck.run(f"COPY (FROM {name}) TO '{quoted(folder / f'{name}.parquet')}' (FORMAT parquet)")
