"""Statements whose results are larger than memory: read, and worked on, one Arrow batch after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from adapters.duck import Duck
from domain.exact import ExactSelect

ROWS_OF_A_BATCH = 100_000

Work = Callable[[pa.RecordBatch], pa.Table]


def make_table(duck: Duck, name: str, statement: ExactSelect, spent: Sequence[str] = ()) -> None:
    """A table of the session with the statement's rows; afterwards those in `spent` are gone."""
    duck.run(f'CREATE OR REPLACE TABLE "{name}" AS {duck.sql(statement)}')
    for each in spent:
        duck.run(f'DROP TABLE "{each}"')


def make_table_by(duck: Duck, name: str, columns: Mapping[str, str], statement: ExactSelect, work: Work) -> int:
    """A table of what `work` makes of each batch of the statement's rows; the number of its rows.

    `columns` are names and DuckDB types. Only one batch is in memory at a time.
    """
    listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    duck.run(f'CREATE OR REPLACE TABLE "{name}" ({listed})')
    rows = 0
    result = duck.run(duck.sql(statement))
    writer = result.cursor()  # a connection of its own: a statement on the reading one would end what is read
    for batch in result.to_arrow_reader(ROWS_OF_A_BATCH):
        made = work(batch)
        writer.register("made", made)
        writer.execute(f'INSERT INTO "{name}" SELECT * FROM made')
        writer.unregister("made")
        rows += made.num_rows
    writer.close()
    return rows


def rows_of(duck: Duck, statement: ExactSelect) -> Iterator[tuple[Any, ...]]:
    """The statement's rows in their order; run no other statement of the session meanwhile."""
    for batch in duck.run(duck.sql(statement)).to_arrow_reader(ROWS_OF_A_BATCH):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
