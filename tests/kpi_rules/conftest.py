"""Small books by hand: rows with sensible defaults in an engine's own tables, and KPI rules from text."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from adapters.rule_files import parse_document, read_rule_book
from domain.records import KpiResult, ValueState
from domain.recovery import RecoveryRate, recovery_rates
from kpi_rules.credit_totals import credit_totals, credited_statement, eligible_statement
from kpi_rules.credits import credit_statement
from kpi_rules.plan import KpiPlan, plan_kpis
from kpi_rules.recovery import liquidation_statement, seen_in
from kpi_rules.results import kpi_results
from kpi_rules.rulebook import KpiRules, decode_kpi_rules
from kpi_rules.views import VIEWS

START, AS_OF = date(2026, 10, 1), date(2026, 10, 20)

_DEFAULTS: dict[type, Any] = {
    sa.String: "x",
    sa.BigInteger: 0,
    sa.Numeric: Decimal(0),
    sa.Date: date(2026, 10, 5),
    sa.DateTime: datetime.fromisoformat("2026-10-05 09:00"),
    sa.Boolean: False,
}
_NAMED_DEFAULTS = {"currency": "VND", "status": "open", "channel": "call", "direction": "out", "state": "open",
                   "outcome": "no_answer", "finding": "open", "hold": "none",
                   "valid_from": date(2020, 1, 1)}  # fmt: skip


class Book:
    """The views of one night as tables of an engine; `night` computes credits and KPI results over them."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        for table in VIEWS.values():
            connection.execute(sa.schema.CreateTable(table))

    def add(self, view: str, **given: Any) -> None:
        self.add_all(view, [given])

    def add_all(self, view: str, rows: list[dict[str, Any]]) -> None:
        """Columns that are not given get a default, or stay empty where they may."""
        if rows:
            self.connection.execute(VIEWS[view].insert(), [_full(VIEWS[view], row) for row in rows])

    def add_frame(self, view: str, frame: pd.DataFrame) -> None:
        """Many rows at once, in DuckDB: the columns of the frame, and defaults for the others."""
        defaults = _full(VIEWS[view], {})
        filled = frame.assign(**{name: value for name, value in defaults.items() if name not in frame})
        duck = self.connection.connection.driver_connection
        duck.register("frame", filled)
        duck.execute(f'INSERT INTO "{view}" BY NAME SELECT * FROM frame')

    def rows(self, statement: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(statement).mappings()]

    def credit(self, rules: KpiRules, start: date = START, as_of: date = AS_OF) -> list[dict[str, Any]]:
        """The credits of the period, and the table `credits` filled with them."""
        made = self.rows(credit_statement(rules, start=start, as_of=as_of))
        self.connection.execute(sa.delete(VIEWS["credits"]))
        self.add_all("credits", made)
        return made

    def expect(self, start: date = START, as_of: date = AS_OF) -> tuple[RecoveryRate, ...]:
        """The rates of this month alone, and the table `recovery_rates` filled with them."""
        rates = recovery_rates((), seen_in(self.rows(liquidation_statement(start=start, as_of=as_of))))
        self.connection.execute(sa.delete(VIEWS["recovery_rates"]))
        self.add_all("recovery_rates", [{"rate": each.rate, **_cell(each)} for each in rates])
        return rates

    def totals(self) -> Any:
        eligible = self.rows(eligible_statement(start=START, as_of=AS_OF))
        return credit_totals(eligible, self.rows(credited_statement(start=START, as_of=AS_OF)))

    def night(self, rules: KpiRules, start: date = START, as_of: date = AS_OF, halted: frozenset[str] = frozenset()):
        self.credit(rules, start, as_of)
        self.expect(start, as_of)
        return Figures(self.results(plan_kpis(rules, start=start, as_of=as_of, halted=halted)))

    def results(self, plan: KpiPlan, moved: frozenset[tuple[str, str]] = frozenset()) -> tuple[KpiResult, ...]:
        return kpi_results(plan, {scan.name: self.rows(scan.statement) for scan in plan.statements}, moved)


class Figures:
    """Results by what people ask: a KPI of an entity."""

    def __init__(self, results: tuple[KpiResult, ...]) -> None:
        self.results = results
        self._by_key = {(each.kpi, each.entity, each.currency): each for each in results}

    def of(self, kpi: str, entity: str, currency: str = "") -> KpiResult:
        return self._by_key[kpi, entity, currency]

    def shown(self, kpi: str, entity: str, currency: str = "") -> str:
        """`3/4` of a ratio, `7` of a number, or why there is no value."""
        result = self.of(kpi, entity, currency)
        if result.state is not ValueState.VALUE:
            return str(result.state)
        if result.denominator is None:
            return f"{result.value.normalize():f}"
        return f"{result.numerator.normalize():f}/{result.denominator.normalize():f}"

    def __contains__(self, key: tuple[str, str]) -> bool:
        return any((each.kpi, each.entity) == key for each in self.results)


@contextmanager
def book_in(url: str) -> Iterator[Book]:
    """An empty book at the address; on a PostgreSQL server in a schema of its own, which is gone at the end."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            schema = f"book_{uuid.uuid4().hex[:12]}"
            connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
            connection.execute(sa.text(f"SET search_path TO {schema}"))
        yield Book(connection)
        connection.rollback()
    engine.dispose()


@pytest.fixture
def book() -> Iterator[Book]:
    """An empty book in DuckDB."""
    with book_in("duckdb:///:memory:") as empty:
        yield empty


@pytest.fixture
def postgresql_book(postgresql: str) -> Iterator[Book]:
    """An empty book in PostgreSQL."""
    with book_in(postgresql) as empty:
        yield empty


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def shared_book(request: pytest.FixtureRequest) -> Iterator[Book]:
    """One book on either engine for all examples of a property, which empties its tables first."""
    url = "duckdb:///:memory:" if request.param == "duckdb" else request.getfixturevalue("postgresql")
    with book_in(url) as one:
        yield one


@pytest.fixture(scope="session")
def decoded_rules():
    """A function from the text of a rule file to the rules and what is wrong with them."""

    def decode(text: str):
        document, issues = parse_document(text, "a.yaml")
        assert document is not None, issues
        return decode_kpi_rules([document])

    return decode


@pytest.fixture
def decoded(decoded_rules):
    return decoded_rules


@pytest.fixture
def rules_of(decoded):
    """A function from the text of a sound rule file to its rules."""

    def rules(text: str) -> KpiRules:
        found, issues = decoded(text)
        assert not issues, "\n".join(str(issue) for issue in issues)
        return found

    return rules


@pytest.fixture(scope="session")
def rule_book():
    return read_rule_book(Path(__file__).resolve().parents[2])


@pytest.fixture(scope="session")
def house_rules(rule_book) -> KpiRules:
    """The rules that lie in the repository."""
    rules, issues = decode_kpi_rules(rule_book.below("kpi_rules"))
    assert not issues, "\n".join(str(issue) for issue in issues)
    return rules


def _cell(rate: RecoveryRate) -> dict[str, Any]:
    return {name: getattr(rate.cell, name) for name in ("currency", "level", "bucket", "product", "band")}


def _full(table: sa.Table, given: dict[str, Any]) -> dict[str, Any]:
    unknown = given.keys() - table.c.keys()
    assert not unknown, f"{table.name} has no {unknown}"
    return {column.name: given.get(column.name, _default(table, column)) for column in table.c}


def _default(table: sa.Table, column: sa.Column[Any]) -> Any:
    if column.nullable and table.name != "dispatch":
        return None
    if column.name == "valid_to":
        return date(9999, 12, 31)
    named = _NAMED_DEFAULTS.get(column.name)
    return named if named is not None else _DEFAULTS[type(column.type)]
