"""What overdue money is expected to bring: liquidation by cell, shrunk to its parents, with no collector in it.

A cell is a product, a bucket of days past due and a band of balance, in one currency. Rates are per day, so that an
expectation can be had for any number of days. They are estimates of what happens to such accounts, whoever works them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from domain.money import CONTEXT, Rounding, round_to

# A balance is in the band of the highest start that it has reached; powers of ten, so that they serve every currency.
BAND_STARTS = tuple(10**power for power in range(3, 10))
BANDS = tuple(range(len(BAND_STARTS) + 1))

HISTORY_MONTHS = 6
RATE_DIGITS = 10


def band_of(balance: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The band's number: how many of the starts the balance has reached."""
    reached = [(balance < start, number) for number, start in enumerate(BAND_STARTS)]
    return sa.cast(sa.case(*reached, else_=len(BAND_STARTS)), sa.BigInteger)


class Level(StrEnum):
    """From the widest to the narrowest; the parent of each is the one before it."""

    ALL = "all"
    BUCKET = "bucket"
    PRODUCT = "product"
    CELL = "cell"


# What a cell has seen itself weighs n / (n + k), n in accounts × days. k is a hundred accounts for thirty days; for a
# bucket it is ten: early and late money differ so much that only a bucket of a handful leans on all of the book.
SHRINKAGE_ACCOUNT_DAYS = {Level.BUCKET: 300, Level.PRODUCT: 3_000, Level.CELL: 3_000}


@dataclass(frozen=True, slots=True)
class Cell:
    """What a rate is of; what a level does not tell apart is None."""

    currency: str
    level: Level
    bucket: int | None = None
    product: str | None = None
    band: int | None = None

    @property
    def ancestors(self) -> tuple[Cell, ...]:
        """The wider ones that it is a part of, the widest first."""
        levels = list(Level)[: list(Level).index(self.level)]
        return tuple(self.at(level) for level in levels)

    def at(self, level: Level) -> Cell:
        told_apart = list(Level)[: list(Level).index(level) + 1]
        return Cell(
            self.currency,
            level,
            self.bucket if Level.BUCKET in told_apart else None,
            self.product if Level.PRODUCT in told_apart else None,
            self.band if Level.CELL in told_apart else None,
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a cell: `money_days` is the overdue money at the opening times the days it was looked at."""

    cell: Cell
    accounts: int = 0
    account_days: int = 0
    overdue: Decimal = Decimal(0)
    money_days: Decimal = Decimal(0)
    recovered: Decimal = Decimal(0)

    def __add__(self, other: Seen) -> Seen:
        return Seen(
            self.cell,
            self.accounts + other.accounts,
            self.account_days + other.account_days,
            self.overdue + other.overdue,
            self.money_days + other.money_days,
            self.recovered + other.recovered,
        )


class Basis(StrEnum):
    HISTORY = "earlier months"
    OWN_MONTH = "this month"  # the stated fallback: what is measured is then a part of what it is held against


@dataclass(frozen=True, slots=True)
class RecoveryRate:
    """The share of a cell's overdue money that a day is expected to bring, and how that came about.

    `raw` is recovered ÷ money_days (None where nothing was overdue), `parent` the rate of the wider cell (None for the
    widest), `weight` the raw rate's: rate = weight × raw + (1 − weight) × parent. Each is rounded to ten digits as it
    is made, so the row recomputes from itself. A rate is never below zero.
    """

    seen: Seen
    basis: Basis
    raw: Decimal | None
    parent: Decimal | None
    weight: Decimal
    rate: Decimal

    @property
    def cell(self) -> Cell:
        return self.seen.cell


def recovery_rates(history: Iterable[Seen], own: Iterable[Seen]) -> tuple[RecoveryRate, ...]:
    """A rate for each cell of `own`, this month's book, and for all that they are parts of, the widest first.

    The rates come from `history`, what earlier months saw; for a currency in which they saw nothing overdue, from
    `own`. Both are cells of the level CELL; several of one cell are added up. A currency of which nothing was ever
    overdue has no rates.
    """
    before, now = _with_ancestors(history), _with_ancestors(own)
    made: dict[Cell, RecoveryRate] = {}
    for cell in sorted(now, key=_widest_first):
        for basis, found in ((Basis.HISTORY, before), (Basis.OWN_MONTH, now)):
            if _has_overdue(found, cell.currency):
                made[cell] = _rate(found.get(cell) or Seen(cell), made, basis)
                break
    return tuple(made.values())


def shrunk(raw: Decimal | None, parent: Decimal | None, account_days: int, level: Level) -> tuple[Decimal, Decimal]:
    """The weight of the raw rate, and the rate: between the raw and the parent's, nearer to the raw the more is seen.

    >>> shrunk(Decimal("0.02"), Decimal("0.01"), 3_000, Level.CELL)
    (Decimal('0.5000000000'), Decimal('0.0150000000'))
    """
    if raw is None:
        return Decimal(0), parent or Decimal(0)
    if parent is None:
        return Decimal(1), max(raw, Decimal(0))
    weight = _rounded(CONTEXT.divide(Decimal(account_days), Decimal(account_days + SHRINKAGE_ACCOUNT_DAYS[level])))
    return weight, _rounded(max(weight * raw + (1 - weight) * parent, Decimal(0)))


def _with_ancestors(seen: Iterable[Seen]) -> Mapping[Cell, Seen]:
    """What was seen of each cell, and of all that it is a part of."""
    found: dict[Cell, Seen] = {}
    for one in seen:
        for cell in (*one.cell.ancestors, one.cell):
            found[cell] = found.get(cell, Seen(cell)) + one
    return found


def _has_overdue(found: Mapping[Cell, Seen], currency: str) -> bool:
    whole = found.get(Cell(currency, Level.ALL))
    return whole is not None and whole.money_days > 0


def _rate(seen: Seen, made: Mapping[Cell, RecoveryRate], basis: Basis) -> RecoveryRate:
    raw = _rounded(CONTEXT.divide(seen.recovered, seen.money_days)) if seen.money_days > 0 else None
    parent = made[seen.cell.ancestors[-1]].rate if seen.cell.ancestors else None
    return RecoveryRate(seen, basis, raw, parent, *shrunk(raw, parent, seen.account_days, seen.cell.level))


def _rounded(number: Decimal) -> Decimal:
    return round_to(number, RATE_DIGITS, Rounding.HALF_EVEN)


def _widest_first(cell: Cell) -> tuple[Any, ...]:
    return cell.currency, list(Level).index(cell.level), cell.bucket or 0, cell.product or "", cell.band or 0
