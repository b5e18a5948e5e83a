"""Incidents of files on their way: encodings, spreadsheets, gateways, keyboards."""

from __future__ import annotations

from bench.gates.kinds import ALL, ONE_ROW, WHOLE, AsText, Bytes, Kind, Rows, Unit, changed
from bench.gates.second.forms import A_NIGHT, CLAIMED, ROW_OR_ALL, ROW_TO_ALL

_BYTES_AS_CHARACTERS = """list_aggregate(list_transform(regexp_extract_all(hex(encode(full_name)), '..'),
    lambda pair: chr(CAST('0x' || pair AS INTEGER))), 'string_agg', '')"""

_LOGIN_PAGE = b"""<!DOCTYPE html>
<html><head><title>Session expired</title></head>
<body><form method="post"><p>Your session has expired. Please sign in again.</p></form></body></html>
"""


def _grouped(column: str) -> str:
    """Whole units with points between the thousands, as amounts are written in Vietnam."""
    return f"replace(format('{{:,}}', CAST({column} AS BIGINT)), ',', '.') AS {column}"


_GROUPED = ", ".join(_grouped(part) for part in ("amount", "principal", "interest", "fee", "waiver"))

KINDS = (
    Kind(
        "files.parties.bytes_read_as_latin",
        "names in UTF-8 were read as Latin-1 and written again: NguyÃ…n",
        (
            Rows(
                "parties",
                changed(full_name=_BYTES_AS_CHARACTERS),
                of="strlen(full_name) > length(full_name)",
            ),
        ),
        ONE_ROW,
        "nobody is called so, and no letter may go to such a name",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "files.payments.thousands_with_points",
        "a CSV from a spreadsheet in Vietnamese: 948.000 is nine hundred and forty-eight thousand",
        (AsText("payments", f"SELECT * EXCLUDE (hit) REPLACE ({_GROUPED}) FROM extract"),),
        ALL,
        "read as it stands, small payments are a thousandth of what was paid",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "files.attendance.days_as_spreadsheet_numbers",
        "a CSV from a spreadsheet: days are numbers from the end of 1899",
        (AsText("attendance", "SELECT * EXCLUDE (hit) REPLACE (day - DATE '1899-12-30' AS day) FROM extract"),),
        ALL,
        "46344 is no date",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "files.accounts.login_page",
        "the gateway answered with its login page, and the job saved it under the extract's name",
        (Bytes("accounts", _LOGIN_PAGE),),
        ALL,
        "there is no account in it",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "files.partner_claims.full_width_digits",
        "account numbers were typed with a Chinese input method: full-width digits that look the same",
        (
            Rows(
                "partner_claims",
                changed(account_id="translate(account_id, '0123456789', '０１２３４５６７８９')"),
            ),
        ),
        ONE_ROW,
        "no account has this number",
        ROW_OR_ALL,
        nights=CLAIMED,
    ),
)
