"""Placement and recall files that partners were to acknowledge: what a night reads of them for its KPIs.

A file counts on the day on which its contract wants it answered, by what had been answered up to the business date:
an answer that somebody enters later, with the day on which it came, counts in a night that is run again. The night
names each file in its manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.store.nights import newest_measured_nights
from adapters.store.partner_files import acknowledged_files
from domain.manifest import HandedFile, Manifest
from domain.periods import Period
from incentives.contracts import ContractBook
from kpi_rules.views import HANDED_FILES
from tasks.stages.confirmed_signals import WINDOW_DAYS
from tasks.stages.manifests import manifest_of


def handed_files(
    connection: sa.Connection, contracts: ContractBook, day: date, known_as_of: datetime | None = None
) -> tuple[HandedFile, ...]:
    """Those that a night of the day may read, in order of the files.

    A file that was replaced is judged by the one that replaces it; an empty one has nothing to answer. Left out are
    files and answers of which the day was not recorded yet: whether they were in time nobody can say.
    """
    first = Period.of(day).start - timedelta(days=WINDOW_DAYS)
    found = (_handed(row, contracts, day) for row in acknowledged_files(connection, known_as_of))
    return tuple(sorted(each for each in found if each is not None and first <= each.due_on <= day))


def _handed(row: sa.Row[Any], contracts: ContractBook, day: date) -> HandedFile | None:
    held = (each.rule for each in contracts.contracts if each.rule.id == row.contract_id)
    files = next((each.files for each in held if each.holds_on(row.day)), None)
    days = files.acknowledge_days if files else None
    if days is None or not row.lines or row.handed_on is None or row.undated:
        return None
    due_on = max(row.day, row.handed_on) + timedelta(days=days)
    is_answered = row.answered == row.lines and row.received_on <= day
    return HandedFile(
        row.file_id, row.partner_id, row.contract_id, row.kind, row.handed_on, due_on, row.lines,
        row.received_on if is_answered else None,
    )  # fmt: skip


def create_handed_files(duck: Duck, manifest: Manifest) -> None:
    """The view `handed_files` of the session: what the manifest names."""
    if not manifest.handed:
        duck.create_view(HANDED_FILES.name, (), duck_columns(HANDED_FILES))
        return
    types = {"lines": pa.int64()} | {name: pa.date32() for name in ("handed_on", "due_on", "answered_on")}
    columns = {
        column.name: pa.array(
            [getattr(each, column.name) for each in manifest.handed], types.get(column.name, pa.string())
        )
        for column in HANDED_FILES
    }
    duck.create_table_of(HANDED_FILES.name, pa.table(columns))


def untold_acknowledgements(connection: sa.Connection, contracts: ContractBook, period: Period) -> Iterator[str]:
    """Files of the month that were answered, as far as was entered after its last night measured: said before pay."""
    day = period.last_day
    now = {each for each in handed_files(connection, contracts, day) if each.due_on >= period.start}
    for run in newest_measured_nights(connection, day, day).values():
        then = {each for each in manifest_of(connection, run).handed if each.due_on >= period.start}
        if changed := sorted({each.file_id for each in now ^ then}):
            yield (
                f"acknowledgements of {period} were entered after the night of {day} ({', '.join(changed)}): run "
                f"`recoup nightly --date {day}` again, then prepare {period}"
            )
