"""What limits leave of a day, beside the slow trial of a contact that somebody would make on it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rule_files import parse_document
from domain.documents import Document
from domain.rules import RuleKind, decode_rules
from kpi_rules.allowance import Left, allowance
from kpi_rules.limit_checks import check_limits
from kpi_rules.limit_language import Limit, Per
from kpi_rules.limit_trial import TriedContact, breaks

DAY = date(2026, 10, 7)  # a Wednesday
ACCOUNT = {"account_id": "A1", "debtor_id": "D1", "jurisdiction": "VN", "product": "card", "consent": False,
           "days_past_due": 40, "status": "open", "hold": "none", "region": "hn", "originator": "x"}  # fmt: skip

HEAD = """\
limits:
  - id: {name}
    title: {name}
    owner: compliance
    valid_from: 2020-01-01
    review_by: 2027-06-30
    source: law
    jurisdiction: VN
    severity: hard
    {where}
    forbids: {forbids}
"""


def limit(forbids, where='where: direction == "out"', name="one"):
    document, issues = parse_document(HEAD.format(name=name, where=where, forbids=forbids), "limit.yaml")
    assert isinstance(document, Document), issues
    placed, issues = decode_rules([document], "limits", RuleKind.LIMIT, Limit)
    checked, found = check_limits(placed)
    assert not [*issues, *found]
    return checked[0]


def left(*limits, used=None, channel="call", account=ACCOUNT, holiday=False):
    return allowance(limits, account, channel, DAY, used or {}, holiday=holiday)


def test_hours_are_those_that_every_limit_allows():
    found = left(
        limit('{kind: outside_hours, starts: "07:00", ends: "21:00"}'),
        limit('{kind: outside_hours, starts: "08:00", ends: "22:00"}', where="where: not consent"),
        limit('{kind: outside_hours, starts: "10:00", ends: "12:00"}', where='where: channel == "sms"'),
    )
    assert (found.starts, found.ends, found.is_allowed) == ("08:00", "21:00", True)


@pytest.mark.parametrize(
    ("forbids", "used", "holiday", "is_allowed"),
    [
        ("{kind: on_days, weekdays: [wednesday], holidays: false}", {}, False, False),
        ("{kind: on_days, weekdays: [sunday], holidays: false}", {}, True, True),
        ("{kind: on_days, weekdays: [], holidays: true}", {}, True, False),
        ("{kind: never}", {}, False, False),
        ("{kind: more_than, count: 2, per: debtor, days: 7}", {("one", "D1"): (2, DAY)}, False, False),
        ("{kind: more_than, count: 2, per: debtor, days: 7}", {("one", "D2"): (2, DAY)}, False, True),
        ("{kind: more_than, count: 2, per: account, days: 7}", {("one", "A1"): (1, DAY)}, False, True),
    ],
)
def test_a_day_may_be_forbidden_or_used_up(forbids, used, holiday, is_allowed):
    assert left(limit(forbids), used=used, holiday=holiday).is_allowed is is_allowed


def test_what_is_left_is_told_with_what_there_is():
    found = left(
        limit("{kind: more_than, count: 5, per: debtor, days: 1}"),
        limit("{kind: more_than, count: 7, per: account, days: 7}"),
        limit("{kind: more_than, count: 6, per: contact_point, days: 1}", name="numbers"),
        used={("one", "A1"): (3, DAY)},
    )
    assert found.left == (Left(5, 5, 1), Left(4, 7, 7))
    assert found.also == ("numbers",)


@given(st.lists(st.integers(1, 9), max_size=6), st.integers(1, 4), st.integers(1, 7))
def test_a_contact_is_allowed_just_where_the_slow_trial_finds_no_breach(ago, count, days):
    """Contacts of earlier days at noon, and one on the day: the trial counts them one by one."""
    one = limit(f"{{kind: more_than, count: {count}, per: debtor, days: {days}}}")
    made = sorted(datetime.combine(DAY - timedelta(days=each), time(12)) for each in ago)
    whose = {Per.DEBTOR: "D1", Per.ACCOUNT: "A1"}
    contacts = [TriedContact(at, whose, {"direction": "out"}) for at in (*made, datetime.combine(DAY, time(12)))]
    counted = sum(at.date() > DAY - timedelta(days=days) for at in made)
    found = left(one, used={("one", "D1"): (counted, DAY)} if counted else {})
    assert found.is_allowed is not breaks(one, contacts, ())[-1]


@pytest.mark.parametrize(("last", "is_allowed"), [(DAY - timedelta(days=6), False), (DAY - timedelta(days=7), True)])
def test_after_a_conversation_the_day_is_given_from_which_it_is_allowed_again(last, is_allowed):
    one = limit("{kind: too_soon, days: 6, per: account, after: 'outcome == \"right_party\"'}")
    found = left(one, used={("one", "A1"): (1, last)})
    assert found.is_allowed is is_allowed
    assert found.blocked == (() if is_allowed else (f"one ({last + timedelta(days=7)})",))
