"""Proof that exactly one row of a decision table holds, whatever the inputs are, where that can be proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise, product
from math import prod

from domain.expressions import Expression, evaluate
from domain.expressions.tree import Comparison, Literal, Logic, Membership, Node, Not, Reference
from domain.ids import canonical_decimal

MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A gap or an overlap of a decision table, by an example; `row` is where to look, None for the table."""

    code: str
    message: str
    hint: str
    row: int | None = None


def unproved(rows: tuple[Expression, ...], counts: frozenset[str]) -> tuple[Fault, ...]:
    """The first gap and the first overlap of the table.

    Where every condition compares single names with numbers, each condition is constant between neighbouring numbers,
    so trying one value in each interval and each number itself tries everything. Names in `counts` are whole numbers
    from zero. Tables that compare computed values, or have too many cells, are judged payee by payee instead: nobody is
    paid by a row that is not the only one.
    """
    thresholds = _thresholds(rows)
    if thresholds is None:
        return ()
    axes = {name: _samples(numbers, whole=name in counts) for name, numbers in sorted(thresholds.items())}
    if prod(len(samples) for samples in axes.values()) > MOST_CELLS:
        return ()
    return tuple(_first_of_each(_faults(rows, axes)))


def _faults(rows: tuple[Expression, ...], axes: Mapping[str, tuple[Decimal, ...]]) -> Iterator[Fault]:
    for cell in product(*axes.values()):
        values = dict(zip(axes, cell, strict=True))
        hits = [index for index, row in enumerate(rows) if evaluate(row, values) is True]
        example = ", ".join(f"{name} {canonical_decimal(number)}" for name, number in values.items())
        if not hits:
            yield Fault("POL036", f"no row holds for {example}", "Add a row, or widen one")
        elif len(hits) > 1:
            message = f"rows {hits[0] + 1} and {hits[1] + 1} both hold for {example}"
            yield Fault("POL037", message, "Exactly one row may hold", hits[1])


def _first_of_each(faults: Iterator[Fault]) -> Iterator[Fault]:
    seen: set[str] = set()
    for fault in faults:
        if fault.code not in seen:
            seen.add(fault.code)
            yield fault


def _thresholds(rows: tuple[Expression, ...]) -> dict[str, set[Decimal]] | None:
    """The numbers that each name is compared with, or None if a condition compares anything else."""
    found: dict[str, set[Decimal]] = {}
    atoms = [atom for row in rows for atom in _atoms(row.node)]
    for atom in atoms:
        compared = _compared(atom)
        if compared is None:
            return None
        name, numbers = compared
        found.setdefault(name, set()).update(numbers)
    return found


def _atoms(node: Node) -> Iterator[Node]:
    match node:
        case Logic(_, operands):
            for operand in operands:
                yield from _atoms(operand)
        case Not(operand):
            yield from _atoms(operand)
        case Literal(bool()):
            return
        case _:
            yield node


def _compared(node: Node) -> tuple[str, tuple[Decimal, ...]] | None:
    match node:
        case Comparison(_, Reference(name), Literal(Decimal() as number)):
            return name, (number,)
        case Comparison(_, Literal(Decimal() as number), Reference(name)):
            return name, (number,)
        case Membership(Reference(name), literals):
            return name, tuple(literal.value for literal in literals if isinstance(literal.value, Decimal))
    return None


def _samples(numbers: set[Decimal], *, whole: bool) -> tuple[Decimal, ...]:
    """Each number itself, one value between each two, and one beyond each end."""
    ordered = sorted(numbers)
    between = [(low + high) / 2 for low, high in pairwise(ordered)]
    every = {ordered[0] - 1, *ordered, *between, ordered[-1] + 1}
    if not whole:
        return tuple(sorted(every))
    floors = {number.to_integral_value(ROUND_FLOOR) for number in every}
    return tuple(sorted(number for number in floors if number >= 0))
