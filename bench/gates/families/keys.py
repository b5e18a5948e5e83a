"""Keys and texts: what spreadsheets, editors and encodings do to them."""

from __future__ import annotations

from bench.gates.kinds import (
    ALL,
    EVERY,
    FIVE,
    ONE,
    ONE_ROW,
    TWENTY,
    WHOLE,
    Edit,
    Kind,
    Rows,
    Unit,
    changed,
    dealt,
    swapped,
)

_BEARING_ACCOUNTS = ("accounts", "placements", "payments", "contacts", "promises", "visits", "complaints", "cases")
_OTHER_LETTERS = "translate({}, 'AC', 'АС')"  # Cyrillic letters that look the same
_AS_NUMBER = "format('{{:.2E}}', CAST(regexp_replace({}, '[^0-9]', '', 'g') AS DOUBLE))"


def _everywhere(column: str, expression: str) -> tuple[Edit, ...]:
    return tuple(
        Rows(table, changed(**{column: expression}), of=f"{column} IS NOT NULL") for table in _BEARING_ACCOUNTS
    )


KINDS = (
    Kind(
        "keys.payments.account_as_number",
        "account ids of payments as 1.23E+08",
        (Rows("payments", changed(account_id=_AS_NUMBER.format("account_id"))),),
        ONE_ROW,
        "a spreadsheet has been at it",
        nights=EVERY,
    ),
    Kind(
        "keys.payments.payment_as_number",
        "payment ids as 2.03E+15",
        (Rows("payments", changed(payment_id=_AS_NUMBER.format("payment_id"))),),
        ONE_ROW,
        "a spreadsheet has been at it, and many payments share an id",
    ),
    Kind(
        "keys.contact_points.phones_as_numbers",
        "telephone numbers as 8.4E+11",
        (Rows("contact_points", changed(value=_AS_NUMBER.format("value")), of="kind = 'phone'"),),
        ONE_ROW,
        "nobody can call that",
    ),
    Kind(
        "keys.parties.identity_as_numbers",
        "identity numbers as 1.2E+11",
        (Rows("parties", changed(national_id=_AS_NUMBER.format("national_id")), of="national_id IS NOT NULL"),),
        ONE_ROW,
        "a spreadsheet has been at it",
    ),
    Kind(
        "keys.payments.zeros_trimmed",
        "account ids of payments without their leading zeros",
        (Rows("payments", changed(account_id="regexp_replace(account_id, '^A0+', 'A')"), of="account_id LIKE 'A0%'"),),
        ONE_ROW,
        "there is no such account",
    ),
    Kind(
        "keys.everywhere.zeros_trimmed",
        "account ids without their leading zeros in every file",
        _everywhere("account_id", "regexp_replace(account_id, '^A0+', 'A')"),
        ALL,
        "the whole book has other ids than yesterday",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "keys.contact_points.phone_zeros_trimmed",
        "telephone numbers without their plus and leading zeros",
        (
            Rows(
                "contact_points", changed(value="CAST(CAST(value AS BIGINT) % 1000000 AS VARCHAR)"), of="kind = 'phone'"
            ),
        ),
        ONE,
        "nobody can call that; one short number may have been typed so",
    ),
    Kind(
        "keys.contacts.blanks",
        "employee ids of contacts with a blank behind them",
        (Rows("contacts", changed(employee_id="employee_id || ' '"), of="employee_id IS NOT NULL"),),
        ONE_ROW,
        "no employee has that id",
    ),
    Kind(
        "keys.accounts.blanks",
        "account ids with a blank before them, in accounts alone",
        (Rows("accounts", changed(account_id="' ' || account_id")),),
        ONE_ROW,
        "another id than yesterday's",
    ),
    Kind(
        "keys.payments.lookalikes",
        "account ids of payments with Cyrillic letters",
        (Rows("payments", changed(account_id=_OTHER_LETTERS.format("account_id"))),),
        ONE_ROW,
        "there is no such account",
    ),
    Kind(
        "keys.payments.invisible_characters",
        "account ids of payments with a zero-width space",
        (Rows("payments", changed(account_id="account_id || chr(8203)")),),
        ONE_ROW,
        "there is no such account",
    ),
    Kind(
        "keys.everywhere.lower_case",
        "account ids in small letters in every file but payments",
        tuple(one for one in _everywhere("account_id", "lower(account_id)") if one.table != "payments"),
        ALL,
        "the whole book has other ids than yesterday",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "keys.parties.mojibake",
        "names as NguyÃ¡Â»â€¦n: UTF-8 read as Latin-1",
        (
            Rows(
                "parties",
                changed(full_name="regexp_replace(full_name, '[^ -~]', 'Ã¡Â»', 'g')"),
                of="full_name <> strip_accents(full_name)",
            ),
        ),
        ONE,
        "one name may have been typed so; several were read in the wrong encoding",
    ),
    Kind(
        "keys.parties.question_marks",
        "names as Nguy?n",
        (
            Rows(
                "parties",
                changed(full_name="regexp_replace(full_name, '[^ -~]', '?', 'g')"),
                of="full_name <> strip_accents(full_name)",
            ),
        ),
        ONE,
        "the letters are gone for good",
    ),
    Kind(
        "keys.parties.names_cut",
        "names cut after eight letters",
        (Rows("parties", changed(full_name="left(full_name, 8)"), of="length(full_name) > 8"),),
        TWENTY,
        "a column too narrow; short names exist, so that a few do not show",
        (ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "keys.contacts.null_as_text",
        "the word NULL as employee of contacts",
        (Rows("contacts", changed(employee_id="'NULL'"), of="employee_id IS NOT NULL"),),
        ONE_ROW,
        "nobody is called NULL",
    ),
    Kind(
        "keys.accounts.not_available",
        "N/A as region of accounts",
        (Rows("accounts", changed(region="'N/A'")),),
        ONE,
        "territories are made of regions; one account may lack its address",
    ),
    Kind(
        "keys.parties.null_as_text",
        "the word NULL as identity number",
        (Rows("parties", changed(national_id="'NULL'"), of="national_id IS NOT NULL"),),
        ONE,
        "many people would share an identity",
    ),
    Kind(
        "keys.parties.formulas",
        "names that begin like formulas: =HYPERLINK(…)",
        (Rows("parties", changed(full_name="'=HYPERLINK(\"http://example.invalid\")'")),),
        ONE_ROW,
        "whoever opens the export runs it",
    ),
    Kind(
        "keys.contacts.unknown_accounts",
        "contacts of accounts that do not exist",
        (Rows("contacts", changed(account_id="'A999' || right(account_id, 6)")),),
        ONE_ROW,
        "there is no such account",
    ),
    Kind(
        "keys.payments.unknown_accounts",
        "payments of accounts that do not exist",
        (Rows("payments", changed(account_id="'A999' || right(account_id, 6)")),),
        ONE_ROW,
        "whose money is it?",
        nights=EVERY,
    ),
    Kind(
        "keys.contacts.unknown_parties",
        "contacts with parties that do not exist",
        (Rows("contacts", changed(party_id="'P999' || right(party_id, 8)")),),
        ONE_ROW,
        "who was called?",
    ),
    Kind(
        "keys.contacts.unknown_numbers",
        "contacts by numbers that do not exist",
        (
            Rows(
                "contacts",
                changed(contact_point_id="'K999' || right(contact_point_id, 8)"),
                of="contact_point_id IS NOT NULL",
            ),
        ),
        ONE_ROW,
        "which number was called?",
    ),
    Kind(
        "keys.contacts.unknown_employees",
        "contacts by employees who do not exist",
        (Rows("contacts", changed(employee_id="'E99999'"), of="employee_id IS NOT NULL"),),
        ONE_ROW,
        "who called?",
    ),
    Kind(
        "keys.contacts.party_of_another_debtor",
        "calls to people who have nothing to do with the account",
        (
            Rows(
                "contacts",
                changed(
                    party_id="(SELECT max(party_id) FROM parties WHERE party_id <> extract.party_id)",
                    contact_point_id="NULL",
                ),
            ),
        ),
        ONE,
        "a secret told to a stranger; one may be a mistyped line",
    ),
    Kind(
        "keys.contacts.number_of_another_party",
        "calls by the numbers of other people",
        (
            Rows(
                "contacts",
                changed(contact_point_id="(SELECT max(contact_point_id) FROM contact_points)"),
                of="contact_point_id IS NOT NULL",
            ),
        ),
        ONE,
        "the number belongs to somebody else",
    ),
    Kind(
        "keys.contacts.account_and_debtor_swapped",
        "the debtor's id where the account's should be",
        (
            Rows(
                "contacts",
                changed(
                    account_id="(SELECT max(a.debtor_id) FROM accounts AS a WHERE a.account_id = extract.account_id)"
                ),
            ),
        ),
        ONE_ROW,
        "a debtor is no account",
    ),
    Kind(
        "keys.accounts.account_and_debtor_swapped",
        "account and debtor ids of accounts swapped",
        (Rows("accounts", swapped("account_id", "debtor_id")),),
        ONE_ROW,
        "a debtor is no account",
    ),
    Kind(
        "keys.accounts.debtors_shuffled",
        "accounts with the debtors of other accounts",
        (Rows("accounts", dealt("debtor_id", "account_id")),),
        ONE,
        "a debt does not change its debtor",
        (ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "keys.accounts.rekeyed",
        "the same accounts under new ids, in every file",
        _everywhere("account_id", "'N' || substr(account_id, 2)"),
        ALL,
        "not one of yesterday's accounts is there",
        WHOLE,
        Unit.ONCE,
    ),
)
