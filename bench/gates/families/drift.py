"""Slow changes over ten days, each of them small enough for one day."""

from __future__ import annotations

from decimal import Decimal

from bench.gates.kinds import PARTS, Kind, Occasion, Rows, Unit, changed

_DAYS = 10
_NIGHTS = (Occasion.MIDWEEK,)
_RATES = (Decimal("0.02"), Decimal("0.05"), Decimal("0.1"))
_GROWN = "power(1 + CAST($level AS DOUBLE), $step)"
_SHRUNK = "power(1 - CAST($level AS DOUBLE), $step)"


def _placed(key: str, where: str = "true", **columns: str) -> str:
    """Rows in an order by chance, with `place` and `many` for the expressions to read."""
    replaced = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    return f"""
        SELECT * EXCLUDE (hit, place, many) {f"REPLACE ({replaced})" if replaced else ""}
        FROM (SELECT *, row_number() OVER (ORDER BY md5({key})) AS place, count(*) OVER () AS many FROM extract)
        WHERE {where}"""


def _fewer(table: str, key: str) -> tuple[Rows, ...]:
    return (Rows(table, _placed(key, f"place <= many * {_SHRUNK}")),)


def _scaled(*columns: str) -> dict[str, str]:
    return {name: f"CAST(round({name} * {_GROWN}, 0) AS DECIMAL(18,4))" for name in columns}


_SUM = " + ".join(_scaled(name)[name] for name in PARTS[1:])


def _drift(name: str, title: str, edits: tuple[Rows, ...], wrong_from: str, reason: str) -> Kind:
    return Kind(name, title, edits, Decimal(wrong_from), reason, _RATES, Unit.A_DAY, _NIGHTS, _DAYS)


KINDS = (
    _drift(
        "drift.accounts.fewer",
        "the book shrinks a little every day",
        _fewer("accounts", "account_id"),
        "0.02",
        "a sixth of the book within ten days, and what is missing still owed money",
    ),
    _drift(
        "drift.contacts.fewer",
        "calls become a little fewer every day",
        _fewer("contacts", "contact_id"),
        "0.1",
        "after ten days two calls in three are missing, while as many people are at work",
    ),
    _drift(
        "drift.payments.fewer",
        "payments become a little fewer every day",
        _fewer("payments", "payment_id"),
        "0.1",
        "after ten days two payments in three are missing",
    ),
    _drift(
        "drift.payments.larger",
        "payments become a little larger every day",
        (Rows("payments", changed(**_scaled(*PARTS[1:]), amount=f"CAST({_SUM} AS DECIMAL(18,4))")),),
        "0.1",
        "after ten days they are two and a half times what they were",
    ),
    _drift(
        "drift.accounts.balances_grow",
        "balances grow a little every day",
        (Rows("accounts", changed(**_scaled("balance", "principal", "overdue_amount"))),),
        "0.02",
        "no interest is 2 % a day",
    ),
    _drift(
        "drift.accounts.days_creep",
        "each day some more accounts are overdue by another bucket",
        (
            Rows(
                "accounts",
                _placed(
                    "account_id",
                    days_past_due=f"days_past_due + 30 * (place > many * {_SHRUNK} AND days_past_due > 0)::BIGINT",
                ),
            ),
        ),
        "0.02",
        "days grow by one a day, not by thirty",
    ),
    _drift(
        "drift.contacts.fewer_answers",
        "each day some more calls are not answered",
        (
            Rows(
                "contacts",
                _placed(
                    "contact_id",
                    outcome=f"CASE WHEN place > many * {_SHRUNK} THEN 'no_answer' ELSE outcome END",
                    duration_seconds=f"CASE WHEN place > many * {_SHRUNK} THEN 0 ELSE duration_seconds END",
                ),
            ),
        ),
        "0.1",
        "after ten days two answers in three are gone: the numbers are blocked, or the codes changed",
    ),
    _drift(
        "drift.contacts.clock",
        "the local clock runs away by some minutes more every day",
        (
            Rows(
                "contacts",
                "SELECT * EXCLUDE (hit) REPLACE (started_wall - to_seconds(CAST($level * 3600 * $step AS BIGINT)) AS "
                "started_wall) FROM extract",
            ),
        ),
        "0.05",
        "local time is UTC and whole hours; half an hour off after ten days",
    ),
)
