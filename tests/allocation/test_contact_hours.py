"""The best hour of a debtor: said where calls show it, and not where chance could have."""

from __future__ import annotations

import random

from allocation.contact_hours import best_hours


def calls(debtor, hour, number, reached, jurisdiction="VN"):
    return {"jurisdiction": jurisdiction, "debtor_id": debtor, "hour": hour, "calls": number, "reached": reached}


CROWD = [calls("others", hour, 500, 100) for hour in range(8, 20)]
ASKED = {"D1": "VN"}


def test_an_hour_in_which_the_debtor_is_reached_again_and_again_stands_out():
    found = best_hours([*CROWD, calls("D1", 18, 12, 11), calls("D1", 9, 12, 0)], ASKED)["D1"]
    assert (found.hour, found.calls, found.reached, found.is_own, found.is_sure) == (18, 12, 11, True, True)


def test_one_lucky_call_is_no_best_hour():
    assert best_hours([*CROWD, calls("D1", 18, 1, 1)], ASKED) == {}


def test_who_was_never_called_has_the_hour_of_the_others_where_it_stands_out():
    evening = [row if row["hour"] != 18 else {**row, "reached": 200} for row in CROWD]
    found = best_hours(evening, ASKED)["D1"]
    assert (found.hour, found.calls, found.is_own, found.is_sure) == (18, 0, False, True)


def test_nothing_is_said_of_a_jurisdiction_without_calls():
    assert best_hours(CROWD, {"D1": "CN"}) == {}
    assert best_hours([], ASKED) == {}


def test_where_all_hours_are_the_same_few_debtors_get_a_best_hour():
    """At most one in five by what is claimed; shrinking makes it far fewer."""
    drawn = random.Random(7)
    asked = {f"D{number}": "VN" for number in range(300)}
    rows = [
        calls(debtor, hour, 3, sum(drawn.random() < 0.2 for _ in range(3))) for debtor in asked for hour in range(8, 20)
    ]
    found = best_hours([*CROWD, *rows], asked)
    assert len(found) < 300 / 5
    assert sum(each.is_sure for each in found.values()) < 300 / 20
