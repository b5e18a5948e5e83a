"""What an allocation appends to the dispatch: only what changes, from the day after."""

from datetime import date

import pyarrow as pa
import pytest

from allocation.release import changes
from domain.dispatch import CHANGES

IN_FORCE = ("account_id", "owner_kind", "owner_id", "department_id", "team_id", "segment", "channel")
AS_IT_IS = ("employee", "E1", "phone", "phone 1", "phone", "phone")
NEXT_DAY = date(2026, 10, 21)


def in_force(*rows):
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(IN_FORCE)})


def released(hand, *rows, **given):
    made = hand.allocate(hand.book({"account_id": "A1", **given}), hand.collector("E1", 5))
    return changes(made, in_force(*rows), valid_from=NEXT_DAY, release_sequence=7)


def test_a_first_release_has_every_account(hand):
    table = released(hand)
    assert table.column_names == list(CHANGES.names)
    assert table.to_pylist() == [
        {
            "account_id": "A1",
            "valid_from": NEXT_DAY,
            "release_sequence": 7,
            "owner_kind": "employee",
            "owner_id": "E1",
            "department_id": "phone",
            "team_id": "phone 1",
            "segment": "phone",
            "channel": "phone",
            "reason": "best_value",
        }
    ]


def test_nothing_changed_and_nothing_is_appended(hand):
    assert released(hand, ("A1", *AS_IT_IS)).num_rows == 0


@pytest.mark.parametrize("changed", range(6))
def test_each_part_of_ownership_is_a_change(hand, changed):
    before = [*AS_IT_IS]
    before[changed] = {0: "partner"}.get(changed, "another")
    assert released(hand, ("A1", *before)).num_rows == 1
    before[changed] = None
    assert released(hand, ("A1", *before)).num_rows == 1


def test_what_left_the_book_goes_to_nobody(hand):
    table = released(hand, ("A1", *AS_IT_IS), ("A0", *AS_IT_IS))
    assert table.select(["account_id", "owner_kind", "owner_id", "segment", "reason"]).to_pylist() == [
        {"account_id": "A0", "owner_kind": "nobody", "owner_id": "HOUSE", "segment": None, "reason": "left_the_book"}
    ]


def test_what_is_excluded_goes_to_nobody_and_is_not_said_twice(hand):
    closed = {"not_worked": "excluded:closed", "segment": None}
    (row,) = released(hand, ("A1", *AS_IT_IS), **closed).to_pylist()
    assert (row["owner_kind"], row["owner_id"], row["reason"]) == ("nobody", "HOUSE", "excluded:closed")
    assert released(hand, **closed).num_rows == 0


def test_rows_come_in_order_of_the_account(hand):
    names = [f"A{number}" for number in (5, 3, 9, 1, 4)]
    made = hand.allocate(hand.book(*({"account_id": name} for name in names)), hand.collector("E1", 9))
    table = changes(made, in_force(("A2", *AS_IT_IS)), valid_from=NEXT_DAY, release_sequence=1)
    assert table["account_id"].to_pylist() == ["A1", "A2", "A3", "A4", "A5", "A9"]
    assert table.schema.field("release_sequence").type == pa.int64()
