"""Quarantined rows in SQL: named so that they are found again, and replaced in the extract that they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.duck import Duck, duck_columns, quoted
from domain.issues import Issue, Location
from domain.tables import Table

_MOST_ISSUES = 100


def row_name(table: Table) -> str:
    """SQL of the digest that names a row of the table."""
    cells = ", ".join(
        f"CASE WHEN \"{name}\" IS NULL THEN 'n' ELSE 'v' || CAST(\"{name}\" AS VARCHAR) END" for name in table.names
    )
    return f"substr(md5(concat_ws(chr(31), {cells})), 1, 20)"


def quarantined_rows(duck: Duck, table: Table, path: Path) -> list[tuple[Any, ...]]:
    """Name, reasons and values of each row of a quarantine's file, in its order."""
    columns = ", ".join(f'"{name}"' for name in table.names)
    sql = f"SELECT {row_name(table)}, reasons, {columns} FROM read_parquet('{quoted(path)}')"
    rows: list[tuple[Any, ...]] = duck.run(sql).fetchall()
    return rows


def write_texts(path: Path, table: Table, rows: Mapping[str, Mapping[str, str | None]]) -> None:
    """Rows of text under their names, as Parquet: what `misfits` and `corrected_rows` read."""
    arrays = {"row": pa.array(list(rows), pa.string())}
    arrays |= {name: pa.array([cells[name] for cells in rows.values()], pa.string()) for name in table.names}
    pq.write_table(pa.table(arrays), path)


def misfits(duck: Duck, table: Table, texts: Path, sheet: str) -> tuple[Issue, ...]:
    """COR004: the texts that do not fit their column's type, digit for digit."""
    return tuple(_misfits(duck, table, texts, sheet))


def corrected_rows(table: Table, landed: Path, texts: Path, gone: Sequence[str]) -> str:
    """SQL of the extract with the corrected rows in place of those that are named in `gone`, which are digests."""
    columns = ", ".join(f'"{name}"' for name in table.names)
    casts = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in duck_columns(table).items())
    names = ", ".join(f"'{name}'" for name in gone)
    return (
        f"SELECT {columns} FROM read_parquet('{quoted(landed)}') WHERE {row_name(table)} NOT IN ({names}) "
        f"UNION ALL SELECT {casts} FROM read_parquet('{quoted(texts)}')"
    )


def _misfits(duck: Duck, table: Table, texts: Path, sheet: str) -> Iterator[Issue]:
    for name, kind in duck_columns(table).items():
        lost = f'TRY_CAST("{name}" AS {kind}) IS NULL'
        if kind.startswith("DECIMAL"):
            lost += f' OR TRY_CAST("{name}" AS DECIMAL(38,18)) <> TRY_CAST("{name}" AS {kind})'
        sql = f'SELECT "row", "{name}" FROM read_parquet(\'{quoted(texts)}\') WHERE "{name}" IS NOT NULL AND ({lost})'
        for row, value in duck.run(f"{sql} LIMIT {_MOST_ISSUES}").fetchall():
            hint = f"A value of type {kind}; numbers with a point and no separators, dates as 2026-10-31"
            yield Issue("COR004", Location(sheet), f'row "{row}", {name}: found "{value}"', hint)
