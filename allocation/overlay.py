"""Overrides and handovers as rows of the dispatch: another owner for a stated time, and the way back.

A row of the dispatch holds until the next one, so what is to end by itself is written down when it is decided: a row on
its first day, and one on the day after its last. A night that then decides otherwise on the account, because the law or
the book asks for it, rewrites what was to come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from domain.dispatch import CHANGES, CHANGES_SQL, HOUSE
from domain.exact import ExactSelect, exact
from domain.reassignments import Reassignment, is_reassigned, is_return

Row = Mapping[str, Any]

OWNERSHIP = ("owner_kind", "owner_id", "department_id", "team_id", "segment", "channel")
NOBODY: Row = {**dict.fromkeys(OWNERSHIP), "owner_kind": "nobody", "owner_id": HOUSE, "reason": "left_the_book"}


def history_of(accounts: Iterable[str]) -> ExactSelect:
    """Every change of these accounts, in the order in which they count."""
    changes = CHANGES_SQL.c
    mine = changes.account_id.in_(sorted(accounts))
    return exact(
        sa.select(*changes).where(mine).order_by(changes.account_id, changes.valid_from, changes.release_sequence)
    )


def coming_statement(day: date) -> ExactSelect:
    """The changes that are to begin after `day`: returns, and reassignments whose time has not come."""
    changes = CHANGES_SQL.c
    order = (changes.account_id, changes.valid_from, changes.release_sequence)
    return exact(sa.select(*changes).where(changes.valid_from > day).order_by(*order))


def overlay(wanted: Reassignment, owners: Mapping[str, Row], history: Iterable[Row], sequence: int) -> pa.Table:
    """The changes that give each account its other owner from the first day to the last, and then back to whoever has
    it by what is decided so far. `owners` has the ownership of each account; `history` all of its changes, in order.
    """
    end = wanted.until + timedelta(days=1)
    before = _by_account(history)
    found: list[Row] = []
    for each in wanted.accounts:
        rows, other = before.get(each.account_id, []), {**owners[each.account_id], "reason": wanted.code}
        days = {row["valid_from"] for row in rows if wanted.first < row["valid_from"] < end}
        found += [_row(each.account_id, day, sequence, other) for day in sorted({wanted.first, *days})]
        found.append(_row(each.account_id, end, sequence, _afterwards(wanted, rows, end)))
    return _table(found)


def in_step(changes: pa.Table, coming: Iterable[Row], pinned: Mapping[str, Reassignment], *, sequence: int) -> pa.Table:
    """The night's changes, and what of the changes to come follows from them.

    An account that is held, excluded or gone stays so, whatever was to begin; one that another owner gets goes back to
    that one; one that a reassignment has again goes back on the day after its last, as was decided.
    """
    later = _by_account(coming)
    found: list[Row] = list(changes.to_pylist())
    for row in changes.to_pylist() if later else ():
        rows = later.get(row["account_id"], [])
        found += _following(row, rows, pinned.get(row["account_id"]), sequence)
    return _table(sorted(found, key=lambda row: (row["account_id"], row["valid_from"]))) if later else changes


def _following(row: Row, coming: Sequence[Row], pinned: Reassignment | None, sequence: int) -> Iterator[Row]:
    newest = {each["valid_from"]: each for each in coming}
    if pinned is None:
        is_worked = row["owner_kind"] in {"employee", "partner"}
        for day, each in newest.items():
            if not is_worked or is_return(each["reason"]):
                yield _row(row["account_id"], day, sequence, row)
        return
    end = pinned.until + timedelta(days=1)
    yield from (_row(row["account_id"], day, sequence, row) for day in newest if day < end)
    back = next((each for each in coming if each["valid_from"] == end and each["reason"] == pinned.ended_code), None)
    if back is not None:
        yield _row(row["account_id"], end, sequence, back)


def _afterwards(wanted: Reassignment, rows: Sequence[Row], end: date) -> Row:
    """Who has it on the day after the last by what is decided so far; one reassignment may lie within another."""
    known = [row for row in rows if row["valid_from"] <= end]
    last = known[-1] if known else NOBODY
    reason = last["reason"] if is_reassigned(last["reason"]) else wanted.ended_code
    return {**last, "reason": reason}


def _by_account(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["account_id"]].append(row)
    return dict(found)


def _row(account: str, day: date, sequence: int, owner: Row) -> Row:
    given = {"account_id": account, "valid_from": day, "release_sequence": sequence, "reason": owner["reason"]}
    return {**given, **{name: owner[name] for name in OWNERSHIP}}


_TYPES = {"valid_from": pa.date32(), "release_sequence": pa.int64()}


def _table(rows: Sequence[Row]) -> pa.Table:
    columns = {name: pa.array([row[name] for row in rows], _TYPES.get(name, pa.string())) for name in CHANGES.names}
    return pa.table(columns)
