"""What becomes of a point: a table of small books, an oracle over random ones, and no point lost on the way."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue import CATALOGUE
from expectations.contact_points.readings import read_values
from expectations.contact_points.values import SOUND, USABLE
from tests.expectations.contact_points.conftest import AS_OF, RULE, clean, contact, point

NUMBER, OTHER, THIRD = "+84912345678", "+84987654321", "+84324567890"

# What came; what became of it (id, outcome, usable, findings).
BOOKS = {
    "a sound point stays as it is": ([point("K1", NUMBER)], [], [("K1", "kept", True, "")]),
    "a sound number is written in one way": (
        [point("K1", "0912 345 678")],
        [],
        [("K1", "corrected", True, "")],
    ),
    "a number in no range stays as it is, and in use": (
        [point("K1", "01201234567")],
        [],
        [("K1", "kept", True, "possible")],
    ),
    "what is no number is of no use": ([point("K1", "none")], [], [("K1", "unusable", False, "not_a_number")]),
    "emergency numbers are refused": ([point("K1", "113")], [], [("K1", "unusable", False, "emergency")]),
    "equal numbers of one person are one, however they are written: the verified one stays": (
        [point("K1", "0912345678", verified_on=None), point("K2", NUMBER)],
        [],
        [("K1", "merged", False, "duplicate"), ("K2", "kept", True, "")],
    ),
    "of two that are verified the later one stays, of equal ones the lowest id": (
        [
            point("K1", NUMBER),
            point("K2", NUMBER, verified_on=date(2026, 7, 1)),
            point("K3", OTHER),
            point("K4", OTHER),
        ],
        [],
        [
            ("K1", "merged", False, "duplicate"),
            ("K2", "kept", True, ""),
            ("K3", "kept", True, ""),
            ("K4", "merged", False, "duplicate"),
        ],
    ),
    "a point in use stands for one that was marked as wrong": (
        [point("K1", NUMBER, state="wrong_party"), point("K2", NUMBER, state="unverified", verified_on=None)],
        [],
        [("K1", "merged", False, "duplicate"), ("K2", "kept", True, "")],
    ),
    "points that are retired already neither merge nor come back": (
        [point("K1", NUMBER, state="retired"), point("K2", NUMBER), point("K3", NUMBER, state="retired")],
        [],
        [("K1", "retired_before", False, ""), ("K2", "kept", True, ""), ("K3", "retired_before", False, "")],
    ),
    "a guarantor's family may share a number": (
        [point("K1", NUMBER), point("K2", NUMBER, "X2")],
        [],
        [("K1", "kept", True, ""), ("K2", "kept", True, "")],
    ),
    "from three debtors on a number is shared": (
        [point("K1", NUMBER), point("K2", "0912345678", "X2"), point("K3", NUMBER, "X3")],
        [],
        [("K1", "kept", True, "shared"), ("K2", "corrected", True, "shared"), ("K3", "kept", True, "shared")],
    ),
    "families share a postal address": (
        [point(f"K{n}", "12 Lê Lợi", f"X{n}", kind="address") for n in (1, 2, 3)],
        [],
        [(f"K{n}", "kept", True, "") for n in (1, 2, 3)],
    ),
    "a point is stale after a year, to the day": (
        [
            point("K1", NUMBER, verified_on=AS_OF - timedelta(days=365)),
            point("K2", OTHER, verified_on=AS_OF - timedelta(days=366)),
            point("K3", THIRD, verified_on=None),
        ],
        [],
        [("K1", "kept", True, ""), ("K2", "kept", True, "stale"), ("K3", "kept", True, "never_verified")],
    ),
    "reaching the person verifies a point": (
        [point("K1", NUMBER, verified_on=None)],
        [contact("C1", "K1", "promise")],
        [("K1", "kept", True, "")],
    ),
    "one wrong party is no proof of a wrong number": (
        [point("K1", NUMBER)],
        [contact("C1", "K1", "wrong_party")],
        [("K1", "kept", True, "")],
    ),
    "two wrong parties retire it, and a person's last point is listed": (
        [point("K1", NUMBER)],
        [contact("C1", "K1", "wrong_party"), contact("C2", "K1", "wrong_party")],
        [("K1", "retired", False, "wrong_party last_point")],
    ),
    "a person with another point can still be reached": (
        [point("K1", NUMBER), point("K2", OTHER)],
        [contact("C1", "K1", "wrong_party"), contact("C2", "K1", "wrong_party")],
        [("K1", "retired", False, "wrong_party"), ("K2", "kept", True, "")],
    ),
    "another point that is of no use reaches nobody": (
        [point("K1", NUMBER), point("K2", "none")],
        [contact("C1", "K1", "wrong_party"), contact("C2", "K1", "wrong_party")],
        [("K1", "retired", False, "wrong_party last_point"), ("K2", "unusable", False, "not_a_number")],
    ),
    "wrong parties before the verification, or on its day, do not count": (
        [point("K1", NUMBER, verified_on=date(2026, 9, 10))],
        [contact("C1", "K1", "wrong_party"), contact("C2", "K1", "wrong_party", "2026-09-11T08:00")],
        [("K1", "kept", True, "")],
    ),
    "wrong parties before the person was reached do not count": (
        [point("K1", NUMBER)],
        [
            contact("C1", "K1", "wrong_party", "2026-09-10T08:00"),
            contact("C2", "K1", "wrong_party", "2026-09-10T09:00"),
            contact("C3", "K1", "right_party", "2026-09-10T10:00"),
            contact("C4", "K1", "wrong_party", "2026-09-10T11:00"),
        ],
        [("K1", "kept", True, "")],
    ),
    "what happened to merged points happened to the one that stays": (
        [point("K1", NUMBER), point("K2", NUMBER, verified_on=None)],
        [contact("C1", "K1", "wrong_party"), contact("C2", "K2", "wrong_party")],
        [("K1", "retired", False, "wrong_party last_point"), ("K2", "merged", False, "duplicate")],
    ),
    "a point that the core system marked is asked about": (
        [point("K1", NUMBER, state="wrong_party")],
        [],
        [("K1", "kept", False, "marked_wrong")],
    ),
}


@pytest.mark.parametrize(("points", "contacts", "expected"), BOOKS.values(), ids=BOOKS.keys())
def test_what_becomes_of_each_point(cleaning, points, contacts, expected):
    found = cleaning(points, contacts)["cleaned"]
    assert [(row["contact_point_id"], row["outcome"], row["is_usable"], row["findings"]) for row in found] == expected


def test_corrections_name_the_column_both_values_and_the_reason(cleaning):
    points = [
        point("K1", "0912 345 678"),
        point("K2", NUMBER, verified_on=None),
        point("K3", OTHER),
        point("K4", "113"),
    ]
    wrong = [contact("C1", "K3", "wrong_party"), contact("C2", "K3", "wrong_party")]
    rows = cleaning(points, wrong)["corrections"]
    assert [tuple(row.values()) for row in rows] == [
        ("K1", "value", "0912 345 678", NUMBER, "normalised"),
        ("K2", "contact_point_id", "K2", "K1", "duplicate"),
        ("K3", "state", "active", "retired", "wrong_party"),
    ]


def test_the_list_to_verify_has_no_values(cleaning):
    (row,) = cleaning([point("K1", "0912345678 mẹ"), point("K2", OTHER)])["to_verify"]
    assert row == {
        "contact_point_id": "K1",
        "party_id": "X1",
        "kind": "phone",
        "findings": "with_text",
        "proven_on": date(2026, 6, 1),
    }


def test_demo_numbers_are_usable_in_a_demo_book_only(cleaning):
    points = [point("K1", "+84000123456")]
    assert [row["findings"] for row in cleaning(points, is_demo=True)["cleaned"]] == ["demo"]
    assert [row["outcome"] for row in cleaning(points)["cleaned"]] == ["unusable"]


@pytest.mark.parametrize(
    ("jurisdictions", "outcome", "findings"),
    [
        (("VN", "CN", "CN"), "corrected", ""),  # where most accounts are
        (("VN", "CN"), "corrected", ""),  # among as many, the first by code
        (("VN", "VN", "CN"), "unusable", "not_a_number"),
        ((), "unusable", "unknown_region"),
    ],
)
def test_a_number_is_read_by_the_country_of_most_accounts_of_the_debtor(cleaning, jurisdictions, outcome, findings):
    (row,) = cleaning([point("K1", "138 0013 8000")], jurisdictions=jurisdictions)["cleaned"]
    assert (row["outcome"], row["findings"]) == (outcome, findings)


VALUES = st.sampled_from(
    [NUMBER, "0912 345 678", OTHER, "0987654321", "113", "none", "01201234567", f"{NUMBER}; {OTHER}"]
)
DAYS = st.one_of(st.none(), st.dates(date(2025, 6, 1), AS_OF))
POINT = st.tuples(
    VALUES,
    st.sampled_from(["X1", "X2", "X3", "X4"]),
    st.sampled_from(CATALOGUE["contact_points"]["state"].codes),
    DAYS,
)
CONTACT = st.tuples(
    st.integers(0, 7),
    st.sampled_from(["wrong_party", "wrong_party", "right_party", "no_answer"]),
    st.datetimes(datetime.fromisoformat("2026-09-01"), datetime.fromisoformat("2026-09-30")),
)


def rows_of(drawn, calls):
    points = [
        point(f"K{number}", value, party, state=state, verified_on=day)
        for number, (value, party, state, day) in enumerate(drawn)
    ]
    contacts = [
        contact(f"C{number}", f"K{index % max(len(points), 1)}" if points else None, outcome, at.isoformat())
        for number, (index, outcome, at) in enumerate(calls)
    ]
    return points, contacts


@pytest.mark.slow
@given(st.lists(POINT, max_size=8), st.lists(CONTACT, max_size=10), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_every_point_has_one_outcome_the_right_one_in_whatever_order_rows_come(duckdb_book, drawn, calls, chance):
    points, contacts = rows_of(drawn, calls)
    duckdb_book.clear()
    found = clean(duckdb_book, points, contacts)
    assert Counter(row["contact_point_id"] for row in found["cleaned"]) == Counter(
        row["contact_point_id"] for row in points
    )
    assert {row["contact_point_id"]: (row["survivor_id"], row["outcome"]) for row in found["cleaned"]} == by_hand(
        points, contacts
    )
    shuffled = [chance.sample(rows, len(rows)) for rows in (points, contacts)]
    duckdb_book.clear()
    assert clean(duckdb_book, *shuffled) == found


@pytest.mark.slow
@given(st.lists(POINT, min_size=1, max_size=8), st.lists(CONTACT, max_size=10))
@settings(max_examples=40)
def test_nobody_is_left_without_a_point_unlisted(duckdb_book, drawn, calls):
    points, contacts = rows_of(drawn, calls)
    duckdb_book.clear()
    found = clean(duckdb_book, points, contacts)
    listed = {row["contact_point_id"] for row in found["to_verify"]}
    for party in {row["party_id"] for row in points}:
        mine = [row for row in found["cleaned"] if row["party_id"] == party]
        retired = {row["contact_point_id"] for row in mine if row["outcome"] == "retired"}
        if not any(row["is_usable"] for row in mine):
            assert retired <= listed


@given(st.lists(POINT, max_size=8), st.lists(CONTACT, max_size=10))
@settings(max_examples=40)
def test_a_merged_point_has_a_survivor_with_the_same_value_and_party(duckdb_book, drawn, calls):
    points, contacts = rows_of(drawn, calls)
    duckdb_book.clear()
    rows = {row["contact_point_id"]: row for row in clean(duckdb_book, points, contacts)["cleaned"]}
    for row in rows.values():
        survivor = rows[row["survivor_id"]]
        assert survivor["outcome"] != "merged"
        assert (survivor["party_id"], survivor["normalised"]) == (row["party_id"], row["normalised"])


def by_hand(points, contacts):
    """The slow oracle: groups in dictionaries, and contacts one after the other in time."""
    readings = {}
    for row in points:
        (readings[row["contact_point_id"]],) = read_values([("phone", "VN", row["value"])], RULE)
    groups = {}
    for row in points:
        name = row["contact_point_id"]
        apart = name if row["state"] == "retired" else ""
        groups.setdefault((row["party_id"], readings[name].normalised, apart), []).append(row)
    return {
        row["contact_point_id"]: fate(row, group, readings[row["contact_point_id"]], contacts)
        for group in groups.values()
        for row in group
    }


def fate(row, group, reading, contacts):
    best = min(group, key=preference)
    names = {each["contact_point_id"] for each in group}
    verified = max((each["verified_on"] for each in group if each["verified_on"]), default=date.min)
    wrong = 0
    for call in sorted(contacts, key=lambda call: (call["started_wall"], call["outcome"] == "right_party")):
        if call["contact_point_id"] in names and call["outcome"] == "right_party":
            wrong = 0
        elif call["contact_point_id"] in names and call["outcome"] == "wrong_party":
            wrong += call["started_wall"].date() > verified
    if row["state"] == "retired":
        outcome = "retired_before"
    elif row is not best:
        outcome = "merged"
    elif wrong >= RULE.retire_after_wrong_parties:
        outcome = "retired"
    elif reading.value_class not in USABLE:
        outcome = "unusable"
    else:
        is_new = reading.value_class in SOUND and reading.normalised != row["value"]
        outcome = "corrected" if is_new else "kept"
    return best["contact_point_id"], outcome


def preference(row):
    rank = ["active", "unverified", "wrong_party", "retired"].index(row["state"])
    return rank, -(row["verified_on"] or date.min).toordinal(), row["contact_point_id"]
