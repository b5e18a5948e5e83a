"""Who a payment counts for, and why for nobody."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

HEAD = "owner: o, title: T, valid_from: 2020-01-01, review_by: 2027-01-01"
RULES = f"""
credit_rules:
  - {{id: cash, {HEAD}, order: 1, where: 'channel == "cash"', to: {{kind: house}}, look_back_days: 10}}
  - {{id: owner, {HEAD}, order: 2, where: 'channel != "wallet"', look_back_days: 30,
     to: {{kind: owner, date: paid_on}}}}
"""


@pytest.fixture
def october(book):
    """A1 goes from E1 to the partner P1 on the 5th; A2 is the house's."""
    known = {"department_id": "phone", "team_id": "T1", "segment": "S1"}
    handover = date(2026, 10, 5)
    for owner, kind, first, end in (("E1", "employee", date(2026, 9, 1), handover),
                                    ("P1", "partner", handover, date(2026, 10, 31))):  # fmt: skip
        book.add("dispatch", account_id="A1", owner_kind=kind, owner_id=owner, valid_from=first, valid_to=end, **known)
    book.add("dispatch", account_id="A2", owner_kind="house", owner_id="HOUSE", **known)
    return book


@pytest.mark.parametrize(
    ("payment", "owner", "rule", "reason"),
    [
        ({"paid_on": "10-04"}, "E1", "owner", None),
        ({"paid_on": "10-05"}, "P1", "owner", None),  # the day of the handover is the new owner's
        ({"paid_on": "09-30", "posted_on": "10-07"}, "E1", "owner", None),  # booked late: the owner when it was paid
        ({"paid_on": "10-31"}, None, "owner", "no_owner"),
        ({"account_id": "A2"}, "HOUSE", "owner", "house"),
        ({"account_id": "A9"}, None, "owner", "no_owner"),
        ({"channel": "cash"}, "E1", "cash", "house_rule"),
        ({"channel": "wallet"}, "E1", None, "no_rule"),
        ({"reverses": "OLD"}, "E1", "owner", None),
        ({"reverses": "OLD", "channel": "cash"}, "E1", "owner", None),  # judged as the payment that it takes back
        ({"reverses": "OLD", "account_id": "A2"}, "E1", "owner", None),  # booked on another account by mistake
        ({"reverses": "ANCIENT"}, "E1", None, "original_unknown"),  # booked before the look-back
        ({"reverses": "NEVER"}, "E1", None, "original_unknown"),
        ({"reverses": "BACK"}, "E1", None, "original_is_a_reversal"),
    ],
)
def test_a_payment_counts_for_whom_the_first_matching_rule_says(payment, owner, rule, reason, october, rules_of):
    for payment_id, posted_on in (("OLD", date(2026, 9, 2)), ("ANCIENT", date(2026, 8, 31))):
        _pay(october, payment_id, paid_on=date(2026, 9, 1), posted_on=posted_on)
    _pay(october, "BACK", paid_on=date(2026, 9, 20), posted_on=date(2026, 9, 20), reverses="OLD")
    days = {key: date.fromisoformat(f"2026-{value}") for key, value in payment.items() if key.endswith("_on")}
    booked = {"account_id": "A1", "paid_on": date(2026, 10, 2), "posted_on": date(2026, 10, 8), **payment, **days}
    _pay(october, "NEW", **booked)
    (credit,) = october.credit(rules_of(RULES))
    assert (credit["owner_id"], credit["credit_rule"], credit["reason"]) == (owner, rule, reason)
    assert [credit["employee_id"], credit["partner_id"]] == (
        [None, None] if reason else [owner if owner == "E1" else None, owner if owner == "P1" else None]
    )
    assert credit["share"] == (0 if reason else 1)


def test_a_credit_names_the_version_of_its_rule_and_leaves_out_what_was_forgiven(october, rules_of):
    rules = rules_of(RULES)
    _pay(october, "NEW", account_id="A1", amount=Decimal("100.5"), waiver=Decimal("0.5"))
    (credit,) = october.credit(rules)
    assert credit["recovered"] == Decimal(100)
    assert credit["credit_rule_version"] == rules.credit_rules[1].placed.version.digest
    assert (credit["department_id"], credit["team_id"], credit["segment"]) == ("phone", "T1", "S1")


def test_the_control_is_told_when_a_credit_is_lost(october, rules_of):
    for number in (1, 2):
        _pay(october, f"Y{number}", account_id=f"A{number}", amount=Decimal(7))
    october.credit(rules_of(RULES))
    (whole,) = october.totals()
    assert (whole.credited, whole.uncredited, whole.tie_out) == (Decimal(7), (("house", 1, Decimal(7)),), True)
    _pay(october, "Y3", account_id="A1", amount=Decimal(7))
    (short,) = october.totals()
    assert not short.tie_out


def test_without_a_rule_every_payment_is_uncredited(october, rules_of):
    _pay(october, "NEW", account_id="A1")
    assert [each["reason"] for each in october.credit(rules_of("kpis: []"))] == ["no_rule"]


def _pay(book, payment_id, **given):
    booked = {"account_id": "A1", "paid_on": date(2026, 10, 4), "posted_on": date(2026, 10, 8), "channel": "transfer"}
    book.add("payments", payment_id=payment_id, **(booked | given))
