"""Claim files of partners by the mapping that the documentation gives: one line each, marks before the reference."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from adapters.settings import PROJECT
from flows.cli import app

EXAMPLE = PROJECT / "docs" / "examples" / "partner-claims"
DAY = "2026-10-03"


@pytest.fixture
def imported(tmp_path):
    def run(*files: Path) -> str:
        env = {"RECOUP_HOME": str(tmp_path / "home"), "COLUMNS": "400"}
        words = ["import", str(EXAMPLE / "claims.yaml"), *map(str, files), "--date", DAY]
        result = CliRunner().invoke(app, words, env=env)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def lines(tmp_path) -> dict[str, str | None]:
    path = tmp_path / "home" / "landing" / DAY / "partner_claims.parquet"
    return dict(duckdb.sql(f"SELECT claim_id, payment_id FROM read_parquet('{path}')").fetchall())


def other(tmp_path) -> Path:
    text = (EXAMPLE / "r01-20261003.csv").read_text(encoding="utf-8").replace("R01", "R02")
    file = tmp_path / "r02-20261003.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_each_line_has_an_id_of_its_own_and_an_estimate_is_marked_though_it_names_no_booking(imported, tmp_path):
    imported(EXAMPLE / "r01-20261003.csv")
    assert lines(tmp_path) == {"R01-09-1": "Y202609-000000014-1", "R01-09-2": None, "R01-09-3": "ESTIMATE"}


def test_files_of_one_day_are_imported_together_and_whoever_does_not_is_told_what_is_gone(imported, tmp_path):
    first, second = shutil.copy(EXAMPLE / "r01-20261003.csv", tmp_path), other(tmp_path)
    assert "in their place" not in imported(first)
    assert "in their place" not in imported(first), "the very same file is there still"
    assert "had 3 rows of another import" in imported(second)
    imported(first, second)
    assert {name.partition("-")[0] for name in lines(tmp_path)} == {"R01", "R02"}
    assert len(lines(tmp_path)) == 6
