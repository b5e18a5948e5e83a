"""What overdue money is expected to bring: the rates of a night, from what earlier months saw of such accounts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.duck import Duck
from adapters.errors import RefusedError
from adapters.store.runs import RunFile, files_of_run, newest_files_of_months, official_run
from adapters.world import World, registered_file
from domain.ids import Digest
from domain.manifest import RunKind, Stage
from domain.periods import Period
from domain.recovery import HISTORY_MONTHS, Basis, Cell, Level, RecoveryRate, Seen, recovery_rates
from kpi_rules.recovery import liquidation_statement, seen_in, seen_statement
from kpi_rules.views import LIQUIDATION, RECOVERY_RATES
from tasks.stages.night import Night, folder_of


def expect_recovery(world: World, night: Night, duck: Duck) -> tuple[RunFile, ...]:
    """Write what this month has seen so far, and the rates, and give the session the table `recovery_rates`.

    The session has the credits of the night: where they are halted, nothing is expected.
    """
    own, rates = rates_in(duck, night.business_date)
    duck.create_table_of(RECOVERY_RATES.name, rates)
    return tuple(
        _written(world, night, table.name, rows) for table, rows in ((LIQUIDATION, own), (RECOVERY_RATES, rates))
    )


def rates_in(duck: Duck, as_of: date) -> tuple[pa.Table, pa.Table]:
    """What the month up to the date has seen, and the rates, of a session with credits and with earlier months."""
    own = seen_in(duck.read(liquidation_statement(start=Period.of(as_of).start, as_of=as_of)))
    rates = recovery_rates(seen_in(duck.read(seen_statement())), own)
    columns = [name for name in _SCHEMA.names if name in LIQUIDATION]
    return (
        pa.Table.from_pylist([_seen_row(one) for one in own], schema=_SCHEMA).select(columns),
        pa.Table.from_pylist([_rate_row(rate) for rate in rates], schema=_SCHEMA),
    )


def liquidation_before(connection: sa.Connection, day: date, known_as_of: datetime | None = None) -> tuple[Digest, ...]:
    """Of each of the months before, what its last official night saw: the digests of the files, in order of months."""
    first = Period.of(day)
    for _ in range(HISTORY_MONTHS):
        first = first.previous()
    return newest_files_of_months(connection, LIQUIDATION.name, first.start, Period.of(day).start, known_as_of)


def rates_on(world: World, day: date) -> tuple[RecoveryRate, ...]:
    """The table that the newest official night of the date has stored, the widest cells first.

    Raises: RefusedError if there is no such night, or it had no rates; FileChangedError.
    """
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.MEASURE.value)
        if run is None:
            raise RefusedError(f"EXK001 no night of {day} has measured; `recoup runs` lists those that have")
        file = files_of_run(connection, run).get(RECOVERY_RATES.name)
    if file is None:
        raise RefusedError(f"EXK005 the night of {day} had no rates of recovery: payments were halted")
    return tuple(_read(row) for row in pq.read_table(registered_file(world, file.path, file.sha256)).to_pylist())


def _written(world: World, night: Night, name: str, rows: pa.Table) -> RunFile:
    path = world.settings.home / folder_of(night) / f"{name}.parquet"
    file = world.seam.write_file(path, lambda part: pq.write_table(rows, part, compression="zstd"), point=name)
    return RunFile(name, path.relative_to(world.settings.home).as_posix(), file.sha256, rows.num_rows)


def _seen_row(seen: Seen) -> dict[str, Any]:
    return {
        "currency": seen.cell.currency,
        "level": seen.cell.level.value,
        "bucket": seen.cell.bucket,
        "product": seen.cell.product,
        "band": seen.cell.band,
        "accounts": seen.accounts,
        "account_days": seen.account_days,
        "overdue": seen.overdue,
        "money_days": seen.money_days,
        "recovered": seen.recovered,
    }


def _rate_row(rate: RecoveryRate) -> dict[str, Any]:
    return {
        **_seen_row(rate.seen),
        "basis": rate.basis.value,
        "raw": rate.raw,
        "parent": rate.parent,
        "weight": rate.weight,
        "rate": rate.rate,
    }


def _read(row: dict[str, Any]) -> RecoveryRate:
    cell = Cell(row["currency"], Level(row["level"]), row["bucket"], row["product"], row["band"])
    counted = (row[name] for name in ("accounts", "account_days", "overdue", "money_days", "recovered"))
    return RecoveryRate(
        Seen(cell, *counted), Basis(row["basis"]), *(row[name] for name in ("raw", "parent", "weight", "rate"))
    )


_MONEY, _RATE = pa.decimal128(38, 4), pa.decimal128(18, 10)
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("currency", "level")),
        ("bucket", pa.int64()),
        ("product", pa.string()),
        ("band", pa.int64()),
        ("basis", pa.string()),
        *((name, pa.int64()) for name in ("accounts", "account_days")),
        *((name, _MONEY) for name in ("overdue", "money_days", "recovered")),
        *((name, _RATE) for name in ("raw", "parent", "weight", "rate")),
    ]
)
