"""Where what is overdue lies and what flowed: a book by hand, and against counting account by account."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_rules.distribution import Dimension, distribution_statement
from tests.kpi_rules.conftest import AS_OF, START, book_in

OWNED = {"department_id": "D", "team_id": "T1", "valid_to": date(9999, 12, 31)}


def test_what_was_overdue_less_what_went_and_with_what_came_is_what_is_overdue(book):
    for account, before, now, product in (
        ("A1", 10, 40, "card"),
        ("A2", 20, 0, "card"),
        ("A3", 40, 10, "loan"),
        ("A4", 0, 5, "loan"),
        ("A5", 40, None, "loan"),
        ("A6", 10, 10, "card"),
    ):
        known = {"account_id": account, "product": product}
        book.add("accounts_opening", **known, days_past_due=before, overdue_amount=Decimal(before))
        if now is not None:
            book.add("accounts", **known, days_past_due=now, overdue_amount=Decimal(now))
        book.add("dispatch", account_id=account, owner_kind="partner", owner_id="R1", **OWNED)
    book.add("accounts", account_id="new", product="card", days_past_due=3, overdue_amount=Decimal(3))
    book.add("credits", payment_id="P1", account_id="A2", posted_on=AS_OF, recovered=Decimal(20))
    rows = book.rows(distribution_statement(Dimension.PRODUCT, start=START, as_of=AS_OF))
    assert [_shown(row) for row in rows] == [
        ("card", 3, 1, 1, 3, 40, 53, 20, 1, 0),
        ("loan", 2, 1, 1, 2, 80, 15, 0, 0, 1),
    ]
    rows = book.rows(distribution_statement(Dimension.PARTNER, start=START, as_of=AS_OF))
    assert [_shown(row)[:5] for row in rows] == [("", 0, 0, 1, 1), ("R1", 5, 2, 1, 4)]
    rows = book.rows(distribution_statement(Dimension.BUCKET, start=START, as_of=AS_OF))
    assert [_shown(row)[:5] for row in rows] == [("1", 3, 2, 3, 4), ("2", 2, 2, 1, 1)]


def _shown(row):
    names = ("place", "opening", "went", "came", "now", "overdue_before", "overdue_now", "recovered", "worse", "better")
    return tuple(0 if row[name] is None else row[name] for name in names)


END = st.none() | st.tuples(st.sampled_from([0, 5, 45, 100]), st.sampled_from(["open", "closed"]))


@settings(max_examples=15)
@pytest.mark.parametrize("dimension", [Dimension.PRODUCT, Dimension.BUCKET])
@given(accounts=st.lists(st.tuples(END, END, st.sampled_from(["card", "loan"])), max_size=8))
def test_each_account_is_counted_once_at_each_end(dimension, accounts):
    with book_in("duckdb:///:memory:") as book:
        _check(book, dimension, accounts)


def _check(book, dimension, accounts):
    for number, (before, now, product) in enumerate(accounts):
        for table, end in (("accounts_opening", before), ("accounts", now)):
            if end is not None:
                days, status = end
                book.add(table, account_id=f"A{number}", product=product, days_past_due=days, status=status,
                         overdue_amount=Decimal(days))  # fmt: skip
    found = {row["place"]: row for row in book.rows(distribution_statement(dimension, start=START, as_of=AS_OF))}
    counted = _by_hand(dimension, accounts)
    assert {place: {name: row[name] for name in _NUMBERS} for place, row in found.items()} == counted
    for row in found.values():
        assert row["opening"] - row["went"] + row["came"] == row["now"]


_NUMBERS = ("opening", "went", "came", "now")


def _by_hand(dimension, accounts):
    """The slow oracle: every account by itself."""
    found = defaultdict(Counter)
    for before, now, product in accounts:
        was, here = _place(dimension, before, product), _place(dimension, now, product)
        if was is not None:
            found[was].update({"opening": 1, "went": int(was != here)})
        if here is not None:
            found[here].update({"now": 1, "came": int(was != here)})
    return {place: {name: counts[name] for name in _NUMBERS} for place, counts in found.items()}


def _place(dimension, end, product):
    if end is None or end[1] == "closed" or not end[0]:
        return None
    return product if dimension is Dimension.PRODUCT else {5: "1", 45: "2", 100: "4"}[end[0]]
