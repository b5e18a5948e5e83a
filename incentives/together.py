"""The cells of steps that look at several payees at once: who is looked at together, and who was paid before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from types import MappingProxyType

from incentives.cell import Cell, Reason, Values
from incentives.closed_sets import cells_beside
from incentives.first_paid import Group, Key, PaidGroups, group_of
from incentives.set_cells import settled
from incentives.set_steps import SetStep

NOBODY: PaidGroups = MappingProxyType({})


def cells_together(
    step: SetStep, rows: Mapping[Key, Values], held: Collection[Key], paid: PaidGroups = NOBODY
) -> dict[Key, Cell]:
    """The cell of each of the rows. `held` are rows of the same policy that ended before this step; `paid` are the
    groups that were paid before, which are settled anew only where the step says so."""
    waiting: dict[Group, int] = defaultdict(int)
    for key in held:
        waiting[group_of(step.among, key)] += 1
    cells: dict[Key, Cell] = {}
    groups: dict[Group, dict[Key, Values]] = defaultdict(dict)
    for key in sorted(rows):
        groups[group_of(step.among, key)][key] = rows[key]
    for group, members in groups.items():
        if group in paid and not step.reopens:
            cells |= cells_beside(step, members, paid[group])
        elif waiting[group] and step.held == "hold_all":
            note = f"{waiting[group]} of those who are settled together are held"
            cells |= dict.fromkeys(members, Cell(None, note, reason=Reason.OTHERS_HELD))
        else:
            cells |= settled(step, members)
    return cells
