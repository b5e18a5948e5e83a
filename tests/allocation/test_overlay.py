"""Overrides and handovers as rows of the dispatch, beside a plain reading of who owns what on each day."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.overlay import OWNERSHIP, in_step, overlay
from domain.reassignments import Reassigned, Reassignment, ReassignmentKind, is_reassigned, is_return

DAY = date(2026, 10, 1)
SPAN = 20


def owner(name):
    return {**dict.fromkeys(OWNERSHIP), "owner_kind": "employee", "owner_id": name}


def row(day, sequence, name, reason="best_value"):
    found = {"account_id": "A1", "valid_from": day, "release_sequence": sequence, "reason": reason}
    return {**found, **owner(name)}


def in_order(rows):
    return sorted(rows, key=lambda each: (each["account_id"], each["valid_from"], each["release_sequence"]))


def owner_on(rows, day):
    """The plain reading: the last row that has begun."""
    begun = [each for each in in_order(rows) if each["valid_from"] <= day]
    return begun[-1]["owner_id"] if begun else None


def reassigned(number, first, until, to="E9"):
    return Reassignment(
        ReassignmentKind.OVERRIDE, number, first, until, (Reassigned("A1", "employee", to),), "leader", "why"
    )


def laid_over(rows, one):
    to = one.accounts[0].owner_id
    return [*rows, *overlay(one, {"A1": owner(to)}, in_order(rows), 100 + one.number).to_pylist()]


days = st.integers(0, SPAN).map(lambda number: DAY + timedelta(days=number))
windows = st.tuples(days, st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + timedelta(days=pair[1])))


@given(st.lists(days, min_size=1, max_size=4, unique=True), st.lists(windows, min_size=1, max_size=4))
def test_each_holds_on_its_days_and_every_other_day_stays_as_it_was(changes, asked):
    rows = [row(DAY - timedelta(days=1), 1, "E0"), *(row(day, 2 + n, f"E{n + 1}") for n, day in enumerate(changes))]
    for number, (first, until) in enumerate(asked):
        before = {DAY + timedelta(days=each): owner_on(rows, DAY + timedelta(days=each)) for each in range(40)}
        rows = laid_over(rows, reassigned(number, first, until, f"O{number}"))
        for day, was in before.items():
            assert owner_on(rows, day) == (f"O{number}" if first <= day <= until else was), day


@pytest.mark.parametrize(
    ("kind", "reason", "on_the_last_day", "afterwards"),
    [
        ("house", "held:dispute", "HOUSE", "HOUSE"),  # the law comes first, also on the way back
        ("employee", "best_value", "E5", "E5"),  # another owner by the night: it goes back to that one
    ],
)
def test_what_a_night_decides_otherwise_rewrites_what_was_to_come(kind, reason, on_the_last_day, afterwards):
    one = reassigned(7, DAY, DAY + timedelta(days=5))
    rows = laid_over([row(DAY - timedelta(days=9), 1, "E1")], one)
    night = {**row(DAY + timedelta(days=2), 200, "E5" if kind == "employee" else "HOUSE", reason), "owner_kind": kind}
    coming = [each for each in in_order(rows) if each["valid_from"] > night["valid_from"]]
    made = in_step(table(night), coming, {}, sequence=200).to_pylist()
    assert owner_on([*rows, *made], one.until) == on_the_last_day
    assert owner_on([*rows, *made], one.until + timedelta(days=1)) == afterwards


def test_an_account_that_may_be_worked_again_goes_back_to_its_override_and_from_there_to_its_owner():
    one = reassigned(7, DAY, DAY + timedelta(days=5))
    rows = laid_over([row(DAY - timedelta(days=9), 1, "E1")], one)
    held = {**row(DAY + timedelta(days=2), 200, "HOUSE", "held:dispute"), "owner_kind": "house"}
    rows += in_step(table(held), after(rows, held), {}, sequence=200).to_pylist()
    again = row(DAY + timedelta(days=4), 201, "E9", one.code)
    rows += in_step(table(again), after(rows, again), {"A1": one}, sequence=201).to_pylist()
    names = [owner_on(rows, DAY + timedelta(days=number)) for number in range(8)]
    assert names == ["E9", "E9", "HOUSE", "HOUSE", "E9", "E9", "E1", "E1"]


def test_reasons_tell_a_reassignment_and_a_return_apart():
    one = reassigned(7, DAY, DAY)
    assert (is_reassigned(one.code), is_return(one.code)) == (True, False)
    assert (is_reassigned(one.ended_code), is_return(one.ended_code)) == (False, True)


def after(rows, night):
    return [each for each in in_order(rows) if each["valid_from"] > night["valid_from"]]


def table(*rows):
    return pa.Table.from_pylist([dict(each) for each in rows])
