"""Segments by tables: rows of cells, each row a conjunction, the rows of a segment its alternatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, product

from allocation.facts import SCOPE
from allocation.strategy_rules import Band, Cell, SegmentRule, StrategyRule
from domain.expressions import ExprType
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.rules import Placed

_NUMBERS = (ExprType.COUNT, ExprType.MONEY, ExprType.RATIO)

Row = Mapping[str, Cell]


def condition_of(rows: Sequence[Row]) -> str:
    """The table rows of a segment as one condition."""
    return " or ".join(f"({' and '.join(_cell(name, cell) for name, cell in row.items())})" for row in rows)


def _cell(name: str, cell: Cell) -> str:
    match cell:
        case bool():
            return name if cell else f"not {name}"
        case Band():
            ends = ((">=", cell.start), ("<", cell.below))
            return " and ".join(f"{name} {sign} {end}" for sign, end in ends if end is not None)
        case _:
            return f"{name} in [{', '.join(_quoted(text) for text in cell)}]"


def _quoted(text: str) -> str:
    return f'"{text}"'


def faults_of_tables(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    """Cells that do not fit their columns, and with `match: unique` rows of two segments that an account can meet."""
    faults = [
        issue
        for index, segment in enumerate(placed.rule.segments)
        for issue in _faults_of_segment(placed, index, segment)
    ]
    yield from faults
    if placed.rule.match == "unique" and not faults:
        yield from _overlaps(placed)


def _faults_of_segment(placed: Placed[StrategyRule], index: int, segment: SegmentRule) -> Iterator[Issue]:
    for number, row in enumerate(segment.where):
        if not row:
            at = placed.place("segments", index, "where", number)
            yield Issue(
                "ALL017", at, f'a row of "{segment.id}" has no cells', "Name a column, or say `otherwise: true`"
            )
        for name, cell in row.items():
            for found, hint in _faults_of_cell(name, cell):
                yield Issue("ALL018", placed.place("segments", index, "where", number, name), found, hint)


def _faults_of_cell(name: str, cell: Cell) -> Iterator[tuple[str, str]]:
    known = SCOPE.get(name)
    if known is None:
        yield f'unknown column "{name}"', suggestion(name, SCOPE)
    elif isinstance(cell, bool) != (known.type is ExprType.BOOL) or isinstance(cell, Band) != (known.type in _NUMBERS):
        yield f'"{name}" is a {known.type.value}', _fitting(known.type)
    elif isinstance(cell, tuple):
        for text in cell:
            if (known.codes and text not in known.codes) or '"' in text:
                yield f'"{name}" is never "{text}"', suggestion(text, known.codes)


def _fitting(kind: ExprType) -> str:
    if kind is ExprType.BOOL:
        return "Say true or false"
    return "Give a band: {from: 1, below: 31}" if kind in _NUMBERS else "Give a list of what it may be"


def _overlaps(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    segments = placed.rule.segments
    for (first, one), (second, two) in combinations(enumerate(segments), 2):
        for (number, row), (other, against) in product(enumerate(one.where), enumerate(two.where)):
            both = _both(row, against)
            if both is not None:
                at = placed.place("segments", second, "where", other)
                earlier = placed.place("segments", first, "where", number)
                message = f'"{one.id}" and "{two.id}" both take accounts with {both or "anything"}; see {earlier}'
                yield Issue("ALL019", at, message, "Make the rows disjoint, or say match: first")


def _both(row: Row, other: Row) -> str | None:
    """An example that meets both rows, in words; None where there is none."""
    words = []
    for name in dict(row) | dict(other):
        common = _common(row.get(name), other.get(name))
        if common is None:
            return None
        words.append(f"{name} {common}")
    return ", ".join(words)


def _common(one: Cell | None, two: Cell | None) -> str | None:
    cells = [cell for cell in (one, two) if cell is not None]
    if all(isinstance(cell, Band) for cell in cells):
        return _common_band([cell for cell in cells if isinstance(cell, Band)])
    if any(isinstance(cell, bool) for cell in cells):
        return str(cells[0]).lower() if len(set(cells)) == 1 else None
    texts = [cell for cell in cells if isinstance(cell, tuple)]
    shared = [text for text in texts[0] if all(text in other for other in texts)]
    return shared[0] if shared else None


def _common_band(bands: Sequence[Band]) -> str | None:
    starts = [band.start for band in bands if band.start is not None]
    ends = [band.below for band in bands if band.below is not None]
    start: Decimal | None = max(starts, default=None)
    end: Decimal | None = min(ends, default=None)
    if start is not None and end is not None and start >= end:
        return None
    return str(start) if start is not None else f"below {end}"
