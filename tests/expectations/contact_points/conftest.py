"""Cleanings of small books: rows in, every point with its outcome and findings out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from domain.sql import TABLES
from expectations.contact_points.readings import read_values
from expectations.contact_points.rules import CleaningRule
from expectations.contact_points.statements import (
    after_reading,
    before_reading,
    cleaned_points,
    corrections,
    points_to_verify,
    values_to_read,
)
from tests.expectations.conftest import Book, Row

AS_OF = date(2026, 9, 30)

RULE = CleaningRule(
    id="contact_points",
    title="Contact points",
    owner="operations",
    valid_from=date(2026, 1, 1),
    review_by=date(2027, 1, 1),
    reason="As the tests need it.",
    look_back_days=90,
    stale_after_days=365,
    retire_after_wrong_parties=2,
    shared_from_debtors=3,
    wrong_party_outcomes=("wrong_party",),
    proving_outcomes=("right_party", "promise"),
    refused_number_types=("premium_rate", "toll_free"),
    demo_prefixes=("+84000",),
)


def point(name: str, value: str, party: str = "X1", **changes: Any) -> Row:
    row = {"contact_point_id": name, "party_id": party, "kind": "phone", "value": value}
    return {**row, "verified_on": date(2026, 6, 1), "state": "active", **changes}


def contact(name: str, point_id: str | None, outcome: str, wall: str = "2026-09-10T10:00") -> Row:
    return {
        "contact_id": name, "account_id": "A1", "party_id": "X1", "contact_point_id": point_id, "employee_id": None,
        "partner_id": None, "started_at": datetime.fromisoformat(wall), "started_wall": datetime.fromisoformat(wall),
        "channel": "call", "direction": "out", "outcome": outcome, "duration_seconds": 0,
    }  # fmt: skip


def clean(
    book: Book,
    points: Sequence[Row],
    contacts: Sequence[Row] = (),
    *,
    jurisdictions: Sequence[str] = ("VN",),
    rule: CleaningRule = RULE,
    is_demo: bool = False,
) -> dict[str, list[Row]]:
    """The cleaned points, those to verify, and the corrections.

    The party X1 belongs to the debtor D1, and so on, each with an account in each of `jurisdictions`.
    """
    names = sorted({row["party_id"].removeprefix("X") for row in points})
    account = {column.name: None for column in TABLES["accounts"].columns}
    book.fill(
        accounts=[
            {**account, "account_id": f"A{n}-{number}", "debtor_id": f"D{n}", "jurisdiction": place}
            for n in names
            for number, place in enumerate(jurisdictions)
        ],
        parties=[
            {"party_id": f"X{n}", "debtor_id": f"D{n}", "role": "debtor", "duty_to_repay": True, "full_name": "N"}
            | {"national_id": None}
            for n in names
        ],
        contact_points=points,
        contacts=contacts,
    )
    _make_tables(book, rule, is_demo=is_demo)
    statements = {"cleaned": cleaned_points(), "to_verify": points_to_verify(), "corrections": corrections()}
    return {name: book.read(statement) for name, statement in statements.items()}


def _make_tables(book: Book, rule: CleaningRule, *, is_demo: bool) -> None:
    first = before_reading()
    _make(book, first.name, first.statement)
    values = [(row["kind"], row["jurisdiction"], row["value"]) for row in book.read(values_to_read())]
    found = zip(values, read_values(values, rule, is_demo=is_demo), strict=True)
    rows = [
        {"kind": kind, "jurisdiction": place, "value": value, "value_class": each.value_class.value}
        | {"normalised": each.normalised}
        for (kind, place, value), each in found
    ]
    book.connection.execute(sa.text("DROP TABLE IF EXISTS readings"))
    READINGS.create(book.connection)
    if rows:
        book.connection.execute(READINGS.insert(), rows)
    for step in after_reading(rule, AS_OF):
        _make(book, step.name, step.statement)


def _make(book: Book, name: str, statement: sa.Select[Any]) -> None:
    sql = statement.compile(book.connection.engine, compile_kwargs={"literal_binds": True})
    book.connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
    book.connection.exec_driver_sql(f"CREATE TABLE {name} AS {sql}")


READINGS = sa.Table(
    "readings",
    sa.MetaData(),
    *(sa.Column(name, sa.String()) for name in ("kind", "jurisdiction", "value", "value_class", "normalised")),
)


@pytest.fixture
def cleaning(any_book: Book) -> Callable[..., dict[str, list[Row]]]:
    return lambda *rows, **more: clean(any_book, *rows, **more)
