"""Small books by hand: accounts with sensible defaults, a strategy from text, and an engine with the views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from adapters.rule_files import parse_document
from allocation.allocate import Allocation, allocate
from allocation.capacity.stock import STOCK, STOCK_BEFORE
from allocation.destinations import Destination
from allocation.planned import OWNERS_NEXT
from allocation.recovered import OPENINGS, RECOVERED_SQL, THIS_MONTH_SQL
from allocation.recovery import recovery_table
from allocation.strategies import Strategy, decode_strategies
from domain.dispatch import DISPATCH_SQL
from domain.drawn import DRAWN_SQL
from domain.planned import PLANNED_SQL
from domain.sql import TABLES

DAY = date(2026, 10, 20)

STRATEGY = """\
strategies:
  - id: small
    title: A small strategy
    owner: head_of_collections
    valid_from: 2026-01-01
    review_by: 2026-12-31
    currencies: {VND: 1, CNY: 3600}
    capacity: {by: accounts}
    one_owner_per_debtor: true
    switching_cost: 0.15
    cooling_off_days: 30
    long_leave_days: 10
    shrinkage_accounts: 100
    excluded:
      - {reason: closed, when: 'status in ["closed", "sold"]'}
    held:
      - {reason: blocked, when: 'hold != "none"'}
    segments:
      - id: current
        title: Nothing is overdue
        when: days_past_due <= 0
        hold: current
      - id: restructuring
        title: A new plan is being negotiated
        when: open_restructuring_case
        channel: restructuring
        departments: [restructuring]
        handling_minutes: 90
        recovery_without_history: 0.10
      - id: phone
        title: Up to 90 days
        when: days_past_due <= 90
        channel: phone
        departments: [phone]
        handling_minutes: 20
        skills: [language]
        recovery_without_history: 0.50
      - id: legal
        title: The rest
        otherwise: true
        channel: legal
        departments: [legal]
        partners: {share_at_most: 0.50, cost_share: 0.20}
        handling_minutes: 45
        recovery_without_history: 0.10
"""


def strategy_of(text: str = STRATEGY) -> Strategy:
    document, issues = parse_document(text, "small.yaml")
    assert document is not None, issues
    book, issues = decode_strategies([document])
    assert not issues, [str(issue) for issue in issues]
    strategy = book.on(DAY)
    assert strategy is not None
    return strategy


_TEXTS = {"jurisdiction": "VN", "language": "vi", "region": "hn", "product": "card", "currency": "VND"}
_OPTIONAL = ("escalated", "not_worked", "case_id", "owner_kind", "owner_id", "placed_with", "recall")
_FLAGS = {"stays": False, "rotates": False, "consent": True}
_BOOK_TYPES = {
    **dict.fromkeys(("account_id", "debtor_id", "segment", *_TEXTS, *_OPTIONAL), pa.string()),
    **dict.fromkeys(("balance", "overdue_amount"), pa.decimal128(18, 4)),
    "days_past_due": pa.int64(),
    **dict.fromkeys(_FLAGS, pa.bool_()),
}


def book_of(*rows: dict[str, Any]) -> pa.Table:
    """Rows as `book_statement` gives them; what is not given is of one Vietnamese debtor per account, on the phone."""
    full = [
        {
            **_TEXTS,
            **dict.fromkeys(_OPTIONAL),
            **_FLAGS,
            "debtor_id": f"debtor of {row['account_id']}",
            "segment": "phone",
            "balance": Decimal(1000),
            "overdue_amount": Decimal(100),
            "days_past_due": 40,
            **row,
        }
        for row in rows
    ]
    return pa.table({name: pa.array([row[name] for row in full], kind) for name, kind in _BOOK_TYPES.items()})


def barred_of(*pairs: tuple[str, str]) -> pa.Table:
    """Accounts and keys of who does not get them, such as partner:P1."""
    owners = [owner.partition(":") for _, owner in pairs]
    columns = {
        "account_id": [account for account, _ in pairs],
        "owner_kind": [kind for kind, _, _ in owners],
        "owner_id": [name for _, _, name in owners],
        "reason": ["cooling_off"] * len(pairs),
    }
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def collector(name: str, most: int, department: str = "phone", **other: Any) -> Destination:
    given = {"jurisdiction": "VN", "skills": frozenset({"vi"}), "team": f"{department} 1", **other}
    return Destination("employee", name, accounts_at_most=most, department=department, **given)


def partner(name: str, most: int, **other: Any) -> Destination:
    given = {"jurisdiction": "VN", "legal_type": "law_firm", **other}
    return Destination("partner", name, accounts_at_most=most, **given)


def allocate_by_hand(
    book: pa.Table, *ends: Destination, strategy: Strategy | None = None, barred: pa.Table | None = None, **other: Any
) -> Allocation:
    """An allocation without history: every segment brings what the strategy states."""
    used = strategy or strategy_of()
    rates = other.pop("recovery", None) or recovery_table(used, [])
    return allocate(book, barred or barred_of(), ends, used, rates, **other)


def owners(allocation: Allocation) -> dict[str, str]:
    return dict(zip(*(allocation.accounts[name].to_pylist() for name in ("account_id", "owner_id")), strict=True))


def reasons(allocation: Allocation) -> dict[str, str]:
    return dict(zip(*(allocation.accounts[name].to_pylist() for name in ("account_id", "reason")), strict=True))


VIEWS = {
    **TABLES,
    "dispatch": DISPATCH_SQL,
    **{opening.name: opening for opening in OPENINGS},
    RECOVERED_SQL.name: RECOVERED_SQL,
    THIS_MONTH_SQL.name: THIS_MONTH_SQL,
    "planned_actions": PLANNED_SQL,
    "owners_next": OWNERS_NEXT,
    "drawn": DRAWN_SQL,
    STOCK.name: STOCK,
    STOCK_BEFORE.name: STOCK_BEFORE,
}
_DEFAULTS: dict[type, Any] = {
    sa.String: "x",
    sa.BigInteger: 0,
    sa.Numeric: Decimal(0),
    sa.Date: date(2026, 10, 1),
    sa.Boolean: False,
    sa.DateTime: datetime(2026, 10, 1),  # noqa: DTZ001 - wall times have no zone
}
_NAMED_DEFAULTS = {"currency": "VND", "status": "open", "hold": "none", "jurisdiction": "VN", "language": "vi",
                   "outcome": "pending", "role": "collector", "valid_from": date(2020, 1, 1),
                   "valid_to": None, "term_ends_on": date(2027, 1, 1), "active_from": date(2020, 1, 1)}  # fmt: skip


class Engine:
    """A database with the views of a session as tables."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        for table in VIEWS.values():
            connection.execute(sa.schema.CreateTable(table))

    def add(self, view: str, **given: Any) -> None:
        """Columns that are not given get a default, or stay empty where they may."""
        table = VIEWS[view]
        row = {column.name: given.get(column.name, _default(column)) for column in table.columns}
        self.connection.execute(table.insert(), [row])

    def add_all(self, view: str, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            self.add(view, **row)

    def empty(self, *views: str) -> None:
        for view in views:
            self.connection.execute(sa.delete(VIEWS[view]))

    def rows(self, statement: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(statement).mappings()]


def _default(column: sa.Column[Any]) -> Any:
    if column.name in _NAMED_DEFAULTS:
        return _NAMED_DEFAULTS[column.name]
    return None if column.nullable else _DEFAULTS[type(column.type)]


@contextmanager
def _engine_at(url: str) -> Iterator[Engine]:
    created = sa.create_engine(url)
    with created.connect() as connection:
        yield Engine(connection)
    created.dispose()


@pytest.fixture
def engine() -> Iterator[Engine]:
    with _engine_at("duckdb:///:memory:") as empty:
        yield empty


@pytest.fixture
def postgresql_engine(new_database: str) -> Iterator[Engine]:
    with _engine_at(new_database.replace("postgresql://", "postgresql+psycopg://", 1)) as empty:
        yield empty


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def shared_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One engine of either kind for all examples of a property, which empties its tables first."""
    if request.param == "duckdb":
        url = "duckdb:///:memory:"
    else:
        url = request.getfixturevalue("postgresql").replace("postgresql://", "postgresql+psycopg://", 1)
    with _engine_at(url) as empty:
        yield empty


@pytest.fixture(scope="session")
def hand() -> SimpleNamespace:
    """What tests make books, destinations and allocations by hand with."""
    return SimpleNamespace(
        text=STRATEGY,
        day=DAY,
        strategy=strategy_of,
        book=book_of,
        barred=barred_of,
        collector=collector,
        partner=partner,
        allocate=allocate_by_hand,
        owners=owners,
        reasons=reasons,
    )
