"""What no price could change is told by itself, with how much is missing."""

import pytest

from allocation.allocate import Asked, prepare
from allocation.recovery import recovery_table
from allocation.shortages import NO_CAPACITY, TOO_LARGE, shortages_of
from allocation.unknown_names import named_in, present_statement, unknown

MINUTES = ("capacity: {by: accounts}", "capacity: {by: minutes, working_days_per_month: 20}")


def accounts(number, **given):
    return [{"account_id": f"A{count:03}", **given} for count in range(number)]


def told(hand, rows, *ends, **given):
    return [str(each) for each in hand.allocate(hand.book(*rows), *ends, **given).summary.shortages]


def test_a_segment_without_any_capacity_is_told_with_its_accounts(hand):
    assert told(hand, accounts(5), hand.collector("E1", 0)) == [
        "segment phone: at most 0 of 5 accounts can be worked: whoever may work 5 of them has no capacity (phone)"
    ]


def test_of_a_segment_only_the_part_without_capacity_counts(hand):
    rows = [{"account_id": f"A{n}", "language": "km" if n < 2 else "vi"} for n in range(5)]
    ends = hand.collector("E1", 9), hand.collector("E2", 0, skills=frozenset({"km"}))
    (short,) = hand.allocate(hand.book(*rows), *ends).summary.shortages
    assert (short.code, short.accounts, short.of) == (NO_CAPACITY, 2, 5)


def test_a_debtor_larger_than_anybody_is_told_with_the_most_that_anybody_has(hand):
    rows = [*accounts(500, debtor_id="D1"), {"account_id": "B1"}]
    made = hand.allocate(hand.book(*rows), hand.collector("E1", 120), hand.collector("E2", 90))
    assert made.summary.violations == ()
    assert [str(each) for each in made.summary.shortages] == [
        (
            "segment phone: debtors with more accounts than anybody has room for (phone): 1, with 500 accounts; "
            "the largest, D1, asks 500, and 120 is the most that anybody has"
        )
    ]


def test_minutes_are_told_where_they_are_counted(hand):
    strategy = hand.strategy(hand.text.replace(*MINUTES))
    (short,) = told(hand, accounts(3, debtor_id="D1"), hand.collector("E1", 99, minutes_per_day=2), strategy=strategy)
    assert "asks 3 (60 minutes), and 2 (40 minutes) is the most" in short


@pytest.mark.parametrize("share", ["0", "0.20"])
def test_what_partners_may_have_of_a_segment_bounds_their_room(hand, share):
    strategy = hand.strategy(hand.text.replace("share_at_most: 0.50", f"share_at_most: {share}"))
    rows = accounts(10, debtor_id="D1", segment="legal", days_past_due=200)
    (short,) = hand.allocate(hand.book(*rows), hand.partner("P1", 50), strategy=strategy).summary.shortages
    assert (short.code, short.room) == ((NO_CAPACITY, 0) if share == "0" else (TOO_LARGE, 2))


@pytest.mark.parametrize("number", [0, 2])
def test_where_there_is_room_for_each_debtor_nothing_is_told(hand, number):
    """Also where there is no room for all of them: that is a matter of price."""
    assert told(hand, accounts(number), hand.collector("E1", 1)) == []


def test_nobody_who_may_work_it_is_another_reason(hand):
    assert told(hand, accounts(2, language="km"), hand.collector("E1", 5)) == []


def test_one_account_is_told_its_own_reason(hand):
    rows = [*accounts(4, debtor_id="D1"), *({"account_id": f"B{n}", "debtor_id": "D2"} for n in range(3)),
            {"account_id": "C1"}]  # fmt: skip
    strategy = hand.strategy()
    book, ends = hand.book(*rows), (hand.collector("E1", 2),)
    known = prepare(Asked(book, hand.barred(), ends, strategy, recovery_table(strategy, [])))
    found = {name: shortages_of(known.book, strategy, known.work, name) for name in ("A000", "B1", "C1", "Z9")}
    assert [(one.largest, one.asked, one.room, one.debtors) for one in found["B1"]] == [("D2", 3, 2, 1)]
    assert [one.largest for one in found["A000"]] == ["D1"]
    assert (found["C1"], found["Z9"]) == ((), ())


NAMES = """\
    conflicts:
      - {employee: E1, debtors: [D1]}
      - {employee: E9999, debtors: [NOPE]}
      - {partner: P9, debtors: [D1]}
    quotas:
      - {partner: P1, at_least_number: 1}
      - {partner: P9, at_least_number: 1}
    segments:"""


def test_who_is_named_and_in_no_extract_is_told_with_where(hand, engine):
    named = named_in(hand.strategy(hand.text.replace("    segments:", NAMES, 1)))
    engine.add("employees", employee_id="E1")
    engine.add("partners", partner_id="P1", active_to=hand.day)  # its contract is over: it is known all the same
    present = engine.rows(present_statement(named))
    assert unknown(named, present) == ("employee E9999 (conflicts)", "partner P9 (conflicts, quotas)")
