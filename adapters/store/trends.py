"""What the gate said over many nights: one official night for each business date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

import sqlalchemy as sa

from adapters.store.schema import check_results, table_verdicts
from domain.ids import RunId
from domain.records import CheckResult, ControlTotals, Outcome, TableVerdict, Verdict

FAILING = (Outcome.WARN, Outcome.WAIVED, Outcome.HALT)


def verdicts_of_nights(connection: sa.Connection, nights: Mapping[date, RunId]) -> tuple[Verdict, ...]:
    """Verdicts by date; of their checks only those that warned, were waived or halted in any of these nights.

    Totals are of rows: sums of money are left out.
    """
    checks = _checks_that_failed(connection, nights.values())
    tables: dict[str, list[TableVerdict]] = defaultdict(list)
    key = table_verdicts.c
    statement = sa.select(table_verdicts).where(key.run_id.in_(nights.values())).order_by(key.run_id, key.table_name)
    for row in connection.execute(statement):
        totals = ControlTotals(row.landed, row.accepted, row.quarantined, row.duplicate)
        of_table = tuple(checks[row.run_id, row.table_name])
        tables[row.run_id].append(TableVerdict(row.table_name, Outcome(row.outcome), totals, of_table))
    return tuple(Verdict(day, tuple(tables[run])) for day, run in sorted(nights.items()))


def _checks_that_failed(
    connection: sa.Connection, wanted: Iterable[RunId]
) -> defaultdict[tuple[str, str], list[CheckResult]]:
    key, listed = check_results.c, list(wanted)
    failed = sa.select(key.check_name).where(
        key.run_id.in_(listed), key.outcome.in_([outcome.value for outcome in FAILING])
    )
    statement = sa.select(check_results).where(key.run_id.in_(listed), key.check_name.in_(failed))
    found: defaultdict[tuple[str, str], list[CheckResult]] = defaultdict(list)
    for row in connection.execute(statement.order_by(key.run_id, key.table_name, key.layer, key.check_name)):
        found[row.run_id, row.table_name].append(
            CheckResult(
                row.table_name,
                row.check_name,
                row.layer,
                Outcome(row.outcome),
                row.rows,
                row.failed,
                row.found,
                row.expected,
                row.hint,
            )
        )
    return found
