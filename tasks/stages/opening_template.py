"""The template of an opening of pay: a line for every payee and column that the policies of going live carry over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.errors import RefusedError
from adapters.world import World
from domain.periods import Period
from incentives.opening import COLUMNS, TOTAL, CarriedColumn, House, What, expected_lines
from reports.opening_sheet import opening_sheet, write_opening_workbook
from tasks.stages.opening_pay import house_of
from tasks.stages.rules import sound_rules


def write_template(world: World, go_live: Period, path: Path) -> int:
    """Fill `path`, CSV or XLSX by its ending; how many lines it has.

    Amounts are left empty, so that nothing is taken for zero that was forgotten. Raises: RefusedError for another
    ending, or if no night was gated.
    """
    rows = list(_rows(house_of(world, sound_rules(world.settings.rules), go_live)))
    match path.suffix.lower():
        case ".csv":
            world.seam.write_text(path, opening_sheet(COLUMNS, rows), point="opening_template")
        case ".xlsx":
            world.seam.write_file(
                path, lambda part: write_opening_workbook(part, COLUMNS, rows), point="opening_template"
            )
        case _:
            raise RefusedError(f"OPN010 a template is written as .csv or .xlsx, not as {path.name}")
    return len(rows)


def _rows(house: House) -> Iterator[tuple[str, ...]]:
    totals: dict[tuple[str, ...], None] = {}
    for payee, department, column in expected_lines(house):
        yield _row(
            payee, department, column, f"{'draws outstanding' if column.is_draw else column.unit} of {column.policy}"
        )
        totals[_row(TOTAL, "", column, "as the old system states it")] = None
    yield from totals


def _row(payee: str, department: str, column: CarriedColumn, note: str) -> tuple[str, ...]:
    names = (column.component, column.column, str(column.period))
    return (What.CARRIED.value, payee, department, *names, "", column.currency, note)
