"""The audit trail: who decided what, and whether every decision still is what it was when it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from adapters.errors import RefusedError
from adapters.store.trail import NO_ENTRY, TRAILED, Entry, read_trail, read_trail_head, rows_now, rows_told
from adapters.world import World
from domain.ids import Digest, short
from domain.issues import Issue, Location


@dataclass(frozen=True, slots=True)
class Kept:
    """The end of the trail as somebody noted it elsewhere."""

    sequence: int
    entry_hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.entry_hash}"

    @classmethod
    def parse(cls, text: str) -> Kept:
        """`41:9f3c…`, with the whole hash or at least its first twelve digits. Raises: RefusedError for other text."""
        found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{12,64})", text.strip())
        if found is None:
            raise RefusedError(
                f"SEC024 {text!r} is no end of the trail. Write its number and its hash as `recoup audit` prints them, "
                "such as 41:9f3c2ab81d07"
            )
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are listed: all that fit what is given."""

    by: str = ""
    table: str = ""
    first: date | None = None
    last: date | None = None

    def fits(self, entry: Entry) -> bool:
        day = entry.recorded_at.date() if entry.recorded_at else date.min
        return (
            (not self.by or self.by in {entry.by, entry.login})
            and (not self.table or entry.table == self.table)
            and (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """An entry with the decision as its row tells it."""

    entry: Entry
    what: str


def trail_of(world: World, wanted: Wanted, most: int) -> tuple[Decided, ...]:
    """The newest entries that fit, newest first."""
    if wanted.table and wanted.table not in TRAILED:
        raise RefusedError(f"SEC025 no decisions are kept in {wanted.table!r}; tables: {', '.join(sorted(TRAILED))}")
    with world.store.read() as connection:
        entries = [entry for entry in reversed(read_trail(connection)) if wanted.fits(entry)][:most]
        told = {table: rows_told(connection, table) for table in {entry.table for entry in entries}}
    return tuple(Decided(entry, told[entry.table].get(entry.row_key, "gone")) for entry in entries)


def end_of_trail(world: World) -> Kept:
    """What is noted elsewhere; number 0 and zeros before the first decision."""
    with world.store.read() as connection:
        head = read_trail_head(connection)
    return Kept(head.sequence, head.entry_hash) if head else Kept(0, NO_ENTRY)


def verify_trail(world: World, kept: Kept | None = None) -> tuple[Issue, ...]:
    """Breaks in the chain, an end that is not the one kept, and rows that were changed, removed or put in past it.

    SEC020 the chain, SEC021 a row was changed, SEC022 it is gone, SEC023 it has no entry, SEC026 not the kept end.
    """
    with world.store.read() as connection:
        entries = read_trail(connection)
        rows = {table: rows_now(connection, table) for table in TRAILED}
    return (*_breaks(entries), *_not_as_kept(entries, kept), *_against_rows(entries, rows))


def _breaks(entries: Sequence[Entry]) -> Iterator[Issue]:
    """After a break the chain is followed from the stored hash, so that one edit is one finding."""
    previous = NO_ENTRY
    for number, entry in enumerate(entries, start=1):
        if entry.sequence != number or entry.entry_hash != entry.hash_after(previous):
            message = "the entry does not follow from the one before: it was changed, or one before it is gone"
            yield Issue("SEC020", _place(entry), message, _FIND_OUT)
            if entry.sequence != number:
                return
        previous = entry.entry_hash


def _not_as_kept(entries: Sequence[Entry], kept: Kept | None) -> Iterator[Issue]:
    if kept is None or (kept.sequence == 0 and not kept.entry_hash.strip("0")):
        return
    found = next((entry for entry in entries if entry.sequence == kept.sequence), None)
    if found is None or not found.entry_hash.startswith(kept.entry_hash):
        said = f"has the hash {short(found.entry_hash)}" if found else "is not there"
        message = (
            f"entry {kept.sequence} {said}; kept was {kept.entry_hash[:12]}: the trail was cut off or written anew"
        )
        yield Issue("SEC026", Location("audit trail"), message, _FIND_OUT)


def _against_rows(entries: Sequence[Entry], rows: Mapping[str, Mapping[str, tuple[Digest, str]]]) -> Iterator[Issue]:
    known = {(entry.table, entry.row_key): entry for entry in entries}
    for (table, key), entry in known.items():
        now = rows.get(table, {}).get(key)
        if now is None:
            yield Issue("SEC022", _place(entry), f"the decision by {entry.by} is gone", _FIND_OUT)
        elif now != (entry.content, entry.by):
            yield Issue("SEC021", _place(entry), f"the decision by {entry.by} is not what was recorded", _FIND_OUT)
    for table, found in sorted(rows.items()):
        for key, (_, by) in sorted(found.items()):
            if (table, key) not in known:
                place = Location(f"{table} {key.replace(chr(0x1F), ' / ')}")
                yield Issue("SEC023", place, f"a decision by {by} that no command of Recoup recorded", _FIND_OUT)


def _place(entry: Entry) -> Location:
    return Location(f"audit trail entry {entry.sequence}, {entry.table} {entry.told_key}")


_FIND_OUT = "Find out who changed the store, and restore it from the backup"
