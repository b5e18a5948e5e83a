"""Placements, and claims that disagree with the books as often as the summary says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a claim file with the booking of the same account and day that is nearest in amount, if any."""

    account_id: str
    claimed_on: date
    month: date
    paid_on: date
    amount: Decimal
    booked: Decimal | None
    reversed_on: date | None
    placed: bool


@pytest.fixture(scope="session")
def lines(book) -> list[Line]:
    return [
        Line(*row)
        for row in book.rows("""
        SELECT c.account_id, c.claimed_on, c.month, c.paid_on, c.amount, p.amount - p.waiver, r.posted_on,
            EXISTS (FROM placements AS l WHERE l.landed_on = c.landed_on AND l.account_id = c.account_id
                AND l.partner_id = c.partner_id AND l.placed_on <= c.paid_on
                AND coalesce(l.recalled_on > c.paid_on, true))
        FROM partner_claims AS c
        LEFT JOIN payments AS p ON p.account_id = c.account_id AND p.paid_on = c.paid_on AND p.amount > 0
        LEFT JOIN payments AS r ON r.reverses = p.payment_id
        QUALIFY row_number() OVER (PARTITION BY c.claim_id ORDER BY abs(p.amount - c.amount)) = 1
        ORDER BY c.claim_id""")
    ]


def test_the_lines_that_disagree_are_those_counted(book, lines):
    """Every line is classed from claims, bookings and placements alone."""
    seen: set[tuple[str, date, Decimal]] = set()
    found: Counter[str] = Counter()
    for line in lines:
        key = (line.account_id, line.paid_on, line.amount)
        found["duplicate" if key in seen else _kind(line)] += 1
        seen.add(key)
    planted = {kind: count for kind, count in book.summary.disagreements.items() if kind != "not claimed"}
    del found["agrees"]
    assert found == planted
    assert set(planted) == {"after recall", "amount", "duplicate", "not in the books", "period", "reversed"}


def test_most_lines_agree(book, lines):
    planted = sum(count for kind, count in book.summary.disagreements.items() if kind != "not claimed")
    assert planted < len(lines) // 3


def test_claims_come_on_the_third_for_the_month_before(lines):
    assert {line.claimed_on for line in lines} == {date(2026, 10, 3), date(2026, 11, 3)}
    assert all(line.month < line.claimed_on.replace(day=1) for line in lines)


def test_a_claim_that_names_a_booking_names_one_of_its_account(book):
    assert (
        book.value("""
        SELECT count(*) FROM partner_claims AS c LEFT JOIN payments AS p USING (payment_id)
        WHERE c.payment_id IS NOT NULL AND p.account_id IS DISTINCT FROM c.account_id""")
        == 0
    )


def test_an_account_is_with_one_partner_at_a_time_of_its_own_jurisdiction(book):
    last = f"landed_on = DATE '{book.plan.end}'"
    assert (
        book.value(f"""
        SELECT count(*) FROM (FROM placements WHERE {last}) AS a JOIN (FROM placements WHERE {last}) AS b
            ON a.account_id = b.account_id AND a.placement_number < b.placement_number
        WHERE coalesce(a.recalled_on > b.placed_on, true)""")
        == 0
    )
    assert (
        book.value("""
        SELECT count(*) FROM placements AS l JOIN partners AS p USING (partner_id, landed_on)
        JOIN accounts AS a USING (account_id, landed_on) WHERE p.jurisdiction <> a.jurisdiction""")
        == 0
    )


def test_placements_are_of_debts_over_half_a_year_old_and_some_are_recalled(book):
    last = f"FROM placements WHERE landed_on = DATE '{book.plan.end}'"
    assert book.value(f"SELECT min(days_past_due_at_placement) {last}") > 180
    assert book.value(f"SELECT count(*) {last} AND recalled_on < term_ends_on") > 0
    assert book.value(f"SELECT count(*) {last} AND (recalled_on IS NULL) <> (recall_reason IS NULL)") == 0
    assert book.value(f"SELECT count(*) {last} AND placement_number > 1") > 0


def test_no_partner_in_vietnam_is_an_agency(book):
    kinds = {kind for (kind,) in book.rows("SELECT DISTINCT legal_type FROM partners WHERE jurisdiction = 'VN'")}
    assert kinds <= {"law_firm", "asset_manager"}


def _kind(line: Line) -> str:
    if line.booked is None:
        return "not in the books"
    if line.reversed_on is not None and line.reversed_on < line.claimed_on:
        return "reversed"
    if not line.placed:
        return "after recall"
    if line.month != line.paid_on.replace(day=1):
        return "period"
    return "amount" if line.amount != line.booked else "agrees"
