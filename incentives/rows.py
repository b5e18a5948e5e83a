"""The rows of a policy: every step in order, each a column that says what it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import NamedTuple

from domain.ids import canonical_decimal
from domain.money import CONTEXT
from domain.records import Step
from incentives.cell import Cell, Reason, Values
from incentives.cells import Around, Kernel, kernel_of
from incentives.first_paid import Key, PaidGroups
from incentives.ready import ReadyColumn, ReadyPolicy
from incentives.set_steps import Together
from incentives.together import NOBODY, cells_together


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a row ended without an amount, and why."""

    reason: Reason
    text: str


class Start(NamedTuple):
    """What a row begins with: the columns of its inputs and their values, or why it ended with them."""

    around: Around
    inputs: Values
    columns: tuple[Step, ...] = ()
    stop: Stop | None = None


class Row(NamedTuple):
    """The columns computed; `amount` in major units is the last of them, or None where the row stopped.

    `values` are inputs and columns by name, `steps` what explains them.
    """

    steps: tuple[Step, ...]
    amount: Decimal | None
    stop: Stop | None = None
    values: Values = MappingProxyType({})


def fill(
    policy: ReadyPolicy, starts: Iterable[Start], *, paid: PaidGroups = NOBODY, traced: bool = True
) -> tuple[Row, ...]:
    """The rows of all who are paid by one version of a policy, in the order of `starts`, one for each.

    `paid` are those who were settled together before, as they were first paid. Without `traced`, rows have amounts and
    no columns.

    Column by column, so that a step can look at all of them: each step reads inputs and the steps before it. A step
    without a value ends the row: it is never taken as zero.
    """
    rows = [_Row(start.around, dict(start.inputs), list(start.columns), start.stop, traced) for start in starts]
    with localcontext(CONTEXT):
        for column in policy.columns:
            if isinstance(column.step, Together):
                _fill_together(column, rows, paid)
            else:
                _fill_each(column, kernel_of(column), rows)
    last = policy.columns[-1].step.name
    return tuple(Row(tuple(row.steps), None if row.stop else row.values[last], row.stop, row.values) for row in rows)


@dataclass(slots=True)
class _Row:
    """A row that is being filled."""

    around: Around
    values: dict[str, Decimal]
    steps: list[Step]
    stop: Stop | None
    traced: bool
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, column: ReadyColumn, cell: Cell) -> None:
        if self.traced:
            self.steps.append(self.step(column, cell))
        if cell.value is None:
            self.stop = Stop(cell.reason, f'step "{column.step.name}": {cell.text}')
        else:
            self.values[column.step.name] = cell.value

    def step(self, column: ReadyColumn, cell: Cell) -> Step:
        texts = self.texts  # a column is read by several others: its number is written out once
        for name in column.reads:
            if name not in texts:
                texts[name] = canonical_decimal(self.values[name])
        read = [(name, texts[name]) for name in column.reads]
        made_from = [(name, canonical_decimal(found)) for name, found in cell.numbers]
        shown = (*read, *column.stated, *made_from)
        return Step(column.step.name, column.step.kind, cell.value, shown, column.line, cell.text)


def _fill_each(column: ReadyColumn, kernel: Kernel, rows: Sequence[_Row]) -> None:
    name = column.step.name
    for row in rows:
        if row.stop is None:
            cell = kernel(row.values, row.around)
            if row.traced or cell[0] is None:
                row.add(column, cell)
            else:
                row.values[name] = cell[0]


def _fill_together(column: ReadyColumn, rows: Sequence[_Row], paid: PaidGroups) -> None:
    live: dict[Key, _Row] = {row.around.key: row for row in rows if row.stop is None}
    held = [row.around.key for row in rows if row.stop is not None]
    values = {key: row.values for key, row in live.items()}
    cells = cells_together(column.step, values, held, paid)  # type: ignore[arg-type]
    for key, row in live.items():
        row.add(column, cells[key])
