"""Balances, days past due and payments agree with each other, day by day."""

from __future__ import annotations

import calendar
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapters.demo.derive_roll_rates import derive
from adapters.demo.roll_rates import PARTS, ROLL_RATES

CARDS = Path(__file__).parents[4] / "shared" / "data" / "taiwan-cards" / "cards.csv.gz"

DAY_BY_DAY = """
    WITH paid AS (SELECT account_id, posted_on, sum(amount) AS paid FROM payments GROUP BY ALL)
    SELECT a.*, b.days_past_due AS dpd_before, b.overdue_amount AS overdue_before, b.status AS status_before,
        coalesce(p.paid, 0) AS paid, a.balance - b.balance + coalesce(p.paid, 0) AS accrued
    FROM accounts AS a JOIN accounts AS b ON b.account_id = a.account_id AND b.landed_on = a.landed_on - 1
    LEFT JOIN paid AS p ON p.account_id = a.account_id AND p.posted_on = a.landed_on
"""


@pytest.fixture(scope="session")
def days(book):
    book.connection.execute(f"CREATE OR REPLACE TABLE day_by_day AS {DAY_BY_DAY}")
    return book


def test_a_balance_moves_by_payments_daily_interest_and_the_late_fee_and_by_nothing_else(days):
    """Within a month an account accrues the same interest each day; on one day there may be the late fee besides."""
    odd = days.value("""
        SELECT count(*) FROM (
            SELECT account_id, date_trunc('month', landed_on) AS month, list_sort(list(DISTINCT accrued)) AS seen,
                any_value(CASE currency WHEN 'CNY' THEN 20 ELSE 50000 END) AS late_fee,
                count(*) FILTER (accrued >= CASE currency WHEN 'CNY' THEN 20 ELSE 50000 END) AS fees
            FROM day_by_day
            WHERE status NOT IN ('closed', 'charged_off') AND status_before NOT IN ('closed', 'charged_off')
            GROUP BY ALL
        ) WHERE NOT (len(seen) = 1 OR (len(seen) = 2 AND seen[2] - seen[1] = late_fee))""")
    assert odd == 0


def test_daily_interest_is_a_rate_on_the_principal_of_the_last_month_end(days):
    """Five basis points a day in Vietnam, four in China, rounded down to the minor unit."""
    compared, odd = days.rows("""
        SELECT count(*), count(*) FILTER (CAST(d.accrued * per_unit AS BIGINT)
            <> CAST(m.principal * per_unit AS BIGINT) * basis_points // 10000)
        FROM (SELECT *, CASE currency WHEN 'CNY' THEN 100 ELSE 1 END AS per_unit,
            CASE currency WHEN 'CNY' THEN 4 ELSE 5 END AS basis_points FROM day_by_day) AS d
        JOIN accounts AS m ON m.account_id = d.account_id AND m.landed_on = DATE '2026-09-30'
        WHERE d.landed_on = DATE '2026-10-28' AND d.status IN ('open', 'restructured')""")[0]
    assert compared > 2_000
    assert odd == 0


def test_nothing_accrues_on_what_is_closed_or_written_off(days):
    assert (
        days.value("""SELECT count(*) FROM day_by_day WHERE accrued <> 0
        AND status = status_before AND status IN ('closed', 'charged_off')""")
        == 0
    )


def test_amounts_are_never_below_zero_and_never_more_overdue_than_owed(book):
    assert (
        book.value("""SELECT count(*) FROM accounts
        WHERE principal < 0 OR overdue_amount < 0 OR principal > balance OR overdue_amount > balance""")
        == 0
    )


def test_amounts_are_whole_minor_units(book):
    assert (
        book.value("""SELECT count(*) FROM accounts WHERE greatest(balance, principal, overdue_amount)
        * CASE currency WHEN 'CNY' THEN 100 ELSE 1 END % 1 <> 0""")
        == 0
    )


def test_without_a_payment_days_past_due_grow_by_one_or_the_debt_was_restructured(days):
    assert (
        days.value("""SELECT count(*) FROM day_by_day WHERE paid = 0 AND status <> 'closed'
        AND days_past_due <> dpd_before + 1 AND NOT (days_past_due = 0 AND dpd_before = 0)
        AND NOT (status = 'restructured' AND status_before <> 'restructured')""")
        == 0
    )


def test_without_a_payment_overdue_never_falls_unless_restructured(days):
    assert (
        days.value("""SELECT count(*) FROM day_by_day WHERE paid = 0 AND overdue_amount < overdue_before
        AND NOT (status = 'restructured' AND status_before <> 'restructured')""")
        == 0
    )


def test_a_payment_is_the_only_way_to_fewer_days_past_due(days):
    assert days.value("SELECT count(*) FROM day_by_day WHERE days_past_due < dpd_before AND paid > 0") > 500


def test_parts_of_a_payment_sum_to_it_and_have_its_sign(book):
    assert book.value("SELECT count(*) FROM payments WHERE amount <> principal + interest + fee + waiver") == 0
    assert (
        book.value("SELECT count(*) FROM payments WHERE amount > 0 AND least(principal, interest, fee, waiver) < 0")
        == 0
    )
    assert book.value("SELECT count(*) FROM payments WHERE amount <= 0 AND reverses IS NULL") == 0


def test_a_waiver_comes_only_with_a_settlement_that_closes_the_account(book):
    settled = book.rows("""
        SELECT a.status FROM payments AS p JOIN accounts AS a USING (account_id)
        WHERE p.waiver > 0 AND a.landed_on = p.posted_on""")
    assert len(settled) > 5
    assert {status for (status,) in settled} == {"closed"}


def test_a_reversal_takes_back_exactly_one_earlier_payment(book):
    reversals = book.value("SELECT count(*) FROM payments WHERE reverses IS NOT NULL")
    sound = book.value("""
        SELECT count(DISTINCT r.reverses) FROM payments AS r JOIN payments AS p ON p.payment_id = r.reverses
        WHERE p.account_id = r.account_id AND r.amount = -p.amount AND r.posted_on > p.posted_on AND p.amount > 0
            AND r.principal = -p.principal AND r.interest = -p.interest AND r.fee = -p.fee""")
    assert reversals == sound == book.value("SELECT count(*) FROM payments WHERE amount < 0")
    assert 5 <= reversals <= book.summary.rows["payments"] // 60


def test_money_is_paid_before_it_is_posted_and_collectors_cash_deposited_in_between(book):
    assert book.value("SELECT count(*) FROM payments WHERE posted_on <> landed_on OR paid_on > posted_on") == 0
    assert (
        book.value("""SELECT count(*) FROM payments
        WHERE deposited_on IS NOT NULL AND NOT (paid_on < deposited_on AND deposited_on <= posted_on)""")
        == 0
    )
    assert book.value("SELECT count(*) FROM payments WHERE (channel = 'cash') <> (deposited_on IS NOT NULL)") == 0


def test_most_of_the_book_is_overdue_and_its_tail_is_written_off(book):
    buckets = _buckets(book, book.plan.start)
    whole = sum(buckets.values())
    assert buckets[0] < whole * 2 // 10 < buckets[1] < whole * 4 // 10
    assert sum(count for bucket, count in buckets.items() if bucket > 12) > whole // 10
    charged_off = book.value("SELECT count(*) FROM accounts WHERE status = 'charged_off' AND days_past_due < 360")
    assert charged_off == 0


def test_some_accounts_are_chinese_and_some_debtors_have_several(book):
    at_end = f"FROM accounts WHERE landed_on = DATE '{book.plan.end}'"
    whole = book.value(f"SELECT count(*) {at_end}")
    assert 10 <= 100 * book.value(f"SELECT count(*) {at_end} AND jurisdiction = 'CN'") // whole <= 20
    assert book.value(f"SELECT count(*) FROM (SELECT 1 {at_end} GROUP BY debtor_id HAVING count(*) > 1)") > whole // 20
    assert book.value("SELECT count(DISTINCT (jurisdiction, currency, language, time_zone)) FROM accounts") == 2


@pytest.mark.parametrize("rate", ROLL_RATES, ids=lambda rate: f"bucket {rate.bucket}")
def test_accounts_roll_as_the_matrix_says(book, rate):
    """Over October, within three standard errors, and five points for bounces and restructuring."""
    moves = _moves(book, date(2026, 9, 30), date(2026, 10, 31))
    here = {move: count for move, count in moves.items() if min(move[0], 7) == rate.bucket and move[0] <= 10}
    whole = sum(here.values())
    rolled = sum(count for (before, after), count in here.items() if after > before)
    cured = sum(count for (before, after), count in here.items() if after == 0)
    assert whole >= 40
    for seen, stated in ((rolled, rate.roll), (cured, rate.cure)):
        assert abs(seen * PARTS // whole - stated) < 5_000 + 3 * int((stated * (PARTS - stated) / whole) ** 0.5)


@pytest.mark.skipif(not CARDS.exists(), reason="the Taiwan cards are not at hand in ../shared/data")
def test_the_matrix_is_what_the_script_derives_from_the_cards():
    assert derive(CARDS) == ROLL_RATES


def _moves(book, before: date, after: date) -> Counter[tuple[int, int]]:
    """Bucket before and after, of the accounts that were there before. Buckets count due dates that have passed."""
    rows = book.rows(f"""
        SELECT b.days_past_due, a.days_past_due FROM accounts AS b JOIN accounts AS a USING (account_id)
        WHERE b.landed_on = DATE '{before}' AND a.landed_on = DATE '{after}' AND b.status = 'open'""")
    return Counter((_bucket(old, before), _bucket(new, after)) for old, new in rows)


def _buckets(book, day: date) -> Counter[int]:
    rows = book.rows(f"SELECT days_past_due FROM accounts WHERE landed_on = DATE '{day}'")
    return Counter(-(-days // 30) for (days,) in rows)


def _bucket(days_past_due: int, month_end: date) -> int:
    if days_past_due == 0:
        return 0
    assert month_end.day == calendar.monthrange(month_end.year, month_end.month)[1]
    oldest = month_end - timedelta(days=days_past_due)
    return (month_end.year - oldest.year) * 12 + month_end.month - oldest.month + 1
