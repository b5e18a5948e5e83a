"""Limits of the law: the SQL finds what the plain reading finds, on both databases, and the house's own have tests."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.rule_files import parse_document
from kpi_rules.breaches import breach_statements
from kpi_rules.limit_language import Per
from kpi_rules.limit_trial import TriedContact, breaks
from kpi_rules.rule_tests import run_rule_tests
from kpi_rules.views import VIEWS

START, AS_OF = date(2026, 10, 1), date(2026, 10, 20)
FIRST = START - timedelta(days=14)
HOLIDAYS = {date(2026, 10, 2), date(2026, 10, 9)}

HEAD = "title: L, owner: o, review_by: 2027-01-01, source: s, severity: hard, jurisdiction: VN"
LIMITS = {
    "hours": "forbids: {kind: outside_hours, starts: '08:00', ends: '20:30'}",
    "until_midnight": "forbids: {kind: outside_hours, starts: '08:00', ends: '24:00'}",
    "days": "forbids: {kind: on_days, weekdays: [sunday, friday], holidays: true}",
    "sundays": "forbids: {kind: on_days, weekdays: [sunday], holidays: false}",
    "never": "where: not duty_to_repay or days_past_due > 90, forbids: {kind: never}",
    "two_a_day": "where: outcome != 'busy', forbids: {kind: more_than, count: 2, per: debtor, days: 1}",
    "none_of_a_number": "forbids: {kind: more_than, count: 0, per: contact_point, days: 1}",
    "three_in_five_days": "where: channel == 'call', forbids: {kind: more_than, count: 3, per: account, days: 5}",
    "two_of_a_party": "forbids: {kind: more_than, count: 2, per: party, days: 14}",
    "after_a_talk": (
        "where: direction == 'out', forbids: {kind: too_soon, days: 3, per: account, after: outcome == 'right_party'}"
    ),
}
DATES = {"sundays": "valid_from: 2026-10-05, valid_to: 2026-10-12", "two_a_day": "valid_from: 2026-10-06"}
TEXT = "limits:\n" + "".join(
    f"  - {{id: {name}, {DATES.get(name, 'valid_from: 2020-01-01')}, {HEAD}, {limit}}}\n"
    for name, limit in LIMITS.items()
)

DEBTOR_OF = {"A1": "D1", "A2": "D1", "A3": "D2", "A4": "D3"}  # A4 is under another law

contact_rows = st.lists(
    st.tuples(
        st.sampled_from([*DEBTOR_OF]),
        st.sampled_from(["P1", "P2", "P3"]),
        st.sampled_from(["N1", None]),
        st.integers(0, 36),
        st.sampled_from([time(7, 59, 59), time(8), time(20, 30), time(20, 30, 1), time(23, 59)]),
        st.sampled_from(["call", "sms"]),
        st.sampled_from(["out", "in"]),
        st.sampled_from(["right_party", "busy"]),
    ),
    max_size=14,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(rows=contact_rows)
def test_sql_and_the_plain_reading_find_the_same_breaches(rows, shared_book, decoded_limits):
    contacts = _contacts(rows)
    _load(shared_book, contacts)
    assert _found(shared_book, decoded_limits) == _expected(decoded_limits, contacts)


def test_postgresql_finds_them_too(postgresql_book, decoded_limits):
    rows = [
        (account, party, point, day, at, "call", direction, outcome)
        for day in range(0, 34, 3)
        for account, party, point, at, direction, outcome in (
            ("A1", "P1", "N1", time(8), "out", "right_party"),
            ("A2", "P2", None, time(20, 31), "in", "right_party"),
            ("A1", "P1", "N1", time(23, 59), "out", "right_party"),
            ("A3", "P3", "N1", time(7, 59), "out", "right_party"),
        )
    ]
    contacts = _contacts(rows)
    _load(postgresql_book, contacts)
    found = _found(postgresql_book, decoded_limits)
    assert found == _expected(decoded_limits, contacts)
    assert {limit for _, limit in found} == {*LIMITS}


@pytest.fixture(scope="session")
def decoded_limits(decoded_rules):
    rules, issues = decoded_rules(TEXT)
    assert issues == ()
    return rules.on(AS_OF).limits


def test_what_is_judged_is_counted_and_named(book, decoded_limits):
    contacts = _contacts(
        [("A1", "P1", "N1", 20, at, "call", "out", "right_party") for at in (time(8), time(9), time(10))]
    )
    _load(book, contacts)
    breaches = [row for row in _breaches(book, decoded_limits) if row["limit_id"] == "two_a_day"]
    assert [(row["contact_id"], row["number"], row["employee_id"]) for row in breaches] == [("C02", 3, "E1")]


def test_without_limits_there_are_no_breaches(book):
    assert _breaches(book, ()) == []


def test_breaches_are_figures_of_whoever_made_the_contact(book, house_rules):
    contacts = _contacts([("A1", "P1", "N1", 20, time(6), "call", "out", "busy"),
                          ("A1", "P1", "N1", 20, time(9), "call", "out", "busy")])  # fmt: skip
    _load(book, contacts)
    book.add("staff_postings", employee_id="E1", team_id="T1", department_id="phone")
    book.add_all("breaches", _breaches(book, house_rules.on(AS_OF).limits))
    figures = book.night(house_rules)
    assert figures.shown("unlawful_contacts", "E1") == "1"
    assert figures.shown("unlawful_contact_rate", "phone") == "1/2"
    assert figures.shown("advised_against_contacts", "portfolio") == "0"


def test_a_test_of_a_limit_that_expects_something_else_fails_at_the_contact(house_rules):
    text = """
tests:
  - name: seven is early
    limit: vn_hours
    given: {direction: out, colour: red}
    contacts:
      - {at: "2026-10-05 06:00", breaks: false}
      - {at: "2026-10-05 07:00", breaks: false}
  - {name: none, limit: vn_hour, contacts: [{at: "2026-10-05 06:00", breaks: false}]}
  - {name: no time, limit: vn_hours, contacts: [{at: "2026-13-05 06:00", breaks: false}]}
"""
    document, issues = parse_document(text, "t.test.yaml")
    assert issues == ()
    found = run_rule_tests(house_rules, [document])
    assert [(issue.code, issue.location.line) for issue in found] == [("RUL005", 10)]
    assert "2026-13-05" in found[0].message
    document, _ = parse_document(text.replace("2026-13", "2026-10"), "t.test.yaml")
    found = run_rule_tests(house_rules, [document])
    assert [(issue.code, issue.location.line) for issue in found] == [("KPI052", 5), ("KPI051", 7), ("KPI050", 9)]


def test_a_limit_that_ended_within_the_month_still_judges_its_days(decoded_rules):
    rules, _ = decoded_rules(TEXT)
    assert "sundays" in {limit.rule.id for limit in rules.on(date(2026, 10, 31)).limits}
    assert "sundays" not in {limit.rule.id for limit in rules.on(date(2026, 11, 1)).limits}


def _contacts(rows):
    """As they were made: the second of two at one moment has the higher id."""
    made = sorted(rows, key=lambda row: (row[3], row[4]))
    return [
        {
            "contact_id": f"C{number:02}",
            "account_id": account,
            "party_id": party,
            "contact_point_id": point,
            "employee_id": "E1",
            "started_at": datetime.combine(FIRST + timedelta(days=day), at),
            "started_wall": datetime.combine(FIRST + timedelta(days=day), at),
            "channel": channel,
            "direction": direction,
            "outcome": outcome,
        }
        for number, (account, party, point, day, at, channel, direction, outcome) in enumerate(made)
    ]


def _load(book, contacts):
    for view in ("contacts", "accounts", "parties", "calendar", "breaches", "staff_postings"):
        book.connection.execute(sa.delete(VIEWS[view]))
    book.add_all("contacts", contacts)
    for number, (account, debtor) in enumerate(DEBTOR_OF.items()):
        law = "CN" if account == "A4" else "VN"
        book.add("accounts", account_id=account, debtor_id=debtor, jurisdiction=law, days_past_due=number * 60)
    book.add("parties", party_id="P1", duty_to_repay=True)
    book.add("parties", party_id="P2", duty_to_repay=False)  # P3 is not known
    for day in HOLIDAYS:
        book.add("calendar", jurisdiction="VN", day=day, name="Holiday", is_working_day=False)
    book.add("calendar", jurisdiction="VN", day=date(2026, 10, 7), name="Make-up workday", is_working_day=True)
    book.add("calendar", jurisdiction="VN", day=date(2026, 10, 10), name=None, is_working_day=False)


def _breaches(book, limits):
    statements = breach_statements(limits, start=START, as_of=AS_OF)
    return [row for statement in statements for row in book.rows(statement)]


def _found(book, limits):
    return {(row["contact_id"], row["limit_id"]) for row in _breaches(book, limits)}


def _expected(limits, contacts):
    judged = [row for row in contacts if row["account_id"] != "A4" and row["started_wall"].date() <= AS_OF]
    tried = [
        TriedContact(
            row["started_wall"],
            {
                Per.DEBTOR: DEBTOR_OF[row["account_id"]],
                Per.ACCOUNT: row["account_id"],
                Per.PARTY: row["party_id"],
                Per.CONTACT_POINT: row["contact_point_id"],
            },
            {
                **row,
                "duty_to_repay": row["party_id"] == "P1",
                "days_past_due": 60 * [*DEBTOR_OF].index(row["account_id"]),
            },
        )
        for row in judged
    ]
    return {
        (row["contact_id"], limit.rule.id)
        for limit in limits
        for row, is_breach in zip(judged, breaks(limit, tried, HOLIDAYS), strict=True)
        if is_breach and row["started_wall"].date() >= START
    }


@pytest.mark.parametrize(("last", "is_breach"), [(14, True), (15, False)], ids=["the fifth day", "the sixth"])
def test_a_window_of_five_days_ends_after_the_fifth(last, is_breach, book, decoded_limits):
    """Three calls on one day; a fourth breaks the limit up to the fourth day after it."""
    rows = [("A1", "P1", "N1", 20, at, "call", "out", "busy") for at in (time(8), time(9), time(10))]
    rows.append(("A1", "P1", "N1", 10 + last, time(8), "call", "out", "busy"))
    _load(book, _contacts(rows))
    assert (("C03", "three_in_five_days") in _found(book, decoded_limits)) is is_breach
