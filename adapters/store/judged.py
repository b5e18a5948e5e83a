"""Contracts that a table met: what is unchanged, and refers to what is unchanged, is not judged again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import sqlalchemy as sa

from adapters.store.schema import met_contracts
from domain.ids import RunId, canonical_decimal
from domain.records import ControlTotals

_NOTHING = Decimal(0)


def read_met(connection: sa.Connection, inputs: Iterable[str]) -> dict[str, ControlTotals]:
    """The control totals of what was judged clean before, by the digest of what it was judged from."""
    rows = connection.execute(sa.select(met_contracts).where(met_contracts.c.inputs.in_(sorted(inputs))))
    return {row.inputs: _totals(row) for row in rows}


def write_met(connection: sa.Connection, run: RunId, table: str, inputs: str, totals: ControlTotals) -> None:
    if inputs in read_met(connection, [inputs]):
        return
    money = {currency: canonical_decimal(landed) for currency, landed, *_ in totals.money}
    values = {"inputs": inputs, "table_name": table, "rows": totals.landed, "money": money, "run_id": run}
    connection.execute(met_contracts.insert().values(values))


def _totals(row: sa.Row[tuple[object, ...]]) -> ControlTotals:
    money: Mapping[str, str] = row.money
    amounts = ((currency, Decimal(text)) for currency, text in sorted(money.items()))
    return ControlTotals(
        row.rows, row.rows, 0, 0, tuple((currency, sum_, sum_, _NOTHING, _NOTHING) for currency, sum_ in amounts)
    )
