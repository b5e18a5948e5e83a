"""What looks odd and is sound: a halt on one of these would be a false alarm."""

from __future__ import annotations

from bench.gates.kinds import WHOLE, AsText, Edit, Kind, Rows, Unit, recast


def _harmless(name: str, title: str, edit: Edit, reason: str) -> Kind:
    return Kind(name, title, (edit,), None, reason, WHOLE, Unit.ONCE)


KINDS = (
    _harmless(
        "harmless.payments.rows_shuffled",
        "payments in another order",
        Rows("payments", "SELECT * EXCLUDE (hit) FROM extract ORDER BY md5(payment_id)"),
        "order means nothing",
    ),
    _harmless(
        "harmless.payments.columns_shuffled",
        "columns of payments in another order",
        Rows("payments", "SELECT currency, amount, * EXCLUDE (hit, currency, amount) FROM extract"),
        "columns are found by name",
    ),
    _harmless(
        "harmless.payments.as_text",
        "payments as CSV",
        AsText("payments"),
        "both forms are agreed",
    ),
    _harmless(
        "harmless.payments.byte_order_mark",
        "payments as CSV with a byte-order mark",
        AsText("payments", encoding="utf-8-sig"),
        "spreadsheets write one",
    ),
    _harmless(
        "harmless.accounts.another_column",
        "accounts with one more column",
        Rows("accounts", "SELECT * EXCLUDE (hit), 'x' AS internal_note FROM extract"),
        "it is not read; a person would want to know of it",
    ),
    _harmless(
        "harmless.accounts.days_as_text",
        "days past due as text that are all numbers",
        Rows("accounts", recast(days_past_due="CAST(days_past_due AS VARCHAR)")),
        "nothing is lost",
    ),
    _harmless(
        "harmless.accounts.balances_as_floats",
        "balances as 64-bit floats that hold them exactly",
        Rows("accounts", recast(balance="CAST(balance AS DOUBLE)")),
        "nothing is lost at these sizes",
    ),
)
