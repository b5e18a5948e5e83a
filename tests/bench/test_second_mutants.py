"""The second set of kinds: each one's statements run, and change what the extract says."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from adapters.demo import DemoPlan
from bench.gates.extracts import Dose, spoil, spoilt_content
from bench.gates.families import KINDS as FIRST_SET
from bench.gates.kinds import Occasion, Rows
from bench.gates.nights import write_book
from bench.gates.second import KINDS
from domain.catalogue import CATALOGUE

MIDWEEK, CLAIMS = date(2026, 11, 18), date(2026, 12, 3)
DATES = {Occasion.MIDWEEK: MIDWEEK, Occasion.CLAIMS: CLAIMS}
STATES = tuple(date(2026, *day) for day in ((11, 10), (11, 17), (11, 18), (12, 2), (12, 3)))
PLAN = DemoPlan(2_000, 40, 4, STATES[0], CLAIMS, seed=5, state_dates=STATES)

_PARAMETERS = [pytest.param(kind, id=kind.name) for kind in KINDS]
_IN_SQL = [pytest.param(kind, id=kind.name) for kind in KINDS if all(isinstance(edit, Rows) for edit in kind.edits)]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return write_book(PLAN, tmp_path_factory.mktemp("second") / "book", seed=5)


def test_names_are_of_this_set_alone():
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names) >= 70
    assert sum(kind.wrong_from is None for kind in KINDS) >= 8
    assert not set(names) & {kind.name for kind in FIRST_SET}


@pytest.mark.parametrize("kind", _PARAMETERS)
def test_a_kind_says_what_it_is(kind):
    _, table, _ = kind.name.split(".")
    assert table in {edit.table for edit in kind.edits} <= set(CATALOGUE)
    assert kind.title
    assert kind.reason
    assert set(kind.nights) <= set(DATES)


@pytest.mark.parametrize("kind", _PARAMETERS)
def test_a_kind_finds_rows_and_changes_what_is_said(book, tmp_path, kind):
    day, target = DATES[kind.nights[0]], tmp_path / "landing"
    assert spoil(book, kind, day, Dose(kind.levels[-1]), target) > 0
    _, table, _ = kind.name.split(".")
    if all(isinstance(edit, Rows) for edit in kind.edits):
        clean, spoilt = (f"'{path / table}.parquet'" for path in (book.folder / day.isoformat(), target))
        assert _content(clean) != _content(spoilt)
    else:
        assert [path.name for path in target.glob(f"{table}.*") if path.stat().st_nlink == 1]


@pytest.mark.parametrize("kind", _IN_SQL)
def test_a_statement_keeps_the_types_that_it_is_not_about(book, tmp_path, kind):
    day, target = DATES[kind.nights[0]], tmp_path / "landing"
    spoil(book, kind, day, Dose(kind.levels[-1]), target)
    for edit in kind.edits:
        clean, spoilt = (f"'{path / edit.table}.parquet'" for path in (book.folder / day.isoformat(), target))
        assert _types(spoilt) == _types(clean)


def test_a_kind_spoils_the_same_rows_again(book, tmp_path):
    several = [kind for kind in KINDS if kind.nights[0] is Occasion.MIDWEEK][::9]
    for kind in several:
        contents = set()
        for name in ("first", "second"):
            spoil(book, kind, MIDWEEK, Dose(kind.levels[0]), tmp_path / name)
            contents.add(spoilt_content(tmp_path / name))
        assert len(contents) == 1, kind.name


def _content(source: str) -> list[tuple]:
    """The rows in their order, and the columns in theirs."""
    relation = duckdb.sql(f"FROM {source}")
    return [tuple(relation.columns), *relation.fetchall()]


def _types(source: str) -> dict[str, str]:
    return dict(row[:2] for row in duckdb.sql(f"DESCRIBE FROM {source}").fetchall())
