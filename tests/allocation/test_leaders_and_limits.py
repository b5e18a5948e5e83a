"""What leaders decide meets quotas, shares of segments, and debtors that have one owner."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from allocation.partner_limits import partner_limits
from allocation.pins import Pin
from allocation.reassign import Situation, faults, handed_over
from allocation.rows import read_book
from domain.reassignments import Reassigned
from domain.worklists import Promised, urgency
from tests.allocation.conftest import (
    STRATEGY,
    allocate_by_hand,
    barred_of,
    book_of,
    collector,
    owners,
    partner,
    reasons,
    strategy_of,
)

P1, P2, LAW = partner("P1", 9), partner("P2", 9), collector("Law", 9, "legal")


def strategy_with(*quotas, share="1"):
    text = STRATEGY.replace("share_at_most: 0.50", f"share_at_most: {share}")
    listed = "".join(f"      - {quota}\n" for quota in quotas)
    return strategy_of(text.replace("    segments:\n", f"    quotas:\n{listed}    segments:\n") if quotas else text)


def legal(account, owner, **other):
    kind, _, name = owner.partition(":")
    return {"account_id": account, "segment": "legal", "owner_kind": kind, "owner_id": name, **other}


BOOK = (legal("A", "employee:Law"), legal("B", "employee:Law"), legal("C", "partner:P1"), legal("D", "partner:P2"))


def refused(strategy, wanted, rows=BOOK):
    ends = tuple(sorted((P1, P2, LAW), key=lambda end: (end.kind, end.id)))
    book = read_book(book_of(*rows), barred_of(), ends, strategy)
    accounts = {row["account_id"]: {**row, "arm": None} for row in book_of(*rows).to_pylist()}
    situation = Situation(strategy, {end.key: end for end in ends}, accounts, {},
                          partner_limits=partner_limits(book, ends, strategy))  # fmt: skip
    asked = [Reassigned(account, *owner.split(":")) for account, owner in wanted.items()]
    return [str(issue) for issue in faults(situation, asked)]


@pytest.mark.parametrize(
    ("quota", "wanted", "told"),
    [
        ("{partner: P1, at_most: 0.50}", {"A": "partner:P1"}, None),
        ("{partner: P1, at_most: 0.25}", {"A": "partner:P1"}, "would come to 2, and 1 is the most"),
        ("{partner: P1, at_most_number: 2}", {"A": "partner:P1", "B": "partner:P1"}, "come to 3, and 2 is the most"),
        ("{partner: P1, at_most_number: 1}", {"A": "partner:P1", "C": "employee:Law"}, None),
        ("{partner: P1, at_most_number: 1, segments: [legal]}", {"A": "partner:P1"}, "come to 2, and 1 is the most"),
        ("{partner: P1, at_least_number: 1}", {"C": "employee:Law"}, "be left with 0, and 1 is the least"),
        ("{partner: P1, at_least_number: 1}", {"D": "employee:Law"}, None),
        (
            "{partner: P1, by: balance, at_most_number: 1999}",
            {"A": "partner:P1"},
            "come to 2,000, and 1,999 is the most",
        ),
        ("{partner: P1, by: balance, at_most_number: 2000}", {"A": "partner:P1"}, None),
    ],
)
def test_an_override_that_breaks_a_quota_is_refused(quota, wanted, told):
    found = refused(strategy_with(quota), wanted)
    assert len(found) == (told is not None)
    assert all("DSP019" in one and told in one for one in found)


def test_what_partners_share_of_a_segment_counts_all_of_them():
    """Two of four are with partners, and half is the most."""
    (told,) = refused(strategy_with(share="0.50"), {"A": "partner:P2"})
    assert told == (
        "partners:legal DSP019 would come to 3, and 2 is the most. Name others or fewer, or change the strategy"
    )
    assert refused(strategy_with(share="0.50"), {"C": "partner:P2"}) == []


def test_what_was_broken_before_may_be_made_better():
    strategy = strategy_with("{partner: P1, at_most_number: 1}")
    rows = (legal("A", "partner:P1"), legal("B", "partner:P1"), legal("C", "partner:P1"))
    assert refused(strategy, {"A": "employee:Law"}, rows) == []
    assert refused(strategy, {"A": "employee:Law", "B": "employee:Law"}, rows) == []


def test_a_partner_may_be_left_with_its_least():
    strategy = strategy_with("{partner: P1, at_least_number: 2}")
    rows = (legal("A", "partner:P1"), legal("B", "partner:P1"), legal("C", "partner:P1"))
    assert refused(strategy, {"A": "employee:Law"}, rows) == []
    assert len(refused(strategy, {"A": "employee:Law", "B": "employee:Law"}, rows)) == 1


def test_a_night_tells_a_quota_that_kept_accounts_have_passed():
    """Both were given to P1 by override, and one is the most."""
    pins = {"A": Pin("partner:P1", "override:1"), "B": Pin("partner:P1", "override:1")}
    strategy = strategy_with("{partner: P1, at_most_number: 1}")
    made = allocate_by_hand(book_of(*BOOK[:2]), LAW, P1, strategy=strategy, pins=pins)
    assert made.summary.violations == ("quota:P1:all:accounts: 2 where 1 is the most",)
    assert [(one.asked, one.reached) for one in made.summary.unkept] == [(1, 2)]


HAN, LAN = collector("Han", 9), collector("Lan", 9)
GIVEN = {"A": Pin("employee:Lan", "override:3")}


def phone(account, debtor="D", **other):
    return {"account_id": account, "debtor_id": debtor, "owner_kind": "employee", "owner_id": "Han", **other}


def test_new_accounts_of_a_debtor_follow_the_one_whom_a_leader_gave_to_somebody():
    book = book_of(phone("A"), phone("B", owner_kind=None, owner_id=None), phone("C", "E"))
    made = allocate_by_hand(book, HAN, LAN, pins=GIVEN)
    assert owners(made) == {"A": "Lan", "B": "Lan", "C": "Han"}
    assert reasons(made) == {"A": "override:3", "B": "with_debtor", "C": "kept_owner"}


@pytest.mark.parametrize("worst", ["A", "B"])
def test_accounts_follow_in_the_segment_of_the_worst(worst):
    """One is over 90 days and legal's, the other was by telephone; both go as one, whichever of them was given away."""
    other = "B" if worst == "A" else "A"
    book = book_of(phone(other, days_past_due=40), phone(worst, days_past_due=95, segment="legal"))
    made = allocate_by_hand(book, HAN, LAN, LAW, pins=GIVEN)
    assert made.accounts["segment"].to_pylist() == ["legal", "legal"]
    assert set(owners(made).values()) == {"Lan"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (phone("B", currency="CNY"), "kept_owner"),
        (phone("B", not_worked="held:dispute"), "held:dispute"),
        (phone("B", segment="current"), "held:current"),
        (phone("B", stays=True), "stays_with_owner"),
    ],
)
def test_what_is_no_part_of_it_does_not_follow(row, reason):
    assert reasons(allocate_by_hand(book_of(phone("A"), row), HAN, LAN, pins=GIVEN))["B"] == reason


def test_nobody_follows_to_whom_is_barred_from_the_account():
    made = allocate_by_hand(
        book_of(phone("A"), phone("B")), HAN, LAN, pins=GIVEN, barred=barred_of(("B", "employee:Lan"))
    )
    assert owners(made) == {"A": "Lan", "B": "Han"}


def test_nobody_follows_where_a_debtor_may_have_several_owners():
    several = strategy_of(STRATEGY.replace("one_owner_per_debtor: true", "one_owner_per_debtor: false"))
    made = allocate_by_hand(book_of(phone("A"), phone("B")), HAN, LAN, pins=GIVEN, strategy=several)
    assert owners(made) == {"A": "Lan", "B": "Han"}


def test_of_two_decisions_the_one_on_the_worst_account_counts():
    pins = {**GIVEN, "C": Pin("employee:Han", "override:4")}
    book = book_of(phone("A", days_past_due=40), phone("B"), phone("C", days_past_due=41, overdue_amount=Decimal(1)))
    assert owners(allocate_by_hand(book, HAN, LAN, pins=pins)) == {"A": "Lan", "B": "Han", "C": "Han"}


def handover(rows, *takers, urgent="", strategy=None, drawn="", used=None):
    """What Law's colleagues take over, and what stays with Law, in order."""
    strategy = strategy or strategy_with()
    ends = tuple(sorted({P1, P2, LAW, *takers}, key=lambda end: (end.kind, end.id)))
    book = book_of(*rows)
    arms = dict.fromkeys(drawn, "calls:late")
    accounts = {row["account_id"]: {**row, "arm": arms.get(row["account_id"])} for row in book.to_pylist()}
    limits = partner_limits(read_book(book, barred_of(), ends, strategy), ends, strategy)
    situation = Situation(strategy, {end.key: end for end in ends}, accounts, used or {}, partner_limits=limits)
    given, stays = handed_over(situation, "Law", takers, urgent)
    assert faults(situation, given) == ()
    return {each.account_id: each.owner_id for each in given}, [
        (issue.location.path.removeprefix("account "), issue.code) for issue in stays
    ]


def test_a_handover_leaves_out_what_was_drawn_for_measuring():
    rows = [legal(name, "employee:Law") for name in "AB"]
    assert handover(rows, collector("Else", 9, "legal"), drawn="A") == ({"B": "Else"}, [("A", "DSP006")])


OF_LAW = [legal(name, "employee:Law") for name in "ABCD"]
OF_ONE_DEBTOR = [legal(name, "employee:Law", debtor_id="X" if name in "AD" else name) for name in "ABCD"]


@pytest.mark.parametrize(
    ("rows", "room", "urgent", "given", "stays"),
    [
        (OF_LAW, 2, "DBCA", "BD", [("C", "DSP005"), ("A", "DSP005")]),
        (OF_LAW, 2, "", "AB", [("C", "DSP005"), ("D", "DSP005")]),
        (OF_LAW, 1, "C", "C", [("A", "DSP005"), ("B", "DSP005"), ("D", "DSP005")]),
        (OF_LAW, 4, "DBCA", "ABCD", []),
        (OF_LAW, 0, "BADC", "", [("B", "DSP005"), ("A", "DSP005"), ("D", "DSP005"), ("C", "DSP005")]),
        (OF_ONE_DEBTOR, 3, "BDCA", "ABD", [("C", "DSP005")]),
        (OF_ONE_DEBTOR, 1, "DBCA", "B", [("D", "DSP005"), ("A", "DSP005"), ("C", "DSP005")]),
    ],
)
def test_a_handover_gives_what_fits_the_most_urgent_first_and_the_rest_stays(rows, room, urgent, given, stays):
    """Of a full colleague's nine places `room` are free; a debtor is given whole or not at all."""
    taker = collector("Else", 9, "legal")
    found = handover(rows, taker, urgent=urgent, used={taker.key: 9 - room})
    assert found == (dict.fromkeys(given, "Else"), stays)
    assert handover(rows[::-1], taker, urgent=urgent, used={taker.key: 9 - room}) == found


def test_what_was_promised_is_taken_over_before_what_is_worth_most_unless_it_is_due_after_the_return():
    promises = [
        None,
        Promised(date(2026, 9, 11), Decimal(1), "VND", is_broken=False),
        Promised(date(2026, 9, 10), Decimal(1), "VND", is_broken=False),
        Promised(date(2026, 8, 30), Decimal(1), "VND", is_broken=True),
    ]
    assert [urgency(each, date(2026, 9, 10)) for each in promises] == [2, 3, 1, 0]


def test_what_nobody_may_have_stays_and_takes_no_room():
    rows = [legal("A", "employee:Law", jurisdiction="CN"), legal("B", "employee:Law")]
    assert handover(rows, collector("Else", 1, "legal"), urgent="AB") == ({"B": "Else"}, [("A", "DSP004")])


def test_a_partner_takes_over_no_more_than_its_quota():
    strategy = strategy_with("{partner: P1, at_most_number: 2}")
    assert handover(OF_LAW, P1, urgent="DCBA", strategy=strategy) == (
        {"D": "P1", "C": "P1"},
        [("B", "DSP019"), ("A", "DSP019")],
    )


@pytest.mark.parametrize(
    "kept", [{"placed_with": "P1"}, {"segment": "current", "days_past_due": 0}], ids=["placed", "held"]
)
def test_what_is_not_decided_with_the_other_accounts_of_its_debtor_keeps_its_own_segment(kept):
    """A placement goes on in the segment in which it was made, whatever else the debtor owes."""
    other = phone("B", days_past_due=80)
    rows = book_of(legal("A", "partner:P1", debtor_id="D", **kept), other).to_pylist()
    accounts = {row["account_id"]: {**row, "arm": None} for row in rows}
    situation = Situation(strategy_with(), {end.key: end for end in (HAN, P1)}, accounts, {})
    mine = situation.accounts["A"]
    assert situation.worked_as(mine) is mine
    assert "department: is in phone, segment" in situation.barrier(mine, HAN)
    assert situation.barrier(situation.accounts["B"], HAN) == ""
