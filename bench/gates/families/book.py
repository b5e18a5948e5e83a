"""The book: who is in it, how long overdue, in what state, and the parts that are missing from it."""

from __future__ import annotations

from decimal import Decimal

from bench.gates.kinds import (
    ALL,
    EVERY,
    FIVE,
    ONE,
    ONE_ROW,
    TWENTY,
    WHOLE,
    Kind,
    Rows,
    Unit,
    added,
    among,
    changed,
    lost,
)

_SHARES = (ONE, FIVE, TWENTY, ALL)
_OVERDUE = "days_past_due > 0"
_OF_ACCOUNTS = ("accounts", "payments", "contacts", "promises", "visits", "complaints", "placements", "cases")


def _of_yesterday(column: str) -> str:
    found = f"SELECT any_value(y.{column}) FROM accounts_yesterday AS y WHERE y.account_id = extract.account_id"
    return f"coalesce(({found}), {column})"


def _missing_from_all(part: str) -> tuple[Rows, ...]:
    """The rows of a part of the book are missing from every file: what the sources agree on, no reference shows."""
    accounts = f"account_id IN (SELECT account_id FROM accounts WHERE {part})"
    parties = f"debtor_id IN (SELECT debtor_id FROM accounts WHERE {part})"
    points = f"party_id IN (SELECT party_id FROM parties WHERE {parties})"
    return (
        *(Rows(table, lost(), of=accounts) for table in _OF_ACCOUNTS),
        Rows("parties", lost(), of=parties),
        Rows("contact_points", lost(), of=points),
    )


_PARTS = (
    (
        "branch",
        among("branch_id", "accounts"),
        Decimal(1),
        (Decimal(1), Decimal(4)),
        "a branch does not close overnight",
    ),
    ("product", "product = 'two_wheeler'", ALL, WHOLE, "a product does not end overnight"),
    ("country", "jurisdiction = 'CN'", ALL, WHOLE, "a country does not vanish overnight"),
    ("originator", "originator = 'purchased 2024'", ALL, WHOLE, "a purchased portfolio does not vanish overnight"),
)

_MISSING_PARTS = (
    *(
        Kind(
            f"book.accounts.{part}_missing",
            f"one {part} is missing from accounts",
            (Rows("accounts", lost(), of=of),),
            wrong_from,
            reason,
            levels,
            Unit.GROUPS if part == "branch" else Unit.ONCE,
        )
        for part, of, wrong_from, levels, reason in _PARTS
    ),
    *(
        Kind(
            f"book.everywhere.{part}_missing",
            f"one {part} is missing from every file",
            _missing_from_all(of),
            wrong_from,
            reason,
            levels,
            Unit.GROUPS if part == "branch" else Unit.ONCE,
        )
        for part, of, wrong_from, levels, reason in _PARTS
    ),
    Kind(
        "book.payments.channel_missing",
        "the payments of one channel are missing",
        (Rows("payments", lost(), of="channel = 'transfer'"),),
        ALL,
        "most people pay by transfer",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "book.payments.country_missing",
        "the payments of one country are missing",
        (Rows("payments", lost(), of="currency = 'CNY'"),),
        ALL,
        "it paid every day before",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "book.payments.branch_missing",
        "the payments of some branches are missing",
        (
            Rows(
                "payments",
                lost(),
                of="account_id IN (SELECT account_id FROM accounts WHERE " + among("branch_id", "accounts") + ")",
            ),
        ),
        Decimal(20),
        "small branches have days without a payment; half of them at once do not",
        (Decimal(4), Decimal(20)),
        Unit.GROUPS,
    ),
)

KINDS = (
    *_MISSING_PARTS,
    Kind(
        "book.accounts.gone_with_a_balance",
        "accounts that owed something yesterday are not there",
        (Rows("accounts", lost(), of="balance > 0"),),
        ONE,
        "a debt ends as closed or sold, and stays in the file",
        (ONE_ROW, ONE, FIVE, TWENTY),
        nights=EVERY,
    ),
    Kind(
        "book.accounts.new_and_long_overdue",
        "new accounts that are 500 days overdue",
        (
            Rows(
                "accounts",
                added(account_id="account_id || 'N'", days_past_due="500", status="'open'", charged_off_on="NULL"),
            ),
        ),
        ONE,
        "debts come young; a purchased portfolio is announced, and one may be corrected",
        (ONE_ROW, ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "book.accounts.days_reset",
        "days past due are 0, while the money is still overdue",
        (Rows("accounts", changed(days_past_due="0"), of=_OVERDUE),),
        ONE_ROW,
        "what is overdue is overdue since a day",
        nights=EVERY,
    ),
    Kind(
        "book.accounts.days_and_money_reset",
        "days past due and overdue amounts are 0 without a payment",
        (Rows("accounts", changed(days_past_due="0", overdue_amount="0"), of=_OVERDUE),),
        FIVE,
        "one in twenty may be cured by a day's payments, on the best of days",
        _SHARES,
    ),
    Kind(
        "book.accounts.days_frozen",
        "days past due as yesterday",
        (Rows("accounts", changed(days_past_due=_of_yesterday("days_past_due")), of=_OVERDUE),),
        TWENTY,
        "each day without a payment adds one; a fifth that stand still did not all pay",
        _SHARES,
    ),
    Kind(
        "book.accounts.balances_frozen",
        "balances as yesterday",
        (Rows("accounts", changed(balance=_of_yesterday("balance"), principal=_of_yesterday("principal"))),),
        ALL,
        "people paid",
        (TWENTY, ALL),
    ),
    Kind(
        "book.accounts.days_of_last_week",
        "days past due seven too few",
        (Rows("accounts", changed(days_past_due="days_past_due - 7"), of="days_past_due > 7"),),
        FIVE,
        "days do not run backwards without a payment",
        _SHARES,
    ),
    Kind(
        "book.accounts.days_a_month_on",
        "days past due thirty too many",
        (Rows("accounts", changed(days_past_due="days_past_due + 30"), of=_OVERDUE),),
        ONE,
        "days grow by one a day",
        _SHARES,
    ),
    Kind(
        "book.accounts.days_as_months",
        "days past due in months",
        (Rows("accounts", changed(days_past_due="days_past_due // 30"), of="days_past_due >= 30"),),
        ONE,
        "half a year overdue is not six days",
        _SHARES,
    ),
    Kind(
        "book.accounts.days_capped",
        "days past due are cut at 99",
        (Rows("accounts", changed(days_past_due="99"), of="days_past_due > 99"),),
        ALL,
        "a column of two digits",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "book.accounts.days_negative",
        "days past due below 0",
        (Rows("accounts", changed(days_past_due="-days_past_due"), of=_OVERDUE),),
        ONE_ROW,
        "nobody is overdue in the future",
    ),
    Kind(
        "book.accounts.overdue_without_days",
        "overdue amounts are 0 although days are past",
        (Rows("accounts", changed(overdue_amount="0"), of="days_past_due > 0 AND overdue_amount > 0"),),
        ONE_ROW,
        "days of what?",
    ),
    Kind(
        "book.accounts.overdue_above_balance",
        "more is overdue than is owed",
        (Rows("accounts", changed(overdue_amount="balance * 3"), of="balance > 0"),),
        ONE_ROW,
        "it cannot be",
    ),
    Kind(
        "book.accounts.overdue_and_closed",
        "closed accounts that are overdue",
        (Rows("accounts", changed(status="'closed'"), of=_OVERDUE),),
        ONE_ROW,
        "what is closed is paid",
    ),
    Kind(
        "book.accounts.closed_and_owing",
        "closed accounts that still owe",
        (
            Rows(
                "accounts",
                changed(status="'closed'", days_past_due="0", overdue_amount="0"),
                of="balance > 0 AND status = 'open'",
            ),
        ),
        ONE,
        "what is closed is paid",
    ),
    Kind(
        "book.accounts.all_open",
        "every account is open: closed and written-off ones too",
        (Rows("accounts", changed(status="'open'", charged_off_on="NULL"), of="status <> 'open'"),),
        FIVE,
        "what was written off stays so",
        _SHARES,
    ),
    Kind(
        "book.accounts.all_sold",
        "accounts are sold",
        (Rows("accounts", changed(status="'sold'"), of="status = 'open'"),),
        TWENTY,
        "sales are announced",
        _SHARES,
    ),
    Kind(
        "book.accounts.holds_lost",
        "no account has a hold any more",
        (Rows("accounts", changed(hold="'none'"), of="hold <> 'none'"),),
        TWENTY,
        "the dead would be called: holds end one by one",
        _SHARES,
    ),
    Kind(
        "book.accounts.all_held",
        "every account is in dispute",
        (Rows("accounts", changed(hold="'dispute'"), of="hold = 'none'"),),
        FIVE,
        "disputes come one by one",
        _SHARES,
    ),
    Kind(
        "book.accounts.everybody_agreed",
        "everybody agreed to digital contact",
        (Rows("accounts", changed(consent="true"), of="NOT consent"),),
        TWENTY,
        "consent is given one by one; who did not give it would get messages",
        _SHARES,
    ),
    Kind(
        "book.accounts.branches_moved",
        "accounts at other branches",
        (Rows("accounts", changed(branch_id="'BR001'")),),
        TWENTY,
        "branches merge after an announcement",
        _SHARES,
    ),
    Kind(
        "book.accounts.regions_moved",
        "accounts in other regions",
        (Rows("accounts", changed(region="'Hanoi'"), of="jurisdiction = 'VN' AND region <> 'Hanoi'"),),
        TWENTY,
        "a fifth of the debtors did not move to the capital",
        _SHARES,
    ),
    Kind(
        "book.accounts.jurisdiction_lost",
        "Chinese accounts under Vietnam's law",
        (Rows("accounts", changed(jurisdiction="'VN'"), of="jurisdiction = 'CN'"),),
        ONE,
        "an account does not change the law",
        _SHARES,
    ),
    Kind(
        "book.accounts.languages_swapped",
        "debtors are addressed in another language",
        (Rows("accounts", changed(language="'zh'"), of="language = 'vi'"),),
        FIVE,
        "people do not change their language overnight",
        _SHARES,
    ),
    Kind(
        "book.accounts.originators_lost",
        "every debt comes from one originator",
        (Rows("accounts", changed(originator="'retail bank'"), of="originator <> 'retail bank'"),),
        TWENTY,
        "where a debt comes from does not change",
        _SHARES,
    ),
    Kind(
        "book.accounts.opened_anew",
        "accounts opened on another day than yesterday's file says",
        (Rows("accounts", changed(opened_on="opened_on - 365")),),
        FIVE,
        "the day on which an account was opened does not change",
        _SHARES,
    ),
    Kind(
        "book.accounts.products_recoded",
        "cards are cash loans",
        (Rows("accounts", changed(product="'cash_loan'"), of="product = 'card'"),),
        FIVE,
        "a card does not become a loan",
        _SHARES,
    ),
    Kind(
        "book.parties.duty_for_all",
        "everybody has the duty to repay",
        (Rows("parties", changed(duty_to_repay="true"), of="NOT duty_to_repay"),),
        ONE,
        "references would be asked for money, against the law",
        _SHARES,
    ),
    Kind(
        "book.parties.all_debtors",
        "references are debtors",
        (Rows("parties", changed(role="'debtor'"), of="role = 'reference'"),),
        ONE,
        "one debt has one debtor",
        _SHARES,
    ),
    Kind(
        "book.parties.debtors_missing",
        "debtors without a person",
        (Rows("parties", lost(), of="role = 'debtor'"),),
        ONE,
        "every account has one; nobody could be called",
        (ONE_ROW, ONE, FIVE, TWENTY),
    ),
    Kind(
        "book.parties.debtor_ids_unknown",
        "people tied to debtors who do not exist",
        (Rows("parties", changed(debtor_id="'D999' || right(debtor_id, 6)")),),
        ONE,
        "whose debt is it?",
    ),
    Kind(
        "book.contact_points.phones_equal",
        "everybody has one telephone number",
        (Rows("contact_points", changed(value="'+84912345678'"), of="kind = 'phone'"),),
        ONE,
        "families share a number, not a hundredth of all debtors",
        _SHARES,
    ),
    Kind(
        "book.contact_points.all_active",
        "retired and wrong numbers are active again",
        (Rows("contact_points", changed(state="'active'"), of="state IN ('retired', 'wrong_party')"),),
        TWENTY,
        "strangers would be called again",
        _SHARES,
    ),
    Kind(
        "book.contact_points.kinds_mixed_up",
        "mail addresses called telephones",
        (Rows("contact_points", changed(kind="'phone'"), of="kind = 'email'"),),
        ONE_ROW,
        "nobody can call that",
    ),
    Kind(
        "book.contact_points.digits_lost",
        "telephone numbers without their last two digits",
        (Rows("contact_points", changed(value="left(value, length(value) - 2)"), of="kind = 'phone'"),),
        ONE,
        "nobody can call that; one may have been mistyped",
    ),
    Kind(
        "book.contact_points.missing",
        "numbers are missing",
        (Rows("contact_points", lost()),),
        FIVE,
        "numbers are retired, not deleted",
        (ONE, FIVE, TWENTY, ALL),
    ),
)
