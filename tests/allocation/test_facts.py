"""What conditions may know of an account besides its columns, one table of rows at a time, on both engines."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from allocation.facts import SCOPE, SOURCES, contact_days, tables_read, with_facts
from domain.sql import TABLES

D = date(2026, 10, 20)
FOREVER = date(9999, 12, 31)
BEFORE, SINCE = datetime(2026, 9, 20, 23), datetime(2026, 9, 21)  # noqa: DTZ001 - 30 days, today included
SEPTEMBER = date(2026, 9, 1)
THE_11TH = date(2026, 10, 11)
VIEWS = ("contacts", "promises", "payments", "dispatch", "parties", "contact_points", "placements", "cases")


def call(at, outcome="no_answer", **given):
    return ("contacts", {"started_wall": at, "channel": "call", "direction": "out", "outcome": outcome, **given})


def at(day, hour=9):
    return datetime(2026, 10, day, hour)  # noqa: DTZ001 - on the debtor's clock


def promise(state, due_on, made_on=SEPTEMBER):
    return ("promises", {"state": state, "due_on": due_on, "made_on": made_on})


def paid(number, posted_on, amount=100, **given):
    return ("payments", {"payment_id": f"P{number}", "posted_on": posted_on, "amount": amount, **given})


def owned(owner, segment, first, end=FOREVER, kind="employee"):
    row = {"owner_kind": kind, "owner_id": owner, "segment": segment, "valid_from": first, "valid_to": end}
    return ("dispatch", row)


def phone(number, role="debtor", **given):
    point = {"contact_point_id": f"N{number}", "party_id": f"X{number}", "kind": "phone", "state": "active", **given}
    return [("parties", {"party_id": f"X{number}", "debtor_id": "D1", "role": role}), ("contact_points", point)]


NEXT = date(2026, 10, 21)
CASES = [
    # attempts count from the last time that the debtor was reached
    ("attempts_unreached_30d", [], 0),
    ("attempts_unreached_30d", [call(at(1)), call(at(2)), call(at(3), channel="bot")], 3),
    ("attempts_unreached_30d", [call(at(1)), call(at(2), "right_party"), call(at(3)), call(at(4), "third_party")], 2),
    ("attempts_unreached_30d", [call(at(3)), call(at(4), "promise", direction="in")], 0),
    ("attempts_unreached_30d", [call(at(3), channel="sms"), call(at(4), direction="in")], 0),
    ("attempts_unreached_30d", [call(BEFORE), call(SINCE)], 1),
    ("reached_30d", [call(at(1), "right_party"), call(at(2), "refused"), call(at(3), "busy")], 2),
    ("broken_promises_90d", [promise("broken", D), promise("broken", NEXT), promise("kept", D)], 1),
    ("broken_promises_90d", [promise("broken", date(2026, 7, 23)), promise("broken", date(2026, 7, 22))], 1),
    ("open_promise", [], False),
    ("open_promise", [promise("open", D)], True),
    ("open_promise", [promise("open", date(2026, 10, 19)), promise("kept", NEXT)], False),
    ("days_since_payment_90d", [], None),
    ("days_since_payment_90d", [paid(1, date(2026, 10, 10)), paid(2, date(2026, 10, 1))], 10),
    ("days_since_payment_90d", [paid(1, date(2026, 10, 10), waiver=100), paid(2, date(2026, 10, 1))], 19),
    ("days_since_payment_90d", [paid(1, date(2026, 10, 10)), paid(2, D, -100, reverses="P1")], None),
    ("days_since_payment_90d", [paid(1, date(2026, 10, 10)), paid(2, NEXT, -100, reverses="P1")], 10),
    ("own_phones", [], 0),
    ("own_phones", [*phone(1), *phone(2, state="unverified"), *phone(3, state="wrong_party")], 2),
    ("own_phones", [*phone(1, "guarantor"), *phone(2, kind="email")], 0),
    ("days_with_owner", [], None),
    ("days_with_owner", [owned("E1", "phone", date(2026, 10, 1))], 20),
    ("days_with_owner", [owned("E2", "phone", SEPTEMBER, THE_11TH), owned("E1", "phone", THE_11TH)], 10),
    ("days_with_owner", [owned("E1", "phone", SEPTEMBER, THE_11TH), owned("E1", "legal", THE_11TH)], 50),
    ("days_in_segment", [owned("E1", "phone", SEPTEMBER, THE_11TH), owned("E1", "legal", THE_11TH)], 10),
    ("days_in_segment", [owned("E1", "phone", SEPTEMBER, THE_11TH), owned("E2", "phone", THE_11TH)], 50),
    ("segment_before", [owned("E1", "phone", SEPTEMBER, NEXT), owned("E1", "legal", NEXT)], "legal"),
    ("days_placed", [("placements", {"placed_on": date(2026, 10, 1)})], 19),
    ("days_placed", [("placements", {"placed_on": date(2026, 10, 1), "recalled_on": NEXT})], None),
    ("days_placed", [("placements", {"placed_on": date(2026, 10, 1), "term_ends_on": NEXT})], None),
    ("earlier_placements", [("placements", {"placed_on": D}), ("placements", {"placed_on": NEXT})], 1),
    ("open_fraud_case", [("cases", {"case_type": "fraud", "opened_on": D})], True),
    ("open_fraud_case", [("cases", {"case_type": "fraud", "opened_on": NEXT})], False),
    ("business_date", [], D),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "expected"), CASES)
def test_facts(shared_engine, name, rows, expected):
    shared_engine.empty("accounts", *VIEWS)
    for number in (1, 2):
        shared_engine.add("accounts", account_id=f"A{number}", debtor_id=f"D{number}")
    for view, row in rows:
        shared_engine.add(view, **{"account_id": "A1", **row})
    accounts = TABLES["accounts"]
    source, names = with_facts({name}, accounts, D)
    statement = sa.select(accounts.c.account_id, names[name].label("fact")).select_from(source)
    found = {row["account_id"]: row["fact"] for row in shared_engine.rows(statement)}
    assert len(found) == 2
    assert found["A1"] == expected, (name, rows)


def test_every_fact_can_be_named_and_says_what_it_reads():
    named = [name for source in SOURCES for name in source.facts]
    assert len(named) == len(set(named))
    assert set(named) <= set(SCOPE)
    assert tables_read({"own_phones", "days_with_owner", "days_past_due"}) == {"contact_points", "parties"}
    assert (contact_days({"reached_30d"}), contact_days({"open_promise"})) == (30, 0)
