"""The rows of the book as arrays, in the one order that results are made in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from allocation.destinations import Destination
from allocation.problem import Floats, Ints
from allocation.strategies import Strategy

MISSING = -1


@dataclass(frozen=True, slots=True)
class Coded:
    """A text column as numbers: `names` in order, MISSING for NULL."""

    codes: Ints
    names: tuple[str, ...]

    def name(self, row: int) -> str:
        code = int(self.codes[row])
        return "" if code == MISSING else self.names[code]

    def mapped(self, numbers: Mapping[str, int]) -> Ints:
        """The number of each row's name; MISSING where there is none."""
        of_code = np.array([*(numbers.get(name, MISSING) for name in self.names), MISSING], dtype=np.int64)
        mapped: Ints = of_code[self.codes]
        return mapped


def coded(column: pa.ChunkedArray | pa.Array) -> Coded:
    texts = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    found = pc.dictionary_encode(texts.cast(pa.string()))
    names = found.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.full(len(names) + 1, MISSING, dtype=np.int64)
    rank[order] = np.arange(len(names))
    codes = pc.fill_null(found.indices, MISSING).to_numpy(zero_copy_only=False)
    return Coded(rank[codes], tuple(names[index] for index in order))


@dataclass(frozen=True, slots=True)
class Book:
    """The rows of `book_statement` in order of account_id; `cooling` holds (row, partner id) of recent recalls.

    An account is *free* if it may be worked and no placement of it runs; those are what is allocated. `segment` is its
    position in the strategy, MISSING if excluded; `owner` and `placed_with` are numbers of destinations, MISSING where
    there is none among them.
    """

    table: pa.Table
    segment: Ints
    is_placed: npt.NDArray[np.bool_]
    is_free: npt.NDArray[np.bool_]
    owner: Ints
    placed_with: Ints
    overdue: Floats
    days_past_due: Ints
    currency: Coded
    jurisdiction: Coded
    cooling: tuple[tuple[int, str], ...]

    @property
    def size(self) -> int:
        return len(self.segment)


def read_book(table: pa.Table, cooling: pa.Table, destinations: Sequence[Destination], strategy: Strategy) -> Book:
    """The rows, which come in any order."""
    table = table.sort_by("account_id").combine_chunks()
    number = {destination.key: index for index, destination in enumerate(destinations)}
    segment = coded(table["segment"]).mapped({one.id: index for index, one in enumerate(strategy.segments)})
    is_workable = pc.is_null(table["not_worked"]).to_numpy()
    is_placed = is_workable & pc.is_valid(table["placed_with"]).to_numpy()
    is_held = np.array([one.rule.hold is not None for one in strategy.segments])[segment]
    return Book(
        table,
        segment,
        is_placed,
        is_workable & ~is_placed & ~is_held,
        coded(_keys(table["owner_kind"], table["owner_id"])).mapped(number),
        coded(_keys(pa.scalar("partner"), table["placed_with"])).mapped(number),
        pc.cast(table["overdue_amount"], pa.float64()).to_numpy(),
        table["days_past_due"].to_numpy(),
        coded(table["currency"]),
        coded(table["jurisdiction"]),
        _cooling_rows(table, cooling),
    )


def _keys(kind: pa.ChunkedArray | pa.Scalar, owner: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(kind, owner, ":")


def _cooling_rows(table: pa.Table, cooling: pa.Table) -> tuple[tuple[int, str], ...]:
    accounts = table["account_id"].combine_chunks().cast(pa.string())
    places = pc.index_in(cooling["account_id"].cast(pa.string()), value_set=accounts)
    pairs = zip(places.to_pylist(), cooling["partner_id"].to_pylist(), strict=True)
    return tuple(sorted((row, partner) for row, partner in pairs if row is not None))
