"""Targets in force as a sheet, for managers who keep theirs in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adapters.world import World
from domain.staff import DayCount
from kpi_rules.target_sheets import TargetRow, rows_of
from reports.target_sheet import SheetColumn, write_target_sheet
from tasks.stages.rules import read_rules

_WORDS = {
    "each": ("employee", "team", "department"),
    "prorate": ("whole", *DayCount),
    "employment_share": ("yes", "no"),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands in the sheet, and the files of the book in which it stands too."""

    rows: int
    rules: int
    also_in: tuple[str, ...]


def export_targets(world: World, to: Path, day: date, root: Path, overlay: Path | None) -> Exported:
    """The sheet of the targets that hold on the day, by id; the file is there as a whole, or not at all."""
    rules = read_rules(root, overlay).kpis
    held = sorted((each for each in rules.targets if each.rule.holds_on(day)), key=lambda each: each.rule.id)
    rows = list(rows_of(held))
    kpis = [(each.id, str(each.rule.unit), each.title) for each in rules.figures if each.rule.holds_on(day)]
    columns, is_workbook = tuple(_columns()), to.suffix.lower() == ".xlsx"
    world.seam.write_file(
        to.absolute(),
        lambda part: write_target_sheet(part, columns, rows, kpis, as_workbook=is_workbook),
        point="target_sheet",
    )
    return Exported(len(rows), len(held), tuple(dict.fromkeys(each.document.path for each in held)))


def _columns() -> Iterator[SheetColumn]:
    for name, field in TargetRow.model_fields.items():
        yield SheetColumn(name, field.description or "", tuple(map(str, _WORDS.get(name, ()))))
