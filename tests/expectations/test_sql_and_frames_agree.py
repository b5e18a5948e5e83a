"""The differential test: SQL and pandera judge every row of a dirty frame alike, reason by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.catalogue import CATALOGUE
from domain.tables import Column, Table, Type
from expectations.contracts import CONTRACTS
from expectations.frames import JudgedRow, judge_frame, records
from expectations.statements import split_of, work_for

Rows = list[dict[str, Any]]

# Full-width digits, combining marks, control characters, blanks: what Python and RE2 are known to read differently.
_TEXTS = ("A1", "A2", "B", "", " ", "A１", "Đặng", "A\u0300", "A\n", "\tA", "A\x01", "ｖｉ", "vi", "\u00a0", "x" * 501)
_IDS = st.sampled_from((*("A1", "A2", "A3"), *_TEXTS))
_DAYS = st.sampled_from([date(1900, 1, 1), *(date(2026, 1, day) for day in (1, 2, 5, 9)), date(9999, 12, 31)])
_TIMES = st.sampled_from(
    [datetime.fromisoformat(f"2026-01-0{day}T{hour}") for day in (1, 2) for hour in ("00", "09", "23")]
)
_AMOUNTS = st.sampled_from([Decimal(text) for text in ("0", "1", "-1", "2", "0.5", "0.0001", "0.0100", "-99.99")])
_VALUES: Mapping[Type, st.SearchStrategy[Any]] = {
    Type.ID: _IDS,
    Type.TEXT: st.sampled_from(_TEXTS),
    Type.COUNT: st.sampled_from([-1, 0, 1, 5, 2_000, 90_000]),
    Type.MONEY: _AMOUNTS,
    Type.RATE: st.sampled_from([Decimal(text) for text in ("-0.1", "0", "0.5", "1", "1.0000000001")]),
    Type.DEGREES: st.sampled_from([Decimal(text) for text in ("-181", "-90.5", "0", "90", "90.000001", "181")]),
    Type.DATE: _DAYS,
    Type.INSTANT: _TIMES,
    Type.WALL_TIME: _TIMES,
    Type.BOOLEAN: st.booleans(),
}


def _value(column: Column) -> st.SearchStrategy[Any]:
    if column.name == "currency":
        codes: tuple[str, ...] = ("VND", "CNY", "JOD", "XXX", "vnd")
    else:
        codes = (*column.codes[:3], "other", "ｖ")
    good = st.sampled_from(codes) if column.type is Type.CODE else _VALUES[column.type]
    return st.one_of(good, good, good, st.none())


def _rows(table: Table, most: int) -> st.SearchStrategy[Rows]:
    """Rows from small pools, some of them repeated, so that keys and whole rows double."""
    fresh = st.lists(st.fixed_dictionaries({column.name: _value(column) for column in table}), max_size=most)
    return fresh.flatmap(
        lambda rows: (
            st.lists(st.sampled_from(rows), max_size=2).map(lambda again: rows + again) if rows else st.just(rows)
        )
    )


def _nights(table: str) -> st.SearchStrategy[dict[str, Rows]]:
    """Rows of the table, and of every view that its contract reads."""
    contract = CONTRACTS[table]
    return st.fixed_dictionaries(
        {view: _rows(CATALOGUE[view.removesuffix("_history")], 6 if view == table else 3) for view in contract.views}
    )


# A database is asked for each example, so failing ones are shown as they are found rather than shrunk for minutes.
_DATABASE: Any = {
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}
_RICH = ("payments", "contacts", "staff_postings", "visits", "accounts", "reviews", "employment")


@pytest.mark.parametrize("table", _RICH)
@settings(max_examples=5, **_DATABASE)
@given(data=st.data())
def test_sql_and_pandera_judge_every_row_alike(duckdb_book, table, data):
    _compare(duckdb_book, table, data.draw(_nights(table)))


@settings(max_examples=8, **_DATABASE)
@given(table=st.sampled_from(sorted(CATALOGUE)), data=st.data())
def test_so_they_do_for_any_table_of_the_catalogue(duckdb_book, table, data):
    _compare(duckdb_book, table, data.draw(_nights(table)))


@pytest.mark.parametrize("table", _RICH)
@settings(max_examples=2, **_DATABASE)
@given(data=st.data())
def test_so_they_do_on_postgresql(postgresql_book, table, data):
    _compare(postgresql_book, table, data.draw(_nights(table)))


def _compare(book, table: str, night: Mapping[str, Rows]) -> None:
    contract = CONTRACTS[table]
    book.fill(**night)
    names = contract.table.names
    frames = {view: pd.DataFrame(rows, columns=list(names_of(view)), dtype=object) for view, rows in night.items()}
    judged = judge_frame(contract, frames[table], frames)
    rows = [tuple(one[name] for name in names) for one in records(frames[table])]
    split = split_of(contract, doubled=True)
    assert Counter(_with_reasons(book.read(split.quarantined), names)) == Counter(
        (rows[one.place], one.reasons) for one in judged if one.reasons and not one.is_copy
    )
    assert Counter(tuple(one.values()) for one in book.read(split.accepted)) == Counter(
        rows[one.place] for one in judged if not one.reasons and not one.is_copy
    )
    _compare_numbers(book, table, judged)


def _compare_numbers(book, table: str, judged: Iterable[JudgedRow]) -> None:
    contract, work, rows = CONTRACTS[table], work_for(table), list(judged)
    found = work.read_counts(book.read(work.counts))
    expected = Counter(reason for one in rows for reason in one.reasons)
    del expected[contract.duplicate_key]
    assert {code: number for code, number in found.by_check if number} == dict(expected)
    totals = work.read_totals(book.read(split_of(contract, doubled=True).totals))
    assert totals.tie_out
    parts = (len(rows), sum(not one.reasons and not one.is_copy for one in rows), sum(one.is_copy for one in rows))
    assert (totals.landed, totals.accepted, totals.duplicate) == parts


def names_of(view: str) -> tuple[str, ...]:
    return CATALOGUE[view.removesuffix("_history")].names


def _with_reasons(found: Rows, names: tuple[str, ...]) -> list[tuple[tuple[Any, ...], tuple[str, ...]]]:
    return [(tuple(one[name] for name in names), tuple(one["reasons"].rstrip(",").split(","))) for one in found]


def test_the_frame_may_be_labelled_as_it_likes(good):
    """pandera names rows by their label; judged rows are named by their place."""
    frame = pd.DataFrame([good("employees"), good("employees", employee_id=None)], index=[7, 7], dtype=object)
    judged = judge_frame(CONTRACTS["employees"], frame, {})
    assert judged == (
        JudgedRow(0, is_copy=False, reasons=()),
        JudgedRow(1, is_copy=False, reasons=("employees.employee_id.missing",)),
    )


def test_judging_can_tell_a_wrong_lowering(duckdb_book, good):
    """The comparison itself can fail: a contract that lacks a check in one of its forms is found out."""
    contract = CONTRACTS["employees"]
    blind = replace(contract, checks=tuple(one for one in contract.checks if one.code != "employees.employee_id.form"))
    duckdb_book.clear()
    duckdb_book.fill(employees=[good("employees", employee_id="A１")])
    frame = pd.DataFrame([good("employees", employee_id="A１")], dtype=object)
    assert judge_frame(blind, frame, {})[0].reasons == ()
    assert duckdb_book.read(split_of(contract, doubled=False).reasons)
