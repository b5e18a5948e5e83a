"""Amounts: signs, units, currencies, parts, and the bookings that take others back."""

from __future__ import annotations

from bench.gates.kinds import (
    ALL,
    EVERY,
    FIVE,
    ONE,
    ONE_ROW,
    PARTS,
    TWENTY,
    WHOLE,
    Kind,
    Occasion,
    Rows,
    Unit,
    added,
    changed,
    joined_by,
    swapped,
    times,
)

_CLAIMS = (Occasion.CLAIMS,)
_DONG, _YUAN = "currency = 'VND'", "currency = 'CNY'"
_OWED = ("principal", "balance", "overdue_amount")


_IN_THOUSANDS = {
    **{name: f"round({name} / 1000, 0)::DECIMAL(18,4)" for name in PARTS[1:]},
    "amount": f"({' + '.join(f'round({name} / 1000, 0)' for name in PARTS[1:])})::DECIMAL(18,4)",
}
_ACCOUNT_OF_THE_SAME_CURRENCY = "(SELECT max(a.account_id) FROM accounts AS a WHERE a.currency = {}.currency)"


def _negative(*columns: str) -> dict[str, str]:
    return {name: f"-{name}" for name in columns}


def _reversals(suffix: str, amount: str = "-amount", account: str = "account_id", **more: str) -> str:
    """Payments of the days before taken back today, as rows."""
    replaced = {
        "payment_id": f"payment_id || '{suffix}'",
        "account_id": account,
        "paid_on": "$day",
        "posted_on": "$day",
        "amount": amount,
        "principal": f"{amount} + interest + fee + waiver",
        **_negative("interest", "fee", "waiver"),
        "deposited_on": "NULL",
        "reverses": "payment_id",
        **more,
    }
    columns = ", ".join(f"{sql} AS {name}" for name, sql in replaced.items())
    return (
        f"SELECT * REPLACE ({columns}) FROM (SELECT * FROM payments_past WHERE reverses IS NULL AND amount > 0 "
        "AND account_id IN (SELECT account_id FROM accounts) ORDER BY md5(payment_id) "
        "LIMIT greatest(1, CAST($level * (SELECT count(*) FROM payments) AS INTEGER))) AS p"
    )


KINDS = (
    Kind(
        "money.payments.signs_flipped",
        "payments with the opposite sign",
        (Rows("payments", changed(**_negative(*PARTS))),),
        ONE_ROW,
        "a negative payment takes another one back, and says which",
        nights=EVERY,
    ),
    Kind(
        "money.payments.amount_alone_flipped",
        "amounts of payments with the opposite sign, their parts as they were",
        (Rows("payments", changed(amount="-amount")),),
        ONE_ROW,
        "the parts do not add up",
    ),
    Kind(
        "money.accounts.balances_flipped",
        "balances with the opposite sign",
        (Rows("accounts", changed(balance="-balance"), of="balance > 0"),),
        ONE,
        "a few customers are owed something, but they are not overdue",
    ),
    Kind(
        "money.payments.times_100",
        "payments a hundred times too large: minor units for major ones",
        (Rows("payments", changed(**times("100", *PARTS))),),
        ONE,
        "larger than what is owed; one such line may be a real error of the bank and is still wrong",
        nights=EVERY,
    ),
    Kind(
        "money.payments.divided_by_100",
        "payments a hundred times too small",
        (Rows("payments", changed(**times("0.01", *PARTS))),),
        TWENTY,
        "small payments exist; a fifth of them worth a sweet each do not",
    ),
    Kind(
        "money.payments.dong_times_1000",
        "payments in đồng a thousand times too large, others as they were",
        (Rows("payments", changed(**times("1000", *PARTS)), of=_DONG),),
        ONE,
        "larger than what is owed",
    ),
    Kind(
        "money.payments.dong_divided_by_1000",
        "payments in thousands of đồng",
        (
            Rows(
                "payments",
                changed(**_IN_THOUSANDS),
                of=_DONG,
            ),
        ),
        TWENTY,
        "there is hardly a coin of 1,000 đồng, and payments of 300",
    ),
    Kind(
        "money.payments.yuan_times_100",
        "payments in yuan a hundred times too large, others as they were",
        (Rows("payments", changed(**times("100", *PARTS)), of=_YUAN),),
        TWENTY,
        "larger than what is owed; they are few, so that one in five is one",
    ),
    Kind(
        "money.accounts.times_100",
        "what is owed a hundred times too large",
        (Rows("accounts", changed(**times("100", *_OWED))),),
        ONE,
        "no account grows a hundredfold overnight",
    ),
    Kind(
        "money.accounts.divided_by_100",
        "what is owed a hundred times too small",
        (Rows("accounts", changed(**{name: f"round({name} / 100, 0)::DECIMAL(18,4)" for name in _OWED})),),
        ONE,
        "no account shrinks so without a payment",
    ),
    Kind(
        "money.accounts.dong_times_1000",
        "what is owed in đồng a thousand times too large",
        (Rows("accounts", changed(**times("1000", *_OWED)), of=_DONG),),
        ONE,
        "no account grows a thousandfold overnight",
    ),
    Kind(
        "money.promises.times_100",
        "promises a hundred times too large",
        (Rows("promises", changed(**times("100", "amount"))),),
        TWENTY,
        "nobody promises more than is owed; one may be mistyped",
    ),
    Kind(
        "money.placements.times_100",
        "balances at placement a hundred times too large",
        (Rows("placements", changed(**times("100", "balance_at_placement"))),),
        ONE,
        "more than the accounts ever owed, and what was handed over does not change",
    ),
    Kind(
        "money.costs.times_1000",
        "costs a thousand times too large",
        (Rows("costs", changed(**times("1000", "amount"))),),
        TWENTY,
        "a centre does not cost a thousand times as much",
    ),
    Kind(
        "money.budgets.times_1000",
        "budgets a thousand times too large",
        (Rows("budgets", changed(**times("1000", "amount"))),),
        TWENTY,
        "a department does not get a thousand times as much",
    ),
    Kind(
        "money.claims.times_100",
        "claims a hundred times too large",
        (Rows("partner_claims", changed(**times("100", "amount"))),),
        TWENTY,
        "the partner would have recovered more than it was given; single lines are disputed one by one",
        nights=_CLAIMS,
    ),
    Kind(
        "money.claims.doubled",
        "each claim twice under new ids",
        (Rows("partner_claims", added(claim_id="claim_id || 'B'")),),
        TWENTY,
        "partners claim a payment twice now and then, not one in five",
        nights=_CLAIMS,
    ),
    Kind(
        "money.claims.of_another_partner",
        "claims of one partner under another's name",
        (
            Rows(
                "partner_claims",
                changed(
                    partner_id="(SELECT min(partner_id) FROM partners WHERE partners.partner_id <> extract.partner_id)"
                ),
            ),
        ),
        TWENTY,
        "the accounts were never with it",
        nights=_CLAIMS,
    ),
    Kind(
        "money.claims.of_next_month",
        "claims for a month that has not begun",
        (Rows("partner_claims", changed(month="DATE '2027-06-01'", paid_on="DATE '2027-06-02'")),),
        ONE_ROW,
        "it has not happened yet",
        nights=_CLAIMS,
    ),
    Kind(
        "money.claims.unknown_payments",
        "claims for payments that do not exist",
        (Rows("partner_claims", changed(payment_id="'Y999' || right(payment_id, 8)"), of="payment_id IS NOT NULL"),),
        TWENTY,
        "a few lines are not in the books each month; one in five is another file",
        nights=_CLAIMS,
    ),
    Kind(
        "money.payments.dong_called_yuan",
        "payments in đồng marked as yuan",
        (Rows("payments", changed(currency="'CNY'"), of=_DONG),),
        ONE_ROW,
        "the account is in đồng",
    ),
    Kind(
        "money.accounts.dong_called_yuan",
        "accounts in đồng marked as yuan",
        (Rows("accounts", changed(currency="'CNY'"), of=_DONG),),
        ONE,
        "an account does not change its currency",
    ),
    Kind(
        "money.everywhere.dong_called_yuan",
        "accounts, payments and promises in đồng marked as yuan",
        tuple(
            Rows(table, changed(currency="'CNY'"), of=_DONG)
            for table in ("accounts", "payments", "promises", "placements")
        ),
        ALL,
        "the whole book has another currency than yesterday",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "money.payments.rounded_to_thousands",
        "payments in yuan rounded to thousands",
        (Rows("payments", changed(**{name: f"round({name}, -3)::DECIMAL(18,4)" for name in PARTS}), of=_YUAN),),
        TWENTY,
        "the parts do not add up, and nobody pays whole thousands only",
    ),
    Kind(
        "money.accounts.rounded_to_millions",
        "balances in đồng rounded to millions",
        (Rows("accounts", changed(balance="round(balance, -6)::DECIMAL(18,4)"), of=_DONG),),
        TWENTY,
        "nobody owes whole millions only",
        (ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "money.payments.digits_below_the_unit",
        "payments with fractions of a đồng",
        (Rows("payments", changed(amount="amount + 0.37", principal="principal + 0.37"), of=_DONG),),
        ONE_ROW,
        "there is no such coin",
    ),
    Kind(
        "money.accounts.principal_and_balance_swapped",
        "principal and balance of accounts swapped",
        (Rows("accounts", swapped("principal", "balance"), of="principal <> balance"),),
        ONE,
        "everything owed cannot be less than its principal",
    ),
    Kind(
        "money.accounts.balance_and_overdue_swapped",
        "balance and overdue amount swapped",
        (Rows("accounts", swapped("overdue_amount", "balance"), of="overdue_amount <> balance"),),
        ONE,
        "no more is overdue than is owed",
    ),
    Kind(
        "money.payments.principal_and_interest_swapped",
        "principal and interest of payments swapped",
        (Rows("payments", swapped("principal", "interest"), of="principal <> interest"),),
        ALL,
        "single payments may be all interest; all of them being so is another order of columns",
    ),
    Kind(
        "money.payments.all_waived",
        "payments as if they were forgiven: everything is waiver",
        (Rows("payments", changed(waiver="amount", principal="0", interest="0", fee="0")),),
        TWENTY,
        "a bank does not forgive one payment in five",
    ),
    Kind(
        "money.payments.one_amount",
        "all payments have one amount",
        (Rows("payments", changed(amount="300000", principal="300000", interest="0", fee="0", waiver="0"), of=_DONG),),
        ALL,
        "instalments differ: a filler",
        (TWENTY, ALL),
    ),
    Kind(
        "money.accounts.balances_zero",
        "balances are zero",
        (Rows("accounts", changed(balance="0"), of="balance > 0 AND days_past_due > 0"),),
        ONE_ROW,
        "who owes nothing is not overdue",
    ),
    Kind(
        "money.payments.reversed_twice",
        "payments taken back twice",
        (Rows("payments", joined_by(_reversals("R1"), _reversals("R2"))),),
        ONE_ROW,
        "a payment can be taken back once",
    ),
    Kind(
        "money.payments.reversal_of_another_amount",
        "reversals of half the amount",
        (Rows("payments", joined_by(_reversals("R1", amount="-amount + 1000"))),),
        ONE_ROW,
        "it takes back what was paid, no more and no less",
    ),
    Kind(
        "money.payments.reversal_of_another_account",
        "reversals on another account",
        (
            Rows(
                "payments",
                joined_by(
                    _reversals(
                        "R1",
                        account=_ACCOUNT_OF_THE_SAME_CURRENCY.format("p"),
                    )
                ),
            ),
        ),
        ONE_ROW,
        "the money came from somebody else",
    ),
    Kind(
        "money.payments.reversal_of_nothing",
        "reversals of payments that do not exist",
        (Rows("payments", joined_by(_reversals("R1", reverses="payment_id || '-NONE'"))),),
        ONE_ROW,
        "what is taken back was never there",
    ),
    Kind(
        "money.payments.reversal_of_a_reversal",
        "reversals that take back themselves",
        (Rows("payments", joined_by(_reversals("R1", reverses="payment_id || 'R1'"))),),
        ONE_ROW,
        "a payment does not take itself back",
    ),
    Kind(
        "money.payments.many_reversals",
        "a flood of sound reversals",
        (Rows("payments", joined_by(_reversals("R1"))),),
        TWENTY,
        "debits bounce, not a fifth of a day's payments",
        (ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "money.payments.ids_of_an_earlier_day",
        "payment ids that were used on an earlier day",
        (
            Rows(
                "payments",
                "SELECT e.* EXCLUDE (hit, place) REPLACE (CASE WHEN hit THEN p.payment_id ELSE e.payment_id END "
                "AS payment_id) FROM (SELECT *, row_number() OVER (ORDER BY payment_id) AS place FROM extract) AS e "
                "LEFT JOIN (SELECT payment_id, row_number() OVER (ORDER BY payment_id) AS place FROM payments_past) "
                "AS p USING (place)",
            ),
        ),
        ONE_ROW,
        "each payment has an id of its own",
    ),
    Kind(
        "money.payments.of_closed_accounts",
        "payments of accounts that were closed and paid off before",
        (
            Rows(
                "payments",
                "SELECT e.* EXCLUDE (hit, place) REPLACE (CASE WHEN hit THEN coalesce(c.account_id, e.account_id) "
                "ELSE e.account_id END AS account_id) FROM (SELECT *, row_number() OVER (PARTITION BY currency, hit "
                "ORDER BY payment_id) AS place FROM extract) AS e LEFT JOIN (SELECT account_id, currency, "
                "row_number() OVER (PARTITION BY currency ORDER BY account_id) AS place FROM accounts_yesterday "
                "WHERE status = 'closed') AS c USING (currency, place)",
            ),
        ),
        FIVE,
        "nothing is owed; one payment too many happens",
    ),
    Kind(
        "money.payments.of_other_accounts",
        "payments booked to other accounts of the same currency",
        (
            Rows(
                "payments",
                changed(account_id=_ACCOUNT_OF_THE_SAME_CURRENCY.format("extract")),
            ),
        ),
        TWENTY,
        "one account would have paid a fifth of the day's payments",
    ),
)
