"""Liquidation by vintage: accounts of one age together, by the months since their month began."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

D = Decimal
DAY = date(2026, 10, 5)  # of the payments; the period is October


@pytest.mark.parametrize(
    ("since", "age"),
    [
        (date(2026, 10, 1), 0),
        (date(2026, 9, 30), 1),
        (date(2026, 9, 1), 1),
        (date(2025, 11, 30), 11),
        (date(2025, 10, 1), 12),
        (date(2019, 1, 1), 12),  # twelve and more
        (date(2026, 11, 2), 0),  # a day that lies ahead is no age below nought
    ],
)
def test_an_age_is_the_months_from_the_month_of_the_day_to_the_first_of_the_period(since, age, book, house_rules):
    known = {"account_id": "A1", "balance": D(200), "overdue_amount": D(50), "days_past_due": 10}
    book.add("accounts_opening", charged_off_on=since, opened_on=since, **known)
    _pay(book, "A1", 20)
    figures = book.night(house_rules)
    for each in range(13):
        here = each == age
        assert figures.shown(f"liquidation_since_charge_off_{each}", "portfolio", "VND") == (
            "20/200" if here else "no value"
        )
        assert figures.shown(f"liquidation_since_opening_{each}", "portfolio", "VND") == (
            "20/50" if here else "no value"
        )


def test_what_was_never_written_off_has_no_such_age_and_what_is_not_overdue_brings_nothing(book, house_rules):
    book.add("accounts_opening", account_id="A1", balance=D(200), opened_on=date(2026, 9, 9))
    _pay(book, "A1", 20)
    figures = book.night(house_rules)
    assert {figures.shown(f"liquidation_since_charge_off_{age}", "portfolio", "VND") for age in range(13)} == {
        "no value"
    }
    assert figures.shown("liquidation_since_opening_1", "portfolio", "VND") == "no value"


def test_of_several_placements_the_one_that_runs_on_the_first_day_counts(book, house_rules):
    book.add("accounts_opening", account_id="A1", balance=D(200))
    book.add("dispatch", account_id="A1", owner_kind="partner", owner_id="P1")
    #        placement, placed, term ends, recalled, balance
    for name, placed, ends, recalled, owed in [
        ("L1", date(2026, 2, 1), date(2026, 8, 1), None, 1_000),  # over
        ("L2", date(2026, 6, 1), date(2027, 6, 1), date(2026, 7, 1), 900),  # recalled
        ("L3", date(2026, 8, 20), date(2027, 8, 20), None, 400),
        ("L4", date(2026, 10, 2), date(2027, 8, 20), None, 300),  # not yet
    ]:
        book.add("placements", placement_id=name, account_id="A1", partner_id="P1", placed_on=placed,
                 term_ends_on=ends, recalled_on=recalled, balance_at_placement=D(owed))  # fmt: skip
    _pay(book, "A1", 20)
    figures = book.night(house_rules)
    for entity in ("portfolio", "P1"):
        shown = {age: figures.shown(f"liquidation_since_placement_{age}", entity, "VND") for age in range(13)}
        assert shown == {age: "20/400" if age == 2 else "no value" for age in range(13)}


def test_reversals_take_back_and_waivers_are_left_out(book, house_rules):
    book.add("accounts_opening", account_id="A1", balance=D(200), charged_off_on=date(2026, 9, 1))
    _pay(book, "A1", 50, waiver=D(10))
    book.add("payments", payment_id="R", account_id="A1", amount=D(-15), reverses="P", paid_on=DAY, posted_on=DAY)
    book.add("payments", payment_id="S", account_id="A1", amount=D(99), currency="USD", paid_on=DAY, posted_on=DAY)
    assert book.night(house_rules).shown("liquidation_since_charge_off_1", "portfolio", "VND") == "25/200"


def _pay(book, account, amount, **known):
    book.add("payments", payment_id=f"P{account}", account_id=account, paid_on=DAY, posted_on=DAY, amount=D(amount),
             **known)  # fmt: skip
