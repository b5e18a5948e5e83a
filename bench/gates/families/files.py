"""Whole files: dropped, stale, cut, sent twice, or in another form than agreed."""

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
    WORKING,
    AsText,
    Bytes,
    Cut,
    Gone,
    Kind,
    Occasion,
    Rows,
    Unit,
    Yesterday,
    added,
    lost,
)

_EVERY_ROW = "SELECT * EXCLUDE (hit) FROM extract"

_DROPPED = tuple(
    Kind(
        f"file.{table}.dropped",
        f"the file of {table} did not come",
        (Gone(table),),
        ALL,
        reason,
        WHOLE,
        Unit.ONCE,
        EVERY if table in {"accounts", "payments"} else WORKING,
    )
    for table, reason in (
        ("accounts", "there is nothing to work on"),
        ("payments", "pay and fees follow payments; no file is not the same as no payments"),
        ("contacts", "a working day without a single call does not exist"),
        ("promises", "a day's promises are missing from every report"),
        ("staff_postings", "nobody knows any more whose result is whose"),
        ("parties", "nobody knows whom the law lets a collector call"),
        ("calendar", "working days are counted by it"),
        ("leave", "who is away today is not known"),
        ("attendance", "bonuses are prorated by it"),
    )
)

_STALE = tuple(
    Kind(
        f"file.{table}.stale",
        f"yesterday's {table} again under today's date",
        (Yesterday(table),),
        ALL,
        reason,
        WHOLE,
        Unit.ONCE,
        (Occasion.CLAIMS,) if table == "reviews" else WORKING,
    )
    for table, reason in (
        ("accounts", "today's balances and days past due are yesterday's"),
        ("payments", "each payment would count twice, and today's are missing"),
        ("contacts", "each call would count twice, and today's are missing"),
        ("attendance", "today's attendance is missing"),
        ("reviews", "each review would count twice"),
    )
)

_EMPTY = tuple(
    Kind(
        f"file.{table}.empty",
        f"the file of {table} has its columns and no rows",
        (Rows(table, lost()),),
        ALL,
        "on such a day there are always some",
        WHOLE,
        Unit.ONCE,
    )
    for table in ("accounts", "payments", "contacts", "employees", "parties", "contact_points", "attendance")
)

_LAST_ROWS_LOST = tuple(
    Kind(
        f"file.{table}.last_rows_lost",
        f"the last rows of {table} are missing: an export that stopped early",
        (
            Rows(
                table,
                f"SELECT * EXCLUDE (hit, place, many) FROM (SELECT *, row_number() OVER (ORDER BY {key}) AS place, "
                "count(*) OVER () AS many FROM extract) WHERE place <= floor(many * (1 - $level))",
            ),
        ),
        wrong_from,
        reason,
        (ONE, FIVE, TWENTY, Decimal("0.5")),
    )
    for table, key, wrong_from, reason in (
        ("accounts", "account_id", ONE, "accounts do not vanish: a hundredth of the book is a month's closures"),
        ("payments", "payment_id", TWENTY, "days differ by more than a few payments; a fifth is money missing"),
        ("contacts", "contact_id", Decimal("0.5"), "days differ a lot; half a day's calls missing is seen by all"),
        ("parties", "party_id", ONE, "nobody leaves the book in such numbers, and each has accounts"),
        ("staff_postings", "employee_id, valid_from", FIVE, "several people without a place at once"),
    )
)

_LOST_AND_DOUBLED = (
    *(
        Kind(
            f"file.{table}.rows_lost",
            f"rows of {table} are missing here and there",
            (Rows(table, lost()),),
            wrong_from,
            reason,
            (ONE, FIVE, TWENTY, Decimal("0.5")),
        )
        for table, wrong_from, reason in (
            ("payments", TWENTY, "a fifth of a day's money missing shows in every total"),
            ("contacts", Decimal("0.5"), "half of the calls missing is seen by all"),
            ("accounts", ONE, "accounts do not vanish"),
            ("employees", FIVE, "people who are paid are missing"),
        )
    ),
    *(
        Kind(
            f"file.{table}.rows_doubled",
            f"rows of {table} come twice, wholly equal",
            (Rows(table, added()),),
            ONE_ROW,
            "each row is one thing that happened once",
            nights=EVERY if table == "payments" else WORKING,
        )
        for table in ("accounts", "payments", "contacts", "staff_postings")
    ),
    Kind(
        "file.payments.doubled_under_new_keys",
        "payments come twice under new ids",
        (Rows("payments", added(payment_id="payment_id || 'B'")),),
        ONE,
        "the same account, day and amount twice: one or two such pairs happen, several are one booking sent twice",
    ),
    Kind(
        "file.contacts.doubled_under_new_keys",
        "calls come twice under new ids",
        (Rows("contacts", added(contact_id="contact_id || 'B'")),),
        ONE,
        "nobody calls the same number twice in one second",
    ),
    Kind(
        "file.promises.doubled_under_new_keys",
        "promises come twice under new ids",
        (Rows("promises", added(promise_id="promise_id || 'B'")),),
        TWENTY,
        "one account promises once a day; a few double entries are typing, a fifth is a faulty export",
    ),
    Kind(
        "file.payments.doubled_with_another_content",
        "payments come twice, the second time with another receipt",
        (Rows("payments", added(receipt="'copy'")),),
        ONE_ROW,
        "one key stands for one payment",
    ),
)

_OTHER_FORMS = (
    Kind(
        "file.payments.cut",
        "the Parquet file of payments breaks off",
        (Cut("payments"),),
        Decimal("0.5"),
        "a copy that was interrupted",
        (Decimal("0.5"), Decimal("0.99")),
    ),
    Kind(
        "file.contacts.cut_text",
        "the CSV file of contacts breaks off within a line",
        (Cut("contacts", as_text=True),),
        Decimal("0.5"),
        "a copy that was interrupted",
        (Decimal("0.5"), Decimal("0.99")),
    ),
    Kind(
        "file.payments.no_bytes",
        "the file of payments has no bytes",
        (Bytes("payments", b""),),
        ALL,
        "an export that failed",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.html",
        "the file of payments is the error page of the server",
        (Bytes("payments", b"<html><body>503 Service Unavailable</body></html>\n", "csv"),),
        ALL,
        "a download that failed",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.two_files",
        "payments came as Parquet and as CSV",
        (AsText("payments", beside=True),),
        ALL,
        "which of them counts?",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.of_another_table",
        "the file of payments holds contacts",
        (Rows("payments", "SELECT * FROM contacts"),),
        ALL,
        "files were mixed up",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.semicolons",
        "a CSV of payments with semicolons",
        (AsText("payments", options="HEADER, DELIMITER ';'"),),
        ALL,
        "whoever opens it sees one column",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.accounts.utf16",
        "a CSV of accounts in UTF-16",
        (AsText("accounts", encoding="utf-16"),),
        ALL,
        "not what was agreed, and readable by luck only",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.employees.latin1",
        "a CSV of employees in Latin-1: Vietnamese letters became question marks or strange bytes",
        (AsText("employees", encoding="latin-1"),),
        ALL,
        "names are spoilt",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.decimal_comma",
        "amounts of payments with a decimal comma",
        (
            AsText(
                "payments", "SELECT * EXCLUDE (hit) REPLACE (replace(amount::VARCHAR, '.', ',') AS amount) FROM extract"
            ),
        ),
        ALL,
        "1234,5000 is no number here, and 12.345.000 when the comma is dropped",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.thousands_marks",
        "amounts of payments with marks of thousands",
        (AsText("payments", "SELECT * EXCLUDE (hit) REPLACE (format('{:,}', amount::BIGINT) AS amount) FROM extract"),),
        ALL,
        "1,234 is one comma two or one thousand",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.day_first_dates",
        "dates of payments as 30/11/2026",
        (
            AsText(
                "payments", "SELECT * EXCLUDE (hit) REPLACE (strftime(posted_on, '%d/%m/%Y') AS posted_on) FROM extract"
            ),
        ),
        ALL,
        "day and month may be mixed up",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.line_of_totals",
        "a line of totals below the payments",
        (AsText("payments", last="TOTAL,,,,999999999,,,,,,,,,\n"),),
        ALL,
        "it is no payment",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.title_line",
        "a title above the header of the payments",
        (AsText("payments", first="Payments of the day\n"),),
        ALL,
        "the first line is not the header",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "file.payments.no_header",
        "a CSV of payments without its header",
        (AsText("payments", options="HEADER false"),),
        ALL,
        "the first payment is taken for names",
        WHOLE,
        Unit.ONCE,
    ),
)

KINDS = (*_DROPPED, *_STALE, *_EMPTY, *_LAST_ROWS_LOST, *_LOST_AND_DOUBLED, *_OTHER_FORMS)
