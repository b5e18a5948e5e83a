"""Incidents of core banking systems and of migrations between them."""

from __future__ import annotations

from bench.gates.kinds import (
    ALL,
    ONE,
    ONE_ROW,
    TWENTY,
    WHOLE,
    Kind,
    Rows,
    Unit,
    changed,
    joined_by,
)
from bench.gates.second.forms import A_NIGHT, ONE_OF_THEM, ROW_TO_ALL, ROW_TO_FIFTH, THREE, money

_BEARS_INTEREST = "status IN ('open', 'restructured') AND principal > 0"
_INTEREST = "floor(principal * CASE currency WHEN 'VND' THEN 0.0005 ELSE 0.0004 END)"

KINDS = (
    Kind(
        "core.accounts.interest_run_twice",
        "the interest run was started again after a crash, and began from the start",
        (Rows("accounts", changed(balance=money(f"balance + {_INTEREST}")), of=_BEARS_INTEREST),),
        ONE_ROW,
        "a day's interest is owed once",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "core.accounts.age_in_working_days",
        "the new system counts working days past due",
        (Rows("accounts", changed(days_past_due="CAST(days_past_due * 5 // 7 AS BIGINT)"), of="days_past_due > 7"),),
        ALL,
        "accounts are weeks older than they seem, and fall back into departments that they have left",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "core.accounts.renumbered",
        "accounts of migrated branches have new numbers, in this extract alone",
        (
            Rows(
                "accounts",
                changed(account_id="'N' || substr(account_id, 2)"),
                of="branch_id IN (SELECT DISTINCT branch_id FROM accounts ORDER BY branch_id LIMIT $level)",
            ),
        ),
        ONE_OF_THEM,
        "payments, placements and owners hang on the old numbers",
        (ONE_OF_THEM, THREE),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "core.accounts.debtors_merged",
        "the cleaning of customer masters merged strangers into one debtor",
        (Rows("accounts", changed(debtor_id="(SELECT min(debtor_id) FROM extract)")),),
        ONE_ROW,
        "a stranger's debt is asked of somebody else",
        (ONE_ROW, ONE, TWENTY),
        nights=A_NIGHT,
    ),
    Kind(
        "core.accounts.written_off_again",
        "a rerun of the write-off stamped today's date on debts written off long ago",
        (Rows("accounts", changed(charged_off_on="$day"), of="charged_off_on < $day"),),
        ONE_ROW,
        "a debt is written off once; months of recoveries change their kind",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "core.accounts.holds_not_migrated",
        "holds were kept in a screen that nobody migrated",
        (Rows("accounts", changed(hold="'none'"), of="hold <> 'none'"),),
        ONE_ROW,
        "a widow is called about a dead man's debt",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "core.parties.references_must_pay",
        "the new master has no duty to repay, and its default is yes",
        (Rows("parties", changed(duty_to_repay="true"), of="role = 'reference'"),),
        ONE_ROW,
        "to ask a neighbour for money is prohibited",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "core.payments.suspense_account",
        "receipts without a reference are booked on one account",
        (
            Rows(
                "payments",
                changed(account_id="(SELECT min(account_id) FROM accounts WHERE currency = 'VND')"),
                of="currency = 'VND'",
            ),
        ),
        ONE_ROW,
        "who paid still owes, and who did not pay does not",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "core.payments.principal_first",
        "the order of allocation was turned: everything repays principal",
        (
            Rows(
                "payments",
                changed(principal=money("principal + interest + fee"), interest=money("0"), fee=money("0")),
                of="interest + fee > 0",
            ),
        ),
        TWENTY,
        "one may be a favour; a fifth is another contract",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "core.payments.cash_as_waiver",
        "a wrong code of booking: money that came in counts as forgiven",
        (
            Rows(
                "payments",
                changed(waiver="amount", principal=money("0"), interest=money("0"), fee=money("0")),
                of="amount > 0 AND waiver = 0",
            ),
        ),
        ONE_ROW,
        "it was paid, not forgiven",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "core.payments.yesterday_with_new_numbers",
        "the queue was replayed: yesterday's payments are booked again today under new numbers",
        (
            Rows(
                "payments",
                joined_by(
                    """SELECT * REPLACE (payment_id || 'R' AS payment_id, $day AS posted_on)
                        FROM payments_yesterday"""
                ),
            ),
        ),
        ALL,
        "everybody of yesterday paid twice",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "core.payments.numbers_begin_again",
        "the counter began again: new payments bear numbers of the last two weeks",
        (
            Rows(
                "payments",
                """SELECT e.* EXCLUDE (hit, place) REPLACE (
                        CASE WHEN hit THEN coalesce(o.payment_id, e.payment_id) ELSE e.payment_id END AS payment_id)
                    FROM (SELECT *, row_number() OVER (ORDER BY payment_id) AS place FROM extract) AS e
                    LEFT JOIN (SELECT payment_id, row_number() OVER (ORDER BY payment_id) AS place
                        FROM payments_past WHERE payment_id NOT IN (SELECT payment_id FROM extract)) AS o
                    USING (place)""",
            ),
        ),
        ONE_ROW,
        "two payments, one number: one of them is lost where the number is the key",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
)
