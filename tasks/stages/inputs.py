"""Which versions a night reads: the extracts of its date, and what it needs of earlier dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from adapters.snapshots import Pointer, pointed
from domain.catalogue import CATALOGUE
from domain.ids import VersionId
from domain.manifest import Input
from domain.periods import Period
from domain.tables import Kind, Table
from incentives.contracts import ContractBook
from tasks.stages.account_days import DAYS_OLD

# Events of earlier periods that a night still needs: originals of reversals, payments on promises made last month,
# calls that are reviewed this month, and the days that calls and attendance are compared with.
LOOKBACK_DAYS: Mapping[str, int] = {"payments": 92, "contacts": 14, "attendance": 14}
STATE_DAYS = 62  # how old the last extract of a state table may be when none came today
BASELINE_DAYS = 35
LATE_BOOKING_DAYS = 31  # how long after it was paid a payment may be booked, and its last contact still be found

_Pointed = Mapping[tuple[str, date], VersionId]


@dataclass(frozen=True, slots=True)
class NightInputs:
    landed: tuple[Input, ...]
    history: tuple[Input, ...]
    baselines: tuple[Input, ...]
    gaps: tuple[Input, ...]


def inputs_of_night(
    connection: sa.Connection,
    day: date,
    known_as_of: datetime | None = None,
    *,
    contact_days: int = 0,
    planned_days: int = 0,
    allocation_days: int = 0,
    openings: int = 1,
    payment_days: int = 0,
    account_days: int = 0,
) -> NightInputs:
    """The versions that count now, or counted at `known_as_of`; each in order of table and date.

    `contact_days`: how many days before a payment its credit may lie with a contact; `planned_days`: how many days
    before the month an action that is judged in it may have been due; `allocation_days`: how many of contacts the
    conditions of strategies and plans look back; `openings`: of how many months the opening books are read, this one
    included; `payment_days`, `account_days`: how many days before the month payments, and the daily books, are read,
    where contracts of partners need more of them.
    """
    of_credits = contact_days + LATE_BOOKING_DAYS if contact_days else 0
    back = {"contacts": max(of_credits, planned_days, allocation_days), "payments": payment_days}
    first_book = Period.of(day).start - timedelta(days=account_days)
    read_from = min(first_book, *(_first_day_read(table, day, back) for table in CATALOGUE.values()))
    earliest = read_from - timedelta(days=STATE_DAYS)
    landed = pointed(connection, Pointer.LANDED, day, day, known_as_of=known_as_of)
    accepted = pointed(connection, Pointer.ACCEPTED, earliest, day - timedelta(days=1), known_as_of=known_as_of)
    history = {key for table in CATALOGUE.values() for key in _history(table, day, accepted, back)}
    history |= set(_earlier_openings(day, accepted, openings))
    if account_days:
        history |= {key for key in accepted if key[0] == "accounts" and key[1] >= first_book}
    recent = {key for key in accepted if key[1] >= day - timedelta(days=BASELINE_DAYS)}
    before = pointed(connection, Pointer.LANDED, Period.of(day).start, day - timedelta(days=1), known_as_of=known_as_of)
    gaps = {key for key in before if key not in accepted and CATALOGUE[key[0]].kind is not Kind.STATE}
    return NightInputs(_inputs(landed), _inputs(accepted, history), _inputs(accepted, recent), _inputs(before, gaps))


def account_days_read(contracts: ContractBook) -> int:
    """How many days before the month the daily books are read: those of every payment that fees are reckoned from."""
    if not contracts.reads_days_past_due():
        return 0
    return max(LOOKBACK_DAYS["payments"], contracts.look_back_days()) + DAYS_OLD


def _first_day_read(table: Table, day: date, back: Mapping[str, int]) -> date:
    """The first date of which a night reads an increment."""
    events = max(LOOKBACK_DAYS.get(table.name, 0), back.get(table.name, 0))
    days = table.window_days if table.kind is Kind.REVISABLE else events
    return Period.of(day).start - timedelta(days=days)


def _history(table: Table, day: date, accepted: _Pointed, back: Mapping[str, int]) -> Iterator[tuple[str, date]]:
    mine = sorted(key for key in accepted if key[0] == table.name)
    if table.kind is not Kind.STATE:
        yield from (key for key in mine if key[1] >= _first_day_read(table, day, back))
        return
    recent = [key for key in mine if key[1] >= day - timedelta(days=STATE_DAYS)]
    yield from recent[-1:]
    if table.name == "accounts":
        yield from [key for key in recent if key[1] < Period.of(day).start][-1:]


def _earlier_openings(day: date, accepted: _Pointed, openings: int) -> Iterator[tuple[str, date]]:
    """The book at the beginning of each of the months before this one: the last extract before its first day."""
    period = Period.of(day)
    for _ in range(openings - 1):
        period = period.previous()
        oldest = period.start - timedelta(days=STATE_DAYS)
        days = [on for table, on in accepted if table == "accounts" and oldest <= on < period.start]
        yield from [("accounts", max(days))] if days else []


def _inputs(versions: _Pointed, keys: set[tuple[str, date]] | None = None) -> tuple[Input, ...]:
    wanted = versions.keys() if keys is None else keys
    return tuple(Input(table, day, versions[table, day]) for table, day in sorted(wanted))
