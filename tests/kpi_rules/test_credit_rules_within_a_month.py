"""Credit rules that change within a month: each payment goes by the rule of the day on which it was booked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.rules import version_digest
from kpi_rules.credits import contact_days_before, credits_read, first_payment_day
from kpi_rules.explanations import explain

AS_OF = date(2026, 10, 20)
OWNER, HOUSE = "{kind: owner, date: paid_on}", "{kind: house}"
CALLER = "{kind: last_contact, within_days: 9, otherwise: {kind: house}}"
RECOVERED = """
kpis:
  - {id: recovered, title: T, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: money, good: higher,
     grains: [employee, portfolio], type: simple, dataset: credits, measure: sum, of: recovered}
"""


def rule(to, begins="2026-01-01", ends="", *, name="r", order=1, keys=""):
    ends = f"valid_to: {ends}, " if ends else ""
    head = f"id: {name}, title: T, owner: o, valid_from: {begins}, {ends}review_by: 2027-01-01, look_back_days: 60"
    return f"  - {{{head}, order: {order}, to: {to}{keys}}}\n"


def changed(changes="", since=HOUSE):
    """The owner has the credit; since the 11th the house."""
    keys = f", changes: {changes}" if changes else ""
    return f"credit_rules:\n{rule(OWNER, ends='2026-10-11')}{rule(since, '2026-10-11', keys=keys)}"


@pytest.fixture
def till(book):
    book.add("dispatch", account_id="A1", owner_kind="employee", owner_id="E1", valid_to=date(9999, 12, 31))
    return book


def pay(book, payment_id, posted, paid=None, amount=1, **given):
    days = {"posted_on": date.fromisoformat(f"2026-{posted}"), "paid_on": date.fromisoformat(f"2026-{paid or posted}")}
    book.add("payments", payment_id=payment_id, account_id="A1", amount=Decimal(amount), **days, **given)


def had(book, rules):
    return {each["payment_id"]: each["employee_id"] or each["reason"] for each in book.credit(rules)}


@pytest.mark.parametrize(
    ("changes", "first", "last"),
    [("", "E1", "house_rule"), ("by_days", "E1", "house_rule"), ("whole_month", "house_rule", "house_rule")],
)
def test_a_payment_goes_by_the_rule_of_the_day_on_which_it_was_booked(changes, first, last, till, rules_of):
    pay(till, "first", "10-10")
    pay(till, "late", "10-11", paid="10-02")  # paid before the change, and booked after it
    pay(till, "last", "10-20")
    assert had(till, rules_of(changed(changes))) == {"first": first, "late": last, "last": last}


def test_each_credit_names_the_version_that_made_it_and_all_of_them_are_reached(till, rules_of):
    rules = rules_of(changed())
    pay(till, "first", "10-10")
    pay(till, "last", "10-11")
    digests = [version_digest(each.rule) for each in rules.credit_rules]
    assert {each["payment_id"]: each["credit_rule_version"] for each in till.credit(rules)} == {
        "first": digests[0], "last": digests[1]}  # fmt: skip
    assert {version.digest for version in rules.on(AS_OF).versions()} == {*digests}
    assert {version.digest for version in rules.on(date(2026, 11, 3)).versions()} == {digests[1]}
    assert len(rules_of(changed("whole_month")).on(AS_OF).versions()) == 1


def test_a_reversal_takes_back_what_was_credited_by_the_rule_of_its_payment(till, rules_of):
    pay(till, "first", "10-10", amount=7)
    pay(till, "back", "10-15", amount=-7, reverses="first")
    credit = {each["payment_id"]: each for each in till.credit(rules_of(changed()))}
    assert (credit["back"]["employee_id"], credit["back"]["recovered"]) == ("E1", -7)
    assert credit["back"]["credit_rule_version"] == credit["first"]["credit_rule_version"]


def test_what_no_earlier_month_has_credited_goes_by_the_rules_of_the_first(till, rules_of):
    pay(till, "september", "09-20", amount=7)
    for day, name in (("10-05", "before"), ("10-15", "after")):
        pay(till, name, day, amount=-7, reverses="september")
    assert had(till, rules_of(changed())) == {"before": "E1", "after": "E1"}
    assert had(till, rules_of(changed("whole_month"))) == {"before": "house_rule", "after": "house_rule"}


def test_a_rule_that_begins_or_ends_within_the_month_counts_from_then_and_until_then(till, rules_of):
    ends = rule(HOUSE, ends="2026-10-05", name="ends", order=1)
    begins = rule(HOUSE, "2026-10-11", name="begins", order=2)
    rules = rules_of(f"credit_rules:\n{ends}{begins}{rule(OWNER, name='always', order=3)}")
    for day in ("10-04", "10-05", "10-10", "10-11"):
        pay(till, day, day)
    assert had(till, rules) == {"10-04": "house_rule", "10-05": "E1", "10-10": "E1", "10-11": "house_rule"}


def test_a_rule_for_the_whole_month_that_has_ended_counts_for_none_of_it(till, rules_of):
    ends = rule(HOUSE, ends="2026-10-15", name="ends", keys=", changes: whole_month")
    pay(till, "first", "10-04")
    assert had(till, rules_of(f"credit_rules:\n{ends}{rule(OWNER, name='always', order=2)}")) == {"first": "E1"}


def test_payments_lie_along_the_accounts_only_while_a_rule_spreads_them(till, rules_of):
    """A later rule does not move what an earlier one has spread."""
    for account, past_due in (("A1", 5), ("A2", 60)):
        till.add("accounts_opening", account_id=account, debtor_id="D", days_past_due=past_due, overdue_amount=10)
    till.add("dispatch", account_id="A2", owner_kind="employee", owner_id="E2", valid_to=date(9999, 12, 31))
    over = rule(OWNER, ends="2026-10-11", keys=", over_accounts: oldest_first")
    rules = rules_of(f"credit_rules:\n{over}{rule(OWNER, '2026-10-11')}")
    pay(till, "Y1", "10-10", amount=8)
    pay(till, "Y2", "10-11", amount=8)
    lines = [(each["payment_id"], each["account_id"], each["recovered"]) for each in till.credit(rules)]
    assert lines == [("Y1", "A2", 8), ("Y2", "A1", 8)]


def test_the_session_is_told_what_any_rule_of_the_month_looks_for(rules_of):
    rules = rules_of(f"credit_rules:\n{rule(CALLER, ends='2026-10-11')}{rule(OWNER, '2026-10-11')}")
    assert contact_days_before(rules, AS_OF) == 9
    assert "contacts" in credits_read(rules, AS_OF)
    later = date(2026, 11, 3)
    assert (contact_days_before(rules, later), "contacts" in credits_read(rules, later)) == (0, False)
    assert first_payment_day(rules, start=date(2026, 10, 1), as_of=AS_OF) == date(2026, 8, 2)


def test_the_explanation_of_money_names_the_rules_and_their_days(till, rules_of):
    rules = rules_of(RECOVERED + changed())
    pay(till, "first", "10-10")
    lines = [line for line in explain(till.night(rules).of("recovered", "E1", "VND"), rules).splitlines()
             if line.startswith("credit rule")]  # fmt: skip
    assert [line.partition(", version")[0] for line in lines] == [
        "credit rule of 2026-10-01 to 2026-10-10: a.yaml:6:10",
        "credit rule of 2026-10-11 to 2026-10-20: a.yaml:7:10",
    ]
    always = rules_of(RECOVERED + f"credit_rules:\n{rule(OWNER)}")
    assert "credit rule" not in explain(till.night(always).of("recovered", "E1", "VND"), always)
