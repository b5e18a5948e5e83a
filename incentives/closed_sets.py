"""The cells of payees who were settled together and paid: a later correction of one of them moves nobody else.

Whoever's own figures for the step are the same keeps the cell as it was first paid. Anybody else is measured against
the others as they were first paid, whatever has become of these: so no correction depends on another.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from incentives.cell import Cell, MadeFrom, Reason, Values
from incentives.first_paid import Key, PaidRow, PaidRows
from incentives.set_cells import in_units, settled
from incentives.set_steps import Pool, Prize, Rank, Scale, SetStep
from incentives.steps import operands_of, parameters_of

KEPT = "as first paid"
AGAINST = "against the others as first paid"


def cells_beside(step: SetStep, members: Mapping[Key, Values], paid: PaidRows) -> dict[Key, Cell]:
    """The cell of each member of a group, of which `paid` is what was first paid."""
    return {key: _cell(step, key, values, paid, members) for key, values in members.items()}


def _cell(step: SetStep, key: Key, values: Values, paid: PaidRows, members: Mapping[Key, Values]) -> Cell:
    before = paid.get(key)
    if before is not None and _own(step, before.values) == _own(step, values):
        return Cell(before.columns[step.name].value, KEPT, _facts(step, before))
    if isinstance(step, Rank | Prize):
        others = {other: row.values for other, row in paid.items() if not _is_gone(other, key, members)}
        cell = settled(step, {**others, key: values})[key]
        return Cell(cell.value, f"{cell.text}, {AGAINST}" if cell.text else AGAINST, cell.made_from, cell.reason)
    any_row = next(iter(paid.values()))
    if isinstance(step, Pool):
        return _pooled(step, values[step.weight], before, _facts(step, any_row))
    return _scaled(step, values[step.of], _facts(step, any_row))


def _own(step: SetStep, values: Values) -> tuple[Decimal, ...]:
    """By what a payee stands among the others; a fund and a budget are those of all."""
    match step:
        case Rank():
            named = (step.of, *step.then)
        case Prize():
            named = (step.of, step.least) if isinstance(step.least, str) else (step.of,)
        case Pool():
            named = (step.weight,)
        case Scale():
            named = (step.of,)
    return tuple(values[name] for name in named)


def _is_gone(other: Key, key: Key, members: Mapping[Key, Values]) -> bool:
    """Whether the row was the payee's own, in a department or team in which the payee no longer is."""
    return other[0] == key[0] and other not in members


def _facts(step: SetStep, row: PaidRow) -> MadeFrom:
    """What the cell was made from beside the names read and the numbers stated."""
    told = len({name for _, name in operands_of(step)}) + len(parameters_of(step))
    return tuple((name, Decimal(text)) for name, text in row.columns[step.name].inputs[told:])


def _pooled(step: Pool, weight: Decimal, before: PaidRow | None, facts: MadeFrom) -> Cell:
    """What was paid out then, by the own weight over all weights of then; where the parts were equal, one of them."""
    paid_out, whole, payees = (dict(facts)[name] for name in ("paid out", "all weights", "payees"))
    if weight < 0:
        return Cell(None, f"{step.weight} lies below zero", reason=Reason.NO_WEIGHT)
    if not whole and before is not None:
        return Cell(before.columns[step.name].value, KEPT, facts)
    share = paid_out * weight / whole if whole else paid_out / payees
    return Cell(in_units(share, step.digits), AGAINST, facts)


def _scaled(step: Scale, amount: Decimal, facts: MadeFrom) -> Cell:
    """Cut by the factor of then, or not at all where nobody was cut."""
    whole, budget = (max(dict(facts)[name], Decimal(0)) for name in ("all together", "budget"))
    if amount <= 0 or whole <= budget:
        return Cell(amount, AGAINST, facts)
    return Cell(in_units(amount * budget / whole, step.digits), AGAINST, facts)
