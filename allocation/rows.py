"""The rows of the book as arrays, in the one order that results are made in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from allocation.destinations import Destination
from allocation.pins import NOT_PINNED, Pins, pinned_rows
from allocation.problem import Floats, Ints
from allocation.standing import kept_by_standing, recalled_by_standing
from allocation.strategies import Strategy

Flags = npt.NDArray[np.bool_]

MISSING = -1
PLACEMENT_IN_FORCE = "placement_in_force"
STAYS = "stays_with_owner"
WITH_DEBTOR = "with_debtor"
OWNERS_WHO_WORK = ("employee", "partner")


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
    """The rows of `book_statement` in order of account_id; `barred` holds who does not get which row, and why.

    An account that may be worked is *fixed* (its placement runs, people have decided who has it, or it stays with its
    owner), else *free*; those are
    what is allocated. `segment` is its position in the strategy, MISSING if excluded; `owner` and `fixed_to` are
    numbers of destinations, MISSING where there is none among them; `fixed` is why, MISSING where it is not. `arm` is
    what a lot has drawn it into; `kept` of each destination's capacity stays free for later lots.
    """

    table: pa.Table
    segment: Ints
    fixed: Coded
    is_free: npt.NDArray[np.bool_]
    owner: Ints
    fixed_to: Ints
    overdue: Floats
    days_past_due: Ints
    currency: Coded
    jurisdiction: Coded
    barred: tuple[Barred, ...]
    arm: Coded
    kept: Ints

    @property
    def size(self) -> int:
        return len(self.segment)

    @property
    def is_fixed(self) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = self.fixed.codes != MISSING
        return found


@dataclass(frozen=True, slots=True, order=True)
class Barred:
    """That an owner, by the destination's key, does not get a row of the book, and why."""

    row: int
    owner: str
    reason: str


def read_book(
    table: pa.Table,
    barred: pa.Table,
    destinations: Sequence[Destination],
    strategy: Strategy,
    pins: Pins = MappingProxyType({}),
) -> Book:
    """The rows, which come in any order."""
    table = recalled_by_standing(table.sort_by("account_id").combine_chunks(), destinations)
    number = {destination.key: index for index, destination in enumerate(destinations)}
    segment = coded(table["segment"]).mapped({one.id: index for index, one in enumerate(strategy.segments)})
    is_held = np.array([one.rule.hold is not None for one in strategy.segments])[segment]
    is_workable = pc.is_null(table["not_worked"]).to_numpy()
    owner = coded(_keys(table["owner_kind"], table["owner_id"])).mapped(number)
    is_placed = is_workable & pc.is_valid(table["placed_with"]).to_numpy() & pc.is_null(table["recall"]).to_numpy()
    is_left = is_workable & ~is_placed & ~is_held
    pinned, codes, reasons = pinned_rows(table["account_id"], destinations, pins)
    is_pinned = is_left & (pinned != NOT_PINNED)
    stays = is_left & ~is_pinned & (_staying(table, owner, strategy) | kept_by_standing(owner, destinations))
    refused = {*_by_table(table, barred), *_by_row(table), *_by_conflicts(table, strategy)}
    follows = np.zeros_like(is_pinned)
    if strategy.rule.one_owner_per_debtor and is_pinned.any():
        is_free = is_left & ~is_pinned & ~stays
        follows, pinned = _with_debtors(table, is_free, is_pinned, pinned, refused, destinations)
        segment = _as_worst_of_debtor(table, segment, is_left, is_pinned | follows)
    gets = is_pinned | follows
    why = np.select([is_placed, stays, follows, is_pinned], [0, 1, 2, 3 + codes], MISSING)
    placed_with = coded(_keys(pa.scalar("partner"), table["placed_with"])).mapped(number)
    return Book(
        table,
        segment,
        Coded(why, (PLACEMENT_IN_FORCE, STAYS, WITH_DEBTOR, *reasons)),
        is_left & ~gets & ~stays,
        owner,
        np.where(is_placed, placed_with, np.where(stays, owner, np.where(gets, pinned, MISSING))),
        pc.cast(table["overdue_amount"], pa.float64()).to_numpy(),
        table["days_past_due"].to_numpy(),
        coded(table["currency"]),
        coded(table["jurisdiction"]),
        tuple(sorted(refused)),
        Coded(np.full(table.num_rows, MISSING, dtype=np.int64), ()),
        np.zeros(len(destinations), dtype=np.int64),
    )


def _with_debtors(
    table: pa.Table,
    is_free: Flags,
    is_pinned: Flags,
    pinned: Ints,
    refused: Collection[Barred],
    destinations: Sequence[Destination],
) -> tuple[Flags, Ints]:
    """Free accounts of debtors that people have given to somebody, such as those that have come since, go there too; of
    several the owner of the worst such account counts. Not where that one is barred from the account."""
    names = ("debtor_id", "jurisdiction", "currency", "days_past_due", "overdue_amount", "account_id")
    rows = table.select(names).take(pa.array(np.flatnonzero(is_pinned))).to_pylist()
    given = list(zip(np.flatnonzero(is_pinned).tolist(), rows, strict=True))
    given.sort(key=lambda each: (-each[1]["days_past_due"], -each[1]["overdue_amount"], each[1]["account_id"]))
    owner_of: dict[tuple[str, ...], int] = {}
    for row, values in given:
        owner_of.setdefault(tuple(values[name] for name in names[:3]), int(pinned[row]))
    barred = {(one.row, one.owner) for one in refused}
    debtors = pa.array(sorted({debtor for debtor, *_ in owner_of}), pa.string())
    alike = is_free & pc.is_in(table["debtor_id"].cast(pa.string()), debtors).to_numpy()
    follows, places = np.zeros_like(is_pinned), pinned.copy()
    for row in np.flatnonzero(alike).tolist():
        owner = owner_of.get(tuple(table[name][row].as_py() for name in names[:3]))
        if owner is not None and (row, destinations[owner].key) not in barred:
            follows[row], places[row] = True, owner
    return follows, places


def _as_worst_of_debtor(table: pa.Table, segment: Ints, is_workable: Flags, is_pinned: Flags) -> Ints:
    """The segments, where pinned accounts have that of the worst one of their debtor, as all of a debtor's have."""
    names = ("debtor_id", "jurisdiction", "currency", "days_past_due", "overdue_amount", "account_id")
    debtors = table["debtor_id"].filter(pa.array(is_pinned))
    rows = np.flatnonzero(pc.is_in(table["debtor_id"], debtors.combine_chunks()).to_numpy() & is_workable)
    found = list(zip(rows.tolist(), table.select(names).take(pa.array(rows)).to_pylist(), strict=True))
    found.sort(key=lambda each: (-each[1]["days_past_due"], -each[1]["overdue_amount"], each[1]["account_id"]))
    worst: dict[tuple[str, ...], int] = {}
    changed = segment.copy()
    for row, values in found:
        first = worst.setdefault(tuple(values[name] for name in names[:3]), row)
        if is_pinned[row]:
            changed[row] = segment[first]
    return changed


def _staying(table: pa.Table, owner: Ints, strategy: Strategy) -> npt.NDArray[np.bool_]:
    """Rows that stay with their owner, as far as the owner can be given accounts at all; with one owner per debtor,
    whatever else that owner has of the debtor."""
    stays: npt.NDArray[np.bool_] = table["stays"].to_numpy(zero_copy_only=False) & (owner != MISSING)
    if not strategy.rule.one_owner_per_debtor or not stays.any():
        return stays
    together = coded(table["debtor_id"]).codes * (int(owner.max()) + 1) + owner
    found: npt.NDArray[np.bool_] = np.isin(together, together[stays]) & (owner != MISSING)
    return found


def _keys(kind: pa.ChunkedArray | pa.Scalar, owner: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(kind, owner, ":")


def _by_table(table: pa.Table, barred: pa.Table) -> Iterator[Barred]:
    accounts = table["account_id"].combine_chunks().cast(pa.string())
    rows = pc.index_in(barred["account_id"].cast(pa.string()), value_set=accounts).to_pylist()
    owners = _keys(barred["owner_kind"], barred["owner_id"]).to_pylist()
    for row, owner, reason in zip(rows, owners, barred["reason"].to_pylist(), strict=True):
        if row is not None:
            yield Barred(row, owner, reason)


def _by_row(table: pa.Table) -> Iterator[Barred]:
    """Who had a recalled placement, and the present owner of what another collector must have."""
    for row in np.flatnonzero(pc.is_valid(table["recall"]).to_numpy()).tolist():
        yield Barred(row, f"partner:{table['placed_with'][row]}", "recalled")
    for row in np.flatnonzero(table["rotates"].to_numpy(zero_copy_only=False)).tolist():
        if table["owner_kind"][row].as_py() in OWNERS_WHO_WORK:
            yield Barred(row, f"{table['owner_kind'][row]}:{table['owner_id'][row]}", "rotation")


def _by_conflicts(table: pa.Table, strategy: Strategy) -> Iterator[Barred]:
    for conflict in strategy.rule.conflicts:
        debtors = pa.array(conflict.debtors, pa.string())
        for row in np.flatnonzero(pc.is_in(table["debtor_id"].cast(pa.string()), debtors).to_numpy()).tolist():
            yield Barred(row, conflict.owner, "conflict")
