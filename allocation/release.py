"""What changes hands: an allocation beside the dispatch in force, as rows of the dispatch history."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from allocation.allocate import Allocation
from domain.dispatch import CHANGES, HOUSE

LEFT_THE_BOOK = "left_the_book"

_OWNERSHIP = ("owner_kind", "owner_id", "department_id", "team_id", "segment", "channel")


def changes(allocation: Allocation, in_force: pa.Table, *, valid_from: date, release_sequence: int) -> pa.Table:
    """The rows to append, in order of account_id: accounts whose owner, department, team, segment or channel changes.

    `in_force` is the result of `in_force_statement(valid_from)`. An account that is excluded or has left the book goes
    to nobody; if nobody had it before, there is nothing to append.
    """
    now = allocation.accounts.select(["account_id", *_OWNERSHIP, "reason"])
    before = in_force.select(["account_id", *_OWNERSHIP]).rename_columns(
        ["account_id", *(f"was_{name}" for name in _OWNERSHIP)]
    )
    joined = now.join(before, "account_id", join_type="full outer")
    changed = joined.filter(_differs(joined)).sort_by("account_id")
    columns = {name: pc.fill_null(changed[name], default) for name, default in _WHEN_GONE.items()}
    constant = {
        "valid_from": pa.array([valid_from] * changed.num_rows, pa.date32()),
        "release_sequence": pa.array([release_sequence] * changed.num_rows, pa.int64()),
    }
    found = {name: changed[name] for name in changed.column_names} | columns | constant
    return pa.table({name: found[name] for name in CHANGES.names}).combine_chunks()


_WHEN_GONE = {"owner_kind": "nobody", "owner_id": HOUSE, "reason": LEFT_THE_BOOK}


def _differs(joined: pa.Table) -> pa.ChunkedArray:
    """Whether any part of the ownership is another than before; nobody now and none before is the same."""
    unowned = pc.or_(pc.is_null(joined["owner_kind"]), pc.equal(pc.fill_null(joined["owner_kind"], ""), "nobody"))
    differs = pc.and_(unowned, pc.is_valid(joined["was_owner_kind"]))
    for name in _OWNERSHIP:
        same = pc.equal(_comparable(joined[name]), _comparable(joined[f"was_{name}"]))
        differs = pc.or_(differs, pc.and_(pc.invert(unowned), pc.invert(same)))
    return differs


def _comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Missing as a text of its own, so that missing equals missing."""
    return pc.fill_null(column.cast(pa.string()), "\0")
