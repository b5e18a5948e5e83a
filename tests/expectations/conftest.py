"""Small tables in a database, by the catalogue: the rows that a test gives, and empty views for everything else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from adapters.rule_files import read_document
from adapters.settings import PROJECT
from domain.catalogue import CATALOGUE
from domain.sql import sql_table
from expectations.limits import TableThreshold, decode_thresholds

Row = dict[str, Any]

DAY = date(2026, 3, 4)

_GOOD: Mapping[str, Row] = {
    "accounts": {
        "account_id": "A1", "debtor_id": "D1", "product": "card", "branch_id": "B1", "region": "Hà Nội",
        "language": "vi", "currency": "VND", "jurisdiction": "VN", "time_zone": "Asia/Ho_Chi_Minh",
        "originator": "retail", "opened_on": date(2024, 1, 1), "principal": Decimal(900_000),
        "balance": Decimal(1_000_000), "overdue_amount": Decimal(50_000), "days_past_due": 12,
        "charged_off_on": None, "status": "open", "hold": "none", "consent": True,
    },
    "payments": {
        "payment_id": "P1", "account_id": "A1", "paid_on": DAY, "posted_on": DAY, "amount": Decimal(10_000),
        "principal": Decimal(8_000), "interest": Decimal(1_500), "fee": Decimal(500), "waiver": Decimal(0),
        "currency": "VND", "channel": "transfer", "receipt": None, "deposited_on": None, "reverses": None,
    },
    "employees": {"employee_id": "E1", "full_name": "Người thử", "jurisdiction": "VN", "language": "vi"},
    "staff_postings": {
        "employee_id": "E1", "valid_from": date(2026, 1, 1), "valid_to": None, "department_id": "phone",
        "team_id": "T1", "role": "collector", "manager_id": None,
    },
    "parties": {
        "party_id": "X1", "debtor_id": "D1", "role": "debtor", "duty_to_repay": True, "full_name": "Người thử",
        "national_id": None,
    },
    "contacts": {
        "contact_id": "C1", "account_id": "A1", "party_id": "X1", "contact_point_id": None, "employee_id": "E1",
        "partner_id": None, "started_at": datetime.fromisoformat("2026-03-04T02:00"),
        "started_wall": datetime.fromisoformat("2026-03-04T09:00"),
        "channel": "call", "direction": "out", "outcome": "no_answer", "duration_seconds": 0,
    },
    "promises": {
        "promise_id": "R1", "account_id": "A1", "employee_id": "E1", "partner_id": None, "made_on": DAY,
        "due_on": date(2026, 3, 9), "amount": Decimal(5_000), "currency": "VND", "state": "open",
    },
    "visits": {
        "visit_id": "V1", "account_id": "A1", "employee_id": "E1", "partner_id": None, "planned_on": DAY,
        "made_at": datetime.fromisoformat("2026-03-04T09:00"),
        "recorded_at": datetime.fromisoformat("2026-03-04T10:00"), "latitude": Decimal("21.03"),
        "longitude": Decimal("105.85"), "outcome": "met_debtor",
    },
    "partner_reviews": {
        "review_id": "Z1", "partner_id": "PA1", "contact_id": None, "visit_id": "V1", "reviewed_on": DAY,
        "has_recording": True, "score": Decimal("0.9"), "critical_fail": False,
    },
    "partner_reports": {
        "report_id": "D1", "partner_id": "PA1", "duty": "staff_list", "month": date(2026, 2, 1), "due_on": DAY,
        "received_on": DAY, "accepted": True, "staff": 12,
    },
    "attendance": {"employee_id": "E1", "day": DAY, "minutes_worked": 480, "minutes_on_calls": 30},
    "leave": {
        "employee_id": "E1", "starts_on": date(2026, 5, 4), "ends_on": date(2026, 5, 8), "leave_type": "annual",
    },
    "partners": {
        "partner_id": "PA1", "name": "Partner", "legal_type": "agency", "jurisdiction": "VN",
        "active_from": date(2020, 1, 1), "active_to": None, "accounts_at_most": 100,
    },
    "placements": {
        "placement_id": "L1", "account_id": "A1", "partner_id": "PA1", "placement_batch": "B1", "placement_number": 1,
        "placed_on": date(2026, 1, 1), "balance_at_placement": Decimal(1_000_000), "currency": "VND",
        "days_past_due_at_placement": 90, "term_ends_on": date(2026, 7, 1), "exclusive": True, "recalled_on": None,
        "recall_reason": None,
    },
    "bank_scores": {
        "account_id": "A1", "score_name": "pd_v1", "horizon_days": 30, "channel": "any", "scored_on": DAY,
        "probability": Decimal("0.4"), "expected_amount": None, "currency": "VND",
    },
    "complaints": {
        "complaint_id": "K1", "account_id": "A1", "employee_id": "E1", "partner_id": None, "received_on": DAY,
        "complaint_type": "conduct", "answered_on": None, "finding": "open",
    },
    "reviews": {
        "review_id": "Q1", "employee_id": "E1", "contact_id": "C1", "reviewed_on": DAY, "score": Decimal("0.9"),
        "critical_fail": False,
    },
}  # fmt: skip


def row(table: str, **changes: Any) -> Row:
    """A row that fulfils its contract, but for the changes."""
    return {**_GOOD[table], **changes}


@dataclass(frozen=True, slots=True)
class Book:
    """A database with a table for every name that statements may read; `filled` are those that have had rows."""

    connection: sa.Connection
    filled: set[str] = field(default_factory=set)

    def fill(self, **tables: Sequence[Row]) -> None:
        for name, rows in tables.items():
            table = _TABLES[name]
            self.connection.execute(table.delete())
            if rows:
                self.filled.add(name)
                self.connection.execute(table.insert(), [dict(one) for one in rows])

    def clear(self) -> None:
        self.fill(**dict.fromkeys(self.filled, ()))
        self.filled.clear()

    def read(self, statement: sa.Select[Any]) -> list[Row]:
        return [dict(found) for found in self.connection.execute(statement).mappings()]


_METADATA = sa.MetaData()
_TABLES = {
    name + suffix: sa.Table(
        name + suffix,
        _METADATA,
        *(sa.Column(column.name, column.type) for column in sql_table(table, sa.MetaData()).columns),
    )
    for name, table in CATALOGUE.items()
    for suffix in ("", "_history", "_alike", "_previous")
}


@contextmanager
def new_book(url: str) -> Iterator[Book]:
    """A database in memory, or a schema of its own on a PostgreSQL server, gone at the end."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=StaticPool)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            schema = f"gate_{uuid.uuid4().hex[:12]}"
            connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
            connection.execute(sa.text(f"SET search_path TO {schema}"))
        _METADATA.create_all(connection)
        yield Book(connection)
        connection.rollback()


@pytest.fixture(scope="session")
def duckdb_book() -> Iterator[Book]:
    with new_book("duckdb:///:memory:") as empty:
        yield empty


@pytest.fixture
def book(duckdb_book: Book) -> Book:
    duckdb_book.clear()
    return duckdb_book


@pytest.fixture(scope="session")
def postgresql_book(postgresql: str) -> Iterator[Book]:
    with new_book(postgresql) as empty:
        yield empty


@pytest.fixture(params=["duckdb_book", "postgresql_book"])
def any_book(request: pytest.FixtureRequest) -> Book:
    """An empty book on either database."""
    found: Book = request.getfixturevalue(request.param)
    found.clear()
    return found


@pytest.fixture(scope="session")
def thresholds() -> Mapping[str, TableThreshold]:
    """The thresholds of the repository, as they are in force on the day."""
    files = sorted((PROJECT / "expectations" / "thresholds").glob("*.yaml"))
    documents = [document for document, _ in (read_document(file) for file in files) if document is not None]
    decoded, issues = decode_thresholds(documents)
    assert not issues, "\n".join(map(str, issues))
    return decoded.at(DAY)


@pytest.fixture(scope="session")
def good():
    """`good("payments", amount=…)` is a row that fulfils its contract, but for the changes."""
    return row
