"""The tables of the weekly and the monthly report, on books by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from kpi_rules.month_tables import course_statement, payers_statement, roll_statement, vintage_statement
from tests.kpi_rules.conftest import AS_OF, START

OWNED = {"owner_kind": "employee", "owner_id": "E1", "department_id": "D", "team_id": "T1"}


def test_every_account_of_the_opening_goes_somewhere_and_one_that_is_gone_is_closed(book):
    for account, before, now, status in (
        ("A1", 10, 40, "open"),
        ("A2", 20, 0, "open"),
        ("A3", 40, 0, "closed"),
        ("A4", 40, None, None),
    ):
        book.add("accounts_opening", account_id=account, days_past_due=before, balance=Decimal(100))
        if now is not None:
            book.add("accounts", account_id=account, days_past_due=now, status=status)
    book.add("accounts", account_id="new", days_past_due=5)
    rows = book.rows(roll_statement(start=START, as_of=AS_OF))
    assert [(row["from_bucket"], row["to_bucket"], row["accounts"], row["balance"]) for row in rows] == [
        (1, 0, 1, 100),
        (1, 2, 1, 100),
        (2, None, 2, 200),
    ]


def test_a_vintage_has_its_accounts_how_late_they_are_and_what_they_brought(book):
    for account, opened, days, overdue in (
        ("A1", date(2025, 3, 31), 0, 0),
        ("A2", date(2025, 3, 1), 31, 500),
        ("A3", date(2025, 4, 1), 91, 300),
    ):
        known = {"account_id": account, "opened_on": opened, "days_past_due": days, "balance": Decimal(1_000)}
        book.add("accounts", **known)
        book.add("accounts_opening", **known, overdue_amount=Decimal(overdue))
    for payment, day, amount in (("P1", START, 50), ("P2", AS_OF, 25), ("P3", date(2026, 9, 30), 9)):
        book.add("credits", payment_id=payment, account_id="A2", posted_on=day, recovered=Decimal(amount))
    rows = book.rows(vintage_statement(start=START, as_of=AS_OF))
    assert [tuple(row.values()) for row in rows] == [
        (2025, 3, "VND", 2, 1, 1, 0, 2_000, 500, 75),
        (2025, 4, "VND", 1, 1, 1, 1, 1_000, 300, None),
    ]


def test_payers_are_accounts_overdue_at_the_opening_that_paid_on_one_of_the_days(book):
    for account, overdue in (("A1", 5), ("A2", 5), ("A3", 5), ("A4", 0)):
        book.add("accounts_opening", account_id=account, overdue_amount=Decimal(overdue))
        book.add("dispatch", account_id=account, segment="S1", **OWNED)
    book.add("accounts_opening", account_id="of nobody", overdue_amount=Decimal(5))
    paid = (("A1", 12, 9), ("A1", 16, 1), ("A2", 11, 9), ("A2", 17, 9), ("A3", 13, -9), ("A4", 13, 9))
    for number, (account, day, amount) in enumerate(paid):
        on = date(2026, 10, day)
        book.add("credits", payment_id=f"P{number}", account_id=account, posted_on=on, recovered=Decimal(amount))
    rows = book.rows(payers_statement(start=date(2026, 10, 12), as_of=date(2026, 10, 16)))
    assert [tuple(row.values()) for row in rows] == [("S1", 3, 1)]


def test_the_course_of_the_month_is_what_was_credited_on_each_of_its_days(book):
    paid = ((START, "D", 9), (START, "D", 1), (START, None, 5), (AS_OF, "D", -4), (date(2026, 9, 30), "D", 7))
    for number, (on, department, amount) in enumerate(paid):
        owner = {"department_id": department, "posted_on": on, "recovered": Decimal(amount)}
        book.add("credits", payment_id=f"P{number}", account_id="A1", **owner)
    rows = book.rows(course_statement(start=START, as_of=AS_OF))
    assert [tuple(row.values()) for row in rows] == [
        (START, "D", "VND", 10),
        (START, None, "VND", 5),
        (AS_OF, "D", "VND", -4),
    ]
