"""Who a payment counts for, and why for nobody."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from kpi_rules.credits import credits_read
from kpi_rules.views import VIEWS

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
    assert (credit["line"], credit["share"]) == (1, 1)


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


TAKER = "{kind: promise_taker, grace_days: 2, otherwise: {kind: house}}"
HALVES = f"{{kind: split, parts: [{{share: 0.5, to: {{kind: owner, date: paid_on}}}}, {{share: 0.5, to: {TAKER}}}]}}"


def _one_rule(to, over=""):
    return f"credit_rules:\n  - {{id: r, {HEAD}, order: 1, look_back_days: 60, to: {to}{over}}}\n"


def _lines(made):
    return [(each["line"], each["account_id"], each["employee_id"] or each["partner_id"] or each["reason"],
             f"{each['recovered'].normalize():f}") for each in made]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "paid_on", "lines"),
    [
        ("{kind: last_contact, within_days: 4, otherwise: {kind: house}}", "10-08", [(1, "A1", "E7", "99")]),
        ("{kind: last_contact, within_days: 4, otherwise: {kind: house}}", "10-09", [(1, "A1", "no_contact", "99")]),
        ("{kind: last_contact, within_days: 0, otherwise: {kind: owner, date: paid_on}}", "10-05",
         [(1, "A1", "P1", "99")]),
        ('{kind: last_contact, within_days: 4, where: channel == "call", otherwise: {kind: house}}', "10-05",
         [(1, "A1", "E8", "99")]),
        ("{kind: last_contact, within_days: 4, otherwise: {kind: house}}", "10-03",
         [(1, "A1", "E8", "99")]),  # not of the day after
        (TAKER, "10-09", [(1, "A1", "E9", "99")]),  # due on the 7th, and two days of grace
        (TAKER, "10-10", [(1, "A1", "no_promise", "99")]),
        (HALVES, "10-06", [(1, "A1", "P1", "50"), (2, "A1", "E9", "49")]),  # the đồng left over: to the part above
        (HALVES, "10-10", [(1, "A1", "P1", "50"), (2, "A1", "no_promise", "49")]),
        ("{kind: handover, within_days: 3, before: 0.4}", "10-07", [(1, "A1", "E1", "40"), (2, "A1", "P1", "59")]),
        ("{kind: handover, within_days: 3, before: 0.4}", "10-08", [(1, "A1", "P1", "99")]),
        ("{kind: handover, within_days: 3, before: 0.4}", "10-04", [(1, "A1", "E1", "99")]),
        ("{kind: handover, within_days: 3, before: 0.4, to_department: field}", "10-07", [(1, "A1", "P1", "99")]),
    ],
)  # fmt: skip
def test_a_rule_says_who_beside_the_owner_has_the_credit(rule, paid_on, lines, october, rules_of):
    """E7 wrote on the 4th, E8 called on the 1st and 2nd, E9 took a promise on the 3rd."""
    for number, who, day, channel in ((1, "E7", 4, "sms"), (2, "E8", 2, "call"), (3, "E8", 1, "call")):
        at = datetime.fromisoformat(f"2026-10-0{day} 10:00")
        october.add("contacts", contact_id=f"C{number}", account_id="A1", employee_id=who, started_at=at,
                    started_wall=at, channel=channel)  # fmt: skip
    october.add("promises", promise_id="M1", account_id="A1", employee_id="E9", made_on=date(2026, 10, 3),
                due_on=date(2026, 10, 7))  # fmt: skip
    day = date.fromisoformat(f"2026-{paid_on}")
    _pay(october, "NEW", paid_on=day, posted_on=day, amount=Decimal(99))
    assert _lines(october.credit(rules_of(_one_rule(rule)))) == lines


def test_a_payment_fills_the_oldest_account_of_its_debtor_first_and_no_later_payment_moves_it(october, rules_of):
    for account, age, due in (("A1", 10, 30), ("A2", 90, 50)):
        october.add("accounts_opening", account_id=account, debtor_id="D", days_past_due=age,
                    overdue_amount=Decimal(due))  # fmt: skip
    _pay(october, "Y1", amount=Decimal(60))
    rules = rules_of(_one_rule("{kind: owner, date: paid_on}", ", over_accounts: oldest_first"))
    first = [(1, "A2", "house", "50"), (2, "A1", "E1", "10")]
    assert _lines(october.credit(rules)) == first
    _pay(october, "Y2", account_id="A2", amount=Decimal(45))
    assert _lines(october.credit(rules)) == [*first, (1, "A1", "E1", "20"), (2, "A2", "house", "25")]


def test_what_an_earlier_month_credited_is_taken_back_from_whoever_had_it(october, rules_of):
    """In September half was the promise taker's; in October the rule has changed, and the promise is forgotten."""
    first = date(2026, 9, 10)
    october.add("promises", promise_id="M1", account_id="A1", employee_id="E9", made_on=first, due_on=first)
    _pay(october, "OLD", paid_on=first, posted_on=first, amount=Decimal(100))
    september = october.credit(rules_of(_one_rule(HALVES)), date(2026, 9, 1), date(2026, 9, 30))
    assert _lines(september) == [(1, "A1", "E1", "50"), (2, "A1", "E9", "50")]
    october.connection.execute(sa.delete(VIEWS["promises"]))
    october.add_all("credits_before", september)
    _pay(october, "BACK", reverses="OLD", paid_on=date(2026, 10, 2), posted_on=date(2026, 10, 6), amount=Decimal(-100))
    now = october.credit(rules_of(RULES))
    assert _lines(now) == [(1, "A1", "E1", "-50"), (2, "A1", "E9", "-50")]
    assert {each["posted_on"] for each in now} == {date(2026, 10, 6)}
    assert {each["credit_rule"] for each in now} == {"r"}


def test_what_was_credited_before_the_look_back_is_taken_back_from_nobody(october, rules_of):
    old = date(2026, 8, 31)  # the rules look back 30 days from the first of October
    _pay(october, "OLD", paid_on=old, posted_on=old)
    august = october.credit(rules_of(RULES), date(2026, 8, 1), old)
    october.add_all("credits_before", august)
    _pay(october, "BACK", reverses="OLD", amount=Decimal(-100))
    assert [each["reason"] for each in october.credit(rules_of(RULES))] == ["original_unknown"]


def test_a_reversal_of_a_part_takes_back_the_last_line_first(october, rules_of):
    october.add("promises", promise_id="M1", account_id="A1", employee_id="E9", made_on=date(2026, 10, 1),
                due_on=date(2026, 10, 9))  # fmt: skip
    _pay(october, "NEW", amount=Decimal(100))
    _pay(october, "PART", reverses="NEW", amount=Decimal(-60))
    _, _, *back = _lines(october.credit(rules_of(_one_rule(HALVES))))
    assert back == [(1, "A1", "E1", "-10"), (2, "A1", "E9", "-50")]


def test_a_table_of_which_credits_are_made_by_the_rules_halts_them(rules_of):
    halted = rules_of(_one_rule(TAKER)), rules_of(_one_rule("{kind: owner, date: paid_on}"))
    assert ["promises" in credits_read(rules, date(2026, 10, 20)) for rules in halted] == [True, False]
