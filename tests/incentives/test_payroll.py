"""Postings for the general ledger: a table that finance could check, and what always holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.ledger import BatchKind, EntryType
from incentives.payroll import Accounts, JournalLine, PaidEntry, journal, totals_of_journal

ACCOUNTS = Accounts("6421", "3341", "1388")


def entry(payee: str, amount: int, currency: str = "VND", origin: str = "2026-09") -> PaidEntry:
    return PaidEntry(1, BatchKind.BONUS, payee, "bonus:d", origin, "2026-10", "earning", amount, currency)


@pytest.mark.parametrize(
    ("entries", "posted"),
    [
        ([("E1", 300), ("E2", 200)], [("6421", "CC1", 500, 0), ("3341", "CC1", 0, 500)]),
        ([("E1", 300), ("E2", -500)], [("3341", "CC1", 200, 0), ("6421", "CC1", 0, 200)]),
        ([("E1", 300), ("E2", -300)], []),
        (
            [("E1", 5), ("E9", 7)],
            [("6421", "", 7, 0), ("3341", "", 0, 7), ("6421", "CC1", 5, 0), ("3341", "CC1", 0, 5)],
        ),
    ],
    ids=["pay", "more taken back than paid", "nothing in all", "a payee without a cost centre"],
)
def test_a_journal_by_hand(entries, posted):
    made = journal([entry(*each) for each in entries], {"E1": "CC1", "E2": "CC1"}, ACCOUNTS)
    assert [(line.account, line.cost_centre, line.debit_minor, line.credit_minor) for line in made] == posted


def test_what_could_not_be_deducted_is_owed_by_the_payee_and_no_expense():
    """500 is taken back, 200 of it is carried to a later month: 300 less is paid, and the expense falls by 500."""
    carried = replace(entry("E1", 200), entry_type=EntryType.CARRY_FORWARD)
    made = journal([entry("E1", -500), carried], {"E1": "CC1"}, ACCOUNTS)
    sums = {
        account: sum(signed(line) for line in made if line.account == account) for account in ("1388", "3341", "6421")
    }
    assert sums == {"1388": 200, "3341": 300, "6421": -500}
    assert totals_of_journal(made, ACCOUNTS)["VND"]["owed"] == -300


entries = st.builds(
    entry,
    st.sampled_from(["E1", "E2", "E3"]),
    st.integers(-(10**12), 10**12),
    st.sampled_from(["VND", "CNY"]),
    st.sampled_from(["2026-08", "2026-09"]),
)


@given(found=st.lists(entries, max_size=12))
def test_debits_are_credits_and_both_are_what_was_posted(found):
    made = journal(found, {"E1": "CC1", "E2": "CC2"}, ACCOUNTS)
    totals = totals_of_journal(made, ACCOUNTS)
    assert all(each["debit"] == each["credit"] for each in totals.values())
    for currency in ("VND", "CNY"):
        mine = [line for line in made if line.currency == currency]
        expense = sum(signed(line) for line in mine if line.account == "6421")
        owed = sum(signed(line) for line in mine if line.account == "3341")
        assert expense == -owed == totals.get(currency, {"owed": 0})["owed"]
        assert expense == sum(each.amount_minor for each in found if each.currency == currency)
    assert all(
        min(line.debit_minor, line.credit_minor) == 0 < max(line.debit_minor, line.credit_minor) for line in made
    )


def signed(line: JournalLine) -> int:
    return line.debit_minor - line.credit_minor


@given(found=st.lists(entries, max_size=8), seed=st.randoms())
def test_the_order_of_entries_is_irrelevant(found, seed):
    shuffled = list(found)
    seed.shuffle(shuffled)
    assert journal(shuffled, {}, ACCOUNTS) == journal(found, {}, ACCOUNTS)
