"""What lies in the landing area of a demo book."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from adapters.demo import DemoPlan, write_demo_book
from domain.catalogue import CATALOGUE
from domain.tables import Kind, Type

SMALL = DemoPlan(accounts=200, employees=20, partners=2, start=date(2026, 9, 28), end=date(2026, 10, 4), seed=3)

# No core system stands behind the demo book that could state what its extracts come to.
NOT_WRITTEN = {"control_totals", "bank_scores"}
LANDED = {name: table for name, table in CATALOGUE.items() if name not in NOT_WRITTEN}

LANDED_TYPES = {
    Type.ID: "VARCHAR",
    Type.TEXT: "VARCHAR",
    Type.CODE: "VARCHAR",
    Type.COUNT: "BIGINT",
    Type.MONEY: "DECIMAL(18,4)",
    Type.RATE: "DECIMAL(18,10)",
    Type.DEGREES: "DECIMAL(9,6)",
    Type.DATE: "DATE",
    Type.INSTANT: "TIMESTAMP",
    Type.WALL_TIME: "TIMESTAMP",
    Type.BOOLEAN: "BOOLEAN",
}


@pytest.mark.parametrize("table", LANDED.values(), ids=list(LANDED))
def test_a_file_has_exactly_the_columns_of_the_catalogue(book, table):
    path = next(iter(sorted(book.landing.glob(f"*/{table.name}.parquet"))))
    described = book.rows(f"DESCRIBE FROM '{path}'")
    assert [(name, kind) for name, kind, *_ in described] == [(c.name, LANDED_TYPES[c.type]) for c in table]


@pytest.mark.parametrize("table", LANDED.values(), ids=list(LANDED))
def test_required_columns_are_filled_and_codes_are_known(book, table):
    for column in table:
        if column.required:
            assert book.value(f'SELECT count(*) FROM {table.name} WHERE "{column.name}" IS NULL') == 0
        if column.codes:
            found = {code for (code,) in book.rows(f'SELECT DISTINCT "{column.name}" FROM {table.name}')}
            assert found - {None} <= set(column.codes)


@pytest.mark.parametrize("table", LANDED.values(), ids=list(LANDED))
def test_a_file_lies_in_the_order_of_its_key_without_repeating_one(book, table):
    for path in sorted(book.landing.glob(f"*/{table.name}.parquet"))[::7]:
        keys = book.rows(f"SELECT {', '.join(table.key)} FROM '{path}'")
        assert keys == sorted(set(keys))


def test_every_event_table_has_a_file_for_every_day_and_states_for_the_days_asked_for(tmp_path):
    plan = replace(SMALL, state_dates=(date(2026, 9, 30),))
    write_demo_book(plan, tmp_path)
    states = {name for name, table in LANDED.items() if table.kind is Kind.STATE} - {"opening_dispatch"}
    for day in plan.days:
        found = {path.stem for path in (tmp_path / day.isoformat()).iterdir()}
        expected = set(LANDED) - {"opening_dispatch"} - (set() if day in plan.dates_of_state else states)
        assert found - {"opening_dispatch"} == expected
        assert ("opening_dispatch" in found) == (day == plan.start)


def test_nothing_but_dates_and_the_label_is_left_behind(book):
    assert {path.name for path in book.landing.iterdir()} == {*map(str, book.plan.days), "book.json"}


def test_the_book_says_that_it_is_a_demo(book):
    label = json.loads((book.landing / "book.json").read_text(encoding="utf-8"))
    assert label["label"] == "Demo book: invented people, debts and payments"
    assert label["plan"]["seed"] == book.plan.seed


def test_the_summary_counts_the_rows(book):
    assert set(book.summary.rows) == set(LANDED)
    for table, rows in book.summary.rows.items():
        assert book.value(f"SELECT count(*) FROM {table}") == rows


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads(tmp_path):
    digests = []
    for threads in (1, 2):
        write_demo_book(SMALL, tmp_path / str(threads), threads=threads)
        digests.append(_digests(tmp_path / str(threads)))
    assert digests[0] == digests[1]


def test_another_seed_gives_another_book(tmp_path):
    for seed in (1, 2):
        write_demo_book(replace(SMALL, seed=seed, state_dates=(SMALL.start,)), tmp_path / str(seed))
    first, second = (_digests(tmp_path / str(seed)) for seed in (1, 2))
    same = {path.rsplit("/", 1)[-1] for path in first if first[path] == second[path]}
    assert same <= {"calendar.parquet", "budgets.parquet", *_files_without_rows(tmp_path / "1")}


def test_every_file_goes_through_the_given_writer_and_progress_never_goes_back(tmp_path):
    written, shares = [], []

    def write(path, fill):
        written.append(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(path)

    summary = write_demo_book(SMALL, tmp_path, write=write, progress=lambda _step, done: shares.append(done))
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(written) == summary.files + 1
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


def _digests(landing: Path) -> dict[str, str]:
    return {
        str(path.relative_to(landing)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in landing.rglob("*.parquet")
    }


def _files_without_rows(landing: Path) -> set[str]:
    def is_empty(path: Path) -> bool:
        return duckdb.execute(f"SELECT count(*) FROM '{path}'").fetchall() == [(0,)]

    return {path.name for path in landing.rglob("*.parquet") if is_empty(path)}
