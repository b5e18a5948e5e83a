"""Run the bench: clean nights in order, then every kind at every level on copies of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from adapters.demo import DemoPlan
from bench.gates.extracts import Book, Dose
from bench.gates.findings import Caught, Finding, finding_of, gravest_of, worst_of
from bench.gates.kinds import Kind, Occasion
from bench.gates.nights import Chain, Gated, Mutants, write_book

START, END = date(2026, 8, 15), date(2027, 3, 5)
WARM_UP_DAYS = 40

# A Wednesday, a Saturday, a month-end on a Monday, and the day on which partners send their claims.
DATES: Mapping[Occasion, date] = {
    Occasion.MIDWEEK: date(2026, 11, 18),
    Occasion.DAY_OFF: date(2026, 11, 21),
    Occasion.MONTH_END: date(2026, 11, 30),
    Occasion.CLAIMS: date(2026, 12, 3),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The demo book, the nights to be spoilt, and the clean ones: with `whole` all of the book, else what is needed."""

    accounts: int = 3_000
    employees: int = 40
    partners: int = 4
    seed: int = 7
    start: date = START
    end: date = END
    dates: Mapping[Occasion, date] = field(default_factory=lambda: DATES)
    whole: bool = True

    @property
    def book(self) -> DemoPlan:
        return DemoPlan(self.accounts, self.employees, self.partners, self.start, self.end, seed=self.seed)

    @property
    def first(self) -> date:
        return self.start if self.whole else max(self.start, min(self.dates.values()) - timedelta(days=WARM_UP_DAYS))

    def last(self, kinds: Iterable[Kind]) -> date:
        needed = [self.dates[night] + timedelta(days=kind.days - 1) for kind in kinds for night in kind.nights]
        return self.end if self.whole else max(needed)


@dataclass(frozen=True, slots=True)
class KindResult:
    """What came of one kind, by level and night."""

    kind: Kind
    findings: Mapping[tuple[Decimal, Occasion], Finding]

    def at(self, level: Decimal) -> Finding:
        return worst_of(found for (one, _), found in self.findings.items() if one == level)

    @property
    def missed_at(self) -> tuple[Decimal, ...]:
        """Levels at which a person would call it wrong, and the gate said nothing, or died of it."""
        bad = {Caught.MISSED, Caught.CRASHED}
        return tuple(
            level for level in self.kind.levels if self.kind.is_wrong_at(level) and self.at(level).caught in bad
        )

    @property
    def is_false_alarm(self) -> bool:
        harmless = self.kind.wrong_from is None
        return harmless and any(self.at(level).caught in {Caught.CRASHED, Caught.HALTED} for level in self.kind.levels)

    @property
    def says_nothing(self) -> bool:
        return all(found.caught is Caught.NOTHING_SPOILT for found in self.findings.values())


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that the bench found out."""

    plan: Plan
    book: Book
    clean: tuple[Gated, ...]
    kinds: tuple[KindResult, ...]


def clean_nights(home: Path, plan: Plan, kinds: tuple[Kind, ...]) -> tuple[Chain, Iterator[Gated]]:
    """The chain, and its nights as they are gated."""
    book = write_book(plan.book, home / "book", plan.seed)
    chain = Chain(home / "chain", book, frozenset(plan.dates.values()))
    return chain, chain.run(plan.first, plan.last(kinds))


@dataclass(frozen=True, slots=True)
class Bench:
    """What spoilt nights are made from and held against."""

    chain: Chain
    dates: Mapping[Occasion, date]
    clean: Mapping[date, Gated]


def spoilt_nights(home: Path, bench: Bench, kinds: tuple[Kind, ...], jobs: int = 1) -> Iterator[KindResult]:
    """The kinds in their order; with several jobs each process has a home of its own."""
    for left in home.glob("mutants-*"):
        shutil.rmtree(left)
    if jobs == 1:
        mutants = Mutants(home / "mutants-0", bench.chain)
        yield from (_of_kind(mutants, bench, kind) for kind in kinds)
        return
    start = partial(_start_worker, home, bench)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=start) as pool:
        yield from pool.map(_in_worker, kinds)


_OF_PROCESS: list[tuple[Mutants, Bench]] = []


def _start_worker(home: Path, bench: Bench) -> None:
    _OF_PROCESS.append((Mutants(home / f"mutants-{os.getpid()}", bench.chain), bench))


def _in_worker(kind: Kind) -> KindResult:
    return _of_kind(*_OF_PROCESS[0], kind)


def _of_kind(mutants: Mutants, bench: Bench, kind: Kind) -> KindResult:
    nights = (_of_night(mutants, bench, kind, night) for night in kind.nights)
    return KindResult(kind, {key: found for night in nights for key, found in night})


def _of_night(
    mutants: Mutants, bench: Bench, kind: Kind, night: Occasion
) -> Iterator[tuple[tuple[Decimal, Occasion], Finding]]:
    """Two levels that come to the same rows are one night."""
    day, known = bench.dates[night], dict[str, Finding]()
    for level in kind.levels_on(night):
        if kind.days > 1:
            yield (level, night), _over_days(mutants, bench, kind, day, level)
            continue
        spoilt = mutants.spoil(kind, day, Dose(level))
        if spoilt.content not in known:
            rows, gated = mutants.again(spoilt, day) if spoilt.rows else (0, bench.clean[day])
            known[spoilt.content] = finding_of(rows, gated, bench.clean[day])
        yield (level, night), known[spoilt.content]


def _over_days(mutants: Mutants, bench: Bench, kind: Kind, day: date, level: Decimal) -> Finding:
    """Until it halts: what is not accepted, nobody builds on."""
    found: list[Finding] = []
    for step, (touched, gated) in enumerate(mutants.run(kind, day, Dose(level)), 1):
        found.append(finding_of(touched, gated, bench.clean[gated.day], step))
        if found[-1].caught is Caught.HALTED:
            break
    return gravest_of(found)
