"""What was found of what was planted: precision and recall by signal, and the base rate on the clean book."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from bench.signals.book import FACTS, OCTOBER, BookSize, october, prepare, world_in
from bench.signals.plant import WAYS, Planted, choose, plant_all
from domain.intervals import wilson
from domain.signals import BaseRate, SignalCase
from kpi_rules.signals.words import percent, share_shown
from tasks.stages.signal_cases import list_cases


@dataclass(frozen=True, slots=True)
class BookScore:
    """One book: what was planted, the cases of the planted month, and those and the base rates of the clean one."""

    number: int
    seed: int
    planted: tuple[Planted, ...]
    raised: frozenset[tuple[str, str]]
    clean: frozenset[tuple[str, str]]
    rates: tuple[BaseRate, ...]
    left_out: tuple[str, ...]


def score_book(folder: Path, size: BookSize, number: int, seed: int) -> BookScore:
    """A book of this seed, clean and planted by the ways of the set; its folder is gone afterwards."""
    prepared = folder / "prepared"
    prepare(prepared, size, seed)
    clean = october(prepared, folder / "clean")
    found_clean = _cases(folder / "clean")
    chosen = choose(prepared / FACTS, prepared / "landing", number, seed)
    plant = partial(plant_all, facts=prepared / FACTS, chosen=chosen, number=number)
    planted = october(prepared, folder / "planted", plant)
    raised = _cases(folder / "planted")
    shutil.rmtree(folder)
    left_out = tuple(sorted({*clean.left_out, *planted.left_out}))
    return BookScore(number, seed, chosen, raised, found_clean, clean.rates, left_out)


def _cases(home: Path) -> frozenset[tuple[str, str]]:
    return frozenset((case.signal, case.subject_id) for case in _listed(home))


def _listed(home: Path) -> tuple[SignalCase, ...]:
    return list_cases(world_in(home), period=OCTOBER)


def page(scores: Sequence[BookScore], size: BookSize, books: int) -> str:
    """The page of the bench: a table for each set, and the base rates of the clean books."""
    parts = [_HEAD.format(accounts=size.accounts, employees=size.employees, partners=size.partners, books=books)]
    for number in (1, 2):
        mine = [score for score in scores if score.number == number]
        parts.append("\n".join([f"## {_SETS[number]}\n", *_found(mine), ""]))
    parts.append("\n".join(["## Clean books\n", _CLEAN, *_base(scores), ""]))
    return "\n".join(parts)


def _found(scores: Sequence[BookScore]) -> Iterator[str]:
    yield "| signal | planted | found, by intensity | recall | cases | of planted subjects | precision |"
    yield "| --- | ---: | --- | --- | ---: | ---: | --- |"
    totals = [0, 0, 0, 0]
    for signal in sorted(WAYS):
        planted = [(score, each) for score in scores for each in score.planted if each.signal == signal]
        hit = [each for score, each in planted if (signal, each.subject) in score.raised]
        raised = sum(1 for score in scores for name, _ in score.raised if name == signal)
        by_level = ", ".join(_level(planted, hit, level) for level in (1, 2, 3))
        yield (
            f"| {signal} | {len(planted)} | {by_level} | {_share(len(hit), len(planted))} | {raised} | {len(hit)} | "
            f"{_share(len(hit), raised)} |"
        )
        for place, more in enumerate((len(planted), len(hit), raised, len(hit))):
            totals[place] += more
    planted_all, hit_all, raised_all, _ = totals
    yield (
        f"| **all** | {planted_all} | | {_share(hit_all, planted_all)} | {raised_all} | {hit_all} | "
        f"{_share(hit_all, raised_all)} |"
    )
    yield ""
    yield from _strangers(scores)


def _level(planted: Sequence[tuple[BookScore, Planted]], hit: Sequence[Planted], level: int) -> str:
    rows = sorted({each.rows for _, each in planted if each.level == level})
    of = sum(1 for _, each in planted if each.level == level)
    return f"{sum(each.level == level for each in hit)}/{of} at {'/'.join(map(str, rows)) or '–'}"


def _strangers(scores: Sequence[BookScore]) -> Iterator[str]:
    """Cases that were not planted: about a subject of another kind, whose rows may fire here too, or a stranger."""
    others: dict[str, int] = defaultdict(int)
    for score in scores:
        planted = {(each.signal, each.subject) for each in score.planted}
        kinds = {each.subject: each.signal for each in score.planted}
        for signal, subject in score.raised - planted:
            whose = f"a subject of {kinds[subject]}" if subject in kinds else "somebody honest"
            others[f"{signal} about {whose}"] += 1
    named = ", ".join(f"{count} of {what}" for what, count in sorted(others.items()))
    yield f"Other cases: {named or 'none'}."
    left_out = sorted({name for score in scores for name in score.left_out})
    if left_out:
        yield f"Left out, because the gate stopped what they read: {', '.join(left_out)}."


def _base(scores: Sequence[BookScore]) -> Iterator[str]:
    yield "| signal | of | rows | fired | base rate | 95 % | subjects | cases |"
    yield "| --- | --- | ---: | ---: | ---: | --- | ---: | ---: |"
    keys = sorted({(rate.signal, rate.subject_kind) for score in scores for rate in score.rates})
    for signal, kind in keys:
        every = (rate for score in scores for rate in score.rates if not rate.peers)
        mine = [rate for rate in every if (rate.signal, rate.subject_kind) == (signal, kind)]
        rows, hits = sum(rate.rows for rate in mine), sum(rate.hits for rate in mine)
        low, high = wilson(hits, rows) if rows else (Decimal(0), Decimal(1))
        yield (
            f"| {signal} | {kind}s | {rows:,} | {hits:,} | {share_shown(hits, rows)} | {percent(low)} to "
            f"{percent(high)} | {sum(rate.subjects for rate in mine)} | {sum(rate.cases for rate in mine)} |"
        )


def _share(part: int, whole: int) -> str:
    if not whole:
        return "–"
    low, high = wilson(part, whole)
    return f"{share_shown(part, whole)} ({percent(low)} to {percent(high)})"


_SETS = {
    1: "First set: at hand when the thresholds were chosen",
    2: "Second set: other books, other subjects, other ways",
}
_HEAD = """# Integrity signals: planted cases, and clean books

Made by `python -m bench.signals`. Demo books of {accounts:,} accounts, {employees} employees and {partners} partners,
September and October; {books} books of each set. Into the landing files of October, cases are planted: for each signal
one subject at each of three intensities (rows, days, or percent of the subject's rows: `bench/signals/plant.py`), each
subject with one kind only. The month is measured, and the house's signals look at it as they are. *Found* is a
case of that signal about that subject; precision counts every other case of the signal as false, also one about a
subject into which another kind was planted. Intervals are Wilson's, 95 %. The book is invented, and honest people in it
are alike: real base rates are higher, and real peers less alike.
"""
_CLEAN = """The same books without anything planted: how often each signal fires, and how many cases it raises about
people of whom none does anything.
"""
