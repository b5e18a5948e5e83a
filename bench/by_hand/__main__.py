"""The rival's own process: a book as JSON on standard input, figures and costs as JSON on standard output."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import date
from typing import Any

import duckdb

from bench.by_hand.figures import Figure, figures, rates
from bench.by_hand.scans import (
    MOVED,
    NOTHING_CONFIRMED,
    NOTHING_HANDED_OUT,
    NOTHING_PLANNED,
    OWNERS,
    POSTINGS,
    RATES,
    cells,
    scans,
    workable,
)


def main() -> None:
    book = json.load(sys.stdin)
    begun = time.perf_counter()
    found = measured(book)
    seconds = time.perf_counter() - begun
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures_as_text = [as_text(figure) for figure in found]
    json.dump({"seconds": round(seconds, 2), "peak_mib": peak_mib, "figures": figures_as_text}, sys.stdout)


def measured(book: Mapping[str, Any]) -> list[Figure]:
    """Every figure of the book: `files` by table, the period's `start` and `end`, and what DuckDB may use."""
    start, end = date.fromisoformat(book["start"]), date.fromisoformat(book["end"])
    limits = {"memory_limit": book["memory_limit"], "threads": book["threads"]}
    with (
        tempfile.TemporaryDirectory() as spilled,  # not beside the repository's files, where it would be one of them
        duckdb.connect(config={**limits, "temp_directory": spilled}) as connection,
    ):
        for table, files in book["files"].items():
            if files:
                connection.execute(f"CREATE VIEW {table} AS FROM read_parquet({files!r}, filename = true)")
        connection.execute(NOTHING_PLANNED)
        connection.execute(NOTHING_CONFIRMED)
        connection.execute(NOTHING_HANDED_OUT)
        connection.execute(OWNERS)
        connection.execute(POSTINGS)
        connection.execute(MOVED.format(start=start, end=end))
        connection.execute(workable())
        _write_rates(connection, start, end)
        rows = [row for sql in scans(start, end).values() for row in _rows(connection, sql)]
        return list(figures(rows, days=(end - start).days + 1))


def _write_rates(connection: duckdb.DuckDBPyConnection, start: date, end: date) -> None:
    found = list(rates(list(_rows(connection, cells(start, end))), (end - start).days + 1))
    listed = ", ".join(
        f"('{currency}', {bucket}, '{product}', {band}, {rate})" for currency, bucket, product, band, rate in found
    )
    connection.execute(RATES)
    if found:
        connection.execute(f"INSERT INTO rates VALUES {listed}")


def as_text(figure: Figure) -> list[str | None]:
    return [None if each is None else str(each) for each in astuple(figure)]


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[Mapping[str, Any]]:
    done = connection.execute(sql)
    names = [column[0] for column in done.description or ()]
    fetched: Sequence[tuple[Any, ...]] = done.fetchall()
    yield from (dict(zip(names, row, strict=True)) for row in fetched)


if __name__ == "__main__":
    main()
