"""Cases of integrity signals that people have confirmed: what a night reads of them for its KPIs.

A case counts on the last day that its signal looked at, however late it is confirmed: a night of that day that is run
again has it. Open and explained cases are no figures: a signal is a question. The night names each in its manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pyarrow as pa
import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.store.nights import newest_measured_nights
from adapters.store.signals import confirmed_cases
from domain.manifest import ConfirmedSignal, Manifest
from domain.periods import Period
from kpi_rules.views import CONFIRMED_SIGNALS
from tasks.stages.manifests import manifest_of

WINDOW_DAYS = 400  # the longest window that a KPI may state


def confirmed_signals(
    connection: sa.Connection, day: date, known_as_of: datetime | None = None
) -> tuple[ConfirmedSignal, ...]:
    """Those that a night of the day may read, in order of the cases."""
    first = Period.of(day).start - timedelta(days=WINDOW_DAYS)
    return tuple(sorted(each for each in confirmed_cases(connection, known_as_of) if first <= each.opened_on <= day))


def create_confirmed_signals(duck: Duck, manifest: Manifest) -> None:
    """The view `confirmed_signals` of the session: what the manifest names."""
    name = CONFIRMED_SIGNALS.name
    if not manifest.signals:
        duck.create_view(name, (), duck_columns(CONFIRMED_SIGNALS))
        return
    duck.create_table_of(name, _as_table(manifest.signals))


def untold_signals(connection: sa.Connection, period: Period) -> Iterator[str]:
    """What was confirmed, or opened again, of the month's cases after its last night measured: said before pay."""
    day = period.last_day
    now = {each for each in confirmed_signals(connection, day) if each.opened_on >= period.start}
    for run in newest_measured_nights(connection, day, day).values():
        then = {each for each in manifest_of(connection, run).signals if each.opened_on >= period.start}
        if changed := sorted({each.case_id for each in now ^ then}):
            yield (
                f"cases of signals of {period} were decided after the night of {day} ({', '.join(changed)}): run "
                f"`recoup nightly --date {day}` again, then prepare {period}"
            )


def _as_table(found: tuple[ConfirmedSignal, ...]) -> pa.Table:
    columns = {
        column.name: pa.array(
            [getattr(each, column.name) or None for each in found],
            pa.date32() if column.name.endswith("_on") else pa.string(),
        )
        for column in CONFIRMED_SIGNALS
    }
    return pa.table(columns)
