"""What becomes of the accounts that a suspended partner has: they stay until their term, or they are recalled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from allocation.destinations import Destination
from allocation.problem import Ints

RECALLED_BY_STANDING = "standing"

_MISSING = -1


def recalled_by_standing(table: pa.Table, destinations: Sequence[Destination]) -> pa.Table:
    """The rows of `book_statement`, where running placements with a recalled partner end, if they do not yet."""
    partners = sorted(each.id for each in destinations if each.is_partner and each.is_recalled)
    if not partners:
        return table
    placed_there = pc.is_in(table["placed_with"].cast(pa.string()), pa.array(partners, pa.string()))
    ends = pc.and_(placed_there, pc.is_null(table["recall"]))
    recall = pc.if_else(ends, RECALLED_BY_STANDING, table["recall"].cast(pa.string()))
    return table.set_column(table.schema.get_field_index("recall"), "recall", recall)


def kept_by_standing(owner: Ints, destinations: Sequence[Destination]) -> npt.NDArray[np.bool_]:
    """Rows that stay with a suspended partner that keeps what it has: placed by us, and not yet known to the core."""
    keeps = [bool(each.is_partner and each.suspended and not each.is_recalled) for each in destinations]
    found: npt.NDArray[np.bool_] = np.array([*keeps, False])[np.where(owner == _MISSING, len(keeps), owner)]
    return found
