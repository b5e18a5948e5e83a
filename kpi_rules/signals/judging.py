"""From counts to cases: who fires more often than chance would make an honest person with the peers' rate fire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from math import comb

from domain.intervals import FEWEST_CASES, wilson
from domain.money import CONTEXT
from domain.signals import BaseRate, SignalFigures, SubjectKind
from kpi_rules.signals.language import CaseRule

RATE_DIGITS, CHANCE_DIGITS = 10, 20


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows and hits of a subject that are compared alike: beside the same peers, of the same kind."""

    subject_kind: SubjectKind
    subject_id: str
    peers: str
    alike: tuple[str, ...]
    rows: int
    hits: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What the signal says of a subject; `subjects` were looked at together."""

    subject_kind: SubjectKind
    subject_id: str
    figures: SignalFigures
    subjects: int
    is_case: bool


def findings_of(cells: Iterable[Cell], case: CaseRule) -> tuple[Finding, ...]:
    """Everybody at whom the signal fired, by kind and id.

    The expected share of a subject is that of its peers, weighed by its own rows: of the narrowest group that has
    `FEWEST_CASES` rows of others, first the peers' rows that are alike, then all rows of the peers, then everybody's.
    Of it the upper end of the interval counts, at most what the rule tolerates; where nobody has enough rows, what it
    tolerates. A case needs `at_least` hits, and fewer than `false_alarms` honest subjects of all that are looked at
    may be expected to show as many: those with fewer rows than `at_least` cannot, and are not counted.
    """
    every = tuple(cells)
    levels = _levels(every)
    mine: dict[tuple[SubjectKind, str], list[Cell]] = defaultdict(list)
    for cell in every:
        mine[cell.subject_kind, cell.subject_id].append(cell)
    subjects = sum(1 for found in mine.values() if sum(cell.rows for cell in found) >= case.at_least)
    found = (_finding(key, mine[key], levels, case, max(subjects, 1)) for key in sorted(mine))
    return tuple(each for each in found if each.figures.hits)


def is_case(figures: SignalFigures, case: CaseRule, subjects: int) -> bool:
    """Whether these figures raise a case among so many subjects."""
    return figures.hits >= case.at_least and figures.chance * subjects <= case.false_alarms


def figures_of(
    rows: int, hits: int, peer_rows: int, peer_hits: int, case: CaseRule, share: Decimal | None = None
) -> SignalFigures:
    """The figures of a subject beside its peers; `share` is the peers' share weighed by the subject's rows, else as it
    is."""
    expected = case.peers_at_most
    if peer_rows >= FEWEST_CASES:
        plain = CONTEXT.divide(Decimal(peer_hits), Decimal(peer_rows)) if share is None else share
        counted = int(CONTEXT.multiply(plain, Decimal(peer_rows)).to_integral_value(ROUND_CEILING))
        expected = min(_cut(wilson(counted, peer_rows)[1], RATE_DIGITS), case.peers_at_most)
    return SignalFigures(rows, hits, peer_rows, peer_hits, expected, chance_of(hits, rows, expected))


def chance_of(hits: int, rows: int, share: Decimal) -> Decimal:
    """The probability of so many hits or more in so many rows, each with the share (binomial); to `CHANCE_DIGITS`.

    Not above what is expected, it is 1: there is nothing to explain.

    >>> [f"{chance_of(hits, 10, Decimal('0.1')).normalize():f}" for hits in (1, 5, 10)]
    ['1', '0.0016349374', '0.0000000001']
    """
    if hits <= rows * share:
        return Decimal(1)
    odds = CONTEXT.divide(share, 1 - share)
    term = CONTEXT.multiply(
        CONTEXT.multiply(Decimal(comb(rows, hits)), CONTEXT.power(share, hits)), CONTEXT.power(1 - share, rows - hits)
    )
    whole = term
    for number in range(hits, rows):
        term = CONTEXT.multiply(term, CONTEXT.divide(Decimal(rows - number), Decimal(number + 1)))
        term = CONTEXT.multiply(term, odds)
        whole = CONTEXT.add(whole, term)
        if term < whole.scaleb(-2 * CHANCE_DIGITS):
            break
    return _cut(whole, CHANCE_DIGITS)


def base_rates(
    signal: str,
    title: str,
    cells: Iterable[Cell],
    findings: Sequence[Finding],
    kinds: Iterable[SubjectKind] = (),
) -> tuple[BaseRate, ...]:
    """How often it fires: of everybody of a kind, then by peers; of a kind without rows, that there are none."""
    cases = {(each.subject_kind, each.subject_id) for each in findings if each.is_case}
    found: dict[tuple[SubjectKind, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        found[cell.subject_kind, ""].append(cell)
        if cell.peers:
            found[cell.subject_kind, cell.peers].append(cell)
    for kind in kinds:
        found.setdefault((kind, ""), [])
    return tuple(_rate(signal, title, key, found[key], cases) for key in sorted(found))


def _rate(
    signal: str,
    title: str,
    key: tuple[SubjectKind, str],
    cells: Sequence[Cell],
    cases: set[tuple[SubjectKind, str]],
) -> BaseRate:
    subjects = {(cell.subject_kind, cell.subject_id) for cell in cells}
    rows, hits = sum(cell.rows for cell in cells), sum(cell.hits for cell in cells)
    return BaseRate(signal, title, *key, rows, hits, len(subjects), len(subjects & cases))


_Level = tuple[SubjectKind, str | None, tuple[str, ...] | None]
_Levels = Mapping[_Level, tuple[int, int]]


def _levels(cells: Iterable[Cell]) -> _Levels:
    """Rows and hits of each group that a cell may be compared with."""
    found: dict[_Level, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for cell in cells:
        for level in _ladder(cell):
            rows, hits = found[level]
            found[level] = (rows + cell.rows, hits + cell.hits)
    return dict(found)


def _ladder(cell: Cell) -> Iterator[_Level]:
    """From the narrowest group to the widest."""
    yield cell.subject_kind, cell.peers, cell.alike
    if cell.alike:
        yield cell.subject_kind, cell.peers, None
    yield cell.subject_kind, None, None


def _finding(
    key: tuple[SubjectKind, str], cells: Sequence[Cell], levels: _Levels, case: CaseRule, subjects: int
) -> Finding:
    rows, hits = sum(cell.rows for cell in cells), sum(cell.hits for cell in cells)
    own = _levels(cells)
    weighed, used = Decimal(0), dict[_Level, tuple[int, int]]()
    for cell in cells:
        level, others = _compared(cell, levels, own)
        used[level] = others
        if others[0]:
            weighed += CONTEXT.divide(Decimal(cell.rows * others[1]), Decimal(others[0]))
    peer_rows, peer_hits = (sum(part) for part in zip(*used.values(), strict=True))
    figures = figures_of(rows, hits, peer_rows, peer_hits, case, CONTEXT.divide(weighed, Decimal(max(rows, 1))))
    return Finding(*key, figures, subjects, is_case(figures, case, subjects))


def _compared(cell: Cell, levels: _Levels, own: _Levels) -> tuple[_Level, tuple[int, int]]:
    """The narrowest group with enough rows of others, and what these have; else the widest."""
    for level in _ladder(cell):
        others = levels[level][0] - own[level][0], levels[level][1] - own[level][1]
        if others[0] >= FEWEST_CASES:
            break
    return level, others


def _cut(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN, context=CONTEXT)
