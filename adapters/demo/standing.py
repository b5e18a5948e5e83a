"""How every account stands on a day: a formula over its month, without going through the days before."""

from __future__ import annotations

from adapters.demo.accounts import month_index
from domain.periods import Period


def standing(source: str, day: str, month: Period, index: int) -> str:
    """`source` (a month's table, or a part of it) with how each account stands at the end of `day`.

    `day` is a date literal or a column of `source`, within `month`, the book's month number `index`. Adds `k` (the
    month whose instalment is the oldest unpaid), `principal`, `interest`, `fee`, `balance`, `credit` (paid towards an
    instalment that is not complete), `closed`, `written_off`, `days_past_due`, `overdue`, and `entered` (whether the
    account is in the book yet).

        balance(day) = balance(day before) - posted on the day + daily interest + the fee for a missed instalment
    """
    return f"""
    SELECT *, CASE WHEN closed THEN 0 WHEN written_off THEN balance
            ELSE least(balance, greatest(0, unpaid * instalment - CASE WHEN unpaid > 0 THEN credit ELSE 0 END))
            END AS overdue
    FROM (
        SELECT *, principal + interest + fee AS balance,
            CASE WHEN closed THEN 0 ELSE greatest(0, date_diff('day', make_date(k // 12, k % 12 + 1, due_day), {day}))
                END AS days_past_due,
            greatest(0, {month_index(month)} - k + CASE WHEN {day} > due_on THEN 1 ELSE 0 END) AS unpaid
        FROM ({_owed(source, day, index)})
    )"""


def _owed(source: str, day: str, index: int) -> str:
    interest_days = f"greatest(0, date_diff('day', month_start, least({day} + 1, charged_off_on)))"
    return f"""
        SELECT *,
            k0 + {_moves("n")} AS k,
            CASE WHEN closed THEN 0 ELSE credit0 + CASE WHEN paid1 THEN p1_credit ELSE 0 END
                + CASE WHEN paid2 THEN p2_credit ELSE 0 END
                - CASE WHEN taken_back THEN c_amount - c_n * instalment ELSE 0 END END AS credit,
            CASE WHEN closed THEN 0 ELSE principal0 - ({_moves("principal")}) END AS principal,
            CASE WHEN closed THEN 0 ELSE interest0 + accrual * {interest_days} - ({_moves("interest")}) END AS interest,
            CASE WHEN closed THEN 0 ELSE fee0 + CASE WHEN {day} > due_on THEN late_fee ELSE 0 END
                - ({_moves("fee")}) END AS fee
        FROM (
            SELECT *, coalesce(p1_on <= {day}, false) AND coalesce(reversed_on > {day}, true) AS paid1,
                coalesce(p2_on <= {day}, false) AS paid2, coalesce(c_on <= {day}, false) AS taken_back,
                coalesce(closed_on <= {day}, false) AS closed,
                coalesce(charged_off_on <= {day}, false) AND coalesce(closed_on > {day}, true) AS written_off,
                entry_month < {index} OR {day} > due_on AS entered
            FROM {source}
        )"""


def _moves(part: str) -> str:
    """What the bookings that count on the day moved."""
    return f"""CASE WHEN paid1 THEN p1_{part} ELSE 0 END + CASE WHEN paid2 THEN p2_{part} ELSE 0 END
        - CASE WHEN taken_back THEN c_{part} ELSE 0 END"""
