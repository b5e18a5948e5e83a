"""Incidents of core banking systems and of migrations between them."""

from __future__ import annotations

from bench.gates.kinds import (
    ALL,
    FIVE,
    ONE,
    ONE_ROW,
    TWENTY,
    WHOLE,
    Kind,
    Rows,
    Unit,
    added,
    changed,
    joined_by,
    times,
)
from bench.gates.second.forms import A_NIGHT, ONE_OF_THEM, ROW_OR_ALL, ROW_TO_ALL, ROW_TO_FIFTH, THREE, money

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
        "core.accounts.interest_not_run",
        "no interest was booked tonight",
        (Rows("accounts", changed(balance=money(f"balance - {_INTEREST}")), of=_BEARS_INTEREST),),
        ALL,
        "all balances are a day's interest too low",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "core.accounts.age_stood_still",
        "ages did not advance at the end of the day",
        (Rows("accounts", changed(days_past_due="days_past_due - 1"), of="days_past_due > 1"),),
        ALL,
        "all accounts are a day younger than they are",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
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
        "core.accounts.age_restarts_at_migration",
        "migrated accounts count their days anew",
        (Rows("accounts", changed(days_past_due="CAST(1 AS BIGINT)"), of="days_past_due > 90"),),
        ONE_ROW,
        "the debt is as old as before",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "core.accounts.age_capped",
        "the old format has room for ages up to 360 days",
        (Rows("accounts", changed(days_past_due="CAST(360 AS BIGINT)"), of="days_past_due > 360"),),
        ALL,
        "what is two years old looks like one",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "core.accounts.one_product_in_thousands",
        "overdrafts come from a ledger kept in thousands",
        (
            Rows(
                "accounts",
                changed(**times("0.001", "principal", "balance", "overdue_amount")),
                of="product = 'overdraft' AND currency = 'VND'",
            ),
        ),
        ONE_ROW,
        "a thousandth of the debt",
        ROW_OR_ALL,
        nights=A_NIGHT,
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
        "core.accounts.status_mapped_to_open",
        "the map of states knows only open: written off and restructured are lost",
        (Rows("accounts", changed(status="'open'"), of="status IN ('charged_off', 'restructured')"),),
        ONE_ROW,
        "who agreed on new terms is dunned by the old ones",
        ROW_TO_ALL,
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
        "core.accounts.called_due_by_mistake",
        "the acceleration flag was set: all that is owed is past due, days after the first missed instalment",
        (Rows("accounts", changed(overdue_amount="balance"), of="days_past_due BETWEEN 1 AND 89"),),
        FIVE,
        "one account may have been called due for a reason; not a twentieth of the young ones",
        (ONE_ROW, FIVE, ALL),
        nights=A_NIGHT,
    ),
    Kind(
        "core.accounts.acceptance_test_rows",
        "accounts of the acceptance test are in the productive extract",
        (
            Rows(
                "accounts",
                added(account_id="'TEST' || account_id", debtor_id="'TEST' || debtor_id", balance=money("999999999")),
            ),
        ),
        ONE_ROW,
        "nobody owes it",
        (ONE_ROW, ONE, TWENTY),
        nights=A_NIGHT,
    ),
    Kind(
        "core.accounts.opened_at_migration",
        "accounts were opened, says the new system, on the day of the migration",
        (Rows("accounts", changed(opened_on="$day"), of="days_past_due > 30"),),
        ONE_ROW,
        "what was opened today cannot be past due for a month",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "core.accounts.originators_swapped",
        "the bought portfolio is the bank's own, and the other way round",
        (
            Rows(
                "accounts",
                changed(
                    originator="""CASE originator WHEN 'retail bank' THEN 'purchased 2024'
                        WHEN 'purchased 2024' THEN 'retail bank' ELSE originator END"""
                ),
                of="originator IN ('retail bank', 'purchased 2024')",
            ),
        ),
        ONE_ROW,
        "who granted a debt does not change; the new creditor must be named in each letter",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "core.parties.masked",
        "the extract comes from the masked copy",
        (Rows("parties", changed(full_name="'XXXXXX'", national_id="'000000000000'")),),
        TWENTY,
        "nobody knows whom to ask for; a single one may be masked at a court's order",
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
    Kind(
        "core.payments.taken_back_without_link",
        "payments of yesterday bounce, and the reversals do not say what they reverse",
        (
            Rows(
                "payments",
                """SELECT * EXCLUDE (hit) FROM extract UNION ALL BY NAME
                    SELECT payment_id || '-X' AS payment_id, account_id, paid_on, posted_on,
                        -amount AS amount, -principal AS principal, -interest AS interest, -fee AS fee,
                        -waiver AS waiver, currency, channel, receipt, deposited_on, NULL AS reverses
                    FROM extract WHERE hit""",
                of="reverses IS NULL",
            ),
        ),
        ONE_ROW,
        "nobody can say which recovery, and whose bonus, is gone",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "core.calendar.make_up_days_lost",
        "the bank's calendar knows holidays and weekends, but no make-up workdays",
        (
            Rows(
                "calendar",
                changed(is_working_day="false", name="NULL"),
                of="dayofweek(day) IN (0, 6) AND is_working_day",
            ),
        ),
        ALL,
        "on those days China works",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "core.calendar.holidays_worked",
        "holidays of the coming months are working days: the list of the year was not loaded",
        (
            Rows(
                "calendar",
                changed(is_working_day="true", name="NULL"),
                of="day > $day AND name IS NOT NULL AND NOT is_working_day",
            ),
        ),
        ALL,
        "New Year is a holiday, and deadlines run by it",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
)
