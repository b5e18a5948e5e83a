"""Dishonesty: what collectors and partners do to a record for a bonus, a fee, or somebody's money."""

from __future__ import annotations

from bench.gates.kinds import ALL, FIVE, ONE_ROW, TWENTY, Kind, Rows, Unit, changed, joined_by
from bench.gates.second.forms import (
    A_NIGHT,
    CLAIMED,
    FORTY,
    ONE_OF_THEM,
    ROW_OR_ALL,
    ROW_TO_ALL,
    ROW_TO_FIFTH,
    TEN,
    money,
)

# Debtors about to pass into the next department, of whom the collector wants to keep some.
_TOKEN_PAYERS = """account_id IN (SELECT account_id FROM accounts
    WHERE status = 'open' AND currency = 'VND' AND days_past_due BETWEEN 1 AND 90 AND balance - principal > 2000
        AND overdue_amount > 2000 AND account_id NOT IN (SELECT account_id FROM payments)
    ORDER BY account_id LIMIT $level)"""

_FIRST_HALVES = {part: f"trunc({part} / 2)" for part in ("principal", "interest", "fee", "waiver")}
_STEP = "CASE currency WHEN 'VND' THEN 100000 ELSE 100 END"
_HALF = "trunc(principal / 2) + trunc(interest / 2) + trunc(fee / 2) + trunc(waiver / 2)"


def _half(*, second: bool) -> str:
    """The columns of a payment's first or second half; the two add up."""
    parts = {**_FIRST_HALVES, "amount": _HALF}
    return ", ".join(f"{money(f'{part} - ({half})' if second else half)} AS {part}" for part, half in parts.items())


KINDS = (
    Kind(
        "fraud.payments.lapping",
        "cash of one debtor is booked on the account of the one before, whose cash was kept",
        (
            Rows(
                "payments",
                """SELECT * EXCLUDE (hit, before) REPLACE (
                        CASE WHEN hit THEN coalesce(before, account_id) ELSE account_id END AS account_id)
                    FROM (SELECT *, lag(account_id) OVER (PARTITION BY currency ORDER BY payment_id) AS before
                        FROM extract)""",
                of="""channel IN ('cash', 'counter') AND payment_id NOT IN (
                    SELECT min(payment_id) FROM payments GROUP BY currency)""",
            ),
        ),
        ONE_ROW,
        "the receipt is another debtor's",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.payments.cash_kept_for_weeks",
        "a collector took the cash 25 days before it reached the bank",
        (Rows("payments", changed(paid_on="paid_on - 25"), of="deposited_on IS NOT NULL"),),
        ONE_ROW,
        "it was somebody's loan for the time",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.payments.cut_in_two",
        "one payment is booked as two halves: the bonus counts payments",
        (
            Rows(
                "payments",
                f"""SELECT * EXCLUDE (hit) FROM extract WHERE NOT hit
                    UNION ALL BY NAME SELECT * EXCLUDE (hit) REPLACE ({_half(second=False)}) FROM extract WHERE hit
                    UNION ALL BY NAME SELECT * EXCLUDE (hit) REPLACE (
                        payment_id || '-2' AS payment_id, {_half(second=True)}) FROM extract WHERE hit""",
                of="amount > 0 AND reverses IS NULL",
            ),
        ),
        TWENTY,
        "one may pay in two halves on a day; a fifth does not",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.payments.booked_and_taken_back",
        "a payment that never was is booked and taken back on the same day, by which a promise is kept",
        (
            Rows(
                "payments",
                joined_by(
                    "SELECT * EXCLUDE (hit) REPLACE (payment_id || '-W' AS payment_id) FROM extract WHERE hit",
                    """SELECT payment_id || '-WX' AS payment_id, account_id, paid_on, posted_on, -amount AS amount,
                        -principal AS principal, -interest AS interest, -fee AS fee, -waiver AS waiver, currency,
                        channel, receipt, deposited_on, payment_id || '-W' AS reverses FROM extract WHERE hit""",
                ),
                of="amount > 0 AND channel <> 'cash'",
            ),
        ),
        FIVE,
        "a teller's slip is put right at once, and looks the same; more than a few are no slips",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.payments.tokens_to_keep_accounts",
        "a collector pays 1,000 đồng himself on accounts that are about to leave him",
        (
            Rows(
                "payments",
                joined_by(
                    f"""SELECT 'YT' || account_id AS payment_id, account_id, $day AS paid_on, $day AS posted_on,
                        {money("1000")} AS amount, {money("0")} AS principal, {money("1000")} AS interest,
                        {money("0")} AS fee, {money("0")} AS waiver, currency, 'wallet' AS channel,
                        NULL AS receipt, CAST(NULL AS DATE) AS deposited_on, NULL AS reverses
                    FROM accounts WHERE {_TOKEN_PAYERS}"""
                ),
            ),
            Rows(
                "accounts",
                changed(balance=money("balance - 1000"), overdue_amount=money("overdue_amount - 1000")),
                of=_TOKEN_PAYERS,
            ),
        ),
        FORTY,
        "a single token is a debtor's good will; forty in a night are a scheme",
        (ONE_OF_THEM, FORTY),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "fraud.promises.kept_by_hand",
        "broken promises are set to kept, without a payment",
        (Rows("promises", changed(state="'kept'"), of="state = 'broken'"),),
        ONE_ROW,
        "nobody paid",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.promises.taken_after_the_money",
        "a promise is written for who has paid already today: it is kept when it is made",
        (
            Rows(
                "promises",
                joined_by(
                    """SELECT 'MF' || payment_id AS promise_id, account_id,
                        (SELECT min(employee_id) FROM extract) AS employee_id, CAST(NULL AS VARCHAR) AS partner_id,
                        $day AS made_on, $day AS due_on, amount, currency, 'kept' AS state
                    FROM payments WHERE amount > 0 AND payment_id IN (
                        SELECT payment_id FROM payments WHERE amount > 0 ORDER BY payment_id LIMIT $level)"""
                ),
            ),
        ),
        TEN,
        "who pays while on the telephone may have promised; not ten, to one collector, to the đồng",
        (ONE_OF_THEM, TEN),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "fraud.visits.from_one_desk",
        "all visits were made at one place to six decimals: the tea house opposite",
        (
            Rows(
                "visits",
                changed(latitude="CAST(10.776530 AS DECIMAL(9,6))", longitude="CAST(106.700980 AS DECIMAL(9,6))"),
                of="latitude IS NOT NULL",
            ),
        ),
        TWENTY,
        "two debtors may live in one house; not a fifth of them",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.contacts.lawful_hours_written",
        "the debtor's clock is written by hand: ten in the morning, whenever the call was",
        (
            Rows(
                "contacts",
                changed(started_wall="CAST($day AS TIMESTAMP) + INTERVAL 10 HOUR"),
                of="channel = 'call' AND hour(started_wall) >= 16",
            ),
        ),
        ONE_ROW,
        "it hides calls after hours, and does not agree with the other clock",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.contacts.typed_for_the_quota",
        "conversations of half a minute, typed by hand, with nobody's number",
        (
            Rows(
                "contacts",
                """SELECT * EXCLUDE (hit) FROM extract
                    UNION ALL BY NAME SELECT * EXCLUDE (hit) REPLACE (
                        contact_id || '-M' AS contact_id, CAST(NULL AS VARCHAR) AS contact_point_id,
                        started_at + INTERVAL 3 MINUTE AS started_at, started_wall + INTERVAL 3 MINUTE AS started_wall,
                        'right_party' AS outcome, CAST(30 AS BIGINT) AS duration_seconds)
                    FROM extract WHERE hit""",
                of="channel = 'call' AND employee_id IS NOT NULL AND outcome = 'no_answer'",
            ),
        ),
        FIVE,
        "a call from a private telephone is noted so; a twentieth of the day is not",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.contacts.third_parties_as_debtors",
        "who told a third party of the debt writes that the debtor was reached",
        (Rows("contacts", changed(outcome="'right_party'"), of="outcome IN ('third_party', 'wrong_party')"),),
        ALL,
        "on any day some strangers answer; of one nobody could tell",
        ROW_OR_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.reviews.of_anothers_call",
        "the reviewer scored the best colleague's call under a friend's name",
        (
            Rows(
                "reviews",
                """SELECT r.* EXCLUDE (hit) REPLACE (
                        CASE WHEN hit THEN (SELECT max(contact_id) FROM contacts
                            WHERE channel = 'call' AND employee_id <> r.employee_id) ELSE r.contact_id END
                            AS contact_id)
                    FROM extract AS r""",
            ),
        ),
        ONE_ROW,
        "the call was not the reviewed collector's",
        ROW_OR_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.accounts.kept_under_ninety_days",
        "accounts of 91 to 150 days past due are shown as 89, so that the quarter looks better",
        (Rows("accounts", changed(days_past_due="CAST(89 AS BIGINT)"), of="days_past_due BETWEEN 91 AND 150"),),
        ONE_ROW,
        "yesterday they were older, and nothing was paid",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.accounts.friends_on_hold",
        "somebody puts accounts of friends on hold, so that nobody calls",
        (Rows("accounts", changed(hold="'legal'"), of="hold = 'none' AND status = 'open' AND days_past_due > 30"),),
        TWENTY,
        "a hold may be right for each; a fifth of the book in one night is not",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "fraud.partner_claims.rounded_up",
        "claims are rounded up to the next 100,000 đồng or 100 yuan",
        (
            Rows(
                "partner_claims",
                changed(amount=money(f"ceil(amount / {_STEP}) * {_STEP}")),
            ),
        ),
        TWENTY,
        "a slip in one line is for the reconciliation; a rule behind it is a fraud",
        ROW_TO_ALL,
        nights=CLAIMED,
    ),
    Kind(
        "fraud.partner_claims.on_others_accounts",
        "a partner claims what was paid on accounts of the house",
        (
            Rows(
                "partner_claims",
                joined_by(
                    """SELECT 'QF' || p.payment_id AS claim_id, (SELECT min(partner_id) FROM extract) AS partner_id,
                        p.account_id, $day AS claimed_on,
                        CAST(date_trunc('month', $day - INTERVAL 1 MONTH) AS DATE) AS month, p.paid_on, p.amount,
                        p.currency, p.payment_id
                    FROM (SELECT * FROM payments_past
                        WHERE amount > 0 AND currency = 'VND' AND paid_on < date_trunc('month', $day)
                            AND account_id NOT IN (SELECT account_id FROM placements)
                        ORDER BY payment_id LIMIT $level) AS p"""
                ),
            ),
        ),
        TEN,
        "one wrong line is for the reconciliation; ten that were never placed are a try",
        (ONE_OF_THEM, TEN),
        Unit.GROUPS,
        CLAIMED,
    ),
)
