"""Thresholds: how much of what warns or halts, per table, as managers edit it in `thresholds/*.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from domain.catalogue import CATALOGUE
from domain.documents import Document, RuleModel
from domain.expressions import ExprType, parse, scope_of_columns
from domain.expressions.parse import suggestion
from domain.issues import Issue, Severity
from domain.money import MINOR_DIGITS
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules, effective
from domain.tables import Column, Kind, Table, Type
from expectations.contracts import CONTRACTS

SECTION = "thresholds"


class Due(StrEnum):
    """When the extract of a table has to be there."""

    ALWAYS = "always"
    ONCE_SENT = "once_sent"  # as soon as it has come on an earlier date
    WHEN_SENT = "when_sent"  # a night without it uses the last accepted extract, and says so
    ONLY_ONCE = "only_once"  # nothing is said of nights without it


class Empty(StrEnum):
    """When an extract may have no rows."""

    NEVER = "never"
    ON_DAYS_OFF = "on_days_off"
    ANY_DAY = "any_day"


class MoneyLimit(RuleModel):
    """An amount of one currency."""

    currency: str
    """ISO 4217 code."""
    amount: Decimal = Field(ge=0)
    """The amount, in major units; larger sums of absolute amounts halt."""


class RowLimits(RuleModel):
    """How many rows of an extract may be affected; rows are compared with all rows landed."""

    warn_share: Decimal = Field(default=Decimal(0), ge=0, le=1)
    """A larger share than this warns; 0 warns from the first row on."""
    halt_share: Decimal = Field(ge=0, le=1)
    """A larger share than this halts."""
    halt_rows: int | None = Field(default=None, ge=0)
    """More rows than this halt, whatever their share."""
    spare_rows: int = Field(default=0, ge=0)
    """Up to so many rows do not halt by their share: one row of three is not a third of a file."""
    halt_money: tuple[MoneyLimit, ...] = ()
    """If the absolute amounts of the affected rows come to more than this, it halts, however few they are."""

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        _warned_first(self.warn_share, self.halt_share)
        return self


class ReasonLimits(RowLimits):
    """Limits of one check of the row contract, beside those of all of them together."""

    reason: str
    """Reason code, such as payments.amount.split."""


class QuarantineLimits(RowLimits):
    """Limits of all rows set aside, and of single reasons."""

    rules: tuple[ReasonLimits, ...] = ()
    """Limits by reason; a reason without any only warns."""


class Change(RuleModel):
    """How far a figure may lie from its baseline: at most `factor` times, and at least one `factor`-th of it."""

    warn_factor: Decimal = Field(gt=1)
    """Further off than this warns."""
    halt_factor: Decimal = Field(gt=1)
    """Further off than this halts."""
    minimum_days: int = Field(ge=1)
    """Comparable past days that a baseline needs; with fewer the check says *not yet known*."""
    minimum_rows: int = Field(default=0, ge=0)
    """Rows below which a number, a sum or a mean says too little to be judged."""

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        _warned_first(self.warn_factor, self.halt_factor)
        return self


class Share(RuleModel):
    """How large a share of what was looked at may be off."""

    warn_share: Decimal = Field(ge=0)
    """A larger share than this warns."""
    halt_share: Decimal = Field(ge=0)
    """A larger share than this halts."""
    spare_rows: int = Field(default=2, ge=0)
    """Up to so many do not halt by their share: one row of three is not a third of a file."""

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        _warned_first(self.warn_share, self.halt_share)
        return self


class Dates(Share):
    """Which dates the rows of an extract may have, counted from the business date."""

    columns: tuple[str, ...] = ()
    """The date columns; without them, the column that dates the event."""
    days_before: int | None = Field(default=None, ge=0)
    """Days that a date may lie before the business date; without it, as far back as it likes."""
    days_after: int = Field(default=0, ge=0)
    """Days that it may lie after the business date."""


class Mix(Share):
    """How far the share of one code may move from the last accepted extract; shares are fractions of all rows."""

    columns: tuple[str, ...] = Field(min_length=1)
    """The columns whose codes are compared; `days_past_due` is compared in buckets."""
    warn_factor: Decimal | None = Field(default=None, gt=1)
    """A code that is more than so many times as frequent as then warns, and so does one that is gone."""
    warn_rows: int = Field(default=30, ge=1)
    """With fewer rows than this (of a code that is gone: than would have been expected) it says nothing."""


class HistoryMix(Mix):
    """How far the share of one code of today's events may move from those of earlier days of the same kind."""

    minimum_days: int = Field(ge=1)
    """Earlier days that it needs; with fewer the check says *not yet known*."""
    minimum_rows: int = Field(ge=1)
    """Rows below which a share says too little, today or then."""
    where: str | None = None
    """The rows that are compared, as an expression over the columns of the table; without it, all."""


class Drift(RuleModel):
    """What changes a little every day, beside the accepted extract of some days ago: rows, and money by currency."""

    days: int = Field(ge=2)
    """How long ago."""
    warn_factor: Decimal = Field(gt=1)
    """Further off than this warns."""
    halt_factor: Decimal = Field(gt=1)
    """Further off than this halts."""

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        _warned_first(self.warn_factor, self.halt_factor)
        return self


class Repeated(Share):
    """Rows that are one thing sent twice under two keys: they agree in all of these columns."""

    columns: tuple[str, ...] = Field(min_length=1)
    """The columns."""


class Commonest(Share):
    """One value in too many rows: a default that was filled in, a device that stands still."""

    column: str
    """The column; zero and missing values are not counted."""


class Means(RuleModel):
    """The mean of a column of numbers, beside that of earlier days: the mark of another unit."""

    column: str
    """The column."""
    warn_factor: Decimal = Field(gt=1)
    """Further off than this warns."""
    halt_factor: Decimal = Field(gt=1)
    """Further off than this halts."""
    minimum_days: int = Field(ge=1)
    """Earlier days that it needs; with fewer the check says *not yet known*."""
    minimum_rows: int = Field(ge=1)
    """Rows below which a mean says too little, today or then."""

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        _warned_first(self.warn_factor, self.halt_factor)
        return self


class Hours(Share):
    """Events at hours at which nobody works: the mark of a shifted clock."""

    first: int = Field(ge=0, le=23)
    """First hour of the day, by the wall clock, at which they are usual."""
    last: int = Field(ge=1, le=24)
    """Hour from which they are not."""


class ByEmployee(Share):
    """Employees with far more rows than on any of their earlier days; shares are of the employees with rows."""

    factor: Decimal = Field(gt=1)
    """More than this many times their busiest day of the history counts."""
    minimum_rows: int = Field(ge=1)
    """With fewer rows than this nobody counts."""
    minimum_employees: int = Field(ge=1)
    """With fewer employees at work than this nobody counts: few people take the work of many."""
    minimum_days: int = Field(ge=1)
    """Earlier days that it needs; with fewer the check says *not yet known*."""


class Continuity(RuleModel):
    """Each account beside itself in the last accepted extract, and the payments since; shares are of accounts."""

    days_apart: int = Field(ge=1)
    """How old the last extract may be; beside an older one the checks say *not yet known*."""
    daily_growth: Decimal = Field(ge=0)
    """By how much of itself a balance may grow in a day."""
    aged: Share
    """More days past due than have gone by."""
    cured: Share
    """Fewer days past due without a payment; of the accounts that were overdue and not paid."""
    unexplained: Share
    """Balances that fell by more than was paid; of the balances that fell."""
    grown: Share
    """Balances that grew by more than interest."""
    frozen: Share
    """Balances that did not move although something was paid; of the accounts that were paid."""
    reopened: Share
    """Accounts that are open again; of those that were closed, sold or written off."""
    vanished: Share
    """Accounts that owed something and are no longer there; of those that did."""
    stuck: Share
    """Days past due that do not go on; of the accounts that were overdue and not paid."""
    appeared: Share
    """Accounts that are new and yet more than 90 days past due; of those that are new."""


class CallMinutes(Share):
    """Employees whose calls do not come to the minutes on calls that their attendance has; shares are of them."""

    least: Decimal = Field(ge=0)
    """Calls come to at least this share of those minutes."""
    most: Decimal = Field(gt=0)
    """Calls come to at most this many times those minutes."""
    minimum_minutes: int = Field(ge=1)
    """With fewer minutes on calls nobody counts."""


class Past(Share):
    """Dates that lie after the business date, of things that have happened."""

    columns: tuple[str, ...] = Field(min_length=1)
    """The columns."""


class Changed(Share):
    """Keys whose facts changed since the last accepted extract, which they hardly ever do; shares are of the keys."""

    columns: tuple[str, ...] = Field(min_length=1)
    """The columns that do not change."""


class Filled(Share):
    """A column that is rarely missing; shares are of rows without a value."""

    column: str
    """The column, one that may be missing."""


class Holds(Share):
    """An expression that is true of every row, or of nearly every one; where a value is missing it says nothing."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """What the check is called, behind the name of the table."""
    rule: str
    """The expression, over the columns of the table; as in KPI rules."""
    hint: str = Field(min_length=1)
    """What to look at where it does not hold."""


class Parts(Share):
    """How far the share of each part in a whole, by money and currency, may move from earlier days."""

    columns: tuple[str, ...] = Field(min_length=1)
    """The parts: columns of money."""
    whole: str
    """The column of money that they are parts of."""
    minimum_days: int = Field(ge=1)
    """Earlier days that it needs; with fewer the check says *not yet known*."""
    minimum_rows: int = Field(ge=1)
    """Rows of a currency below which a share says too little."""


class Known(Share):
    """References to events that are neither in the extract nor in the look-back; shares are of rows that refer."""

    column: str
    """The column that refers."""
    table: str
    """The table of events that it refers to."""


class OverBalance(Share):
    """Amounts that are larger than what was owed: the mark of another unit."""

    factor: Decimal = Field(gt=0)
    """An amount above this many times the balance of the day before counts."""
    halt_share_without_previous: Decimal = Field(ge=0, le=1)
    """Halts above this share where only the balances after the payments are known, as on the first date."""


class TableThreshold(Rule):
    """What one table may show before it warns or halts; `id` is the table's name."""

    reason: str = Field(min_length=1)
    """Why the limits are what they are."""
    due: Due = Due.ONCE_SENT
    """When it has to be there: `always`, `once_sent` (since it first came), `when_sent` or `only_once` (at opening)."""
    empty: Empty = Empty.NEVER
    """When it may have no rows: `never`, `on_days_off` or `any_day`."""
    quarantine: QuarantineLimits
    """Rows that fail their contract."""
    duplicates: RowLimits
    """Rows that repeat another row of the extract."""
    volume: Change | None = None
    """Number of rows: state against the last accepted extract, events against days of the same kind."""
    sums: Change | None = None
    """Sum of the table's money column, per currency, against days of the same kind."""
    mean: Change | None = None
    """Mean of the table's money column, per currency, against days of the same kind."""
    dates: Dates | None = None
    """Freshness: the dates of an event's increment, or dates of state that lie in the past."""
    mix: Mix | None = None
    """Distribution of codes (state tables)."""
    filled: tuple[Filled, ...] = ()
    """Completeness of columns that may be missing."""
    holds: tuple[Holds, ...] = ()
    """Expressions that are true of nearly every row."""
    parts: Parts | None = None
    """Parts of the money (principal, interest, fees) beside earlier days (events)."""
    known: tuple[Known, ...] = ()
    """References to events that have come."""
    placed: Share | None = None
    """Accounts that were never placed with the partner (claims of partners)."""
    over_balance: OverBalance | None = None
    """Amounts against the balance of the day before (payments, promises, claims)."""
    roll: Share | None = None
    """Yesterday's balances less today's payments against today's balances (accounts)."""
    posted: Share | None = None
    """Rows of employees who have no posting on the business date."""
    drift: Drift | None = None
    """What changes a little every day, beside an extract of some days ago."""
    continuity: Continuity | None = None
    """Each account beside itself a day earlier (accounts)."""
    vanished: Share | None = None
    """Keys of the last accepted extract that are gone (state tables)."""
    changed: tuple[Changed, ...] = ()
    """Keys whose facts changed (state tables)."""
    past: Past | None = None
    """Dates of things that have happened."""
    history_mix: HistoryMix | None = None
    """Distribution of codes, and of hours, beside earlier days (events)."""
    means: tuple[Means, ...] = ()
    """Means of columns of numbers, beside earlier days (events)."""
    repeated: Repeated | None = None
    """Rows that agree in all but their key."""
    commonest: tuple[Commonest, ...] = ()
    """One value in too many rows."""
    hours: Hours | None = None
    """Events at hours at which nobody works (events with a wall time)."""
    clocks: Share | None = None
    """Wall times that are not UTC plus the offset of the debtor's time zone (contacts)."""
    on_leave: Share | None = None
    """Rows of employees who are on leave on the business date."""
    by_employee: ByEmployee | None = None
    """Employees with far more rows than ever before."""
    at_work: Share | None = None
    """Rows of employees who were not at work by their attendance."""
    minutes: CallMinutes | None = None
    """Calls beside the minutes on calls of attendance (contacts)."""
    strangers: Share | None = None
    """Contacts with people who are not tied to the account's debtor (contacts)."""


class ThresholdFile(RuleModel):
    """A file of thresholds."""

    thresholds: tuple[TableThreshold, ...] = ()
    """One entry for each table and time."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Every version of every threshold; `at` gives those of one date."""

    placed: tuple[Placed[TableThreshold], ...]

    def at(self, day: date) -> Mapping[str, TableThreshold]:
        return {name: placed.rule for name, placed in effective(self.placed, day).items()}

    def versions_at(self, day: date) -> tuple[RuleVersion, ...]:
        """The versions in force on a date, by table, as run manifests name them."""
        return tuple(placed.version for _, placed in sorted(effective(self.placed, day).items()))


def decode_thresholds(documents: Iterable[Document]) -> tuple[Thresholds, tuple[Issue, ...]]:
    """All thresholds, and all that is wrong with them.

    GAT001 no such table, GAT002 no such column, or one that the check cannot use, GAT003 a check that does not fit the
    table, GAT004 (warning) a table without thresholds: whatever lands of it halts, GAT005 a file that holds something
    else, GAT006 no such reason, or a currency that is not known; and RUL0xx of the decoder.
    """
    read = tuple(documents)
    placed, issues = decode_rules(read, SECTION, RuleKind.THRESHOLD, TableThreshold)
    known = tuple(one for one in placed if one.rule.id in CATALOGUE)
    found = [issue for one in placed for issue in _misfits(one)]
    return Thresholds(known), (*_strangers(read), *issues, *found, *_uncovered(placed))


def _strangers(documents: Iterable[Document]) -> Iterator[Issue]:
    for document in documents:
        for key in document.data if isinstance(document.data, dict) else ("",):
            if key != SECTION:
                place = document.place((key,) if key else ())
                yield Issue("GAT005", place, f'found "{key}" in a file of thresholds', f'Write "{SECTION}:" and a list')


def _misfits(placed: Placed[TableThreshold]) -> Iterator[Issue]:
    rule = placed.rule
    if rule.id not in CATALOGUE:
        yield Issue("GAT001", placed.place("id"), f'no table "{rule.id}"', suggestion(rule.id, CATALOGUE))
        return
    table = CATALOGUE[rule.id]
    yield from _wrong_columns(placed, table)
    yield from _wrong_limits(placed, table)
    yield from _wrong_expressions(placed, table)
    for section, fits in _FITS.items():
        if getattr(rule, section) is not None and not fits(rule, table):
            message = f'the check "{section}" does not fit the table "{table.name}"'
            yield Issue("GAT003", placed.place(section), message, "Remove it")


def _wrong_columns(placed: Placed[TableThreshold], table: Table) -> Iterator[Issue]:
    """Columns that there are not, or that the check cannot use."""
    rule = placed.rule
    named: list[tuple[tuple[str | int, ...], str, str, Callable[[Column], bool]]] = []
    for section in ("mix", "history_mix"):
        mix = getattr(rule, section)
        columns = mix.columns if mix else ()
        named += [((section, "columns", n), name, "codes", _is_mixed) for n, name in enumerate(columns)]
    columns = rule.dates.columns if rule.dates else ()
    named += [(("dates", "columns", n), name, "dates", _is_dated) for n, name in enumerate(columns)]
    named += [
        (("changed", k, "columns", n), name, "its own", _is_any)
        for k, changed in enumerate(rule.changed)
        for n, name in enumerate(changed.columns)
    ]
    parts = (*rule.parts.columns, rule.parts.whole) if rule.parts else ()
    paths = [("parts", "columns", n) for n in range(len(parts) - 1)] + [("parts", "whole")] if parts else []
    named += [(path, name, "money", _is_money) for path, name in zip(paths, parts, strict=True)]
    named += [(("known", n, "column"), one.column, "its own", _is_any) for n, one in enumerate(rule.known)]
    columns = rule.repeated.columns if rule.repeated else ()
    named += [(("repeated", "columns", n), name, "its own", _is_any) for n, name in enumerate(columns)]
    columns = rule.past.columns if rule.past else ()
    named += [(("past", "columns", n), name, "dates", _is_dated) for n, name in enumerate(columns)]
    named += [(("commonest", n, "column"), one.column, "its own", _is_any) for n, one in enumerate(rule.commonest)]
    named += [(("means", n, "column"), one.column, "numbers", _is_number) for n, one in enumerate(rule.means)]
    for path, name, what, fits in named:
        usable = [column.name for column in table if fits(column)]
        if name not in usable:
            message = f'"{name}" is no column of {what} of {table.name}'
            yield Issue("GAT002", placed.place(*path), message, suggestion(name, usable))
    optional = [column.name for column in table if not column.required]
    for number, filled in enumerate(rule.filled):
        if filled.column not in optional:
            place = placed.place("filled", number, "column")
            hint = suggestion(filled.column, optional)
            yield Issue("GAT002", place, f'"{filled.column}" is no column of {table.name} that may be missing', hint)


def _wrong_expressions(placed: Placed[TableThreshold], table: Table) -> Iterator[Issue]:
    """Expressions that cannot be read, and tables of events that there are not."""
    written: list[tuple[tuple[str | int, ...], str]] = [
        (("holds", number, "rule"), one.rule) for number, one in enumerate(placed.rule.holds)
    ]
    if placed.rule.history_mix and placed.rule.history_mix.where:
        written.append((("history_mix", "where"), placed.rule.history_mix.where))
    for path, text in written:
        yield from parse(text, scope_of_columns(table), at=placed.place(*path), expect=ExprType.BOOL)[1]
    events = [name for name, other in CATALOGUE.items() if other.kind is not Kind.STATE and len(other.key) == 1]
    for number, known in enumerate(placed.rule.known):
        if known.table not in events:
            message = f'"{known.table}" is no table of events with one key'
            yield Issue("GAT001", placed.place("known", number, "table"), message, suggestion(known.table, events))


def _is_any(_: Column) -> bool:
    return True


def _is_mixed(column: Column) -> bool:
    return column.type in {Type.CODE, Type.WALL_TIME, Type.BOOLEAN} or column.name in {"days_past_due", "branch_id"}


def _is_dated(column: Column) -> bool:
    return column.type in {Type.DATE, Type.WALL_TIME}


def _is_money(column: Column) -> bool:
    return column.type is Type.MONEY


def _is_number(column: Column) -> bool:
    return column.type in {Type.COUNT, Type.RATE, Type.MONEY}


def _wrong_limits(placed: Placed[TableThreshold], table: Table) -> Iterator[Issue]:
    reasons = [check.code for check in CONTRACTS[table.name].checks]
    limits: list[tuple[tuple[str | int, ...], RowLimits]] = [
        (("quarantine",), placed.rule.quarantine),
        (("duplicates",), placed.rule.duplicates),
    ]
    for number, rule in enumerate(placed.rule.quarantine.rules):
        limits.append((("quarantine", "rules", number), rule))
        if rule.reason not in reasons:
            place = placed.place("quarantine", "rules", number, "reason")
            yield Issue(
                "GAT006", place, f'{table.name} has no reason "{rule.reason}"', suggestion(rule.reason, reasons)
            )
    for path, limit in limits:
        for number, money in enumerate(limit.halt_money):
            if money.currency not in MINOR_DIGITS:
                place = placed.place(*path, "halt_money", number, "currency")
                hint = suggestion(money.currency, MINOR_DIGITS)
                yield Issue("GAT006", place, f'no currency "{money.currency}"', hint)
        if limit.halt_money and (path == ("duplicates",) or not CONTRACTS[table.name].money):
            place = placed.place(*path, "halt_money")
            message = f"no money is set aside with {path[0]} of {table.name}"
            yield Issue("GAT003", place, message, "Remove halt_money")


def _uncovered(placed: Iterable[Placed[TableThreshold]]) -> Iterator[Issue]:
    rules = list(placed)
    covered = {one.rule.id for one in rules}
    for name in CATALOGUE if rules else ():
        if name not in covered:
            place = rules[0].document.place((SECTION,))
            message = f'no thresholds for the table "{name}": whatever lands of it halts'
            yield Issue("GAT004", place, message, "Add an entry for it", Severity.WARNING)


def _warned_first(warn: Decimal, halt: Decimal) -> None:
    """Raises: ValueError, which the decoder turns into an issue at its place."""
    if warn > halt:
        raise ValueError(f"it halts at {halt} before it warns at {warn}: give the warning the smaller number")


def _is_event_of_money(_: TableThreshold, table: Table) -> bool:
    return table.kind is not Kind.STATE and "amount" in table and "currency" in table


def _is_work(table: Table) -> bool:
    return "employee_id" in table and bool(table.dated_by)


_FITS: Mapping[str, Callable[[TableThreshold, Table], bool]] = {
    "sums": _is_event_of_money,
    "mean": _is_event_of_money,
    "dates": lambda rule, table: bool(table.dated_by or (rule.dates and rule.dates.columns)),
    "mix": lambda _, table: table.kind is Kind.STATE,
    "over_balance": lambda _, table: "account_id" in table and "amount" in table,
    "parts": _is_event_of_money,
    "placed": lambda _, table: table.name == "partner_claims",
    "roll": lambda _, table: table.name == "accounts",
    "posted": lambda _, table: _is_work(table),
    "continuity": lambda _, table: table.name == "accounts",
    "vanished": lambda _, table: table.kind is Kind.STATE,
    "changed": lambda rule, table: table.kind is Kind.STATE or not rule.changed,
    "history_mix": lambda _, table: table.kind is not Kind.STATE,
    "hours": lambda _, table: any(column.type is Type.WALL_TIME for column in table),
    "clocks": lambda _, table: table.name == "contacts",
    "on_leave": lambda _, table: _is_work(table),
    "by_employee": lambda _, table: _is_work(table) and table.kind is not Kind.STATE,
    "at_work": lambda _, table: _is_work(table),
    "minutes": lambda _, table: table.name == "contacts",
    "strangers": lambda _, table: table.name == "contacts",
}
