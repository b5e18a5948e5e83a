"""The bookings of all months as rows: payments, and the reversals of those that bounced."""

from __future__ import annotations

import duckdb

from adapters.demo.accounts import CURRENCY, account_id, money
from adapters.demo.draws import Draws
from adapters.demo.plan import DemoPlan

_REVERSAL_SLOT = 9


def make_payments(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    """Makes payment: what is posted within the book. A reversal takes back exactly the booking that it names."""
    bookings = " UNION ALL ".join(_of_month(plan, index) for index in range(len(plan.months)))
    connection.execute(f"""
        CREATE TABLE payment AS
        WITH booked AS ({bookings}),
        channelled AS (
            SELECT *, n * 256 + month_no % 32 * 8 + slot % 8 AS key, {_channel(draws)} AS channel FROM booked
        ),
        lagged AS (SELECT *, {_lag_days(draws)} AS lag_days FROM channelled)
        SELECT n, slot, jurisdiction, posted_on, posted_on - CAST(lag_days AS INTEGER) AS paid_on, amount, principal,
            interest, fee, waiver, channel, taken_back_on,
            'Y' || month || '-' || lpad(CAST(n AS VARCHAR), 9, '0') || '-' || slot AS payment_id,
            CASE WHEN slot = {_REVERSAL_SLOT} THEN 'Y' || month || '-' || lpad(CAST(n AS VARCHAR), 9, '0') || '-1' END
                AS reverses,
            CASE WHEN channel IN ('cash', 'counter') THEN 'T' || month || lpad(CAST(n AS VARCHAR), 9, '0') || slot END
                AS receipt,
            CASE WHEN channel = 'cash' THEN posted_on - CAST(lag_days // 2 AS INTEGER) END AS deposited_on
        FROM lagged""")


def payments(day: str) -> str:
    return f"""
    SELECT payment_id, {account_id("n")} AS account_id, paid_on, posted_on, {money("amount")} AS amount,
        {money("principal")} AS principal, {money("interest")} AS interest, {money("fee")} AS fee,
        {money("waiver")} AS waiver, {CURRENCY} AS currency, channel, receipt, deposited_on, reverses
    FROM payment WHERE posted_on = {day}"""


def _of_month(plan: DemoPlan, index: int) -> str:
    month = plan.months[index]
    within = f"BETWEEN DATE '{plan.start}' AND DATE '{plan.end}'"
    same = f"""SELECT n, jurisdiction, u, '{month.year}{month.month:02d}' AS month, CAST({index} AS BIGINT) AS month_no,
        shape = 'bounces' AS bounces"""
    return f"""
        {same}, 1 AS slot, p1_on AS posted_on, p1_amount AS amount, p1_principal AS principal, p1_interest AS interest,
            p1_fee AS fee, 0 AS waiver, reversed_on AS taken_back_on
        FROM month_{index} WHERE p1_amount > 0 AND p1_on {within}
        UNION ALL
        {same}, 2, p2_on, p2_amount, p2_principal, p2_interest, p2_fee, p2_waiver, NULL
        FROM month_{index} WHERE p2_amount > 0 AND p2_on {within}
        UNION ALL
        {same}, {_REVERSAL_SLOT}, reversed_on, -p1_amount, -p1_principal, -p1_interest, -p1_fee, 0, NULL
        FROM month_{index} WHERE reversed_on {within}"""


def _channel(draws: Draws) -> str:
    """Cash is what collectors take in the field; what bounces was a direct debit."""
    draw = draws.sql("pays by", "n * 256 + month_no % 32 * 8 + slot % 8", 100)
    return f"""CASE WHEN bounces THEN 'direct_debit' WHEN {draw} < CASE WHEN u BETWEEN 4 AND 6 THEN 40 ELSE 5 END
        THEN 'cash' WHEN {draw} < 70 THEN 'transfer' WHEN {draw} < 85 THEN 'wallet' WHEN {draw} < 95 THEN 'counter'
        ELSE 'direct_debit' END"""


def _lag_days(draws: Draws) -> str:
    """Days from paying to posting: cash is deposited one to four days later, the rest booked at once or soon."""
    draw = draws.sql("lag", "key", 100)
    return f"""CASE WHEN slot = {_REVERSAL_SLOT} THEN 0 WHEN channel = 'cash' THEN 1 + {draw} % 4
        WHEN {draw} < 75 THEN 0 WHEN {draw} < 95 THEN 1 ELSE 2 END"""
