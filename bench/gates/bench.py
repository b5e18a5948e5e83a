"""Run the bench: clean nights in order, then every kind at every level on copies of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
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
class Size:
    """The demo book, and how long it is: all of it for the clean nights, or as much as the spoilt nights need."""

    accounts: int = 3_000
    employees: int = 40
    partners: int = 4
    seed: int = 7
    whole: bool = True

    @property
    def plan(self) -> DemoPlan:
        return DemoPlan(self.accounts, self.employees, self.partners, START, END, seed=self.seed)

    @property
    def first(self) -> date:
        return START if self.whole else min(DATES.values()) - timedelta(days=WARM_UP_DAYS)

    def last(self, kinds: Iterable[Kind]) -> date:
        needed = [DATES[night] + timedelta(days=kind.days - 1) for kind in kinds for night in kind.nights]
        return END if self.whole else max(needed)


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
    clean: tuple[Gated, ...]
    book: Book
    kinds: tuple[KindResult, ...]


def clean_nights(home: Path, size: Size, kinds: tuple[Kind, ...]) -> tuple[Chain, Iterator[Gated]]:
    """The chain, and its nights as they are gated."""
    book = write_book(size.plan, home / "book", size.seed)
    chain = Chain(home / "chain", book, frozenset(DATES.values()))
    return chain, chain.run(size.first, size.last(kinds))


def spoilt_nights(
    home: Path, chain: Chain, clean: Mapping[date, Gated], kinds: tuple[Kind, ...], jobs: int
) -> Iterator[KindResult]:
    """The kinds in their order; with several jobs each process has a home of its own."""
    if jobs == 1:
        mutants = Mutants(home / "mutants-0", chain)
        yield from (_of_kind(mutants, clean, kind) for kind in kinds)
        return
    start = partial(_start_worker, home, chain, clean)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=start) as pool:
        yield from pool.map(_in_worker, kinds)


_OF_PROCESS: list[tuple[Mutants, Mapping[date, Gated]]] = []


def _start_worker(home: Path, chain: Chain, clean: Mapping[date, Gated]) -> None:
    _OF_PROCESS.append((Mutants(home / f"mutants-{os.getpid()}", chain), clean))


def _in_worker(kind: Kind) -> KindResult:
    return _of_kind(*_OF_PROCESS[0], kind)


def _of_kind(mutants: Mutants, clean: Mapping[date, Gated], kind: Kind) -> KindResult:
    return KindResult(
        kind, {key: found for night in kind.nights for key, found in _of_night(mutants, clean, kind, night)}
    )


def _of_night(
    mutants: Mutants, clean: Mapping[date, Gated], kind: Kind, night: Occasion
) -> Iterator[tuple[tuple[Decimal, Occasion], Finding]]:
    """Two levels that come to the same rows are one night."""
    day, known = DATES[night], dict[str, Finding]()
    for level in kind.levels:
        if kind.days > 1:
            yield (level, night), _over_days(mutants, clean, kind, day, level)
            continue
        spoilt = mutants.spoil(kind, day, Dose(level))
        if spoilt.content not in known:
            rows, gated = mutants.again(spoilt, day) if spoilt.rows else (0, clean[day])
            known[spoilt.content] = finding_of(rows, gated, clean[day])
        yield (level, night), known[spoilt.content]


def _over_days(mutants: Mutants, clean: Mapping[date, Gated], kind: Kind, day: date, level: Decimal) -> Finding:
    found: list[Finding] = []
    for step, (touched, gated) in enumerate(mutants.run(kind, day, Dose(level)), 1):
        found.append(finding_of(touched, gated, clean[gated.day], step))
        if found[-1].caught is Caught.HALTED:
            break
    return gravest_of(found)
