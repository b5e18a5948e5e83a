"""How many accounts are in each state at the end of a day, and where those of a week before have gone: two statements.

A state is a segment of the strategy in force, or the reason why an account is not worked, with a band of days past due:
each bucket of thirty days is cut into four, so that what is about to leave it is told from what has just come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from allocation.segments import classified
from allocation.strategies import Strategy
from domain.exact import ExactSelect, count_rows, exact
from domain.sql import SNAPSHOTS, TABLES

Row = Mapping[str, Any]
Sql = sa.ColumnElement[Any]
Stratum = tuple[str, ...]

# What accounts are told apart by besides their state; skills follow as far as a segment asks for them.
STRATA = ("jurisdiction", "product", "language", "region")

BUCKETS = ("0", "1-30", "31-60", "61-90", "91-120", "121-150", "151-180", "181+")
"""Of days past due, as the KPIs have them."""

# The last days of the bands: 0, then four of each bucket of thirty days; what comes after them is one band.
BAND_ENDS = (0, *(start + days for start in range(0, 180, 30) for days in (7, 14, 21, 30)))

NOT_WORKED = -1
"""The band of what is not worked: its days past due go on, and decide nothing."""

_COLUMNS = ("account_id", *STRATA, "segment")


def _stock_table(name: str) -> sa.Table:
    columns = (sa.Column(each, sa.String) for each in _COLUMNS)
    return sa.Table(name, SNAPSHOTS, *columns, sa.Column("band", sa.BigInteger))


STOCK, STOCK_BEFORE = _stock_table("stock"), _stock_table("stock_before")


class State(NamedTuple):
    """`segment` is one of the strategy, or a reason such as held:dispute; `band` a number of `BAND_ENDS`."""

    segment: str
    band: int = NOT_WORKED

    @property
    def bucket(self) -> str:
        """The bucket of days past due that it is in; empty where nobody works it."""
        return "" if self.band == NOT_WORKED else BUCKETS[(self.band + 3) // 4]

    def __str__(self) -> str:
        return self.segment if self.band == NOT_WORKED else f"{self.segment} {days_of(self.band)}"


class Flow(NamedTuple):
    """So many accounts went from a state to another one in a step; None is outside the book."""

    stratum: Stratum
    before: State | None
    after: State | None
    accounts: int


def days_of(band: int) -> str:
    """The days past due of a band.

    >>> days_of(0), days_of(1), days_of(25)
    ('0', '1-7', '181+')
    """
    if band == 0:
        return "0"
    first = BAND_ENDS[band - 1] + 1
    return f"{first}+" if band == len(BAND_ENDS) else f"{first}-{BAND_ENDS[band]}"


def stock_statement(strategy: Strategy, as_of: date) -> ExactSelect:
    """Every account of the view `accounts` once, with its state by this strategy, in order of account_id."""
    book = classified(strategy, TABLES["accounts"], as_of).subquery("book")
    band = sa.case((book.c.not_worked.is_not(None), NOT_WORKED), else_=_band(book.c.days_past_due))
    return exact(
        sa.select(
            *(book.c[name] for name in _COLUMNS[:-1]),
            sa.func.coalesce(book.c.not_worked, book.c.segment).label("segment"),
            sa.cast(band, sa.BigInteger).label("band"),
        ).order_by(book.c.account_id)
    )


def flows_statement() -> ExactSelect:
    """From the views `stock_before` and `stock`: how many accounts went from where to where, by strata.

    NULL before: not in the book then; NULL after: no longer in it. An account counts in the strata that it had before.
    """
    before, after = STOCK_BEFORE, STOCK
    strata = [sa.func.coalesce(before.c[name], after.c[name]).label(name) for name in STRATA]
    ends = [
        before.c.segment.label("from_segment"),
        before.c.band.label("from_band"),
        after.c.segment.label("to_segment"),
        after.c.band.label("to_band"),
    ]
    both = before.join(after, before.c.account_id == after.c.account_id, full=True)
    moved = sa.select(*strata, *ends).select_from(both).subquery("moved")
    keys = tuple(moved.c)
    in_order = [key.nulls_first() for key in keys]
    return exact(sa.select(*keys, count_rows().label("accounts")).group_by(*keys).order_by(*in_order))


def strata_of(strategy: Strategy) -> tuple[int, ...]:
    """Which of `STRATA` matter: jurisdiction and product always, of skills those that some segment asks for."""
    asked = {skill for segment in strategy.segments for skill in segment.rule.skills}
    return tuple(number for number, name in enumerate(STRATA) if name in {"jurisdiction", "product", *asked})


def flows_of(rows: Iterable[Row], strata: Iterable[int]) -> tuple[Flow, ...]:
    """The rows of `flows_statement`, with the strata that matter; the others are left empty."""
    kept = frozenset(strata)
    found: dict[tuple[Stratum, State | None, State | None], int] = {}
    for row in rows:
        stratum = tuple(row[name] if number in kept else "" for number, name in enumerate(STRATA))
        key = stratum, _state(row["from_segment"], row["from_band"]), _state(row["to_segment"], row["to_band"])
        found[key] = found.get(key, 0) + int(row["accounts"])
    return tuple(Flow(*key, accounts) for key, accounts in found.items())


def _state(segment: str | None, band: int | None) -> State | None:
    return None if segment is None or band is None else State(segment, int(band))


def _band(days_past_due: Sql) -> Sql:
    ends = [(days_past_due <= last, number) for number, last in enumerate(BAND_ENDS)]
    return sa.case((days_past_due.is_(None), 0), *ends, else_=len(BAND_ENDS))
