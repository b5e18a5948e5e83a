"""One demo book for all tests that only read: six weeks over two month-ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from adapters.demo import DemoPlan, DemoSummary, write_demo_book

PLAN = DemoPlan(accounts=4_000, employees=60, partners=3, start=date(2026, 9, 24), end=date(2026, 11, 4), seed=11)


@dataclass(frozen=True, slots=True)
class Book:
    plan: DemoPlan
    landing: Path
    summary: DemoSummary
    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Every table is a view over its files of all dates; `landed_on` is the date of the file."""
        return self.connection.execute(query).fetchall()

    def value(self, query: str) -> Any:
        return self.rows(query)[0][0]


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    landing = tmp_path_factory.mktemp("landing")
    summary = write_demo_book(PLAN, landing)
    connection = duckdb.connect()
    for table in summary.rows:
        connection.execute(f"""
            CREATE VIEW {table} AS
            SELECT * EXCLUDE filename, CAST(parse_path(filename)[-2] AS DATE) AS landed_on
            FROM read_parquet('{landing}/*/{table}.parquet', filename=true)""")
    return Book(PLAN, landing, summary, connection)
