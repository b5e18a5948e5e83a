"""Late rows beside those that came in time, as SQL over files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

from adapters.duck import quoted
from adapters.snapshots import Version
from domain.tables import Table

_DAY_OF_FILE = "parse_path(filename)[-3]"  # the date of an increment is the folder that its version lies in


def with_late_rows(table: Table, known: str, late: Sequence[Version], day: date) -> str:
    """The rows of the view `known`, and beside them the late rows whose key it has not, as they first arrived."""
    columns, key = (", ".join(f'"{name}"' for name in names) for names in (table.names, table.key))
    files = [str(version.path) for version in late]
    first = f"row_number() OVER (PARTITION BY {key} ORDER BY {_DAY_OF_FILE}) = 1"
    arrived = f"SELECT {columns} FROM {rows_in(files)} WHERE {until(table, day)} QUALIFY {first}"
    return (
        f'SELECT {columns} FROM "{known}" UNION ALL '
        f'SELECT {columns} FROM ({arrived}) AS arrived ANTI JOIN "{known}" AS known USING ({key})'
    )


def rows_in(files: Iterable[str]) -> str:
    listed = ", ".join(f"'{quoted(Path(path))}'" for path in files)
    return f"read_parquet([{listed}], filename = true)"


def until(table: Table, day: date) -> str:
    return f"\"{table.dated_by}\" < DATE '{day + timedelta(days=1)}'"
