"""Gate nights for real, below Prefect: a chain of clean ones, and spoilt ones on copies of its store."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.store.results import read_verdict
from adapters.store.runs import State, begin_attempt, end_attempt
from adapters.store.signatures import sign
from adapters.world import World, open_world
from bench.gates.extracts import Book, Dose, relink, spoil, spoilt_content
from bench.gates.kinds import Kind
from domain.issues import Issue
from domain.manifest import Stage
from domain.records import Verdict
from tasks.stages.gate import gate
from tasks.stages.land import land
from tasks.stages.manifests import manifest_of
from tasks.stages.plan import Request, plan_night
from tasks.stages.rules import RuleSet, rules_of_run, sound_rules


@dataclass(frozen=True, slots=True)
class Gated:
    """What one night's gate said; `crash` is an exception that reached the caller.

    `accepted` are the versions by table; a version is named by its content.
    """

    day: date
    verdict: Verdict | None
    issues: tuple[Issue, ...] = ()
    crash: str = ""
    working_day: bool = True
    accepted: Mapping[str, str] = field(default_factory=dict)


def write_book(plan: DemoPlan, folder: Path, seed: int) -> Book:
    """The clean extracts; a book of the same plan that is there already is used again."""
    mark = folder / "plan.txt"
    if not mark.exists() or mark.read_text(encoding="utf-8") != repr(plan):
        shutil.rmtree(folder, ignore_errors=True)
        write_demo_book(plan, folder, memory_limit="2GB")
        mark.write_text(repr(plan), encoding="utf-8")
    return Book(folder, seed)


@dataclass(frozen=True, slots=True)
class Chain:
    """Clean nights in order; the store is kept as it stood before each of the dates in `kept`."""

    home: Path
    book: Book
    kept: frozenset[date]

    def run(self, first: date, last: date) -> Iterator[Gated]:
        shutil.rmtree(self.home, ignore_errors=True)
        world = open_world(Settings(home=self.home, threads=1))
        rules = sound_rules(world.settings.rules)
        sign(world.store, rules.contents(), proposer="bench", signer="bench signer")
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if day in self.kept:
                _copy_store(self.home / "recoup.sqlite", self.store_before(day))
            relink(self.book, day, world.settings.landing / day.isoformat())
            yield gate_night(world, day)
        world.store.engine.dispose()

    def store_before(self, day: date) -> Path:
        return self.home / f"before-{day}.sqlite"


@dataclass(frozen=True, slots=True)
class Spoilt:
    """How many rows differ from the clean ones, and a digest of what was written."""

    rows: int
    content: str


@dataclass(slots=True)
class Mutants:
    """A home for spoilt nights: each begins with the chain's store of the evening before, and leaves nothing."""

    home: Path
    chain: Chain
    world: World = field(init=False)

    def __post_init__(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        (self.home / "snapshots").symlink_to((self.chain.home / "snapshots").absolute())
        self.world = open_world(Settings(home=self.home, threads=1))

    def spoil(self, kind: Kind, day: date, dose: Dose) -> Spoilt:
        """Put the spoilt extracts into the landing folder."""
        target = self.world.settings.landing / day.isoformat()
        rows = spoil(self.chain.book, kind, day, dose, target)
        return Spoilt(rows, spoilt_content(target))

    def run(self, kind: Kind, day: date, dose: Dose) -> Iterator[tuple[int, Gated]]:
        """The nights of the kind, with how many rows were spoilt."""
        self._restore(day)
        for step in range(1, kind.days + 1):
            night = day + timedelta(days=step - 1)
            yield self.spoil(kind, night, Dose(dose.level, step)).rows, gate_night(self.world, night)

    def again(self, spoilt: Spoilt, day: date) -> tuple[int, Gated]:
        """The night of extracts that are spoilt already."""
        self._restore(day)
        return spoilt.rows, gate_night(self.world, day)

    def _restore(self, day: date) -> None:
        self.world.store.engine.dispose()
        for name in ("recoup.sqlite", "recoup.sqlite-wal", "recoup.sqlite-shm"):
            (self.home / name).unlink(missing_ok=True)
        shutil.copyfile(self.chain.store_before(day), self.home / "recoup.sqlite")


def gate_night(world: World, day: date) -> Gated:
    """Land, plan and gate; whatever is raised is told, as the night would end with it."""
    attempt = begin_attempt(world.store, f"bench {day}", day)
    try:
        issues = land(world, day, attempt).issues
        night = plan_night(world, Request(day, (Stage.GATE,)), attempt)
        with world.store.read() as connection:
            manifest = manifest_of(connection, night.run)
        rules: RuleSet = rules_of_run(world, manifest, night.overlay)
        result = gate(world, night, manifest, rules.thresholds.at(day))
    except Exception as error:  # noqa: BLE001 - the bench reports what a night dies of
        end_attempt(world.store, attempt, State.FAILED, "")
        return Gated(day, None, crash=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}")
    with world.store.read() as connection:
        verdict = read_verdict(connection, night.run, day)
    end_attempt(world.store, attempt, State.DONE, "")
    summary = result.summary
    return Gated(
        day, verdict, issues, working_day=summary["compared_with"] == "working days", accepted=summary["accepted"]
    )


def _copy_store(source: Path, target: Path) -> None:
    """A whole copy, with what stands in the log of the database."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
