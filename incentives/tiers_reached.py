"""Which bands of tiers, and points of curves, payees have reached: what makes them cross from one to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

Reached = dict[tuple[str, str, str, str], int]
"""By payee, department, policy and step: the band. Of several parts of one month the last counts."""


def bands_of(rows: Iterable[Filled], starts: dict[tuple[str, str], Bands]) -> Reached:
    """The bands that rows of one period have reached. `starts` gets those of each policy's steps."""
    tellers: dict[int, list[tuple[str, Callable[[Values], int]]]] = {}
    found: Reached = {}
    for row in rows:
        key = id(row.ready)
        if key not in tellers:
            tellers[key] = _tellers(row.ready, starts)
        policy = row.ready.policy.id
        for step, tell in tellers[key]:
            found[row.payee, row.department, policy, step] = tell(row.values)
    return found


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
