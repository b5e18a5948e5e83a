"""A bench for imports: a mapping as text, files as bytes, and what was written as rows."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from adapters.importing import ImportReport, import_extract
from adapters.rule_files import parse_document

DAY = date(2025, 12, 31)


@dataclass(frozen=True)
class Bench:
    """Imports into a folder of its own."""

    folder: Path

    def run(
        self, mapping: str, files: Mapping[str, bytes | str] | bytes | str, day: date = DAY, **options: Any
    ) -> ImportReport:
        document, issues = parse_document(textwrap.dedent(mapping), "map.yaml")
        assert document is not None, issues
        named = files if isinstance(files, Mapping) else {"in.csv": files}
        return import_extract(
            document,
            [self.put(name, content) for name, content in named.items()],
            business_date=day,
            landing=self.folder / "landing",
            memory_limit="256MB",
            threads=1,
            **options,
        )

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def rows(self, table: str, columns: str = "*", day: date = DAY) -> list[tuple[Any, ...]]:
        return duckdb.sql(f"SELECT {columns} FROM '{self.file(table, day)}'").fetchall()

    def file(self, table: str, day: date = DAY) -> Path:
        return self.folder / "landing" / day.isoformat() / f"{table}.parquet"

    @property
    def written(self) -> list[Path]:
        return sorted((self.folder / "landing").rglob("*")) if (self.folder / "landing").exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def costs() -> Callable[..., str]:
    """A mapping of the table `costs`, whose columns can each be given another way."""

    def mapping(source: str = "", **columns: str) -> str:
        own = {
            "cost_centre": "{from: id}",
            "month": "{constant: 2025-12-01}",
            "cost_type": "{constant: staff}",
            "amount": "{from: amount}",
            "currency": "{constant: VND}",
            **columns,
        }
        lines = "".join(f"      {name}: {how}\n" for name, how in own.items())
        kind = source or "{format: csv}"
        return f"title: Costs\nsource: {kind}\ntables:\n  costs:\n    columns:\n{lines}"

    return mapping
