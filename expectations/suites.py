"""Batch suites as plain data: what must hold of a whole extract; the suite runner carries it out.

A figure is compared with its baseline: state with the last accepted extract, events with the median of past days of the
same kind (the same weekday where there are enough of them, else days that are working days alike). With too few past
days a check says *not yet known*. Money is compared in exact statements that yield rows only where something is off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

import sqlalchemy as sa

from domain.exact import ExactSelect
from domain.money import CONTEXT
from domain.records import CheckResult


class DayKind(StrEnum):
    """What can be compared with what: where staff work under several calendars, a day off is one for some only."""

    WORKING = "working days"
    PARTLY = "days off on which others work"
    OFF = "days off"


@dataclass(frozen=True, slots=True)
class Night:
    """What suites need to know: `landed` tables have accepted rows of the date, `previous` state ones a `_previous`.

    `previous` has the date of each earlier extract, `history` the earlier days of each table of events, `alike` those
    of them that are of the same kind, and `unchanged` the tables of state that landed just as they were before.
    """

    business_date: date
    kind: DayKind
    landed: frozenset[str]
    previous: Mapping[str, date]
    history: Mapping[str, frozenset[date]] = field(default_factory=dict)
    alike: Mapping[str, frozenset[date]] = field(default_factory=dict)
    unchanged: frozenset[str] = frozenset()

    @property
    def is_working_day(self) -> bool:
        return self.kind is DayKind.WORKING


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One earlier accepted extract: `sums` are of the table's money column, in major units, by currency.

    `counts` are the rows behind each sum; with one currency they are all rows, and may be left out.
    """

    business_date: date
    kind: DayKind
    rows: int
    sums: tuple[tuple[str, Decimal], ...] = ()
    counts: tuple[tuple[str, int], ...] = ()

    def mean(self, currency: str) -> Decimal:
        return CONTEXT.divide(dict(self.sums)[currency], Decimal(dict(self.counts).get(currency, self.rows)))


@dataclass(frozen=True, slots=True)
class Baseline:
    """Earlier accepted extracts of one table, in any order, the business date itself not among them."""

    table: str
    days: tuple[DayFigures, ...] = ()


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class RowCount:
    """The table has at least, and where that is stated at most, so many rows."""

    least: int
    most: int | None = None


@dataclass(frozen=True, slots=True)
class NoRows:
    """The statement yields nothing; each row that it yields says what is off."""

    statement: ExactSelect


Measure = RowCount | NoRows


@dataclass(frozen=True, slots=True)
class Expectation:
    """One check at one severity; the same `check` may be declared twice, to warn early and to halt late."""

    check: str
    severity: Severity
    measure: Measure
    expected: str
    hint: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Figures that take a scan, taken once before the suite runs, as a temporary table that its checks then read."""

    name: str
    statement: ExactSelect


@dataclass(frozen=True, slots=True)
class Suite:
    """The expectations of one table, the facts that they read, and the checks that nothing can be said about yet."""

    table: str
    expectations: tuple[Expectation, ...]
    not_yet_known: tuple[CheckResult, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def views(self) -> tuple[str, ...]:
        """The views that the suite reads, its own first."""
        statements = [one.measure.statement for one in self.expectations if isinstance(one.measure, NoRows)]
        statements += [fact.statement for fact in self.facts]
        names = {source.name for one in statements for source in sa.sql.util.find_tables(one, include_crud=False)}
        return (self.table, *sorted(names - {self.table, *(fact.name for fact in self.facts)}))
