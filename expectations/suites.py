"""Batch suites: what must hold of a whole extract, declared as plain data; the suite runner carries it out.

A figure is compared with its baseline: state with the last accepted extract, events with the median of past days of the
same kind (the same weekday where there are enough of them, else days that are working days alike). With too few past
days a check says *not yet known*. Money is compared in exact statements that yield rows only where something is off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import median_low
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.exact import ExactSelect
from domain.money import CONTEXT, Rounding, round_to
from domain.records import CheckResult, Outcome
from domain.tables import Kind, Table, Type
from expectations.batch_statements import money_outside, moved, not_rolled, off_share, over_balance
from expectations.limits import Change, Dates, Empty, Filled, Mix, OverBalance, Share, TableThreshold
from expectations.lowering import view_named


def suite_for(threshold: TableThreshold, night: Night, baseline: Baseline) -> Suite | None:
    """The suite of one table for one night; None where its thresholds ask for no batch check."""
    of = _Subject(threshold, night, baseline)
    if not any(getattr(threshold, section) for section in _SECTIONS):
        return None
    found = [item for section, declare in _SECTIONS.items() for item in _declared(section, declare, of)]
    return Suite(
        table=of.table.name,
        expectations=(
            _evaluated(of),
            _unique(of.table),
            *(item for item in found if isinstance(item, Expectation)),
        ),
        not_yet_known=tuple(item for item in found if isinstance(item, CheckResult)),
    )


def rows_are_due(threshold: TableThreshold, *, working_day: bool) -> bool:
    """Whether an extract without rows is a fault."""
    return threshold.empty is Empty.NEVER or (threshold.empty is Empty.ON_DAYS_OFF and working_day)


@dataclass(frozen=True, slots=True)
class Night:
    """What suites need to know: `landed` tables have accepted rows of the date, `previous` state ones a `_previous`."""

    business_date: date
    working_day: bool
    landed: frozenset[str]
    previous: frozenset[str]


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One earlier accepted extract: `sums` are of the table's money column, in major units, by currency.

    `counts` are the rows behind each sum; with one currency they are all rows, and may be left out.
    """

    business_date: date
    working_day: bool
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


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the checks of one suite are declared from."""

    threshold: TableThreshold
    night: Night
    baseline: Baseline

    @property
    def table(self) -> Table:
        return CATALOGUE[self.threshold.id]

    @property
    def rows_due(self) -> bool:
        return rows_are_due(self.threshold, working_day=self.night.working_day)


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class RowCount:
    """The table has at least, and where that is stated at most, so many rows."""

    least: int
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows share these columns."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilledShare:
    """At least this share of the rows has a value."""

    column: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class NoRows:
    """The statement yields nothing; each row that it yields says what is off."""

    statement: ExactSelect


Measure = RowCount | Unique | FilledShare | NoRows


@dataclass(frozen=True, slots=True)
class Expectation:
    """One check at one severity; the same `check` may be declared twice, to warn early and to halt late."""

    check: str
    severity: Severity
    measure: Measure
    expected: str
    hint: str


@dataclass(frozen=True, slots=True)
class Suite:
    """The expectations of one table, and the checks that nothing can be said about yet."""

    table: str
    expectations: tuple[Expectation, ...]
    not_yet_known: tuple[CheckResult, ...] = ()

    @property
    def views(self) -> tuple[str, ...]:
        """The views that the suite reads, its own first."""
        statements = [one.measure.statement for one in self.expectations if isinstance(one.measure, NoRows)]
        names = {source.name for one in statements for source in sa.sql.util.find_tables(one, include_crud=False)}
        return (self.table, *sorted(names - {self.table}))


Declared = Expectation | CheckResult
_Declare = Callable[[Any, _Subject], Iterator[Declared]]

_LEVELS = ((Severity.WARNING, "warn"), (Severity.CRITICAL, "halt"))


def _declared(section: str, declare: _Declare, of: _Subject) -> Iterator[Declared]:
    limits = getattr(of.threshold, section)
    for one in limits if isinstance(limits, tuple) else ([] if limits is None else [limits]):
        yield from declare(one, of)


def _evaluated(of: _Subject) -> Expectation:
    """Column checks pass over no rows at all, so each suite says whether there must be some."""
    expected = "at least one row" if of.rows_due else "rows, or none on such a day"
    measure = RowCount(1 if of.rows_due else 0)
    return Expectation(f"{of.table.name}.evaluated", Severity.CRITICAL, measure, expected, "Ask for the extract again")


def _unique(table: Table) -> Expectation:
    check, expected = f"{table.name}.unique", f"one row for each {', '.join(table.key)}"
    return Expectation(check, Severity.CRITICAL, Unique(table.key), expected, "Ask for the extract without doubles")


def _volume(change: Change, of: _Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.volume"
    days = _comparable(of, change)
    usual = median_low(day.rows for day in days) if days else 0
    if not usual or len(days) < change.minimum_days:
        yield _not_yet_known(of.table, check, days, change)
        return
    for severity, level in _LEVELS:
        low, high = _bounds(Decimal(usual), getattr(change, f"{level}_factor"))
        least = int(low) if of.rows_due or severity is Severity.WARNING else 0
        measure = RowCount(least, int(high))
        expected = f"{least:,} to {int(high):,} rows; usual are {usual:,}, {_of_days(of.table, days)}"
        yield Expectation(check, severity, measure, expected, "See whether the extract is whole, and sent once")


def _sums(change: Change, of: _Subject) -> Iterator[Declared]:
    yield from _of_money(change, of, "sum", lambda day, currency: dict(day.sums)[currency])


def _mean(change: Change, of: _Subject) -> Iterator[Declared]:
    yield from _of_money(change, of, "mean", DayFigures.mean)


def _of_money(
    change: Change,
    of: _Subject,
    figure: str,
    of_day: Callable[[DayFigures, str], Decimal],
) -> Iterator[Declared]:
    """The sum, or the mean, of the amounts of each currency against its median on comparable days."""
    check = f"{of.table.name}.{figure}"
    days = [day for day in _comparable(of, change) if day.rows]
    usual = {
        currency: median_low([of_day(day, currency) for day in days if currency in dict(day.sums)])
        for currency in sorted({currency for day in days for currency, _ in day.sums})
    }
    usual = {currency: amount for currency, amount in usual.items() if amount > 0}
    if not usual or len(days) < change.minimum_days:
        yield _not_yet_known(of.table, check, days, change)
        return
    for severity, level in _LEVELS:
        bounds = {currency: _bounds(amount, getattr(change, f"{level}_factor")) for currency, amount in usual.items()}
        expected = "; ".join(f"{low:,} to {high:,} {currency}" for currency, (low, high) in bounds.items())
        statement = money_outside(of.table, bounds, change.minimum_rows, is_mean=figure == "mean")
        hint = "See whether the amounts are in the right unit and the extract is whole"
        yield Expectation(
            check, severity, NoRows(statement), f"a {figure} of {expected}, {_of_days(of.table, days)}", hint
        )


def _dates(dates: Dates, of: _Subject) -> Iterator[Declared]:
    first = None if dates.days_before is None else of.night.business_date - timedelta(days=dates.days_before)
    last = of.night.business_date + timedelta(days=dates.days_after)
    columns = dates.columns or (of.table.dated_by,)
    view = view_named(of.table.name)
    days = [
        sa.cast(view.c[name], sa.Date) if of.table[name].type is Type.WALL_TIME else view.c[name] for name in columns
    ]
    outside = sa.or_(*(day > last for day in days), *(day < first for day in days if first is not None))
    expected = f"{', '.join(columns)} {f'from {first} ' if first else ''}to {last}"
    yield from _shares(
        f"{of.table.name}.dates",
        dates,
        lambda share: off_share(view, outside, share),
        expected,
        "See whether the file is that of another date",
    )


def _mix(mix: Mix, of: _Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.mix"
    if of.table.name not in of.night.previous:
        yield _unknown(of.table, check, "no earlier accepted extract", "one to compare with")
        return
    yield from _shares(
        check,
        mix,
        lambda share: moved(of.table, mix.columns, share),
        f"shares of {', '.join(mix.columns)} as in the last accepted extract",
        "See whether a branch, product or bucket is missing",
    )


def _filled(filled: Filled, of: _Subject) -> Iterator[Declared]:
    yield Expectation(
        f"{of.table.name}.{filled.column}.filled",
        Severity.CRITICAL,
        FilledShare(filled.column, filled.halt_share),
        f"{filled.column} in at least {filled.halt_share} of the rows",
        "See whether the source still fills the column",
    )


def _over_balance(limits: OverBalance, of: _Subject) -> Iterator[Declared]:
    """Without yesterday's balances, today's have to do: they lack what was paid, so only a flood of them counts."""
    check, known = "payments.over_balance", "accounts" in of.night.previous
    if not known and "accounts" not in of.night.landed:
        yield _unknown(CATALOGUE["payments"], check, "no balances of accounts", "those of the day before")
        return
    alone = limits.halt_share_without_previous
    shares = limits if known else Share(warn_share=alone, halt_share=alone)
    yield from _shares(
        check,
        shares,
        lambda share: over_balance("accounts_previous" if known else "accounts", limits.factor, share),
        f"payments of at most {limits.factor} times the balance {'of the day before' if known else 'left'}",
        "See whether the amounts are in the right unit",
    )


def _roll(share: Share, of: _Subject) -> Iterator[Declared]:
    check = "accounts.roll"
    if "accounts" not in of.night.previous or "payments" not in of.night.landed:
        yield _unknown(
            CATALOGUE["accounts"], check, "no balances of the day before, or no payments", "both to compare with"
        )
        return
    yield from _shares(
        check,
        share,
        not_rolled,
        "balances of the day before, less the payments, equal to today's",
        "See whether accounts or payments are missing, or amounts in another unit",
    )


def _posted(share: Share, of: _Subject) -> Iterator[Declared]:
    rows, postings = view_named(of.table.name), view_named("staff_postings")
    in_force = sa.and_(
        postings.c.valid_from <= of.night.business_date,
        sa.or_(postings.c.valid_to.is_(None), postings.c.valid_to > of.night.business_date),
        postings.c.employee_id.is_not(None),
    )
    absent = rows.c.employee_id.not_in(sa.select(postings.c.employee_id).where(in_force))
    yield from _shares(
        f"{of.table.name}.posted",
        share,
        lambda limit: off_share(rows, absent, limit, rows.c.employee_id.is_not(None)),
        f"employees with a posting on {of.night.business_date}",
        "See whether the staff extract is that of the date",
    )


def _shares(
    check: str, limits: Share, statement: Callable[[Decimal], ExactSelect], expected: str, hint: str
) -> Iterator[Expectation]:
    for severity, level in _LEVELS:
        share: Decimal = getattr(limits, f"{level}_share")
        yield Expectation(check, severity, NoRows(statement(share)), f"{expected}; at most {share} off", hint)


def _comparable(of: _Subject, change: Change) -> Sequence[DayFigures]:
    """The past days to compare with, newest first; they may be fewer than the threshold asks for."""
    past = sorted(of.baseline.days, key=lambda day: day.business_date, reverse=True)
    if of.table.kind is Kind.STATE:
        return past[:1]
    alike = [day for day in past if day.working_day == of.night.working_day]
    same_weekday = [day for day in alike if day.business_date.weekday() == of.night.business_date.weekday()]
    return same_weekday if len(same_weekday) >= change.minimum_days else alike


def _bounds(usual: Decimal, factor: Decimal) -> tuple[Decimal, Decimal]:
    low, high = CONTEXT.divide(usual, factor), CONTEXT.multiply(usual, factor)
    return round_to(low, 2, Rounding.DOWN), round_to(high, 2, Rounding.UP)


def _of_days(table: Table, days: Sequence[DayFigures]) -> str:
    if table.kind is Kind.STATE:
        return f"as on {days[0].business_date}"
    return f"the median of {len(days)} comparable days"


def _not_yet_known(table: Table, check: str, days: Sequence[DayFigures], change: Change) -> CheckResult:
    found = f"{len(days)} comparable days with figures"
    return _unknown(table, check, found, f"at least {change.minimum_days} accepted days of the same kind")


def _unknown(table: Table, check: str, found: str, expected: str) -> CheckResult:
    hint = "Nothing to do: the check begins once there is enough history"
    return CheckResult(table.name, check, "suite", Outcome.NOT_YET_KNOWN, 0, 0, found, expected, hint)


_SECTIONS: Mapping[str, _Declare] = {
    "volume": _volume,
    "sums": _sums,
    "mean": _mean,
    "dates": _dates,
    "mix": _mix,
    "filled": _filled,
    "over_balance": _over_balance,
    "roll": _roll,
    "posted": _posted,
}
