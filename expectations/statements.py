"""Judging a table in SQL: one scan for a clean table, a second pass for one with failing or doubled rows.

The views that a session needs, all with the catalogue's columns:

- `<table>`: while contracts run, the rows to be judged (the landed version of the business date). For a table that has
  not landed, the latest accepted state, or the accepted rows of the look-back window. Where there is nothing, a view
  without rows. While suites run, the accepted rows of the business date take the place of the landed ones.
- `<table>_history`, for the event tables named in `Contract.views`: accepted rows of the look-back window before the
  business date, that date not included.
- `<table>_previous`, for the state tables named in `Suite.views`: the latest accepted version before the business date.

Every landed row is counted once: as a duplicate if an equal row is kept already, else as quarantined if it fails a
check or shares its key with a different row, else as accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, count_distinct, count_rows, exact, total
from domain.ids import digest_of
from domain.records import ControlTotals
from expectations.checks import Related
from expectations.contracts import CONTRACTS, Contract
from expectations.lowering import Sql, fails, lookup, view_of


@dataclass(frozen=True, slots=True)
class Counts:
    """What one scan of a table found; `by_check` has the number of failing rows of each reason code, in order."""

    table: str
    rows: int
    distinct_keys: int
    failing: int
    by_check: tuple[tuple[str, int], ...]

    @property
    def has_doubled_keys(self) -> bool:
        """Whether a key comes twice, or is missing."""
        return self.distinct_keys < self.rows

    @property
    def is_clean(self) -> bool:
        return not self.failing and not self.has_doubled_keys


Money = tuple[tuple[str, Decimal], ...]  # amounts by currency, in major units
ALL_REASONS = ""


@dataclass(frozen=True, slots=True)
class SetAside:
    """The quarantine by reason: rows, and their absolute amounts; a row with two reasons counts for both.

    Under `ALL_REASONS` each row counts once.
    """

    by_reason: tuple[tuple[str, int, Money], ...] = ()

    def money_of(self, reason: str) -> Money:
        return next((money for code, _, money in self.by_reason if code == reason), ())


NOTHING_SET_ASIDE = SetAside()


@dataclass(frozen=True, slots=True)
class Split:
    """Statements over a table that is not clean: rows to keep, rows for quarantine with their `reasons`, totals.

    `index` has for each currency, and each reason, the rows set aside and their absolute amounts.
    """

    accepted: ExactSelect
    quarantined: ExactSelect
    reasons: ExactSelect
    totals: ExactSelect
    index: ExactSelect


@dataclass(frozen=True, slots=True)
class TableWork:
    """Everything that the gate runs for one table, in order: `counts`; then, if not clean, the split; then totals."""

    contract: Contract
    counts: ExactSelect
    clean_totals: ExactSelect

    @property
    def views(self) -> tuple[str, ...]:
        return self.contract.views

    def read_counts(self, rows: Sequence[Mapping[str, Any]]) -> Counts:
        (row,) = rows
        by_check = tuple((check.code, int(row[check.code])) for check in self.contract.checks)
        return Counts(
            self.contract.table.name, int(row["rows"]), int(row["distinct_keys"]), int(row["failing"]), by_check
        )

    def clean_counts(self, rows: int) -> Counts:
        """What `counts` found in a table of so many rows, all of them sound."""
        by_check = tuple((check.code, 0) for check in self.contract.checks)
        return Counts(self.contract.table.name, rows, rows, 0, by_check)

    def split(self, counts: Counts) -> Split | None:
        """None where the landed version is the accepted one, as it is."""
        return None if counts.is_clean else split_of(self.contract, doubled=counts.has_doubled_keys)

    def read_totals(self, rows: Iterable[Mapping[str, Any]]) -> ControlTotals:
        """The rows of `clean_totals` or of `Split.totals`: one for each currency."""
        found = [dict(row) for row in rows]
        landed, accepted, quarantined, duplicate = (sum(int(row[f"{part}_rows"]) for row in found) for part in _PARTS)
        money = tuple(_money(row) for row in found) if self.contract.money else ()
        return ControlTotals(landed, accepted, quarantined, duplicate, money)

    def read_set_aside(self, rows: Iterable[Mapping[str, Any]]) -> SetAside:
        """The rows of `Split.index`."""
        found = [dict(row) for row in rows]
        codes = [name.removeprefix(_ROWS) for name in (found[0] if found else ()) if name.startswith(_ROWS)]
        entries = ((code, sum(int(row[_ROWS + code]) for row in found), _amounts(found, code)) for code in codes)
        return SetAside(tuple(entry for entry in entries if entry[1]))


def _amounts(rows: Iterable[Mapping[str, Any]], code: str) -> Money:
    return tuple((row["currency"], Decimal(row[_MONEY + code] or 0)) for row in rows if row.get(_MONEY + code))


_ROWS, _MONEY = "rows:", "money:"
_PARTS = ("landed", "accepted", "quarantined", "duplicate")


def _money(row: Mapping[str, Any]) -> tuple[str, Decimal, Decimal, Decimal, Decimal]:
    landed, accepted, quarantined, duplicate = (Decimal(row[f"{part}_money"] or 0) for part in _PARTS)
    return row["currency"], landed, accepted, quarantined, duplicate


@cache
def work_for(table: str) -> TableWork:
    """The statements for a table of the catalogue."""
    contract = CONTRACTS[table]
    return TableWork(contract, counts(contract), clean_totals(contract))


@cache
def work_digest(table: str) -> str:
    """Another one whenever the contract is judged in another way."""
    work = work_for(table)
    return digest_of([_text(work.counts), _text(work.clean_totals)])


def _text(statement: ExactSelect) -> str:
    return str(statement.compile(compile_kwargs={"literal_binds": True}))


def counts(contract: Contract) -> ExactSelect:
    """One row: `rows`, `distinct_keys`, `failing`, and for each check, under its reason code, the rows that fail it."""
    judged = _judged(contract).subquery("judged")
    flags = [judged.c[check.code] for check in contract.checks]
    key = [judged.c[name] for name in contract.table.key]
    columns: list[Sql] = [
        count_rows().label("rows"),
        count_distinct(key[0] if len(key) == 1 else sa.tuple_(*key)).label("distinct_keys"),
        count_rows(sa.or_(*flags)).label("failing"),
        *(count_rows(flag).label(flag.name) for flag in flags),
    ]
    return exact(sa.select(*columns))


def clean_totals(contract: Contract) -> ExactSelect:
    """Per currency, the control totals of a table whose every row is accepted."""
    rows = view_of(contract.table)
    everything, nothing = sa.true(), sa.false()
    return _totals(contract, rows, {"landed": everything, "accepted": everything}, nothing)


@cache
def split_of(contract: Contract, *, doubled: bool) -> Split:
    """The statements for a table that is not clean; unless keys are doubled, the costly windows are left out."""
    judged = _judged(contract).subquery("judged")
    sorted_out = (_with_copies(contract, judged) if doubled else _without_copies(judged)).subquery("sorted_out")
    bad = _reasons(contract, sorted_out) != ""
    double = sorted_out.c.copy > 1
    accepted, quarantined = sa.and_(sa.not_(double), sa.not_(bad)), sa.and_(sa.not_(double), bad)
    columns = [sorted_out.c[name] for name in contract.table.names]
    key = [sorted_out.c[name] for name in contract.table.key]
    reasons = _reasons(contract, sorted_out).label("reasons")
    order = [column.asc().nulls_first() for column in (*key, *(c for c in columns if c not in set(key)))]
    parts = {"landed": sa.true(), "accepted": accepted, "quarantined": quarantined}
    return Split(
        accepted=exact(sa.select(*columns).where(accepted).order_by(*(column.asc() for column in key))),
        quarantined=exact(sa.select(*columns, reasons).where(quarantined).order_by(*order)),
        reasons=exact(sa.select(*key, reasons).where(quarantined).order_by(*order)),
        totals=_totals(contract, sorted_out, parts, double),
        index=_index(contract, sorted_out, quarantined),
    )


def _judged(contract: Contract) -> sa.Select[Any]:
    """Each row with one boolean per check, named by its reason code."""
    row = view_of(contract.table)
    joined: sa.FromClause = row
    flags: list[Sql] = []
    for number, check in enumerate(contract.checks):
        other = lookup(check, contract.table).alias(f"other_{number}") if isinstance(check, Related) else None
        if other is not None and isinstance(check, Related):
            joined = joined.outerjoin(other, row.c[check.column] == other.c[check.column_there])
        flag = fails(check, contract.table, row, other)
        flags.append(sa.case((flag, True), else_=False).label(check.code))
    return sa.select(*row.c, *flags).select_from(joined)


def _with_copies(contract: Contract, judged: sa.Subquery) -> sa.Select[Any]:
    """Each row with the number of its copy among equal rows, and whether different rows share its key."""
    columns = [judged.c[name] for name in contract.table.names]
    key = [judged.c[name] for name in contract.table.key]
    in_order = [column.asc().nulls_first() for column in columns]
    copy = sa.func.row_number().over(partition_by=columns, order_by=in_order).label("copy")
    content = sa.func.dense_rank().over(partition_by=key, order_by=in_order).label("content")
    numbered = sa.select(*judged.c, copy, content).subquery("numbered")
    keys = [numbered.c[name] for name in contract.table.key]
    contents = sa.func.max(numbered.c.content).over(partition_by=keys)
    shared = sa.and_(contents > 1, *(column.is_not(None) for column in keys))
    return sa.select(*numbered.c, shared.label(contract.duplicate_key))


def _without_copies(judged: sa.Subquery) -> sa.Select[Any]:
    return sa.select(*judged.c, sa.literal(1, sa.BigInteger).label("copy"))


def _index(contract: Contract, rows: sa.Subquery, quarantined: Sql) -> ExactSelect:
    """Rows and absolute amounts of what is set aside, by currency; a column for all of it and one for each reason."""
    conditions = {ALL_REASONS: quarantined}
    conditions |= {code: sa.and_(quarantined, rows.c[code]) for code in _codes(contract, rows)}
    currency = sa.func.coalesce(rows.c.currency, "") if contract.money else sa.literal("")
    columns = [count_rows(condition).label(_ROWS + code) for code, condition in conditions.items()]
    if contract.money:
        amount = rows.c[contract.money]
        size = sa.case((amount < 0, -amount), else_=amount)
        columns += [total(size, condition).label(_MONEY + code) for code, condition in conditions.items()]
    statement = sa.select(currency.label("currency"), *columns).select_from(rows)
    return exact(statement.group_by(currency).order_by(currency) if contract.money else statement)


def _codes(contract: Contract, rows: sa.FromClause) -> list[str]:
    return [code for code in (*(check.code for check in contract.checks), contract.duplicate_key) if code in rows.c]


def _reasons(contract: Contract, rows: sa.FromClause) -> Sql:
    """The reason codes of the row, each followed by a comma; empty for a row that is fine."""
    codes = _codes(contract, rows)
    text: Sql = sa.literal("")
    for code in codes:
        text = text.concat(sa.case((rows.c[code], f"{code},"), else_=""))
    return text


def _totals(contract: Contract, rows: sa.FromClause, parts: Mapping[str, Sql], double: Sql) -> ExactSelect:
    currency = sa.func.coalesce(rows.c.currency, "") if contract.money else sa.literal("")
    conditions = {**{part: sa.false() for part in _PARTS}, **parts, "duplicate": double}
    columns = [count_rows(condition).label(f"{part}_rows") for part, condition in conditions.items()]
    if contract.money:
        amount = rows.c[contract.money]
        columns += [total(amount, condition).label(f"{part}_money") for part, condition in conditions.items()]
    statement = sa.select(currency.label("currency"), *columns).select_from(rows)
    return exact(statement.group_by(currency).order_by(currency) if contract.money else statement)
