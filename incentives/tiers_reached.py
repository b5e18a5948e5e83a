"""Which bands of tiers, and points of curves, payees have reached: what makes them cross from one to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from domain.expressions import Evaluator, evaluator
from domain.ids import canonical_decimal
from incentives.banded import band_of
from incentives.calculate import Filled
from incentives.cell import Values
from incentives.ready import ReadyColumn, ReadyPolicy
from incentives.steps import BANDED, Curve

Bands = tuple[str, ...]
"""The starts of a step's bands, as the rule states them: numbers or names."""

Place = tuple[str, str, int]
"""A policy, a step of it, and a band: 1 is the first, 0 lies below it."""

Reached = Mapping[tuple[str, str], Mapping[tuple[str, str], int]]
"""Of each policy and step the bands by payee and department. Of several parts of one month the last counts."""


def bands_of(rows: Iterable[Filled], starts: dict[tuple[str, str], Bands]) -> Reached:
    """The bands that rows of one period have reached. `starts` gets those of each policy's steps."""
    by_version: dict[int, list[Filled]] = defaultdict(list)
    for row in rows:
        by_version[id(row.ready)].append(row)
    found: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(dict)
    for mine in by_version.values():
        ready, keys = mine[0].ready, [(row.payee, row.department) for row in mine]
        for step, tell in _tellers(ready, starts):
            told = found[ready.policy.id, step]
            for key, row in zip(keys, mine, strict=True):
                told[key] = tell(row.values)
    return dict(found)


def _tellers(ready: ReadyPolicy, starts: dict[tuple[str, str], Bands]) -> list[tuple[str, Callable[[Values], int]]]:
    found = []
    for column in ready.columns:
        step = column.step
        if isinstance(step, BANDED | Curve):
            starts[ready.policy.id, step.name] = tuple(_shown(start) for start in _starts(step))
            found.append((step.name, band_of(step, _conditions(column))))
    return found


def _conditions(column: ReadyColumn) -> list[Evaluator]:
    return [evaluator(expression) for expression in column.expressions]


def _starts(step: BANDED | Curve) -> Iterable[Decimal | str]:
    return [point.at for point in step.points] if isinstance(step, Curve) else [band.start for band in step.bands]


def _shown(start: Decimal | str) -> str:
    return start if isinstance(start, str) else canonical_decimal(start)
