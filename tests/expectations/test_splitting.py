"""Each landed row is counted once: accepted, quarantined, or a copy; whatever order the rows come in."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.records import ControlTotals
from expectations.contracts import CONTRACTS
from expectations.statements import ALL_REASONS, split_of, work_for

WORK = work_for("payments")


@pytest.fixture
def payments(book, good):
    book.fill(accounts=[good("accounts")])

    def land(*rows):
        book.fill(payments=[good("payments", **row) for row in rows])
        counts = WORK.read_counts(book.read(WORK.counts))
        split = WORK.split(counts)
        return counts, split, WORK.read_totals(book.read(split.totals if split else WORK.clean_totals))

    return land


def test_a_clean_table_is_not_split(payments):
    counts, split, totals = payments({"payment_id": "P1"}, {"payment_id": "P2"})
    assert counts.is_clean
    assert split is None
    twenty, none = Decimal(20_000), Decimal(0)
    assert totals == ControlTotals(2, 2, 0, 0, (("VND", twenty, twenty, none, none),))


def test_of_equal_rows_one_is_kept(book, payments):
    _, split, totals = payments(*[{"payment_id": "P1"}] * 3, {"payment_id": "P2"})
    assert [row["payment_id"] for row in book.read(split.accepted)] == ["P1", "P2"]
    assert (totals.accepted, totals.duplicate) == (2, 2)
    assert totals.tie_out


def test_of_rows_that_share_a_key_none_is_kept(book, payments):
    _, split, totals = payments({"receipt": "a"}, {"receipt": "b"}, {"receipt": None}, {"payment_id": "P2"})
    found = book.read(split.quarantined)
    assert [(row["receipt"], row["reasons"]) for row in found] == [
        (None, "payments.duplicate_key,"),
        ("a", "payments.duplicate_key,"),
        ("b", "payments.duplicate_key,"),
    ]
    assert (totals.accepted, totals.quarantined) == (1, 3)


def test_missing_keys_are_missing_and_not_shared(book, payments):
    _, split, _ = payments({"payment_id": None, "receipt": "a"}, {"payment_id": None, "receipt": "b"})
    assert {row["reasons"] for row in book.read(split.reasons)} == {"payments.payment_id.missing,"}


def test_money_is_told_by_currency_and_an_unknown_one_is_not_lost(payments):
    _, __, totals = payments({"payment_id": "P1"}, {"payment_id": "P2", "currency": None})
    none, ten = Decimal(0), Decimal(10_000)
    assert totals.money == (("", ten, none, ten, none), ("VND", ten, ten, none, none))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing(book, good, order):
    rows = [
        good("payments", payment_id=f"P{n % 4}", receipt=f"{n % 2}", channel=("cash", "x")[n == 5]) for n in range(6)
    ]
    book.fill(accounts=[good("accounts")], payments=[rows[place] for place in order])
    split = split_of(CONTRACTS["payments"], doubled=True)
    assert [row["payment_id"] for row in book.read(split.accepted)] == ["P0", "P2", "P3"]
    assert [(row["payment_id"], row["channel"]) for row in book.read(split.quarantined)] == [
        ("P1", "cash"),
        ("P1", "x"),
    ]
    assert WORK.read_totals(book.read(split.totals)).duplicate == 1


def test_counting_and_splitting_agree_without_windows_where_keys_do_not_double(book, payments):
    _, split, totals = payments({"payment_id": "P1"}, {"payment_id": "P2", "channel": "cheque"})
    windowed = split_of(CONTRACTS["payments"], doubled=True)
    assert split.totals is not windowed.totals
    assert book.read(split.quarantined) == book.read(windowed.quarantined)
    assert WORK.read_totals(book.read(windowed.totals)) == totals


def test_the_index_counts_rows_and_absolute_money_by_reason_and_currency(book, payments):
    _, split, _ = payments(
        {"payment_id": "P1", "channel": "pigeon"},
        {"payment_id": "P2", "channel": "pigeon", "amount": Decimal(-10_000)},
        {"payment_id": "P3", "currency": "CNY", "fee": Decimal(501)},
        {"payment_id": "P4"},
    )
    aside = WORK.read_set_aside(book.read(split.index))
    found = {code: (rows, money) for code, rows, money in aside.by_reason}
    assert found["payments.channel.code"] == (2, (("VND", Decimal(20_000)),))
    assert found["payments.amount.split"] == (2, (("CNY", Decimal(10_000)), ("VND", Decimal(10_000))))
    assert found[ALL_REASONS] == (3, (("CNY", Decimal(10_000)), ("VND", Decimal(20_000))))
