"""What every batch check is declared from and with: the subject of a suite, its facts, and limits in two steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.exact import ExactSelect, exact, product
from domain.expressions import Expression, ExprType, parse, scope_of_columns, to_sql
from domain.issues import Location
from domain.records import CheckResult, Outcome
from domain.tables import Table
from expectations.limits import Empty, Share, TableThreshold
from expectations.lowering import Sql, decimal_literal
from expectations.suites import Baseline, Expectation, Fact, Night, NoRows, Severity

Declared = Expectation | CheckResult | Fact

LEVELS = ((Severity.WARNING, "warn"), (Severity.CRITICAL, "halt"))


@dataclass(frozen=True, slots=True)
class Subject:
    """The table of a suite, with its thresholds, the night, and its past."""

    threshold: TableThreshold
    night: Night
    baseline: Baseline

    @property
    def table(self) -> Table:
        return CATALOGUE[self.threshold.id]

    @property
    def rows_due(self) -> bool:
        return rows_are_due(self.threshold, working_day=self.night.is_working_day)


def rows_are_due(threshold: TableThreshold, *, working_day: bool) -> bool:
    """Whether an extract without rows is a fault."""
    return threshold.empty is Empty.NEVER or (threshold.empty is Empty.ON_DAYS_OFF and working_day)


def counted_shares(check: str, limits: Share, statement: ExactSelect, expected: str, hint: str) -> Iterator[Declared]:
    """The check on one row of figures, `off` and `rows`: too large a share of the rows is off."""
    yield Fact(_name(check), statement)
    yield from shares_of(check, limits, _name(check), "", expected, hint)


def shares_of(check: str, limits: Share, fact: str, prefix: str, expected: str, hint: str) -> Iterator[Expectation]:
    """The check on the columns `<prefix>off` and `<prefix>rows` of a fact that is taken elsewhere."""
    for severity, level in LEVELS:
        share: Decimal = getattr(limits, f"{level}_share")
        spare = limits.spare_rows if severity is Severity.CRITICAL else 0
        measure = NoRows(_over(fact, prefix, share, spare))
        yield Expectation(check, severity, measure, f"{expected}; at most {share} off", hint)


def rows_where(condition: str, table: Table, view: sa.TableClause) -> sa.Subquery:
    """The rows of a view for which an expression over the columns of its table is true."""
    return sa.select(view).where(condition_of(condition, table, view)).subquery(f"{view.name}_where")


def condition_of(text: str, table: Table, view: sa.TableClause) -> Sql:
    return to_sql(_parsed(table, text), dict(view.c))


@cache
def _parsed(table: Table, text: str) -> Expression:
    expression, issues = parse(text, scope_of_columns(table), at=Location(table.name), expect=ExprType.BOOL)
    if expression is None:
        raise ValueError("; ".join(map(str, issues)))
    return expression


def unknown(table: Table, check: str, found: str, expected: str) -> CheckResult:
    hint = "Nothing to do: the check begins once there is enough history"
    return CheckResult(table.name, check, "suite", Outcome.NOT_YET_KNOWN, 0, 0, found, expected, hint)


@cache
def _over(fact: str, prefix: str, share: Decimal, spare: int) -> ExactSelect:
    """One row (how many are off, how many were looked at) if more than the share of them, and than `spare`, is off."""
    columns = [sa.column(f"{prefix}{name}", sa.BigInteger) for name in ("off", "rows")]
    off, rows = sa.table(fact, *columns).c
    over = sa.and_(off > product(rows, decimal_literal(share)), off > spare)
    return exact(sa.select(off.label("off"), rows.label("rows")).where(over).order_by(off))


def _name(check: str) -> str:
    return f"fact_{check.replace('.', '_')}"
